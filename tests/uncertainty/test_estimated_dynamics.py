"""Joint errors of coefficients and estimated dynamics: Rust's published ones, and scores by differences."""

import numpy as np
import pytest

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.datasets import load_bus_engine
from maxent_irl.uncertainty import covariance_with_estimated_dynamics
from maxent_irl.worlds import BusEngine


@pytest.mark.parametrize(
    ("groups", "discount", "published"),
    [
        (4, 0.9999, [1.582, 0.639]),
        (4, 0.0, [0.7197, 13.778]),
        ((1, 2, 3), 0.9999, [2.602, 1.792]),
        ((1, 2, 3), 0.0, [1.0462, 26.163]),
        ((1, 2, 3, 4), 0.9999, [1.227, 0.618]),
        ((1, 2, 3, 4), 0.0, [0.5067, 10.750]),
    ],
)
def test_published_standard_errors(real_data, groups, discount, published):
    """Rust (1987), table IX."""
    data = load_bus_engine(groups=groups, discount=discount)
    fit = MaxEntIRL(data.mdp, data.features, objective="likelihood", tol=1e-9).fit(data.demonstrations)
    engine = data.world
    scores = engine.usage_scores(data.demonstrations, data.usage)
    covariance = covariance_with_estimated_dynamics(fit, engine.usage_derivatives(), scores)
    last_digit = [10.0 ** -len(str(number).split(".")[1]) for number in published]
    assert (np.abs(covariance.standard_errors - published) <= last_digit).all()
    np.testing.assert_allclose(covariance.standard_errors, published, rtol=5e-4 if groups == 4 else 8e-4)
    assert f"{scores.shape[1]} parameters of the dynamics" in covariance.description


@pytest.fixture(scope="module")
def engine_fit():
    engine = BusEngine([0.3, 0.5, 0.2], n_states=12, discount=0.9, replacement_cost=3.0, maintenance_cost=400.0)
    policy = soft_value_iteration(engine.mdp, engine.reward).policy
    demos = sample_demonstrations(engine.mdp, policy, 40, max_steps=30, random_state=0)
    return engine, demos, MaxEntIRL(engine.mdp, engine.features, objective="likelihood", temperature=1.0).fit(demos)


def test_joint_information_by_differences(engine_fit):
    engine, demos, fit = engine_fit

    def log_policy(theta, psi):
        moved = BusEngine(np.append(psi, 1 - psi.sum()), n_states=12, discount=0.9)
        return np.log(soft_value_iteration(moved.mdp, engine.features @ theta, tol=1e-13).policy)

    psi, h = engine.usage_probabilities[:2], 1e-5
    at = demos.states, demos.actions
    steps = [(np.zeros(2), u) for u in h * np.eye(2)]
    d_psi = [(log_policy(fit.coef_, psi + u) - log_policy(fit.coef_, psi - u))[at] / (2 * h) for _, u in steps]
    d_theta = [(log_policy(fit.coef_ + u, psi) - log_policy(fit.coef_ - u, psi))[at] / (2 * h) for _, u in steps]
    own = engine.usage_scores(demos)
    joint = np.column_stack([*d_theta, np.column_stack(d_psi) + own])
    wanted = np.linalg.inv(joint.T @ joint)[:2, :2]
    found = covariance_with_estimated_dynamics(fit, engine.usage_derivatives(), own)
    np.testing.assert_allclose(found.matrix, wanted, rtol=1e-4)
    alone = fit.coefficient_covariance("opg").matrix
    assert (np.diag(found.matrix) > np.diag(alone)).all()  # what is estimated too is known less well


def test_impossible_requests_are_refused(engine_fit):
    engine, demos, fit = engine_fit
    with pytest.raises(ValueError, match="transition_scores must have shape"):
        covariance_with_estimated_dynamics(fit, engine.usage_derivatives(), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"must have shape \(24, 12\); got \(22, 11\)"):
        covariance_with_estimated_dynamics(
            fit, BusEngine([0.3, 0.5, 0.2], n_states=11).usage_derivatives(), np.zeros((demos.n_decisions, 2))
        )
    matched = MaxEntIRL(engine.mdp, engine.features, objective="feature-matching").fit(demos)
    with pytest.raises(ValueError, match='objective="likelihood"'):
        covariance_with_estimated_dynamics(matched, [], np.zeros((demos.n_decisions, 0)))
