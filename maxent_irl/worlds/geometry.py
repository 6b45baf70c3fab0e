"""Where the states of a world lie: plain data, which `maxent_irl.plotting` draws.

A world that can be drawn has an attribute ``geometry``, one of the classes here. A world with another kind of map brings a class
of its own and a layout for it: `maxent_irl.plotting.MapLayout` says what a layout provides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_goal
from ._grid_moves import ACTIONS
from ._road_links import numbered

Geometry = TypeVar("Geometry")


@dataclass(frozen=True, eq=False)
class GridGeometry:
    """Where the states of a grid lie.

    Attributes
    ----------
    shape : (rows, columns)
    cells : (S, 2) int array
        Row and column of each state; -1 for a state that is not drawn.
    starts, goals : (n, 2) int arrays
        Cells to mark.
    gap_name : str
        What a cell without a state is called.
    steps : (A, 2) int array
        Row and column step of each action; (0, 0) is staying. Default: the actions of `GridWorld`.
    """

    shape: tuple[int, int]
    cells: NDArray  # (S, 2)
    starts: NDArray  # (n, 2)
    goals: NDArray  # (n, 2)
    gap_name: str = "wall"
    steps: NDArray = field(default_factory=lambda: ACTIONS)  # (A, 2)

    @classmethod
    def of(cls, world: Any) -> GridGeometry:
        """Read the geometry of a grid.

        Parameters
        ----------
        world : GridWorld, GridGeometry, (rows, columns) tuple, or (rows, columns) bool array
            A tuple: every cell is a state, row by row. A mask: True where a cell is a state. Anything else needs a
            `geometry`, or `shape` and `cells`, and may have `starts` and `goals` (states).

        Raises
        ------
        ValueError
            For anything else.
        """
        world = getattr(world, "geometry", world)
        if isinstance(world, cls):
            return world
        if hasattr(world, "cells") and hasattr(world, "shape"):
            return cls.of_states(
                world.shape, world.cells, starts=getattr(world, "starts", ()), goals=getattr(world, "goals", ())
            )
        try:
            mask = np.asarray(world)
        except ValueError:  # a ragged list
            mask = np.empty(0)
        if mask.ndim == 2 and mask.dtype == bool:
            return cls.of_states(mask.shape, np.argwhere(mask))
        if mask.shape == (2,) and mask.dtype.kind in "iu" and (mask > 0).all():
            return cls.of_states((int(mask[0]), int(mask[1])), np.argwhere(np.ones(mask, dtype=bool)))
        raise ValueError(
            "a grid is given by a GridWorld, by its shape (rows, columns), or by a bool array that is True at free "
            f"cells; got {world!r}"
        )

    @classmethod
    def of_states(
        cls, shape: Iterable[int], cells: ArrayLike, *, starts: ArrayLike = (), goals: ArrayLike = (), **options: Any
    ) -> GridGeometry:
        """Build a geometry from the cell of each state; of the states `starts` and `goals` those with a cell are marked."""
        cells = np.asarray(cells)
        rows, columns = shape
        first, last = (_drawn(cells[np.asarray(states, dtype=int)]) for states in (starts, goals))
        return cls((rows, columns), cells, first, last, **options)

    def heading_for(self, goal: int | None) -> GridGeometry:
        """The same with this state as the only goal to mark, if it has a cell; None: as it is."""
        return self if goal is None else replace(self, goals=_drawn(self.cells[[check_goal(goal, self.n_states)]]))

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.cells)

    @property
    def drawn(self) -> NDArray:
        """(S,) bool: states that have a cell."""
        return self.cells[:, 0] >= 0

    @property
    def gaps(self) -> NDArray:
        """(rows, columns) bool: cells without a state."""
        return np.isnan(self.to_grid(np.zeros(self.n_states)))

    def to_grid(self, values: ArrayLike) -> NDArray:
        """Put (S,) values on the (rows, columns) grid, NaN elsewhere."""
        grid = np.full(self.shape, np.nan)
        grid[tuple(self.cells[self.drawn].T)] = self.per_state(values)[self.drawn]
        return grid

    def from_grid(self, grid: NDArray) -> NDArray:
        """(S,) values of the states on a (rows, columns) grid, NaN where a state has no cell."""
        return np.where(self.drawn, grid[tuple(self.cells.T)], np.nan)

    def per_state(self, values: ArrayLike, trailing: tuple[int, ...] = ()) -> NDArray:
        """Check that there is one value, or one row of shape `trailing`, per state."""
        values = np.asarray(values, dtype=float)
        if values.shape != (self.n_states, *trailing):
            wanted = ", ".join(map(str, (self.n_states, *trailing)))
            raise ValueError(
                f"this {self.shape[0]} x {self.shape[1]} grid has {self.n_states} states, so values need shape "
                f"({wanted}{',' if not trailing else ''}); got {values.shape}"
            )
        return values


@dataclass(frozen=True, eq=False)
class NetworkGeometry:
    """Where the links of a directed network lie, and which states and actions belong to them.

    Attributes
    ----------
    tail, head : (L,) int arrays
        Positions in `nodes` of the two ends of each link.
    nodes, links : (N,) and (L,) arrays
        Their names; those of the nodes are sorted.
    positions : (N, 2) array or None
        x and y of each node.
    lengths : (L,) array or None
        Lengths of the links, from which nodes without positions are laid out.
    states : "links" or "nodes"
        What the states are; states beyond these (exits) lie nowhere.
    entered : (n_places, A) int array
        The link that each action goes on to, -1 where there is none.
    n_states : int
    name : str
        What messages call the network.
    """

    tail: NDArray  # (L,)
    head: NDArray  # (L,)
    nodes: NDArray  # (N,)
    links: NDArray  # (L,)
    positions: NDArray | None  # (N, 2)
    lengths: NDArray | None  # (L,)
    states: Literal["links", "nodes"]
    entered: NDArray  # (n_places, A)
    n_states: int
    name: str = "the network"

    @classmethod
    def of(cls, world: Any) -> NetworkGeometry:
        """The geometry of a RoadNetwork; a ValueError for anything that has none."""
        return _geometry(cls, world, "a network is given by a RoadNetwork or its geometry")

    @property
    def edges(self) -> NDArray:
        """(L, 2) int array: from node, to node."""
        return np.column_stack([self.tail, self.head])

    def node(self, name: Any) -> Any:
        """Position of a named node, an int; of a list or array of names, (n,) int array."""
        several = isinstance(name, list | np.ndarray)
        found = numbered(name if several else [name], "node", self.nodes)
        return found if several else int(found[0])

    def node_of_state(self, state: int) -> int:
        """The node that a state is, or that its link leads to; an exit belongs to what it leaves."""
        place = check_goal(state, self.n_states) % len(self.entered)
        return int(self.head[place]) if self.states == "links" else place

    def per_link(self, values: ArrayLike, *, total: bool = False) -> NDArray:
        """One number per link, (L,).

        Of values (S,) that of the link, or of the node it leaves. Of values (S, A) the mean over the moves on to it (NaN without
        any), or their sum with `total`.
        """
        values = np.asarray(values, dtype=float)
        if values.ndim == 1:
            return values[: len(self.links)] if self.states == "links" else values[self.tail]
        there = self.entered >= 0
        link, moves = self.entered[there], values[: len(self.entered), : self.entered.shape[1]][there]
        known = np.isfinite(moves)
        sums = np.bincount(link[known], weights=moves[known], minlength=len(self.links))
        if total:
            return sums
        counts = np.bincount(link[known], minlength=len(self.links))
        return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


@dataclass(frozen=True, eq=False)
class TreeGeometry:
    """Where the nodes of a tree-shaped maze lie; every node is a state.

    Attributes
    ----------
    parents : (S,) int array
        Node before each one; -1 at the root.
    positions : (S, 2) array
        x and y (upwards) of each node.
    names : tuple of S strings
    """

    parents: NDArray  # (S,)
    positions: NDArray  # (S, 2)
    names: tuple[str, ...]

    @classmethod
    def of(cls, world: Any) -> TreeGeometry:
        """The geometry of a Labyrinth; a ValueError for anything that has none."""
        return _geometry(cls, world, "a tree is given by a Labyrinth or its geometry")


def _geometry(kind: type[Geometry], world: Any, wanted: str) -> Geometry:
    geometry = getattr(world, "geometry", world)
    if not isinstance(geometry, kind):
        raise ValueError(f"{wanted}; got {world!r}")
    return geometry


def _drawn(cells: NDArray) -> NDArray:
    """Of the cells of some states those that there are."""
    return cells[cells[:, 0] >= 0]
