"""Long tables of every kind (data frames of any library, dicts of columns, files) as columns of one form."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import column_names
from .cells import MISSING, blanked, identifiers, without_missing
from .labels import missing
from .text_tables import no_column, no_header, read_text_table

COLUMNAR = (".parquet", ".pq", ".feather", ".arrow")

Names = str | list[str]  # one column, or several that are one value together
Roles = dict[str, Names | None]  # option that asked for it, such as "state" -> the column


@dataclass(frozen=True)
class Table:
    """The columns that were asked for; missing values are None where the column is of objects, NaN or NaT elsewhere."""

    source: str  # "the table", or the file's name
    columns: dict[Any, NDArray]  # (rows,)
    lines: NDArray | None  # (rows,) line of the file that each row stands on; None: rows are counted from 0
    as_written: bool  # whether cells are text as written, so that integers are text too

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def place(self, row: int) -> str:
        """Where a row is: ``line 17``, or ``row 16``."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"

    def where(self, column: str) -> Callable[[int], str]:
        """Names a cell of the column by its row: ``walks.csv, line 17, column 'time'``."""
        return lambda row: f"{self.source}, {self.place(row)}, column {column!r}"

    def identifiers(self, roles: Roles) -> dict[str, NDArray]:
        """Columns that name things of one kind, by role; several columns together are tuples."""
        parts = {role: _listed(names) for role, names in roles.items() if names is not None}
        empty = next((role for role, names in parts.items() if not names), None)
        if empty is not None:
            raise ValueError(f"{empty}=[] names no column: give one, or several that are one name together")
        widths = {role: len(names) for role, names in parts.items()}
        if len(set(widths.values())) > 1:
            listed = ", ".join(f"{role}= has {n}" for role, n in widths.items())
            raise ValueError(f"columns that name the same things must be as many for each: {listed}")
        read: dict[str, list[NDArray]] = {role: [] for role in parts}
        for together in zip(*parts.values(), strict=True):
            columns = [self.columns[name] for name in together]
            for role, column in zip(parts, identifiers(columns) if self.as_written else columns, strict=True):
                read[role].append(column)
        return {role: columns[0] if len(columns) == 1 else _tuples(columns) for role, columns in read.items()}


@dataclass(frozen=True)
class FileTable:
    """A table that is still in its file."""

    path: str | os.PathLike
    delimiter: str | None = None


def columns_of(frame: Any, roles: Roles, words: frozenset[str]) -> Table:
    """The columns of a data frame, dict of columns, structured array or file that `roles` names."""
    if isinstance(frame, Table):
        return frame
    if isinstance(frame, FileTable):
        return read_columns(frame.path, roles, frame.delimiter, words)
    columns = {name: _column(frame, name, role, "the table") for role, name in _each(roles)}
    sizes = {len(values) for values in columns.values()}
    if len(sizes) > 1:
        listed = ", ".join(f"{name!r} has {len(values)}" for name, values in columns.items())
        raise ValueError(f"the columns differ in length: {listed}")
    return Table("the table", {name: without_missing(c, words) for name, c in columns.items()}, None, False)


def read_columns(
    path: str | os.PathLike,
    roles: Roles | Callable[[tuple[str, ...]], Roles],
    delimiter: str | None = None,
    words: frozenset[str] = frozenset(MISSING),
) -> Table:
    """The columns of a file that `roles` names: text, gzipped or not, or ``.parquet`` and ``.feather`` (read with pyarrow).

    `roles` may be a function of the names of all columns.
    """
    path = Path(path)
    if path.suffix.lower() in COLUMNAR:
        frame = _columnar(path)
        asked = roles(tuple(frame.column_names)) if callable(roles) else roles
        columns = {name: _column(frame, name, role, str(path)) for role, name in _each(asked)}
        return Table(str(path), {name: without_missing(c, words) for name, c in columns.items()}, None, False)

    def wanted(header: tuple[str, ...]) -> Iterable[str]:
        asked = roles(header) if callable(roles) else roles
        each = list(_each(asked))
        if len(each) > 1 and not any(name in header for _, name in each) and not _one_column(header):
            raise ValueError(no_header(path, header))
        for role, name in each:
            if header.count(name) != 1:
                raise ValueError(no_column(name, role, list(header), header.count(name), str(path)))
        return [name for _, name in each]

    table = read_text_table(path, wanted, delimiter)
    columns = {name: without_missing(column, words) for name, column in table.columns.items()}
    return Table(table.path, columns, table.lines, True)


def first_gap(table: Table, column: str) -> int | None:
    """Row of the first missing value of a column, if there is one."""
    where = np.flatnonzero(missing(table.columns[column]))
    return int(where[0]) if where.size else None


def _each(roles: Roles) -> list[tuple[str, str]]:
    return [(role, name) for role, names in roles.items() if names is not None for name in _listed(names)]


def _listed(names: Names) -> list[str]:
    return names if isinstance(names, list) else [names]


def _one_column(header: Sequence[str]) -> bool:
    return len(header) == 1 and any(mark in header[0] for mark in ";\t|")


def _tuples(columns: list[NDArray]) -> NDArray:
    together = np.fromiter(zip(*(column.tolist() for column in columns), strict=True), object, len(columns[0]))
    gone = np.any([missing(column) for column in columns], axis=0)
    return blanked(together, gone)


def _columnar(path: Path) -> Any:
    try:
        from pyarrow import ArrowException, feather, parquet
    except ImportError:
        raise ValueError(f"{path} is read with pyarrow, which is not installed: pip install pyarrow") from None
    try:
        return (parquet if path.suffix.lower() in (".parquet", ".pq") else feather).read_table(path)
    except (ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is damaged, or no {path.suffix} file: {error}") from None


def _column(frame: Any, name: str, role: str, where: str) -> NDArray:
    if hasattr(type(frame), "collect"):
        raise ValueError(f"a {type(frame).__name__} is a query that has not been run: give its result, frame.collect()")
    known = column_names(frame) or getattr(getattr(frame, "dtype", None), "names", None)
    if known is None:
        if not hasattr(frame, "keys"):
            raise ValueError(f"a {type(frame).__name__} has no named columns: give a data frame or a dict of columns")
        known = frame.keys()
    known = list(known)
    if known.count(name) != 1:
        raise ValueError(no_column(name, role, known, known.count(name), where))
    values = frame[name]
    if np.ma.is_masked(values):
        return blanked(values.data, np.ma.getmaskarray(values))
    if hasattr(values, "to_pylist") and not hasattr(values, "chunks"):  # an array of pyarrow: it copies only if told to
        array = values.to_numpy(zero_copy_only=False)
    elif hasattr(values, "to_numpy"):
        array = values.to_numpy()
    elif isinstance(values, np.ndarray):
        array = np.asarray(values)
    else:  # element by element: numpy would turn tuples into rows and mixtures into strings
        array = np.fromiter(values, dtype=object, count=len(values))
    if array.ndim != 1:
        raise ValueError(f"column {name!r} has shape {array.shape}: the {role} column must be one-dimensional")
    return array
