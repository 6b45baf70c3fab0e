"""Path matching by hand, and metrics inside scikit-learn's cross-validation."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score

from maxent_irl import Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.metrics import (
    PathMatchScorer,
    PolicyDivergenceScorer,
    ValueDifferenceScorer,
    expected_value_difference,
    feature_gap_scorer,
    path_match,
    policy_kl,
)
from maxent_irl.worlds import GridWorld

TAKEN = [([0, 1, 2], [0, 1, 0]), ([3, 3, 3], [1, 1, 0]), ([0], [0])]
GUESS = [([0, 1, 5], [0, 0, 0]), ([3, 3], [1, 0]), ([0], [0])]


def test_shares():
    result = path_match(TAKEN, GUESS)
    np.testing.assert_allclose(result.shares, [1 / 3, 2 / 3, 1])
    assert result.mean == pytest.approx(2 / 3)
    assert result.at_least_90 == pytest.approx(1 / 3)


def test_shares_of_length_and_weights():
    lengths = np.ones((6, 2))
    lengths[0, 0] = 4.0
    weighted = Demonstrations(TAKEN, weights=[2.0, 1.0, 1.0])
    result = path_match(weighted, GUESS, lengths=lengths)
    np.testing.assert_allclose(result.shares, [4 / 6, 2 / 3, 1])
    assert result.mean == pytest.approx((2 * 4 / 6 + 2 / 3 + 1) / 4)


def test_a_long_prediction_is_not_punished_and_nothing_is_counted_twice():
    assert path_match([([0, 1], [0, 0])], [([0, 1, 2, 3], [0, 0, 0, 0])]).mean == 1
    assert path_match([([0, 0], [0, 0])], [([0], [0])]).mean == 0.5


@pytest.mark.parametrize(
    ("predicted", "lengths", "message"),
    [
        (GUESS[:2], None, "3 paths and 2 predictions"),
        (GUESS, np.ones((2, 2)), r"at least \(6, 2\); got shape \(2, 2\)"),
        (GUESS, -np.ones((6, 2)), "numbers >= 0"),
        (GUESS, np.repeat([[0.0], [1.0]], [1, 5], axis=0) * [1, 1], "path 2 has length 0"),
    ],
)
def test_bad_paths(predicted, lengths, message):
    with pytest.raises(ValueError, match=message):
        path_match(TAKEN, predicted, lengths=lengths)


@pytest.fixture(scope="module")
def problem():
    world = GridWorld(4, slip=0.1, discount=0.9)
    features = world.features("smooth", n_features=3)
    reward = features @ np.array([1.0, -0.5, 0.3])
    policy = soft_value_iteration(world.mdp, reward).policy
    return world, features, reward, policy, sample_demonstrations(world.mdp, policy, 60, max_steps=15, random_state=0)


def test_scorers_are_metrics_with_a_sign(problem):
    world, features, reward, policy, demos = problem
    fit = MaxEntIRL(world.mdp, features).fit(demos)
    rough = MaxEntIRL(world.mdp, features, tol=0.1).fit(demos)
    best = soft_value_iteration(world.mdp, fit.reward_, temperature=0).policy
    assert ValueDifferenceScorer(reward)(fit) == -expected_value_difference(world.mdp, reward, best)
    soft = -expected_value_difference(world.mdp, reward, fit.policy_, temperature=1.0)
    assert ValueDifferenceScorer(reward, temperature=1.0)(fit) == pytest.approx(soft)
    assert PolicyDivergenceScorer(policy)(fit) == -policy_kl(world.mdp, policy, fit.policy_)
    assert feature_gap_scorer(rough, demos) == pytest.approx(-np.abs(rough.feature_gap_).max(), rel=1e-6)
    assert feature_gap_scorer(fit, demos[:10]) < -1e-3
    repeat = PathMatchScorer(lambda estimator, data: data, at_least_90=True)
    assert repeat(fit, demos) == pytest.approx(1)
    assert PathMatchScorer(lambda estimator, data: data[::-1])(fit, demos) < 1.0


@pytest.mark.parametrize("name", ["value", "divergence", "gap"])
def test_cross_validation_takes_them(problem, name):
    world, features, reward, policy, demos = problem
    scoring = {
        "value": ValueDifferenceScorer(reward),
        "divergence": PolicyDivergenceScorer(policy),
        "gap": feature_gap_scorer,
    }[name]
    scores = cross_val_score(MaxEntIRL(world.mdp, features), demos, scoring=scoring, cv=3)
    assert scores.shape == (3,)
    assert (scores <= 0).all()
    search = GridSearchCV(MaxEntIRL(world.mdp, features), {"l2": [0.1, 1e6]}, scoring=scoring, cv=3).fit(demos)
    assert search.best_params_ == {"l2": 0.1}  # a penalty that forbids any reward loses by every measure
