"""What a screen of the lesson is made of: named fields, each with its range, read from requests and from nowhere else.

A chapter declares its fields once. The server checks every request against them, and the page makes its controls and its
address from the same declaration. The state of a screen is a dictionary of field names and values.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

State = dict[str, Any]

MOST_ROWS = 40  # rows and columns of a grid
TILES = ".#SGmfc"  # floor, wall, start, goal, mud, flowers, cliff
MOVES = "rdlus"  # right, down, left, up, stay: the actions of a GridWorld, in its order
MOST_PATHS, MOST_DECISIONS = 60, 400


class BadRequest(ValueError):
    """What somebody asked for cannot be done; the message says which field is wrong, and why."""


@dataclass(frozen=True)
class Field(ABC):
    """One named value of a screen. `label` is what the page shows, `help` what it says beside the control."""

    name: str
    default: Any
    label: str = ""
    help: str = ""
    kind: ClassVar[str] = ""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """Return the value if it is allowed; raise BadRequest, naming the field, if not."""

    def described(self) -> dict[str, Any]:
        """What the page has to know to make a control: JSON."""
        return {"kind": self.kind, **asdict(self)}

    def refuse(self, value: Any, wanted: str) -> BadRequest:
        """The error for a value that is not allowed."""
        shown = repr(value)
        return BadRequest(f"{self.name} must be {wanted}; got {shown if len(shown) <= 60 else shown[:57] + '...'}")


@dataclass(frozen=True)
class Number(Field):
    """A number in [low, high]; `scale` "log" makes the slider logarithmic."""

    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    scale: str = "linear"
    kind: ClassVar[str] = "number"

    def read(self, value: Any) -> float:
        """Return a float within the range."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise self.refuse(value, f"a number between {self.low:g} and {self.high:g}")
        return float(value)


@dataclass(frozen=True)
class Whole(Field):
    """A whole number in [low, high]."""

    low: int = 0
    high: int = 100
    kind: ClassVar[str] = "whole"

    def read(self, value: Any) -> int:
        """Return an int within the range."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high or value % 1:
            raise self.refuse(value, f"a whole number between {self.low} and {self.high}")
        return int(value)


@dataclass(frozen=True)
class Choice(Field):
    """One of several words; `options` pairs each word with what the page shows."""

    options: tuple[tuple[str, str], ...] = ()
    kind: ClassVar[str] = "choice"

    def read(self, value: Any) -> str:
        """Return the word if it is one of the options."""
        words = [word for word, _ in self.options]
        if not isinstance(value, str) or value not in words:
            raise self.refuse(value, f"one of {', '.join(words)}")
        return value


@dataclass(frozen=True)
class Flag(Field):
    """Yes or no."""

    kind: ClassVar[str] = "flag"

    def read(self, value: Any) -> bool:
        """Return a bool."""
        if not isinstance(value, bool):
            raise self.refuse(value, "true or false")
        return value


@dataclass(frozen=True)
class Drawing(Field):
    """A grid drawn as text, rows separated by "/": what `GridWorld.from_text` reads, in one line."""

    letters: str = TILES
    kind: ClassVar[str] = "drawing"

    def read(self, value: Any) -> str:
        """Return the drawing if its rows are equally long, not too many, and hold known letters."""
        if not isinstance(value, str) or len(value) > (MOST_ROWS + 1) ** 2:
            raise self.refuse(value, f"rows of a grid separated by '/', at most {MOST_ROWS} rows and columns")
        rows = value.split("/")
        if not 1 <= len(rows[0]) <= MOST_ROWS or len(rows) > MOST_ROWS:
            raise self.refuse(value, f"1 to {MOST_ROWS} rows and columns")
        for number, row in enumerate(rows):
            if len(row) != len(rows[0]):
                raise BadRequest(f"{self.name}: row {number} has {len(row)} cells, row 0 has {len(rows[0])}")
            for column, letter in enumerate(row):
                if letter not in self.letters:
                    raise BadRequest(
                        f"{self.name}: cell ({number}, {column}) is {letter!r}; known are {' '.join(self.letters)}"
                    )
        return value


@dataclass(frozen=True)
class Cell(Field):
    """A cell of the grid, written "row.column", or "" for none."""

    kind: ClassVar[str] = "cell"

    def read(self, value: Any) -> str:
        """Return the text of the cell; whether it is on the grid depends on the grid."""
        if not isinstance(value, str) or not re.fullmatch(r"(\d{1,2}\.\d{1,2})?", value, flags=re.ASCII):
            raise self.refuse(value, "a cell such as 0.3, row and column, or nothing")
        return value


@dataclass(frozen=True)
class Paths(Field):
    """Demonstrations drawn on a grid: first cell and moves, such as "0.0rrds;4.2lll"."""

    kind: ClassVar[str] = "paths"

    def read(self, value: Any) -> str:
        """Return the text if every path has a first cell and one move or more."""
        longest = MOST_PATHS * (MOST_DECISIONS + 6)
        if not isinstance(value, str) or len(value) > longest:
            raise self.refuse(value, f"paths such as 0.0rrds;4.2lll, at most {MOST_PATHS}")
        paths = value.split(";") if value else []
        if len(paths) > MOST_PATHS:
            raise self.refuse(value, f"at most {MOST_PATHS} paths")
        for number, path in enumerate(paths):
            if not re.fullmatch(rf"\d{{1,2}}\.\d{{1,2}}[{MOVES}]{{1,{MOST_DECISIONS}}}", path, flags=re.ASCII):
                raise BadRequest(
                    f"{self.name}: demonstration {number} is no first cell (row.column) followed by 1 to {MOST_DECISIONS} "
                    f"moves out of {' '.join(MOVES)}"
                )
        return value


@dataclass(frozen=True)
class Numbers(Field):
    """A fixed number of numbers in [low, high], or whole ones."""

    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    kind: ClassVar[str] = "numbers"

    def read(self, value: Any) -> list[float] | list[int]:
        """Return the numbers, as many as the default has."""
        if not isinstance(value, list) or len(value) != len(self.default):
            raise self.refuse(value, f"a list of {len(self.default)} numbers")
        entry = (Whole if self.whole else Number)(self.name, 0, low=self.low, high=self.high)  # type: ignore[arg-type]
        return [entry.read(number) for number in value]


@dataclass(frozen=True)
class Places(Field):
    """Positions of what was left out, in increasing order."""

    most: int = 10_000
    kind: ClassVar[str] = "places"

    def read(self, value: Any) -> list[int]:
        """Return the positions, each once."""
        if not isinstance(value, list) or len(value) > self.most:
            raise self.refuse(value, "a list of positions")
        entry = Whole(self.name, 0, low=0, high=self.most)
        return sorted({entry.read(number) for number in value})


@dataclass(frozen=True)
class Vector(Field):
    """Numbers, as many as there are coefficients, that a request may carry and an address does not."""

    most: int = MOST_ROWS**2
    reach: float = 1e6
    kind: ClassVar[str] = "vector"

    def read(self, value: Any) -> list[float]:
        """Return finite numbers of at most `reach`."""
        if not isinstance(value, list) or len(value) > self.most:
            raise self.refuse(value, f"a list of at most {self.most} numbers")
        entry = Number(self.name, 0, low=-self.reach, high=self.reach)
        return [entry.read(number) for number in value]


def read(fields: Sequence[Field], given: Any) -> State:
    """Return the state of a screen: the given values, checked, and defaults for the rest.

    Raises
    ------
    BadRequest
        For anything that is no JSON object, an unknown field, or a value outside its range.
    """
    if not isinstance(given, dict):
        raise BadRequest("the state of a screen must be an object of field names and values")
    known = {field.name: field for field in fields}
    unknown = sorted(str(name)[:40] for name in set(given) - set(known))
    if unknown:
        raise BadRequest(f"there is no field {unknown[0]!r} in this chapter; it has {', '.join(known)}")
    return {name: field.read(given[name]) if name in given else field.default for name, field in known.items()}
