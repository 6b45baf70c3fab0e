"""DriftingIRL: limits that are other estimators, recovery, clocks, maps."""

import pickle
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_score

from maxent_irl import Demonstrations, DriftingIRL, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld

SIGMA = np.array([0.5, 0.2])
BINS = 12


@pytest.fixture(scope="module")
def world():
    return GridWorld(5, discount=0.9)


@pytest.fixture(scope="module")
def features(world):
    return world.features("smooth", n_features=2)


def walked(world, features, seed, n_bins=BINS, per_bin=15, steps=10):
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(size=(n_bins, 2)) * SIGMA, axis=0) + [1.0, -1.0]
    policies = [soft_value_iteration(world.mdp, features @ coef).policy for coef in path]
    parts = [
        sample_demonstrations(world.mdp, policy, per_bin, max_steps=steps, random_state=[seed, b])
        for b, policy in enumerate(policies)
    ]
    days = np.repeat(np.arange(n_bins), per_bin)
    return Demonstrations(sum(parts[1:], parts[0]), trajectory_columns={"day": days}), path


@pytest.fixture(scope="module")
def data(world, features):
    return walked(world, features, 0)


@pytest.fixture(scope="module")
def fitted(world, features, data):
    return DriftingIRL(world.mdp, features, clock="day", n_bins=BINS).fit(data[0])


def test_one_bin_is_maxent_irl(world, features, data):
    one = MaxEntIRL(world.mdp, features, objective="likelihood").fit(data[0])
    single = DriftingIRL(world.mdp, features, n_bins=1).fit(data[0])
    np.testing.assert_allclose(single.coef_path_[0], one.coef_, atol=1e-5)
    np.testing.assert_allclose(single.standard_errors_[0], one.standard_errors_, rtol=1e-5)
    assert single.score(data[0]) == pytest.approx(one.score(data[0]), abs=1e-9)


def test_without_a_prior_every_bin_has_a_fit_of_its_own(world, features, data):
    loose = DriftingIRL(world.mdp, features, clock="day", n_bins=BINS, smoothness=np.inf).fit(data[0])
    for b in (0, 5, BINS - 1):
        own = MaxEntIRL(world.mdp, features, objective="likelihood").fit(
            data[0][data[0].columns.trajectories["day"] == b]
        )
        np.testing.assert_allclose(loose.coef_path_[b], own.coef_, atol=1e-4)
        np.testing.assert_allclose(loose.standard_errors_[b], own.standard_errors_, rtol=1e-3)
    near = DriftingIRL(world.mdp, features, clock="day", n_bins=BINS, smoothness=1e4).fit(data[0])
    np.testing.assert_allclose(near.coef_path_, loose.coef_path_, atol=1e-4)


def test_a_stiff_prior_gives_one_reward(world, features, data):
    one = MaxEntIRL(world.mdp, features, objective="likelihood").fit(data[0])
    stiff = DriftingIRL(world.mdp, features, clock="day", n_bins=BINS, smoothness=1e-5).fit(data[0])
    np.testing.assert_allclose(stiff.coef_path_, np.tile(one.coef_, (BINS, 1)), atol=1e-4)


def test_the_walk_is_recovered(fitted, data):
    assert fitted.converged_
    np.testing.assert_allclose(fitted.sigma_, SIGMA, atol=0.35)
    assert (np.abs(fitted.coef_path_ - data[1]) < 4 * fitted.standard_errors_).all()
    assert fitted.solve(3).policy.shape == (25, 5)
    assert pickle.loads(pickle.dumps(fitted)).score(data[0]) == fitted.score(data[0])


def test_held_out_likelihood_prefers_drift(world, features, data):
    drifting = DriftingIRL(world.mdp, features, clock="day", bins=np.arange(-0.5, BINS), smoothness=0.5)
    still = MaxEntIRL(world.mdp, features, objective="likelihood")
    folds = KFold(3, shuffle=True, random_state=0)
    assert cross_val_score(drifting, data[0], cv=folds).mean() > cross_val_score(still, data[0], cv=folds).mean() + 0.01


def test_scores_are_those_of_each_bins_policy(fitted, data):
    some = data[0][::20]
    bins = some.columns.trajectories["day"]
    expected = [
        np.log(fitted.solve(b).policy[path.states[:-1], path.actions]).sum() for b, path in zip(bins, some, strict=True)
    ]
    np.testing.assert_allclose(fitted.score_samples(some), expected, rtol=1e-10)
    assert fitted.score(some) == pytest.approx(sum(expected) / some.n_decisions)


def test_empty_bins_are_interpolated_and_later_times_keep_the_last_reward(world, features, data):
    early = data[0][data[0].columns.trajectories["day"] != 5]
    model = DriftingIRL(world.mdp, features, clock="day", bins=np.arange(-0.5, BINS), smoothness=0.3).fit(early)
    assert model.decisions_per_bin_[5] == 0
    np.testing.assert_allclose(model.coef_path_[5], (model.coef_path_[4] + model.coef_path_[6]) / 2, atol=1e-6)
    assert (model.standard_errors_[5] > model.standard_errors_[4]).all()
    late = Demonstrations(data[0][:3], trajectory_columns={"day": np.full(3, 99)})
    np.testing.assert_array_equal(model.bin_at(late), BINS - 1)


def test_clocks_by_step_column_and_date(world, features, data):
    demos = data[0]
    dates = np.datetime64("2020-01-01") + demos.columns.trajectories["day"].astype("timedelta64[D]")
    dated = Demonstrations(demos, decision_columns={"when": dates[demos.trajectory_ids]})
    options = {"n_bins": 4, "smoothness": 0.3}
    by_day = DriftingIRL(world.mdp, features, clock="day", **options).fit(demos)
    by_date = DriftingIRL(world.mdp, features, clock="when", **options).fit(dated)
    np.testing.assert_allclose(by_date.coef_path_, by_day.coef_path_, atol=1e-6)
    by_step = DriftingIRL(world.mdp, features, **options).fit(demos)
    np.testing.assert_array_equal(by_step.decisions_per_bin_, np.histogram(demos.times, 4)[0])
    assert clone(by_step).get_params()["n_bins"] == 4


def test_cost_is_linear_in_bins(world, features):
    demos = sample_demonstrations(world.mdp, world.mdp.available / 5, 100, max_steps=100, random_state=0)
    seconds = []
    for n in (50, 400):
        start = time.process_time()
        DriftingIRL(world.mdp, features, n_bins=n, smoothness=0.1).fit(demos)
        seconds.append(time.process_time() - start)
    assert seconds[1] < 3 * 8 * seconds[0]


def test_undetermined_directions_stay_at_zero(world, data):
    ones = np.concatenate([world.features("smooth", n_features=2), np.ones((25, 1))], axis=1)
    model = DriftingIRL(world.mdp, ones, clock="day", n_bins=4, smoothness=0.5)
    found = model.fit(data[0])
    np.testing.assert_allclose(found.coef_path_[:, 2], 0.0, atol=1e-6)


def test_goal_maps():
    """Two maps whose weights cross over."""
    world, rng = GridWorld(3, discount=0.9), np.random.default_rng(0)
    maps = np.zeros((2, 9))
    maps[0, 0] = maps[1, 8] = 3.0
    weights = np.stack([np.linspace(1, 0, 8), np.linspace(0, 1, 8)], axis=1)
    parts = [
        sample_demonstrations(
            world.mdp, soft_value_iteration(world.mdp, w @ maps).policy, 40, max_steps=25, random_state=rng
        )
        for w in weights
    ]
    demos = Demonstrations(sum(parts[1:], parts[0]), trajectory_columns={"day": np.repeat(np.arange(8), 40)})
    model = DriftingIRL(
        world.mdp, clock="day", n_bins=8, n_maps=2, l2=0.3, smoothness=0.2, n_init=2, max_iter=30, random_state=0
    ).fit(demos)
    assert (np.diff(model.log_posterior_curve_) > -1e-6).all()
    assert np.ptp(model.start_values_) < 0.5
    truth, found = weights @ maps, model.coef_path_
    centred = [x - x.mean(axis=1, keepdims=True) for x in (truth, found)]
    assert np.corrcoef(centred[0].ravel(), centred[1].ravel())[0, 1] > 0.9
    assert model.map_weight_errors_.shape == (8, 2)
    np.testing.assert_allclose(found, model.map_weights_ @ model.maps_)


@pytest.mark.slow
def test_bands_cover_the_truth(world, features):
    inside = []
    for seed in range(25):
        demos, path = walked(world, features, seed + 100)
        model = DriftingIRL(world.mdp, features, clock="day", n_bins=BINS).fit(demos)
        inside.append(np.abs(model.coef_path_ - path) < 1.96 * model.standard_errors_)
    assert 0.90 <= np.mean(inside) <= 0.98
