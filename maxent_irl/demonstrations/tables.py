"""Long tables, one decision per row (data frames of any library, dicts of columns, CSV files), turned into flat arrays."""

from __future__ import annotations

import csv
import gzip
import os
import re
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import column_names
from .columns import Columns
from .flat import Flat, check_lengths, flatten
from .labels import encode, first_missing, missing

MEANINGS = {"id": "trajectory of each row", "state": "state", "action": "action taken in it"}


Roles = dict[Any, str | None]  # what a column is for: a word, or a kind of column and its name


def kept_roles(decision_columns: Sequence[str], trajectory_columns: Sequence[str]) -> Roles:
    """Roles of the columns that are kept by name."""
    kinds = {"decision": decision_columns, "trajectory": trajectory_columns}
    return {(kind, name): name for kind, names in kinds.items() for name in names}


def read_table(frame: Any, roles: Roles) -> Flat:
    """Flat arrays of a long table: rows grouped by id in the order the ids first appear, and sorted by time within.

    `roles` names the columns for id, state, action, time, next_state, weight and goal, None where there is none; and, under
    ``("decision", name)`` or ``("trajectory", name)``, those that are kept by name.
    """
    for role in ("id", "state", "action"):
        if roles[role] is None:
            raise ValueError(f"{role}=None: name the column that holds the {MEANINGS[role]}")
    id, time, next_state, weight, goal = (roles[role] for role in ("id", "time", "next_state", "weight", "goal"))
    columns = {role: _column(frame, name, role) for role, name in roles.items() if name is not None}
    sizes = {len(values) for values in columns.values()}
    if len(sizes) > 1:
        listed = ", ".join(f"{roles[role]!r} has {len(values)}" for role, values in columns.items())
        raise ValueError(f"the columns differ in length: {listed}")
    if sizes == {0}:
        raise ValueError("the table has no rows: demonstrations need at least one trajectory")

    trajectory, ids = first_seen(columns.pop("id"), id)
    order = row_order(trajectory, ids, columns.pop("time", None), time)
    columns = {role: values[order] for role, values in columns.items()}
    trajectory = trajectory[order]
    rows = np.bincount(trajectory, minlength=len(ids))
    ends = np.cumsum(rows)

    def name(i: int) -> str:
        return f"trajectory {ids[i]!r}"

    def place(k: int) -> str:
        i = trajectory[k]
        return f"{name(i)}, step {k - ends[i] + rows[i]} (row {order[k]})"

    deciding = _rows_with_an_action(columns["action"], ends, place, roles)
    chosen = np.flatnonzero(deciding)
    lengths = np.bincount(trajectory[chosen], minlength=len(ids))
    check_lengths(lengths, name)
    goals = [] if goal is None else [_constant(columns["goal"], ends, rows, goal, place)]
    successors, after = np.empty(0, dtype=np.int64), []
    if next_state is not None:
        successors = np.flatnonzero(~missing(columns["next_state"]))
        after = [columns["next_state"][successors]]

    named = {kind: {role[1]: role for role in columns if role[0] == kind} for kind in ("decision", "trajectory")}
    kept = Columns.checked(
        {name: columns[role][chosen] for name, role in named["decision"].items()},
        {name: _constant(columns[role], ends, rows, name, place) for name, role in named["trajectory"].items()},
        len(ids),
        len(chosen),
    )

    n = len(trajectory)
    sources = np.concatenate([np.arange(n), successors, ends - 1])  # row that each encoded state stands in
    codes, state_labels = encode([columns["state"], *after, *goals], "state", lambda k: place(sources[k]))
    actions, action_labels = encode([columns["action"][chosen]], "action", lambda k: place(chosen[k]))
    final_states = np.where(deciding[ends - 1], -1, codes[ends - 1])
    if next_state is not None:
        following = np.full(n, -1, dtype=np.int64)
        following[successors] = codes[n : n + len(successors)]
        _check_successors(codes[:n], following, ends, place, columns, roles)
        final_states = following[ends - 1]
    return flatten(
        codes[:n][chosen],
        actions,
        lengths,
        final_states,
        weights=None if weight is None else _weights(_constant(columns["weight"], ends, rows, weight, place), weight),
        goals=None if goal is None else codes[n + len(successors) :],
        state_labels=state_labels,
        action_labels=action_labels,
        columns=kept,
        name=name,
    )


def read_csv(path: str | os.PathLike, columns: Roles, delimiter: str) -> dict[str, NDArray]:
    """The named columns of a CSV file with a header (``.gz`` is unpacked): integers, floats or strings; blank is missing."""
    path = Path(path)
    wanted = [name for name in columns.values() if name is not None]
    opener = gzip.open if path.suffix == ".gz" else open
    cells: list[list[str]] = [[] for _ in wanted]
    line = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = next(reader, None)
            if header is None:
                raise ValueError(f"{path} is empty: a header with column names was expected")
            for role, name in columns.items():
                if name is not None and header.count(name) != 1:
                    raise ValueError(_no_column(name, role, header, header.count(name), str(path)))
            take = [header.index(name) for name in wanted]
            for record in reader:
                line = reader.line_num
                if len(record) != len(header) and record:
                    raise ValueError(
                        f"{path}, line {line} has {len(record)} fields where the header has {len(header)}: "
                        "the file is damaged or was cut there"
                    )
                for values, k in zip(cells, take, strict=True) if record else ():
                    values.append(record[k])
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged or was cut after line {line}: {error}") from error
    except csv.Error as error:
        raise ValueError(f"{path} cannot be read after line {line}: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text (after line {line}): save it as UTF-8") from error
    return {name: _parsed(values) for name, values in zip(wanted, cells, strict=True)}


def _parsed(cells: list[str]) -> NDArray:
    array = np.array(cells, dtype=np.str_)
    blank = np.char.strip(array) == ""
    try:
        if not blank.any():
            return array.astype(np.int64)
    except ValueError:
        pass
    except OverflowError:  # identifiers longer than 64 bits: names, not numbers
        return array.astype(object)
    try:
        return np.where(blank, "nan", array).astype(np.float64)
    except ValueError:
        pass
    return np.where(blank, None, array.astype(object))


def _column(frame: Any, name: str, role: str) -> NDArray:
    if hasattr(type(frame), "collect"):
        raise ValueError(f"a {type(frame).__name__} is a query that has not been run: give its result, frame.collect()")
    known = column_names(frame) or getattr(getattr(frame, "dtype", None), "names", None)
    if known is None:
        if not hasattr(frame, "keys"):
            raise ValueError(f"a {type(frame).__name__} has no named columns: give a data frame or a dict of columns")
        known = frame.keys()
    known = list(known)
    if name not in known:
        raise ValueError(_no_column(name, role, known, 0, "the table"))
    values = frame[name]
    if np.ma.is_masked(values):
        return np.where(np.ma.getmaskarray(values), None, values.data.astype(object))
    if hasattr(values, "to_pylist") and not hasattr(values, "chunks"):  # an array of pyarrow: it copies only if told to
        array = values.to_numpy(zero_copy_only=False)
    elif hasattr(values, "to_numpy"):
        array = values.to_numpy()
    elif isinstance(values, np.ndarray):
        array = values
    else:  # element by element: numpy would turn tuples into rows and mixtures into strings
        array = np.fromiter(values, dtype=object, count=len(values))
    if array.ndim != 1:
        raise ValueError(f"column {name!r} has shape {array.shape}: the {role} column must be one-dimensional")
    return array


def _no_column(name: str, role: str, known: list, count: int, where: str) -> str:
    if count > 1:
        return f"{where} has {count} columns called {name!r}: rename all but the one for {role}="
    message = f"{where} has no column {name!r} (given as {role}=); it has {', '.join(map(repr, known))}"
    if len(known) == 1 and (other := next((mark for mark in ";\t|" if mark in str(known[0])), None)):
        return f"{message}: are the columns separated by {other!r}? Then say delimiter={other!r}"
    return message


def first_seen(values: NDArray, name: str) -> tuple[NDArray, list]:
    """Number of the trajectory of each row, in the order in which their names first appear, and the names."""
    gap = first_missing(values)
    if gap is not None:
        raise ValueError(f"column {name!r} is missing in row {gap}: every row must name its trajectory")
    listed = values.tolist()
    try:
        ids = list(dict.fromkeys(listed))
    except TypeError as error:
        raise ValueError(f"column {name!r} holds values that cannot name a trajectory: {error}") from None
    index = {value: i for i, value in enumerate(ids)}
    return np.fromiter(map(index.__getitem__, listed), dtype=np.int64, count=len(listed)), ids


def row_order(trajectory: NDArray, ids: list, time: NDArray | None, name: str | None) -> NDArray:
    """Rows of a trajectory together, by time if there is one, otherwise as they come."""
    if time is None:
        return np.argsort(trajectory, kind="stable")
    gap = first_missing(time)
    if gap is not None:
        raise ValueError(f"column {name!r} is missing in row {gap} (trajectory {ids[trajectory[gap]]!r}): fill it in")
    rank = _rank(time, name)
    order = np.lexsort((rank, trajectory))
    same = (np.diff(trajectory[order]) == 0) & (np.diff(rank[order]) == 0)
    if same.any():
        first, second = order[np.flatnonzero(same)[0] :][:2]
        raise ValueError(
            f"trajectory {ids[trajectory[first]]!r} has {name}={time.tolist()[first]!r} twice, in rows {first} and {second}: "
            "times order the steps, so each occurs once; or leave time out to keep the order of the rows"
        )
    return order


def _rank(time: NDArray, name: str | None) -> NDArray:
    if time.dtype.kind in "iufbmM":
        return np.unique(time, return_inverse=True)[1]
    values = time.tolist()
    if any(isinstance(value, str) for value in values):
        try:  # "10" comes after "9"
            return np.unique(np.array(values, dtype=np.str_).astype(np.float64), return_inverse=True)[1]
        except ValueError:
            pass
    try:
        ordered = sorted(set(values))
    except TypeError as error:
        raise ValueError(f"column {name!r} cannot be put in order ({error}): give numbers, dates or strings") from None
    _check_alphabetical(ordered, name)
    position = {value: k for k, value in enumerate(ordered)}
    return np.array([position[value] for value in values], dtype=np.int64)


def _check_alphabetical(ordered: list, name: str | None) -> None:
    """Raise where the alphabet is not the order of time: of "t10" and "t2", and of a number among words."""
    if not all(isinstance(value, str) for value in ordered):
        return
    for earlier, later in pairwise(ordered):
        if _natural(later) < _natural(earlier):
            raise ValueError(
                f"column {name!r} holds text, and by the alphabet {earlier!r} comes before {later!r}: give numbers, dates as "
                "2024-12-31, or text with leading zeros; or leave time out to keep the order of the rows"
            )
    numbers = [_is_number(value) for value in ordered]
    if any(numbers) and not all(numbers):
        number, word = ordered[numbers.index(True)], ordered[numbers.index(False)]
        raise ValueError(
            f"column {name!r} holds numbers such as {number!r} and other text such as {word!r}: correct one"
        )


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Sort key that takes digits as numbers."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rows_with_an_action(actions: NDArray, ends: NDArray, place: Callable[[int], str], roles: dict) -> NDArray:
    """(rows,) bool; only the last row of a trajectory may lack an action: its state is then the final state."""
    absent = missing(actions)
    allowed = np.zeros(len(actions), dtype=bool)
    if roles["next_state"] is None:
        allowed[ends - 1] = True
    if (absent & ~allowed).any():
        k = int(np.flatnonzero(absent & ~allowed)[0])
        why = "only the last row of a trajectory may lack one, its state being the final state"
        if roles["next_state"] is not None:
            why = "with a next_state column every row is a decision"
        raise ValueError(f"column {roles['action']!r} is missing at {place(k)}: {why}")
    return ~absent


def _check_successors(states: NDArray, following: NDArray, ends: NDArray, place, columns: dict, roles: dict) -> None:
    inner = np.ones(len(states), dtype=bool)
    inner[ends - 1] = False
    wrong = np.zeros(len(states), dtype=bool)
    wrong[:-1] = inner[:-1] & (following[:-1] != states[1:])
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        name = roles["next_state"]
        if following[k] < 0:
            raise ValueError(f"column {name!r} is missing at {place(k)}: only the last row of a trajectory may lack it")
        says, comes = columns["next_state"].tolist()[k], columns["state"].tolist()[k + 1]
        raise ValueError(
            f"column {name!r} is {says!r} at {place(k)}, but the state of the next row is {comes!r}: "
            "correct one of them, sort with time=, or give the rows after a gap an id of their own"
        )


def _constant(values: NDArray, ends: NDArray, rows: NDArray, name: str, place: Callable[[int], str]) -> NDArray:
    """The value of each trajectory, raising where it changes or is missing."""
    gap = first_missing(values)
    if gap is not None:
        raise ValueError(f"column {name!r} is missing at {place(gap)}: fill it in on every row")
    first = np.repeat(ends - rows, rows)
    changed = np.asarray(values != values[first], dtype=bool)
    if changed.any():
        k = int(np.flatnonzero(changed)[0])
        raise ValueError(
            f"column {name!r} changes from {values.tolist()[first[k]]!r} to {values.tolist()[k]!r} at {place(k)}: "
            "it must be the same on all rows of a trajectory"
        )
    return values[ends - 1]


def _weights(values: NDArray, name: str) -> NDArray:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {name!r} must hold numbers, for it was given as weight=: {error}") from None
