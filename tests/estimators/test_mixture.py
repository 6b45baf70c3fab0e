"""MixtureIRL: the likelihood by enumeration of classes, Louis' information by differences, recovery, units and covariates."""

import pickle

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from maxent_irl import MDP, Demonstrations, MaxEntIRL, MixtureIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld

COEFS = np.array([[3.0, -2.0, 1.0], [-3.0, 2.0, 0.0]])
SIZES = (60, 40)


def drawn(
    mdp: MDP, features: np.ndarray, coefs: np.ndarray, sizes, *, steps: int = 40, seed: int = 0
) -> Demonstrations:
    """Trajectories of each class in turn."""
    parts = [
        sample_demonstrations(
            mdp, soft_value_iteration(mdp, features @ c).policy, n, max_steps=steps, random_state=[seed, k]
        )
        for k, (c, n) in enumerate(zip(coefs, sizes, strict=True))
        if n
    ]
    return sum(parts[1:], parts[0])


@pytest.fixture(scope="module")
def world():
    return GridWorld(8, discount=0.9)


@pytest.fixture(scope="module")
def features(world):
    return world.features("smooth", n_features=3)


@pytest.fixture(scope="module")
def demos(world, features):
    kinds = {"animal": np.repeat(np.arange(20), 5), "weight": np.repeat([1.0, 0.0], SIZES)}
    return Demonstrations(drawn(world.mdp, features, COEFS, SIZES), trajectory_columns=kinds)


@pytest.fixture(scope="module")
def fitted(world, features, demos):
    return MixtureIRL(2, world.mdp, features, n_init=2, random_state=0).fit(demos)


def log_likelihood_of_classes(mdp, features, demos, coefs, unit_of) -> np.ndarray:
    """(U, C), one decision after another."""
    policies = [soft_value_iteration(mdp, features @ coef).policy for coef in coefs]
    out = np.zeros((unit_of.max() + 1, len(coefs)))
    for i, path in enumerate(demos):
        for s, a in zip(path.states[: len(path.actions)], path.actions, strict=True):
            out[unit_of[i]] += [np.log(policy[s, a]) for policy in policies]
    return out


def test_everybody_is_told_apart_from_every_start(world, features, demos, fitted):
    truth = np.repeat([0, 1], SIZES)
    np.testing.assert_array_equal(fitted.predict(demos), truth)
    np.testing.assert_allclose(fitted.weights_, [0.6, 0.4], atol=1e-6)
    assert (np.abs(fitted.coefs_ - COEFS) < 4 * fitted.standard_errors_).all()
    starts = MixtureIRL(2, world.mdp, features, n_init=20, random_state=1).fit(demos).start_values_
    assert np.ptp(starts) < 1e-5


def test_the_likelihood_is_that_of_enumerated_classes(world, features, demos, fitted):
    few = demos[::7]
    by_class = log_likelihood_of_classes(world.mdp, features, few, fitted.coefs_, np.arange(len(few)))
    joint = by_class + np.log(fitted.weights_)
    np.testing.assert_allclose(fitted.score_samples(few), special.logsumexp(joint, axis=1), rtol=1e-10)
    np.testing.assert_allclose(fitted.responsibilities(few), special.softmax(joint, axis=1), atol=1e-10)
    assert fitted.score(few) == pytest.approx(special.logsumexp(joint, axis=1).sum() / few.n_decisions, rel=1e-10)


def test_the_likelihood_never_falls(fitted):
    assert (np.diff(fitted.lower_bounds_) > -1e-12).all()
    assert fitted.converged_
    assert fitted.lower_bounds_[-1] == fitted.lower_bound_


@pytest.mark.parametrize("case", ["plain", "shared", "covariates", "units", "weighted"])
def test_the_fit_is_a_maximum_and_its_errors_are_those_of_numerical_curvature(case):
    """Classes that overlap, so that a good part of the information is missing."""
    world = GridWorld(4, discount=0.8)
    features = world.features("smooth", n_features=2)
    coefs = np.array([[2.0, -1.0], [-1.0, -1.0]])
    demos = drawn(world.mdp, features, coefs, (30, 30), steps=15)
    rng = np.random.default_rng(0)
    age = np.repeat([1.0, 0.0], 30) + rng.normal(size=60)
    demos = Demonstrations(demos, trajectory_columns={"age": age, "animal": np.arange(60) // 2})
    options = {"shared": [1]} if case == "shared" else {}
    options |= {"covariates": ["age"]} if case == "covariates" else {}
    options |= {"units": "animal"} if case == "units" else {}
    unit_of = np.arange(60) // 2 if case == "units" else np.arange(60)
    if case == "weighted":
        demos = Demonstrations(demos, weights=1.0 + np.arange(60) % 3)
    weights = demos.weights
    model = MixtureIRL(2, world.mdp, features, l2=0.5, random_state=0, **options).fit(demos)

    design = np.stack([np.ones(60), age], axis=1) if case == "covariates" else np.ones((unit_of.max() + 1, 1))
    M = design.shape[1]

    def log_likelihood(parameters):
        phi = parameters[M:]
        coefs = np.array([[phi[1], phi[0]], [phi[2], phi[0]]]) if case == "shared" else phi.reshape(2, 2)
        odds = np.stack([np.zeros(len(design)), design @ parameters[:M]], axis=1)
        policies = [soft_value_iteration(world.mdp, features @ coef, tol=1e-13).policy for coef in coefs]
        by_class = np.zeros((unit_of.max() + 1, 2))
        for c, policy in enumerate(policies):
            chosen = np.log(policy[demos.states, demos.actions])
            np.add.at(by_class[:, c], unit_of[demos.trajectory_ids], chosen)
        joint = odds - special.logsumexp(odds, axis=1, keepdims=True) + by_class
        return (
            special.logsumexp(joint, axis=1) @ (weights if case == "weighted" else np.ones(len(joint)))
            - 0.25 * phi @ phi
        )

    theta = model.coefs_
    phi = [theta[0, 1], theta[0, 0], theta[1, 0]] if case == "shared" else theta.ravel()
    at = np.concatenate([model.membership_.parameters, phi])
    gradient = optimize.approx_fprime(at, log_likelihood, 1e-5)
    np.testing.assert_allclose(gradient, 0.0, atol=5e-3)
    h = 1e-3 * np.eye(len(at))
    H = [[log_likelihood(at + u + v) - log_likelihood(at + u - v) - log_likelihood(at - u + v) + log_likelihood(at - u - v)
          for u in h] for v in h]  # fmt: skip
    expected = np.linalg.inv(-np.array(H) / 4e-6)
    found = model.covariance_
    if case == "shared":
        np.testing.assert_array_equal(theta[0, 1], theta[1, 1])
    order = np.arange(len(at))
    if case == "shared":  # phi holds the shared coefficient, then class by class as they were fitted
        blocks = [int(np.flatnonzero(D[0])[0]) for D in model._state.designs]
        order[M:] = M + np.array([0, *blocks])
    elif blocks_swapped(model):
        order[M:] = M + np.array([2, 3, 0, 1])
    np.testing.assert_allclose(found[np.ix_(order, order)], expected, rtol=2e-3, atol=2e-5)


def blocks_swapped(model) -> bool:
    return bool(model._state.designs[0][0].argmax() != 0)


def test_trajectories_of_weight_two_are_listed_twice(world, features, demos):
    some = demos[::4]
    twice = Demonstrations(some, weights=np.full(len(some), 2.0))
    weighted = MixtureIRL(2, world.mdp, features, random_state=0).fit(twice)
    listed = MixtureIRL(2, world.mdp, features, random_state=0).fit(some + some)
    np.testing.assert_allclose(weighted.coefs_, listed.coefs_, atol=1e-5)
    np.testing.assert_allclose(weighted.standard_errors_, listed.standard_errors_, rtol=1e-5)
    assert weighted.log_likelihood_ == pytest.approx(listed.log_likelihood_)


def test_all_trajectories_of_a_unit_are_of_one_class(world, features, demos):
    by_column = MixtureIRL(2, world.mdp, features, units="animal", random_state=0).fit(demos)
    by_groups = MixtureIRL(2, world.mdp, features, random_state=0).fit(
        demos, groups=demos.columns.trajectories["animal"]
    )
    np.testing.assert_array_equal(by_column.coefs_, by_groups.coefs_)
    assert by_column.responsibilities(demos).shape == (20, 2)
    np.testing.assert_array_equal(by_column.predict(demos), np.repeat([0, 1], [12, 8]))
    assert by_column.weights_ == pytest.approx([0.6, 0.4])


def test_one_class_is_maxent_irl(world, features, demos):
    one = MaxEntIRL(world.mdp, features, objective="likelihood").fit(demos)
    mixture = MixtureIRL(1, world.mdp, features).fit(demos)
    np.testing.assert_allclose(mixture.coefs_[0], one.coef_, atol=1e-5)
    np.testing.assert_allclose(mixture.standard_errors_[0], one.standard_errors_, rtol=1e-4)
    assert mixture.bic(demos) == pytest.approx(one.summary().statistics["bic"], abs=1e-4)


def test_the_number_of_classes_is_chosen_by_bic_and_by_held_out_likelihood(world, features, demos):
    fits = {c: MixtureIRL(c, world.mdp, features, l2=1e-2, random_state=0).fit(demos) for c in (1, 2, 3)}
    assert min(fits, key=lambda c: fits[c].bic(demos)) == 2
    search = GridSearchCV(
        MixtureIRL(1, world.mdp, features, units="animal", random_state=0), {"n_components": [1, 2]}, cv=4
    ).fit(demos)
    assert search.best_params_ == {"n_components": 2}


def test_goals():
    line = MDP.from_successors([[max(s - 1, 0), min(s + 1, 6)] for s in range(7)], terminal=[])
    steps = np.zeros((7, 2, 2))
    steps[:3, :, 0] = steps[3:, :, 1] = -1.0  # costs of steps on the left and on the right
    ends, paths = np.array([0, 6]), []
    for c, coef in enumerate([[2.5, 0.8], [0.8, 2.5]]):
        for goal in ends:
            task = line.with_goal(goal)
            policy = soft_value_iteration(task, steps @ coef).policy
            paths.append(sample_demonstrations(line, policy, 15, goals=goal, max_steps=60, random_state=[c, goal]))
    demos = sum(paths[1:], paths[0])
    model = MixtureIRL(2, line, steps, l2=0.1, random_state=0).fit(demos)
    assert model.converged_
    chosen = [fit.log_probabilities(demos) for fit in model.components_]
    joint = np.stack([np.add.reduceat(p, demos.offsets[:-1]) for p in chosen], axis=1) + np.log(model.weights_)
    np.testing.assert_allclose(model.score_samples(demos), special.logsumexp(joint, axis=1), rtol=1e-12)
    assert model.log_likelihood_ > MixtureIRL(1, line, steps, l2=0.1).fit(demos).log_likelihood_


class Curved:
    """Rewards ``features @ sinh(theta)`` without a Jacobian."""

    n_parameters = 3

    def __init__(self, features):
        self.features = features

    def __call__(self, theta):
        return self.features @ np.sinh(theta)

    def vjp(self, theta, mass):
        return np.cosh(theta) * (self.features.T @ mass)


def test_any_reward_model(world, features, demos, fitted):
    model = MixtureIRL(2, world.mdp, Curved(features), n_init=2, random_state=0).fit(demos)
    assert model.converged_
    np.testing.assert_allclose(np.sinh(model.coefs_), fitted.coefs_, atol=1e-2)
    assert np.isnan(model.standard_errors_).all()


def test_equal_classes_are_said(world, features):
    alike = drawn(world.mdp, features, 0 * COEFS, (12, 0), steps=10)
    with pytest.warns(ConvergenceWarning, match="classes 0 and 1 decide alike: use fewer components"):
        MixtureIRL(2, world.mdp, features, l2=1e6, random_state=0).fit(alike)


def test_empty_classes_are_said(world, features):
    alike = drawn(world.mdp, features, COEFS, (12, 0), steps=10)
    with pytest.warns(ConvergenceWarning, match="class 1 is empty|did not converge"):
        MixtureIRL(2, world.mdp, features, random_state=0, max_iter=3).fit(alike)


def test_conventions(world, features, fitted):
    assert clone(fitted).get_params()["n_components"] == 2
    assert "share of class 1" in str(fitted.summary())
    assert list(fitted.summary().coefficients["feature"][:2]) == ["share of class 0", "share of class 1"]


def test_a_fit_can_be_pickled_and_goes_on_from_where_it_was(world, features, demos, fitted):
    other = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(other.responsibilities(demos), fitted.responsibilities(demos))
    again = other.set_params(warm_start=True).fit(demos)
    assert again.n_iter_ == 0
    np.testing.assert_allclose(again.coefs_, fitted.coefs_, atol=1e-10)
    assert str(again.summary()) != ""
