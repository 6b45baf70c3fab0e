import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from maxent_irl.demonstrations import sampling
from maxent_irl.demonstrations.sampling import sample_demonstrations
from maxent_irl.inference.visitations import expected_visitations
from maxent_irl.mdp import MDP


def random_problem(seed, *, S=6, A=3, **options):
    """MDP with sparse rows, unavailable actions, one terminal state and actions that may end; and a policy for it."""
    rng = np.random.default_rng(seed)
    available = rng.random((S, A)) < 0.7
    available[np.arange(S), rng.integers(0, A, S)] = True
    terminal = np.arange(S) == S - 1
    available[terminal] = False
    ending = np.where(rng.random((S, A)) < 0.3, rng.random((S, A)), 0.0) * available
    transitions = rng.random((S, A, S)) * (rng.random((S, A, S)) < 0.5)
    transitions[..., 0] += 0.1
    transitions *= (1 - ending)[..., None] / transitions.sum(axis=2, keepdims=True)
    mdp = MDP(transitions, available=available, terminal=terminal, ending=ending, **({"discount": 0.9} | options))
    policy = rng.random((S, A)) * available
    return mdp, policy / np.maximum(policy.sum(axis=1, keepdims=True), 1e-300)


def too_unlikely(counts, probabilities):
    """Whether draws with these counts, one row per distribution, reject the probabilities at the level 1e-6."""
    assert not counts[probabilities == 0].any()
    expected = counts.sum(axis=1, keepdims=True) * probabilities
    enough = expected >= 5
    statistic = ((counts - expected)[enough] ** 2 / expected[enough]).sum()
    freedom = enough.sum() - enough.any(axis=1).sum()
    assert freedom > 5  # otherwise there is no test
    return statistic > chi2.isf(1e-6, freedom)


@pytest.mark.parametrize("seed", range(3))
def test_draws_follow_the_policy_the_transitions_and_the_endings(seed):
    initial = np.array(
        [0.1, 0.3, 0.0, 0.1, 0.2, 0.05, 0.05, 0.05, 0.1, 0.05]
    )  # the last is terminal: never a first one
    mdp, policy = random_problem(seed, S=10, A=4, initial=initial)
    S, A = mdp.n_states, mdp.n_actions
    demos = sample_demonstrations(mdp, policy, 20_000, random_state=seed)
    demos.validate_against(mdp)

    counts = demos.state_action_counts(S, A)
    assert not too_unlikely(counts, policy)
    uniform = mdp.available / np.maximum(mdp.available.sum(axis=1, keepdims=True), 1)
    assert too_unlikely(counts, 0.9 * policy + 0.1 * uniform)
    first = np.bincount(demos.states[demos.offsets[:-1]], minlength=S)
    conditioned = np.where(mdp.terminal, 0, initial) / initial[:-1].sum()
    assert np.abs(first / len(demos) - conditioned).max() < 5 * np.sqrt(0.25 / len(demos))
    # Outcomes of each pair: the next states, and the end.
    ends = counts.T.ravel() - demos.transition_counts(S, A).sum(axis=1)
    outcomes = np.column_stack([demos.transition_counts(S, A).toarray(), ends])
    probabilities = np.column_stack([mdp.transitions.toarray(), mdp.ending.T.ravel()])
    assert not too_unlikely(outcomes, probabilities)

    assert demos.terminated.all()
    assert (mdp.terminal[demos.final_states] | (demos.final_states == -1)).all()
    assert (demos.final_states == -1).sum() == ends.sum() > 0


@pytest.mark.parametrize("options", [{"discount": 1.0}, {"discount": 0.8}, {"discount": 0.9, "horizon": 4}])
def test_mean_counts_are_the_expected_visitations(options):
    mdp, policy = random_problem(5, **options)
    n = 40_000
    demos = sample_demonstrations(mdp, policy, n, random_state=1)
    expected = expected_visitations(mdp, policy)
    expected = expected.sum(axis=0) if mdp.horizon else expected
    counts = demos.state_action_counts(mdp.n_states, mdp.n_actions, discount=mdp.discount) / n
    # A trajectory's count has a standard deviation below its mean length times the largest count seen.
    spread = 5 * demos.lengths.max() / np.sqrt(n)
    assert np.abs(counts - expected).max() < min(spread, 0.05)
    assert counts.sum() == pytest.approx(expected.sum(), rel=0.02)


def ring(**options):
    """Five states in a circle: action 0 waits, action 1 moves on."""
    s = np.arange(5)
    return MDP.from_successors(np.column_stack([s, (s + 1) % 5]), **({"discount": 0.9} | options))


MOVE = np.tile([0.0, 1.0], (5, 1))
MOVE_BUT_IN_4 = np.where(np.arange(5)[:, None] == 4, 0.0, MOVE)


def test_max_steps_cuts():
    demos = sample_demonstrations(ring(), MOVE, 7, max_steps=3, random_state=0)
    assert demos.lengths.tolist() == [3] * 7
    assert not demos.terminated.any()
    assert (demos.final_states == (demos.states[demos.offsets[:-1]] + 3) % 5).all()


def test_terminal_states_end():
    mdp = ring(terminal=[4], initial=[0.5, 0, 0.5, 0, 0])
    demos = sample_demonstrations(mdp, MOVE_BUT_IN_4, 50, random_state=0)
    assert demos.terminated.all()
    assert (demos.final_states == 4).all()
    assert set(demos.lengths.tolist()) == {2, 4}
    cut = sample_demonstrations(mdp, MOVE_BUT_IN_4, 50, max_steps=2, random_state=0)
    assert (cut.terminated == (demos.lengths == 2)).all()
    assert set(cut.final_states.tolist()) == {2, 4}


def test_horizon_counts_decisions():
    mdp = ring(horizon=6, discount=1.0)
    assert sample_demonstrations(mdp, MOVE, 3, random_state=0).lengths.tolist() == [6] * 3
    assert sample_demonstrations(mdp, MOVE, 3, max_steps=2, random_state=0).lengths.tolist() == [2] * 3
    assert sample_demonstrations(mdp, MOVE, 3, max_steps=9, random_state=0).lengths.tolist() == [6] * 3
    assert not sample_demonstrations(mdp, MOVE, 3, random_state=0).terminated.any()


def test_policies_may_change_with_time():
    policy = np.zeros((4, 5, 2))
    for t, a in enumerate([1, 0, 0, 1]):
        policy[t, :, a] = 1
    demos = sample_demonstrations(ring(horizon=4), policy, 6, random_state=0)
    assert demos.actions.reshape(6, 4).tolist() == [[1, 0, 0, 1]] * 6


def test_time_dependent_draws_follow_the_policy():
    rng = np.random.default_rng(3)
    policy = rng.dirichlet(np.ones(2), size=(4, 5))
    demos = sample_demonstrations(ring(horizon=4), policy, 20_000, random_state=0)
    for t in range(4):
        now = demos.times == t
        counts = np.zeros((5, 2))
        np.add.at(counts, (demos.states[now], demos.actions[now]), 1)
        observed = counts / counts.sum(axis=1, keepdims=True)
        assert np.abs(observed - policy[t]).max() < 5 * np.sqrt(0.25 / counts.sum(axis=1).min())


def test_goals_end_their_own_trajectories():
    everyone = sample_demonstrations(ring(), MOVE_BUT_IN_4, 40, goals=4, random_state=0)
    assert (everyone.goals == 4).all()
    assert (everyone.final_states == 4).all()
    assert everyone.terminated.all()
    everyone.validate_against(ring())

    goals = np.arange(40) % 5
    each = sample_demonstrations(ring(), MOVE, 40, goals=goals, random_state=0)
    assert (each.final_states == goals).all()
    assert (each.goals == goals).all()
    assert (each.lengths == (goals - each.states[each.offsets[:-1]]) % 5).all()
    each.validate_against(ring())


def test_first_states_are_drawn_given_that_they_are_not_the_goal():
    initial = np.array([0.1, 0.2, 0.3, 0.4, 0.0])
    n = 20_000
    for goal in range(5):
        goals = np.full(n, goal)
        goals[0] = (goal + 1) % 5  # not all the same
        demos = sample_demonstrations(ring(initial=initial), MOVE, n, goals=goals, random_state=goal)
        first = np.bincount(demos.states[demos.offsets[:-1]][1:], minlength=5) / (n - 1)
        expected = np.where(np.arange(5) == goal, 0, initial)
        assert np.abs(first - expected / expected.sum()).max() < 5 * np.sqrt(0.25 / n)
        assert first[goal] == 0


@pytest.mark.parametrize("make", [lambda: 7, lambda: np.random.default_rng(7), lambda: np.random.RandomState(7)])
def test_reproducible(make):
    mdp, policy = random_problem(0)
    first, second = (sample_demonstrations(mdp, policy, 50, random_state=make()) for _ in range(2))
    assert first == second
    state = make()
    different = sample_demonstrations(mdp, policy, 50, random_state=99)
    assert sample_demonstrations(mdp, policy, 50, random_state=state) == first != different
    if not isinstance(state, int):  # a generator moves on
        assert sample_demonstrations(mdp, policy, 50, random_state=state) != first


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_samples_could_have_happened(seed, n, max_steps):
    mdp, policy = random_problem(seed)
    demos = sample_demonstrations(mdp, policy, n, max_steps=max_steps, random_state=seed)
    demos.validate_against(mdp)
    assert len(demos) == n
    assert demos.lengths.max() <= max_steps
    assert (demos.lengths[~demos.terminated] == max_steps).all()


@pytest.mark.parametrize("u", [0.0, 1 - 2.0**-53])
def test_extreme_draws_never_give_what_has_probability_zero(u, monkeypatch):
    class Constant:
        def random(self, shape):
            return np.full(shape, u)

    monkeypatch.setattr(sampling, "generator", lambda random_state: Constant())
    S = 100_000
    s = np.arange(S)
    initial = np.zeros(S)
    initial[[S // 2, S - 2]] = 0.5
    successors = np.column_stack([s, np.minimum(s + 1, S - 1), s, s])
    policy = np.tile([0.0, 0.3, 0.7, 0.0], (S, 1))
    policy[-1] = 0
    mdp = MDP.from_successors(successors, terminal=[S - 1], discount=0.9, initial=initial)
    demos = sample_demonstrations(mdp, policy, 5, max_steps=3)
    demos.validate_against(mdp)
    assert set(demos.actions.tolist()) == ({1} if u == 0 else {2})


def trap():
    """Action 1 leads from state 0 into state 1, which nothing leaves; action 0 leads into the terminal state 2."""
    return MDP.from_successors([[2, 1], [1, 1], [-1, -1]], terminal=[2], discount=0.9, initial=[1.0, 0, 0])


HALVES = np.array([[0.5, 0.5], [0.5, 0.5], [0, 0]])


@pytest.mark.parametrize(
    ("mdp", "policy", "options", "message"),
    [
        (ring(), MOVE, {}, r"trajectory 0 is in state \d after step 0.*never gets to an end.*pass max_steps="),
        (
            trap(),
            HALVES,
            {"n_trajectories": 40},
            "is in state 1 after step 0, from which this policy never gets to an end",
        ),
        (ring(), MOVE, {"max_steps": 0}, "max_steps must be a positive integer; got 0"),
        (ring(), MOVE, {"max_steps": 2.5}, "max_steps must be a positive integer; got 2.5"),
        (ring(), MOVE, {"n_trajectories": 0}, "n_trajectories must be a positive integer; got 0"),
        (ring(), MOVE, {"n_trajectories": True}, "n_trajectories must be a positive integer; got True"),
        (ring(), MOVE[:4], {"max_steps": 2}, r"policy must have shape \(5, 2\)"),
        (ring(), MOVE * 0.5, {"max_steps": 2}, "policy must sum to 1"),
        (ring(), MOVE, {"goals": 5}, r"goal 5 is no state; states are 0\.\.4"),
        (ring(), MOVE, {"goals": [1, 2]}, "goals must be one state index, or 3, one per trajectory"),
        (ring(), MOVE, {"goals": 1.0}, "goals must be one state index.*got float64"),
        (
            ring(initial=[0, 1.0, 0, 0, 0]),
            MOVE,
            {"goals": [0, 1, 2]},
            "trajectory 1 can only start in state 1, its goal",
        ),
        (ring(initial=[0, 0, 0, 0, 1.0], terminal=[4]), MOVE_BUT_IN_4, {}, "every first state is terminal"),
    ],
)
def test_requests_that_are_refused(mdp, policy, options, message):
    with pytest.raises(ValueError, match=message):
        sample_demonstrations(mdp, policy, random_state=0, **({"n_trajectories": 3} | options))


def test_endless_trajectories_are_stopped(monkeypatch):
    monkeypatch.setattr(sampling, "STEP_LIMIT", 100)
    goals = [1, 2]  # each could end in the other's goal: reachability alone does not tell
    stay = np.array([[1.0, 0.0]] * 5)
    stay[0] = [0.0, 1.0]
    mdp = ring(initial=[1.0, 0, 0, 0, 0])
    with pytest.raises(
        ValueError,
        match="after 100 steps, 101 decisions in all, 1 trajectories have not ended, among them trajectory 1",
    ):
        sample_demonstrations(mdp, stay, 2, goals=goals, random_state=0)


def test_state_in_which_the_policy_does_nothing_is_named():
    successors = np.array([[1, -1], [2, -1], [-1, -1], [-1, -1]])  # state 2 is a dead end
    policy = np.array([[1.0, 0], [1, 0], [0, 0], [0, 0]])
    mdp = MDP.from_successors(successors, terminal=[3], discount=0.9, initial=[1.0, 0, 0, 0])
    with pytest.raises(ValueError, match="trajectory 0 is in state 2 at step 2, where the policy takes no action"):
        sample_demonstrations(mdp, policy, 1, max_steps=5)
