"""Rewards of the cells of a grid, read from a mapping or an array and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_numbers
from ._grid_map import GOAL, GridMap, state_at


def cell_rewards(grid: GridMap, rewards: Mapping[Any, float] | ArrayLike | None) -> NDArray:
    """Reward of each cell, (S,); see `GridWorld`. Raise for unknown keys and for rewards that are not finite."""
    if rewards is None:
        return np.zeros(grid.n_states)
    if isinstance(rewards, Mapping):
        return _finite(grid, _named(grid, rewards))
    table = check_numbers("rewards", rewards)
    if table.shape != grid.shape:
        raise ValueError(f"rewards must have one entry per cell, shape {grid.shape}, got shape {table.shape}")
    return _finite(grid, table[grid.states >= 0])


def check_earned(grid: GridMap, values: NDArray, terminal: NDArray) -> None:
    """Raise where a terminal goal has a reward that would be paid for decisions taken in it."""
    wrong = np.flatnonzero(terminal & (values != 0))
    if len(wrong):
        row, column = grid.cells[wrong[0]]
        raise ValueError(
            f"the reward {values[wrong[0]]:g} at the terminal goal in cell ({row}, {column}) is never earned: no decision is "
            'taken there. Use reward_on="next_state" to pay it on arrival, or terminal_goals=False to let the episode go on.'
        )


def _named(grid: GridMap, rewards: Mapping[Any, float]) -> NDArray:
    """Rewards by tile letter, then by "G" for goals, then by cell: later ones replace earlier ones."""
    values = np.zeros(grid.n_states)
    for tile in (key for key in rewards if isinstance(key, str) and key != GOAL):
        on_tile = grid.tiles == tile
        if not on_tile.any():
            present = ", ".join(repr(name) for name in np.unique(grid.tiles).tolist())
            raise ValueError(f"rewards names tile {tile!r}, which the map does not have; it has {present}")
        values[on_tile] = rewards[tile]
    if GOAL in rewards:
        if not len(grid.goals):
            raise ValueError('rewards names "G", but the map has no goal')
        values[grid.goals] = rewards[GOAL]
    for cell in (key for key in rewards if not isinstance(key, str)):
        values[state_at(grid, *cell)] = rewards[cell]
    return values


def _finite(grid: GridMap, values: NDArray) -> NDArray:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        row, column = grid.cells[wrong[0]]
        raise ValueError(f"the reward at cell ({row}, {column}) is {values[wrong[0]]}; rewards must be finite")
    return values
