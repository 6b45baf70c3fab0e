"""Units: what belongs to a class as a whole, a trajectory or all those of one animal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_numbers
from ..demonstrations import Demonstrations


@dataclass(frozen=True, eq=False)
class Units:
    """Trajectories by unit.

    Attributes
    ----------
    counted : Demonstrations
        Their weights are those that count within a unit: all 1 where every trajectory is a unit.
    unit_of : (n,) int array
    weights : (U,) array
        Of the units: those of the trajectories where each is a unit, otherwise 1.
    covariates : (U, p) array
        First column 1.
    names : list or None
        Labels of the units; None where they are the trajectories.
    """

    counted: Demonstrations
    unit_of: NDArray  # (n,)
    weights: NDArray  # (U,)
    covariates: NDArray  # (U, p)
    names: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def n_decisions(self) -> float:
        """By their weight."""
        return float((self.weights[self.unit_of] * self.counted.weights) @ self.counted.lengths)

    def total(self, by_decision: NDArray) -> NDArray:
        """Sum over a unit's decisions, trajectories by their weight within the unit, (U,)."""
        weights = self.counted.weights
        by_trajectory = np.add.reduceat(by_decision, self.counted.offsets[:-1])
        return np.bincount(self.unit_of, np.where(weights > 0, weights * by_trajectory, 0.0), len(self))


def units_of(
    demonstrations: Demonstrations, column: str | None, groups: ArrayLike | None, covariates: tuple[str, ...]
) -> Units:
    """Units by a column of the trajectories, by an array of groups, or each trajectory by itself.

    Raises
    ------
    ValueError
        For groups of the wrong length, columns that are not there, and covariates that are not numbers or that differ within a
        unit, naming it.
    """
    n = len(demonstrations)
    labels = None
    if groups is not None:
        labels = np.asarray(groups)
        if labels.shape != (n,):
            raise ValueError(f"groups must hold one label per trajectory, shape ({n},); got shape {labels.shape}")
    elif column is not None:
        labels = trajectory_column(demonstrations, column, "units")
    if labels is None:
        counted = Demonstrations(demonstrations, weights=np.ones(n))
        unit_of, weights, names = np.arange(n), demonstrations.weights, None
    else:
        names = list(dict.fromkeys(labels.tolist()))
        place = {name: i for i, name in enumerate(names)}
        unit_of = np.array([place[label] for label in labels.tolist()])
        counted, weights = demonstrations, np.ones(len(names))
    rows = [np.ones(len(weights))]
    for name in covariates:
        values = check_numbers(f"covariate {name!r}", trajectory_column(demonstrations, name, "covariates"))
        first = np.zeros(len(weights))
        first[unit_of[::-1]] = values[::-1]
        off = np.flatnonzero(~(values == first[unit_of]))  # NaN too
        if off.size:
            i = int(off[0])
            what = (
                f"is {values[i]}: covariates are finite numbers"
                if not np.isfinite(values[i])
                else f"is {values[i]:g} here and {first[unit_of[i]]:g} in another trajectory of the same unit"
            )
            raise ValueError(f"covariate {name!r} of trajectory {i} {what}")
        rows.append(first)
    design = np.stack(rows, axis=1)
    return Units(counted, unit_of, weights.astype(float), design, names)


def trajectory_column(demonstrations: Demonstrations, name: str, argument: str) -> NDArray:
    """A column of the trajectories by name."""
    columns = demonstrations.columns.trajectories
    if name not in columns:
        known = ", ".join(map(repr, columns)) or "none"
        raise ValueError(
            f"{argument}: the demonstrations have no column {name!r} of trajectories (they have {known}): pass "
            "trajectory_columns= when you build them"
        )
    return columns[name]
