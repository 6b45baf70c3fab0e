"""Features of the cells of a grid: one function per kind, from the world to columns and their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ._grid_map import FLOOR, GridMap

Columns = tuple[Any, tuple[str, ...]]  # features (S, K), dense or sparse, and their K names


def build(world: GridMap, kind: str, n_features: int) -> Columns:
    """Features of one kind and their names; raise for unknown kinds, listing those there are."""
    if kind == "smooth":
        return smooth(world, n_features)
    if kind not in KINDS:
        raise ValueError(f"features must be one of {', '.join([*KINDS, 'smooth'])}, got {kind!r}")
    return KINDS[kind](world)


def indicators(world: GridMap) -> Columns:
    """One column per state; sparse."""
    names = tuple(f"cell ({row}, {column})" for row, column in world.cells.tolist())
    return sparse.eye_array(world.n_states, format="csr"), names


def coordinates(world: GridMap) -> Columns:
    """Row and column as fractions of the grid, from 0 to 1; 0 along a side of one cell."""
    return world.cells / np.maximum(np.array(world.shape) - 1, 1), ("row", "column")


def tiles(world: GridMap) -> Columns:
    """One 0/1 column per tile type and one for goals.

    Plain floor has no column. With it the columns would sum to 1, and a constant reward is not identified in a discounted
    world without an end.
    """
    landmarks = _landmarks(world)
    return np.stack([mask.astype(float) for _, mask in landmarks], axis=1), tuple(name for name, _ in landmarks)


def distances(world: GridMap) -> Columns:
    """Steps to the nearest tile of each type and to the nearest goal, around walls."""
    columns, names = [], []
    moves = _neighbours(world)
    for name, mask in _landmarks(world):
        steps = csgraph.dijkstra(moves, indices=np.flatnonzero(mask), unweighted=True, min_only=True)
        unreached = np.flatnonzero(np.isinf(steps))
        if len(unreached):
            row, column = world.cells[unreached[0]]
            raise ValueError(
                f"no path leads from cell ({row}, {column}) to any {name}, so the distance is not defined: "
                "remove a wall between them, or make the cells without a path walls"
            )
        columns.append(steps)
        names.append(f"steps to {name}")
    return np.stack(columns, axis=1), tuple(names)


def smooth(world: GridMap, n_features: int) -> Columns:
    """Products of cosines along rows and columns, lowest total frequency first, without the constant."""
    if not 1 <= n_features <= world.n_states - 1:
        raise ValueError(f"n_features of smooth features must lie in 1..{world.n_states - 1}, got {n_features}")
    rows, columns = world.shape
    # Along a side of n cells at most n cosines differ.
    by_frequency = sorted(
        (i * i + j * j, i, j) for i in range(min(rows, n_features + 1)) for j in range(min(columns, n_features + 1))
    )[1 : n_features + 1]
    if len(by_frequency) < n_features:
        raise ValueError(f"a {rows} x {columns} grid has only {len(by_frequency)} cosines, not {n_features}")
    row, column = ((world.cells + 0.5) / world.shape).T
    values = [np.cos(np.pi * i * row) * np.cos(np.pi * j * column) for _, i, j in by_frequency]
    return np.stack(values, axis=1), tuple(f"cosine ({i}, {j})" for _, i, j in by_frequency)


KINDS: dict[str, Callable[[GridMap], Columns]] = {
    "indicators": indicators,
    "coordinates": coordinates,
    "distances": distances,
    "tiles": tiles,
}


def _landmarks(world: GridMap) -> list[tuple[str, NDArray]]:
    """(name, (S,) mask) of every tile type in alphabetical order, then of the goals."""
    found = [(f"tile {tile}", world.tiles == tile) for tile in np.unique(world.tiles).tolist() if tile != FLOOR]
    if len(world.goals):
        goal = np.zeros(world.n_states, dtype=bool)
        goal[world.goals] = True
        found.append(("goal", goal))
    if not found:
        raise ValueError(
            "the map has neither goals nor lettered tiles to make features of; "
            'use "coordinates", "smooth" or "indicators"'
        )
    return found


def _neighbours(world: GridMap) -> sparse.csr_array:
    """(S, S) graph of neighbouring free cells, with an edge in both directions."""
    states = world.states
    pairs = np.concatenate(
        [
            np.stack([states[:, :-1].ravel(), states[:, 1:].ravel()], axis=1),
            np.stack([states[:-1].ravel(), states[1:].ravel()], axis=1),
        ]
    )
    here, there = pairs[(pairs >= 0).all(axis=1)].T
    ones = np.ones(2 * len(here))
    both = (np.concatenate([here, there]), np.concatenate([there, here]))
    return sparse.csr_array((ones, both), shape=(world.n_states, world.n_states))
