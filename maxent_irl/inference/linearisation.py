"""The soft Bellman equation linearised at a policy: expectation, policy evaluation, and its adjoint, the flow.

Everything beyond the nonlinear backup is linear algebra with one matrix, ``I - discount * P_policy``. That holds for the value
step of policy iteration, visitations, gradients, sensitivities and Hessian-vector products. `PolicySystem` holds the matrix.
`Stationary` solves with it for an infinite horizon; `Staged` replaces the solve by recursions for a finite one. Both have the
methods of `Linearisation`, with time as the leading axis, so that the objective is written once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, bicgstab, splu

from ..mdp import MDP

DIRECT_STATES = 1500  # below this a sparse factorisation beats the call overhead of Krylov iterations
KRYLOV_ITERATIONS = 1000
# On planar problems a factorisation costs about as much as this many Krylov iterations times the root of the number of states
# (nested dissection: S^1.5 operations against S per iteration). Measured on gridworlds from 64 to 512 cells a side.
FACTOR_ITERATIONS_PER_ROOT = 2.3
TYPICAL_RATE = 10.0  # Krylov iterations per decimal digit, assumed where none have been seen
REFINEMENTS = 16  # solves by the factorisation of a policy nearby that are together cheaper than one's own
CONTRACTION = 0.5  # of the residual by each of them, above which refinement stops


class SingularPolicyError(ValueError):
    """A policy under which an undiscounted problem never ends."""


class Hints(NamedTuple):
    """What one solve learnt that the next similar one can use."""

    krylov_rate: float = TYPICAL_RATE  # Krylov iterations per decimal digit
    near: PolicySystem | None = None  # system of a similar policy, whose factorisation may serve


NO_HINTS = Hints()


class PolicySystem:
    """The linear system of following one policy without a horizon: ``I - discount * P_policy``.

    Parameters
    ----------
    mdp : MDP
    policy : (A, S) array
    probabilities : (nnz,) array, optional
        Successor probabilities in place of ``mdp.transitions.data`` (exact inference: the tilted dynamics).
    hints : Hints
        The Krylov rate decides between iterating and factorising. If ``hints.near`` has been factorised, single systems are
        solved with that factorisation and iterative refinement.
    """

    def __init__(
        self, mdp: MDP, policy: NDArray, probabilities: NDArray | None = None, hints: Hints = NO_HINTS
    ) -> None:
        self.mdp, self.policy, self.probabilities, self.krylov_rate = mdp, policy, probabilities, hints.krylov_rate
        self._near = hints.near if hints.near is not None and hints.near.factorised else None
        self._factors: SuperLU | None = None
        P = mdp.transitions
        self.P = P if probabilities is None else sparse.csr_array((probabilities, P.indices, P.indptr), shape=P.shape)

    def __getstate__(self) -> dict[str, Any]:
        # Factorisations do not travel between processes: they are made again when needed.
        return {**self.__dict__, "_near": None, "_factors": None}

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """``I - discount * P_policy``, shape (S, S)."""
        return self.mdp.structure.evaluation_matrix(self.policy, self.probabilities)

    @property
    def factorised(self) -> bool:
        """Whether the factorisation is at hand."""
        return self._factors is not None

    def _direct(self, n_columns: int, rtol: float) -> bool:
        """Whether to factorise for this many right-hand sides, judging by the Krylov iterations seen so far."""
        S = self.mdp.n_states
        if S <= DIRECT_STATES or self.mdp.discount == 1.0 or self.factorised:
            return True
        expected = self.krylov_rate * -np.log10(rtol) * n_columns
        return n_columns > 1 and expected > FACTOR_ITERATIONS_PER_ROOT * np.sqrt(S)

    def prepare(self, n_columns: int) -> None:
        """Factorise now if that is the cheaper way to solve for `n_columns` right-hand sides, one after the other."""
        if (self._near is None or n_columns > 1) and self._direct(n_columns, 1e-10):
            self._factors = self._factors or _factorise(self.matrix)

    def solve(self, rhs: NDArray, *, transposed: bool = False, rtol: float = 1e-13) -> NDArray:
        """Solve ``(I - discount * P_policy) x = rhs``, or with the transpose, for rhs of shape (S,) or (S, K).

        By the factorisation of a policy nearby, or iteratively (BiCGSTAB, relative tolerance `rtol`), where that is cheaper;
        otherwise or where it stalls by one sparse factorisation, which is then kept.
        """
        if self._near is not None and not self.factorised and rhs.ndim == 1:
            x = self._refined(rhs, transposed, rtol)
            if x is not None:
                return x
            self._near = None
        if not self._direct(1 if rhs.ndim == 1 else rhs.shape[1], rtol):
            x = self._krylov(rhs, transposed, rtol)
            if x is not None:
                return x
        self._factors = self._factors or _factorise(self.matrix)
        # A block in C order would make SuperLU stride through memory, many times slower.
        return self._factors.solve(np.asfortranarray(rhs), "N" if transposed else "T")

    def _refined(self, rhs: NDArray, transposed: bool, rtol: float) -> NDArray | None:
        """Solve for (S,) by iterative refinement with the factorisation of the policy nearby; None if that is too far away."""
        near = self._near._factors if self._near is not None else None
        if near is None:
            return None
        goal = max(rtol, 1e-15) * float(np.abs(rhs).max())
        x, left, size = np.zeros_like(rhs), rhs, np.inf
        for _ in range(REFINEMENTS):
            x = x + near.solve(left, "N" if transposed else "T")
            ahead = self.expect_adjoint(self.policy * x) if transposed else self.average(self.expect(x))
            left, before = rhs - x + ahead, size
            size = float(np.abs(left).max())
            if size <= goal:
                return x
            if not size <= CONTRACTION * before:
                return None
        return None

    def _krylov(self, rhs: NDArray, transposed: bool, rtol: float) -> NDArray | None:
        A = self.matrix.T if transposed else self.matrix
        columns = rhs[:, None] if rhs.ndim == 1 else rhs
        x = np.empty(columns.shape, order="F")
        iterations = 0

        def count(_: NDArray) -> None:
            nonlocal iterations
            iterations += 1

        for k in range(columns.shape[1]):
            column = np.ascontiguousarray(columns[:, k])
            x[:, k], failed = bicgstab(A, column, rtol=rtol, atol=0.0, maxiter=KRYLOV_ITERATIONS, callback=count)
            if failed or not np.isfinite(x[:, k]).all():
                return None
        self.krylov_rate = iterations / columns.shape[1] / -np.log10(rtol)
        return x[:, 0] if rhs.ndim == 1 else x

    def expect(self, V: NDArray) -> NDArray:
        """``discount * E[V(s') | s, a]`` under these dynamics: (S,) or (S, K) to (A, S) or (A, S, K)."""
        if self.mdp.discount != 1.0:
            V = self.mdp.discount * V
        return (self.P @ V).reshape(self.mdp.n_actions, self.mdp.n_states, *V.shape[1:])

    def expect_of(self, action: int, V: NDArray) -> NDArray:
        """`expect` of one action, (S,) or (S, K), for where there is no room for all."""
        S = self.mdp.n_states
        return self.mdp.discount * (self.P[action * S : (action + 1) * S] @ V)

    def expect_adjoint(self, mass: NDArray) -> NDArray:
        """The adjoint of `expect`: where mass (A, S) or (A, S, K) on state-action pairs goes, discounted; (S,) or (S, K)."""
        return self.mdp.discount * (self._transposed @ mass.reshape(-1, *mass.shape[2:]))

    @cached_property
    def _transposed(self) -> sparse.csc_array:
        return self.mdp.structure.transposed if self.probabilities is None else self.P.T

    def average(self, values: NDArray) -> NDArray:
        """Mean over actions under the policy: (A, S) or (A, S, K) to (S,) or (S, K)."""
        return np.einsum("as,as...->s...", self.policy, values)


def _factorise(A: sparse.csr_array) -> SuperLU:
    """Factors of the transpose of A: swap the sense of the solves.

    The arrays of a CSR matrix are those of its transpose in CSC, which is what SuperLU takes. An M-matrix needs no pivoting, and
    symmetric mode keeps the fill of its ordering.
    """
    transpose = sparse.csc_array((A.data, A.indices, A.indptr), shape=A.shape)
    try:
        return splu(transpose, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError as error:
        raise SingularPolicyError(
            "policy evaluation is singular: under this policy an undiscounted problem never ends from some state; "
            "use discount < 1, a horizon, or a policy that reaches a terminal state from everywhere"
        ) from error


class Linearisation(ABC):
    """The soft Bellman equation linearised at a policy, for both kinds of horizon.

    All arrays carry a leading axis of time. A decision time t looks at the values of time ``after(t)``. With a horizon T
    there are L = T decision times and L' = T + 1 value times. Without one a single time leads to itself: L = L' = 1.

    Attributes
    ----------
    mdp : MDP
    policy : (L, A, S) array
    """

    mdp: MDP
    policy: NDArray  # (L, A, S)

    @abstractmethod
    def stages(self) -> tuple[tuple[PolicySystem, int, int], ...]:
        """One (system, decision time, time of the values after it) per decision time, the last first."""

    @abstractmethod
    def accumulate(self, gain: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Discounted sum along the policy of a gain per decision time and state: (L, S[, K]) to (L', S[, K])."""

    @abstractmethod
    def flow(self, source: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Discounted state visitations from any `source`, (L', S[, K]) to (L', S[, K]): the adjoint of `accumulate`."""

    @abstractmethod
    def prepare(self, n_columns: int) -> None:
        """Get ready to solve for `n_columns` right-hand sides, one after the other."""

    @property
    def n_value_times(self) -> int:
        """L'."""
        return 1 if self.mdp.horizon is None else self.mdp.horizon + 1

    def expect(self, V: NDArray) -> NDArray:
        """``discount * E[V(s') | s, a]``: (L', S[, K]) to (L, A, S[, K])."""
        out = np.empty((*self.policy.shape, *V.shape[2:]))
        for system, now, after in self.stages():
            out[now] = system.expect(V[after])
        return out

    def expect_adjoint(self, mass: NDArray) -> NDArray:
        """The adjoint of `expect`: where mass on state-action pairs goes, discounted; (L, A, S[, K]) to (L', S[, K])."""
        out = np.zeros((self.n_value_times, self.mdp.n_states, *mass.shape[3:]))
        for system, now, after in self.stages():
            out[after] += system.expect_adjoint(mass[now])
        return out

    def average(self, values: NDArray) -> NDArray:
        """Mean over actions under the policy: (L, A, S[, K]) to (L, S[, K])."""
        return np.einsum("tas,tas...->ts...", self.policy, values)


class Stationary(Linearisation):
    """Without a horizon: one system, solved.

    Parameters
    ----------
    system : PolicySystem
    """

    def __init__(self, system: PolicySystem) -> None:
        self.mdp, self.system, self.policy = system.mdp, system, system.policy[None]

    def stages(self) -> tuple[tuple[PolicySystem, int, int], ...]:
        """The single stage, which leads to itself."""
        return ((self.system, 0, 0),)

    def accumulate(self, gain: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Policy evaluation."""
        return self.system.solve(gain[0], rtol=rtol)[None]

    def flow(self, source: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Discounted state visitations."""
        return self.system.solve(source[0], transposed=True, rtol=rtol)[None]

    def prepare(self, n_columns: int) -> None:
        """Factorise now if that is cheaper than iterating."""
        self.system.prepare(n_columns)

    def expect(self, V: NDArray) -> NDArray:
        """As `Linearisation.expect`, without a copy."""
        return self.system.expect(V[0])[None]

    def average(self, values: NDArray) -> NDArray:
        """As `Linearisation.average`."""
        return self.system.average(values[0])[None]


class Staged(Linearisation):
    """With a horizon: recursions in time.

    Parameters
    ----------
    mdp : MDP with a horizon T
    policy : (T, A, S) array
    probabilities : sequence of T arrays (nnz,), optional
        As for `PolicySystem`.
    """

    def __init__(self, mdp: MDP, policy: NDArray, probabilities: Sequence[NDArray | None] | None = None) -> None:
        self.mdp, self.policy = mdp, policy
        tilted = [None] * len(policy) if probabilities is None else probabilities
        systems = [PolicySystem(mdp, pi, p) for pi, p in zip(policy, tilted, strict=True)]
        self._stages = tuple((systems[t], t, t + 1) for t in range(len(systems) - 1, -1, -1))

    def stages(self) -> tuple[tuple[PolicySystem, int, int], ...]:
        """One per time, the last first."""
        return self._stages

    def prepare(self, n_columns: int) -> None:
        """Nothing: recursions need no factorisation."""

    def accumulate(self, gain: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Backward recursion, exact up to rounding."""
        V = np.zeros((len(self._stages) + 1, *gain.shape[1:]))
        for system, now, after in self._stages:
            np.add(gain[now], system.average(system.expect(V[after])), out=V[now])
        return V

    def flow(self, source: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Forward recursion, exact up to rounding."""
        d = np.array(source, dtype=float)
        for system, now, after in reversed(self._stages):
            policy = system.policy.reshape(*system.policy.shape, *(1,) * (d.ndim - 2))
            d[after] += system.expect_adjoint(policy * d[now])
        return d


def linearise(mdp: MDP, policy: NDArray) -> Linearisation:
    """The linearisation at a policy (A, S), or (T, A, S) with a horizon, under the true dynamics."""
    if mdp.horizon is None:
        return Stationary(PolicySystem(mdp, policy))
    return Staged(mdp, np.broadcast_to(policy, (mdp.horizon, *policy.shape[-2:])))
