"""The solvers of the soft Bellman equation: policy iteration, value iteration, and the backward recursion of a horizon.

All three apply a `SoftBackup`. The first two stop where the residual certifies the error that was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .backup import LONGEST, SoftBackup, soft_maximum, tilted_probabilities
from .cycles import ImproperProblemError
from .linearisation import Linearisation, PolicySystem, SingularPolicyError, Staged, Stationary

State = TypeVar("State")
Measured = TypeVar("Measured")


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


@dataclass(frozen=True, eq=False)
class Solved:
    """Where a solver stopped, action-major.

    Attributes
    ----------
    backup : SoftBackup
        What was solved.
    V : (S,) array, or (T + 1, S) with a horizon T
    policy : (A, S) or (T, A, S) array
    converged, n_iter, residual : bool, int, float
        The residual is ``max |TV - V|``.
    Q : (A, S) array, or None with a horizon, where it follows from V
    """

    backup: SoftBackup
    V: NDArray  # (S,) or (T + 1, S)
    policy: NDArray  # (A, S) or (T, A, S)
    converged: bool
    n_iter: int
    residual: float
    Q: NDArray | None = None  # (A, S)

    @cached_property
    def linearisation(self) -> Linearisation:
        """The soft Bellman equation linearised here."""
        mdp = self.backup.mdp
        if mdp.horizon is None:
            return Stationary(PolicySystem(mdp, self.policy, self._tilt(self.V), self.backup.hints))
        return Staged(mdp, self.policy, [self._tilt(V) for V in self.V[1:]])

    def _tilt(self, V_next: NDArray) -> NDArray | None:
        exact = self.backup.inference == "exact"
        return tilted_probabilities(self.backup.mdp, V_next, self.backup.alpha) if exact else None

    @cached_property
    def error_bound(self) -> float:
        """What the residual implies for ``max |V - V*|``."""
        mdp = self.backup.mdp
        if mdp.horizon is not None:
            return 0.0
        if mdp.discount < 1.0:
            return self.residual * mdp.discount / (1.0 - mdp.discount)
        return self.residual * self.longest_time

    @cached_property
    def longest_time(self) -> float:
        """Largest expected number of decisions until the end of an undiscounted problem, infinite where it never ends."""
        try:
            time_left = self.linearisation.accumulate(self.policy.sum(axis=0)[None])
        except SingularPolicyError:
            return math.inf
        if not (time_left >= 0.0).all():  # singular but for rounding, which decides the sign
            return math.inf
        return float(time_left.max(initial=1.0))


def solve_stationary(
    backup: SoftBackup, start: ArrayLike | None, *, tol: float, max_iter: int | None, newton: bool
) -> Solved:
    """Solve an infinite-horizon problem from values (S,), or from a start of its own.

    Parameters
    ----------
    backup : SoftBackup
    start : (S,) array or None
    tol : float
        Wanted bound on the error of V, relative to ``max(1, |V|)``.
    max_iter : int or None for the default, 200 Newton steps or 1,000,000 sweeps
    newton : bool
        Policy iteration rather than value iteration.

    Raises
    ------
    ImproperProblemError
        If an undiscounted problem has no finite value.
    """
    capped = max_iter is not None
    cap = (200 if newton else 1_000_000) if max_iter is None else max_iter
    mdp, V, fresh = backup.mdp, backup.start(start), start is None
    per_step = 1.0 - mdp.discount if mdp.discount < 1.0 else 1.0
    enough, spent = math.inf, 0
    while True:  # until the certificate shows the error that `tol` allows, or as small a one as rounding does

        def tolerance(V: NDArray, enough: float = enough) -> float:
            size = backup.size(V)
            return max(min(enough, tol * per_step * max(1.0, size)), backup.rounding(size))

        done = iterate(
            V,
            measure=backup.measure if newton else backup.measure_value,
            advance=backup.newton_step if newton else backup.sweep,
            tolerance=tolerance,
            max_iter=cap - spent,
        )
        spent += done.n_iter
        _, V, Q, pi = done.measured
        if pi is None:
            V, pi = soft_maximum(Q, backup.log_prior, backup.alpha)
            V[mdp.terminal] = 0.0
        solved = Solved(backup, V, pi, done.converged, spent, done.residual, Q)
        size = backup.size(done.state)
        wanted = tol * max(1.0, size)
        exact = done.residual <= backup.rounding(size)
        if mdp.discount < 1.0 or not done.converged or exact or solved.error_bound <= wanted:
            done = done._replace(n_iter=spent)
            if _is_proper(backup, done, solved, tol, capped=capped):
                return solved
            if fresh:
                _explain_divergence(backup, done, solved)
            # From a bad start rounding errors can prevent convergence. From a lower bound, the default start, they do not.
            V, fresh, enough, spent = backup.start(None), True, math.inf, 0
        else:
            # Undiscounted, what a residual means depends on how long episodes take, which is known only now.
            enough, V = done.residual * max(wanted / solved.error_bound, 1e-3), done.state


def solve_backward(backup: SoftBackup) -> Solved:
    """Solve a finite horizon by one backward recursion, exact up to rounding."""
    mdp, T = backup.mdp, backup.mdp.horizon or 0
    V, policy = np.zeros((T + 1, mdp.n_states)), np.empty((T, mdp.n_actions, mdp.n_states))
    for t in range(T - 1, -1, -1):
        backup(V[t + 1], time=t, out=(V[t], policy[t]))
    return Solved(backup, V, policy, True, T, 0.0)


def _is_proper(backup: SoftBackup, done: Iterated, solved: Solved, tol: float, *, capped: bool) -> bool:
    """Whether the value can be finite, which is a question of undiscounted problems only.

    It is not finite in three cases. The iteration diverged. It takes more than `LONGEST` decisions to reach the end, or to add
    up to the value. Or the error bound stays large at the smallest reachable residual: then a cycle that never ends collects
    entropy without bound.
    """
    if backup.mdp.discount < 1.0:
        return True
    scale = backup.reward_scale + backup.entropy_scale
    finite = math.isfinite(done.residual) and _top(backup, done) <= LONGEST * scale
    if not (finite and done.converged):
        return finite and capped
    if not 0.0 < backup.alpha < math.inf:
        return True
    good = max(1e-3 * backup.alpha, tol * max(1.0, backup.size(done.state)))
    return solved.longest_time <= LONGEST and solved.error_bound <= good


def _top(backup: SoftBackup, done: Iterated) -> float:
    return float(np.max(done.state, where=backup.alive & ~backup.mdp.terminal, initial=-math.inf))


def _explain_divergence(backup: SoftBackup, done: Iterated, solved: Solved) -> NoReturn:
    cycles = backup.describe_cycles(solved.policy)
    raise ImproperProblemError(
        f"no finite soft value was found in {done.n_iter} steps (residual {done.residual:.3g}, largest value "
        f"{_top(backup, done):.3g}){'' if cycles is None else f': {cycles}'}. "
        "Likely causes: (a) cycles pay more than they cost. With temperature alpha every choice among n actions adds an "
        "entropy of up to alpha * log n, so costs must exceed that: make them larger or the temperature smaller; "
        "(b) the goal cannot be reached from some state by any policy of finite value; (c) max_iter is too small"
    )
