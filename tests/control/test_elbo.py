import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import enumerate_paths, path_weight, problem_of_kind, random_prior
from scipy.special import rel_entr

from maxent_irl import MDP, policy_value, soft_value_iteration
from maxent_irl.control import compare_inference, evidence_lower_bound, maximise_evidence_lower_bound
from maxent_irl.control.elbo import LowerBound
from maxent_irl.inference.linearisation import linearise

ALPHA = 0.6
KINDS = ["finite", "finite, everything", "discounted", "discounted, ending", "undiscounted, terminal"]


def case(kind, seed=0, with_prior=True, **changes):
    problem = problem_of_kind(kind, seed, **changes)
    rng = np.random.default_rng(seed)
    reward = rng.normal(size=problem.shape) - 3.0 * (kind == "undiscounted, terminal")
    prior = random_prior(rng, problem) if with_prior else None
    return problem, MDP(problem.P, **problem.keywords()), reward, prior, rng


def random_policy(rng, problem, floor=0.05):
    policy = random_prior(rng, problem) + floor * problem.open
    total = policy.sum(axis=-1, keepdims=True)
    return np.divide(policy, total, out=np.zeros_like(policy), where=total > 0)


def test_gap_to_the_evidence_is_the_divergence_from_the_trajectory_posterior():
    problem, mdp, reward, prior, rng = case("finite", horizon=4)
    policy = random_policy(rng, problem)
    bound = evidence_lower_bound(mdp, reward, policy, temperature=ALPHA, action_prior=prior)
    for start in range(problem.shape[0]):
        paths = list(enumerate_paths(problem, start, 4))
        weights = np.array([path_weight(path, reward, ALPHA, prior) for path in paths])
        q = np.array([path.luck * policy[list(path.states), list(path.actions)].prod() for path in paths])
        divergence = rel_entr(q, weights / weights.sum()).sum()
        assert_allclose(ALPHA * np.log(weights.sum()) - bound[0, start], ALPHA * divergence, atol=1e-10)


@pytest.mark.parametrize("with_prior", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_soft_policy_attains_its_value_and_every_perturbation_loses(kind, with_prior):
    problem, mdp, reward, prior, rng = case(kind, with_prior=with_prior)
    options = {"temperature": ALPHA, "action_prior": prior}
    solution = soft_value_iteration(mdp, reward, **options)
    assert_allclose(evidence_lower_bound(mdp, reward, solution.policy, **options), solution.V, atol=1e-9)
    for size in (1e-3, 0.1, 1.0):
        other = random_policy(rng, problem, floor=0.0)
        mixed = (1 - size) * solution.policy + size * other
        loss = solution.V - evidence_lower_bound(mdp, reward, mixed, **options)
        assert loss.min() > -1e-10
        assert loss.max() > 1e-3 * size**2


@pytest.mark.parametrize("kind", KINDS)
def test_climbing_the_bound_finds_the_soft_policy(kind):
    _, mdp, reward, prior, _ = case(kind)
    options = {"temperature": ALPHA, "action_prior": prior}
    best = maximise_evidence_lower_bound(mdp, reward, **options)
    solution = soft_value_iteration(mdp, reward, **options)
    initial_value = mdp.initial_distribution @ (solution.V if mdp.horizon is None else solution.V[0])
    assert best.converged
    assert_allclose(best.value, initial_value, atol=1e-8)
    assert (np.diff(best.value_curve) >= -1e-12).all()
    assert len(best.value_curve) == best.n_iter + 1
    if mdp.horizon is None:
        assert_allclose(best.policy, solution.policy, atol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("discount", [0.9, 0.99])
def test_a_climb_has_converged_just_where_it_is_as_high_as_can_be(discount, scale):
    """At its default tolerance; with rewards of hundreds of temperatures some climbs end where no gradient leads on."""
    n_reached = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        mdp = MDP(rng.dirichlet(np.full(6, 0.6), size=(6, 3)), discount=discount)
        reward = scale * rng.normal(size=(6, 3))
        best = maximise_evidence_lower_bound(mdp, reward, temperature=ALPHA)
        most = mdp.initial_distribution @ soft_value_iteration(mdp, reward, temperature=ALPHA).V
        missed = (most - best.value) / max(1.0, abs(most))
        assert best.converged == (missed <= 1e-10)
        n_reached += best.converged
    assert n_reached == 10 or scale > 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_to_gain_by_going_over_to_the_implied_posterior(kind):
    problem, mdp, reward, prior, rng = case(kind)
    bound = LowerBound(mdp, reward, ALPHA, prior)
    T, (S, _) = mdp.horizon, problem.shape
    source = np.zeros(S) if T is None else np.zeros((T + 1, S))
    source[... if T is None else 0] = mdp.initial_distribution
    policy = random_policy(rng, problem).T
    policy = policy if T is None else np.broadcast_to(policy, (T, *policy.shape))
    value, _, left = bound.gradient(policy, source)
    linear = linearise(mdp, policy)
    ahead = linear.expect(linear.accumulate(linear.average(bound.net_reward(linear.policy))))
    implied = bound.prior * np.exp((bound.reward + ahead) / ALPHA)
    total = implied.sum(axis=-2, keepdims=True)
    implied = np.divide(implied, total, out=np.zeros_like(implied), where=total > 0)
    step = 1e-5  # by the gradient in the policy, which is linear in it but for the entropy
    mixed = bound.gradient((1 - step) * policy + step * implied.reshape(policy.shape), source)[0]
    kl = rel_entr(implied, policy).sum(axis=-2)
    d = linear.flow(source.reshape(-1, S))[: len(linear.policy)]
    assert_allclose((mixed - value) / step, left + ALPHA * (d * kl).sum(), rtol=1e-3)
    assert left > 0


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_the_bound(kind):
    problem, mdp, reward, prior, rng = case(kind)
    bound = LowerBound(mdp, reward, ALPHA, prior)
    T, (S, A) = mdp.horizon, problem.shape
    source = rng.normal(size=S if T is None else (T + 1, S))
    logits = rng.normal(size=(A, S) if T is None else (T, A, S))

    def policy_of(x):
        weight = np.exp(x) * problem.open.T
        total = weight.sum(axis=-2, keepdims=True)
        return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)

    _, gradient, _ = bound.gradient(policy_of(logits), source)
    for _ in range(5):
        direction = rng.normal(size=logits.shape)
        ahead, behind = (bound.gradient(policy_of(logits + step * direction), source)[0] for step in (1e-6, -1e-6))
        assert_allclose((gradient * direction).sum(), (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_optimism_is_a_promise_nobody_keeps(kind):
    _, mdp, reward, prior, _ = case(kind)
    both = compare_inference(mdp, reward, temperature=ALPHA, action_prior=prior)
    alive = np.broadcast_to(~mdp.terminal, both.optimism.shape)
    assert (both.optimism[alive] >= both.regret[alive] - 1e-10).all()
    assert (both.regret[alive] >= -1e-10).all()
    assert both.optimism.max() > 0.01
    assert_allclose(both.earned, both.exact.V - both.optimism)


@pytest.mark.parametrize("kind", ["deterministic", "deterministic, undiscounted"])
def test_no_optimism_under_deterministic_dynamics(kind):
    _, mdp, reward, prior, _ = case(kind)
    both = compare_inference(mdp, reward - 3.0, temperature=ALPHA, action_prior=prior)
    assert_allclose(both.optimism, 0.0, atol=1e-9)
    assert_allclose(both.exact.policy, both.variational.policy, atol=1e-9)


def test_a_lottery_makes_optimism_large():
    # Action 0 pays 0.6 for sure; action 1 pays 1 with probability a half, else 0, on the next step.
    lottery = MDP([np.eye(4)[[3, 3, 3, 3]], np.array([[0, 0.5, 0.5, 0], *np.eye(4)[[3, 3, 3]]])], terminal=[3])
    reward = np.array([[0.6, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    prior = np.full((4, 2), 0.5)
    both = compare_inference(lottery, reward, temperature=0.05, action_prior=prior)
    assert both.exact.policy[0, 1] > 0.99
    assert both.variational.policy[0, 0] > 0.8
    assert_allclose(both.optimism[0], 0.5, atol=0.06)  # promised 1, earned 0.5
    assert_allclose(policy_value(lottery, both.exact.policy, reward)[0], 0.5, atol=0.01)


def test_forbidden_actions_and_dead_ends_are_worth_minus_infinity():
    fork = MDP.from_successors([[1, 2], [-1, -1], [-1, -1]], terminal=[1])
    stuck = evidence_lower_bound(fork, np.zeros(3), [[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]])
    assert stuck.tolist() == [-np.inf, 0.0, -np.inf]
    with pytest.raises(ValueError, match="state 2 is a dead end"):
        maximise_evidence_lower_bound(fork, np.zeros(3))
    careful = maximise_evidence_lower_bound(fork.replace(initial=[1.0, 0.0, 0.0]), np.zeros(3))
    assert careful.policy[0].tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="state 2 is a dead end"):
        maximise_evidence_lower_bound(fork.replace(initial=[1.0, 0.0, 0.0], horizon=2), np.zeros(3))
    ends = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])
    bound = evidence_lower_bound(ends, np.zeros(2), [[0.5, 0.5], [0, 0]], action_prior=[[1.0, 0.0], [0.0, 0.0]])
    assert bound.tolist() == [-np.inf, 0.0]
