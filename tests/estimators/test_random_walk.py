"""The posterior of a random walk: against dense linear algebra and finite differences."""

import numpy as np
import pytest
from scipy import optimize, special

from maxent_irl.estimators.random_walk import Walk, evidence_gradient, maximise, solve

B, K = 6, 3


@pytest.fixture
def curves():
    """Logistic regressions, one per bin."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(B, 15, K)), rng.integers(2, size=(B, 15))

    def evaluate(theta, *, hessian=True):
        z = np.einsum("bik,bk->bi", X, theta)
        p = special.expit(z)
        value = float((y * z - np.logaddexp(0, z)).sum())
        return value, np.einsum("bik,bi->bk", X, y - p), -np.einsum("bik,bi,bil->bkl", X, p * (1 - p), X)

    return evaluate


def dense(blocks, coupling):
    A = np.zeros((B * K, B * K))
    for b in range(B):
        A[b * K : (b + 1) * K, b * K : (b + 1) * K] = blocks[b]
        if b + 1 < B:
            at = np.arange(b * K, (b + 1) * K)
            A[at, at + K] = A[at + K, at] = coupling
    return A


@pytest.mark.parametrize("flat", [np.zeros((K, 0)), np.eye(K)[:, :1]])
def test_banded_newton_is_dense_newton(curves, flat):
    walk = Walk(np.array([0.5, 0.2, 1.0]), B, flat, l2=0.1)
    mode = maximise(curves, walk, np.zeros((B, K)), tol=1e-10, max_iter=50)
    assert mode.converged
    coupling = -walk.precision
    A, right = dense(mode.curvature, coupling), np.random.default_rng(1).normal(size=(B, K))
    np.testing.assert_allclose(
        solve(mode.curvature, coupling, right).ravel(), np.linalg.solve(A, right.ravel()), rtol=1e-10
    )
    inverse = np.linalg.inv(A)
    own, next_ = mode.covariances
    for b in range(B):
        here = slice(b * K, (b + 1) * K)
        np.testing.assert_allclose(own[b], inverse[here, here], rtol=1e-10, atol=1e-14)
        if b + 1 < B:
            np.testing.assert_allclose(next_[b], inverse[(b + 1) * K : (b + 2) * K, here], rtol=1e-9, atol=1e-14)
    assert mode.log_determinant == pytest.approx(np.linalg.slogdet(A)[1], rel=1e-12)


def test_the_gradient_is_that_of_the_posterior(curves):
    walk = Walk(np.array([0.5, 0.2, 1.0]), B, np.eye(K)[:, :1], l2=0.1)
    theta = np.random.default_rng(2).normal(size=(B, K))

    def posterior(flat):
        return curves(flat.reshape(B, K))[0] + walk.log_density(flat.reshape(B, K))

    slope = curves(theta)[1] + walk.gradient(theta)
    np.testing.assert_allclose(optimize.approx_fprime(theta.ravel(), posterior, 1e-6), slope.ravel(), atol=1e-4)


def test_the_evidence_gradient_by_finite_differences(curves):
    def mode_at(log_sigma):
        return maximise(curves, Walk(np.exp(log_sigma), B, np.zeros((K, 0))), np.zeros((B, K)), tol=1e-11, max_iter=60)

    at = np.log([0.5, 0.2, 1.0])
    found = evidence_gradient(mode_at(at), lambda theta: curves(theta)[1])
    h = 1e-4
    expected = [(mode_at(at + h * e).evidence - mode_at(at - h * e).evidence) / (2 * h) for e in np.eye(K)]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_one_bin_and_independent_bins(curves):
    alone = maximise(
        curves, Walk(np.full(K, np.inf), B, np.zeros((K, 0)), l2=0.01), np.zeros((B, K)), tol=1e-10, max_iter=50
    )
    for b in range(B):
        only = np.arange(B) == b

        def of_bin(theta, only=only):
            value, gradient, hessian = curves(np.where(only[:, None], theta, 0.0))
            return value, gradient[only], hessian[only]

        one = maximise(of_bin, Walk(np.ones(K), 1, np.zeros((K, 0)), l2=0.01), np.zeros((1, K)), tol=1e-10, max_iter=50)
        np.testing.assert_allclose(alone.theta[b], one.theta[0], atol=1e-9)
