"""Arrays in ``.npz`` files: plain ones only, so that reading them executes nothing, and each as its schema says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = "format"  # entry that says what the file holds, in which version, and which other entries there are
LONGEST_SHOWN = 120  # characters of what a damaged file made others say
KINDS = {"whole": "iu", "real": "fiu", "flag": "b", "text": "U", "column": "iufbUM"}  # dtype kinds


@dataclass(frozen=True)
class Entry:
    """What an array of a file has to be."""

    kind: str  # one of KINDS
    shape: tuple[str, ...] = ()  # one name per axis; axes of the same name are of the same length
    required: bool = True
    low: float = -np.inf
    high: float = np.inf


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, Any]) -> None:
    """Write to exactly this path (numpy alone would append ``.npz``)."""
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def write_checked(path: str | os.PathLike, form: str, arrays: Mapping[str, Any]) -> None:
    """Write a file that `read_checked` reads; entries that get lost in it later are missed."""
    write_arrays(path, {FORMAT: np.array("; ".join([form, *sorted(arrays)])), **arrays})


def read_arrays(path: str | os.PathLike) -> dict[str, NDArray]:
    """Read all arrays; raise ValueError naming the file if it is cut or of another kind."""
    with open(path, "rb") as stream:
        try:  # damaged and hostile archives raise errors of many kinds: whatever it is, the file is at fault
            with np.load(stream, allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
        except Exception as error:
            raise ValueError(
                f"{os.fspath(path)} is not a readable .npz file (truncated, or of another kind): {_brief(error)}"
            ) from error
    foreign = next((key for key, value in arrays.items() if not isinstance(value, np.ndarray)), None)
    if foreign is not None:
        raise ValueError(f"{os.fspath(path)} is not a readable .npz file: its member {_brief(foreign)} is no array")
    return arrays


def read_checked(
    path: str | os.PathLike,
    form: str,
    schema: Mapping[str, Entry],
    sizes: Mapping[str, str] | None = None,
    named: Mapping[str, str] | None = None,
) -> dict[str, NDArray]:
    """Read the arrays of a file of one form, checking each entry's type, shape and range.

    Parameters
    ----------
    path : path
    form : str
        What the entry ``format`` must begin with, such as ``"maxent_irl.MDP 1"``.
    schema : mapping of name to Entry
    sizes : mapping, optional
        Name of an axis -> the scalar entry that says how long it is.
    named : mapping, optional
        Prefix of entries that users named -> their axis: arrays of numbers, flags, text or dates.

    Raises
    ------
    ValueError
        Naming the file and the entry.
    """
    name, arrays = os.fspath(path), read_arrays(path)
    what, _, version = form.removeprefix("maxent_irl.").partition(" ")
    found, *written = str(arrays.pop(FORMAT, "")).split("; ")
    if found != form:
        holds = repr(_brief(found)) if found else "no format"
        raise ValueError(f"{name} holds no {what} of version {version} ({holds}): write it with {what}.save")
    required = {key for key, entry in schema.items() if entry.required} | set(written)
    lacking = sorted(required - set(arrays))
    if lacking:
        raise ValueError(f"{name} is damaged: it lacks {_brief(', '.join(lacking))}")
    lengths: dict[str, tuple[int, str]] = {}
    for key in sorted(arrays, key=lambda key: (key not in (sizes or {}).values(), key)):
        axis_of = next((axis for prefix, axis in (named or {}).items() if key.startswith(prefix)), None)
        if axis_of is not None:
            _check(f"{name} is damaged: {key}", key, arrays[key], Entry("column", (axis_of,)), lengths)
            continue
        if key not in schema:
            raise ValueError(f"{name} is damaged: its entry {_brief(key)!r} belongs to no such file")
        _check(f"{name} is damaged: {key}", key, arrays[key], schema[key], lengths)
        for axis, scalar in (sizes or {}).items():
            if key == scalar:
                lengths[axis] = int(arrays[key]), key
    return arrays


def _brief(thing: object) -> str:
    """Text on one line, cut where a damaged file has made it long."""
    line = " ".join(str(thing).split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}..."


def _check(entry_name: str, key: str, array: NDArray, entry: Entry, lengths: dict[str, tuple[int, str]]) -> None:
    """Raise unless the array is as its schema says; `lengths` holds the axes known so far, and which entry told."""
    if array.dtype.kind not in KINDS[entry.kind]:
        raise ValueError(f"{entry_name} is {array.dtype}, where {entry.kind} values belong")
    if array.ndim != len(entry.shape):
        raise ValueError(f"{entry_name} has shape {array.shape}, where {len(entry.shape)} axes belong")
    for axis, length in zip(entry.shape, array.shape, strict=True):
        known, teller = lengths.setdefault(axis, (length, key))
        if length != known:
            raise ValueError(f"{entry_name} has shape {array.shape}, which does not fit {teller} ({axis} = {known})")
    if entry.kind in ("whole", "real"):
        outside = ~((array >= entry.low) & (array <= entry.high))
        if entry.kind == "real":
            outside |= ~np.isfinite(array)
        if outside.any():
            worst = array[outside].ravel()[0]
            raise ValueError(f"{entry_name} holds {worst}, outside the range {entry.low:g} to {entry.high:g}")
