"""Covariance, standard errors and summary as properties of a fitted estimator, and what an undetermined fit says."""

import json
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.likelihood.information import IdentifiabilityWarning
from maxent_irl.worlds import GridWorld

COEF = np.array([1.0, -0.5, 0.3])


@pytest.fixture(scope="module")
def world():
    return GridWorld(5, slip=0.1, discount=0.9)


@pytest.fixture(scope="module")
def features(world):
    return world.features("smooth", n_features=3)


@pytest.fixture(scope="module")
def demos(world, features):
    policy = soft_value_iteration(world.mdp, features @ COEF).policy
    return sample_demonstrations(world.mdp, policy, 60, max_steps=20, random_state=3)


@pytest.fixture(scope="module")
def fitted(world, features, demos):
    return MaxEntIRL(world.mdp, features, objective="likelihood", feature_names=["north", "east", "centre"]).fit(demos)


def test_observed_errors_are_those_of_numerical_curvature(fitted, demos):
    def log_likelihood(coef):
        moved = clone(fitted)
        moved.fit_ = replace(fitted.fit_, theta=coef, solution=None)
        return moved.score(demos) * demos.n_decisions

    h = 1e-3 * np.eye(3)
    at = fitted.coef_
    curvature = [
        [
            (
                log_likelihood(at + u + v)
                - log_likelihood(at + u - v)
                - log_likelihood(at - u + v)
                + log_likelihood(at - u - v)
            )
            / 4e-6
            for u in h
        ]
        for v in h
    ]
    np.testing.assert_allclose(fitted.covariance_, np.linalg.inv(-np.array(curvature)), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(fitted.standard_errors_, np.sqrt(np.diag(fitted.covariance_)))


def test_groups(world, features, demos):
    groups = np.arange(60) // 6
    fit = MaxEntIRL(world.mdp, features, covariance="clustered").fit(demos, groups=groups)
    same = fit.coefficient_covariance("clustered", groups=groups[::-1])  # other names, same groups of trajectories
    np.testing.assert_allclose(fit.covariance_, same.matrix, rtol=1e-12)
    assert "10 groups" in same.description
    with pytest.raises(ValueError, match="one label per trajectory"):
        fit.fit(demos, groups=groups[1:])


def test_nothing_is_known_before_the_fit(world):
    with pytest.raises(NotFittedError):
        _ = MaxEntIRL(world.mdp).standard_errors_
    assert not hasattr(MaxEntIRL(world.mdp), "covariance_")


def test_errors_survive_pickling(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_allclose(again.covariance_, fitted.covariance_, rtol=1e-9)


def test_temperature_is_a_unit(world, features, demos, fitted):
    hot = clone(fitted).set_params(temperature=10.0).fit(demos)
    np.testing.assert_allclose(hot.coef_, 10 * fitted.coef_, rtol=1e-4)
    for kind in ("observed", "opg", "robust"):
        ten = 10 * fitted.coefficient_covariance(kind).standard_errors
        np.testing.assert_allclose(hot.coefficient_covariance(kind).standard_errors, ten, rtol=1e-4)


def test_summary_as_data(fitted, demos):
    summary = fitted.summary(level=0.9)
    table = pd.DataFrame(summary.coefficients).set_index("feature")
    assert list(table.index) == ["north", "east", "centre"]
    np.testing.assert_allclose(table["z"], table["coefficient"] / table["standard_error"])
    np.testing.assert_allclose(table["upper"] - table["lower"], 2 * 1.6448536 * table["standard_error"], rtol=1e-6)
    assert table.loc["north", "p_value"] < 1e-6
    statistics = summary.statistics
    assert statistics["n_decisions"] == 60 * 20
    assert statistics["uniform_per_decision"] == pytest.approx(-np.log(5))
    assert statistics["uniform_per_decision"] < statistics["log_likelihood_per_decision"]
    assert statistics["log_likelihood_per_decision"] < statistics["empirical_per_decision"]
    assert statistics["aic"] == pytest.approx(6 - 2 * fitted.log_likelihood_)
    assert statistics["bic"] == pytest.approx(3 * np.log(1200) - 2 * fitted.log_likelihood_)
    assert json.loads(json.dumps(summary.to_dict()))["statistics"]["rank"] == 3


def test_trajectories_without_weight_are_not_counted(world, features, demos):
    kept, groups = demos[:20], np.arange(30) // 5
    weighted = Demonstrations(demos[:30], weights=np.repeat([1.0, 0.0], [20, 10]))
    plain = MaxEntIRL(world.mdp, features, objective="likelihood").fit(kept, groups=groups[:20])
    fit = clone(plain).fit(weighted, groups=groups)
    wanted, found = plain.summary().statistics, fit.summary().statistics
    assert (found["n_trajectories"], found["n_decisions"]) == (20, kept.n_decisions)
    for name in ("n_trajectories", "n_decisions", "bic", "log_likelihood_per_decision"):
        assert found[name] == pytest.approx(wanted[name])
    for kind in ("robust", "clustered"):
        np.testing.assert_allclose(
            fit.coefficient_covariance(kind).matrix, plain.coefficient_covariance(kind).matrix, rtol=1e-6
        )
    fit.fit(Demonstrations(demos[:2], weights=[1, 0]), groups=["a", "b"])
    with pytest.raises(ValueError, match="compares trajectories and there is only one"):
        fit.coefficient_covariance("robust")
    with pytest.raises(ValueError, match="compares groups and there is only one"):
        fit.coefficient_covariance("clustered")


def test_the_empirical_policy_is_counted_from_each_state(fitted, demos):
    counts = demos.state_action_counts(25, 5)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(counts > 0, np.log(counts / counts.sum(axis=1, keepdims=True)), 0.0)
    wanted = (counts * logs).sum() / counts.sum()
    assert fitted.summary().statistics["empirical_per_decision"] == pytest.approx(wanted)


def test_summary_as_text(fitted):
    text = str(fitted.summary())
    rows = [line for line in text.splitlines() if line.startswith(("north", "east", "centre"))]
    assert len(rows) == 3
    assert f"{fitted.coef_[0]:.4f}" in rows[0]
    assert f"{fitted.standard_errors_[0]:.4f}" in rows[0]
    assert max(map(len, text.splitlines())) <= 100
    assert "likelihood" in text
    assert "observed: inverse observed information" in text


def test_summary_says_what_errors_mean(world, features, demos):
    matching = MaxEntIRL(world.mdp, features, objective="feature-matching").fit(demos)
    assert "feature matching is no likelihood" in str(matching.summary())
    penalised = MaxEntIRL(world.mdp, features, objective="feature-matching", l2=1.0).fit(demos)
    assert "squared errors, of spread and bias, averaged over the prior" in " ".join(str(penalised.summary()).split())
    robust = MaxEntIRL(world.mdp, features, l2=1.0, covariance="robust").fit(demos)
    assert "they do not hold its bias" in " ".join(str(robust.summary()).split())
    posterior = MaxEntIRL(world.mdp, features, l2=1.0, objective="likelihood").fit(demos)
    assert "posterior standard deviations" in " ".join(str(posterior.summary()).split())
    assert posterior.summary().statistics["degrees_of_freedom"] < 3
    with pytest.warns(UserWarning, match="did not converge"):
        stopped = MaxEntIRL(world.mdp, features, max_iter=0).fit(demos)
    assert "not those of a maximum" in " ".join(str(stopped.summary()).split())
    with pytest.raises(ValueError, match="level"):
        matching.summary(level=95)


def test_summary_says_when_luck_was_taken_for_will():
    """Slippery moves and a reward per state: matching every visit of these walks predicts worse than a die does."""
    slippery = GridWorld((3, 3), slip=0.9, discount=0.95, goals=[(2, 2)])
    policy = np.full((9, 5), 0.2) * slippery.mdp.available
    walks = sample_demonstrations(slippery.mdp, policy, 8, random_state=0)
    matched = MaxEntIRL(slippery.mdp, objective="feature-matching", l2=1e-3).fit(walks).summary()
    assert matched.statistics["log_likelihood_per_decision"] < matched.statistics["uniform_per_decision"]
    assert "WORSE than choosing at random" in " ".join(matched.notes)
    assert 'objective="likelihood"' in " ".join(matched.notes)
    predicted = MaxEntIRL(slippery.mdp, l2=1e-3, objective="likelihood").fit(walks).summary()
    assert "WORSE" not in " ".join(predicted.notes)


def test_many_coefficients_are_cut_short_in_the_text_only(demos):
    world = GridWorld(7, slip=0.1, discount=0.9)
    demos = sample_demonstrations(world.mdp, np.full((49, 5), 0.2), 50, max_steps=50, random_state=0)
    summary = MaxEntIRL(world.mdp, l2=0.1).fit(demos).summary()
    assert "and 9 more" in str(summary)
    assert len(summary.coefficients["z"]) == 49
    assert summary.coefficients["feature"][48] == "state 48"


def test_too_many_coefficients_for_errors(monkeypatch, world, features, demos):
    monkeypatch.setattr("maxent_irl.estimators.fit.COVARIANCE_FEATURES", 2)
    fit = MaxEntIRL(world.mdp, features).fit(demos)
    with pytest.raises(ValueError, match="at most 2 features, or maxent_irl.uncertainty.bootstrap"):
        _ = fit.covariance_
    assert "No standard errors" in str(fit.summary())


@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gradient-ascent"])
def test_an_undetermined_model_warns_once_and_answers_with_least_norm(world, features, demos, solver):
    names = ["north", "east", "centre", "twin", "bias"]
    doubled = np.hstack([features, 2 * features[:, :1], np.ones((25, 1))])
    estimator = MaxEntIRL(world.mdp, doubled, feature_names=names, solver=solver, tol=1e-5)
    with pytest.warns(IdentifiabilityWarning) as caught:
        estimator.fit(demos, coef_init=[0.0, 0, 0, 1, 7])
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "2 directions" in message
    assert "bias" in message
    assert "north" in message
    assert "twin" in message
    assert "centre" not in message
    assert caught[0].filename == __file__
    assert estimator.coef_[4] == 0.0
    assert estimator.coef_[3] == pytest.approx(2 * estimator.coef_[0], rel=1e-6)
    plain = MaxEntIRL(world.mdp, features, tol=1e-8).fit(demos)
    np.testing.assert_allclose(estimator.reward_, plain.reward_, atol=5e-3)
    errors = estimator.standard_errors_
    np.testing.assert_allclose(errors[3], 2 * errors[0], rtol=1e-6)
    assert errors[4] == 0
    assert "The data determine 3 of 5 directions" in str(estimator.summary())


def test_a_penalty_chooses_without_a_warning(world, features, demos):
    doubled = np.hstack([features, features[:, :1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = MaxEntIRL(world.mdp, doubled, l2=1e-3).fit(demos)
    assert fit.coef_[0] == pytest.approx(fit.coef_[3], rel=1e-3)
    assert np.isfinite(fit.standard_errors_).all()


def test_rewards_per_state_have_a_free_constant_without_a_warning(world):
    demos = sample_demonstrations(world.mdp, np.full((25, 5), 0.2), 60, max_steps=20, random_state=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = MaxEntIRL(world.mdp, objective="likelihood").fit(demos)
    assert fit.coef_.sum() == pytest.approx(0, abs=1e-6)
    assert fit.information_.undetermined.shape == (25, 1)
    np.testing.assert_allclose(fit.covariance_.sum(axis=0), 0, atol=1e-6)
