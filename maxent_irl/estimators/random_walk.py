r"""Coefficients that walk at random from bin to bin: the posterior's mode, its covariance and its evidence.

.. math:: \log p(\theta \mid D) = \sum_b \ell_b(\theta_b) - \frac12 \sum_{b>1} \sum_k (\theta_{bk} -
    \theta_{b-1,k})^2 / \sigma_k^2 - \frac{\lambda}{2} \sum_b |F^\top \theta_b|^2 + \text{const}.

The Hessian is block tridiagonal, with diagonal blocks off the diagonal: a band of width K. One banded Cholesky factorisation
gives the Newton step; block elimination gives the covariance of each bin and of neighbours, in time linear in the number of
bins. F spans the directions on which no decision depends; the last term keeps them at zero.

Source: Ashwood, Z., Jha, A. and Pillow, J. (2022), Dynamic inverse reinforcement learning for characterizing animal behavior,
NeurIPS; the Laplace evidence: MacKay, D. J. C. (1992), Bayesian interpolation, Neural Computation 4(3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solveh_banded

HALVINGS = 40
STEP = 1e-3  # of the differences that give third derivatives, in posterior standard deviations

Curves = Callable[
    [NDArray], tuple[float, NDArray, NDArray]
]  # (B, K) -> log-likelihood, gradients (B, K), Hessians (B, K, K)


@dataclass(frozen=True, eq=False)
class Walk:
    """The prior.

    Attributes
    ----------
    sigma : (K,) array
        Standard deviation of a step; infinite for bins that are independent.
    n_bins : int
    flat : (K, q) array
        Orthonormal basis of what is kept at zero.
    l2 : float
        Precision of a zero-mean prior on every bin's coefficients, in addition.
    """

    sigma: NDArray
    n_bins: int
    flat: NDArray
    l2: float = 0.0

    @property
    def precision(self) -> NDArray:
        """(K,) of a step."""
        return 1.0 / self.sigma**2

    def log_density(self, theta: NDArray) -> float:
        """Up to constants that depend neither on `theta` nor on sigma."""
        steps = np.diff(theta, axis=0)
        size = (self.n_bins - 1) * np.log(self.sigma[np.isfinite(self.sigma)]).sum()
        return float(
            -0.5 * (self.precision * steps**2).sum()
            - size
            - 0.5 * ((theta @ self.flat) ** 2).sum()
            - 0.5 * self.l2 * (theta**2).sum()
        )

    def gradient(self, theta: NDArray) -> NDArray:
        """(B, K)."""
        steps = np.diff(theta, axis=0) * self.precision
        out = -(theta @ self.flat) @ self.flat.T - self.l2 * theta
        out[:-1] += steps
        out[1:] -= steps
        return out

    @property
    def blocks(self) -> NDArray:
        """Diagonal blocks of the prior precision, (B, K, K)."""
        K = len(self.sigma)
        neighbours = np.full(self.n_bins, 2.0)
        neighbours[[0, -1]] = 1.0
        if self.n_bins == 1:
            neighbours[:] = 0.0
        own = self.flat @ self.flat.T + self.l2 * np.eye(K)
        return neighbours[:, None, None] * np.diag(self.precision) + own


def banded(blocks: NDArray, coupling: NDArray) -> NDArray:
    """A block-tridiagonal matrix in scipy's upper banded form, (K + 1, B K).

    Parameters
    ----------
    blocks : (B, K, K) array
    coupling : (K,) array
        Diagonal of all blocks beside the diagonal.
    """
    B, K, _ = blocks.shape
    band = np.zeros((K + 1, B * K))
    for above in range(K):
        rows = np.arange(K - above)
        columns = (np.arange(B)[:, None] * K + rows + above).ravel()
        band[K - above, columns] = blocks[:, rows, rows + above].ravel()
    if B > 1:
        band[0, K:] += np.tile(coupling, B - 1)
    return band


def solve(blocks: NDArray, coupling: NDArray, right: NDArray) -> NDArray:
    """Solve with a positive definite block-tridiagonal matrix; raises LinAlgError where it is not."""
    return solveh_banded(banded(blocks, coupling), right.ravel(), check_finite=False).reshape(right.shape)


@dataclass(frozen=True, eq=False)
class Mode:
    """The posterior at a maximum (or wherever the iteration stopped).

    Attributes
    ----------
    theta : (B, K) array
    value : float
        Log posterior up to a constant.
    log_likelihood : float
    gradient : (B, K) array
        Of the log posterior.
    curvature : (B, K, K) array
        Diagonal blocks of minus its Hessian.
    walk : Walk
    converged, n_iter : bool, int
    """

    theta: NDArray
    value: float
    log_likelihood: float
    gradient: NDArray
    curvature: NDArray
    walk: Walk
    converged: bool
    n_iter: int

    @cached_property
    def _elimination(self) -> tuple[list, float]:
        """Cholesky factors of the blocks that are left as bins are eliminated in turn, and the log determinant."""
        coupling, factors, size = -self.walk.precision, [], 0.0
        left = self.curvature[0]
        for b in range(len(self.curvature)):
            factor = cho_factor(left, check_finite=False)
            factors.append(factor)
            size += 2.0 * float(np.log(np.diag(factor[0])).sum())
            if b + 1 < len(self.curvature):
                left = self.curvature[b + 1] - coupling[:, None] * cho_solve(factor, np.diag(coupling))
        return factors, size

    @property
    def log_determinant(self) -> float:
        """Of minus the Hessian of the log posterior."""
        return self._elimination[1]

    @cached_property
    def covariances(self) -> tuple[NDArray, NDArray]:
        """Posterior covariance of each bin's coefficients, (B, K, K), and of the next bin's with its, (B - 1, K, K)."""
        B, K, _ = self.curvature.shape
        own, next_ = np.empty((B, K, K)), np.empty((B - 1, K, K))
        coupling, factors = np.diag(-self.walk.precision), self._elimination[0]
        for b in range(B - 1, -1, -1):
            own[b] = cho_solve(factors[b], np.eye(K))
            if b + 1 < B:
                carried = cho_solve(factors[b], coupling)  # D^-1 E
                own[b] += carried @ own[b + 1] @ carried.T
                next_[b] = -own[b + 1] @ carried.T
        return own, next_

    @property
    def evidence(self) -> float:
        """Laplace's approximation to the log-likelihood of sigma, up to a constant."""
        return self.value - 0.5 * self.log_determinant


def maximise(curves: Curves, walk: Walk, theta: NDArray, *, tol: float, max_iter: int) -> Mode:
    """Newton's method with halved steps; where the Hessian is not definite, its diagonal is raised.

    Parameters
    ----------
    curves : callable
        Log-likelihood of all bins, with its derivatives.
    theta : (B, K) array
        Where to start.
    tol : float
        Largest component of the gradient of the log posterior.
    """
    coupling, value = -walk.precision, -np.inf
    log_likelihood, gradient, hessians = curves(theta)
    value = log_likelihood + walk.log_density(theta)
    prior, K = walk.blocks, theta.shape[1]
    for n_iter in range(max_iter + 1):
        slope, blocks = gradient + walk.gradient(theta), prior - hessians
        if np.abs(slope).max() <= tol or n_iter == max_iter:
            break
        step, raised = None, 0.0
        while step is None:
            try:
                step = solve(blocks + raised * np.eye(K), coupling, slope)
            except LinAlgError:
                raised = max(10 * raised, 1e-8 * float(np.abs(blocks).max()))
        for halving in range(HALVINGS):
            trial = theta + 0.5**halving * step
            there = curves(trial)
            new = there[0] + walk.log_density(trial)
            if new > value - 1e-14 * abs(value):
                break
        else:
            break
        theta, value, (log_likelihood, gradient, hessians) = trial, new, there
    return Mode(theta, value, log_likelihood, slope, blocks, walk, bool(np.abs(slope).max() <= tol), n_iter)


def evidence_gradient(mode: Mode, gradients: Callable[[NDArray], NDArray]) -> NDArray:
    r"""Derivative of `Mode.evidence` with respect to log sigma, (K,).

    The mode moves with sigma, and the curvature with the mode. With :math:`\Sigma_b = U U^\top` the posterior covariance of a
    bin, the derivative of :math:`\operatorname{tr}(\Sigma_b H_b)` is the sum over columns u of the second derivative of the
    gradient along u, which differences of fourth order give.

    Parameters
    ----------
    mode : Mode
    gradients : callable
        Gradient of the log-likelihood of each bin, (B, K) -> (B, K).
    """
    walk, (own, next_) = mode.walk, mode.covariances
    steps = np.diff(mode.theta, axis=0)
    variance = np.einsum("bkk->bk", own)
    of_steps = variance[1:] + variance[:-1] - 2 * np.einsum("bkk->bk", next_)
    explicit = walk.precision * ((steps**2).sum(axis=0) + of_steps.sum(axis=0)) - (walk.n_bins - 1)
    roots = np.linalg.cholesky(own)  # columns u
    bent = np.zeros_like(mode.theta)
    middle = gradients(mode.theta)
    for j in range(mode.theta.shape[1]):
        u = roots[:, :, j]
        near = gradients(mode.theta + STEP * u) + gradients(mode.theta - STEP * u)
        far = gradients(mode.theta + 2 * STEP * u) + gradients(mode.theta - 2 * STEP * u)
        bent += (16 * near - far - 30 * middle) / (12 * STEP**2)
    carried = solve(mode.curvature, -walk.precision, bent)  # d evidence / d slope of the posterior
    # The slope of the prior moves with log sigma by -2 times the part of its gradient that feature k has.
    moved = np.zeros_like(mode.theta)
    pull = 2.0 * walk.precision * steps
    moved[:-1] -= pull
    moved[1:] += pull
    return explicit + 0.5 * (carried * moved).sum(axis=0)
