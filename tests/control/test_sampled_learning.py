import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import problem_of_kind, random_prior

from maxent_irl import MDP, expected_visitations, soft_value_iteration
from maxent_irl.control import soft_actor_critic, soft_q_learning
from maxent_irl.control._averaging import Averaged
from maxent_irl.control._sampled_learning import Problem, TabularRegression, Walkers
from maxent_irl.control.members import slippery_grid
from maxent_irl.control.soft_actor_critic import _ActorCritic
from maxent_irl.control.soft_q_learning import _SoftQ

KINDS = ["discounted", "discounted, terminal", "discounted, ending", "discounted, masked"]
MEMBERS = {
    "soft Q-learning": lambda *args, **options: soft_q_learning(*args, **options),
    "soft actor-critic": lambda *args, **options: soft_actor_critic(*args, **options),
}


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed)
    rng = np.random.default_rng(seed)
    return MDP(problem.P, **problem.keywords()), rng.normal(size=problem.shape), random_prior(rng, problem)


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_fixed_point_is_the_soft_bellman_one(kind, member):
    mdp, reward, prior = case(kind)
    options = {"temperature": 0.5, "action_prior": prior}
    learnt = MEMBERS[member](mdp, reward, n_walkers=500, n_steps=2000, random_state=0, **options)
    solution = soft_value_iteration(mdp, reward, **options)
    assert learnt.converged
    assert_allclose(learnt.V, solution.V, atol=0.05)
    assert_allclose(learnt.policy, solution.policy, atol=0.03)
    assert_array_equal(np.isfinite(learnt.Q), mdp.available)
    assert learnt.n_samples == 500 * 2000


@pytest.mark.parametrize("member", MEMBERS)
def test_runs_are_reproducible_and_recorded(member):
    mdp, reward, _ = case("discounted")
    run = {"n_walkers": 100, "n_steps": 300, "temperature": 0.5}
    first, again = (MEMBERS[member](mdp, reward, random_state=3, **run) for _ in range(2))
    other = MEMBERS[member](mdp, reward, random_state=4, **run)
    assert_array_equal(first.Q, again.Q)
    assert not np.array_equal(first.Q, other.Q)
    n = len(first.samples_curve)
    assert first.value_curve.shape == (n, mdp.n_states)
    assert first.samples_curve[0] == 100
    assert first.samples_curve[-1] == 30_000
    assert (np.diff(first.samples_curve) > 0).all()
    assert_array_equal(first.value_curve[-1], first.V)
    for curve in (first.error_curve, first.temperature_curve, first.entropy_curve):
        assert curve.shape == (n,)
    solution = soft_value_iteration(mdp, reward, temperature=0.5)
    distance = np.abs(first.value_curve - solution.V).max(axis=1)
    assert distance[-1] < 0.2 * distance[0]


def test_a_short_run_does_not_claim_to_have_converged():
    mdp, reward, _ = case("discounted")
    for n_steps in (1, 50):
        assert not soft_q_learning(mdp, reward, n_walkers=10, n_steps=n_steps, random_state=0).converged


@pytest.mark.parametrize("member", ["soft Q-learning", "soft actor-critic", "twin critics"])
def test_a_learner_sees_transitions_and_not_the_dynamics(member):
    """The same sampled transitions teach the same, whatever dynamics and rewards the learner's own MDP has."""
    mdp, reward, prior = case("discounted")
    other, other_reward, _ = case("discounted", seed=7)
    assert np.abs((mdp.transitions - other.transitions).toarray()).max() > 0.1
    learners = []
    for problem in (Problem(mdp, reward, prior), Problem(other, other_reward, prior)):
        options = {"temperature_rate": 0.01, "step_decay": 0.8}
        if member == "soft Q-learning":
            learners.append(_SoftQ(problem, 0.5, 0.8))
        else:
            learners.append(_ActorCritic(problem, 0.5, None, n_critics=1 + (member == "twin critics"), **options))
    walkers = Walkers(Problem(mdp, reward, prior), 200, 0.1, np.random.default_rng(0))
    for _ in range(200):
        batch = walkers.step(learners[0].acting())
        for learner in learners:
            learner.update(batch)
    taught, also = (learner.answer() for learner in learners)
    for mine, same in zip(taught, also, strict=True):
        assert_array_equal(mine, same)
    assert np.abs(taught[0] - soft_value_iteration(mdp, reward, temperature=0.5, action_prior=prior).V).max() < 0.5


def test_first_guesses_fade_also_where_the_discount_is_near_1():
    mdp, reward, _ = case("discounted")
    mdp = mdp.replace(discount=0.98)
    learnt = soft_q_learning(mdp, reward, temperature=0.5, n_walkers=500, n_steps=2000, random_state=0)
    solution = soft_value_iteration(mdp, reward, temperature=0.5)
    assert np.abs(solution.V).max() > 20
    assert_allclose(learnt.V, solution.V, atol=0.1)


def test_twin_critics_have_the_same_fixed_point():
    mdp, reward, prior = case("discounted")
    options = {"temperature": 0.5, "action_prior": prior}
    run = {"n_critics": 2, "step_decay": 0.9, "n_walkers": 500, "n_steps": 4000, "random_state": 0}
    learnt = soft_actor_critic(mdp, reward, **run, **options)
    assert_allclose(learnt.V, soft_value_iteration(mdp, reward, **options).V, atol=0.05)


def test_twin_critics_err_low_and_ever_less():
    mdp, reward, _ = case("discounted")
    solution = soft_value_iteration(mdp, reward, temperature=0.5)
    run = {"temperature": 0.5, "n_walkers": 200, "random_state": 0, "n_critics": 2, "step_decay": 0.9}
    error = [soft_actor_critic(mdp, reward, n_steps=n, **run).V - solution.V for n in (4000, 16_000)]
    assert (error[0] < -0.02).all()
    assert (error[1] < 0.002).all()
    largest = [np.abs(e).max() for e in error]
    assert largest[1] < 0.03
    # Like one over the square root of the transitions: four times as many, half the error.
    assert 0.35 < largest[1] / largest[0] < 0.65


@pytest.mark.parametrize("with_prior", [False, True])
def test_automatic_temperature_reaches_the_target(with_prior):
    mdp, reward, prior = case("discounted")
    target = -0.1 if with_prior else 0.8
    learnt = soft_actor_critic(
        mdp,
        reward,
        temperature="auto",
        target_entropy=target,
        action_prior=prior if with_prior else None,
        n_walkers=500,
        n_steps=3000,
        exploration=0.1,
        random_state=0,
    )
    acting = 0.9 * learnt.policy + 0.1 / mdp.n_actions
    where = expected_visitations(mdp, acting).sum(axis=1) * (1 - mdp.discount)
    relative = np.log(learnt.policy / prior) if with_prior else np.log(learnt.policy)
    entropy = -(where[:, None] * learnt.policy * relative).sum()
    assert_allclose(entropy, target, rtol=0.02)
    assert_allclose(learnt.entropy, entropy, atol=0.01)
    assert learnt.converged
    options = {"temperature": learnt.temperature, "action_prior": prior if with_prior else None}
    assert_allclose(learnt.V, soft_value_iteration(mdp, reward, **options).V, atol=0.05)
    assert abs(learnt.temperature_curve[-1] / learnt.temperature - 1) < 0.1


@pytest.mark.parametrize(("target", "reached"), [(1.0, True), (0.5, False), (0.2, False)])
def test_a_target_entropy_below_that_of_the_ties_is_not_called_reached(target, reached):
    """Two ways around the corner are equally good, so that no temperature makes the policy choose."""
    world = slippery_grid()
    tuned = soft_actor_critic(
        world.mdp, world.reward, temperature="auto", target_entropy=target, random_state=1, n_walkers=500, tol=0.04
    )
    assert tuned.residual <= 0.04
    assert (abs(tuned.entropy - target) < 0.04) == reached
    assert tuned.converged == reached
    assert tuned.entropy_curve.shape == tuned.samples_curve.shape


def test_a_temperature_still_moving_is_not_at_rest():
    mdp, reward, _ = case("discounted")
    options = {"temperature": "auto", "target_entropy": 1.05, "temperature_rate": 1.0, "tol": 0.15}
    moving = soft_actor_critic(mdp, 1e-6 * reward, n_walkers=100, n_steps=200, random_state=0, **options)
    assert moving.residual <= 0.15
    assert abs(moving.entropy - 1.05) <= 0.15
    assert not moving.converged


def test_walkers_are_where_the_discounted_visitations_are():
    for kind in KINDS:
        mdp, reward, prior = case(kind)
        walkers = Walkers(Problem(mdp, reward, None), 2000, 0.0, np.random.default_rng(0))
        counts = np.zeros(mdp.n_actions * mdp.n_states)
        for t in range(250):
            batch = walkers.step(prior.T)
            if t >= 50:
                counts += np.bincount(batch.pairs, minlength=len(counts))
        counts /= counts.sum()
        start = np.where(mdp.terminal, 0.0, mdp.initial_distribution)
        # An episode that ends early is followed by the next at once, so only the proportions are those of the visitations.
        expected = expected_visitations(mdp, prior, initial=start).T.ravel()
        assert_allclose(counts, expected / expected.sum(), atol=4e-3)


def test_regression_takes_a_minibatch_as_one_after_another():
    table, slow = np.zeros(3), 0.0
    regress = TabularRegression(3, 0.7, 0.9)
    for n in (1, 2, 3):
        regress(table, np.array([1]), np.array([5.0]))
        slow += (1 + 0.1 * n) ** -0.7 * (5.0 - slow)
    assert_allclose(table, [0.0, slow, 0.0])
    together = np.zeros(2)
    TabularRegression(2, 0.7, 0.0)(together, np.array([0, 0]), np.array([4.0, 6.0]))
    assert_allclose(together, [5.0 * (1 - (1 - 3**-0.7) ** 2), 0.0])


def test_average_weighs_the_late_iterates():
    average = Averaged()
    for t in range(1, 1001):
        average.add(np.array([t / 1000, 1.0]))
    assert_allclose(average.value, [0.8, 1.0], atol=1e-3)  # weights like t**3: the mean of t is 4/5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exploration": 1.5}, r"exploration must lie in \[0, 1\], a probability; got 1.5"),
        ({"n_walkers": 0}, "n_walkers must be a positive integer"),
        ({"step_decay": 0.5}, "step_decay must lie in"),
        ({"temperature": 0.0}, "temperature must be finite and positive"),
        ({"tol": -1.0}, "tol must be a number >= 0"),
    ],
)
@pytest.mark.parametrize("member", MEMBERS)
def test_wrong_options_are_named(member, changes, message):
    mdp, reward, _ = case("discounted")
    with pytest.raises(ValueError, match=message):
        MEMBERS[member](mdp, reward, **changes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": "auto"}, r"temperature=\"auto\" needs target_entropy, .*log \|A\| nats"),
        ({"temperature": "auto", "target_entropy": 2.0}, r"target_entropy.* must lie in \(0, 1.099\)"),
        ({"temperature": "auto", "target_entropy": "low"}, "target_entropy.* got 'low'"),
        ({"temperature": "auto", "target_entropy": -5.0, "action_prior": [0.5, 0.4, 0.1]}, r"\(-2.303, 0\)"),
        ({"temperature": np.array([1.0, 2.0])}, "temperature must be a number"),
        ({"temperature": "warm"}, "temperature must be a number"),
        ({"target_entropy": 1.0}, 'with temperature="auto" only'),
        ({"n_critics": 3}, "n_critics must be 1 or 2"),
        ({"temperature_rate": 0.0}, "temperature_rate must lie in"),
    ],
)
def test_wrong_actor_critic_options_are_named(options, message):
    mdp, reward, _ = case("discounted")
    with pytest.raises(ValueError, match=message):
        soft_actor_critic(mdp, reward, **options)


def test_problems_that_cannot_be_walked_are_refused():
    mdp, reward, _ = case("discounted")
    with pytest.raises(ValueError, match="a walker.* needs an infinite horizon"):
        soft_q_learning(mdp.replace(horizon=4), reward)
    with pytest.raises(ValueError, match="dead end"):
        soft_q_learning(MDP.from_successors([[1], [-1]], discount=0.9), [0.0, 0.0])
