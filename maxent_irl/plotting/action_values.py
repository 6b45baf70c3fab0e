"""A number for every action in every cell, as triangles: the side of a cell an action leads to is its triangle."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds import GridGeometry
from .axes import figure_and_axes
from .colours import PAPER
from .grid import draw_floor, draw_key, draw_marks, grid_is_wide, hatch_cells, size_for
from .keys import note_below, title_above
from .quantities import first_step
from .style import house_style
from .value_map import ValueMap

MOST_OUTLINED = 60  # rows or columns
CENTRE = 0.2  # half diagonal of the diamond of an action that stays, in cells


@dataclass(eq=False, repr=False)
class ActionValueDisplay(ValueMap):
    """Soft action values, or any (S, A) table, as four triangles per cell and a diamond for staying.

    Make one with `from_values` or `from_estimator`. Actions that are unavailable (values that are not finite) are left out:
    the hatching shows through.

    Parameters
    ----------
    values : (S, A) array
        Not finite where an action is not available.
    plan : GridGeometry
    steps : (A, 2) array
        Row and column step of each action: one of the four neighbours, or (0, 0).
    label, title, signed, from_zero, root, cmap, norm, vmin, vmax
        As for `GridMapDisplay`.

    Attributes
    ----------
    cells_ : PolyCollection, its array the finite values; `drawn_` holds their (state, action), shape (M, 2)
    marks_, key_, colour_bar_, ax_, figure_ : as for `GridMapDisplay`
    """

    values: NDArray  # (S, A)
    _: KW_ONLY
    plan: GridGeometry
    steps: NDArray  # (A, 2)
    label: str = "soft action value Q"
    title: str = "Action values"

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        world: Any,
        *,
        steps: ArrayLike | None = None,
        **options: Any,
    ) -> ActionValueDisplay:
        """Show a given table.

        Parameters
        ----------
        values : (S, A) array, or (T, S, A), of which the first step is shown
        world, steps : as for `PolicyDisplay.from_policy`
        **options
            label, title, signed, from_zero, root, cmap, norm, vmin and vmax, as for the class.

        Raises
        ------
        ValueError
            If the table does not fit states and steps, or a step leads further than to a neighbour.
        """
        plan = GridGeometry.of(world)
        steps = plan.steps if steps is None else np.asarray(steps)
        far = np.flatnonzero(np.abs(steps).sum(axis=1) > 1)
        if far.size:
            raise ValueError(
                f"action {far[0]} steps by {tuple(steps[far[0]].tolist())}; a triangle needs one of the four neighbours"
            )
        values = plan.per_state(first_step(values), trailing=(len(steps),))
        return cls(values, plan=plan, steps=steps, **options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        world: Any,
        *,
        goal: int | None = None,
        steps: ArrayLike | None = None,
        title: str = "Soft action values",
    ) -> ActionValueDisplay:
        """Show the soft Q of a fitted estimator; arguments as for `PolicyDisplay.from_estimator`."""
        plan = GridGeometry.of(world).heading_for(goal)
        return cls.from_values(estimator.solve(goal).Q, plan, steps=steps, title=title)

    @house_style()
    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True
    ) -> ActionValueDisplay:
        """Draw the cells; arguments as for `GridMapDisplay.plot`."""
        from matplotlib.collections import PolyCollection

        self.figure_, self.ax_ = figure_and_axes(ax, size=size_for(self.plan.shape))
        scale = self.colours(self.values, scale)
        corners: Any
        corners, self.drawn_ = self._corners()
        longest = max(self.plan.shape)
        # White lines between the pieces; where those would be all one sees, hard edges, so that no background shines through.
        lines: dict[str, Any] = {"antialiaseds": False}
        if longest <= MOST_OUTLINED:
            lines = {"edgecolors": PAPER, "linewidths": float(np.clip(6.0 / longest, 0.15, 0.8))}
        self.cells_ = PolyCollection(corners, array=self.values[tuple(self.drawn_.T)], zorder=1, **lines, **scale)
        draw_floor(self.ax_, GridGeometry.of_states(self.plan.shape, self.plan.cells[:0]))
        incomplete = ~np.isfinite(self.values).all(axis=1) & self.plan.drawn
        if incomplete.any():
            hatch_cells(self.ax_, self.plan.to_grid(incomplete.astype(float)) == 1)
        self.ax_.add_collection(self.cells_, autolim=False)
        self.marks_ = draw_marks(self.ax_, self.plan)
        complete = np.isfinite(self.values[self.plan.drawn]).all()
        self.key_ = draw_key(self.ax_, self.marks_, self.plan, lacking="" if complete else "no action")
        title_above(self.ax_, self.title, self.key_)
        below = grid_is_wide(self.plan.shape)
        self.colour_bar_ = self.draw_colour_bar(self.cells_, self.ax_, below=below) if colour_bar else None
        stays = "; diamond: staying" if (self.steps == 0).all(axis=1).any() else ""
        note_below(self.ax_, f"triangle: moving to that side{stays}")
        return self

    def _corners(self) -> tuple[NDArray, NDArray]:
        """Corners (x, y) of every drawn piece, (M, 4, 2), diamonds last; and the (state, action) of each."""
        centre = self.plan.cells[:, ::-1].astype(float)  # x is the column
        pieces, drawn = [], []
        for action in np.argsort((self.steps == 0).all(axis=1), kind="stable"):
            states = np.flatnonzero(np.isfinite(self.values[:, action]) & self.plan.drawn)
            ahead = self.steps[action][::-1] / 2
            side = ahead[::-1] * (1, -1)
            # A triangle repeats its tip, so that triangles and diamonds are one collection.
            offsets = (
                np.array([(0, 0), ahead + side, ahead - side, (0, 0)])
                if ahead.any()
                else CENTRE * np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
            )
            pieces.append(centre[states, None, :] + offsets)
            drawn.append(np.stack([states, np.full(len(states), action)], axis=1))
        return np.concatenate(pieces), np.concatenate(drawn)
