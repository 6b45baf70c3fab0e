"""Features of states or of state-action pairs, dense or sparse: one matrix in the storage order of an MDP."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._checks import LARGEST_FEATURE, check_finite, check_numbers, raise_not_finite, within
from ..mdp import MDP


class Features:
    """A feature matrix, action-major.

    Parameters
    ----------
    mdp : MDP
    features : (S, K) or (S, A, K) array, dense or sparse; (T, S, A, K) array; sequence of A sparse (S, K) matrices; or None
        None: one indicator per state, K = S. Features by time are for MDPs with a horizon T. Features of unavailable actions
        and of terminal states are not read.
    name : str
        What errors call the features.

    Attributes
    ----------
    matrix : (S, K), (A * S, K) or (T * A * S, K) array, dense or csr
        Row ``(t * A + a) * S + s``, or s where features do not depend on the action.
    n_features : int
        K.
    shape : tuple
        Of the rewards made from them: (S,), (A, S) or (T, A, S).

    Raises
    ------
    ValueError
        For a shape that does not fit the MDP, and for NaN, infinite or overflowing features, naming state, action and feature.
    """

    matrix: NDArray | sparse.csr_array  # (rows, K)
    n_features: int
    shape: tuple[int, ...]  # (S,), (A, S) or (T, A, S)

    def __init__(self, mdp: MDP, features: Any = None, *, name: str = "features") -> None:
        S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
        if features is None:
            features = sparse.eye_array(S, format="csr")
        elif isinstance(features, list | tuple) and len(features) and sparse.issparse(features[0]):
            shapes = {block.shape for block in features}
            if len(features) != A or len(shapes) != 1 or next(iter(shapes))[0] != S:
                raise ValueError(f"a list of sparse {name} must hold {A} matrices of shape ({S}, K); got {shapes}")
            features = sparse.vstack(features, format="csr")
        elif sparse.issparse(features) and features.ndim == 3 and features.shape[:2] == (S, A):
            s, a, k = features.tocoo().coords
            features = sparse.csr_array((features.tocoo().data, (a * S + s, k)), shape=(A * S, features.shape[2]))
        elif not sparse.issparse(features):
            features = check_numbers(name, features)
            pairs = ((S, A), (A, S)) if features.ndim == 3 else ((T, S, A), (T, A, S))
            if features.ndim in (3, 4) and features.shape[:-1] == pairs[0]:
                features = np.ascontiguousarray(np.swapaxes(features, -3, -2)).reshape(-1, features.shape[-1])
        by_rows: dict[int, tuple[int, ...]] = {} if T is None else {T * A * S: (T, A, S)}
        by_rows |= {A * S: (A, S), S: (S,)}
        if features.ndim != 2 or features.shape[0] not in by_rows or features.shape[1] == 0:
            by_time = "" if T is None else f" or ({T}, {S}, {A}, K)"
            raise ValueError(f"{name} must have shape ({S}, K) or ({S}, {A}, K){by_time}, K >= 1; got {features.shape}")
        self.shape, self.n_features = by_rows[features.shape[0]], int(features.shape[1])
        if sparse.issparse(features):
            self.matrix = sparse.csr_array(features, dtype=float)
            self._check_sparse(mdp, name)
        else:
            self.matrix = self._checked_dense(mdp, features, name)

    @classmethod
    def of_rows(cls, matrix: NDArray | sparse.csr_array, shape: tuple[int, ...]) -> Features:
        """Features whose matrix and shape of rewards are known to fit, (rows, K)."""
        new = cls.__new__(cls)
        new.matrix, new.n_features, new.shape = matrix, int(matrix.shape[1]), shape
        return new

    @property
    def per_state(self) -> bool:
        """Whether the features depend neither on the action nor on time."""
        return len(self.shape) == 1

    def _checked_dense(self, mdp: MDP, features: NDArray, name: str) -> NDArray:
        if within(features, LARGEST_FEATURE):
            return features
        used = mdp.available.any(axis=1) if self.per_state else mdp.available.T
        blocks = features.reshape(*self.shape, -1)
        checked = np.where(used[..., None], blocks, 0.0)
        axes = ("time", "action", "state", "feature")[-blocks.ndim :]
        check_finite(name, checked, ("state", "feature") if self.per_state else axes, largest=LARGEST_FEATURE)
        return checked.reshape(features.shape)

    def _check_sparse(self, mdp: MDP, name: str) -> None:
        assert sparse.issparse(self.matrix)
        bad = np.flatnonzero(~(np.abs(self.matrix.data) <= LARGEST_FEATURE))
        if bad.size:
            row = int(np.searchsorted(self.matrix.indptr, bad[0], side="right")) - 1
            action, state = divmod(row, mdp.n_states)
            place = f"state {state}" if self.per_state else f"state {state}, action {action}"
            place += f", feature {int(self.matrix.indices[bad[0]])}"
            raise_not_finite(name, self.matrix.data[bad[0]], place, LARGEST_FEATURE)

    def at(self, time: int) -> Features:
        """Features of one decision time: themselves where they do not depend on it."""
        if len(self.shape) < 3:
            return self
        return self._by_time[time]

    @cached_property
    def _by_time(self) -> list[Features]:
        T, A, S = self.shape
        return [Features.of_rows(self.matrix[t * A * S : (t + 1) * A * S], (A, S)) for t in range(T)]

    def rewards(self, coef: NDArray) -> NDArray:
        """``features @ coef`` in the shape (S,), (A, S) or (T, A, S)."""
        return (self.matrix @ coef).reshape(self.shape)

    def total(self, mass: NDArray) -> NDArray:
        """Features summed with weights of the shape of the rewards, (K,): the transpose of `rewards`."""
        return self.matrix.T @ mass.ravel()

    def largest(self, used: NDArray) -> NDArray:
        """Largest absolute value of each feature over the rows of `matrix` marked in a boolean array, (K,)."""
        rows = abs(self.matrix[used])
        if not rows.shape[0]:
            return np.zeros(self.n_features)
        return rows.max(axis=0).toarray().ravel() if sparse.issparse(rows) else rows.max(axis=0)

    def rows(self, pairs: NDArray) -> NDArray:
        """Which rows of `matrix` hold the features of the state-action pairs marked in an (A, S) array; bool."""
        if self.per_state:
            return pairs.any(axis=0)
        return np.broadcast_to(pairs, self.shape).ravel()

    def of_pairs(self, actions: NDArray, states: NDArray) -> NDArray | sparse.csr_array:
        """Features of state-action pairs, a row each, (n, K); not for features that depend on time."""
        return self.matrix[states if self.per_state else actions * self.shape[-1] + states]

    def of_action(self, action: int) -> NDArray:
        """Dense features (S, K) of one action; not for features that depend on time."""
        S = self.shape[-1]
        block = self.matrix if self.per_state else self.matrix[action * S : (action + 1) * S]
        return block.toarray() if sparse.issparse(block) else block

    @cached_property
    def dense(self) -> NDArray:
        """Dense features (A, S, K), or (1, S, K) if per state; for small problems; not for features that depend on time."""
        return np.stack([self.of_action(a) for a in range(1 if self.per_state else self.shape[0])])

    def averaged(self, policy: NDArray) -> NDArray:
        """Features averaged over actions with weights (A, S), a dense (S, K) array; not for features that depend on time."""
        if self.per_state:
            return policy.sum(axis=0)[:, None] * self.of_action(0)
        out = policy[0][:, None] * self.of_action(0)
        for a in range(1, self.shape[0]):
            out += policy[a][:, None] * self.of_action(a)
        return out
