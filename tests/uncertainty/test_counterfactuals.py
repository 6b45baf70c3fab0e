"""Counterfactuals: nothing changes if nothing is changed; points are plain solutions; intervals match the delta method."""

import numpy as np
import pytest
from joblib import parallel_config

from maxent_irl import MDP, MaxEntIRL, expected_visitations, soft_value_iteration
from maxent_irl.uncertainty import counterfactual, policy_map
from maxent_irl.worlds import GridWorld


def test_points_are_what_solving_gives(world, features, fitted):
    initial = np.eye(25)[0]
    result = counterfactual(fitted, coef={"north": 0.2}, discount=0.5, initial=initial, n_draws=5, random_state=0)
    before = soft_value_iteration(world.mdp, features @ fitted.coef_)
    changed = world.mdp.replace(discount=0.5)
    after = soft_value_iteration(changed, features @ np.array([0.2, *fitted.coef_[1:]]))
    np.testing.assert_allclose(result.before.estimate.policy, before.policy)
    np.testing.assert_allclose(result.after.estimate.policy, after.policy)
    np.testing.assert_allclose(result.after.estimate.value, after.V)
    visits = expected_visitations(changed, after.policy, initial=initial)
    np.testing.assert_allclose(result.after.estimate.visitations, visits, atol=1e-12)
    np.testing.assert_allclose(result.after.estimate.choice_shares, visits.sum(axis=0) / visits.sum())
    assert result.after.estimate.mean_value == pytest.approx(after.V[0])
    np.testing.assert_allclose(result.difference.estimate.value, after.V - before.V)


def test_intervals_match_the_delta_method(fitted):
    result = counterfactual(fitted, coef=lambda c: 2 * c, n_draws=600, random_state=1)
    width = (result.before.upper.policy - result.before.lower.policy) / (2 * 1.96)
    np.testing.assert_allclose(width, policy_map(fitted).standard_error, rtol=0.25, atol=1e-4)


def test_differences_are_taken_draw_by_draw(fitted):
    """A change that changes nothing has a difference of exactly zero, however uncertain both sides are."""
    result = counterfactual(fitted, coef=lambda c: c, n_draws=20, random_state=0)
    assert (result.before.upper.policy > result.before.lower.policy).all()
    for end in (result.difference.lower, result.difference.upper):
        assert np.abs(end.policy).max() == 0
        assert end.mean_value == 0


def test_seeded_and_parallel(fitted):
    arguments = {"discount": 0.8, "n_draws": 6, "random_state": 3}
    one = counterfactual(fitted, **arguments)
    with parallel_config("threading"):
        two = counterfactual(fitted, **arguments, n_jobs=2)
    np.testing.assert_array_equal(one.after.upper.visitations, two.after.upper.visitations)


def test_other_features_and_dynamics(fitted, features):
    flat = counterfactual(fitted, features=np.zeros_like(features), n_draws=4, random_state=0)
    np.testing.assert_allclose(flat.after.estimate.policy, 0.2)
    assert flat.after.lower.mean_value == flat.after.upper.mean_value == pytest.approx(np.log(5) / 0.1)
    icy = GridWorld(5, slip=0.9, discount=0.9)
    slippery = counterfactual(fitted, mdp=icy.mdp, n_draws=20, random_state=0)
    assert slippery.difference.upper.mean_value < 0  # less control is worth less
    larger = GridWorld(6, slip=0.1, discount=0.9)
    elsewhere = counterfactual(
        fitted, mdp=larger.mdp, features=larger.features("smooth", n_features=3), n_draws=4, random_state=0
    )
    assert elsewhere.after.estimate.policy.shape == (36, 5)
    assert np.isnan(elsewhere.difference.estimate.policy).all()
    assert np.isfinite(elsewhere.difference.estimate.choice_shares).all()


def test_without_an_initial_distribution_the_demonstrations_start_it(world, features, demos):
    mdp = world.mdp.replace(initial=None)
    fit = MaxEntIRL(mdp, features).fit(demos)
    result = counterfactual(fit, discount=0.0, n_draws=2, random_state=0)
    first = np.bincount(demos.states[demos.offsets[:-1]], minlength=25) / len(demos)
    np.testing.assert_allclose(result.after.estimate.visitations.sum(axis=1), first)


def test_as_text(fitted):
    text = str(counterfactual(fitted, coef={"north": 0.0}, n_draws=10, random_state=0))
    assert len(text.splitlines()) == 8  # header, five actions, mean value, what the intervals are
    assert "95% intervals from 10 draws" in text
    assert all(line.count("  ") >= 3 for line in text.splitlines()[:-1])  # no column runs into the next
    assert len({len(line) for line in text.splitlines()[:-1]}) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing is changed"),
        ({"coef": {"south": 1.0}}, "no feature 'south'"),
        ({"features": np.zeros((25, 2))}, "3 columns, as before; got 2"),
        ({"discount": 0.5, "level": 95}, "level"),
        ({"discount": 0.5, "n_draws": 0}, "n_draws must be an integer, 2 or more; got 0"),
        ({"discount": 0.5, "n_draws": -3}, "n_draws must be"),
        ({"discount": 0.5, "n_jobs": "x"}, "n_jobs must be a number of workers"),
        ({"coef": lambda c: c[:1]}, "after the change must be 3 finite numbers"),
        ({"coef": [1.0, 1.0, 1.0]}, "coef must be a dict from names"),
        ({"coef": {"north": float("nan")}}, "after the change must be 3 finite numbers"),
        ({"coef": {"north": "a"}}, "coef must hold numbers"),
        ({"mdp": np.ones((3, 3, 3))}, "mdp must be an MDP with the same 5 actions as before; got ndarray"),
        ({"mdp": MDP.from_successors(np.zeros((25, 4), dtype=int), discount=0.9)}, "same 5 actions.*got one with 4"),
    ],
)
def test_impossible_requests_are_refused(fitted, arguments, message):
    with pytest.raises(ValueError, match=message):
        counterfactual(fitted, **{"n_draws": 2, **arguments})
