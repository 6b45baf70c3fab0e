"""Local patches of a grid: what lies around each cell, as inputs of a reward model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, check_finite, check_numbers
from ._grid_map import GridMap


def patches(grid: GridMap, values: ArrayLike, radius: int, outside: float) -> NDArray:
    """Values around each cell, (S, (2 r + 1)^2 C); see `GridWorld.patches`."""
    table = check_numbers("values", values)
    if table.ndim not in (1, 2) or len(table) != grid.n_states:
        raise ValueError(f"values must have shape ({grid.n_states},) or ({grid.n_states}, C), got {table.shape}")
    check_finite("values", table, ("state", "channel")[: table.ndim])
    radius = check_count("radius", radius, at_least=0)
    channels = table.reshape(grid.n_states, -1)
    with_outside = np.vstack([channels, np.full((1, channels.shape[1]), float(outside))])
    padded = np.pad(grid.states, radius, constant_values=-1)  # -1 is the row of `outside`
    around = grid.cells[:, None, :] + _offsets(radius) + radius  # (S, offsets, 2)
    return with_outside[padded[around[..., 0], around[..., 1]]].reshape(grid.n_states, -1)


def patch_names(names: Sequence[str], radius: int) -> tuple[str, ...]:
    """Names of the columns of `patches`; see `GridWorld.patch_names`."""
    offsets = _offsets(check_count("radius", radius, at_least=0)).tolist()
    return tuple(f"{name} at ({row:+d}, {column:+d})" for row, column in offsets for name in names)


def _offsets(radius: int) -> NDArray:
    """Row and column offsets of a patch, ((2 r + 1)^2, 2), row by row."""
    return np.indices((2 * radius + 1, 2 * radius + 1)).reshape(2, -1).T - radius
