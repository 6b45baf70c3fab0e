"""The objective and its derivatives, against walks along every demonstration, complex steps, differences and all paths."""

import numpy as np
import pytest
from oracles import (
    KINDS,
    complex_step,
    costly_features,
    difference_jacobian,
    enumerate_paths,
    enumerated_messages,
    enumerated_visitations,
    objective,
    path_weight,
    problem_of_kind,
    random_demos,
    random_prior,
    random_problem,
)
from packaged import as_demonstrations, as_mdp
from scipy import sparse
from scipy.optimize import check_grad

from maxent_irl import MDP, SoftAgent
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.likelihood import TaskObjective
from maxent_irl.likelihood.statistics import sufficient_statistics
from maxent_irl.rewards import LinearReward

INFERENCES = ("variational", "exact")
OBJECTIVES = ("likelihood", "feature-matching")
ALPHA = 0.8


def task_of(mdp, features, demonstrations, kind, *, inference="variational", prior=None, alpha=ALPHA) -> TaskObjective:
    demonstrations.validate_against(mdp)
    statistics = sufficient_statistics(mdp, demonstrations, kind)
    return TaskObjective(SoftAgent(mdp, alpha, prior, inference), LinearReward(mdp, features), statistics)


# One table: every horizon type x inference x objective x prior x features ---------------------------------------------

TABLE = [
    pytest.param(
        kind, inference, name, with_prior, per_state, id=f"{kind}-{inference}-{name}-{with_prior:d}{per_state:d}"
    )
    for kind in KINDS
    for inference in INFERENCES
    for name in OBJECTIVES
    for with_prior, per_state in [(False, False), (True, True)]
]


@pytest.mark.parametrize(("kind", "inference", "name", "with_prior", "per_state"), TABLE)
def test_objective_and_derivatives(kind, inference, name, with_prior, per_state):
    rng = np.random.default_rng(7)
    problem = problem_of_kind(kind)
    features, coef = costly_features(rng, problem, per_state=per_state)
    prior = random_prior(rng, problem) if with_prior else None
    demos = random_demos(rng, problem, 5, 4)
    task = task_of(as_mdp(problem), features, as_demonstrations(demos), name, inference=inference, prior=prior)

    def oracle(coef, demos=demos):
        return objective(problem, features @ coef, demos, name, alpha=ALPHA, prior=prior, inference=inference)

    point = task.at(coef)
    assert point.value == pytest.approx(oracle(coef), abs=1e-10)
    gradient = complex_step(oracle, coef)
    np.testing.assert_allclose(point.gradient, gradient, rtol=0, atol=1e-10)
    assert check_grad(lambda x: task.at(x).value, lambda x: task.at(x).gradient, coef, epsilon=1e-6) < 1e-4

    hessian = difference_jacobian(lambda x: task.at(x).gradient, coef)
    np.testing.assert_allclose(point.hessian, hessian, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(point.hessian, point.hessian.T)
    np.testing.assert_allclose(task.at(coef).step_hessian, point.hessian, rtol=1e-9, atol=1e-9)
    for vector in rng.normal(size=(2, 3)):
        np.testing.assert_allclose(point.hessian_product(vector), point.hessian @ vector, rtol=1e-9, atol=1e-9)

    scores = point.unit_scores()
    np.testing.assert_allclose(scores.sum(axis=0), gradient, rtol=0, atol=1e-10)
    third = [demos[2]]
    np.testing.assert_allclose(scores[2], complex_step(lambda x: oracle(x, third), coef), rtol=0, atol=1e-10)


# Enumeration of all paths ---------------------------------------------------------------------------------------------


def sampled_paths(problem, rng, n):
    """Some of all paths from the first state, as demonstrations that reach the horizon or the end."""
    paths = [path for path in enumerate_paths(problem, 0, problem.horizon) if path.actions]
    return [paths[i] for i in rng.choice(len(paths), size=n)]


def from_paths(paths) -> Demonstrations:
    visited = [(list(p.states) + ([p.final] if p.final >= 0 else []), list(p.actions)) for p in paths]
    return Demonstrations(visited, terminated=[path.done for path in paths])


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("case", ["exact", "exact, ending", "exact, terminal", "variational", "variational, terminal"])
def test_feature_matching_is_the_log_posterior_of_the_path(case, with_prior, rng):
    """exp(L / alpha) times the prior of its actions and luck is the path's share of the weight of all paths."""
    options = {"deterministic": "variational" in case, "ending": "ending" in case, "terminal": "terminal" in case}
    problem = random_problem(rng, n_actions=2, n_successors=2, horizon=5, **options)
    features, coef = rng.normal(size=(4, 2, 3)), rng.normal(size=3)
    prior = random_prior(rng, problem) if with_prior else None
    paths = sampled_paths(problem, rng, 6)
    keywords = {"inference": case.split(",")[0], "prior": prior}
    mdp = as_mdp(problem)

    def shares(x):
        reward = features @ x
        total = sum(path_weight(path, reward, ALPHA, prior) for path in enumerate_paths(problem, 0, 5))
        return np.array([path_weight(path, reward, ALPHA, prior) / total for path in paths])

    for i, path in enumerate(paths):
        point = task_of(mdp, features, from_paths([path]), "feature-matching", **keywords).at(coef)
        own = path.luck * (1.0 if prior is None else prior[list(path.states), list(path.actions)].prod())
        assert np.exp(point.value / ALPHA) * own == pytest.approx(shares(coef)[i], rel=1e-10)

    # The gradient: demonstrated minus expected feature counts, the expectation over the enumerated posterior.
    point = task_of(mdp, features, from_paths(paths), "feature-matching", **keywords).at(coef)
    start = problem.with_(initial=np.eye(4)[0])
    expected = enumerated_visitations(start, 5, lambda path: path_weight(path, features @ coef, ALPHA, prior))
    seen = sum(features[s, a] for path in paths for s, a in zip(path.states, path.actions, strict=True))
    wanted = seen - 6 * np.einsum("tsa,sak->k", expected, features)
    np.testing.assert_allclose(point.gradient, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("case", ["exact", "exact, ending", "variational"])
def test_likelihood_is_the_log_probability_of_the_actions(case, with_prior, rng):
    options = {"deterministic": case == "variational", "ending": "ending" in case}
    problem = random_problem(rng, n_actions=2, n_successors=2, horizon=5, **options)
    features, coef = rng.normal(size=(4, 2, 3)), rng.normal(size=3)
    prior = random_prior(rng, problem) if with_prior else None
    paths = sampled_paths(problem, rng, 6)
    keywords = {"inference": case.split(",")[0], "prior": prior}
    task = task_of(as_mdp(problem), features, from_paths(paths), "likelihood", **keywords)

    def log_probability(x):
        policies = [
            enumerated_messages(problem, features @ x, 5 - t, alpha=ALPHA, prior=prior).policy for t in range(5)
        ]
        return sum(
            np.log(policies[t][s, a] / (1.0 if prior is None else prior[s, a]))
            for path in paths
            for t, (s, a) in enumerate(zip(path.states, path.actions, strict=True))
        )

    point = task.at(coef)
    assert point.value / ALPHA == pytest.approx(log_probability(coef), rel=1e-10)
    numeric = difference_jacobian(lambda x: np.array([ALPHA * log_probability(x)]), coef, 1e-5)[0]
    np.testing.assert_allclose(point.gradient, numeric, rtol=0, atol=1e-7)


# Shape of the objective -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", ["undiscounted, terminal", "discounted, terminal", "finite"])
def test_feature_matching_is_concave_where_demonstrations_end(kind, inference):
    rng = np.random.default_rng(11)
    problem = problem_of_kind(kind)
    features, coef = costly_features(rng, problem)
    length = 200 if problem.horizon is None else problem.horizon
    demos = [demo for demo in random_demos(rng, problem, 12, length) if demo.terminated or problem.horizon]
    assert demos
    task = task_of(as_mdp(problem), features, as_demonstrations(demos), "feature-matching", inference=inference)
    for _ in range(5):
        nearby = coef + 0.1 * rng.normal(size=3)
        assert np.linalg.eigvalsh(task.at(nearby).hessian).max() <= 1e-10


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("kind", ["discounted", "finite", "undiscounted, terminal"])
def test_weights_count_as_repetitions(kind, name):
    rng = np.random.default_rng(2)
    problem = problem_of_kind(kind)
    features, coef = costly_features(rng, problem)
    demos = random_demos(rng, problem, 4, 4)
    mdp = as_mdp(problem)
    weighted = task_of(mdp, features, as_demonstrations(demos), name).at(coef)
    repeated = [demo._replace(weight=1.0) for demo in demos for _ in range(int(demo.weight))]
    repeated = task_of(mdp, features, as_demonstrations(repeated[::-1]), name).at(coef)
    assert weighted.value == pytest.approx(repeated.value, rel=1e-12)
    np.testing.assert_allclose(weighted.gradient, repeated.gradient, atol=1e-11)
    np.testing.assert_allclose(weighted.hessian, repeated.hessian, atol=1e-11)


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", ["discounted", "finite, everything", "undiscounted, terminal"])
def test_sparse_features_are_dense_ones(kind, inference):
    rng = np.random.default_rng(4)
    problem = problem_of_kind(kind)
    features, coef = costly_features(rng, problem)
    features[rng.random(features.shape) < 0.5] = 0.0
    features[..., 0] = 1.0
    demonstrations = as_demonstrations(random_demos(rng, problem, 5, 4))
    mdp = as_mdp(problem)
    dense = task_of(mdp, features, demonstrations, "likelihood", inference=inference).at(coef)
    for packed in (sparse.coo_array(features), [sparse.csr_array(features[:, a]) for a in range(3)]):
        other = task_of(mdp, packed, demonstrations, "likelihood", inference=inference).at(coef)
        assert other.value == pytest.approx(dense.value, rel=1e-12)
        np.testing.assert_allclose(other.gradient, dense.gradient, atol=1e-11)
        np.testing.assert_allclose(other.hessian, dense.hessian, atol=1e-11)
        np.testing.assert_allclose(other.hessian_product(coef), dense.hessian @ coef, atol=1e-10)
        np.testing.assert_allclose(other.unit_scores(), dense.unit_scores(), atol=1e-11)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_dead_ends_do_not_spoil_the_derivatives(name):
    """State 3 is a dead end that only state 2 leads to; demonstrations stay clear of both."""
    mdp = MDP.from_successors([[1, 2, 0], [0, 1, -1], [3, 3, 3], [-1, -1, -1]], discount=0.9)
    demonstrations = Demonstrations([([0, 0, 1, 1, 0], [2, 0, 1, 0]), ([1, 0], [0])])
    features = np.random.default_rng(0).normal(size=(4, 3, 2))
    for horizon in (None, 6):
        for inference in INFERENCES:
            task = task_of(mdp.replace(horizon=horizon), features, demonstrations, name, inference=inference)
            coef = np.array([0.3, -0.7])
            point = task.at(coef)
            assert np.isfinite(point.value)
            wanted = difference_jacobian(lambda x, task=task: np.array([task.at(x).value]), coef)[0]
            np.testing.assert_allclose(point.gradient, wanted, atol=1e-7)
            wanted = difference_jacobian(lambda x, task=task: task.at(x).gradient, coef)
            np.testing.assert_allclose(point.hessian, wanted, atol=1e-7)
            np.testing.assert_allclose(point.hessian_product(coef), point.hessian @ coef, atol=1e-9)
            np.testing.assert_allclose(point.unit_scores().sum(axis=0), point.gradient, atol=1e-10)


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_derivatives_of_large_problems(name, inference):
    """More states than are factorised outright: Krylov solves and the choice between solvers come in."""
    rng = np.random.default_rng(6)
    S = 1700
    successors = (np.arange(S)[:, None] + rng.integers(1, 30, size=(S, 2))) % S
    noise = sparse.csr_array((np.full(S, 0.2), ((np.arange(S)), rng.permutation(S))), shape=(S, S))
    P = [0.8 * MDP.from_successors(successors[:, [a]], discount=0.9).transitions + noise for a in range(2)]
    mdp = MDP(P, discount=0.99)
    features, coef = rng.normal(size=(S, 5)), 0.3 * rng.normal(size=5)
    path = [0]
    for a in (actions := rng.integers(0, 2, size=300)):
        row = P[a][[path[-1]]]
        path.append(int(rng.choice(row.indices, p=row.data)))
    task = task_of(mdp, features, Demonstrations([(path, actions)]), name, inference=inference)
    point = task.at(coef)
    direction = rng.normal(size=5)
    step = 1e-5
    up, down = task.at(coef + step * direction), task.at(coef - step * direction)
    scale = np.abs(point.gradient).max()
    assert point.gradient @ direction == pytest.approx((up.value - down.value) / (2 * step), abs=1e-5 * scale)
    curvature = (up.gradient - down.gradient) / (2 * step)
    size = np.abs(curvature).max()
    np.testing.assert_allclose(point.hessian_product(direction), curvature, rtol=0, atol=1e-5 * size)
    np.testing.assert_allclose(point.hessian @ direction, curvature, rtol=0, atol=1e-5 * size)
    np.testing.assert_allclose(point.unit_scores().sum(axis=0), point.gradient, rtol=0, atol=1e-7 * scale)


# Several tasks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OBJECTIVES)
def test_several_goals_are_a_sum_over_tasks(name):
    rng = np.random.default_rng(9)
    problem = problem_of_kind("discounted")
    features, coef = costly_features(rng, problem)
    tasks, wanted = [], 0.0
    parts = []
    for goal in (1, 3):
        over = np.arange(4) == goal
        initial = np.where(over, 0.0, problem.initial)
        own = problem.with_(terminal=over, initial=initial / initial.sum())
        demos = random_demos(rng, own, 3, 5)
        parts.append((own, demos))
        wanted += objective(own, features @ coef, demos, name, alpha=ALPHA)
        tasks.append(task_of(as_mdp(problem).with_goal(goal), features, as_demonstrations(demos), name))
    points = [task.at(coef) for task in tasks]
    assert sum(point.value for point in points) == pytest.approx(wanted, abs=1e-10)

    def oracle(x):
        return sum(objective(own, features @ x, demos, name, alpha=ALPHA) for own, demos in parts)

    gradient, hessian, product = (
        sum(parts) for parts in zip(*((p.gradient, p.hessian, p.hessian_product(coef)) for p in points), strict=True)
    )
    np.testing.assert_allclose(gradient, complex_step(oracle, coef), rtol=0, atol=1e-10)
    difference = difference_jacobian(lambda x: sum(task.at(x).gradient for task in tasks), coef)
    np.testing.assert_allclose(hessian, difference, atol=1e-6)
    np.testing.assert_allclose(product, hessian @ coef, atol=1e-9)


@pytest.mark.parametrize("kind", ["discounted", "finite", "undiscounted, terminal"])
def test_warm_starts_and_predicted_values_change_nothing(kind):
    rng = np.random.default_rng(1)
    problem = problem_of_kind(kind)
    features, coef = costly_features(rng, problem)
    task = task_of(as_mdp(problem), features, as_demonstrations(random_demos(rng, problem, 5, 4)), "likelihood")
    first, other = task.at(coef), coef + 1e-3 * rng.normal(size=3)
    cold = task.at(other)
    _ = first.sensitivity  # from which values are predicted
    predicted = first.start_for(other)
    assert np.abs(predicted - cold.solution.V).max() < 1e-4
    warm = task.at(other, start=predicted)
    assert warm.value == pytest.approx(cold.value, abs=1e-10)
    np.testing.assert_allclose(warm.gradient, cold.gradient, atol=1e-9)


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_where_there_is_no_room_for_all_actions_the_derivatives_are_the_same(name, inference, monkeypatch):
    rng = np.random.default_rng(0)
    problem = problem_of_kind("discounted")
    features, coef = rng.normal(size=(*problem.shape, 3)), rng.normal(size=3)
    demos = as_demonstrations(random_demos(rng, problem, 6, 5))
    task = task_of(as_mdp(problem), features, demos, name, inference=inference)
    whole = task.at(coef)
    expected = whole.hessian, whole.score_outer_product, whole.reach_moment, whole.unit_scores()
    monkeypatch.setattr("maxent_irl.likelihood.task.MOST_NUMBERS", 0)
    parts = task.at(coef)
    found = parts.hessian, parts.score_outer_product, parts.reach_moment, parts.unit_scores()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
