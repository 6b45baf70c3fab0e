"""Maps of labyrinths that branch in two at every junction, drawn as the mazes they are; and their layout."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_goal
from ..worlds import TreeGeometry
from ..worlds.labyrinth import h_tree
from .axes import figure_and_axes
from .colours import CORRIDOR_COLOUR, INK, PAPER
from .keys import title_above
from .layouts import Layout, Words, lay_out
from .names import make_room, short
from .quantities import estimator_map
from .shapes import Shapes
from .style import house_style
from .value_map import ValueMap

SIZE = (6.8, 5.6)  # inches
ENDS = np.array([[-1.0], [1.0]])
AWAY, LETTER, LINE = 14.0, 6.6, 18.0  # points: from a junction to its label; width of a letter, height of a label


@dataclass(eq=False, repr=False)
class TreeMapDisplay(ValueMap):
    """One number per junction of a tree-shaped maze.

    Make one with `from_values` or `from_estimator`. Junctions are discs on the corridors of the maze, coloured by the value. If
    sizes are given, such as visits, the areas of the discs are in proportion to them.

    Parameters
    ----------
    values : (N,) array
        NaN: no disc.
    parents : (N,) int array
        Junction before each one; -1 at the root.
    positions : (N, 2) array
        x and y of each junction.
    sizes : (N,) array or None
        Areas of the discs, in any unit.
    size_label : str
        What the sizes are.
    label, title, signed, from_zero, root, cmap, norm, vmin, vmax
        As for `GridMapDisplay`.
    marks : dict of str to int
        Junctions to name.

    Attributes
    ----------
    corridors_ : LineCollection
    junctions_ : PathCollection, its array the finite values
    labels_ : list of Annotations
    colour_bar_, ax_, figure_ : Colorbar, Axes, Figure
    """

    values: NDArray  # (N,)
    _: KW_ONLY
    parents: NDArray  # (N,)
    positions: NDArray  # (N, 2)
    sizes: NDArray | None = None  # (N,)
    size_label: str = ""
    marks: dict[str, int] = field(default_factory=dict)
    reading = "The colour of a disc gives the value at its junction; a junction without a disc has none."

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        parents: ArrayLike | None = None,
        *,
        positions: ArrayLike | None = None,
        sizes: ArrayLike | None = None,
        marks: dict[str, int] | None = None,
        **options: Any,
    ) -> TreeMapDisplay:
        """Map one number per junction.

        Parameters
        ----------
        values : (N,) array
        parents : (N,) int array, optional
            Default: junctions 2 i + 1 and 2 i + 2 follow junction i, as in `Labyrinth`.
        positions : (N, 2) array, optional
            Default, without `parents`: those of a labyrinth of N junctions. Needed with `parents`.
        sizes, marks
            As for the class.
        **options
            label (required), title, size_label, signed, from_zero, root, cmap, norm, vmin and vmax, as for the class.

        Raises
        ------
        ValueError
            For shapes that do not fit, and for parents without positions.
        """
        values = np.asarray(values, dtype=float)
        n = len(values)
        if parents is not None and positions is None:
            raise ValueError("with parents of your own give the positions too")
        parents = (np.arange(n) - 1) // 2 if parents is None else np.asarray(parents)
        if parents.shape != (n,):
            raise ValueError(f"parents must have one entry for each of the {n} junctions; got {parents.shape}")
        positions = h_tree(n) if positions is None else np.asarray(positions, dtype=float)
        if positions.shape != (n, 2):
            raise ValueError(f"positions must have shape ({n}, 2); got {positions.shape}")
        if sizes is not None:
            sizes = np.asarray(sizes, dtype=float)
            if sizes.shape != (n,):
                raise ValueError(f"sizes must have one entry for each of the {n} junctions; got {sizes.shape}")
        return cls(values, parents=parents, positions=positions, sizes=sizes, marks=marks or {}, **options)

    @classmethod
    def from_estimator(
        cls, estimator: Any, world: Any, *, show: str = "reward", goal: int | None = None, title: str | None = None
    ) -> TreeMapDisplay:
        """Map what a fitted estimator found; arguments as for `estimator_map`, with a labyrinth as the world."""
        return estimator_map(estimator, TreeLayout(TreeGeometry.of(world)), show=show, goal=goal, title=title)

    @property
    def panel(self) -> tuple[float, float]:
        """Width and height in inches that the map wants beside others."""
        return SIZE[0], SIZE[1] + 0.4

    @house_style()
    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True, key: bool = True
    ) -> TreeMapDisplay:
        """Draw the maze; arguments as for `GridMapDisplay.plot`. All marks are named beside them, so that there is no key."""
        self.figure_, self.ax_ = figure_and_axes(ax, size=SIZE)
        points, points_per_unit, limits = self._measures()
        self._draw_corridors(points)
        self._draw_junctions(points, self.colours(self.values, scale))
        self._draw_names(points_per_unit, limits)
        self.ax_.set(xlim=limits[:, 0], ylim=limits[:, 1])
        self.ax_.set(aspect="equal", xticks=[], yticks=[], xlabel=self.size_label)
        title_above(self.ax_, self.title, below=self.subtitle)
        make_room(self.ax_, self.labels_)
        self.ax_.spines[:].set_visible(False)
        self.colour_bar_ = self.draw_colour_bar(self.junctions_, self.ax_) if colour_bar else None
        return self

    def _corridors(self) -> NDArray:
        """Ends of every corridor, (N - 1, 2, 2)."""
        child = np.flatnonzero(self.parents >= 0)
        return np.stack([self.positions[self.parents[child]], self.positions[child]], axis=1)

    def _measures(self) -> tuple[float, float, NDArray]:
        """Points of the shortest corridor, points per unit of position, and (2, 2) limits: low and high, x and y."""
        lines = self._corridors()
        narrowest = float(np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).min(initial=np.inf))
        span = float(np.ptp(self.positions, axis=0).max()) or 1.0
        points = 72 * 4.2 * min(narrowest, span) / span
        low, high = self.positions.min(axis=0), self.positions.max(axis=0)
        half = np.maximum((high - low) / 2, 0.25 * span) + 0.06 * span
        return points, points / narrowest if np.isfinite(narrowest) else 1.0, (low + high) / 2 + half * ENDS

    def _draw_corridors(self, points: float) -> None:
        from matplotlib.collections import LineCollection

        width = float(np.clip(0.45 * points, 1.0, 9.0))
        style: dict[str, Any] = {"colors": CORRIDOR_COLOUR, "linewidths": width, "capstyle": "projecting", "zorder": 1}
        self.corridors_ = LineCollection(list(self._corridors()), **style)
        self.ax_.add_collection(self.corridors_)

    def _draw_junctions(self, points: float, scale: dict[str, Any]) -> None:
        there = np.flatnonzero(np.isfinite(self.values))
        widest = float(np.clip(0.8 * points, 4.0, 24.0)) ** 2
        area = np.full(len(there), 0.5 * widest)
        if self.sizes is not None:
            area = widest * np.maximum(self.sizes[there] / (self.sizes[there].max(initial=0.0) or 1.0), 0.02)
        x, y = self.positions[there].T
        self.junctions_ = self.ax_.scatter(
            x, y, area, self.values[there], marker="o", edgecolors=INK, linewidths=0.4, zorder=3, **scale
        )

    def _draw_names(self, points_per_unit: float, limits: NDArray) -> None:
        aside = {name: self._clear_side(name, points_per_unit, limits) for name in self.marks}
        self.labels_ = [
            self.ax_.annotate(
                short(name),
                self.positions[node],
                AWAY * aside[name],
                textcoords="offset points",
                parse_math=False,
                ha=("center", "left", "right")[aside[name][0]],
                va=("center", "bottom", "top")[aside[name][1]],
                fontsize="small",
                arrowprops={"arrowstyle": "-", "linewidth": 0.8, "color": INK, "shrinkB": 2},
                bbox={"boxstyle": "round,pad=0.2", "facecolor": PAPER, "edgecolor": INK, "linewidth": 0.5},
                zorder=5,
            )
            for name, node in self.marks.items()
        ]

    def _clear_side(self, name: str, points_per_unit: float, limits: NDArray) -> NDArray:
        """Direction (2,) of -1, 0 or 1 in which the label of a junction covers neither junctions nor corridors.

        Of directions that are equally clear the diagonal inwards is taken, and none that leaves the map.
        """
        here = self.positions[self.marks[name]]
        along = np.linspace(0, 1, 9)[:, None, None]
        ends = self._corridors()
        corridors = (1 - along) * ends[:, 1] + along * ends[:, 0]
        taken = (np.concatenate([self.positions, *corridors]) - here) * points_per_unit
        size = np.array([LETTER * len(short(name)) + 8, LINE])
        low, high = (limits - here) * points_per_unit
        inwards = np.where(low + high < 0, -1, 1)
        sides = inwards * [(1, 1), (1, -1), (-1, 1), (1, 0), (0, 1), (-1, -1), (-1, 0), (0, -1)]
        first = np.where(sides > 0, AWAY, np.where(sides < 0, -AWAY - size, -size / 2))
        gaps = np.maximum(np.maximum(first[:, None] - taken, taken - (first + size)[:, None]), 0)
        clear = np.linalg.norm(gaps, axis=2).min(axis=1)
        inside = ((first > low) & (first + size < high)).all(axis=1)
        return sides[np.argmax(clear.round(3) + 1e3 * inside)]


class TreeLayout(Layout):
    """The layout of a tree-shaped maze: one disc per node; `marks` name nodes."""

    unit = "node"
    words = Words(place=" at a node", visits="decisions at a node, per trajectory")

    def __init__(self, geometry: TreeGeometry, marks: dict[str, int] | None = None) -> None:
        self.geometry, self.marks = geometry, marks or {}
        self.n_states = len(geometry.parents)
        self.name = f"this maze of {self.n_states} nodes"

    @property
    def place_names(self) -> list[str]:
        """Name of each node."""
        return list(self.geometry.names)

    def heading_for(self, goal: int | None) -> TreeLayout:
        """The layout that marks the goal."""
        if goal is None:
            return self
        return TreeLayout(self.geometry, {**self.marks, "goal": check_goal(goal, len(self.geometry.parents))})

    def shapes(self) -> Shapes:
        """Nodes as discs on the corridors."""
        positions, parents = np.asarray(self.geometry.positions, dtype=float) * (1, -1), self.geometry.parents
        child = np.flatnonzero(parents >= 0)
        lines = np.stack([positions[parents[child]], positions[child]], axis=1)
        shortest = float(np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).min(initial=np.inf))
        marks = {name: positions[node] for name, node in self.marks.items()}
        return Shapes("disc", positions, 0.7 * shortest if np.isfinite(shortest) else 1.0, lines=lines, marks=marks)

    def display(self, values: NDArray, **options: Any) -> TreeMapDisplay:
        """Map one number per node; options as for `TreeMapDisplay`."""
        where: dict[str, Any] = {"positions": self.geometry.positions, "marks": self.marks}
        return TreeMapDisplay.from_values(values, self.geometry.parents, **where, **options)


@lay_out.register
def _(geometry: TreeGeometry) -> Layout:
    return TreeLayout(geometry)
