"""Rows of a long table put in order: by trajectory, and by time within."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .cells import is_number
from .labels import first_missing, shown

Ties = Literal["error", "file-order"]
Place = Callable[[int], str]  # row -> "line 17"

# Dates, and dates with times, of ISO 8601; digits beyond the second are told apart, however many there are.
_ISO = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})((?P<mark>[T ])(?P<minute>[0-9]{2}:[0-9]{2})"
    r"((?P<second>:[0-9]{2})([.,](?P<fraction>[0-9]+))?)?(?P<zone>Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?",
    re.ASCII,
)


def first_seen(values: NDArray, name: Any, place: Place) -> tuple[NDArray, list]:
    """Number of the trajectory of each row, in the order in which their names first appear, and the names."""
    gap = first_missing(values)
    if gap is not None:
        raise ValueError(f"column {name!r} is missing in {place(gap)}: every row must name its trajectory")
    listed = values.tolist()
    try:
        ids = list(dict.fromkeys(listed))
    except TypeError as error:
        raise ValueError(f"column {name!r} holds values that cannot name a trajectory: {error}") from None
    index = {value: i for i, value in enumerate(ids)}
    return np.fromiter(map(index.__getitem__, listed), dtype=np.int64, count=len(listed)), ids


def row_order(
    trajectory: NDArray,
    ids: list,
    time: NDArray | None,
    name: Any,
    place: Place,
    *,
    time_format: str | None = None,
    ties: Ties = "error",
) -> NDArray:
    """Rows of a trajectory together, by time if there is one, otherwise as they come.

    Times are numbers, dates, ISO 8601 of one shape, or text of the given `time_format`. Rows of a trajectory that have the same
    time are refused, or left as they come with ``ties="file-order"``.
    """
    if ties not in ("error", "file-order"):
        raise ValueError(f"ties must be 'error' or 'file-order'; got {ties!r}")
    if time is None:
        if time_format is not None or ties != "error":
            raise ValueError("time_format= and ties= are about a column of times: say which with time=")
        return np.argsort(trajectory, kind="stable")
    gap = first_missing(time)
    if gap is not None:
        raise ValueError(
            f"column {name!r} is missing in {place(gap)} (trajectory {shown(ids[trajectory[gap]])}): fill it in"
        )
    rank = _rank(time, name, place, time_format)
    order = np.lexsort((rank, trajectory))
    same = (np.diff(trajectory[order]) == 0) & (np.diff(rank[order]) == 0)
    if same.any() and ties == "error":
        first, second = order[np.flatnonzero(same)[0] :][:2]
        raise ValueError(
            f"trajectory {shown(ids[trajectory[first]])} has {name}={time.tolist()[first]!r} twice, in {place(first)} and "
            f"{place(second)}: times order the steps, so each occurs once; say ties='file-order' if rows of one time are in "
            "their order already, or leave time out to keep the order of all rows"
        )
    return order


def _rank(time: NDArray, name: Any, place: Place, time_format: str | None) -> NDArray:
    """Position of each time among all times."""
    if time.dtype.kind in "iufbmM":
        if time_format is not None:
            raise ValueError(f"column {name!r} holds {time.dtype}, not text: leave time_format= out")
        return np.unique(time, return_inverse=True)[1]
    values = time.tolist()
    distinct = list(dict.fromkeys(values))
    texts = [value for value in distinct if isinstance(value, str)]
    if texts and len(texts) < len(distinct):
        other = next(value for value in distinct if not isinstance(value, str))
        raise ValueError(f"column {name!r} holds text such as {texts[0]!r} and {type(other).__name__}: give one kind")
    if time_format is not None and not texts:
        raise ValueError(f"column {name!r} holds {type(distinct[0]).__name__}, not text: leave time_format= out")
    key: dict[Any, Any] = {value: value for value in distinct}
    if texts:
        key = _instants(texts, name, lambda text: place(values.index(text)), time_format)
    try:
        position = {instant: k for k, instant in enumerate(sorted(set(key.values())))}
    except TypeError as error:
        raise ValueError(f"column {name!r} cannot be put in order ({error}): give numbers, dates or text") from None
    return np.array([position[key[value]] for value in values], dtype=np.int64)


def _instants(texts: list[str], name: Any, where: Callable[[str], str], time_format: str | None) -> dict[Any, Any]:
    """What each text means: a number, or an instant."""
    if time_format is not None:
        return {text: _parsed(text, name, where, time_format) for text in texts}
    if all(map(is_number, texts)):
        return {text: Decimal(text) for text in texts}  # exact: nanoseconds since 1970 have more digits than a float
    shapes: dict[Any, str] = {}
    instants = {}
    for text in texts:
        match = _ISO.fullmatch(text)
        if match is None:
            number = next(filter(is_number, texts), None)
            beside = "" if number is None else f", beside numbers such as {number!r}"
            raise ValueError(
                f"column {name!r} holds {shown(text)} in {where(text)}{beside}, neither a number nor a time of ISO 8601, "
                "such as 2019-09-30T23:30: say how times are written, time_format='%d/%m/%Y %H:%M' for instance, write numbers "
                "or ISO 8601, or leave time out to keep the order of the rows"
            )
        part = match.groupdict()
        shapes.setdefault((part["mark"], part["second"] is None, part["zone"] is None), text)
        if len(shapes) > 1:
            one, other = shapes.values()
            raise ValueError(
                f"column {name!r} holds times of two shapes, {one!r} and {other!r} (in {where(other)}): write all alike, or say "
                "time_format="
            )
        instants[text] = _iso(text, part, name, where)
    return instants


def _iso(text: str, part: dict[str, str | None], name: Any, where: Callable[[str], str]) -> tuple[datetime, Decimal]:
    """The second, and the fraction of it."""
    whole = f"{part['date']}T{part['minute'] or '00:00'}{part['second'] or ''}{part['zone'] or ''}"
    try:
        return datetime.fromisoformat(whole), Decimal(f"0.{part['fraction'] or 0}")
    except ValueError as error:
        raise ValueError(f"column {name!r} holds {shown(text)} in {where(text)}, which is no time: {error}") from None


def _parsed(text: str, name: Any, where: Callable[[str], str], time_format: str) -> datetime:
    try:
        return datetime.strptime(text, time_format)
    except ValueError:
        raise ValueError(
            f"column {name!r} holds {shown(text)} in {where(text)}, which is not written as time_format={time_format!r} says"
        ) from None
