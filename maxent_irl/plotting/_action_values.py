"""A number for every action in every cell, as triangles: the side of a cell an action leads to is its triangle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds.gridworld import ACTIONS
from ._axes import add_colour_bar, figure_and_axes, note_below, title_above
from ._colours import colour_scale
from ._grid import GridPlan, draw_floor, draw_key, draw_marks, size_for
from ._grid_map import WIDE
from ._quantities import first_step

MOST_OUTLINED = 60  # rows or columns
CENTRE = 0.2  # half diagonal of the diamond of an action that stays, in cells


class ActionValueDisplay:
    """Soft action values, or any (S, A) table, as four triangles per cell and a diamond for staying.

    Make one with `from_values` or `from_estimator`. Actions that are unavailable (values that are not finite) are left out:
    the hatching shows through.

    Parameters
    ----------
    values : (S, A) array
        Not finite where an action is not available.
    plan : GridPlan
    steps : (A, 2) array
        Row and column step of each action: one of the four neighbours, or (0, 0).
    label, title : str
    signed : bool, optional
        As for `GridMapDisplay`.

    Attributes
    ----------
    cells_ : PolyCollection, its array the finite values; `drawn_` holds their (state, action), shape (M, 2)
    marks_, key_, colour_bar_, ax_, figure_ : as for `GridMapDisplay`
    """

    def __init__(
        self,
        values: NDArray,
        *,
        plan: GridPlan,
        steps: NDArray,
        label: str,
        title: str = "",
        signed: bool | None = None,
    ) -> None:
        self.values = values
        self.plan = plan
        self.steps = steps
        self.label = label
        self.title = title
        self.signed = signed

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        world: Any,
        *,
        steps: ArrayLike = ACTIONS,
        label: str = "soft action value Q",
        title: str = "Action values",
        signed: bool | None = None,
    ) -> ActionValueDisplay:
        """Show a given table.

        Parameters
        ----------
        values : (S, A) array, or (T, S, A), of which the first step is shown
        world, steps : as for `PolicyDisplay.from_policy`
        label, title, signed : as for the class

        Raises
        ------
        ValueError
            If the table does not fit states and steps, or a step leads further than to a neighbour.
        """
        plan, steps = GridPlan.of(world), np.asarray(steps)
        far = np.flatnonzero(np.abs(steps).sum(axis=1) > 1)
        if far.size:
            raise ValueError(
                f"action {far[0]} steps by {tuple(steps[far[0]].tolist())}; a triangle needs one of the four neighbours"
            )
        values = plan.per_state(first_step(values), trailing=(len(steps),))
        return cls(values, plan=plan, steps=steps, label=label, title=title, signed=signed)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        world: Any,
        *,
        goal: int | None = None,
        steps: ArrayLike = ACTIONS,
        title: str = "Soft action values",
    ) -> ActionValueDisplay:
        """Show the soft Q of a fitted estimator; arguments as for `PolicyDisplay.from_estimator`."""
        plan = GridPlan.of(world).heading_for(goal)
        return cls.from_values(estimator.solve(goal).Q, plan, steps=steps, title=title)

    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True
    ) -> ActionValueDisplay:
        """Draw the cells; arguments as for `GridMapDisplay.plot`."""
        from matplotlib.collections import PolyCollection

        self.figure_, self.ax_ = figure_and_axes(ax, size=size_for(self.plan.shape))
        if scale is None:
            scale = colour_scale(self.values, signed=self.signed)
        corners, self.drawn_ = self._corners()
        longest = max(self.plan.shape)
        # White lines between the pieces; where those would be all one sees, hard edges, so that no background shines through.
        lines = {"edgecolors": "white", "linewidths": float(np.clip(6.0 / longest, 0.15, 0.8))}
        lines = lines if longest <= MOST_OUTLINED else {"antialiaseds": False}
        self.cells_ = PolyCollection(corners, array=self.values[tuple(self.drawn_.T)], zorder=1, **lines, **scale)
        draw_floor(self.ax_, GridPlan(self.plan.shape, self.plan.cells[:0], self.plan.starts, self.plan.goals))
        self.ax_.add_collection(self.cells_, autolim=False)
        self.marks_ = draw_marks(self.ax_, self.plan)
        complete = np.isfinite(self.values[self.plan.drawn]).all()
        self.key_ = draw_key(self.ax_, self.marks_, self.plan, lacking="" if complete else "no action")
        title_above(self.ax_, self.title, self.key_)
        rows, columns = self.plan.shape
        self.colour_bar_ = (
            add_colour_bar(self.cells_, self.ax_, self.label, below=columns > WIDE * rows) if colour_bar else None
        )
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
