"""The plan of a grid: which cell each state is, where walls, starts and goals are, and how to draw that much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_goal
from ._axes import BETWEEN_NUMBERS, key_above, points_of, whole_ticks
from ._colours import INK

MANY_MARKS = 30  # more would cover a large grid if they were as large as few may be
DIGIT_POINTS, LINE_POINTS = 6.5, 14.0  # width of a digit on an axis, and height of a line
FLOOR_COLOUR, WALL_COLOUR, HATCH_COLOUR = "#f7f7f5", "#d4d4d4", "#9c9c9c"


@dataclass(frozen=True, eq=False)
class GridPlan:
    """Where the states of a grid lie.

    Attributes
    ----------
    shape : (rows, columns)
    cells : (S, 2) int array
        Row and column of each state; -1 for a state that is not drawn.
    starts, goals : (n, 2) int arrays
        Cells to mark.
    gap_name : str
        What a cell without a state is.
    """

    shape: tuple[int, int]
    cells: NDArray
    starts: NDArray
    goals: NDArray
    gap_name: str = "wall"

    @classmethod
    def of(cls, world: Any) -> GridPlan:
        """Read the plan of a world.

        Parameters
        ----------
        world : GridWorld, GridPlan, (rows, columns) tuple, or (rows, columns) bool array
            A tuple: every cell is a state, row by row. A mask: True where a cell is a state. Anything else needs
            `shape` and `cells`, and may have `starts` and `goals` (states).
        """
        if isinstance(world, cls):
            return world
        none = np.empty((0, 2), dtype=int)
        if hasattr(world, "cells"):
            cells = np.asarray(world.cells)
            starts, goals = (
                _drawn(cells[np.asarray(getattr(world, name, ()), dtype=int)]) for name in ("starts", "goals")
            )
            return cls(tuple(world.shape), cells, starts, goals)
        mask = np.asarray(world)
        if mask.ndim == 2 and mask.dtype == bool:
            return cls(mask.shape, np.argwhere(mask), none, none)
        if mask.shape == (2,) and mask.dtype.kind in "iu" and (mask > 0).all():
            return cls((int(mask[0]), int(mask[1])), np.argwhere(np.ones(mask, dtype=bool)), none, none)
        raise ValueError(
            "a grid is given by a GridWorld, by its shape (rows, columns), or by a bool array that is True at free "
            f"cells; got {world!r}"
        )

    def heading_for(self, goal: int | None) -> GridPlan:
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


def _drawn(cells: NDArray) -> NDArray:
    """Of the cells of some states those that there are."""
    return cells[cells[:, 0] >= 0]


def prepare(ax: Any, shape: tuple[int, int]) -> None:
    """Set up axes for a grid: cells are unit squares about whole numbers, row 0 on top, hatching where nothing is drawn."""
    rows, columns = shape
    ax.patch.set(facecolor=WALL_COLOUR, edgecolor=HATCH_COLOUR, hatch="////", linewidth=0)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xlabel="column", ylabel="row")
    cell = cell_points(ax, shape)
    whole_ticks(ax.xaxis, columns * cell / (DIGIT_POINTS * len(str(columns)) + BETWEEN_NUMBERS))
    whole_ticks(ax.yaxis, rows * cell / LINE_POINTS)


def draw_floor(ax: Any, plan: GridPlan) -> Any:
    """Draw the free cells in one pale colour; return the image. Axes that show a map already are left as they are."""
    if ax.images:
        return ax.images[0]
    from matplotlib.colors import ListedColormap

    floor = np.ma.masked_invalid(plan.to_grid(np.zeros(plan.n_states)))
    image = ax.imshow(floor, cmap=ListedColormap([FLOOR_COLOUR]), interpolation="nearest", zorder=0)
    prepare(ax, plan.shape)
    return image


def cell_points(ax: Any, shape: tuple[int, int]) -> float:
    """Side of one cell in points, about: axes of equal aspect fill the tighter direction."""
    width, height = points_of(ax)
    return min(width / shape[1], height / shape[0])


def draw_marks(ax: Any, plan: GridPlan) -> dict[str, Any]:
    """Mark starts with rings and goals with stars; return the artists by name."""
    smallest = 3.0 if len(plan.starts) + len(plan.goals) > MANY_MARKS else 6.0  # points
    size = float(np.clip(0.55 * cell_points(ax, plan.shape), smallest, 13.0))
    style = {"edgecolors": INK, "linewidths": 0.9, "zorder": 2, "clip_on": False}
    marks = {}
    if len(plan.starts):
        rows, columns = plan.starts.T
        marks["start"] = ax.scatter(columns, rows, (0.8 * size) ** 2, "white", marker="o", label="start", **style)
    if len(plan.goals):
        rows, columns = plan.goals.T
        marks["goal"] = ax.scatter(columns, rows, (1.3 * size) ** 2, "white", marker="*", label="goal", **style)
    return marks


def size_for(
    shape: tuple[int, int], *, longest: float = 5.0, extra: tuple[float, float] = (1.6, 1.4)
) -> tuple[float, float]:
    """Figure size in inches for one map of this shape, with room for labels and colour bar.

    The height has some to spare: constrained layout settles at once only where the width alone limits the map.
    """
    rows, columns = shape
    unit = longest / max(rows, columns)
    return max(2.2, columns * unit) + extra[0], max(1.0, rows * unit) + extra[1]


def draw_key(ax: Any, marks: dict[str, Any], plan: GridPlan, *, lacking: str = "") -> Any:
    """Explain marks and hatching in one line above the axes; None where there is nothing to explain.

    Parameters
    ----------
    ax : Axes
    marks : dict of artists
    plan : GridPlan
    lacking : str
        What some cells are hatched for although they have a state; empty: none is.
    """
    from matplotlib.patches import Patch

    handles, reasons = list(marks.values()), [plan.gap_name] * bool(plan.gaps.any()) + [lacking] * bool(lacking)
    if reasons:
        label = " or ".join(reasons)
        handles.append(Patch(facecolor=WALL_COLOUR, edgecolor=HATCH_COLOUR, hatch="////", linewidth=0, label=label))
    return key_above(ax, handles, handletextpad=0.3, columnspacing=1.0, borderpad=0.1, markerscale=0.75)
