"""Tests between models: closed forms, calibration under the null, and refusals."""

import numpy as np
import pytest
from scipy import stats

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.uncertainty import likelihood_ratio_test, wald_test
from maxent_irl.worlds import GridWorld


@pytest.fixture(scope="module")
def restricted(world, features, demos):
    return MaxEntIRL(world.mdp, features[:, :2], objective="likelihood").fit(demos)


def test_likelihood_ratio(restricted, fitted, demos):
    result = likelihood_ratio_test(restricted, fitted)
    gain = (fitted.score(demos) - restricted.score(demos)) * demos.n_decisions
    assert result.statistic == pytest.approx(2 * gain, rel=1e-6)
    assert result.degrees_of_freedom == 1
    assert result.p_value == pytest.approx(stats.chi2.sf(2 * gain, 1))
    assert "likelihood-ratio test: chi-squared(1) = " in str(result)


def test_three_tests_agree_on_one_coefficient(restricted, fitted):
    """Wald's statistic of one coefficient is z squared, and near the likelihood ratio in large samples."""
    z = fitted.summary().coefficients["z"][2]
    wald = wald_test(fitted, {"centre": 0.0})
    assert wald.statistic == pytest.approx(z**2)
    assert wald.p_value == pytest.approx(fitted.summary().coefficients["p_value"][2])
    assert wald.statistic == pytest.approx(likelihood_ratio_test(restricted, fitted).statistic, rel=0.1)


def test_linear_restrictions(fitted):
    R, q = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, -2.0]]), np.array([0.4, -0.6])
    for kind in ("observed", "robust"):
        C = fitted.coefficient_covariance(kind).matrix
        gap = R @ fitted.coef_ - q
        wanted = gap @ np.linalg.solve(R @ C @ R.T, gap)
        result = wald_test(fitted, R, q, kind=kind)
        assert result.statistic == pytest.approx(wanted)
        assert result.degrees_of_freedom == 2
        assert kind in result.description
    doubled = wald_test(fitted, np.vstack([R, R[0] + R[1]]), np.append(q, q.sum()))
    assert doubled.degrees_of_freedom == 2
    assert doubled.statistic == pytest.approx(wald_test(fitted, R, q).statistic)


@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
def test_p_values_are_uniform_if_the_restriction_holds(world, features, objective):
    policy = soft_value_iteration(world.mdp, features @ np.array([1.0, -0.5, 0.0])).policy
    p = []
    for seed in range(60):
        demos = sample_demonstrations(world.mdp, policy, 150, max_steps=20, random_state=seed)
        fit = MaxEntIRL(world.mdp, features, objective=objective).fit(demos)
        p.append(wald_test(fit, [[0.0, 0.0, 1.0], [1.0, 2.0, 0.0]]).p_value)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_what_cannot_be_compared(world, features, demos, fitted, restricted, matched):
    with pytest.raises(ValueError, match="feature matching, which is no likelihood"):
        likelihood_ratio_test(restricted, matched)
    penalised = MaxEntIRL(world.mdp, features, objective="likelihood", l2=1.0).fit(demos)
    with pytest.raises(ValueError, match="full model was fitted with l2=1"):
        likelihood_ratio_test(restricted, penalised)
    other = MaxEntIRL(world.mdp, features, objective="likelihood").fit(demos[:200])
    with pytest.raises(ValueError, match="different demonstrations"):
        likelihood_ratio_test(restricted, other)
    with pytest.raises(ValueError, match="wrong way round"):
        likelihood_ratio_test(fitted, restricted)
    worse = MaxEntIRL(world.mdp, np.random.default_rng(0).normal(size=(25, 3)), objective="likelihood").fit(demos)
    with pytest.raises(ValueError, match="no special case"):
        likelihood_ratio_test(restricted, worse)


def test_models_that_are_not_nested_are_refused(world, features, demos, fitted):
    options = {"objective": "likelihood"}
    foreign = MaxEntIRL(world.mdp, features[:, :1] ** 2, feature_names=["square"], **options).fit(demos)
    with pytest.raises(ValueError, match="'square' of the restricted model is no combination"):
        likelihood_ratio_test(foreign, fitted)
    shortsighted = MaxEntIRL(world.mdp.replace(discount=0.5), features[:, :1], **options).fit(demos)
    with pytest.raises(ValueError, match="the models differ in mdp, so"):
        likelihood_ratio_test(shortsighted, fitted)
    prior = np.full(5, 0.2)
    habitual = MaxEntIRL(world.mdp, features[:, :1], action_prior=prior, **options).fit(demos)
    with pytest.raises(ValueError, match="the models differ in action_prior, so"):
        likelihood_ratio_test(habitual, fitted)
    lucky = MaxEntIRL(world.mdp, features[:, :1], inference="exact", **options).fit(demos)
    with pytest.raises(ValueError, match=r"differ in inference \('exact' and 'variational'\)"):
        likelihood_ratio_test(lucky, fitted)


def test_nesting_is_seen_through_other_units_and_forms(world, features, demos, fitted):
    """Combinations of features, features repeated per action, an equal MDP, and another temperature are special cases."""
    combined = features[:, :2] @ np.array([[1e8, 0.0], [2e8, 1e-8]])
    per_action = np.repeat(combined[:, None], 5, axis=1)
    twin = GridWorld(5, slip=0.1, discount=0.9).mdp
    plain = MaxEntIRL(world.mdp, features[:, :2], objective="likelihood").fit(demos)
    expected = likelihood_ratio_test(plain, fitted)
    for mdp, given, temperature in ((world.mdp, per_action, 1.0), (twin, combined, 1.0), (world.mdp, combined, 2.0)):
        model = MaxEntIRL(mdp, given, temperature=temperature, objective="likelihood").fit(demos)
        result = likelihood_ratio_test(model, fitted)
        assert result.statistic == pytest.approx(expected.statistic, abs=1e-5)
        assert result.degrees_of_freedom == 1


@pytest.mark.parametrize(
    ("restrictions", "values", "message"),
    [
        ({"middle": 0}, None, "no feature 'middle'; there are north, east, centre"),
        ({"north": 0}, [0.0], "given with the names"),
        ([[1.0, 0.0]], None, r"rows of 3 numbers.*\(1, 2\)"),
        ([[0.0, 0.0, 0.0]], None, "not all zero in any row; restriction 0 is not"),
        ([1.0, 0.0, 0.0], [1.0, 2.0], "values must hold 1 number"),
        ({}, None, "there are none"),
        ([[1.0, 0.0, 0.0], [float("nan"), 1.0, 0.0]], None, "restriction 1 is not"),
        ({"north": "a"}, None, "the values of restrictions must hold numbers"),
        ([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]], [1.0, 3.0], "restrictions 0 and 1 contradict one another"),
        (
            [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]],
            [5.0, 1.0, 2.0, 4.0],
            "restrictions 1, 2 and 3 contradict one another",
        ),
    ],
)
def test_impossible_restrictions(fitted, restrictions, values, message):
    with pytest.raises(ValueError, match=message):
        wald_test(fitted, restrictions, values)


def test_restrictions_on_flat_directions(world, features, demos):
    with pytest.warns(UserWarning, match="do not determine"):
        fit = MaxEntIRL(world.mdp, np.hstack([features, features[:, :1]]), objective="likelihood").fit(demos)
    with pytest.raises(ValueError, match="say nothing about restriction 0"):
        wald_test(fit, [1.0, 0, 0, 0])
    together = wald_test(fit, [1.0, 0, 0, 1.0])  # their sum is determined
    assert together.p_value < 1e-3
