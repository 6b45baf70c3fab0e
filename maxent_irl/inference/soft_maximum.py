"""Numerics shared by every rung: the soft maximum over actions, and the one loop that iterates to a tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

State = TypeVar("State")
Measured = TypeVar("Measured")

BLOCK = 1 << 14  # states per block: (5 actions, 16384 states) of float64 stay in a core's second-level cache


def soft_maximum(
    Q: NDArray,
    log_prior: NDArray | None,
    temperature: float,
    *,
    policy: bool = True,
    out: tuple[NDArray, NDArray] | None = None,
):
    """Soft maximum over actions, and the policy that attains it.

        V(s) = alpha log sum_a p(a|s) exp(Q(s,a) / alpha),     pi(a|s) = p(a|s) exp((Q(s,a) - V(s)) / alpha)

    Parameters
    ----------
    Q : (A, S) array, -inf where an action is not to be chosen
    log_prior : (A, S) array or None for p = 1
    temperature : alpha; 0 takes the maximum (ties share the probability in proportion to the prior), infinity the
        mean under the prior (uniform over the available actions when there is none).
    policy : whether to return the policy as well
    out : arrays (S,) and (A, S) to write both to

    Returns
    -------
    V : (S,) array, -inf where no action can be chosen
    pi : (A, S) array with columns that sum to 1 (to 0 where no action can be chosen), or None
    """
    A, S = Q.shape
    V, pi = (np.empty(S), np.empty((A, S)) if policy else None) if out is None else out
    rule = _limit_block if temperature in (0.0, math.inf) else _soft_block
    if S <= BLOCK:
        rule(Q, log_prior, temperature, V, pi)
        return V, pi
    for start in range(0, S, BLOCK):
        cut = slice(start, min(start + BLOCK, S))
        rule(
            Q[:, cut],
            None if log_prior is None else log_prior[:, cut],
            temperature,
            V[cut],
            None if pi is None else pi[:, cut],
        )
    return V, pi


def _soft_block(Q, log_prior, alpha, V, pi) -> None:
    logits = np.divide(Q, alpha, out=pi)
    if log_prior is not None:
        logits += log_prior
    top = np.maximum.reduce(logits, axis=0)
    # A state without any choosable action has top = -inf; -inf - -inf would be NaN, so it is shifted by 0 instead.
    dead = None if math.isfinite(np.add.reduce(top)) else ~np.isfinite(top)
    if dead is not None:
        top = np.where(dead, 0.0, top)
    logits -= top
    np.exp(logits, out=logits)
    total = np.add.reduce(logits, axis=0)
    if dead is not None:
        total[dead] = 1.0
    np.log(total, out=V)
    V += top
    V *= alpha
    if dead is not None:
        V[dead] = -math.inf
    if pi is not None:
        pi /= total


def _limit_block(Q, log_prior, alpha, V, pi) -> None:
    weight = np.isfinite(Q).astype(float) if log_prior is None else np.where(np.isfinite(Q), np.exp(log_prior), 0.0)
    if alpha == 0.0:
        best = np.where(weight > 0, Q, -math.inf).max(axis=0)
        # Actions that tie in exact arithmetic differ by rounding; without a tolerance the arrows of a symmetric map flip.
        weight = np.where(Q >= best - 1e-10 * np.maximum(1.0, np.abs(best)), weight, 0.0)
    total = weight.sum(axis=0)
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    if alpha == 0.0:
        V[:] = best
    else:
        V[:] = np.where(total > 0, (weight * np.where(weight > 0, Q, 0.0)).sum(axis=0), -math.inf)
    if pi is not None:
        pi[:] = weight


class Iterated(NamedTuple, Generic[State, Measured]):
    """Where an iteration stopped: the last state, what was measured at it, and whether that was within tolerance."""

    state: State
    measured: Measured
    converged: bool
    n_iter: int
    residual: float


def iterate(
    state: State,
    *,
    measure: Callable[[State], tuple[Measured, float]],
    advance: Callable[[State, Measured], State],
    tolerance: Callable[[State], float],
    max_iter: int,
) -> Iterated[State, Measured]:
    """Advance a state until its residual is within tolerance, at most `max_iter` times.

    ``measure(state)`` returns whatever `advance` needs and the residual; ``advance(state, measured)`` returns the next state.
    ``tolerance(state)`` may depend on the state, so that no solver is asked for more digits than floating point holds. A
    residual that is NaN or infinite stops the loop as not converged.
    """
    for n_iter in range(max_iter + 1):
        measured, residual = measure(state)
        converged = bool(residual <= tolerance(state))
        if converged or n_iter == max_iter or not math.isfinite(residual):
            return Iterated(state, measured, converged, n_iter, float(residual))
        state = advance(state, measured)
    raise ValueError(f"max_iter must be >= 0; got {max_iter}")
