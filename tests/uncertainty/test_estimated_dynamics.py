"""Joint errors of coefficients and estimated dynamics: Rust's published ones, and scores by differences."""

import numpy as np
import pytest
from scipy import sparse

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.datasets import load_bus_engine
from maxent_irl.uncertainty import covariance_with_estimated_dynamics
from maxent_irl.worlds import BusEngine


def usage_derivatives(n_states, n_usages):
    """Derivatives of the transitions with respect to all usage probabilities but the last, which makes them sum to 1."""

    def moved(bins):
        start = np.concatenate([np.arange(n_states), np.zeros(n_states, dtype=int)])
        ahead = np.minimum(start + bins, n_states - 1)
        return sparse.csr_array(
            (np.ones(2 * n_states), (np.arange(2 * n_states), ahead)), shape=(2 * n_states, n_states)
        )

    return [moved(j) - moved(n_usages - 1) for j in range(n_usages - 1)]


def usage_scores(usage, probabilities):
    """Derivative of the log probability of each usage with respect to all probabilities but the last."""
    scores = np.zeros((len(usage), len(probabilities) - 1))
    for j in range(len(probabilities) - 1):
        scores[usage == j, j] = 1 / probabilities[j]
    scores[usage == len(probabilities) - 1] = -1 / probabilities[-1]
    return scores


@pytest.mark.parametrize(("discount", "published"), [(0.9999, [1.582, 0.639]), (0.0, [0.7197, 13.778])])
def test_published_standard_errors(real_data, discount, published):
    table = np.genfromtxt(real_data / "rust_bus_group4" / "bus_group4.csv", delimiter=",", names=True)
    table = table[table["period"] > 0]
    table = table[np.lexsort((table["period"], table["bus_id"]))]  # the order of the demonstrations
    data = load_bus_engine(discount=discount)
    assert (table["state"] == data.demonstrations.states).all()
    fit = MaxEntIRL(data.mdp, data.features, objective="likelihood", tol=1e-9).fit(data.demonstrations)
    # A month's usage is what led to its state, recorded with it.
    scores = usage_scores(table["usage"], data.world.usage_probabilities)
    covariance = covariance_with_estimated_dynamics(fit, usage_derivatives(90, 3), scores)
    np.testing.assert_allclose(covariance.standard_errors, published, rtol=5e-4)
    assert "2 parameters of the dynamics" in covariance.description


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
    own = usage_scores(demos.next_states - np.where(demos.actions == 1, 0, demos.states), engine.usage_probabilities)
    joint = np.column_stack([*d_theta, np.column_stack(d_psi) + own])
    wanted = np.linalg.inv(joint.T @ joint)[:2, :2]
    found = covariance_with_estimated_dynamics(fit, usage_derivatives(12, 3), own)
    np.testing.assert_allclose(found.matrix, wanted, rtol=1e-4)
    alone = fit.coefficient_covariance("opg").matrix
    assert (np.diag(found.matrix) > np.diag(alone)).all()  # what is estimated too is known less well


def test_impossible_requests_are_refused(engine_fit):
    engine, demos, fit = engine_fit
    with pytest.raises(ValueError, match="transition_scores must have shape"):
        covariance_with_estimated_dynamics(fit, usage_derivatives(12, 3), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"must have shape \(24, 12\); got \(22, 11\)"):
        covariance_with_estimated_dynamics(fit, usage_derivatives(11, 3), np.zeros((demos.n_decisions, 2)))
    matched = MaxEntIRL(engine.mdp, engine.features).fit(demos)
    with pytest.raises(ValueError, match='objective="likelihood"'):
        covariance_with_estimated_dynamics(matched, [], np.zeros((demos.n_decisions, 0)))
