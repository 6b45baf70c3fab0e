"""Text tables (CSV and its kin): the cells of the columns asked for, exactly as written, and the line each row stands on.

Every text file of the package is read here: demonstrations, features, road networks, data sets. What cells mean is in
``_cells.py``.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

LONGEST_LINE = 1 << 26  # characters
LARGEST_EXPANSION, LARGEST_UNQUESTIONED = 200, 1 << 28  # times its size, characters: what a packed table may unpack to
SHOWN_OF_LINE, COLUMNS_LISTED = 100, 30  # characters, names
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class TextTable:
    """Columns of a text file."""

    path: str
    header: tuple[str, ...]
    columns: dict[str, NDArray]  # (rows,) object arrays of str, as written
    lines: NDArray  # (rows,) int64: the line of the file on which each row ends


def read_text_table(
    path: str | os.PathLike, wanted: Callable[[tuple[str, ...]], Iterable[str]], delimiter: str | None = None
) -> TextTable:
    """Read columns of a text file that begins with a line of column names.

    Files that are packed with gzip are unpacked, UTF-16 with a byte-order mark is read, empty lines are skipped. Lines that
    begin with ``#`` are comments. A row whose first cell begins with ``#`` has to be quoted.

    Parameters
    ----------
    path : path
    wanted : callable
        Given the names of all columns, those to read. It raises ValueError where one is lacking.
    delimiter : str, optional
        Default: a tab where the file's name ends in ``.tsv`` or ``.tab`` (or that and ``.gz``), otherwise a comma.

    Raises
    ------
    ValueError
        For files that are damaged, ragged, of another kind or in another encoding, naming the file and the line.
    """
    path = Path(path)
    if delimiter is None:
        delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character, and no quote or end of line; got {delimiter!r}")
    with open(path, "rb") as raw, _any_field_length():
        lines = _Lines(path, raw)
        try:
            lines.open()
            return _table(str(path), lines, wanted, delimiter)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path} is damaged or was cut after line {lines.whole}: {error}") from error
        except csv.Error as error:
            raise ValueError(f"{path} cannot be read after line {lines.whole}: {error}") from error
        except UnicodeError as error:
            raise ValueError(f"{path} is no UTF-8 text (after line {lines.whole}): save it as UTF-8") from error


def no_column(name: str, role: str, known: list, count: int, where: str) -> str:
    """Say that a table has no column of this name, or several; `role` is the option that asked for it."""
    if count > 1:
        return f"{where} has {count} columns called {name!r}: rename all but the one for {role}="
    listed = ", ".join(map(repr, known[:COLUMNS_LISTED])) + (
        f", ... ({len(known)} in all)" if len(known) > COLUMNS_LISTED else ""
    )
    message = f"{where} has no column {name!r} (given as {role}=); it has {listed}"
    if len(known) == 1 and (other := next((mark for mark in ";\t|" if mark in str(known[0])), None)):
        return f"{message}: are the columns separated by {other!r}? Then say delimiter={other!r}"
    return message


def no_header(path: str | os.PathLike, header: tuple[str, ...]) -> str:
    """Say that the first line of a file, which it shows, names no columns."""
    first = ",".join(header)
    shown = first if len(first) <= SHOWN_OF_LINE else f"{first[:SHOWN_OF_LINE]}..."
    return (
        f"{path} begins with {shown!r}, which names none of the columns: the first line must hold the names of the columns; add "
        "it, or say which columns to read"
    )


def _table(path: str, lines: _Lines, wanted: Callable[[tuple[str, ...]], Iterable[str]], delimiter: str) -> TextTable:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def records() -> Iterator[list[str]]:
        while True:
            lines.between_records = True
            record = next(reader, None)
            if record is None:
                return
            lines.whole = lines.number
            if record:
                yield record

    rows = records()
    header = tuple(next(rows, ()))
    if not header:
        raise ValueError(f"{path} is empty: a header with column names was expected")
    lines.header_length, lines.delimiter = len(header), delimiter
    names = list(dict.fromkeys(wanted(header)))
    cells: list[list[str]] = [[] for _ in names]
    places = [header.index(name) for name in names]
    seen: list[dict[str, str]] = [{} for _ in names]  # one object for every distinct cell
    numbers = array("q")
    for record in rows:
        if len(record) != len(header):
            raise ValueError(
                f"{path}, line {lines.number} has {len(record)} fields where the header has {len(header)}: "
                "the file is damaged or was cut there"
            )
        numbers.append(lines.number)
        for column, known, k in zip(cells, seen, places, strict=True):
            column.append(known.setdefault(record[k], record[k]))
    columns = {name: np.fromiter(column, object, len(column)) for name, column in zip(names, cells, strict=True)}
    return TextTable(path, header, columns, np.array(numbers, dtype=np.int64))


class _Lines:
    """The lines of a file, packed or not, without comments; it counts them, and refuses what can be no table."""

    number = 0  # lines read
    whole = 0  # the last line of the last row that was read whole
    between_records = True  # a line that begins with # inside quotes is no comment
    header_length: int | None = None
    delimiter = ","

    def __init__(self, path: Path, raw: io.BufferedReader) -> None:
        self._path, self._raw, self._read = path, raw, 0
        self._packed_size: int | None = None

    def open(self) -> None:
        """Find out whether the file is packed, and in which encoding it is."""
        path, raw = self._path, self._raw
        stream: IO[bytes] = raw
        if path.suffix.lower() == ".gz" or raw.peek(2)[:2] == b"\x1f\x8b":
            self._packed_size = max(os.fstat(raw.fileno()).st_size, 1 << 16)
            stream = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)))
        head = cast(io.BufferedReader, stream).peek(4)[:4]
        encoding = next((name for mark, name in MARKS.items() if head.startswith(mark)), "utf-8")
        if encoding == "utf-8" and b"\0" in head:
            raise ValueError(
                f"{path} is no UTF-8 text; it looks like UTF-16 without a byte-order mark: save it as UTF-8"
            )
        if head == b"PK\x03\x04":
            raise ValueError(f"{path} is a spreadsheet or another archive, not text: save the sheet as CSV")
        self._text = io.TextIOWrapper(stream, encoding=encoding, newline="")

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while True:
            line = self._text.readline(LONGEST_LINE)
            if not line:
                raise StopIteration
            self.number += 1
            self._check_size(line)
            if not (self.between_records and line.startswith("#")):
                self.between_records = False
                return line
            if self.header_length is not None and self._n_fields(line) == self.header_length > 1:
                raise ValueError(
                    f"{self._path}, line {self.number} begins with '#' and has as many fields as the header: remove it if it is "
                    "a comment, or quote its first field if it is a row"
                )

    def _n_fields(self, line: str) -> int:
        return len(next(csv.reader([line], delimiter=self.delimiter), []))

    def _check_size(self, line: str) -> None:
        self._read += len(line)
        if len(line) >= LONGEST_LINE:
            raise ValueError(
                f"{self._path}, line {self.number} is longer than {LONGEST_LINE:,} characters: it is no table"
            )
        if self._packed_size is not None and self._read > max(
            LARGEST_UNQUESTIONED, LARGEST_EXPANSION * self._packed_size
        ):
            raise ValueError(
                f"{self._path} unpacks to more than {LARGEST_EXPANSION} times its size: unpack it, and look at it first"
            )


@contextmanager
def _any_field_length() -> Iterator[None]:
    """Lift the limit of 128 kB that the csv module sets to a field; the length of lines is limited instead."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)
