"""The parts of a grid, read and checked: the drawing, the shape, the tiles, the cells."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from textwrap import dedent
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLOOR, WALL, START, GOAL = ".#SG"


class GridMap(Protocol):
    """What the features of a grid are made from; every `GridWorld` is one."""

    shape: tuple[int, int]
    n_states: int
    cells: NDArray  # (S, 2) int, row and column of each state
    states: NDArray  # (rows, columns) int, state of each cell, -1 at walls
    tiles: NDArray  # (S,) single characters
    goals: NDArray  # (G,) int, states


def state_at(grid: GridMap, row: int, column: int) -> int:
    """State of the cell at (row, column); raise where that is a wall or off the grid."""
    inside = 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]
    state = grid.states[row, column] if inside else -1
    if state < 0:
        raise ValueError(f"cell ({row}, {column}) is {'a wall' if inside else 'off the grid'}, so no state")
    return int(state)


def read(text: str) -> NDArray:
    """Characters of a drawing as a (rows, columns) array; errors name the row and column."""
    lines = [line.rstrip() for line in dedent(text.expandtabs()).strip("\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError("the map is empty; draw at least one cell, for example 'S.G'")
    for row, line in enumerate(lines):
        if len(line) != len(lines[0]):
            raise ValueError(
                f"the map is ragged: row {row} ({line!r}) has {len(line)} cells, row 0 has {len(lines[0])}"
            )
    drawn = np.array([list(line) for line in lines])
    for row, column in np.argwhere(~np.isin(drawn, [FLOOR, WALL, START, GOAL])):
        character = str(drawn[row, column])
        if not is_tile(character):
            raise ValueError(
                f"unknown character {character!r} at row {row}, column {column} of the map; "
                "use S for a start, G for a goal, # for a wall, . for floor, or lower-case letters for tile types"
            )
    return drawn


def checked_shape(shape: int | tuple[int, int]) -> tuple[int, int]:
    """Rows and columns, from one number for a square or from both."""
    sides: tuple[Any, ...] = tuple(shape) if isinstance(shape, Iterable) else (shape, shape)
    if len(sides) != 2 or any(not isinstance(side, numbers.Integral) or side < 1 for side in sides):
        raise ValueError(f"shape must be (rows, columns), two positive integers, got {shape!r}")
    rows, columns = sides
    return int(rows), int(columns)


def checked_slip(slip: float) -> float:
    """Return the slip if it is a probability."""
    if not 0 <= slip <= 1:
        raise ValueError(f"slip is a probability, so between 0 and 1, got {slip!r}")
    return float(slip)


def checked_tiles(tiles: ArrayLike | None, shape: tuple[int, int]) -> NDArray:
    """Tile characters (rows, columns), plain floor by default."""
    if tiles is None:
        return np.full(shape, FLOOR)
    tiles = np.asarray(tiles, dtype=str)
    if tiles.shape != shape:
        raise ValueError(f"tiles must be one character per cell, shape {shape}, got shape {tiles.shape}")
    for tile in np.unique(tiles).tolist():
        if tile != FLOOR and not is_tile(tile):
            row, column = np.argwhere(tiles == tile)[0]
            raise ValueError(f"tile {tile!r} at cell ({row}, {column}) must be '.' or one lower-case letter")
    return tiles


def is_tile(character: str) -> bool:
    """Whether the character can name a tile type."""
    return len(character) == 1 and character.isalpha() and character.islower()


def cell_mask(cells: Any, shape: tuple[int, int], what: str) -> NDArray:
    """Mask (rows, columns) of the cells, given as such a mask or as (row, column) pairs."""
    given = np.asarray(cells)
    if given.dtype == bool:
        if given.shape != shape:
            raise ValueError(f"the {what} mask must have shape {shape}, got {given.shape}")
        return given
    mask = np.zeros(shape, dtype=bool)
    for row, column in cells:
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise ValueError(f"the {what} at cell ({row}, {column}) is off the {shape[0]} x {shape[1]} grid")
        mask[row, column] = True
    return mask
