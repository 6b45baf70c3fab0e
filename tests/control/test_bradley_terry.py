import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit

from maxent_irl.control import draw_preferences, fit_bradley_terry
from maxent_irl.control.bradley_terry import PreferenceCounts


def test_outcomes_follow_the_model():
    u, n = np.array([0.0, 1.0, -0.5]), 60_000
    pairs = np.tile([[0, 1], [2, 1], [0, 2]], (n // 3, 1))
    drawn = draw_preferences(u, pairs, temperature=0.5, random_state=0)
    assert_array_equal(drawn, draw_preferences(u, pairs, temperature=0.5, random_state=0))
    assert_array_equal(np.sort(drawn, axis=1), np.sort(pairs, axis=1))
    for k, (i, j) in enumerate(pairs[:3]):
        share = (drawn[k::3, 0] == i).mean()
        assert_allclose(share, expit((u[i] - u[j]) / 0.5), atol=0.015)


@pytest.mark.parametrize("l2", [0.0, 3.0])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_the_fit_is_where_the_score_vanishes(as_sparse, l2):
    rng = np.random.default_rng(0)
    features, theta, tau = rng.normal(size=(12, 3)), np.array([1.0, -2.0, 0.5]), 0.7
    pairs = np.array([rng.choice(12, size=2, replace=False) for _ in range(4000)])
    drawn = draw_preferences(features @ theta, pairs, temperature=tau, random_state=1)
    given = sparse.csr_array(features) if as_sparse else features
    fit = fit_bradley_terry(given, drawn, temperature=tau, l2=l2)
    gaps = (features[drawn[:, 0]] - features[drawn[:, 1]]) / tau
    score = gaps.T @ expit(-gaps @ fit.coef) - l2 * fit.coef
    assert fit.converged
    assert_allclose(score, 0.0, atol=1e-2)
    information = (gaps * (expit(gaps @ fit.coef) * expit(-gaps @ fit.coef))[:, None]).T @ gaps
    deviation = np.sqrt(np.diag(np.linalg.inv(information)))
    if l2 == 0.0:
        assert (np.abs(fit.coef - theta) < 4 * deviation).all()
    assert_allclose(fit.log_likelihood, -np.logaddexp(0, -gaps @ fit.coef).sum())


def test_scale_of_the_judgements_is_the_temperature():
    rng = np.random.default_rng(0)
    pairs = np.array([rng.choice(5, size=2, replace=False) for _ in range(3000)])
    drawn = draw_preferences(np.arange(5) / 2, pairs, random_state=0)
    cold, warm = (fit_bradley_terry(np.eye(5), drawn, temperature=tau).coef for tau in (1.0, 3.0))
    assert_allclose(warm, 3.0 * cold, rtol=1e-4, atol=1e-4)
    assert_allclose(cold.mean(), 0.0, atol=1e-6)


def test_equal_comparisons_are_counted():
    seen = PreferenceCounts.of([[1, 0], [0, 1], [1, 0], [2, 0]], 3)
    assert dict(zip(zip(seen.winners, seen.losers, strict=True), seen.counts, strict=True)) == {
        (0, 1): 1.0,
        (1, 0): 2.0,
        (2, 0): 1.0,
    }


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[0, 0]], "pair 0 compares 0 with 0"),
        ([[0, 1], [1, 3]], "pair 1 compares 1 with 3"),
        ([[0.0, 1.0]], "integer array"),
        (np.empty((0, 2), dtype=int), "m >= 1"),
    ],
)
def test_wrong_pairs_are_named(pairs, message):
    with pytest.raises(ValueError, match=message):
        draw_preferences(np.zeros(3), pairs)
