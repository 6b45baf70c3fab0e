"""A policy on a grid, as arrows: one per likely action, as long as it is probable."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds.gridworld import ACTIONS
from ._axes import figure_and_axes
from ._colours import INK
from ._grid import GridPlan, cell_points, draw_floor, draw_key, draw_marks, size_for
from ._quantities import first_step

SHORTEST = 0.02  # probabilities below this are not drawn: their arrows would be dots
MOST_ROWS = 40  # larger grids are drawn by averaged blocks


class PolicyDisplay:
    """Arrows sized by the probability of each action, the longest half a cell; staying is a dot sized likewise.

    Make one with `from_policy` or `from_estimator`. Grids of more than 40 rows or columns show the mean probabilities of
    square blocks of cells, and say so.

    Parameters
    ----------
    centres : (M, 2) array
        Row and column of each cell, or centre of each block.
    probabilities : (M, A) array
        Zero where an action is unavailable.
    steps : (A, 2) array
        Row and column step of each action; (0, 0) is staying.
    block : int
        Side of the blocks, in cells; 1 shows every cell.
    plan : GridPlan
    title : str

    Attributes
    ----------
    arrows_ : Quiver, one arrow per drawn action, or None
    longest_ : float
        Probability that the longest arrow stands for; it is said under the map.
    stays_ : PathCollection of the dots, or None
    marks_ : dict of PathCollections, "start" and "goal"
    key_ : Legend or None
    ax_, figure_ : Axes, Figure
    """

    def __init__(
        self, centres: NDArray, probabilities: NDArray, *, steps: NDArray, block: int, plan: GridPlan, title: str
    ) -> None:
        self.centres = centres
        self.probabilities = probabilities
        self.steps = steps
        self.block = block
        self.plan = plan
        self.title = title

    @classmethod
    def from_policy(
        cls, policy: ArrayLike, world: Any, *, steps: ArrayLike = ACTIONS, title: str = "Policy"
    ) -> PolicyDisplay:
        """Show a given policy.

        Parameters
        ----------
        policy : (S, A) array, or (T, S, A), of which the first step is shown
        world : GridWorld, shape (rows, columns), or bool array of free cells
        steps : (A, 2) array
            Row and column step of each action. Default: those of `GridWorld` (right, down, left, up, stay).
        title : str

        Raises
        ------
        ValueError
            If the policy does not fit the states and the steps.
        """
        plan = GridPlan.of(world)
        steps = np.asarray(steps)
        policy = plan.per_state(first_step(policy), trailing=(len(steps),))
        block = -(-max(plan.shape) // MOST_ROWS)
        centres, probabilities = plan.cells.astype(float), np.nan_to_num(policy)
        if block > 1:
            centres, probabilities = _block_means(plan, probabilities, block)
            title += f"\n(each arrow: mean over {block} × {block} cells)"
        return cls(centres, probabilities, steps=steps, block=block, plan=plan, title=title)

    @classmethod
    def from_estimator(
        cls, estimator: Any, world: Any, *, steps: ArrayLike = ACTIONS, title: str = "Recovered policy"
    ) -> PolicyDisplay:
        """Show the policy of a fitted estimator; arguments as for `from_policy`."""
        return cls.from_policy(estimator.policy_, world, steps=steps, title=title)

    def plot(self, ax: Any = None) -> PolicyDisplay:
        """Draw the arrows on a floor plan, or over the map that `ax` already shows.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=size_for(self.plan.shape, extra=(0.9, 1.5)))
        alone = not self.ax_.images
        draw_floor(self.ax_, self.plan)
        over = {"edgecolor": "white", "zorder": 3}
        self.arrows_ = self.stays_ = None
        cell, action = np.nonzero(self.probabilities >= SHORTEST)
        p = self.probabilities[cell, action]
        moving = self.steps[action].any(axis=1)
        self.longest_ = float(p[moving].max(initial=0.0))
        p = np.minimum(p / (self.longest_ or 1.0), 1.0)
        if moving.any():
            row, column = self.centres[cell[moving]].T
            d_row, d_column = 0.48 * self.block * p[moving] * self.steps[action[moving]].T
            self.arrows_ = self.ax_.quiver(
                column,
                row,
                d_column,
                d_row,
                angles="xy",
                scale_units="xy",
                scale=1,
                units="xy",
                width=0.07 * self.block,
                headwidth=3.2,
                headlength=3.4,
                headaxislength=3.0,
                minlength=0,
                color=INK,
                linewidth=0.0 if alone else 0.5,
                **over,
            )
        if (~moving).any():
            row, column = self.centres[cell[~moving]].T
            points = 0.34 * self.block * cell_points(self.ax_, self.plan.shape)
            self.stays_ = self.ax_.scatter(
                column, row, (points * p[~moving]) ** 2, INK, marker="o", linewidths=0.0 if alone else 0.5, **over
            )
        if self.longest_:
            self.ax_.set_xlabel(f"column\nlongest arrow: probability {self.longest_:.2f}")
        self.marks_, self.key_ = {}, None
        if alone:
            self.marks_ = draw_marks(self.ax_, self.plan)
            walls = self.plan.n_states < np.prod(self.plan.shape)
            self.key_ = draw_key(self.ax_, self.marks_, has_gaps=bool(walls))
            self.ax_.set_title(self.title, pad=20 if self.key_ else 6)
        return self


def _block_means(plan: GridPlan, probabilities: NDArray, block: int) -> tuple[NDArray, NDArray]:
    """Mean centre and mean probabilities of the states of each block that have a policy."""
    decides = probabilities.sum(axis=1) > 0
    cells, rows = plan.cells[decides], probabilities[decides]
    _, member = np.unique(cells // block, axis=0, return_inverse=True)
    member = member.ravel()
    counts = np.bincount(member)[:, None]
    mean = [
        np.stack([np.bincount(member, weights=column) for column in table.T], axis=1) / counts
        for table in (cells.astype(float), rows)
    ]
    return mean[0], mean[1]
