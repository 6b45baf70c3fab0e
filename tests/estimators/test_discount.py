"""The discount as a parameter: its derivative by differences, its errors by the joint curvature, recovery."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from maxent_irl import MaxEntIRL, MixtureIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.estimators.discount import discount_score, estimate_discount
from maxent_irl.worlds import GridWorld

COEF = np.array([3.0, -2.0])


@pytest.fixture(scope="module")
def world():
    return GridWorld(4, discount=0.8, slip=0.1)


@pytest.fixture(scope="module")
def features(world):
    return world.features("smooth", n_features=2)


@pytest.fixture(scope="module")
def demos(world, features):
    policy = soft_value_iteration(world.mdp, features @ COEF).policy
    return sample_demonstrations(world.mdp, policy, 150, max_steps=20, random_state=0)


def log_likelihood(world, features, demos, coef, discount, **problem):
    mdp = world.mdp.replace(discount=discount, horizon=problem.get("horizon"))
    solution = soft_value_iteration(mdp, features @ coef, inference=problem.get("inference", "variational"), tol=1e-13)
    return solution.log_probabilities(demos.states, demos.actions, demos.times).sum()


@pytest.mark.parametrize("inference", ["variational", "exact"])
@pytest.mark.parametrize("horizon", [None, 20])
def test_the_derivative_by_differences(world, features, demos, horizon, inference):
    mdp = world.mdp.replace(horizon=horizon)
    model = MaxEntIRL(mdp, features, objective="likelihood", inference=inference).fit(demos)
    problem = {"horizon": horizon, "inference": inference}
    ends = [log_likelihood(world, features, demos, model.coef_, 0.8 + h, **problem) for h in (1e-5, -1e-5)]
    assert discount_score(model) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


def test_estimate_and_errors_are_those_of_the_joint_likelihood(world, features, demos):
    start = MaxEntIRL(world.mdp.replace(discount=0.5), features, objective="likelihood", tol=1e-9)
    found = estimate_discount(start, demos)
    assert not found.at_bound
    at = np.array([*found.coefs, found.discount])

    def f(parameters):
        return log_likelihood(world, features, demos, parameters[:2], parameters[2])

    h = np.diag([1e-3, 1e-3, 1e-4])
    slope = [(f(at + e) - f(at - e)) / (2 * e.sum()) for e in h]
    np.testing.assert_allclose(slope, 0.0, atol=2e-2)
    H = [
        [(f(at + u + v) - f(at + u - v) - f(at - u + v) + f(at - u - v)) / (4 * u.sum() * v.sum()) for u in h]
        for v in h
    ]
    errors = np.sqrt(np.diag(np.linalg.inv(-np.array(H))))
    np.testing.assert_allclose([*found.standard_errors, found.standard_error], errors, rtol=2e-3)
    assert abs(found.discount - 0.8) < 3 * found.standard_error
    assert (np.diff(found.profile[:, 0]) > 0).all()
    assert found.log_likelihood == found.profile[:, 1].max()


def test_with_classes(world, features, demos):
    other = sample_demonstrations(
        world.mdp, soft_value_iteration(world.mdp, features @ -COEF).policy, 100, max_steps=20, random_state=1
    )
    model = MixtureIRL(2, world.mdp.replace(discount=0.6), features, n_init=1, random_state=0)
    found = estimate_discount(model, demos + other)
    assert abs(found.discount - 0.8) < 3 * found.standard_error
    np.testing.assert_allclose(found.coefs, [COEF, -COEF], atol=1.5)
    again = clone(model).set_params(mdp=world.mdp.replace(discount=found.discount + 0.02)).fit(demos + other)
    assert again.log_likelihood_ < found.log_likelihood


def test_rewards_free_in_every_state_leave_the_discount_open():
    ring = GridWorld(3, discount=0.5)
    demos = sample_demonstrations(ring.mdp, ring.mdp.available / 5, 400, max_steps=20, random_state=0)
    with pytest.warns(ConvergenceWarning, match="no maximum at a discount between"):
        estimate_discount(MaxEntIRL(ring.mdp, objective="likelihood", l2=1.0), demos, bounds=(0.4, 0.6))


def test_feature_matching_is_refused(world, features, demos):
    with pytest.raises(ValueError, match='set objective="likelihood"'):
        estimate_discount(MaxEntIRL(world.mdp, features, objective="feature-matching"), demos)
