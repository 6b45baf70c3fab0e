"""The soft Bellman equation linearised at a policy: expectation, policy evaluation, and its adjoint, the flow.

Everything beyond the nonlinear backup itself is linear algebra with one matrix, ``I - discount * P_policy``: the value step
of policy iteration, visitations, gradients, sensitivities and Hessian-vector products. `Stationary` holds that matrix for an
infinite horizon and `Staged` does the same by recursion for a finite one, behind the same methods, so that the objective is
written once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import SuperLU, bicgstab, splu

if TYPE_CHECKING:
    from .mdp import MDP

DIRECT_STATES = 1500  # below this a sparse factorisation beats the call overhead of Krylov iterations
KRYLOV_ITERATIONS = 1000
# On planar problems a factorisation costs about as much as this many Krylov iterations times the root of the number of states
# (nested dissection: S^1.5 operations against S per iteration). Measured on gridworlds from 64 to 512 cells a side.
FACTOR_ITERATIONS_PER_ROOT = 2.3
TYPICAL_RATE = 10.0  # Krylov iterations per decimal digit, assumed where none have been seen
REFINEMENTS = 16  # solves by the factorisation of a policy nearby that are together cheaper than one's own
CONTRACTION = 0.5  # of the residual by each of them, above which it is not worth going on


class SingularPolicyError(ValueError):
    """A policy under which an undiscounted problem never ends."""


class Stationary:
    """Linearisation of an infinite-horizon problem at a policy.

    Parameters
    ----------
    mdp : MDP
    policy : (A, S) array
    probabilities : (nnz,) array, optional
        Successor probabilities in place of ``mdp.transitions.data`` (exact inference: the tilted dynamics).
    krylov_rate : float
        Krylov iterations per decimal digit seen on a similar system, from which the choice of solver is made.
    near : Stationary, optional
        One of a similar policy: if it has been factorised, single systems are solved by that factorisation and refined.
    """

    def __init__(
        self,
        mdp: MDP,
        policy: NDArray,
        probabilities: NDArray | None = None,
        krylov_rate: float = TYPICAL_RATE,
        near: Stationary | None = None,
    ) -> None:
        self.mdp, self.policy, self.probabilities, self.krylov_rate = mdp, policy, probabilities, krylov_rate
        self._near = near if near is not None and near.factorised else None
        P = mdp.transitions
        self.P = P if probabilities is None else sparse.csr_array((probabilities, P.indices, P.indptr), shape=P.shape)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """``I - discount * P_policy``, shape (S, S)."""
        return self.mdp.structure.evaluation_matrix(self.policy, self.probabilities)

    @cached_property
    def _lu(self) -> SuperLU:
        # The arrays of a CSR matrix are those of its transpose in CSC, which is what SuperLU wants: factorise the transpose
        # and swap the sense of the solves. An M-matrix needs no pivoting, and symmetric mode keeps the fill of its ordering.
        A = self.matrix
        transpose = sparse.csc_array((A.data, A.indices, A.indptr), shape=A.shape)
        try:
            return splu(transpose, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        except RuntimeError as error:
            raise SingularPolicyError(
                "policy evaluation is singular: under this policy an undiscounted problem never ends from some state; "
                "use discount < 1, a horizon, or a policy that reaches a terminal state from everywhere"
            ) from error

    @property
    def factorised(self) -> bool:
        """Whether the factorisation is at hand."""
        return "_lu" in self.__dict__

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
            _ = self._lu

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
        # A block in C order would make SuperLU stride through memory, many times slower.
        return self._lu.solve(np.asfortranarray(rhs), "N" if transposed else "T")

    def _refined(self, rhs: NDArray, transposed: bool, rtol: float) -> NDArray | None:
        """Solve for (S,) by iterative refinement with the factorisation of the policy nearby; None if that is too far away."""
        goal = max(rtol, 1e-15) * float(np.abs(rhs).max())
        x, left, size = np.zeros_like(rhs), rhs, np.inf
        for _ in range(REFINEMENTS):
            x = x + self._near._lu.solve(left, "N" if transposed else "T")
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

    def expect_adjoint(self, mass: NDArray) -> NDArray:
        """The adjoint of `expect`: where mass (A, S) on state-action pairs goes, discounted; (S,)."""
        return self.mdp.discount * (self._transposed @ mass.ravel())

    @cached_property
    def _transposed(self) -> sparse.csc_array:
        return self.mdp.structure.transposed if self.probabilities is None else self.P.T

    def accumulate(self, gain: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Discounted sum along this policy of a gain per state, (S,) or (S, K): policy evaluation."""
        return self.solve(gain, rtol=rtol)

    def average(self, values: NDArray) -> NDArray:
        """Mean over actions under the policy: (A, S) or (A, S, K) to (S,) or (S, K)."""
        return np.einsum("as,as...->s...", self.policy, values)

    def flow(self, source: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """Discounted state visitations from `source`, any right-hand side, (S,): the adjoint of `accumulate`."""
        return self.solve(source, transposed=True, rtol=rtol)

    def stages(self) -> tuple[tuple[Stationary, slice, slice], ...]:
        """The single stage: (linearisation, index of its states, index of the states after them)."""
        return ((self, slice(None), slice(None)),)


class Staged:
    """Linearisation of a finite-horizon problem at a policy; arrays carry a leading axis of time.

    Parameters
    ----------
    mdp : MDP with a horizon T
    policy : (T, A, S) array
    probabilities : sequence of T arrays (nnz,), optional
    """

    def __init__(self, mdp: MDP, policy: NDArray, probabilities: list[NDArray] | None = None) -> None:
        self.mdp, self.policy, self.probabilities = mdp, policy, probabilities

    @cached_property
    def steps(self) -> list[Stationary]:
        """The linearisation of each time."""
        tilted = [None] * len(self.policy) if self.probabilities is None else self.probabilities
        return [Stationary(self.mdp, pi, p) for pi, p in zip(self.policy, tilted, strict=True)]

    def expect(self, V: NDArray) -> NDArray:
        """As `Stationary.expect`: (T + 1, S) or (T + 1, S, K) to (T, A, S) or (T, A, S, K)."""
        out = np.empty((*self.policy.shape, *V.shape[2:]))
        for t, step in enumerate(self.steps):
            out[t] = step.expect(V[t + 1])
        return out

    def expect_adjoint(self, mass: NDArray) -> NDArray:
        """As `Stationary.expect_adjoint`: (T, A, S) to (T + 1, S), nothing arriving at time 0."""
        out = np.zeros((len(self.steps) + 1, self.mdp.n_states))
        for t, step in enumerate(self.steps):
            out[t + 1] = step.expect_adjoint(mass[t])
        return out

    def average(self, values: NDArray) -> NDArray:
        """Mean over actions under the policy: (T, A, S) or (T, A, S, K) to (T, S) or (T, S, K)."""
        return np.einsum("tas,tas...->ts...", self.policy, values)

    def accumulate(self, gain: NDArray, *, rtol: float = 0.0) -> NDArray:
        """Discounted sum along this policy of a gain per time and state, (T, S[, K]), as (T + 1, S[, K])."""
        V = np.zeros((len(self.steps) + 1, *gain.shape[1:]))
        for t in range(len(self.steps) - 1, -1, -1):
            step = self.steps[t]
            np.add(gain[t], step.average(step.expect(V[t + 1])), out=V[t])
        return V

    def flow(self, source: NDArray, *, rtol: float = 0.0) -> NDArray:
        """Discounted state visitations by time from `source` (T + 1, S), as (T + 1, S); forward recursion."""
        d = np.array(source, dtype=float)
        for t, step in enumerate(self.steps):
            d[t + 1] += step.expect_adjoint(step.policy * d[t])
        return d

    def prepare(self, n_columns: int) -> None:
        """Nothing to prepare: recursions need no factorisation."""

    def stages(self) -> tuple[tuple[Stationary, int, int], ...]:
        """One (linearisation, index of its states, index of the states after them) per time, the last first."""
        return tuple((self.steps[t], t, t + 1) for t in range(len(self.steps) - 1, -1, -1))
