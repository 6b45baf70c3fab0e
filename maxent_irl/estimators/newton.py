"""Newton's method with a line search, for losses whose Hessian the caller provides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from .optimisers import Loss, LossPoint, Optimum, Progress

SUFFICIENT = 1e-4  # share of the decrease that the slope promises
HALVINGS = 40
SHIFTS = 30
SERVES = (
    0.1  # share of the gradient that a step may leave for the Hessian to serve once more: products with it are cheap
)


def damped_newton(
    loss: Loss,
    start: LossPoint,
    hessian: Callable[[LossPoint], NDArray],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[[Progress], None] | None = None,
) -> Optimum:
    """Minimise a loss by Newton steps, each halved until the loss falls. A Hessian serves as long as steps with it are good.

    Parameters
    ----------
    loss : Loss
    start : LossPoint
        Finite.
    hessian : function of a LossPoint
        The Hessian of the loss (K, K). Where it is not positive definite, a multiple of the identity is added.
    tol : float
        Largest gradient component per decision.
    max_iter : int
    callback : called with a `Progress` at the start and after each iteration
    """
    fit = Optimum(start, tol, message=f"max_iter={max_iter} iterations were not enough")

    def report(point: LossPoint) -> None:
        fit.point = point
        fit.loss_curve.append(point.value)
        if callback is not None:
            callback(Progress(len(fit.loss_curve) - 1, point.value, point.gradient_norm))

    report(start)
    kept: NDArray | None = None  # the Hessian while it serves
    for _ in range(max_iter):
        if fit.point.gradient_norm <= tol:
            break
        fresh = kept is None
        kept = hessian(fit.point) if kept is None else kept
        trial = _line_search(loss, fit.point, _direction(kept, fit.point.gradient))
        if trial is None:
            if not fresh:
                kept = None
                continue
            fit.message = "the step became too small to change the loss: it is at its rounding error"
            break
        if trial.gradient_norm > SERVES * fit.point.gradient_norm:
            kept = None
        report(trial)
    fit.n_iter = len(fit.loss_curve) - 1
    fit.converged = fit.point.gradient_norm <= tol
    return fit


def _direction(H: NDArray, gradient: NDArray) -> NDArray:
    largest, shift = float(np.abs(np.diag(H)).max(initial=0.0)), 0.0
    for _ in range(SHIFTS):
        try:
            return linalg.cho_solve(linalg.cho_factor(H + shift * np.eye(len(H)), lower=True), -gradient)
        except linalg.LinAlgError:
            shift = max(10 * shift, 1e-10 * largest, 1e-300)
    return -gradient


def _line_search(loss: Loss, point: LossPoint, direction: NDArray) -> LossPoint | None:
    slope, step = float(point.gradient @ direction), 1.0
    for _ in range(HALVINGS):
        trial = loss.at(point.coef + step * direction)
        if trial.inner is not None:
            if trial.value <= point.value + SUFFICIENT * step * slope:
                return trial
            close = abs(trial.value - point.value) <= 1e-12 * (1 + abs(point.value))
            if close and trial.gradient_norm < point.gradient_norm:
                return trial  # where the loss no longer resolves progress, the gradient still does
        step /= 2
    return None
