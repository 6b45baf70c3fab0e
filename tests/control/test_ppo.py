import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from maxent_irl import MDP, sample_demonstrations, soft_value_iteration
from maxent_irl.control import TokenTree, draw_preferences, evidence_lower_bound, fit_bradley_terry, ppo
from maxent_irl.control.ppo import _advantages, _Surrogate

BETA = 0.5


@pytest.fixture(scope="module")
def task():
    tree = TokenTree("ab", 3, prompts=("x", "y"))
    reference = tree.random_policy(concentration=3.0, random_state=0)
    return tree, reference, np.random.default_rng(1).normal(size=tree.n_completions)


def shortfall(mdp, reward, reference, policy, beta=BETA):
    """How much of the exact RLHF objective a policy misses."""
    options = {"temperature": beta, "action_prior": reference}
    best = soft_value_iteration(mdp, reward, **options).V
    return float(mdp.initial_distribution @ (best - evidence_lower_bound(mdp, reward, policy, **options)))


@pytest.mark.parametrize("beta", [0.01, 0.05, 0.2, 2.0])
def test_it_reaches_the_exact_objective_at_any_temperature(task, beta):
    tree, reference, scores = task
    reward = tree.reward_table(scores)
    run = ppo(tree.mdp, reward, reference, temperature=beta, random_state=0)
    assert 0 <= shortfall(tree.mdp, reward, reference, run.policy, beta) < 1e-3


@pytest.mark.parametrize("beta", [0.01, 0.3])
@pytest.mark.parametrize("seed", [0, 4, 6, 7])
def test_it_finds_a_best_completion_that_the_reference_gives_once_in_600(beta, seed):
    tree = TokenTree("abc", 3)
    reference = tree.random_policy(concentration=1.0, random_state=4)
    scores = np.random.default_rng(104).normal(size=tree.n_completions)
    reward = tree.reward_table((scores - scores.mean()) / scores.std())
    assert 1e-3 < np.exp(tree.log_probabilities(reference))[scores.argmax()] < 2e-3
    run = ppo(tree.mdp, reward, reference, temperature=beta, random_state=seed)
    assert run.converged
    assert shortfall(tree.mdp, reward, reference, run.policy, beta) < 1e-3


def test_the_recorded_objective_is_that_of_the_wanted_temperature(task):
    tree, reference, scores = task
    reward = tree.reward_table(scores)
    run = ppo(tree.mdp, reward, reference, temperature=0.05, n_trajectories=20_000, n_iterations=60, random_state=0)
    earned = run.objective_curve + 0.05 * run.divergence_curve
    best = np.array([scores[tree.prompt_of == p].max() for p in range(2)]).mean()
    assert (np.diff(earned[5:25]) > -0.02).all()  # cooler, and so more rewarding
    assert_allclose(earned[-1], best, atol=0.02)


def test_large_steps_do_not_leap_over_the_clip(task):
    tree, reference, scores = task
    run = ppo(tree.mdp, tree.reward_table(scores), reference, temperature=BETA, learning_rate=5.0, random_state=0)
    assert shortfall(tree.mdp, tree.reward_table(scores), reference, run.policy) < 0.02


@pytest.mark.parametrize("seed", range(3))
def test_it_reaches_the_exact_objective(task, seed):
    tree, reference, scores = task
    reward = tree.reward_table(scores)
    run = ppo(tree.mdp, reward, reference, temperature=BETA, random_state=seed)
    assert run.converged
    assert (
        0
        <= shortfall(tree.mdp, reward, reference, run.policy)
        < 1e-3
        < shortfall(tree.mdp, reward, reference, reference)
    )
    best = soft_value_iteration(tree.mdp, reward, temperature=BETA, action_prior=reference)
    assert_allclose(run.objective_curve[-20:].mean(), tree.mdp.initial @ best.V, atol=0.02)
    assert abs(run.divergence_curve[0]) < 1e-12
    assert run.clipped_curve[0] > 0.05 > run.clipped_curve[-1]
    assert run.n_samples == 200_000


def test_a_reward_model_fitted_to_preferences_feeds_it(task):
    tree, reference, scores = task
    pairs = tree.draw_pairs(reference, 50_000, random_state=0)
    preferences = draw_preferences(scores, pairs, random_state=1)
    model = fit_bradley_terry(np.eye(tree.n_completions), preferences)
    assert model.converged
    run = ppo(tree.mdp, tree.reward_table(model.coef), reference, temperature=BETA, random_state=2)
    assert shortfall(tree.mdp, tree.reward_table(model.coef), reference, run.policy) < 1e-3
    assert (
        shortfall(tree.mdp, tree.reward_table(scores), reference, run.policy) < 0.01
    )  # as good as the reward model is


def test_other_problems_than_trees():
    """A slippery corridor whose episodes end by themselves."""
    forward, back = np.eye(5, k=1), np.eye(5, k=-1)
    forward[4, 4] = back[0, 0] = 1.0
    mdp = MDP([0.8 * forward + 0.2 * back, 0.8 * back + 0.2 * forward], terminal=[4])
    reward, reference = np.array([-0.2, -0.5, -0.2, -0.2, 0.0]), np.array([[0.5, 0.5]] * 4 + [[0.0, 0.0]])
    run = ppo(mdp, reward, reference, temperature=BETA, random_state=0)
    assert shortfall(mdp, reward, reference, run.policy) < 1e-2 < shortfall(mdp, reward, reference, reference)


def test_runs_are_reproducible(task):
    tree, reference, scores = task
    first, again, other = (
        ppo(tree.mdp, tree.reward_table(scores), reference, n_iterations=5, random_state=seed) for seed in (0, 0, 1)
    )
    assert_array_equal(first.policy, again.policy)
    assert not np.array_equal(first.policy, other.policy)
    assert len(first.objective_curve) == len(first.divergence_curve) == first.n_iter == 5


@pytest.fixture
def surrogate(task):
    tree, reference, scores = task
    batch = sample_demonstrations(tree.mdp, reference, 300, random_state=0)
    net = tree.reward_table(scores)[batch.states, batch.actions]
    advantage = _advantages(batch, net, tree.mdp.n_states)
    old = reference[batch.states, batch.actions]
    return _Surrogate(tree.mdp, batch, advantage, old, 0.2), batch, net, advantage


def test_gradient_of_the_surrogate(task, surrogate):
    tree, reference, _ = task
    objective, *_ = surrogate
    rng = np.random.default_rng(0)
    logits = np.where(tree.mdp.available, np.log(np.where(reference > 0, reference, 1.0)), 0.0)
    logits = logits + 0.3 * rng.normal(size=logits.shape)
    gradient, clipped = objective.gradient(tree.softmax(logits).T)
    assert 0.05 < clipped < 0.9
    for _ in range(5):
        direction = rng.normal(size=logits.shape)
        ahead, behind = (objective.value(tree.softmax(logits + h * direction).T) for h in (1e-6, -1e-6))
        assert_allclose((gradient.T * direction).sum(), (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-6)


def test_advantages_are_returns_to_the_end_less_their_mean(surrogate):
    _, batch, net, advantage = surrogate
    to_end = np.concatenate(
        [np.cumsum(net[a:b][::-1])[::-1] for a, b in zip(batch.offsets, batch.offsets[1:], strict=False)]
    )
    for s in np.unique(batch.states):
        here = batch.states == s
        assert_allclose(advantage[here], to_end[here] - to_end[here].mean(), atol=1e-10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clip": 1.0}, "clip must lie in"),
        ({"n_epochs": 0}, "n_epochs must be a positive integer"),
        ({"learning_rate": 0.0}, "learning_rate must be a number > 0"),
        ({"temperature": 0.0}, "temperature must be finite and positive"),
    ],
)
def test_wrong_options_are_named(task, changes, message):
    tree, reference, scores = task
    with pytest.raises(ValueError, match=message):
        ppo(tree.mdp, tree.reward_table(scores), reference, **changes)
    with pytest.raises(ValueError, match="undiscounted episodes"):
        ppo(tree.mdp.replace(discount=0.9), tree.reward_table(scores), reference)
