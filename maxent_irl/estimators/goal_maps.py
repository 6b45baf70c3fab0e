r"""Rewards that mix a few unknown maps with weights that walk at random: ``theta_b = sum_k w_bk u_k``.

Given the maps the posterior is concave in the weights, and given the weights in the maps, where the likelihood is. Alternating
between the two crawls along the valley in which one trades for the other; a quasi-Newton method on both at once does not. So a
start is improved by a few rounds of alternation, then jointly, and polished by a last fit of the weights.

Source: Ashwood, Z., Jha, A. and Pillow, J. (2022), Dynamic inverse reinforcement learning for characterizing animal behavior,
NeurIPS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from sklearn.utils import check_random_state

from .bin_curves import BinCurves
from .random_walk import Mode, Walk, maximise

ALTERNATIONS = 3  # before both are improved at once


@dataclass(frozen=True, eq=False)
class GoalMaps:
    """Where a start ended.

    Attributes
    ----------
    maps : (M, K) array
    weights : (B, M) array
    mode : Mode
        Of the weights given the maps; its value lacks the prior of the maps.
    value : float
        Log posterior of both, up to a constant.
    curve : list of float
        Of it, after every fit; it never falls.
    """

    maps: NDArray
    weights: NDArray
    mode: Mode
    value: float
    curve: list[float]


def fit_goal_maps(
    curves: BinCurves,
    path: NDArray,
    sigma: NDArray,
    l2: float,
    *,
    n_starts: int,
    tol: float,
    max_iter: int,
    random_state: Any,
) -> list[GoalMaps]:
    """Fit from several starts: the singular vectors of a free path (B, K), then random maps.

    Parameters
    ----------
    curves : BinCurves
    path : (B, K) array
    sigma : (M,) array
    l2 : float > 0
        Precision of the prior of the maps.
    """
    M, random = len(sigma), check_random_state(random_state)
    left, size, right = np.linalg.svd(path, full_matrices=False)
    padded = np.zeros((M, path.shape[1]))
    rank = min(M, len(size))
    padded[:rank] = right[:rank] * np.sqrt(size[:rank])[:, None]
    scale = np.abs(path).max() / np.sqrt(M) + 1e-3
    starts = [padded + 1e-3 * scale * random.standard_normal(padded.shape)]
    starts += [scale * random.standard_normal(padded.shape) for _ in range(n_starts - 1)]
    return [_fit(curves, maps, path, sigma, l2, tol, max_iter) for maps in starts]


def _fit(
    curves: BinCurves, maps: NDArray, path: NDArray, sigma: NDArray, l2: float, tol: float, max_iter: int
) -> GoalMaps:
    B, (M, K) = len(path), maps.shape
    walk = Walk(sigma, B, np.zeros((M, 0)))
    weights = np.linalg.lstsq(maps.T, path.T, rcond=None)[0].T

    def fit_weights(maps: NDArray, weights: NDArray) -> Mode:
        def of_weights(w: NDArray, *, hessian: bool = True) -> tuple[float, NDArray, NDArray]:
            value, gradient, curvature = curves(w @ maps, hessian=hessian)
            return value, gradient @ maps.T, np.einsum("mk,bkl,nl->bmn", maps, curvature, maps)

        return maximise(of_weights, walk, weights, tol=tol, max_iter=max_iter)

    def both(x: NDArray) -> tuple[float, NDArray]:
        u, w = x[: M * K].reshape(M, K), x[M * K :].reshape(B, M)
        value, gradient, _ = curves(w @ u, hessian=False)
        posterior = value + walk.log_density(w) - 0.5 * l2 * float((u**2).sum())
        return -posterior, -np.concatenate(
            [(w.T @ gradient - l2 * u).ravel(), (gradient @ u.T + walk.gradient(w)).ravel()]
        )

    def posterior(maps: NDArray, mode: Mode) -> float:
        return mode.value - 0.5 * l2 * float((maps**2).sum())

    mode = fit_weights(maps, weights)
    curve = [posterior(maps, mode)]
    for _ in range(ALTERNATIONS):
        w = mode.theta

        def of_maps(x: NDArray, w: NDArray = w) -> tuple[float, NDArray]:
            value, slope = both(np.concatenate([x, w.ravel()]))
            return value, slope[: M * K]

        maps = optimize.minimize(
            of_maps, maps.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": max_iter}
        ).x.reshape(M, K)
        mode = fit_weights(maps, w)
        curve.append(posterior(maps, mode))
    start = np.concatenate([maps.ravel(), mode.theta.ravel()])
    options = {"maxiter": 20 * max_iter, "maxfun": 40 * max_iter, "gtol": tol, "ftol": 0.0, "maxcor": 30}
    found = optimize.minimize(both, start, jac=True, method="L-BFGS-B", options=options).x
    maps, weights = found[: M * K].reshape(M, K), found[M * K :].reshape(B, M)
    sign = np.where(weights.mean(axis=0) < 0, -1.0, 1.0)
    order = np.argsort(-(np.abs(weights).mean(axis=0) * np.linalg.norm(maps, axis=1)), kind="stable")
    if (sigma != sigma[0]).any():  # each map then has a step of its own
        order = np.arange(M)
    maps, weights = (maps * sign[:, None])[order], (weights * sign)[:, order]
    mode = fit_weights(maps, weights)
    curve.append(posterior(maps, mode))
    return GoalMaps(maps, mode.theta, mode, curve[-1], curve)
