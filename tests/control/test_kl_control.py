import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import problem_of_kind, random_prior

from maxent_irl import MDP, ImproperProblemError, soft_value_iteration
from maxent_irl.control import desirability, reward_divergence, reward_kl_frontier

UNDISCOUNTED = ["undiscounted, terminal", "undiscounted, ending", "undiscounted, masked", "deterministic, undiscounted"]
BETAS = np.geomspace(0.02, 50.0, 25)


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed)
    rng = np.random.default_rng(seed)
    reward = rng.normal(size=problem.shape) - 2.0 * (problem.discount == 1.0 and problem.horizon is None)
    return problem, MDP(problem.P, **problem.keywords()), reward, random_prior(rng, problem), rng


@pytest.mark.parametrize("kind", ["discounted", "discounted, ending", "finite", "finite, everything", *UNDISCOUNTED])
def test_the_frontier_is_concave_with_slope_beta_and_nothing_lies_beyond(kind):
    problem, mdp, reward, reference, rng = case(kind)
    frontier = reward_kl_frontier(mdp, reward, reference, BETAS)
    values = [s.V if mdp.horizon is None else s.V[0] for s in frontier.solutions]
    assert_allclose(frontier.objective, [mdp.initial_distribution @ V for V in values], atol=1e-9)
    # Between two temperatures the slope of the chord lies between them: concave, with slope beta.
    gained, moved = -np.diff(frontier.reward), -np.diff(frontier.divergence)
    assert (moved >= -1e-12).all()
    assert (gained >= BETAS[:-1] * moved - 1e-9).all()
    assert (gained <= BETAS[1:] * moved + 1e-9).all()
    assert frontier.divergence[-1] < 0.1 * frontier.divergence[0]
    for size in (0.02, 0.3, 1.0):
        other = random_prior(rng, problem)
        mixed = (1 - size) * reference + size * other
        earned, divergence = reward_divergence(mdp, reward, mixed, reference)
        assert (earned - BETAS * divergence <= frontier.objective + 1e-9).all()


def test_divergence_of_the_reference_is_zero_and_forbidden_actions_cost_infinitely_much():
    _, mdp, reward, reference, _ = case("discounted")
    assert reward_divergence(mdp, reward, reference, reference)[1] == 0.0
    narrow = np.array(reference)
    narrow[0] = [1.0, 0.0, 0.0]
    assert reward_divergence(mdp, reward, reference, narrow)[1] == np.inf


@pytest.mark.parametrize("kind", UNDISCOUNTED)
def test_desirability_is_the_exponential_of_the_exact_soft_value(kind):
    _, mdp, reward, reference, _ = case(kind)
    z = desirability(mdp, reward, reference, temperature=0.7)
    solution = soft_value_iteration(mdp, reward, temperature=0.7, action_prior=reference, inference="exact")
    assert_allclose(0.7 * np.log(z), solution.V, atol=1e-10)
    if kind.startswith("deterministic"):
        variational = soft_value_iteration(mdp, reward, temperature=0.7, action_prior=reference)
        assert_allclose(0.7 * np.log(z), variational.V, atol=1e-10)


def test_dead_ends_have_no_desirability():
    mdp = MDP.from_successors([[1, 2], [-1, -1], [-1, -1]], terminal=[1])
    z = desirability(mdp, np.zeros(3), np.where(mdp.available, 0.5, 0.0))
    assert_allclose(z, [0.5, 1.0, 0.0])


def test_what_has_no_finite_answer_is_refused():
    loop = MDP.from_successors([[0, 1], [-1, -1]], terminal=[1])
    half = [[0.5, 0.5], [0.0, 0.0]]
    assert_allclose(desirability(loop, [0.0, 0.0], half)[0], 1.0)
    with pytest.raises(ImproperProblemError, match="cycles pay more than they cost"):
        desirability(loop, [1.0, 0.0], half)
    with pytest.raises(ImproperProblemError, match="overflows"):
        desirability(loop, [1e6, 0.0], half)
    with pytest.raises(ValueError, match="undiscounted episodes"):
        desirability(loop.replace(discount=0.9), [0.0, 0.0], half)
    with pytest.raises(ValueError, match="a reference policy is needed"):
        desirability(loop, [0.0, 0.0], None)
