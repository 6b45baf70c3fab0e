"""Errors and the bootstrap where demonstrations have goals: one problem per goal, one score per trip."""

import numpy as np
import pytest
from joblib import parallel_config

from maxent_irl import Demonstrations, MaxEntIRL
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.uncertainty import bootstrap
from maxent_irl.uncertainty.resampling import _Refitter
from maxent_irl.worlds import GridWorld, RoadNetwork

COEF = np.array([-2.0, -1.0])


def on_roads():
    """Undiscounted and deterministic: all goals share a factorisation."""
    network = RoadNetwork.grid(5, irregularity=0.15, random_state=0, states="nodes")
    slow = np.random.default_rng(0).uniform(0, 1, network.n_links)
    network = network.with_attributes(slow=slow)
    return network.mdp, network.features("length", "slow")


def on_ice():
    """Discounted and slippery: each goal is a problem of its own."""
    rng = np.random.default_rng(1)
    return GridWorld(3, slip=0.2, discount=0.95).mdp, rng.uniform(0.5, 1.5, size=(9, 5, 2))


@pytest.fixture(scope="module", params=[on_roads, on_ice])
def fitted(request):
    mdp, features = request.param()
    rng, places = np.random.default_rng(2), np.arange(mdp.n_states)
    goals = rng.choice([0, 5, 7], 120)
    first = [rng.choice(places[places != goal]) for goal in goals]
    trips = GoalPolicies(mdp, features @ COEF).sample(first, goals, random_state=rng)
    return MaxEntIRL(mdp, features, objective="likelihood", tol=1e-8).fit(trips)


def scores_by_hand(fit):
    """Derivative of each trip's log-likelihood by finite differences of its score."""
    scores = np.empty((len(fit.fit_.demonstrations), len(fit.coef_)))
    for k, step in enumerate(1e-5 * np.eye(len(fit.coef_))):
        ends = []
        for coef in (fit.coef_ + step, fit.coef_ - step):
            policies = GoalPolicies(fit.mdp, fit.features @ coef)
            data = fit.fit_.demonstrations
            log_p = policies.log_probabilities(data.states, data.actions, data.goals[data.trajectory_ids], data.times)
            ends.append(np.bincount(data.trajectory_ids, log_p))
        scores[:, k] = (ends[0] - ends[1]) / 2e-5
    return scores


def test_groups_of_one_trip_are_robust(fitted):
    n = len(fitted.fit_.demonstrations)
    robust, alone = fitted.coefficient_covariance("robust"), fitted.coefficient_covariance("clustered", np.arange(n))
    np.testing.assert_allclose(alone.matrix, n / (n - 1) * robust.matrix, rtol=1e-10)


def test_clustered_by_hand(fitted):
    """Trips in groups that cut across goals."""
    group = np.arange(120) % 12
    scores = scores_by_hand(fitted)
    summed = np.array([scores[group == g].sum(axis=0) for g in range(12)])
    bread = np.linalg.inv(fitted.information_.curvature)
    found = fitted.coefficient_covariance("clustered", [f"driver {g}" for g in group])
    np.testing.assert_allclose(found.matrix, 12 / 11 * bread @ summed.T @ summed @ bread, rtol=1e-5)
    assert "12 groups" in found.description
    robust = fitted.coefficient_covariance("robust").matrix
    np.testing.assert_allclose(robust, bread @ scores.T @ scores @ bread, rtol=1e-5)


def test_clones_in_a_group_count_once(fitted):
    """Every trip three times, grouped with its copies: the errors of the trips once; without groups a third of the variance."""
    data = fitted.fit_.demonstrations
    order = np.tile(np.arange(120), 3)
    thrice = MaxEntIRL(fitted.mdp, fitted.features, objective="likelihood", tol=1e-8, covariance="clustered")
    thrice.fit(data[order], groups=order)
    robust = fitted.coefficient_covariance("robust").matrix
    np.testing.assert_allclose(thrice.covariance_, 120 / 119 * robust, rtol=1e-4)
    np.testing.assert_allclose(thrice.coefficient_covariance("robust").matrix, robust / 3, rtol=1e-4)


def test_the_bootstrap_is_the_same_whatever_n_jobs_is(fitted):
    one = bootstrap(fitted, 8, random_state=4, progress=False)
    np.testing.assert_array_equal(bootstrap(fitted, 8, random_state=4, n_jobs=2).coef, one.coef)
    with parallel_config("threading", n_jobs=3):
        np.testing.assert_array_equal(bootstrap(fitted, 8, random_state=4).coef, one.coef)
    assert not np.array_equal(bootstrap(fitted, 8, random_state=5).coef, one.coef)


def test_the_bootstrap_is_near_the_robust_errors_and_its_replicates_are_refits(fitted):
    result = bootstrap(fitted, 100, random_state=0, progress=False)
    robust = fitted.coefficient_covariance("robust").standard_errors
    np.testing.assert_allclose(result.standard_errors, robust, rtol=0.2)  # 7% is chance
    counts = np.bincount(np.random.default_rng(3).integers(120, size=120), minlength=120).astype(float)
    quick = _Refitter(fitted)(counts)
    whole = MaxEntIRL(fitted.mdp, fitted.features, objective="likelihood", tol=1e-8)
    whole.fit(Demonstrations(fitted.fit_.demonstrations, weights=counts))
    np.testing.assert_allclose(quick, whole.coef_, atol=0.02 * robust.min())


def test_groups_are_drawn_whole(fitted):
    data, order = fitted.fit_.demonstrations, np.tile(np.arange(120), 2)
    twins = MaxEntIRL(fitted.mdp, fitted.features, objective="likelihood").fit(data[order])
    paired = bootstrap(twins, 80, groups=order, random_state=1, progress=False)
    single = bootstrap(twins, 80, random_state=1, progress=False)
    np.testing.assert_allclose(paired.standard_errors / single.standard_errors, np.sqrt(2), rtol=0.3)
