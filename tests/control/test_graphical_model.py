from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import Problem, enumerate_paths, enumerated_messages, path_weight, problem_of_kind, random_prior

from maxent_irl import MDP, Demonstrations, expected_visitations, soft_value_iteration
from maxent_irl.control import message_passing
from maxent_irl.control.graphical_model import log_product

ALPHA = 0.7
CASES = {
    "plain": {"horizon": 4},
    "deterministic": {"horizon": 4, "deterministic": True},
    "terminal": {"horizon": 4, "terminal": True},
    "everything": {"horizon": 4, "terminal": True, "ending": True, "masked": True},
}


def case(name, seed=0, with_prior=True):
    problem = problem_of_kind("finite", seed, **CASES[name])
    rng = np.random.default_rng(seed)
    reward = rng.normal(size=problem.shape)
    prior = random_prior(rng, problem) if with_prior else None
    mdp = MDP(problem.P, **problem.keywords())
    return problem, mdp, reward, prior, message_passing(mdp, reward, temperature=ALPHA, action_prior=prior)


def weighted_paths(problem: Problem, reward, prior):
    """Every path with its posterior probability, by enumeration."""
    found = [
        (start, path, problem.initial[start] * path_weight(path, reward, ALPHA, prior))
        for start in np.flatnonzero(problem.initial)
        for path in enumerate_paths(problem, start, problem.horizon)
    ]
    total = sum(weight for *_, weight in found)
    return [(start, path, weight / total) for start, path, weight in found], total


@pytest.mark.parametrize("with_prior", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_backward_messages_are_sums_over_paths_and_the_exact_soft_value(name, with_prior):
    problem, mdp, reward, prior, posterior = case(name, with_prior=with_prior)
    for t in range(problem.horizon):
        messages = enumerated_messages(problem, reward, problem.horizon - t, alpha=ALPHA, prior=prior)
        assert_allclose(ALPHA * posterior.log_backward[t], messages.V, atol=1e-10)
        assert_allclose(posterior.policy[t], messages.policy, atol=1e-10)
    solution = soft_value_iteration(mdp, reward, temperature=ALPHA, action_prior=prior, inference="exact")
    assert_allclose(ALPHA * posterior.log_backward, solution.V, atol=1e-10)
    assert_allclose(ALPHA * posterior.log_backward_pairs, solution.Q, atol=1e-10)
    assert_allclose(posterior.policy, solution.policy, atol=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_marginals_evidence_and_probabilities_are_those_of_the_enumerated_posterior(name):
    problem, mdp, reward, prior, posterior = case(name)
    paths, total = weighted_paths(problem, reward, prior)
    T, (S, A) = problem.horizon, problem.shape
    states, pairs, transitions = np.zeros((T + 1, S)), np.zeros((T, S, A)), np.zeros((T, A * S, S))
    for start, path, probability in paths:
        visited = [*path.states, *([path.final] if path.final >= 0 else [])] if path.states else [start]
        for t, s in enumerate(visited):
            states[t, s] += probability
        for t, (s, a) in enumerate(zip(path.states, path.actions, strict=True)):
            pairs[t, s, a] += probability
            if t + 1 < len(visited):
                transitions[t, a * S + s, visited[t + 1]] += probability
    assert_allclose(posterior.log_evidence, np.log(total), atol=1e-10)
    assert_allclose(posterior.state_marginals, states, atol=1e-10)
    assert_allclose(posterior.pair_marginals, pairs, atol=1e-10)
    for t in range(T):
        assert_allclose(posterior.transition_marginals(t).toarray(), transitions[t], atol=1e-10)
    solution = soft_value_iteration(mdp, reward, temperature=ALPHA, action_prior=prior, inference="exact")
    flow = expected_visitations(mdp, solution, initial=posterior.state_marginals[0])
    assert_allclose(posterior.pair_marginals, flow, atol=1e-10)
    for t, tilted in enumerate(solution.transitions):
        possible = posterior.policy[t].T.ravel() > 0
        assert_allclose(posterior.posterior_dynamics(t).toarray()[possible], tilted.toarray()[possible], atol=1e-10)

    decided = [(path, probability) for _, path, probability in paths if path.states]
    demos = Demonstrations(
        [([*p.states, *([p.final] if p.final >= 0 else [])], p.actions) for p, _ in decided],
        terminated=np.array([p.done for p, _ in decided]),
    )
    expected = [probability for _, probability in decided]
    assert_allclose(np.exp(posterior.log_probability(demos)), expected, rtol=1e-10, atol=1e-300)


def test_probability_of_a_cut_trajectory_is_the_sum_over_its_continuations():
    problem, _, reward, prior, posterior = case("everything", seed=3)
    paths, _ = weighted_paths(problem, reward, prior)
    longest = max((path for _, path, _ in paths), key=lambda path: len(path.actions))
    states, actions = longest.states[:3], longest.actions[:2]

    def together(fits):
        return sum(probability for _, path, probability in paths if len(path.states) >= 2 and fits(path))

    begins = lambda path: path.states[:2] == states[:2] and path.actions[:2] == actions  # noqa: E731
    known = together(lambda path: begins(path) and (*path.states, path.final)[2:3] == states[2:3])
    unknown = together(begins)
    over = together(lambda path: begins(path) and len(path.states) == 2 and path.final < 0)
    cut = Demonstrations([(states, actions)])
    vague = Demonstrations([(states[:2], actions)])
    ended = Demonstrations([(states[:2], actions)], terminated=[True])
    assert_allclose(np.exp(posterior.log_probability(cut)), [known], rtol=1e-10)
    assert_allclose(np.exp(posterior.log_probability(vague)), [unknown], rtol=1e-10)
    assert_allclose(np.exp(posterior.log_probability(ended)), [over], rtol=1e-10)
    assert over < known + over <= unknown


@pytest.mark.parametrize("name", CASES)
def test_samples_follow_the_posterior(name):
    problem, mdp, reward, prior, posterior = case(name, seed=1)
    n = 40_000
    demos = posterior.sample(n, random_state=0)
    demos.validate_against(mdp)
    assert demos == posterior.sample(n, random_state=0)
    counts = np.zeros_like(posterior.pair_marginals)
    np.add.at(counts, (demos.times, demos.states, demos.actions), 1 / n)
    expected = posterior.pair_marginals
    if mdp.terminal.any():  # a path that starts at its end decides nothing and is not drawn
        expected = expected / expected[0].sum()
    spread = np.sqrt(expected * (1 - expected).clip(0) / n)
    assert (np.abs(counts - expected) <= 5 * spread + 1e-12).all()
    # Whole trajectories, ends included, come as often as enumeration says.
    paths = [(path, probability) for _, path, probability in weighted_paths(problem, reward, prior)[0] if path.states]
    total = sum(probability for _, probability in paths)
    often = sorted(paths, key=lambda pair: -pair[1])[:50]
    drawn = Counter(
        ((*map(int, d.states), *(() if len(d.states) > len(d.actions) else (-1,))), tuple(map(int, d.actions)))
        for d in demos
    )
    for path, probability in often:
        share = probability / total
        seen = drawn[((*path.states, path.final), path.actions)] / n
        assert abs(seen - share) <= 5 * np.sqrt(share * (1 - share) / n)
    assert np.isfinite(posterior.log_probability(demos)).all()


def test_extreme_rewards_stay_finite():
    _, mdp, reward, prior, _ = case("everything")
    posterior = message_passing(mdp, 1e6 * reward, temperature=1e-3, action_prior=prior)
    assert np.isfinite(posterior.log_evidence)
    assert_allclose(posterior.pair_marginals[0].sum(), posterior.state_marginals[0].sum())
    assert_allclose(posterior.policy[0].sum(axis=1), ~mdp.terminal)


def test_log_product_is_a_product():
    rng = np.random.default_rng(0)
    from scipy import sparse

    matrix = sparse.random_array((6, 5), density=0.4, rng=rng, format="csr")
    vector = rng.normal(size=5)
    with np.errstate(divide="ignore"):
        assert_allclose(log_product(matrix, vector), np.log(matrix @ np.exp(vector)))
    assert_array_equal(log_product(matrix, np.full(5, -np.inf)), np.full(6, -np.inf))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"horizon": None, "discount": 0.9}, "finite horizon and discount 1"), ({"discount": 0.9}, "discount 0.9")],
)
def test_only_undiscounted_horizons(changes, message):
    _, mdp, reward, _, _ = case("plain")
    with pytest.raises(ValueError, match=message):
        message_passing(mdp.replace(**changes), reward)


@pytest.mark.parametrize("method", ["transition_marginals", "posterior_dynamics"])
@pytest.mark.parametrize("time", [-1, 4, 1.5, True, "0", None])
def test_only_times_of_decisions(method, time):
    *_, posterior = case("plain")
    with pytest.raises(ValueError, match=r"time must be that of a decision, an integer in 0\.\.3; got"):
        getattr(posterior, method)(time)
    assert getattr(posterior, method)(np.int64(3)).shape == posterior.mdp.transitions.shape


def test_impossible_and_foreign_trajectories():
    nowhere = MDP.from_successors([[1], [-1]], horizon=3, initial=[1.0, 0.0])
    with pytest.raises(ValueError, match="no trajectory from the initial distribution is possible"):
        message_passing(nowhere, [0.0, 0.0])
    *_, posterior = case("plain")
    with pytest.raises(ValueError, match="goals of|with_goal"):
        posterior.log_probability(Demonstrations([([0, 1], [0])], goals=[1]))
