"""Rewards linear in features: ``r = features @ coef``, with features dense or sparse, per state or per state-action pair."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._validation import LARGEST_FEATURE, check_finite, check_numbers, raise_not_finite, within
from ..mdp import MDP


class LinearReward:
    """A linear map from coefficients to rewards, and its adjoint.

    Parameters
    ----------
    mdp : MDP
    features : (S, K) or (S, A, K) array, dense or sparse; sequence of A sparse (S, K) matrices; or None
        None: one indicator per state, K = S. Features of unavailable actions and of terminal states are not read.

    Attributes
    ----------
    n_features : int
        K.
    per_state : bool
        Whether the features do not depend on the action.

    Raises
    ------
    ValueError
        For a shape that does not fit the MDP, and for NaN, infinite or overflowing features, naming state, action and feature.
    """

    def __init__(self, mdp: MDP, features: Any = None) -> None:
        S, A = mdp.n_states, mdp.n_actions
        self._shape = (A, S)
        if features is None:
            features = sparse.eye_array(S, format="csr")
        elif isinstance(features, list | tuple) and len(features) and sparse.issparse(features[0]):
            shapes = {block.shape for block in features}
            if len(features) != A or len(shapes) != 1 or next(iter(shapes))[0] != S:
                raise ValueError(f"a list of sparse features must hold {A} matrices of shape ({S}, K); got {shapes}")
            features = sparse.vstack(features, format="csr")
        elif sparse.issparse(features) and features.ndim == 3 and features.shape[:2] == (S, A):
            s, a, k = features.tocoo().coords
            features = sparse.csr_array((features.tocoo().data, (a * S + s, k)), shape=(A * S, features.shape[2]))
        elif not sparse.issparse(features):
            features = check_numbers("features", features)
            if features.ndim == 3 and features.shape[:2] == (S, A):
                features = np.ascontiguousarray(np.swapaxes(features, 0, 1)).reshape(A * S, -1)
        if features.ndim != 2 or features.shape[0] not in (S, A * S) or features.shape[1] == 0:
            raise ValueError(f"features must have shape ({S}, K) or ({S}, {A}, K), K >= 1; got {features.shape}")
        self.per_state = features.shape[0] == S
        if sparse.issparse(features):
            self.matrix = sparse.csr_array(features, dtype=float)
            self._check_sparse(mdp)
        else:
            self.matrix = self._checked_dense(mdp, features)
        self.n_features = int(self.matrix.shape[1])

    def _checked_dense(self, mdp: MDP, features: NDArray) -> NDArray:
        if within(features, LARGEST_FEATURE):
            return features
        if self.per_state:
            used = np.where(mdp.available.any(axis=1)[:, None], features, 0.0)
            check_finite("features", used, ("state", "feature"), largest=LARGEST_FEATURE)
            return used
        blocks = features.reshape(*self._shape, -1)
        used = np.where(mdp.available.T[:, :, None], blocks, 0.0)
        check_finite("features", used, ("action", "state", "feature"), largest=LARGEST_FEATURE)
        return used.reshape(features.shape)

    def _check_sparse(self, mdp: MDP) -> None:
        bad = np.flatnonzero(~(np.abs(self.matrix.data) <= LARGEST_FEATURE))
        if bad.size:
            row = int(np.searchsorted(self.matrix.indptr, bad[0], side="right")) - 1
            action, state = divmod(row, mdp.n_states)
            place = f"state {state}" if self.per_state else f"state {state}, action {action}"
            place += f", feature {int(self.matrix.indices[bad[0]])}"
            raise_not_finite("features", self.matrix.data[bad[0]], place, LARGEST_FEATURE)

    def __call__(self, coef: NDArray) -> NDArray:
        """Reward for coefficients (K,): (S,) if per state, otherwise (A, S)."""
        r = self.matrix @ coef
        return r if self.per_state else r.reshape(self._shape)

    def adjoint(self, mass: NDArray) -> NDArray:
        """Total features of a mass (A, S) on state-action pairs, (K,): the transpose of ``__call__``.

        Where features do not depend on the action, mass (S,) on states will do.
        """
        return self.matrix.T @ (mass.sum(axis=0) if self.per_state and mass.ndim == 2 else mass.ravel())

    def largest(self, used: NDArray) -> NDArray:
        """Largest absolute value of each feature over the rows of `matrix` marked in a boolean array, (K,)."""
        rows = abs(self.matrix[used])
        if not rows.shape[0]:
            return np.zeros(self.n_features)
        return rows.max(axis=0).toarray().ravel() if sparse.issparse(rows) else rows.max(axis=0)

    def rows(self, pairs: NDArray) -> NDArray:
        """Which rows of `matrix` hold the features of the state-action pairs marked in an (A, S) array; bool."""
        return pairs.any(axis=0) if self.per_state else pairs.ravel()

    def of_action(self, action: int) -> NDArray:
        """Dense features (S, K) of one action."""
        S = self._shape[1]
        block = self.matrix if self.per_state else self.matrix[action * S : (action + 1) * S]
        return block.toarray() if sparse.issparse(block) else block

    @cached_property
    def dense(self) -> NDArray:
        """Dense features of shape (A, S, K), or (1, S, K) if per state; for small problems."""
        actions = range(1 if self.per_state else self._shape[0])
        return np.stack([self.of_action(a) for a in actions])

    def averaged(self, policy: NDArray) -> NDArray:
        """Features averaged over actions with weights (A, S), as a dense (S, K) array."""
        if self.per_state:
            return policy.sum(axis=0)[:, None] * self.of_action(0)
        return sum(policy[a][:, None] * self.of_action(a) for a in range(self._shape[0]))
