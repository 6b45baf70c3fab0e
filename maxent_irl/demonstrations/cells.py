"""What cells of tables mean: missing values, identifiers, numbers.

Identifiers are text unless every one is a plain integer, the exact decimal of itself: ``7`` and ``-3`` are, and ``007``,
``7.0``, ``1_0``, fullwidth digits and what no 64 bits hold are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .labels import missing, shown

# How other programs write that there is no value.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None", "nan", "NaN", "NAN", "NaT")

Place = Callable[[int], str]  # row -> "line 17"

_INTEGER = re.compile(r"-?[1-9][0-9]*|0", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def check_missing(words: Collection[str]) -> frozenset[str]:
    """The words that mean a missing value, from the option `missing`."""
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"missing must be a list of the words that mean a missing value; got {words!r}")
    return frozenset(words)


def without_missing(column: NDArray, words: frozenset[str]) -> NDArray:
    """The column with None in place of missing values: the given words (spaces around do not count), NaN, NaT, NA."""
    if column.dtype.kind == "U":
        column = column.astype(object)
    if column.dtype.kind != "O":
        return column
    listed = column.tolist()
    texts = {value for value in listed if isinstance(value, str)} if any(isinstance(v, str) for v in listed) else set()
    blank = {text for text in texts if text in words or text.strip(" ") in words}
    gone = missing(column)
    if blank:
        gone |= np.array([isinstance(value, str) and value in blank for value in listed], dtype=bool)
    return blanked(column, gone)


def blanked(column: NDArray, gone: NDArray) -> NDArray:
    """The column with None where `gone`, (rows,) bool, says so."""
    if not gone.any():
        return column
    blank = column.astype(object)
    blank[gone] = None
    return blank


def is_integer(text: str) -> bool:
    """Whether text is a plain integer of at most 64 bits."""
    return len(text) < 20 and _INTEGER.fullmatch(text) is not None and -(2**63) <= int(text) < 2**63


def is_number(text: str) -> bool:
    """Whether text is a decimal number in ASCII digits."""
    return _NUMBER.fullmatch(text) is not None


def identifiers(columns: Sequence[NDArray]) -> list[NDArray]:
    """Columns of cells that name things of one kind: integers where every cell of all is a plain integer, else as written."""
    texts = {value for column in columns for value in column.tolist() if value is not None}
    if not all(map(is_integer, texts)):
        return list(columns)
    value_of: dict[Any, int | None] = {text: int(text) for text in texts}
    value_of[None] = None
    read = [[value_of[value] for value in column.tolist()] for column in columns]
    return [np.fromiter(values, object if None in values else np.int64, len(values)) for values in read]


def numbers(column: NDArray, place: Place) -> NDArray:
    """Float64 numbers, NaN where missing; raise ValueError naming the place of what is no number."""
    if column.dtype.kind in "iufb":
        return column.astype(np.float64)
    values: dict[Any, float] = {}
    listed = column.tolist()
    for value in dict.fromkeys(listed):
        try:
            if isinstance(value, str) and not is_number(value):
                raise ValueError
            values[value] = np.nan if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{place(listed.index(value))}: {shown(value)} is no number") from None
    return np.array([values[value] for value in listed], dtype=np.float64)


def flags(column: NDArray, place: Place) -> NDArray:
    """Booleans from true and false, 1 and 0, False where missing; raise ValueError naming the place of anything else."""
    listed = column.tolist()
    known: dict[Any, bool] = {None: False}
    for value in dict.fromkeys(listed):
        text = value.lower() if isinstance(value, str) else None
        if text in _FLAGS:
            known[value] = _FLAGS[text]
        elif isinstance(value, bool | int | float) and value in (0, 1):
            known[value] = bool(value)
        elif value is not None and value == value:
            raise ValueError(f"{place(listed.index(value))}: {shown(value)} is neither true nor false, neither 1 nor 0")
    return np.array([known.get(value, False) for value in listed], dtype=bool)
