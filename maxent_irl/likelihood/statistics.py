r"""What the objective needs to know of demonstrations: counts, and where paths start and stop.

Both weightings of the objective are linear in the reward, the continuation value C(V) and V, with weights that the
demonstrations fix. C(V) is ``discount * E[V]``, or its counterpart under exact inference.

.. math:: L = \langle n, r \rangle + \langle m, C(V) \rangle + \langle b, V \rangle .

"likelihood" takes every decision once: :math:`L = \sum Q(s_t, a_t) - V(s_t)`, so n = m = counts and b = minus the counts of
states. "feature-matching" weighs decision t by :math:`\gamma^t`. The sum then telescopes along each path to its discounted
return plus :math:`\gamma^T V(s_T) - V(s_0)`, so b holds first and last states only. Where the last state is not recorded, its
value is the continuation of the last decision, which m holds. An episode that ended has no value after its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..demonstrations.labels import from_json, to_json
from ..mdp import MDP
from ..mdp.files import read_arrays, write_arrays

OBJECTIVES = ("feature-matching", "likelihood")
SPARSE = 8  # a sum with fewer entries than one in so many is put together from them alone
FILE_FORMAT = "maxent_irl.SufficientStatistics 1"
MATRICES = ("pairs", "continued", "states", "squared_pairs", "squared_moves")


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Weights of the objective, a row per unit: a trajectory, a group of trajectories, or all of them.

    They add up: over batches, files and workers. The sum of the statistics of two parts is that of the whole.

    Attributes
    ----------
    weighting : str
        "likelihood" or "feature-matching".
    discount : float
        That weighs the decisions; it matters to "feature-matching" only.
    shape : (L, A, S)
        L is the horizon, or 1 without one.
    pairs : csr_array (n_units, L * A * S)
        n: weight of each decision's reward, column ``(t * A + a) * S + s``.
    continued : csr_array like `pairs`
        m: weight of each decision's continuation value.
    states : csr_array (n_units, S), or (n_units, (T + 1) * S) with a horizon T
        b: weight of each state's value.
    squared_pairs : csr_array like `pairs`
        Weight of each decision's squared score in the variance of the gradient: 1, or :math:`\\gamma^{2t}`.
    squared_moves : csr_array like `pairs`
        The same where the score holds the value of the state that was reached instead of its expectation.
    units : tuple or None
        Names of the rows. Units of the same name are added up. None: every row is a unit of its own.
    """

    weighting: str
    discount: float
    shape: tuple[int, int, int]  # (L, A, S)
    pairs: sparse.csr_array  # (n_units, L * A * S)
    continued: sparse.csr_array
    states: sparse.csr_array  # (n_units, L' * S)
    squared_pairs: sparse.csr_array
    squared_moves: sparse.csr_array
    units: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return self.pairs.shape[0]

    def _mapped(
        self, change: Callable[[sparse.csr_array], sparse.csr_array], units: Any = None
    ) -> SufficientStatistics:
        return replace(self, **{name: change(getattr(self, name)) for name in MATRICES}, units=units)

    def of(self, units: NDArray) -> SufficientStatistics:
        """Those of the rows at some positions."""
        names = None if self.units is None else tuple(self.units[i] for i in units)
        return self._mapped(lambda rows: _rows(rows, units), names)

    def scaled(self, weights: NDArray) -> SufficientStatistics:
        """The same with row i multiplied by ``weights[i]``."""
        scale = sparse.diags_array(weights)
        return self._mapped(lambda rows: sparse.csr_array(scale @ rows), self.units)

    def grouped(self, groups: Sequence[Any] | NDArray) -> SufficientStatistics:
        """The same with a row per group: `groups` holds a label per row, which becomes the name of the unit."""
        labels = list(groups)
        if len(labels) != len(self):
            raise ValueError(f"groups must hold one label per unit, {len(self)} in all; got {len(labels)}")
        names = tuple(dict.fromkeys(labels))
        place = {name: i for i, name in enumerate(names)}
        at = np.array([place[label] for label in labels])
        add_up = sparse.csr_array((np.ones(len(at)), (at, np.arange(len(at)))), shape=(len(names), len(at)))
        return self._mapped(lambda rows: sparse.csr_array(add_up @ rows), names)

    def total(self) -> SufficientStatistics:
        """The same in one row."""
        return self.grouped(np.zeros(len(self), dtype=int))

    def __add__(self, other: object) -> SufficientStatistics:
        """The statistics of both: units of the same name are added up, others stand side by side."""
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        for name in ("weighting", "shape") + (("discount",) if self.weighting != "likelihood" else ()):
            if getattr(self, name) != getattr(other, name):
                raise ValueError(
                    f"statistics with {name} {getattr(self, name)} and {getattr(other, name)} do not add up: count both "
                    "for the same MDP and the same objective"
                )
        if (self.units is None) != (other.units is None):
            raise ValueError(
                "statistics per trajectory and per named unit do not add up: use total() or grouped() on both"
            )
        stacked = replace(
            self,
            **{n: sparse.vstack([getattr(self, n), getattr(other, n)], format="csr") for n in MATRICES},
            units=None,
        )
        return stacked if self.units is None or other.units is None else stacked.grouped(self.units + other.units)

    def save(self, path: str | os.PathLike) -> None:
        """Write to an ``.npz`` file, without pickle; `load` reads it. Names of units must be text, numbers or tuples of these."""
        arrays: dict[str, Any] = {"format": np.array(FILE_FORMAT), "weighting": np.array(self.weighting)}
        arrays |= {"discount": np.array(self.discount), "shape": np.array(self.shape)}
        arrays["units"] = np.array(to_json(self.units, "unit"))
        for name in MATRICES:
            rows = sparse.csr_array(getattr(self, name))
            arrays |= {
                f"{name}.{part}": np.asarray(getattr(rows, part)) for part in ("data", "indices", "indptr", "shape")
            }
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> SufficientStatistics:
        """Read what `save` wrote. Raises ValueError naming the file and what is wrong in it; nothing is executed."""
        name, arrays = os.fspath(path), read_arrays(path)
        if str(arrays.get("format", "")) != FILE_FORMAT:
            raise ValueError(f"{name} holds no statistics of this version: write them with SufficientStatistics.save")
        try:
            L, A, S = (int(n) for n in arrays["shape"])
            matrices = {}
            for key in MATRICES:
                data, indices, indptr, shape = (
                    arrays[f"{key}.{part}"] for part in ("data", "indices", "indptr", "shape")
                )
                if shape[1] not in ({S, (L + 1) * S} if key == "states" else {L * A * S}):
                    raise ValueError(f"its {key} have {shape[1]} columns")
                matrices[key] = sparse.csr_array((data, indices, indptr), shape=tuple(shape))
                matrices[key].check_format(full_check=True)
            units = from_json(str(arrays["units"]))
            discount = float(arrays["discount"])
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"{name} is damaged: {error}") from None
        return cls(str(arrays["weighting"]), discount, (L, A, S), **matrices, units=units)


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
    """Reduce demonstrations to the weights of the objective, a row per trajectory.

    Parameters
    ----------
    mdp : MDP
    demonstrations : Demonstrations
        Already validated against `mdp`.
    objective : "feature-matching" or "likelihood"
    """
    S, A = mdp.n_states, mdp.n_actions
    lengths, path, time = demonstrations.lengths, demonstrations.trajectory_ids, demonstrations.times
    n, weight = len(lengths), demonstrations.weights[path].astype(float)
    # Without a horizon all decisions are of one time, which leads to itself.
    L, value_times, layer = (1, 1, np.zeros_like(time)) if mdp.horizon is None else (mdp.horizon, mdp.horizon + 1, time)
    pair = (layer * A + demonstrations.actions) * S + demonstrations.states
    state = layer * S + demonstrations.states
    pairs, states = (n, L * A * S), (n, value_times * S)
    kind = (objective, mdp.discount, (L, A, S))
    if objective == "likelihood":
        counts, none = _matrix(weight, path, pair, pairs), sparse.csr_array(pairs)
        return SufficientStatistics(*kind, counts, counts, _matrix(-weight, path, state, states), counts, none)
    first, last = demonstrations.offsets[:-1], demonstrations.offsets[1:] - 1
    discounted = weight * mdp.discount ** time.astype(float)
    final, cut = demonstrations.final_states, ~demonstrations.terminated
    open_end, known_end = np.flatnonzero(cut & (final < 0)), np.flatnonzero(cut & (final >= 0))
    final_layer = np.zeros_like(lengths) if mdp.horizon is None else lengths
    rows = np.concatenate([np.arange(n), known_end])
    columns = np.concatenate([state[first], final_layer[known_end] * S + final[known_end]])
    at_end = weight[last[known_end]] * mdp.discount ** lengths[known_end].astype(float)
    squared = weight * mdp.discount ** (2.0 * time)
    seen = np.ones(len(time), dtype=bool)
    seen[last[open_end]] = False
    return SufficientStatistics(
        *kind,
        _matrix(discounted, path, pair, pairs),
        _matrix(discounted[last[open_end]], open_end, pair[last[open_end]], pairs),
        _matrix(np.concatenate([-weight[first], at_end]), rows, columns, states),
        _matrix(squared, path, pair, pairs),
        _matrix(squared[seen], path[seen], pair[seen], pairs),
    )


def check_choices(mdp: MDP, demonstrations: Demonstrations) -> None:
    """Raise where no demonstrated state offers a second action: nothing was chosen, and every reward explains that alike."""
    states = np.unique(demonstrations.states[demonstrations.weights[demonstrations.trajectory_ids] > 0])
    if len(states) and mdp.available[states].sum(axis=1).max() < 2:
        raise ValueError(
            f"nothing was chosen: in each of the {len(states)} demonstrated states only one action is available, so every reward "
            "explains the demonstrations equally well. Give an MDP with all actions that could have been taken (--mdp on the "
            "command line), or an action column that says what was done in a state, not which state it was"
        )


def check_allowed(demonstrations: Demonstrations, log_prior: NDArray | None) -> None:
    """Raise for the first decision that an action prior, (A, S) in logs, forbids."""
    if log_prior is None:
        return
    data = demonstrations
    forbidden = np.flatnonzero(~np.isfinite(log_prior[data.actions, data.states]))
    if forbidden.size:
        i = int(forbidden[0])
        raise ValueError(
            f"action_prior gives no probability to action {data.actions[i]} in state {data.states[i]}, which trajectory "
            f"{data.name_of(data.trajectory_ids[i])} takes at step {data.times[i]}: give it some, or drop the trajectory"
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
