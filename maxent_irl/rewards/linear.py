"""Rewards linear in features, ``r = features @ coef``: the features, and directions of the coefficients."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._checks import LARGEST_FEATURE, check_finite, check_numbers, raise_not_finite, within
from ..mdp import MDP

FLAT = 1e-12  # information relative to what the feature could carry, below which a direction counts as flat


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

    matrix: Any  # (rows, K) array or csr_array
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
    def of_rows(cls, matrix: Any, shape: tuple[int, ...]) -> Features:
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
        used = np.asarray(mdp.available.any(axis=1) if self.per_state else mdp.available.T)
        blocks = features.reshape(*self.shape, -1)
        checked = np.where(used[..., None], blocks, 0.0)
        axes = ("time", "action", "state", "feature")[-blocks.ndim :]
        check_finite(name, checked, ("state", "feature") if self.per_state else axes, largest=LARGEST_FEATURE)
        return checked.reshape(features.shape)

    def _check_sparse(self, mdp: MDP, name: str) -> None:
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
            return np.asarray(pairs.any(axis=0))
        return np.broadcast_to(pairs, self.shape).ravel()

    def of_pairs(self, actions: NDArray, states: NDArray) -> Any:
        """Features of state-action pairs, a row each, (n, K); not for features that depend on time."""
        return self.matrix[states if self.per_state else actions * self.shape[-1] + states]

    def of_action(self, action: int) -> NDArray:
        """Dense features (S, K) of one action; not for features that depend on time."""
        S = self.shape[-1]
        block = self.matrix if len(self.shape) == 1 else self.matrix[action * S : (action + 1) * S]
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


class LinearReward:
    """A linear map from coefficients to rewards.

    Parameters
    ----------
    mdp : MDP
    features : as for `Features`

    Attributes
    ----------
    features : Features
    n_parameters : int
        K.

    Raises
    ------
    ValueError
        As `Features`.
    """

    features: Features
    n_parameters: int

    def __init__(self, mdp: MDP, features: Any = None) -> None:
        self.features = Features(mdp, features)
        self.n_parameters = self.features.n_features

    def __call__(self, coef: NDArray) -> NDArray:
        """Reward for coefficients (K,): (S,), (A, S) or (T, A, S)."""
        return self.features.rewards(coef)

    def vjp(self, coef: NDArray, mass: NDArray) -> NDArray:
        """Total features of a mass with the shape of the reward, (K,): the transpose of the features, whatever `coef`."""
        return self.features.total(mass)

    def jacobian(self, coef: NDArray) -> Features:
        """The features."""
        return self.features


def flat_directions(matrix: NDArray, size: NDArray, *, threshold: float = FLAT) -> NDArray:
    """Directions v with ``v' matrix v = 0`` up to rounding, as an orthonormal basis (K, q).

    Parameters
    ----------
    matrix : (K, K) array
        Symmetric: minus a second derivative.
    size : (K,) array
        Natural size of the square root of each diagonal entry, against which rounding is judged. Judging by the entries
        themselves would magnify the rounding errors of a flat one.
    threshold : float
        Eigenvalues of the matrix in units of `size` up to this are zero.

    Notes
    -----
    A parameter point is locally identified if and only if its information is nonsingular: Rothenberg, T. J. (1971),
    Identification in parametric models, Econometrica 39(3).
    """
    unit = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(matrix / np.outer(unit, unit))
    null = vectors[:, np.abs(values) <= threshold] / unit[:, None]
    if null.shape[1]:
        null = np.linalg.qr(null / np.linalg.norm(null, axis=0))[0]
    return null


def complement(basis: NDArray) -> NDArray:
    """Orthonormal basis of what is orthogonal to the columns of an orthonormal (K, q) basis; the identity if q = 0."""
    K, q = basis.shape
    if q == 0:
        return np.eye(K)
    kept = np.linalg.qr(basis, mode="complete")[0][:, q:]
    kept[np.abs(kept) < 1e-13] = 0.0  # coefficients that lie wholly in the basis are 0, not rounding errors
    return kept


def readable_directions(basis: NDArray, unit: NDArray | None = None, *, noise: float = 1e-6) -> NDArray:
    """The same subspace by directions that involve few coefficients each, (q, K), largest entry 1.

    Row reduction with pivoting: "a - b" and "c" instead of two mixtures of all three. Entries up to `noise` become 0; they are
    judged as what they add to the reward, `unit` (K,) being the size of each feature: the coefficient of a feature in the
    millions is small, and counts all the same.
    """
    unit = np.ones(len(basis)) if unit is None else np.where(unit > 0, unit, 1.0)
    rows = basis.T * unit
    rows /= np.abs(rows).max(axis=1, keepdims=True, initial=np.finfo(float).tiny)
    pivots: list[int] = []
    for i in range(len(rows)):
        rest = np.abs(rows[i:])
        rest[:, pivots] = 0.0
        at, pivot = np.unravel_index(int(rest.argmax()), rest.shape)
        rows[[i, i + at]] = rows[[i + at, i]]
        pivots.append(int(pivot))
        rows[i] /= rows[i, pivot]
        others = np.arange(len(rows)) != i
        rows[others] -= np.outer(rows[others, pivot], rows[i])
    for row in rows:
        row[np.abs(row) <= noise * np.abs(row).max()] = 0.0
        row /= unit
        row /= row[np.abs(row).argmax()]
    return rows[np.argsort([np.flatnonzero(row)[0] for row in rows], kind="stable")]


def describe_direction(direction: NDArray, names: list[str], *, most: int = 6) -> str:
    """Write a direction with the names of its features, as in ``"water - 0.5 grass"``; at most `most` terms."""
    order = [int(k) for k in np.argsort(-np.abs(direction).round(6), kind="stable") if direction[k]]
    text = ""
    for k in sorted(order[:most]):
        size = abs(direction[k])
        factor = "" if abs(size - 1) < 5e-4 else f"{size:.3g} "
        sign = ("- " if direction[k] < 0 else "+ ") if text else ("-" if direction[k] < 0 else "")
        text += f"{' ' if text else ''}{sign}{factor}{names[k]}"
    return text if len(order) <= most else f"{text} ... ({len(order)} features)"
