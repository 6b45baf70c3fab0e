"""A labyrinth that branches in two at every junction, drawn as the maze it is: an H-tree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds.labyrinth import h_tree
from ._axes import add_colour_bar, figure_and_axes, make_room, short
from ._colours import INK, colour_scale

CORRIDOR_COLOUR = "#e3e3e0"
ENDS = np.array([[-1.0], [1.0]])
AWAY, LETTER, LINE = 14.0, 6.0, 16.0  # points: from a junction to its label; width of a letter, height of a label


class TreeMapDisplay:
    """One number per junction of a tree-shaped maze.

    Make one with `from_values`. Junctions are discs on the corridors of the maze, coloured by the value and, if sizes are
    given, as large as those (such as visits).

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
    label, title, size_label : str
    signed : bool, optional
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

    def __init__(
        self,
        values: NDArray,
        *,
        parents: NDArray,
        positions: NDArray,
        sizes: NDArray | None,
        label: str,
        title: str,
        size_label: str,
        signed: bool | None,
        marks: dict[str, int],
    ) -> None:
        self.values = values
        self.parents = parents
        self.positions = positions
        self.sizes = sizes
        self.label = label
        self.title = title
        self.size_label = size_label
        self.signed = signed
        self.marks = marks

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        parents: ArrayLike | None = None,
        *,
        positions: ArrayLike | None = None,
        sizes: ArrayLike | None = None,
        label: str,
        title: str = "",
        size_label: str = "",
        signed: bool | None = None,
        marks: dict[str, int] | None = None,
    ) -> TreeMapDisplay:
        """Map one number per junction.

        Parameters
        ----------
        values : (N,) array
        parents : (N,) int array, optional
            Default: junctions 2 i + 1 and 2 i + 2 follow junction i, as in `Labyrinth`.
        positions : (N, 2) array, optional
            Default, without `parents`: those of a labyrinth of N junctions. Needed with `parents`.
        sizes, label, title, size_label, signed, marks
            As for the class; `size_label` says what the sizes are.

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
        return cls(
            values,
            parents=parents,
            positions=positions,
            sizes=sizes,
            label=label,
            title=title,
            size_label=size_label,
            signed=signed,
            marks=marks or {},
        )

    def plot(self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True) -> TreeMapDisplay:
        """Draw the maze; arguments as for `GridMapDisplay.plot`."""
        from matplotlib.collections import LineCollection

        self.figure_, self.ax_ = figure_and_axes(ax, size=(6.4, 5.4))
        scale = colour_scale(self.values, signed=self.signed) if scale is None else scale
        child = np.flatnonzero(self.parents >= 0)
        lines = np.stack([self.positions[self.parents[child]], self.positions[child]], axis=1)
        narrowest = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).min(initial=np.inf)
        span = float(np.ptp(self.positions, axis=0).max()) or 1.0
        points = 72 * 4.2 * min(float(narrowest), span) / span  # of the shortest corridor
        width = float(np.clip(0.45 * points, 1.0, 9.0))
        self.corridors_ = LineCollection(
            lines, colors=CORRIDOR_COLOUR, linewidths=width, capstyle="projecting", zorder=1
        )
        self.ax_.add_collection(self.corridors_)
        there = np.flatnonzero(np.isfinite(self.values))
        widest = float(np.clip(0.8 * points, 4.0, 24.0)) ** 2
        area = np.full(len(there), 0.5 * widest)
        if self.sizes is not None:
            area = widest * np.maximum(self.sizes[there] / (self.sizes[there].max(initial=0.0) or 1.0), 0.02)
        x, y = self.positions[there].T
        self.junctions_ = self.ax_.scatter(
            x, y, area, self.values[there], marker="o", edgecolors=INK, linewidths=0.4, zorder=3, **scale
        )
        points_per_unit = points / narrowest if np.isfinite(narrowest) else 1.0
        low, high = self.positions.min(axis=0), self.positions.max(axis=0)
        half = np.maximum((high - low) / 2, 0.25 * span) + 0.06 * span
        limits = (low + high) / 2 + half * ENDS
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
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": INK, "linewidth": 0.5},
                zorder=5,
            )
            for name, node in self.marks.items()
        ]
        self.ax_.set(xlim=limits[:, 0], ylim=limits[:, 1])
        self.ax_.set(aspect="equal", xticks=[], yticks=[], title=self.title, xlabel=self.size_label)
        make_room(self.ax_, self.labels_)
        self.ax_.spines[:].set_visible(False)
        self.colour_bar_ = add_colour_bar(self.junctions_, self.ax_, self.label) if colour_bar else None
        return self

    def _clear_side(self, name: str, points_per_unit: float, limits: NDArray) -> NDArray:
        """Direction (2,) of -1, 0 or 1 in which the label of a junction covers neither junctions nor corridors.

        Of directions that are equally clear the diagonal inwards is taken, and none that leaves the map.
        """
        here = self.positions[self.marks[name]]
        child = np.flatnonzero(self.parents >= 0)
        along = np.linspace(0, 1, 9)[:, None, None]
        corridors = (1 - along) * self.positions[child] + along * self.positions[self.parents[child]]
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
