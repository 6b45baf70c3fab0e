"""Selecting, joining, relabelling, comparing and describing trajectories held in flat arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .flat import Flat, Trajectory
from .labels import as_labels, shown

AnyFlat = TypeVar("AnyFlat", bound=Flat)


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


def take(flat: AnyFlat, chosen: NDArray) -> AnyFlat:
    """The trajectories at these positions, in this order."""
    lengths = flat.lengths[chosen]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    source = np.arange(offsets[-1]) + np.repeat(flat.offsets[chosen] - offsets[:-1], lengths)
    return flat.changed(
        states=flat.states[source],
        actions=flat.actions[source],
        offsets=offsets,
        final_states=flat.final_states[chosen],
        terminated=flat.terminated[chosen],
        weights=flat.weights[chosen],
        goals=None if flat.goals is None else flat.goals[chosen],
        ids=tuple(flat.ids[i] for i in chosen),
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
        flat.ids[i],
    )


FIELDS = {"state_labels": ("states", "final_states", "goals"), "action_labels": ("actions",)}  # what labels are about


def unlabel(flat: AnyFlat, name: str) -> AnyFlat:
    """The same trajectories with labels that are integers as indices."""
    numbers = np.array([*getattr(flat, name), -1], dtype=np.int64)  # the last entry is for -1, unknown
    given = {key: getattr(flat, key) for key in FIELDS[name]}
    return flat.changed(**{key: numbers[old] for key, old in given.items() if old is not None}, **{name: None})


def relabel(flat: AnyFlat, **labels: Iterable[Any] | None) -> AnyFlat:
    """The same trajectories with indices in the order of the given `state_labels` and `action_labels`, where given."""
    changes: dict[str, Any] = {}
    for name, given in labels.items():
        if given is None:
            continue
        what, seen, wanted = name.removesuffix("_labels"), getattr(flat, name), as_labels(given, name)
        if seen is None:
            raise ValueError(f"the {what}s are integers, which are indices already: {name} is for labels; leave it out")
        position = {label: i for i, label in enumerate(wanted)}
        index = np.array([*(position.get(label, -2) for label in seen), -1])  # the last entry is for -1, unknown
        for key in FIELDS[name]:
            old = getattr(flat, key)
            if old is None:
                continue
            changes[key] = index[old]
            alien = np.flatnonzero(changes[key] == -2)
            if alien.size:
                place, label = _place(flat, key, int(alien[0])), shown(seen[old[alien[0]]])
                raise ValueError(f"the {what} at {place}, {label}, is none of the {len(wanted)} {what} labels")
        changes[name] = wanted
    return flat.changed(**changes)


def _place(flat: Flat, key: str, k: int) -> str:
    """Where the k-th entry of an array of `flat` is, for errors."""
    if key in ("final_states", "goals"):
        return f"the {'end' if key == 'final_states' else 'goal'} of trajectory {flat.name_of(k)}"
    return flat.place_of(k)


def same(first: Flat, second: Flat) -> bool:
    """Whether both hold the same trajectories, whatever their ids."""
    one, other = first.fields(), second.fields()
    pairs = ((one[name], other[name]) for name in one if name != "ids")
    return all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else a is b or a == b
        for a, b in pairs
    )


def concatenate(first: AnyFlat, second: Flat) -> AnyFlat:
    """All trajectories of both; raise unless their labels agree and both have goals or neither has.

    Ids are kept. Two that both count from 0, as those without names do, are counted on instead.
    """
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
    counted = all(flat.ids == tuple(range(len(flat.ids))) for flat in (first, second))
    return first.changed(
        offsets=np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        ids=tuple(range(len(first.ids) + len(second.ids))) if counted else first.ids + second.ids,
        **{name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names},
    )


def summary(flat: Flat) -> str:
    """Say in a line how many trajectories, decisions, states and actions there are, how long and how ended."""
    n, lengths = len(flat.weights), flat.lengths
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
