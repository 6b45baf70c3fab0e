"""The objective over many goals: the shared factorisation against separate tasks, and both against finite differences."""

import pickle

import numpy as np
import pytest
from scipy import optimize, sparse

from maxent_irl import (
    MDP,
    Demonstrations,
    ImproperProblemError,
    SoftAgent,
    sample_demonstrations,
    soft_value_iteration,
)
from maxent_irl.likelihood import TaskObjective
from maxent_irl.likelihood.statistics import sufficient_statistics
from maxent_irl.rewards import LinearReward
from maxent_irl.routes.objective import SeparateGoals, SharedGoals, objective_of
from maxent_irl.routes.sums import MoveRewards
from maxent_irl.routes.systems import GoalSystems, Moves, is_linear
from maxent_irl.worlds import RoadNetwork

GOALS = (3, 7, 11, 12)


def random_network(rng, n_states=30, n_actions=4, n_features=3, *, per_state=False):
    """A deterministic MDP with dead ends, parallel moves and loops; features whose sum is a cost."""
    after = rng.integers(0, n_states, (n_states, n_actions))
    after[rng.random(after.shape) < 0.25] = -1
    after[:, 0] = (np.arange(n_states) + 1) % n_states  # every goal can be reached
    after[-1, 1:] = -1
    mdp = MDP.from_successors(np.vstack([after, np.full((2, n_actions), -1)]), terminal=[])
    shape = (n_states + 2, n_features) if per_state else (n_states + 2, n_actions, n_features)
    return mdp, rng.uniform(0.5, 1.5, shape)


def trips(rng, mdp, reward, goals, *, cut=False, n=6):
    parts = []
    for goal in goals:
        task = mdp.with_goal(goal)
        policy = soft_value_iteration(task, reward).policy
        start = np.zeros(mdp.n_states)
        start[rng.choice(np.setdiff1d(np.arange(20), goals), 5, replace=False)] = 0.2
        options = {"max_steps": 3} if cut else {}
        drawn = sample_demonstrations(task.replace(initial=start), policy, n, random_state=rng, **options)
        parts += [(trip.states, trip.actions, goal) for trip in drawn]
    order = rng.permutation(len(parts))
    pairs = [parts[i][:2] for i in order]
    if cut:  # and of every third, nobody saw where it went last
        pairs = [(s[: len(a)], a) if i % 3 == 0 and len(s) > len(a) else (s, a) for i, (s, a) in enumerate(pairs)]
    weights = rng.uniform(0.5, 2.0, len(order))
    return Demonstrations(pairs, goals=[parts[i][2] for i in order], weights=weights)


def both(mdp, features, demos, *, objective="likelihood", temperature=1.0, action_prior=None, inference="variational"):
    """The shared and the separate form of the same objective."""
    statistics, model = sufficient_statistics(mdp, demos, objective), LinearReward(mdp, features)
    agent = SoftAgent(mdp, temperature, action_prior, inference)
    return [kind(agent, model, statistics, demos) for kind in (SharedGoals, SeparateGoals)]


def assert_same(point, other, rng, rtol=1e-9):
    K = len(point.theta)
    np.testing.assert_allclose(point.value, other.value, rtol=rtol)
    vector = rng.normal(size=K)
    for name in ("gradient", "hessian", "score_outer_product", "reach_moment"):
        expected = getattr(other, name)
        np.testing.assert_allclose(getattr(point, name), expected, rtol=rtol, atol=rtol * np.abs(expected).max())
    expected = other.hessian_product(vector)
    np.testing.assert_allclose(point.hessian_product(vector), expected, rtol=rtol, atol=rtol * np.abs(expected).max())
    expected = other.unit_scores()
    np.testing.assert_allclose(point.unit_scores(), expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("per_state", [False, True])
def test_shared_and_separate_agree(rng, objective, cut, per_state):
    mdp, features = random_network(rng, per_state=per_state)
    coef = np.array([-1.0, -0.7, -0.4])
    demos = trips(rng, mdp, features @ coef, GOALS, cut=cut)
    shared, separate = both(mdp, features, demos, objective=objective)
    assert_same(shared.at(coef), separate.at(coef), rng)
    assert_same(shared.at(coef, hessian=True), separate.at(coef, hessian=True), rng)


def test_shared_and_separate_agree_with_prior_and_temperature(rng):
    mdp, features = random_network(rng)
    coef = np.array([-1.0, -0.7, -0.4])
    prior = np.where(mdp.available, rng.uniform(0.2, 1.0, mdp.available.shape), 0.0)
    total = prior.sum(axis=1, keepdims=True)
    prior = np.divide(prior, total, out=np.zeros_like(prior), where=total > 0)
    demos = trips(rng, mdp, features @ coef, GOALS)
    for inference in ("variational", "exact"):
        shared, separate = both(mdp, features, demos, temperature=0.6, action_prior=prior, inference=inference)
        assert_same(shared.at(coef), separate.at(coef), rng)


def test_sparse_features(rng):
    mdp, features = random_network(rng, per_state=True)
    coef = np.array([-1.0, -0.7, -0.4])
    demos = trips(rng, mdp, features @ coef, GOALS)
    dense, _ = both(mdp, features, demos)
    thin, _ = both(mdp, sparse.csr_array(features), demos)
    assert_same(thin.at(coef), dense.at(coef), rng, rtol=1e-12)


def test_routes_too_long_for_the_exponent(rng):
    """A chain of 40 links at 50 nats each: exp(-2000) underflows, the values do not."""
    mdp, features = random_network(rng, n_states=40, n_actions=2)
    after = np.full((42, 2), -1)
    after[:39, 0] = np.arange(1, 40)
    after[1:40, 1] = np.arange(39)
    mdp = MDP.from_successors(after, terminal=[])
    coef = np.array([-20.0, -20.0, -10.0])
    demos = Demonstrations([(np.arange(40), np.zeros(39, dtype=int)), ([5, 6], [0])], goals=[39, 6])
    shared, separate = both(mdp, features[:42], demos)
    systems = GoalSystems(shared.moves, shared.gathered(shared.reward_model.features) @ coef)
    assert len(systems.shared) == 1
    assert systems.solution(6, np.array([5])).offset is None
    far = systems.solution(39, np.array([0]))
    assert len(systems.shared) == 2
    assert systems.solution(38, np.array([0])).resolvent is far.resolvent  # that of a goal nearby
    # The chain leaves no choice but to turn back: value and curvature are tiny, so they are compared in absolute terms.
    point, other = shared.at(coef), separate.at(coef)
    np.testing.assert_allclose(point.value, other.value, atol=1e-9)
    np.testing.assert_allclose(point.gradient, other.gradient, atol=1e-9)
    np.testing.assert_allclose(point.unit_scores(), other.unit_scores(), atol=1e-9)


@pytest.mark.parametrize("nats", [2, 20, 40])
def test_systems_of_other_goals_serve_only_where_nothing_underflows(rng, nats):
    """The factors hold weights of routes too: at 40 nats a street what other goals' systems lost is not to be used."""
    moves = Moves(RoadNetwork.grid(30, irregularity=0.3, random_state=0, states="nodes").mdp)
    systems = GoalSystems(moves, -nats * rng.uniform(0.8, 1.5, len(moves.pair)))
    for goal in rng.integers(0, 900, 40):
        first = np.setdiff1d(rng.integers(0, 900, 3), [goal])
        shared, own = systems.solution(goal, first), systems.own(goal)
        np.testing.assert_allclose(shared.values(first), own.values(first), rtol=1e-12)
        np.testing.assert_allclose(
            shared.flow(first, np.ones(len(first))), own.flow(first, np.ones(len(first))), atol=1e-9
        )


def test_goals_that_make_their_own_problem_proper(rng):
    """A ring on which every turn pays: endless if it is passed by, proper if it ends there."""
    ring = MDP.from_successors((np.arange(6)[:, None] + [1, 2]) % 6, terminal=[])
    features = np.ones((6, 2, 1))
    demos = Demonstrations([([0, 1, 3], [0, 1]), ([4, 0], [1]), ([4, 5, 1], [0, 1])], goals=[3, 0, 1])
    shared, separate = both(ring, features, demos)
    coef = np.array([-0.6])
    assert not GoalSystems(shared.moves, shared.gathered(shared.reward_model.features) @ coef).shared
    assert_same(shared.at(coef), separate.at(coef), rng)


def test_an_improper_problem_names_its_spectral_radius():
    ring = MDP.from_successors((np.arange(6)[:, None] + [1, 3]) % 6, terminal=[])
    moves = Moves(ring)
    systems = GoalSystems(moves, np.zeros(len(moves.pair)))
    with pytest.raises(ImproperProblemError, match=r"spectral radius 1\.[0-9]+.* around state"):
        systems.solution(3, np.array([0]))


def test_derivatives_are_those_of_the_value(rng):
    mdp, features = random_network(rng)
    coef = np.array([-1.0, -0.7, -0.4])
    shared, _ = both(mdp, features, trips(rng, mdp, features @ coef, GOALS))
    away = coef + 0.05
    error = optimize.check_grad(lambda c: shared.at(c).value, lambda c: shared.at(c).gradient, away, epsilon=1e-6)
    assert error < 1e-4 * np.abs(shared.at(away).gradient).max()
    difference = (shared.at(away + 1e-5).gradient - shared.at(away - 1e-5).gradient) / 2e-5
    np.testing.assert_allclose(shared.at(away).hessian @ np.ones(3), difference, rtol=1e-6)
    np.testing.assert_allclose(shared.at(away).unit_scores().sum(axis=0), shared.at(away).gradient, rtol=1e-9)


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_sums_do_not_depend_on_the_number_of_workers(rng, n_jobs):
    mdp, features = random_network(rng)
    coef = np.array([-1.0, -0.7, -0.4])
    demos = trips(rng, mdp, features @ coef, GOALS)
    for kind in (SharedGoals, SeparateGoals):
        statistics, model = sufficient_statistics(mdp, demos, "likelihood"), LinearReward(mdp, features)
        one, many = (kind(SoftAgent(mdp), model, statistics, demos, n_jobs=jobs) for jobs in (1, n_jobs))
        assert_same(many.at(coef), one.at(coef), rng, rtol=1e-12)


def test_what_is_sent_to_workers_holds_no_factorisation(rng):
    mdp, features = random_network(rng)
    coef = np.array([-1.0, -0.7, -0.4])
    shared = both(mdp, features, trips(rng, mdp, features @ coef, GOALS))[0]
    of_moves = shared.gathered(shared.reward_model.features)
    rewards = MoveRewards(of_moves @ coef, of_moves)
    here = shared.sums.add_up(rewards, np.arange(4), True)
    there = pickle.loads(pickle.dumps(shared.sums)).add_up(rewards, np.arange(4), True)
    np.testing.assert_array_equal(there.hessian, here.hessian)


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("discount", [1.0, 0.9])
def test_chance_and_discounts_are_solved_goal_by_goal(rng, discount, inference):
    P = rng.dirichlet(np.ones(8), (8, 3))
    mdp = MDP(P, discount=discount, terminal=[])
    assert not is_linear(mdp)
    features, coef = rng.uniform(0.5, 1.5, (8, 3, 2)), np.array([-2.0, -1.0])
    demos = trips_by_chance(rng, mdp, features @ coef, (1, 4, 6))
    agent, model = SoftAgent(mdp, inference=inference), LinearReward(mdp, features)
    whole = objective_of(agent, model, demos, "feature-matching").at(coef)
    points, scores, vector = [], np.empty((len(demos), 2)), rng.normal(size=2)
    for goal in (1, 4, 6):
        task, chosen = agent.with_goal(goal), np.flatnonzero(demos.goals == goal)
        statistics = sufficient_statistics(task.mdp, demos[chosen], "feature-matching")
        points.append(TaskObjective(task, model, statistics).at(coef))
        scores[chosen] = points[-1].unit_scores()
    np.testing.assert_allclose(whole.unit_scores(), scores, rtol=1e-8)
    for name in ("value", "gradient", "hessian", "score_outer_product", "reach_moment"):
        np.testing.assert_allclose(getattr(whole, name), sum(getattr(point, name) for point in points), rtol=1e-8)
    product = sum(point.hessian_product(vector) for point in points)
    np.testing.assert_allclose(whole.hessian_product(vector), product, rtol=1e-8)
    moved = whole.objective.at(coef + 0.01, start=whole.start_for(coef + 0.01))
    assert_same(moved, whole.objective.at(coef + 0.01), rng, rtol=1e-8)


def trips_by_chance(rng, mdp, reward, goals):
    pairs, ends = [], []
    for goal in goals:
        task = mdp.with_goal(goal)
        for trip in sample_demonstrations(task, soft_value_iteration(task, reward).policy, 5, random_state=rng):
            pairs.append((trip.states, trip.actions))
            ends.append(goal)
    order = rng.permutation(len(pairs))
    return Demonstrations([pairs[i] for i in order], goals=[ends[i] for i in order])


@pytest.mark.parametrize("discount", [1.0, 0.9])
def test_a_trip_into_a_dead_end_is_named(discount):
    after = [[1, 3], [2, -1], [0, -1], [-1, -1]]
    mdp = MDP.from_successors(after, discount=discount, terminal=[])
    demos = Demonstrations([([0, 1, 2], [0, 0]), ([0, 3], [1])], goals=[2, 2])
    with pytest.raises(ValueError, match="trajectory 1, step 0: action 1 in state 0"):
        objective_of(SoftAgent(mdp), LinearReward(mdp), demos, "likelihood")
