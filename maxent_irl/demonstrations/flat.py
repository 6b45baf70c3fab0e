"""One trajectory, and the flat arrays that many are held in: what every format is turned into and checked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_numbers, check_unmasked
from .columns import Columns
from .labels import Labels, first_missing, shown

NO_COLUMNS = Columns()


@dataclass(frozen=True, eq=False, repr=False)
class Flat:
    """Everything a Demonstrations holds; n trajectories, N decisions, one trajectory after another. Arrays are read-only."""

    states: NDArray  # (N,) int64
    actions: NDArray  # (N,) int64
    offsets: NDArray  # (n + 1,) int64: trajectory i is [offsets[i], offsets[i + 1])
    final_states: NDArray  # (n,) int64, -1 where unknown
    terminated: NDArray  # (n,) bool
    weights: NDArray  # (n,) float64
    goals: NDArray | None  # (n,) int64
    ids: tuple[Any, ...]  # n names of trajectories
    state_labels: Labels | None  # the label of each index
    action_labels: Labels | None
    columns: Columns = field(default_factory=lambda: NO_COLUMNS)  # named values per decision and per trajectory

    def __post_init__(self) -> None:
        self.__dict__.update(_locked(self.fields()))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """An instance, of a subclass too, that holds these fields and nothing else."""
        new = cls.__new__(cls)
        new.__dict__.update(_locked(fields))
        return new

    def fields(self) -> dict[str, Any]:
        """The fields by name."""
        return {field.name: self.__dict__[field.name] for field in fields(Flat)}

    def changed(self, **changes: Any) -> Self:
        """The same with other values in some fields."""
        return self.from_fields(self.fields() | changes)

    @cached_property
    def lengths(self) -> NDArray:
        """(n,) int64: number of decisions of each trajectory."""
        return read_only(np.diff(self.offsets))

    @cached_property
    def trajectory_ids(self) -> NDArray:
        """(N,) int64: position of the trajectory that each decision belongs to."""
        return read_only(np.repeat(np.arange(len(self.final_states)), self.lengths))

    @cached_property
    def times(self) -> NDArray:
        """(N,) int64: step of each decision within its trajectory, from 0."""
        return read_only(np.arange(len(self.states)) - np.repeat(self.offsets[:-1], self.lengths))

    @cached_property
    def next_states(self) -> NDArray:
        """(N,) int64: state after each decision, -1 where unknown."""
        following = np.empty_like(self.states)
        following[:-1] = self.states[1:]
        following[self.offsets[1:] - 1] = self.final_states
        return read_only(following)

    def name_of(self, i: int) -> str:
        """The id of trajectory i as messages write it: ``'B9'``, or ``7``."""
        return shown(self.ids[i])

    def place_of(self, k: int) -> str:
        """Where decision k is, as messages write it: ``trajectory 'B9', step 3``."""
        return f"trajectory {self.name_of(self.trajectory_ids[k])}, step {self.times[k]}"


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """One demonstrated trajectory: what iterating over and indexing a `Demonstrations` gives.

    Parameters
    ----------
    states : (T,) or (T + 1,) int array
        States decided in; one longer than `actions` where the state after the last action is known.
    actions : (T,) int array
    terminated : bool
        Whether the episode ended with the last action, so that nothing is earned after it; False where it was only cut.
    goal : int, optional
        State that is terminal for this trajectory's task.
    weight : float
        How much the trajectory counts; 2 is the same as listing it twice.
    state_labels, action_labels : tuple, optional
        Label of each index, shared by all trajectories of a `Demonstrations`.
    columns : Columns
        Named columns of its decisions, and its own values of those of trajectories.
    id : optional
        Name of the trajectory; it does not count when trajectories are compared.

    Raises
    ------
    ValueError
        If the arrays are no 1-D integer arrays or their lengths do not fit.
    """

    states: NDArray  # (T,) or (T + 1,) int64
    actions: NDArray  # (T,) int64
    terminated: bool = False
    goal: int | None = None
    weight: float = 1.0
    state_labels: Labels | None = None
    action_labels: Labels | None = None
    id: Any = None
    columns: Columns = field(default_factory=lambda: NO_COLUMNS)

    def __post_init__(self) -> None:
        for name in ("states", "actions"):
            array = np.asarray(getattr(self, name))
            if array.ndim != 1 or array.dtype.kind not in "iu" and array.size:
                raise ValueError(f"{name} of a Trajectory must be a 1-D integer array; got {array.dtype} {array.shape}")
            array = array.astype(np.int64, copy=array.flags.writeable)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if len(self.states) - len(self.actions) not in (0, 1):
            raise ValueError(lengths_message("the trajectory", len(self.states), len(self.actions)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trajectory):
            return NotImplemented
        return (
            np.array_equal(self.states, other.states)
            and np.array_equal(self.actions, other.actions)
            and self._rest() == other._rest()
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple:
        return Trajectory, (self.states, self.actions, *self._rest()[:-1], self.id, self.columns)

    def __repr__(self) -> str:
        n = len(self.actions)
        parts = [f"{n} decision{'s' * (n != 1)}", f"states {excerpt(self.states)}", f"actions {excerpt(self.actions)}"]
        parts += ["terminated"] if self.terminated else []
        parts += [] if self.goal is None else [f"goal {self.goal}"]
        parts += [] if self.weight == 1 else [f"weight {self.weight:g}"]
        parts += [] if self.id is None else [f"id {shown(self.id)}"]
        return f"Trajectory({', '.join(parts)})"

    def _rest(self) -> tuple:
        return (self.terminated, self.goal, self.weight, self.state_labels, self.action_labels, self.columns)


def flatten(
    states: NDArray,
    actions: NDArray,
    lengths: NDArray,
    final_states: NDArray,
    *,
    terminated: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    goals: NDArray | None = None,
    ids: Sequence[Any] | None = None,
    state_labels: Labels | None = None,
    action_labels: Labels | None = None,
    columns: Columns = NO_COLUMNS,
) -> Flat:
    """Check what all formats share (something was decided, weights are weights) and put the arrays together.

    A trajectory whose final state is its goal has terminated. Without `ids`, trajectories are named 0 to n - 1.
    """
    n = len(lengths)
    names = tuple(range(n)) if ids is None else checked_ids(ids, n)
    check_lengths(lengths, names)
    check_unmasked("terminated", terminated)
    over = np.zeros(n, dtype=bool) if terminated is None else np.asarray(terminated)
    if over.shape != (n,) or over.dtype != bool:
        raise ValueError(
            f"terminated must be a boolean array of shape ({n},), one per trajectory; got {over.dtype} {over.shape}"
        )
    if goals is not None:
        over = over | (final_states == goals)
    weight = np.ones(n) if weights is None else _checked_weights(weights, names)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    labels = (state_labels, action_labels)
    return Flat(states, actions, offsets, final_states, over, weight, goals, names, *labels, columns)


def _checked_weights(weights: ArrayLike, ids: Sequence[Any]) -> NDArray:
    weight = check_numbers("weights", weights).copy()
    if weight.shape != (len(ids),):
        raise ValueError(f"weights must have shape ({len(ids)},), one per trajectory; got {weight.shape}")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"the weight of trajectory {shown(ids[i])} is {weight[i]}: weights are finite and not negative"
        )
    if not weight.any():
        raise ValueError("all weights are zero: nothing is left to learn from; give at least one positive weight")
    return weight


def checked_ids(ids: Sequence[Any], n: int) -> tuple[Any, ...]:
    """Names of n trajectories as a tuple; they may repeat, as in a resample."""
    if isinstance(ids, str) or not hasattr(ids, "__len__") or len(ids) != n:
        raise ValueError(f"ids must hold one name per trajectory, {n} in all; got {ids!r:.60}")
    names = tuple(name.item() if isinstance(name, np.generic) else name for name in ids)
    gap = first_missing(names)
    if gap is not None:
        raise ValueError(f"ids holds {names[gap]!r} at position {gap}: name every trajectory")
    return names


def check_lengths(lengths: NDArray, ids: Sequence[Any]) -> None:
    """Raise if there is no trajectory, or one without a decision."""
    if len(lengths) == 0:
        raise ValueError("there are no trajectories: demonstrations need at least one")
    if (lengths == 0).any():
        name = trajectory_name(int(np.flatnonzero(lengths == 0)[0]), ids)
        raise ValueError(f"{name} has no decisions: leave it out")


def trajectory_name(i: int, ids: Sequence[Any] | None) -> str:
    """Name a trajectory by its id; without ids, by its position."""
    return f"trajectory {i if ids is None else shown(ids[i])}"


def lengths_message(name: str, n_states: int, n_actions: int) -> str:
    """Say that states and actions do not fit together."""
    return (
        f"{name} has {n_states} states but {n_actions} actions: there is one action per state, "
        "and at most one more state, the final one"
    )


def excerpt(values: NDArray) -> str:
    """The first few values as text."""
    shown = ", ".join(map(str, values[:5]))
    return f"[{shown}, ...]" if len(values) > 5 else f"[{shown}]"


def read_only(array: NDArray) -> NDArray:
    """The array itself, closed to writing."""
    array.flags.writeable = False
    return array


def _locked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with a read-only view of every array."""
    return {name: read_only(value.view()) if isinstance(value, np.ndarray) else value for name, value in fields.items()}
