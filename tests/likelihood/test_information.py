"""Information and covariances against sums written out decision by decision, and against published standard errors."""

import numpy as np
import oracles
import pytest

from maxent_irl.datasets import load_bus_engine
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.estimators import MaxEntIRL
from maxent_irl.inference.agent import SoftAgent
from maxent_irl.likelihood import TaskObjective
from maxent_irl.likelihood.information import Information
from maxent_irl.likelihood.statistics import sufficient_statistics
from maxent_irl.mdp import MDP
from maxent_irl.rewards import LinearReward
from maxent_irl.rewards.linear import describe_direction, flat_directions, readable_directions
from maxent_irl.routes.objective import objective_of

ALPHA = 0.7
NAMES = ("links", "linkpairs", "paths")


def make_case(kind, objective, inference, seed=0):
    rng = np.random.default_rng(seed)
    problem = oracles.problem_of_kind(kind, seed)
    features, coef = oracles.costly_features(rng, problem)
    demos = oracles.random_demos(rng, problem, 6, 4)
    mdp = MDP(problem.P, **problem.keywords())
    paths = [(d.states + [d.final] * (d.final >= 0), d.actions) for d in demos]
    weights, terminated = [d.weight for d in demos], [d.terminated for d in demos]
    data = Demonstrations(paths, weights=weights, terminated=terminated)
    statistics = sufficient_statistics(mdp, data, objective)
    task = TaskObjective(SoftAgent(mdp, ALPHA, None, inference), LinearReward(mdp, features), statistics)
    return problem, features, coef, demos, task


def enumerated_outer_product(problem, features, coef, demos, objective, inference):
    """The same sum decision by decision and successor by successor, with numerical derivatives."""
    V, Q, _ = oracles.soft_bellman(problem, features @ coef, alpha=ALPHA, inference=inference)

    def derivative(which):
        def values(c):
            return np.nan_to_num(oracles.soft_bellman(problem, features @ c, alpha=ALPHA, inference=inference)[which])

        return oracles.difference_jacobian(lambda c: values(c).ravel(), coef).reshape(*(V, Q)[which].shape, -1)

    dV, dQ = derivative(0), derivative(1)
    total = 0.0
    for demo in demos:
        for t, (s, a) in enumerate(zip(demo.states, demo.actions, strict=True)):
            now, ahead = ((s,), dV) if problem.horizon is None else ((t, s), dV[t + 1])
            values = V if problem.horizon is None else V[t + 1]
            last = t + 1 == len(demo.states)
            if objective == "likelihood" or (last and demo.final < 0 and not demo.terminated):
                score = dQ[(*now, a)] - dV[now]
                factor = 1.0 if objective == "likelihood" else problem.discount ** (2 * t)
                total += demo.weight * factor * np.outer(score, score)
                continue
            # What may follow: every successor, and the end; under exact inference with tilted chances.
            chances = np.append(problem.P[s, a], problem.stop[s, a])
            if inference == "exact":
                chances = chances * np.exp(np.append(values, 0.0) / ALPHA)
                chances /= chances.sum()
            for after, chance in zip(np.vstack([ahead, np.zeros(len(coef))]), chances, strict=True):
                score = features[s, a] + problem.discount * after - dV[now]
                total += demo.weight * problem.discount ** (2 * t) * chance * np.outer(score, score)
    return total


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
@pytest.mark.parametrize("kind", ["discounted, ending", "undiscounted, masked", "finite, everything", "discount 0"])
def test_score_outer_product(kind, objective, inference):
    problem, features, coef, demos, task = make_case(kind, objective, inference)
    wanted = enumerated_outer_product(problem, features, coef, demos, objective, inference)
    np.testing.assert_allclose(task.at(coef).score_outer_product, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_scores_of_trajectories_keep_the_order_of_the_demonstrations(objective, rng):
    problem = oracles.problem_of_kind("discounted", 3)
    features, coef = oracles.costly_features(rng, problem)
    mdp = MDP(problem.P, discount=0.9)
    goals = [2, 0, 2, 1, 0]
    paths = [([3, 3], [0, 1]), ([1], [1]), ([1, 3], [1, 1]), ([3], [0]), ([3, 2, 1], [0, 0, 0])]
    demos = Demonstrations(paths, goals=goals)
    agent, model = SoftAgent(mdp), LinearReward(mdp, features)
    whole = objective_of(agent, model, demos, objective).at(coef)
    scores = whole.unit_scores()
    for i in range(len(demos)):
        alone = objective_of(agent, model, demos[[i]], objective).at(coef)
        np.testing.assert_allclose(scores[i], alone.gradient, rtol=1e-9)
    np.testing.assert_allclose(scores.sum(axis=0), whole.gradient, rtol=1e-9)


def make_information(rng, *, l2=0.0, equality=True, n=30, K=3):
    scores = rng.normal(size=(n, K))
    root = rng.normal(size=(K, K))
    return Information(
        curvature=root @ root.T + np.eye(K),
        outer_product=scores.T @ scores,
        scores=scores,
        weights=np.ones(n),
        coef=rng.normal(size=K),
        reach_moment=np.eye(K),
        size=np.full(K, 5.0),
        l2=l2,
        equality=equality,
    )


def test_covariances_are_what_they_say(rng):
    information = make_information(rng)
    A, B = information.curvature, information.scores.T @ information.scores
    inverse = np.linalg.inv(A)
    np.testing.assert_allclose(information.covariance("observed").matrix, inverse)
    np.testing.assert_allclose(information.covariance("opg").matrix, np.linalg.inv(B))
    np.testing.assert_allclose(information.covariance("robust").matrix, inverse @ B @ inverse)
    alone = information.covariance("clustered", np.arange(30)).matrix
    np.testing.assert_allclose(alone, 30 / 29 * inverse @ B @ inverse)
    sums = information.scores.reshape(10, 3, 3).sum(axis=1)
    grouped = information.covariance("clustered", np.repeat(list("abcdefghij"), 3)).matrix
    np.testing.assert_allclose(grouped, 10 / 9 * inverse @ sums.T @ sums @ inverse)


def test_m_estimators_get_a_sandwich_whatever_is_asked_for(rng):
    information = make_information(rng, equality=False)
    inverse = np.linalg.inv(information.curvature)
    for kind in ("observed", "opg"):
        covariance = information.covariance(kind)
        np.testing.assert_allclose(covariance.matrix, inverse @ information.outer_product @ inverse)
        assert "sandwich" in covariance.description


def test_penalty(rng):
    information = make_information(rng, l2=2.0)
    A = information.curvature + 2 * np.eye(3)
    np.testing.assert_allclose(information.covariance("observed").matrix, np.linalg.inv(A))
    spectrum = np.linalg.eigvalsh(information.curvature)
    assert information.degrees_of_freedom == pytest.approx((spectrum / (spectrum + 2)).sum())
    centred = information.scores - 2 * information.coef / 30
    sandwich = np.linalg.solve(A, centred.T @ centred) @ np.linalg.inv(A)
    np.testing.assert_allclose(information.covariance("robust").matrix, sandwich)


def test_penalty_of_m_estimators_is_in_the_meat_too(rng):
    information = make_information(rng, l2=2.0, equality=False)
    inverse = np.linalg.inv(information.curvature + 2 * np.eye(3))
    for kind in ("observed", "opg"):
        wanted = inverse @ (information.outer_product + 2 * np.eye(3)) @ inverse
        np.testing.assert_allclose(information.covariance(kind).matrix, wanted)


@pytest.mark.parametrize("objective", ["feature-matching", "likelihood"])
def test_a_coefficient_on_which_the_data_are_silent_has_no_error(objective):
    """Two places to be and a third that cannot be reached: nothing is known of its reward, and the prior is no knowledge."""
    mdp = MDP.from_successors([[0, 1], [0, 1], [0, 2]], discount=0.9)
    demos = Demonstrations([([0, 1, 1], [1, 1]), ([1, 0], [0]), ([0, 0], [0]), ([1, 1, 0], [1, 0])])
    fit = MaxEntIRL(mdp, objective=objective, l2=0.04).fit(demos)
    for kind in ("observed", "opg"):
        covariance = fit.coefficient_covariance(kind)
        errors = covariance.standard_errors
        assert errors[2] == 0.0
        assert not covariance.determined[2]
        assert (errors[:2] < 5.0).all()
    assert np.isnan(fit.information_.data_share[2])
    assert np.isnan(fit.summary().coefficients["standard_error"][2])
    for kind in ("robust", "clustered"):
        assert fit.coefficient_covariance(kind, np.arange(4)).standard_errors[2] == 0.0


def test_where_there_is_no_maximum_there_is_no_covariance(rng):
    information = make_information(rng)
    information.curvature[0, 0] = -1.0
    assert np.isnan(information.covariance().matrix).all()


@pytest.mark.parametrize(
    ("kind", "groups", "message"),
    [
        ("clustered", None, "needs the group of each trajectory"),
        ("clustered", [1, 2], r"one label per trajectory, shape \(30,\); got shape \(2,\)"),
        ("clustered", [1] * 30, "only one"),
        ("nonsense", None, "covariance must be one of"),
    ],
)
def test_impossible_requests_are_refused(rng, kind, groups, message):
    with pytest.raises(ValueError, match=message):
        make_information(rng).covariance(kind, groups)


def test_one_trajectory_is_not_enough_for_robust_errors(rng):
    with pytest.raises(ValueError, match="only one"):
        make_information(rng, n=1).covariance("robust")


def test_flat_directions_are_found_at_any_scale():
    # Features of sizes 1, 1000 and 1e-3; the log odds depend on a + 1000 b and on c: a - 0.001 b is flat.
    J = np.array([[1.0, 1000.0, 0.0], [0.0, 0.0, 1e-3], [1.0, 1000.0, 2e-3]])
    flat = flat_directions(J.T @ J, np.array([1.0, 1000.0, 1e-3]))
    np.testing.assert_allclose(readable_directions(flat), [[1.0, -1e-3, 0.0]], rtol=1e-9)


@pytest.mark.parametrize("factor", [1e6, 1e8, 1e-8])
def test_a_copy_in_another_unit_is_named_with_its_original(factor):
    """The coefficient of a feature in the millions is small; the direction without it would not be flat."""
    rng, size = np.random.default_rng(0), np.array([1.0, factor, 1.0])
    J = rng.normal(size=(5, 2))[:, [0, 0, 1]] * size
    information = Information(J.T @ J, J.T @ J, J, np.ones(5), np.zeros(3), J.T @ J, size, 0.0, True)
    (direction,) = readable_directions(information.flat, size)
    np.testing.assert_allclose(
        direction * np.sign(direction[0]), np.array([1.0, -1 / factor, 0.0]) / max(1.0, 1 / factor), rtol=1e-6
    )
    assert information.covariance().determined.tolist() == [False, False, True]


def test_directions_are_read_with_few_names(rng):
    planted = np.array([[1.0, -1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0.5]])
    mixed = np.linalg.qr((rng.normal(size=(3, 3)) @ planted).T)[0]
    directions = readable_directions(mixed)
    np.testing.assert_allclose(np.abs(directions), np.abs(planted), atol=1e-9)
    named = [describe_direction(v, list("abcde")) for v in directions]
    assert [name.lstrip("-").replace("+", "-") for name in named] == ["a - b", "c", "d - 0.5 e"]


def test_the_covariance_of_a_deficient_model_is_that_of_its_least_norm_answer():
    J = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    information = Information(J.T @ J, J.T @ J, J, np.ones(2), np.zeros(3), J.T @ J, np.full(3, 1.0), 0.0, True)
    covariance = information.covariance()
    np.testing.assert_allclose(covariance.matrix, np.linalg.pinv(J.T @ J), atol=1e-12)
    assert covariance.determined.tolist() == [False, False, True]
    assert information.rank == 2


@pytest.mark.parametrize(
    ("discount", "published", "rtol"),
    # At 0.9999 the published errors hold the uncertainty of the usage probabilities too; these are given them.
    [(0.0, [0.7197, 13.778], 1e-4), (0.9999, [1.582, 0.639], 1.5e-3)],
)
def test_rust_standard_errors(real_data, discount, published, rtol):
    data = load_bus_engine(discount=discount)
    fit = MaxEntIRL(data.mdp, data.features, objective="likelihood", covariance="opg", tol=1e-9)
    np.testing.assert_allclose(fit.fit(data.demonstrations).standard_errors_, published, rtol=rtol)


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_recursive_logit_standard_errors(real_data, objective):
    """The published errors are the sandwich with one score per trip and without a finite-sample factor."""
    folder = real_data / "route_choice_small"
    links, pairs, paths = (np.genfromtxt(folder / f"example1_{name}.csv", delimiter=",", names=True) for name in NAMES)
    features = np.zeros((30, 30, 3))  # state: link, action: next link; the destination, link 30, costs nothing
    features[:, :29] = np.stack([links["Length"], links["Trafficsignal"], np.ones(29)], axis=1)
    successors = np.full((30, 30), -1)
    one, other = (pairs[name].astype(int) - 1 for name in pairs.dtype.names)
    successors[one, other] = other
    mdp = MDP.from_successors(successors, terminal=[29])
    trips = np.split(paths["link"].astype(int) - 1, np.flatnonzero(np.diff(paths["trip"])) + 1)
    fit = MaxEntIRL(mdp, features, objective=objective, covariance="robust", tol=1e-9)
    fit.fit([(trip, trip[1:]) for trip in trips])
    np.testing.assert_allclose(fit.standard_errors_, [0.303909, 0.104518, 0.231464], atol=1e-6)
