"""What all pictures of a grid share: cells, walls, marks, their key, and the size of the figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..worlds import GridGeometry
from .axes import BETWEEN_NUMBERS, points_of, whole_ticks
from .colour_bar import is_wide
from .colours import CELL_EDGE_COLOUR, FLOOR_COLOUR, FRAME, GAP_COLOUR, HATCH_COLOUR, INK, PAPER, WALL_COLOUR
from .keys import key_above

MANY_MARKS = 30  # more would cover a large grid if they were as large as few may be
OUTLINED = 9.0  # points: cells from this size on have outlines
DIGIT_POINTS, LINE_POINTS = 6.8, 15.0  # width of a digit on an axis, and height of a line


def prepare(ax: Any, plan: GridGeometry, *, lacking: NDArray | None = None) -> None:
    """Set up axes for a grid: cells are unit squares about whole numbers, row 0 on top.

    Walls are dark, cells that nobody saw are hatched, and cells large enough have thin outlines.

    Parameters
    ----------
    ax : Axes
    plan : GridGeometry
    lacking : (rows, columns) bool array, optional
        Cells that have a state but no value; hatched too.
    """
    shape = rows, columns = plan.shape
    walls = plan.gap_name == "wall"
    ax.patch.set(facecolor=WALL_COLOUR if walls else GAP_COLOUR, linewidth=0)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xlabel="column", ylabel="row")
    cell = cell_points(ax, shape)
    whole_ticks(ax.xaxis, columns * cell / (DIGIT_POINTS * len(str(columns)) + BETWEEN_NUMBERS))
    whole_ticks(ax.yaxis, rows * cell / LINE_POINTS)
    ax.spines[:].set(visible=True, edgecolor=WALL_COLOUR if walls else FRAME)
    hatched = np.zeros(shape, dtype=bool) if walls else plan.gaps
    hatched = hatched if lacking is None else hatched | lacking
    if hatched.any():
        hatch_cells(ax, hatched)
    if cell >= OUTLINED:
        outline_cells(ax, ~plan.gaps)


def hatch_cells(ax: Any, chosen: NDArray) -> Any:
    """Hatch the cells of a (rows, columns) bool array; return the patch."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
    squares = np.argwhere(chosen)[:, None, ::-1] + corners
    codes = np.tile([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY], len(squares))
    path = Path(squares.reshape(-1, 2), codes)
    return ax.add_patch(
        PathPatch(path, facecolor=GAP_COLOUR, edgecolor=HATCH_COLOUR, hatch="////", linewidth=0, zorder=0.9)
    )


def outline_cells(ax: Any, free: NDArray) -> Any:
    """Draw thin lines between neighbouring free cells, a (rows, columns) bool array; return the collection."""
    from matplotlib.collections import LineCollection

    half = np.array([-0.5, 0.5])
    row, column = np.nonzero(free[:, :-1] & free[:, 1:])  # a line to the right of these cells
    x = np.broadcast_to(column[:, None] + 0.5, (len(row), 2))
    across = np.stack([x, row[:, None] + half], axis=2)
    row, column = np.nonzero(free[:-1] & free[1:])  # and one below these
    y = np.broadcast_to(row[:, None] + 0.5, (len(row), 2))
    down = np.stack([column[:, None] + half, y], axis=2)
    lines = LineCollection(list(np.concatenate([across, down])), colors=CELL_EDGE_COLOUR, linewidths=0.5, zorder=1.2)
    ax.add_collection(lines, autolim=False)
    return lines


def draw_floor(ax: Any, plan: GridGeometry) -> Any:
    """Draw the free cells in one pale colour; return the image. Axes that show a map already are left as they are."""
    if ax.images:
        return ax.images[0]
    from matplotlib.colors import ListedColormap

    floor = np.ma.masked_invalid(plan.to_grid(np.zeros(plan.n_states)))
    image = ax.imshow(floor, cmap=ListedColormap([FLOOR_COLOUR]), interpolation="nearest", zorder=0)
    prepare(ax, plan)
    return image


def cell_points(ax: Any, shape: tuple[int, int]) -> float:
    """Side of one cell in points, about: axes of equal aspect fill the tighter direction."""
    width, height = points_of(ax)
    return min(width / shape[1], height / shape[0])


def draw_marks(ax: Any, plan: GridGeometry) -> dict[str, Any]:
    """Mark starts with rings and goals with stars; return the artists by name."""
    smallest = 3.0 if len(plan.starts) + len(plan.goals) > MANY_MARKS else 6.0  # points
    size = float(np.clip(0.55 * cell_points(ax, plan.shape), smallest, 13.0))
    style = {"edgecolors": INK, "linewidths": 0.9, "zorder": 2, "clip_on": False}
    marks = {}
    if len(plan.starts):
        rows, columns = plan.starts.T
        marks["start"] = ax.scatter(columns, rows, (0.8 * size) ** 2, PAPER, marker="o", label="start", **style)
    if len(plan.goals):
        rows, columns = plan.goals.T
        marks["goal"] = ax.scatter(columns, rows, (1.3 * size) ** 2, PAPER, marker="*", label="goal", **style)
    return marks


def size_for(
    shape: tuple[int, int], *, longest: float = 5.0, extra: tuple[float, float] = (1.7, 1.5)
) -> tuple[float, float]:
    """Figure size in inches for one map of this shape, with room for labels and colour bar.

    The height has some to spare: constrained layout settles at once only where the width alone limits the map.
    """
    rows, columns = shape
    unit = longest / max(rows, columns)
    return max(3.4, columns * unit) + extra[0], max(1.0, rows * unit) + extra[1]


def panel_for(shape: tuple[int, int]) -> tuple[float, float]:
    """Size in inches of one of several maps of this shape on a page."""
    rows, columns = shape
    width, height = size_for(shape, longest=3.8, extra=(1.7, 1.55))
    if grid_is_wide(shape):  # they stand one above the other, with room for the colour bars below
        height = 3.8 * rows / columns + 2.4
    return max(width, 3.4), height


def grid_is_wide(shape: tuple[int, int]) -> bool:
    """Whether a grid of this shape has its colour bar below."""
    rows, columns = shape
    return is_wide(columns, rows)


def draw_key(ax: Any, marks: dict[str, Any], plan: GridGeometry, *, lacking: str = "") -> Any:
    """Explain marks and hatching in one line above the axes; None where there is nothing to explain.

    Parameters
    ----------
    ax : Axes
    marks : dict of artists
    plan : GridGeometry
    lacking : str
        What some cells are hatched for although they have a state; empty: none is.
    """
    from matplotlib.patches import Patch

    walls = plan.gap_name == "wall"
    handles = list(marks.values())
    if walls and plan.gaps.any():
        handles.append(Patch(facecolor=WALL_COLOUR, linewidth=0, label=plan.gap_name))
    reasons = [plan.gap_name] * bool(plan.gaps.any() and not walls) + [lacking] * bool(lacking)
    if reasons:
        label = " or ".join(reasons)
        handles.append(Patch(facecolor=GAP_COLOUR, edgecolor=HATCH_COLOUR, hatch="////", linewidth=0, label=label))
    return key_above(ax, handles, handletextpad=0.3, columnspacing=1.0, borderpad=0.1, markerscale=0.75)
