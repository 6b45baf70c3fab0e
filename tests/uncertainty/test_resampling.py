"""Bootstrap replicates are full refits of resampled demonstrations, whatever shortcut found them."""

import numpy as np
import pytest
from joblib import parallel_config
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from maxent_irl import Demonstrations, MaxEntIRL, sample_demonstrations
from maxent_irl.uncertainty import Bootstrap, bootstrap
from maxent_irl.uncertainty.resampling import _Refitter
from maxent_irl.worlds import GridWorld


@pytest.mark.parametrize(
    "options", [{}, {"l2": 3.0}, {"inference": "exact"}, {"temperature": 0.5}, {"objective": "likelihood"}]
)
def test_replicates_are_refits(world, features, demos, options):
    fit = MaxEntIRL(world.mdp, features, tol=1e-7, **options).fit(demos)
    refit = _Refitter(fit)
    rng = np.random.default_rng(0)
    for _ in range(3):
        counts = np.bincount(rng.integers(400, size=400), minlength=400).astype(float)
        whole = MaxEntIRL(world.mdp, features, tol=1e-7, **options).fit(Demonstrations(demos, weights=counts))
        np.testing.assert_allclose(refit(counts), whole.coef_, atol=0.02 * fit.standard_errors_.min())
        np.testing.assert_allclose(refit._refit(counts), whole.coef_, atol=1e-5)


def test_a_replicate_far_from_the_fit_is_a_refit_too(world, features, demos):
    """With few trajectories the curvature changes on the way, and has to be computed again."""
    few = demos[:15]
    fit = MaxEntIRL(world.mdp, features, objective="likelihood", tol=1e-8).fit(few)
    refit, rng = _Refitter(fit), np.random.default_rng(1)
    lengths = []
    for _ in range(10):
        counts = np.bincount(rng.integers(15, size=15), minlength=15).astype(float)
        quick = refit._newton(counts)
        lengths.append(np.abs(quick - fit.coef_).max() / fit.standard_errors_.max())
        np.testing.assert_allclose(quick, refit._refit(counts), atol=0.02 * fit.standard_errors_.min())
    assert max(lengths) > 1.5


def test_weights_of_trajectories_are_kept(world, features, demos):
    weights = np.where(np.arange(400) < 50, 2.0, 1.0)
    fit = MaxEntIRL(world.mdp, features, tol=1e-7).fit(Demonstrations(demos, weights=weights))
    np.testing.assert_allclose(_Refitter(fit)(np.ones(400)), fit.coef_, atol=1e-6)


def test_seeded_and_the_same_whatever_n_jobs_is(matched):
    one = bootstrap(matched, 12, random_state=4, progress=False)
    np.testing.assert_array_equal(bootstrap(matched, 12, random_state=4, n_jobs=2).coef, one.coef)
    with parallel_config("threading", n_jobs=3):
        np.testing.assert_array_equal(bootstrap(matched, 12, random_state=4).coef, one.coef)
    assert not np.array_equal(bootstrap(matched, 12, random_state=5).coef, one.coef)


def test_spread_and_intervals(matched):
    result = bootstrap(matched, 300, random_state=0)
    np.testing.assert_allclose(
        result.standard_errors, matched.coefficient_covariance("robust").standard_errors, rtol=0.15
    )
    np.testing.assert_allclose(np.sqrt(np.diag(result.covariance)), result.standard_errors)
    low, high = result.interval(0.9)
    inside = ((result.coef >= low) & (result.coef <= high)).mean(axis=0)
    np.testing.assert_allclose(inside, 0.9, atol=0.01)
    assert (np.abs(result.bias) < result.standard_errors).all()
    with pytest.raises(ValueError, match="level"):
        result.interval(90)


def test_bias_corrected_intervals():
    """Replicates of an exponential distribution around an estimate at their 25% quantile: shifted by twice z(0.25)."""
    replicates = stats.expon.ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    result = Bootstrap(replicates, stats.expon.ppf([0.25]), 0)
    wanted = stats.expon.ppf(stats.norm.cdf(2 * stats.norm.ppf(0.25) + stats.norm.ppf([0.05, 0.95])))
    found = result.interval(0.9, method="bias-corrected")
    np.testing.assert_allclose(np.concatenate(found), wanted, rtol=5e-3, atol=5e-4)
    np.testing.assert_allclose(np.concatenate(result.interval(0.9)), stats.expon.ppf([0.05, 0.95]), rtol=5e-3)


def test_groups_are_drawn_whole(world, features, demos):
    twins = demos + demos  # every trajectory twice: drawing pairs has the spread of the originals
    groups = np.tile(np.arange(400), 2)
    fit = MaxEntIRL(world.mdp, features, covariance="clustered").fit(twins, groups=groups)
    paired, single = bootstrap(fit, 200, random_state=0), bootstrap(fit, 200, groups=np.arange(800), random_state=0)
    ratio = paired.standard_errors / single.standard_errors
    np.testing.assert_allclose(ratio, np.sqrt(2), rtol=0.2)
    np.testing.assert_allclose(paired.standard_errors, fit.standard_errors_, rtol=0.2)


def test_goals_and_their_shortcut_free_path():
    rng = np.random.default_rng(0)
    world = GridWorld(3, discount=1.0)
    cost = -rng.uniform(0.5, 2, size=(9, 5, 2))
    paths = [
        ([0, 1, 2], [0, 0]),
        ([0, 3, 4], [1, 0]),
        ([8, 5, 2], [3, 3]),
        ([6, 7, 4], [0, 3]),
        ([1, 0, 1, 2], [2, 0, 0]),
    ] * 4
    demos = Demonstrations(paths, goals=[2, 4, 2, 4, 2] * 4)
    fit = MaxEntIRL(world.mdp, cost, l2=1.0, tol=1e-7).fit(demos)
    counts = np.bincount(rng.integers(20, size=20), minlength=20).astype(float)
    whole = MaxEntIRL(world.mdp, cost, l2=1.0, tol=1e-7).fit(Demonstrations(demos, weights=counts))
    np.testing.assert_allclose(_Refitter(fit)(counts), whole.coef_, atol=0.03 * fit.standard_errors_.min())


def test_undetermined_directions_stay_at_least_norm(world, features, demos):
    doubled = np.hstack([features, features[:, :1], np.ones((25, 1))])
    with pytest.warns(UserWarning, match="do not determine 2 directions"):
        fit = MaxEntIRL(world.mdp, doubled).fit(demos)
    result = bootstrap(fit, 10, random_state=0)
    np.testing.assert_allclose(result.coef[:, 0], result.coef[:, 3], atol=1e-7)
    np.testing.assert_allclose(result.coef[:, 4], 0, atol=1e-7)
    plain = bootstrap(MaxEntIRL(world.mdp, features).fit(demos), 10, random_state=0)
    np.testing.assert_allclose(result.coef[:, 0] * 2, plain.coef[:, 0], atol=0.02 * fit.standard_errors_[0])


def test_many_features_go_the_long_way(world, demos):
    world = GridWorld(17, discount=0.9)
    demos = sample_demonstrations(world.mdp, np.full((289, 5), 0.2), 30, max_steps=20, random_state=0)
    fit = MaxEntIRL(world.mdp, l2=5.0, tol=1e-5).fit(demos)
    result = bootstrap(fit, 2, random_state=0)
    assert result.coef.shape == (2, 289)
    assert (result.coef.std(axis=0) > 0).any()


def test_resamples_without_an_answer_are_left_out_and_counted():
    # A resample of one of two opposite trajectories alone sends the coefficient to infinity.
    world = GridWorld((1, 3), discount=0.5)
    demos = Demonstrations([([0, 1], [0]), ([0, 0], [2]), ([0, 1], [0])])
    fit = MaxEntIRL(world.mdp, np.array([[0.0], [1.0], [0.0]]), objective="likelihood", max_iter=15, tol=1e-12).fit(
        demos
    )
    with pytest.warns(ConvergenceWarning, match="of 40 bootstrap replicates have no maximum"):
        result = bootstrap(fit, 40, random_state=0)
    assert result.n_failed + len(result.coef) == 40
    assert 5 < result.n_failed < 25  # a third of the resamples, 27/81 plus 3/81, draw only one kind


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_replicates": 1}, "n_replicates must be an integer, 2 or more"),
        ({"n_replicates": 2, "n_jobs": "x"}, "n_jobs must be a number of workers"),
        ({"groups": [0] * 400}, "there is one"),
        ({"groups": [0, 1]}, "one label per trajectory"),
    ],
)
def test_impossible_requests_are_refused(fitted, arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap(fitted, **arguments)


def test_progress_is_shown_on_request(fitted, capsys):
    bootstrap(fitted, 3, random_state=0, progress=True)  # not a terminal: nothing
    assert capsys.readouterr().err == ""
