"""States, actions and goals as users write them (integers, strings, tuples, ...) mapped to indices and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = tuple[Any, ...]
Place = Callable[[int], str]  # position among the encoded values -> "trajectory 3, step 5"

NUMBER_TYPES = (int, float, np.integer, np.floating, np.bool_)  # bool is an int
LARGEST_EXACT = 2.0**53  # floats from here on skip integers
LONGEST_SHOWN = 60  # characters of a label in a message


def encode(parts: Iterable[Any], what: str, place: Place) -> tuple[NDArray, Labels | None]:
    """Map the values of all `parts`, one after another, to indices.

    Integers (booleans, and floats without a fraction, which is how tables with gaps store integers) are indices already and stay
    as they are. Anything else hashable is a label, numbered in sorted order, or as first seen where labels do not sort.

    Parameters
    ----------
    parts : iterable of 1-D arrays, lists and tuples
    what : str
        What the values are, for errors: ``"state"``, ``"action"``.
    place : callable
        Names the place of the value at a position, for errors.

    Returns
    -------
    indices : (N,) int64 array
    labels : tuple or None
        Label of each index; None for integer input.

    Raises
    ------
    ValueError
        For missing values, fractions, negative integers and unhashable labels, naming the first.
    """
    parts = list(parts)
    numbers = [array for part in parts if (array := _as_numbers(part)) is not None]
    if len(numbers) == len(parts):
        return _indices(np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64), what, place), None
    values = list(chain.from_iterable(p.tolist() if isinstance(p, np.ndarray) else p for p in parts))
    gap = first_missing(values)
    if gap is not None:
        raise ValueError(f"the {what} at {place(gap)} is missing ({values[gap]!r}): fill it in, or leave the row out")
    if any(issubclass(kind, np.generic) for kind in set(map(type, values))):
        values = [value.item() if isinstance(value, np.generic) else value for value in values]
    try:
        seen = dict.fromkeys(values)
    except TypeError:
        k = next(k for k, value in enumerate(values) if not _is_hashable(value))
        raise ValueError(
            f"the {what} at {place(k)} is a {type(values[k]).__name__}, which cannot be a label: "
            "use an integer, a string or a tuple"
        ) from None
    try:
        labels = tuple(sorted(seen))
    except TypeError:
        labels = tuple(seen)
    return lookup(values, labels, what, place), labels


def named(codes: NDArray) -> tuple[NDArray, Labels | None]:
    """Integers as names: indices of those that occur, in ascending order, and their labels; None where these are 0, 1, 2, ..."""
    names, indices = np.unique(codes, return_inverse=True)
    if not len(names) or names[-1] == len(names) - 1:
        return codes, None
    return indices.astype(np.int64), tuple(names.tolist())


def lookup(values: Iterable[Any], labels: Labels, what: str, place: Place) -> NDArray:
    """Return the index of each value among `labels`; raise naming the first that is not there."""
    values = list(values)
    index = {label: i for i, label in enumerate(labels)}
    try:
        return np.fromiter(map(index.__getitem__, values), dtype=np.int64, count=len(values))
    except (KeyError, TypeError):
        k = next(k for k, value in enumerate(values) if not _is_hashable(value) or value not in index)
        raise ValueError(
            f"the {what} at {place(k)}, {shown(values[k])}, is none of the {len(labels)} {what} labels"
        ) from None


def as_labels(given: Iterable[Any], name: str) -> Labels:
    """Labels in the order of their indices; raise for what is no list of distinct, hashable labels."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"{name} must be a list of labels; got {given!r}")
    labels = tuple(label.item() if isinstance(label, np.generic) else label for label in given)
    unfit = next((label for label in labels if not _is_hashable(label)), None)
    if unfit is not None:
        raise ValueError(f"{name} holds {unfit!r:.60}, which cannot be a label: use integers, strings or tuples")
    gap = first_missing(labels)
    if gap is not None:
        raise ValueError(f"{name} holds {labels[gap]!r} at index {gap}: name every index")
    twice = next((label for label, n in Counter(labels).items() if n > 1), None)
    if twice is not None:
        raise ValueError(f"{name} lists {shown(twice)} twice: no two indices have one label")
    return labels


def shown(label: Any) -> str:
    """A label as it would be typed, shortened if it is long: ``'home'``, ``7``, ``('ann', 2)``."""
    text = repr(label.item() if isinstance(label, np.generic) else label)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def show(what: str, index: int, labels: Labels | None) -> str:
    """Name a state or an action: ``state 3``, or ``state 'home' (index 3)``."""
    if labels is None or not 0 <= index < len(labels):
        return f"{what} {index}"
    return f"{what} {shown(labels[index])} (index {index})"


def first_missing(values: Sequence[Any] | NDArray) -> int | None:
    """Position of the first missing value (None, NaN, NaT, NA), if there is one."""
    where = np.flatnonzero(missing(values))
    return int(where[0]) if where.size else None


def missing(values: Sequence[Any] | NDArray) -> NDArray:
    """(N,) bool: which values are None, NaN, NaT or a table library's NA."""
    kind = values.dtype.kind if isinstance(values, np.ndarray) else "O"
    if kind in "fc":
        return np.isnan(values)
    if kind in "mM":
        return np.isnat(values)
    if kind != "O":
        return np.zeros(len(values), dtype=bool)
    suspects = {
        t for t in set(map(type, values)) if t.__name__ in ("NoneType", "NAType", "NaTType") or issubclass(t, float)
    }
    if not suspects:
        return np.zeros(len(values), dtype=bool)
    return np.array([type(v) in suspects and (not isinstance(v, float) or v != v) for v in values], dtype=bool)


def to_json(names: tuple[Any, ...] | None, what: str) -> str:
    """Labels or ids as JSON text (tuples become lists); raise for one that would not come back the same."""
    for name in names or ():
        if type(name) is str or type(name) is int:
            continue
        try:
            kept = _from_plain(json.loads(json.dumps(name))) == name
        except (TypeError, ValueError):
            kept = False
        if not kept:
            raise ValueError(
                f"the {what} {shown(name)} ({type(name).__name__}) cannot be written to a file: "
                "use strings, numbers, or tuples of these"
            )
    return json.dumps(names)


def from_json(text: str) -> Any:
    """Inverse of `to_json`: lists become tuples, because labels are hashable."""
    return _from_plain(json.loads(text))


def _from_plain(value: Any) -> Any:
    return tuple(map(_from_plain, value)) if isinstance(value, list) else value


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _as_numbers(part: Any) -> NDArray | None:
    """The values as int64 or float64, None if any of them is no number (mixtures must not be coerced to strings)."""
    if not isinstance(part, np.ndarray) or part.dtype.kind == "O":
        if not all(issubclass(kind, NUMBER_TYPES) for kind in set(map(type, part))):
            return None
        if any(isinstance(value, int) and abs(value) >= 2**63 for value in part):
            return None  # more than 64 bits: a name
        part = np.array(list(part)) if len(part) else np.empty(0, dtype=np.int64)
    if part.dtype.kind in "iub":
        return None if part.size and part.max() > np.iinfo(np.int64).max else part.astype(np.int64)
    return part.astype(np.float64) if part.dtype.kind == "f" else None


def _indices(numbers: NDArray, what: str, place: Place) -> NDArray:
    if numbers.dtype.kind == "f":
        gap = first_missing(numbers)
        if gap is not None:
            raise ValueError(f"the {what} at {place(gap)} is missing (NaN): fill it in, or leave the row out")
        whole = np.isfinite(numbers) & (numbers == np.floor(numbers))
        if not whole.all():
            k = int(np.flatnonzero(~whole)[0])
            raise ValueError(
                f"the {what} at {place(k)} is {numbers[k]:g}: {what}s are finite in number; "
                "discretise real values, or give labels as strings"
            )
        if (np.abs(numbers) >= LARGEST_EXACT).any():
            k = int(np.flatnonzero(np.abs(numbers) >= LARGEST_EXACT)[0])
            raise ValueError(
                f"the {what} at {place(k)} is {numbers[k]:.0f}, stored as a float, which cannot tell it from its neighbours: "
                "give integers, or text"
            )
        numbers = numbers.astype(np.int64)
    if (numbers < 0).any():
        k = int(np.flatnonzero(numbers < 0)[0])
        raise ValueError(
            f"the {what} at {place(k)} is {numbers[k]}: integers count from 0; turn negative numbers into strings to use them as "
            f"labels, or, if this one marks a missing value of a table, say missing=['{numbers[k]}']"
        )
    return numbers
