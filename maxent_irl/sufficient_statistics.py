r"""What the objective needs to know of demonstrations: counts, and where paths start and stop.

Both weightings of the objective are linear in the reward, the continuation value C(V) (which is ``discount * E[V]``, or its
exact-inference counterpart) and V, with weights that the demonstrations fix once and for all:

.. math:: L = \langle n, r \rangle + \langle m, C(V) \rangle + \langle b, V \rangle .

"likelihood" takes every decision once: :math:`L = \sum Q(s_t, a_t) - V(s_t)`, so n = m = counts and b = minus the counts of
states. "feature-matching" weighs decision t by :math:`\gamma^t`; the sum then telescopes along each path to its discounted
return plus :math:`\gamma^T V(s_T) - V(s_0)`, so b holds first and last states only; where the last state is not recorded, its
value is the continuation of the last decision, which m holds. An episode that ended has nothing after it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

if TYPE_CHECKING:
    from .demonstrations import Demonstrations
    from .mdp import MDP

OBJECTIVES = ("feature-matching", "likelihood")
SPARSE = 8  # a sum with fewer entries than one in so many is put together from them alone


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Weights of the objective, a row per trajectory.

    Attributes
    ----------
    pairs : csr_array (n_trajectories, A * S), or (n_trajectories, T * A * S) with a horizon
        n: weight of each decision's reward, column ``(t * A + a) * S + s``.
    continued : csr_array like `pairs`
        m: weight of each decision's continuation value.
    states : csr_array (n_trajectories, S), or (n_trajectories, (T + 1) * S)
        b: weight of each state's value.
    squared_pairs : csr_array like `pairs`
        Weight of each decision's squared score in the variance of the gradient: 1, or :math:`\\gamma^{2t}`.
    squared_moves : csr_array like `pairs`
        The same where the score holds the value of the state that was reached instead of its expectation.
    """

    pairs: sparse.csr_array
    continued: sparse.csr_array
    states: sparse.csr_array
    squared_pairs: sparse.csr_array
    squared_moves: sparse.csr_array

    def of(self, trajectories: NDArray) -> SufficientStatistics:
        """Those of some of the trajectories."""
        names = ("pairs", "continued", "states", "squared_pairs", "squared_moves")
        return SufficientStatistics(*(_rows(getattr(self, name), trajectories) for name in names))

    def total_pairs(self) -> NDArray:
        """n summed over trajectories, flat."""
        return self.pairs.sum(axis=0)

    def total_continued(self) -> NDArray:
        """m summed over trajectories, flat."""
        return self.continued.sum(axis=0)

    def total_states(self) -> NDArray:
        """b summed over trajectories, flat."""
        return self.states.sum(axis=0)

    def scaled(self, weights: NDArray) -> SufficientStatistics:
        """The same with row i multiplied by ``weights[i]``."""
        scale = sparse.diags_array(weights)
        return SufficientStatistics(*(sparse.csr_array(scale @ getattr(self, field.name)) for field in fields(self)))


class SparseWeights:
    """A sum of sparse rows, kept as its nonzero entries: values of -inf elsewhere never meet a zero weight.

    Parameters
    ----------
    rows : csr_array (n, size)
    weights : (n,) array, optional
        Of the rows; None: 1 each.

    Attributes
    ----------
    index, weight : (m,) arrays
        Where the sum is not zero, in order, and what it is there.
    """

    def __init__(self, rows: sparse.csr_array, weights: NDArray | None = None) -> None:
        self.size = rows.shape[1]
        data = rows.data if weights is None else rows.data * np.repeat(weights, np.diff(rows.indptr))
        if SPARSE * rows.nnz < self.size:  # with a horizon most of (T, A, S) is empty, and walking through it costs
            self.index, place = np.unique(rows.indices, return_inverse=True)
            total = np.bincount(place, data, len(self.index))
        else:
            self.index, total = np.arange(self.size), np.bincount(rows.indices, data, self.size)
        kept = np.flatnonzero(total)
        self.index, self.weight = self.index[kept].astype(np.intp), total[kept]

    def dot(self, values: NDArray) -> float:
        """Weighted sum of values; an array that lacks leading axes, such as that of time, is the same along them."""
        flat = values.ravel()
        return float(self.weight @ flat[self.index if flat.size == self.size else self.index % flat.size])

    def dense(self, shape: tuple[int, ...]) -> NDArray:
        """All weights, zeros included."""
        out = np.zeros(self.size)
        out[self.index] = self.weight
        return out.reshape(shape)


def sufficient_statistics(mdp: MDP, demonstrations: Demonstrations, objective: str) -> SufficientStatistics:
    """Reduce demonstrations to the weights of the objective.

    Parameters
    ----------
    mdp : MDP
    demonstrations : Demonstrations
        Already validated against `mdp`.
    objective : "feature-matching" or "likelihood"
    """
    S, A = mdp.n_states, mdp.n_actions
    lengths = np.diff(demonstrations.offsets)
    path = np.repeat(np.arange(len(lengths)), lengths)
    time = demonstrations.times
    s, a = demonstrations.states, demonstrations.actions
    weight = demonstrations.weights[path].astype(float)
    layer = np.zeros(len(s), dtype=np.int64) if mdp.horizon is None else time
    n_layers = 1 if mdp.horizon is None else mdp.horizon
    pair, state = (layer * A + a) * S + s, layer * S + s
    pair_shape, state_shape = (
        (len(lengths), n_layers * A * S),
        (len(lengths), (n_layers + (mdp.horizon is not None)) * S),
    )
    if objective == "likelihood":
        counts, none = _matrix(weight, path, pair, pair_shape), sparse.csr_array(pair_shape)
        return SufficientStatistics(counts, counts, _matrix(-weight, path, state, state_shape), counts, none)
    first, last = demonstrations.offsets[:-1], demonstrations.offsets[1:] - 1
    discounted = weight * mdp.discount ** time.astype(float)
    final = demonstrations.final_states
    cut = ~demonstrations.terminated
    open_end = np.flatnonzero(cut & (final < 0))
    known_end = np.flatnonzero(cut & (final >= 0))
    final_layer = np.zeros(len(lengths), dtype=np.int64) if mdp.horizon is None else lengths
    rows = np.concatenate([np.arange(len(lengths)), known_end])
    columns = np.concatenate([state[first], final_layer[known_end] * S + final[known_end]])
    values = np.concatenate(
        [-weight[first], weight[last[known_end]] * mdp.discount ** lengths[known_end].astype(float)]
    )
    squared = weight * mdp.discount ** (2.0 * time)
    seen = np.ones(len(s), dtype=bool)
    seen[last[open_end]] = False
    return SufficientStatistics(
        _matrix(discounted, path, pair, pair_shape),
        _matrix(discounted[last[open_end]], open_end, pair[last[open_end]], pair_shape),
        _matrix(values, rows, columns, state_shape),
        _matrix(squared, path, pair, pair_shape),
        _matrix(squared[seen], path[seen], pair[seen], pair_shape),
    )


def check_possible(mdp: MDP, demonstrations: Demonstrations, inference: str) -> None:
    """Raise for the first decision that has probability zero whatever the reward, because it runs into a dead end.

    Parameters
    ----------
    mdp : MDP
    demonstrations : Demonstrations
    inference : "variational" or "exact"
    """
    s, a = demonstrations.states, demonstrations.actions
    if mdp.horizon is None:
        usable = mdp.structure.usable(inference)[a, s]
    else:
        usable = mdp.structure.usable_in_time(inference)[demonstrations.times, a, s]
    if usable.all():
        return
    if mdp.endless:
        raise ValueError(
            "nothing ends this undiscounted problem, so every decision of demonstrations without goals is impossible: give them "
            "their goals, Demonstrations(trajectories, goals=...) or a column of them, a horizon, or a discount below 1"
        )
    i = int(np.flatnonzero(~usable)[0])
    trajectory = int(demonstrations.trajectory_ids[i])
    fate = "into a dead end"
    if mdp.discount == 1.0 and mdp.horizon is None:
        end = (
            "no terminal state"
            if demonstrations.goals is None
            else f"neither its goal {demonstrations.goals[trajectory]} nor a terminal state"
        )
        fate = f"where {end} can be reached from"
    raise ValueError(
        f"{demonstrations.place_of(i)}: "
        f"action {int(a[i])} in state {int(s[i])} leads {fate}, so its probability is zero "
        "under every reward; drop the trajectory, cut it before that, or make such states terminal"
    )


def _rows(matrix: sparse.csr_array, rows: NDArray) -> sparse.csr_array:
    return matrix[rows] if matrix.nnz else sparse.csr_array((len(rows), matrix.shape[1]))


def _matrix(values: NDArray, rows: NDArray, columns: NDArray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.coo_array((values, (rows, columns)), shape=shape).tocsr()
