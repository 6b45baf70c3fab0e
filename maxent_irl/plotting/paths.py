"""Demonstrations as paths over a grid: each by itself while they are few, their traffic when they are many."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference.brief_repr import BriefRepr
from ..worlds import GridGeometry
from .axes import figure_and_axes
from .colour_bar import add_colour_bar
from .colours import CONTRAST, INK, colour_scale, line_colour_map
from .fitted import state_name, trajectory_name
from .grid import cell_points, draw_floor, draw_key, draw_marks, grid_is_wide, size_for
from .keys import note_below, title_above
from .style import house_style

MOST_LINES = 60  # more paths than this are summed to traffic
GOLDEN = np.pi * (3 - np.sqrt(5))  # radians: angle between the shifts of successive paths


@dataclass(eq=False, repr=False)
class PathsDisplay(BriefRepr):
    """Where demonstrations went.

    Make one with `from_demonstrations`. Up to 60 paths are drawn one by one, each shifted a little so that paths that share
    cells can be told apart; dots mark where they start and crosses where they stop. More are drawn as traffic: every pair of
    neighbouring cells gets a line, wider and darker the more moves went along it, in either direction. States without a cell
    are left out.

    Parameters
    ----------
    paths : list of (n_i,) int arrays
        States of each path, the last one included where it is known.
    plan : GridGeometry
    title : str

    Attributes
    ----------
    paths_ : LineCollection of the single paths, or None
    traffic_ : LineCollection of the summed paths, its array the counts, or None
    first_, last_ : PathCollections of the ends of single paths, or None
    colour_bar_, marks_, key_, ax_, figure_ : as for `GridMapDisplay`
    """

    paths: list[NDArray]  # (n_i,) each
    _: KW_ONLY
    plan: GridGeometry
    title: str

    @classmethod
    def from_demonstrations(cls, demonstrations: Any, world: Any, *, title: str | None = None) -> PathsDisplay:
        """Read the paths of demonstrations.

        Parameters
        ----------
        demonstrations : Demonstrations
        world : GridWorld, GridGeometry, shape (rows, columns), or bool array of free cells
        title : str, optional
            Default: how many there are.

        Raises
        ------
        ValueError
            If a path visits a state that the grid does not have, naming the trajectory.
        """
        plan = GridGeometry.of(world)
        pieces = np.split(demonstrations.states, demonstrations.offsets[1:-1])
        paths = [
            np.append(piece, final) if final >= 0 else piece
            for piece, final in zip(pieces, demonstrations.final_states, strict=True)
        ]
        for i, path in enumerate(paths):
            if path.max() >= plan.n_states:
                who, where = trajectory_name(demonstrations, i), state_name(demonstrations, int(path.max()))
                raise ValueError(f"trajectory {who} visits state {where}, but the grid has {plan.n_states} states")
        if title is None:
            title = f"{len(paths):,} demonstration{'s' if len(paths) != 1 else ''}"
        return cls(paths, plan=plan, title=title)

    @property
    def is_summed(self) -> bool:
        """Whether there are so many paths that their traffic is drawn."""
        return len(self.paths) > MOST_LINES

    @property
    def reading(self) -> str:
        """How to read the picture."""
        if self.is_summed:
            return "The wider and darker a line, the more moves went along it."
        return "Each line is one path: it starts at a dot and stops at a cross."

    @house_style()
    def plot(self, ax: Any = None, *, colour_bar: bool = True) -> PathsDisplay:
        """Draw the paths on a floor plan, or over the map that `ax` already shows.

        Parameters
        ----------
        ax : Axes or empty Figure, optional
        colour_bar : bool
            Only traffic has one.

        Returns
        -------
        self
        """
        summed = self.is_summed
        self.figure_, self.ax_ = figure_and_axes(
            ax, size=size_for(self.plan.shape, extra=(1.6 if summed and colour_bar else 0.9, 1.4))
        )
        alone = not self.ax_.images
        draw_floor(self.ax_, self.plan)
        self.paths_: Any = None
        self.traffic_: Any = None
        self.first_: Any = None
        self.last_: Any = None
        self.colour_bar_: Any = None
        self.key_: Any = None
        self.marks_ = draw_marks(self.ax_, self.plan) if alone else {}
        for mark in self.marks_.values():
            mark.set_zorder(5)
        ends = self._draw_traffic(colour_bar) if summed else self._draw_lines()
        if alone:
            self.key_ = draw_key(self.ax_, {**self.marks_, **ends}, self.plan)
            title_above(self.ax_, self.title, self.key_)
        return self

    def _draw_lines(self) -> dict[str, Any]:
        from matplotlib.collections import LineCollection

        n = len(self.paths)
        angle = GOLDEN * np.arange(n)
        radius = 0.3 * np.sqrt(np.arange(n) / max(n, 2))
        shift = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        # NaN leaves a gap in a line where its path is off the map.
        places = np.where(self.plan.drawn[:, None], self.plan.cells, np.nan)[:, ::-1]
        lines = [places[path] + shift[i] for i, path in enumerate(self.paths)]
        points = cell_points(self.ax_, self.plan.shape)
        self.paths_ = LineCollection(
            lines, colors=INK, alpha=float(np.clip(2 / np.sqrt(n), 0.35, 0.9)), zorder=3, capstyle="round"
        )
        self.paths_.set_linewidth(float(np.clip(points / 25, 0.7, 1.4)))
        self.ax_.add_collection(self.paths_, autolim=False)
        inside = [line[np.isfinite(line[:, 0])] for line in lines]
        first, last = (np.array([line[i] for line in inside if len(line)]).reshape(-1, 2) for i in (0, -1))
        size = float(np.clip(points / 5, 3.5, 5.0)) ** 2
        self.first_ = self.ax_.scatter(
            *first.T, size, CONTRAST, marker="o", zorder=6, linewidths=0, label="path starts"
        )
        self.last_ = self.ax_.scatter(
            *last.T, 1.4 * size, INK, marker="x", zorder=6, linewidths=1.0, label="path stops"
        )
        return {"first": self.first_, "last": self.last_}

    def _draw_traffic(self, colour_bar: bool) -> dict[str, Any]:
        from matplotlib.collections import LineCollection

        moves = np.concatenate([np.stack([path[:-1], path[1:]], axis=1) for path in self.paths])
        shown = (moves[:, 0] != moves[:, 1]) & self.plan.drawn[moves].all(axis=1)
        moves = np.sort(moves[shown], axis=1)
        edges, counts = np.unique(moves, axis=0, return_counts=True)
        order = np.argsort(counts, kind="stable")  # the busiest on top
        edges, counts = edges[order], counts[order]
        scale = colour_scale(counts, signed=False, from_zero=True)
        scale["cmap"] = line_colour_map()
        widest = float(np.clip(0.5 * cell_points(self.ax_, self.plan.shape), 1.0, 7.0))
        self.traffic_ = LineCollection(
            self.plan.cells[edges][:, :, ::-1], array=counts, capstyle="round", zorder=3, **scale
        )
        self.traffic_.set_linewidth(0.3 + (widest - 0.3) * np.sqrt(counts / max(1, counts.max(initial=1))))
        self.ax_.add_collection(self.traffic_, autolim=False)
        if not len(counts):
            note_below(self.ax_, "no moves between cells")
        if colour_bar and len(counts):
            below = grid_is_wide(self.plan.shape)
            self.colour_bar_ = add_colour_bar(self.traffic_, self.ax_, "moves between two cells", below=below)
        return {}
