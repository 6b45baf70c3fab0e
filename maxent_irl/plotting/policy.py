"""A policy on a grid, as arrows: one per likely action, as long as it is probable."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from ..worlds import GridGeometry
from .axes import figure_and_axes
from .colours import INK, PAPER, STAYING_COLOUR
from .grid import cell_points, draw_floor, draw_key, draw_marks, size_for
from .keys import note_below, title_above
from .quantities import first_step
from .style import house_style

SHORTEST = 0.02  # probabilities below this are not drawn: their arrows would be dots
BRIGHTNESS, DARK = (0.299, 0.587, 0.114), 0.42  # of red, green and blue; darker cells have light arrows
MOST_ROWS = 30  # larger grids are drawn by averaged blocks


@dataclass(eq=False, repr=False)
class PolicyDisplay(BriefRepr):
    """Arrows sized by the probability of each action, the longest half a cell; staying is a grey dot sized likewise.

    Make one with `from_policy` or `from_estimator`. Grids of more than 30 rows or columns show one arrow per
    square block of cells, the mean step of its cells, and say so.

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
    plan : GridGeometry
    title : str

    Attributes
    ----------
    arrows_ : Quiver, one arrow per drawn action or per block, or None
    longest_ : float
        Probability, or mean step in cells, that the longest arrow stands for; it is said under the map.
    stays_ : PathCollection of the dots, or None
    marks_ : dict of PathCollections, "start" and "goal"
    key_ : Legend or None
    ax_, figure_ : Axes, Figure
    """

    centres: NDArray  # (M, 2)
    probabilities: NDArray  # (M, A)
    _: KW_ONLY
    steps: NDArray  # (A, 2)
    block: int
    plan: GridGeometry
    title: str

    @classmethod
    def from_policy(
        cls, policy: ArrayLike, world: Any, *, steps: ArrayLike | None = None, title: str = "Policy"
    ) -> PolicyDisplay:
        """Show a given policy.

        Parameters
        ----------
        policy : (S, A) array, or (T, S, A), of which the first step is shown
        world : GridWorld, shape (rows, columns), or bool array of free cells
        steps : (A, 2) array, optional
            Row and column step of each action. Default: those of the world, which for shapes and masks are those of `GridWorld`
            (right, down, left, up, stay).
        title : str

        Raises
        ------
        ValueError
            If the policy does not fit the states and the steps.
        """
        plan = GridGeometry.of(world)
        steps = plan.steps if steps is None else np.asarray(steps)
        policy = plan.per_state(first_step(policy), trailing=(len(steps),))
        block = -(-max(plan.shape) // MOST_ROWS)
        centres, probabilities = plan.cells.astype(float), np.nan_to_num(policy) * plan.drawn[:, None]
        if block > 1:
            centres, probabilities = _block_means(plan, probabilities, block)
        return cls(centres, probabilities, steps=steps, block=block, plan=plan, title=title)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        world: Any,
        *,
        goal: int | None = None,
        steps: ArrayLike | None = None,
        title: str = "Recovered policy",
    ) -> PolicyDisplay:
        """Show the policy of a fitted estimator.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        goal : int, optional
            State that the policy heads for; needed where the demonstrations had goals. It is marked.
        world, steps, title
            As for `from_policy`.
        """
        plan = GridGeometry.of(world).heading_for(goal)
        return cls.from_policy(estimator.solve(goal).policy, plan, steps=steps, title=title)

    @house_style()
    def plot(self, ax: Any = None, *, note: bool = True) -> PolicyDisplay:
        """Draw the arrows on a floor plan, or over the map that `ax` already shows.

        Parameters
        ----------
        ax : Axes or empty Figure, optional
        note : bool
            Whether to say under the map what arrows and dots stand for.

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=size_for(self.plan.shape, extra=(0.9, 1.6)))
        alone = not self.ax_.images
        draw_floor(self.ax_, self.plan)
        outline = {"edgecolor": PAPER, "linewidth": 0.0, "zorder": 3}
        self._draw_arrows(outline)
        self._draw_stays(outline)
        if note and (words := self._words()):
            note_below(self.ax_, words)
        self.marks_: dict[str, Any] = {}
        self.key_: Any = None
        if alone:
            self.marks_ = draw_marks(self.ax_, self.plan)
            self.key_ = draw_key(self.ax_, self.marks_, self.plan)
            title_above(self.ax_, self.title, self.key_)
        return self

    def _draw_arrows(self, outline: dict[str, Any]) -> None:
        at, moves = self._moves()
        self.arrows_: Any = None
        self.longest_ = float(np.linalg.norm(moves, axis=1).max(initial=0.0))
        if not len(moves):
            return
        reach = 0.48 if self.block == 1 else 0.9  # of a cell, or of a block
        d_row, d_column = reach * self.block * (moves / self.longest_).T
        self.arrows_ = self.ax_.quiver(
            *at[:, ::-1].T,
            d_column,
            d_row,
            angles="xy",
            scale_units="xy",
            scale=1,
            units="xy",
            pivot="tail" if self.block == 1 else "mid",
            width=0.07 * self.block,
            headwidth=3.2,
            headlength=3.4,
            headaxislength=3.0,
            minlength=0,
            color=self._inks(at),
            **outline,
        )

    def _inks(self, at: NDArray) -> list[str]:
        """The colour of an arrow at each row and column: dark on light cells, light on dark ones."""
        image = self.ax_.images[0]
        if image.get_array().shape[:2] != self.plan.shape:
            return [INK] * len(at)
        rows, columns = np.clip(at.round().astype(int), 0, np.array(self.plan.shape) - 1).T
        colours = image.to_rgba(image.get_array()[rows, columns])
        brightness = np.where(colours[:, 3] > 0, colours[:, :3] @ BRIGHTNESS, 1.0)
        return [INK if bright > DARK else PAPER for bright in brightness]

    def _words(self) -> str:
        """What arrows and dots stand for."""
        if self.block > 1:
            return f"each arrow: mean step over {self.block} × {self.block} cells; longest: {self.longest_:.2f} cells"
        words = [] if self.arrows_ is None else [f"longest arrow: probability {self.longest_:.2f}"]
        words += [] if self.stays_ is None else [f"dot: staying, up to {self._staying().max():.2f}"]
        return "; ".join(words)

    def _moves(self) -> tuple[NDArray, NDArray]:
        """Where arrows start, and (row, column) step times probability: (M, 2) each, one per action or one per block."""
        if self.block > 1:
            mean = self.probabilities @ self.steps
            seen = np.linalg.norm(mean, axis=1) >= SHORTEST
            return self.centres[seen], mean[seen]
        cell, action = np.nonzero((self.probabilities >= SHORTEST) & self.steps.any(axis=1))
        directions = self.steps[action] / np.linalg.norm(self.steps[action], axis=1, keepdims=True)
        return self.centres[cell], self.probabilities[cell, action][:, None] * directions

    def _staying(self) -> NDArray:
        """Probability of staying in each state drawn, (M,)."""
        return self.probabilities[:, ~self.steps.any(axis=1)].sum(axis=1)

    def _draw_stays(self, outline: dict[str, Any]) -> None:
        """A pale dot where staying is likely, as wide as probable, at the scale of the arrows, which lie over it."""
        p = self._staying()
        seen = np.flatnonzero((p >= SHORTEST) & (self.block == 1))
        self.stays_: Any = None
        if len(seen):
            row, column = self.centres[seen].T
            points = 0.34 * cell_points(self.ax_, self.plan.shape)
            sizes = (points * np.minimum(p[seen] / (self.longest_ or 1.0), 1.0)) ** 2
            self.stays_ = self.ax_.scatter(column, row, sizes, STAYING_COLOUR, marker="o", **{**outline, "zorder": 2.5})


def _block_means(plan: GridGeometry, probabilities: NDArray, block: int) -> tuple[NDArray, NDArray]:
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
