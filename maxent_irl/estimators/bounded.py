r"""Coefficients under which no move is rewarded: the maximum where it lies on that bound.

Shortest paths need costs, so the likelihood of travellers who plan with a receding horizon is defined where
:math:`\phi(s, a)^\top \theta \le 0` for every move. An optimiser without constraints stops where its steps run into the bound.
From there SLSQP (scipy) continues with the constraints that matter: those it came close to, and those that its steps violate.
The gradient at a maximum on the bound is a combination, with weights >= 0, of the features of the free moves (Karush, Kuhn and
Tucker). What is left of it is compared with the tolerance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from .optimisers import Loss, Optimum

ROUNDS = 8  # of adding violated constraints
NEAR = 1e-3  # temperatures: a move that costs less is close to free
ON_BOUND = 1e-7  # temperatures: a move that costs less is free
INSIDE = 1e-10  # temperatures: how far from the bound the solution is kept, so that every evaluation is defined
MOST_STEPS = 200


def maximise_within(fit: Optimum, moves: NDArray) -> tuple[Optimum, NDArray]:
    """Go on from where an optimiser stopped, with the constraint that no move is rewarded.

    Parameters
    ----------
    fit : Optimum
        Not converged.
    moves : (M, K) array
        Features of every move.

    Returns
    -------
    Optimum
        The better of both; converged if the conditions of a constrained maximum hold within its tolerance.
    NDArray
        (n,) positions of the moves that are free there.
    """
    loss = fit.point.loss
    unique, first = np.unique(moves, axis=0, return_index=True)
    coef = fit.point.coef
    watched = unique @ coef > -NEAR * loss.temperature
    if not watched.any():
        return fit, np.zeros(0, dtype=np.int64)
    for _ in range(ROUNDS):
        rows = unique[watched]
        limit = {
            "type": "ineq",
            "fun": lambda x, rows=rows: -rows @ x - INSIDE * loss.temperature,
            "jac": lambda x, rows=rows: -rows,
        }
        found = optimize.minimize(
            lambda x: _value(loss, x),
            coef,
            jac=lambda x: loss.at(x).gradient,
            method="SLSQP",
            constraints=[limit],
            options={"maxiter": MOST_STEPS, "ftol": 1e-15},
        )
        violated = (unique @ found.x > 0.0) & ~watched
        if not violated.any():
            break
        watched |= violated
    point = loss.at(found.x)
    if point.inner is None or point.value > fit.point.value + 1e-12:
        return fit, np.zeros(0, dtype=np.int64)
    free = unique @ found.x > -ON_BOUND * loss.temperature
    fit.point = point
    fit.n_iter += int(found.nit)
    fit.loss_curve.append(point.value)
    if fit.coef_path:
        fit.coef_path.append(point.coef.copy())
    left = _residual(point.gradient, unique[free])
    fit.converged = bool((np.abs(left) / loss.unit).max() <= fit.tol)
    fit.message = "the constrained maximum was not reached" if not fit.converged else fit.message
    return fit, first[free]


def _value(loss: Loss, coef: NDArray) -> float:
    """The loss; a high number outside of where it is defined, from which line searches come back."""
    value = loss.at(coef).value
    return value if np.isfinite(value) else 1e6


def _residual(gradient: NDArray, free: NDArray) -> NDArray:
    """What the features of free moves, weighted by numbers >= 0, leave of minus the gradient; (K,)."""
    if not len(free):
        return gradient
    size = np.linalg.norm(free, axis=1)
    weights = optimize.nnls((free / size[:, None]).T, -gradient)[0]
    return -gradient - (free / size[:, None]).T @ weights
