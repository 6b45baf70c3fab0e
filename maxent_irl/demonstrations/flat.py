"""One trajectory, and the flat arrays that many are held in: what all formats are turned into and checked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_numbers
from .columns import Columns, concatenated
from .labels import Labels, as_labels

NO_COLUMNS = Columns()


class Flat(NamedTuple):
    """Everything a Demonstrations holds; n trajectories, N decisions one trajectory after another."""

    states: NDArray  # (N,) int64
    actions: NDArray  # (N,) int64
    offsets: NDArray  # (n + 1,) int64: trajectory i is [offsets[i], offsets[i + 1])
    final_states: NDArray  # (n,) int64, -1 where unknown
    terminated: NDArray  # (n,) bool
    weights: NDArray  # (n,) float64
    goals: NDArray | None  # (n,) int64
    state_labels: Labels | None
    action_labels: Labels | None
    columns: Columns = NO_COLUMNS


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

    Raises
    ------
    ValueError
        If the arrays are no 1-D integer arrays or their lengths do not fit.
    """

    states: NDArray
    actions: NDArray
    terminated: bool = False
    goal: int | None = None
    weight: float = 1.0
    state_labels: Labels | None = None
    action_labels: Labels | None = None
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
        return Trajectory, (self.states, self.actions, *self._rest())

    def __repr__(self) -> str:
        n = len(self.actions)
        parts = [f"{n} decision{'s' * (n != 1)}", f"states {excerpt(self.states)}", f"actions {excerpt(self.actions)}"]
        parts += ["terminated"] if self.terminated else []
        parts += [] if self.goal is None else [f"goal {self.goal}"]
        parts += [] if self.weight == 1 else [f"weight {self.weight:g}"]
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
    state_labels: Labels | None = None,
    action_labels: Labels | None = None,
    columns: Columns | None = None,
    name: Callable[[int], str] | None = None,
) -> Flat:
    """Check what all formats share (something was decided, weights are weights) and put the arrays together.

    A trajectory whose final state is its goal has terminated. `name` names a trajectory by its position, for errors.
    """
    name = name or trajectory_name
    n = len(lengths)
    check_lengths(lengths, name)
    over = np.zeros(n, dtype=bool) if terminated is None else np.asarray(terminated)
    if over.shape != (n,) or over.dtype != bool:
        raise ValueError(
            f"terminated must be a boolean array of shape ({n},), one per trajectory; got {over.dtype} {over.shape}"
        )
    if goals is not None:
        over = over | (final_states == goals)
    if weights is None:
        weight = np.ones(n)
    else:
        weight = check_numbers("weights", weights).copy()
        if weight.shape != (n,):
            raise ValueError(f"weights must have shape ({n},), one per trajectory; got {weight.shape}")
        bad = ~(np.isfinite(weight) & (weight >= 0))
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            raise ValueError(f"the weight of {name(i)} is {weight[i]}: weights are finite and not negative")
        if not weight.any():
            raise ValueError("all weights are zero: nothing is left to learn from; give at least one positive weight")
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    named = NO_COLUMNS if columns is None else columns
    return Flat(states, actions, offsets, final_states, over, weight, goals, state_labels, action_labels, named)


def check_lengths(lengths: NDArray, name: Callable[[int], str]) -> None:
    """Raise if there is no trajectory, or one without a decision."""
    if len(lengths) == 0:
        raise ValueError("there are no trajectories: demonstrations need at least one")
    if (lengths == 0).any():
        raise ValueError(f"{name(int(np.flatnonzero(lengths == 0)[0]))} has no decisions: leave it out")


def trajectory_name(i: int) -> str:
    """Name a trajectory by its position."""
    return f"trajectory {i}"


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


def selection(key: Any, n: int) -> NDArray:
    """Positions that a slice, a sequence of integers or a boolean mask selects among n trajectories."""
    if isinstance(key, slice):
        chosen = np.arange(n)[key]
    else:
        chosen = np.asarray(key)
        if chosen.dtype == bool and chosen.shape != (n,):
            raise IndexError(f"a boolean index must have shape ({n},), one per trajectory; got {chosen.shape}")
        if chosen.ndim != 1 or chosen.dtype.kind not in "iub" and chosen.size:
            raise IndexError(f"index trajectories by integers, slices or a boolean mask; got {key!r:.60}")
        outside = chosen[(chosen < -n) | (chosen >= n)] if chosen.dtype != bool else chosen[:0]
        if outside.size:
            raise IndexError(f"there is no trajectory {outside[0]}: there are {n}")
        chosen = np.arange(n)[chosen] if chosen.size else np.empty(0, dtype=np.int64)
    if not chosen.size:
        raise ValueError("the index selects no trajectories, and demonstrations are never empty")
    return chosen


def take(flat: Flat, chosen: NDArray) -> Flat:
    """The trajectories at these positions, in this order."""
    lengths = np.diff(flat.offsets)[chosen]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    source = np.arange(offsets[-1]) + np.repeat(flat.offsets[chosen] - offsets[:-1], lengths)
    return flat._replace(
        states=flat.states[source],
        actions=flat.actions[source],
        offsets=offsets,
        final_states=flat.final_states[chosen],
        terminated=flat.terminated[chosen],
        weights=flat.weights[chosen],
        goals=None if flat.goals is None else flat.goals[chosen],
        columns=flat.columns.take(chosen, source),
    )


def pick(flat: Flat, i: int, visits: NDArray) -> Trajectory:
    """Trajectory i, given its states with the final one if that is known."""
    return Trajectory(
        visits,
        flat.actions[flat.offsets[i] : flat.offsets[i + 1]],
        bool(flat.terminated[i]),
        None if flat.goals is None else int(flat.goals[i]),
        float(flat.weights[i]),
        flat.state_labels,
        flat.action_labels,
        flat.columns.take(np.array([i]), slice(flat.offsets[i], flat.offsets[i + 1])) if flat.columns else NO_COLUMNS,
    )


def relabel(flat: Flat, **labels: Iterable[Any] | None) -> Flat:
    """The same trajectories with indices in the order of the given `state_labels` and `action_labels`, where given."""
    fields = {"state_labels": ("states", "final_states", "goals"), "action_labels": ("actions",)}
    changes: dict[str, Any] = {}
    for name, given in labels.items():
        if given is None:
            continue
        what, seen, wanted = name.removesuffix("_labels"), getattr(flat, name), as_labels(given, name)
        if seen is None:
            raise ValueError(f"the {what}s are integers, which are indices already: {name} is for labels; leave it out")
        position = {label: i for i, label in enumerate(wanted)}
        index = np.array([*(position.get(label, -2) for label in seen), -1])  # the last entry is for -1, unknown
        for key in fields[name]:
            old = getattr(flat, key)
            if old is None:
                continue
            changes[key] = index[old]
            alien = np.flatnonzero(changes[key] == -2)
            if alien.size:
                place, label = _place(flat, key, int(alien[0])), seen[old[alien[0]]]
                raise ValueError(f"the {what} at {place}, {label!r}, is none of the {len(wanted)} {what} labels")
        changes[name] = wanted
    return flat._replace(**changes)


def _place(flat: Flat, key: str, k: int) -> str:
    """Where the k-th entry of an array of `flat` is, for errors."""
    if key in ("final_states", "goals"):
        return f"the {'end' if key == 'final_states' else 'goal'} of {trajectory_name(k)}"
    i = int(np.searchsorted(flat.offsets, k, side="right")) - 1
    return f"{trajectory_name(i)}, step {k - flat.offsets[i]}"


def same(first: Flat, second: Flat) -> bool:
    """Whether both hold the same."""
    return all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else a is b or a == b
        for a, b in zip(first, second, strict=True)
    )


def concatenate(first: Flat, second: Flat) -> Flat:
    """All trajectories of both; raise unless their labels agree and both have goals or neither has."""
    for what in ("state_labels", "action_labels"):
        if getattr(first, what) != getattr(second, what):
            raise ValueError(
                f"the two have different {what}, so indices disagree: build both from one list of trajectories, or with "
                f"the same {what}="
            )
    if (first.goals is None) != (second.goals is None):
        raise ValueError("one has goals and the other has none: give both goals, or neither")
    names = ["states", "actions", "final_states", "terminated", "weights"]
    names += [] if first.goals is None else ["goals"]
    return first._replace(
        offsets=np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        columns=concatenated([first.columns, second.columns]),
        **{name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names},
    )


def summary(flat: Flat) -> str:
    """Say in a line how many trajectories, decisions, states and actions there are, how long and how ended."""
    n, lengths = len(flat.weights), np.diff(flat.offsets)
    visited = np.concatenate([flat.states, flat.final_states[flat.final_states >= 0]])
    parts = [
        f"{n:,} {'trajectory' if n == 1 else 'trajectories'}",
        _count(len(flat.states), "decision"),
        _count(len(np.unique(visited)), "distinct state"),
        _count(len(np.unique(flat.actions)), "distinct action"),
    ]
    if lengths.min() == lengths.max():
        parts.append(f"all of length {lengths[0]:,}")
    else:
        parts.append(f"lengths {lengths.min():,}/{np.median(lengths):,g}/{lengths.max():,} (min/median/max)")
    if flat.goals is not None:
        parts.append(_count(len(np.unique(flat.goals)), "goal"))
    if flat.terminated.any():
        parts.append(f"{int(flat.terminated.sum()):,} terminated")
    if (flat.weights != 1).any():
        parts.append(f"weights {flat.weights.min():g} to {flat.weights.max():g}")
    return ", ".join(parts)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"
