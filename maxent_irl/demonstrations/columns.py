"""Named columns that travel with demonstrations: a value per decision (a clock) or per trajectory (an animal, a covariate)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns by name; n trajectories, N decisions one trajectory after another.

    Attributes
    ----------
    decisions : dict of (N,) arrays
        A value per decision.
    trajectories : dict of (n,) arrays
        A value per trajectory.
    """

    decisions: dict[str, NDArray] = field(default_factory=dict)  # (N,) each
    trajectories: dict[str, NDArray] = field(default_factory=dict)  # (n,) each

    @classmethod
    def checked(cls, decisions: Mapping[str, Any], trajectories: Mapping[str, Any], n: int, N: int) -> Columns:
        """Columns of n trajectories with N decisions in all; raise for a wrong length or a name that occurs twice."""
        twice = sorted(set(decisions) & set(trajectories))
        if twice:
            raise ValueError(f"{twice[0]!r} names a column of decisions and one of trajectories: rename one of them")
        checked = [
            {str(name): _column(name, values, size, kind) for name, values in given.items()}
            for given, size, kind in ((decisions, N, "decision"), (trajectories, n, "trajectory"))
        ]
        return cls(*checked)

    def __bool__(self) -> bool:
        return bool(self.decisions or self.trajectories)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Columns):
            return NotImplemented
        mine, theirs = ({**self.decisions, **self.trajectories}, {**other.decisions, **other.trajectories})
        return mine.keys() == theirs.keys() and all(np.array_equal(mine[name], theirs[name]) for name in mine)

    __hash__ = None  # type: ignore[assignment]

    def take(self, trajectories: NDArray, decisions: NDArray | slice) -> Columns:
        """The rows at these positions."""
        return Columns(
            {name: _locked(values[decisions]) for name, values in self.decisions.items()},
            {name: _locked(values[trajectories]) for name, values in self.trajectories.items()},
        )

    def to_arrays(self) -> dict[str, NDArray]:
        """Arrays for an ``.npz`` file, whose keys `from_arrays` knows."""
        arrays = {f"decision_column.{name}": values for name, values in self.decisions.items()}
        arrays |= {f"trajectory_column.{name}": values for name, values in self.trajectories.items()}
        for key, values in arrays.items():
            if values.dtype == object:
                raise ValueError(
                    f"{key.replace('.', ' ', 1).replace('_', ' ')!r} holds Python objects, which a file cannot hold: make it "
                    "numbers, text or dates"
                )
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, Any], n: int, N: int) -> Columns:
        """Take the columns out of the arrays of a file."""

        def found(kind: str) -> dict[str, Any]:
            return {key.removeprefix(kind): arrays.pop(key) for key in list(arrays) if key.startswith(kind)}

        return cls.checked(found("decision_column."), found("trajectory_column."), n, N)


def concatenated(parts: Sequence[Columns]) -> Columns:
    """The columns of all parts, one after another; raise unless all have the same."""
    first = parts[0]
    for part in parts[1:]:
        if part.decisions.keys() != first.decisions.keys() or part.trajectories.keys() != first.trajectories.keys():
            names = [sorted({*columns.decisions, *columns.trajectories}) for columns in (first, part)]
            raise ValueError(f"the columns differ, {names[0]} and {names[1]}: give both the same, or neither any")
    return Columns(
        {name: _locked(np.concatenate([part.decisions[name] for part in parts])) for name in first.decisions},
        {name: _locked(np.concatenate([part.trajectories[name] for part in parts])) for name in first.trajectories},
    )


def _column(name: str, values: Any, size: int, kind: str) -> NDArray:
    column = np.array(values)
    if column.dtype == object and column.ndim == 1:  # tables hold text so; None stays an object
        column = np.array(column.tolist()) if None not in column.tolist() else column
    if column.shape != (size,):
        raise ValueError(f"column {name!r} must hold one value per {kind}, {size} in all; got shape {column.shape}")
    return _locked(column)


def _locked(array: NDArray) -> NDArray:
    array = array.view()
    array.flags.writeable = False
    return array
