"""One number per cell of a grid, as a map: reward, value, visitations, standard error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._axes import add_colour_bar, figure_and_axes, title_above
from ._colours import colour_scale
from ._grid import GridPlan, draw_key, draw_marks, prepare, size_for
from ._quantities import QUANTITIES, quantity

WIDE = 3.0  # maps that many times wider than tall get their colour bar below


class GridMapDisplay:
    """A map of one quantity over the cells of a grid.

    Make one with `from_values` or `from_estimator`. Signed quantities are drawn blue below zero and gold above, about grey
    at zero; others in viridis. Cells without a value are hatched; starts are rings, goals stars.

    Parameters
    ----------
    grid : (rows, columns) array
        NaN where a cell has no value, such as walls.
    plan : GridPlan
    label : str
        Quantity and unit, for the colour bar.
    title : str
    signed : bool, optional
        Whether zero is the middle of the scale. None: if there are values of both signs.
    from_zero : bool
        Whether a one-sided scale starts at zero.
    root : bool
        Whether the colours of a one-sided scale follow the square root.

    Attributes
    ----------
    image_ : AxesImage, its array the grid with NaN masked
    marks_ : dict of PathCollections, "start" and "goal" where the world has them
    colour_bar_ : Colorbar or None
    key_ : Legend or None
    ax_, figure_ : Axes, Figure

    Examples
    --------
    >>> import numpy as np
    >>> from maxent_irl.plotting import GridMapDisplay
    >>> display = GridMapDisplay.from_values(np.array([[0.0, 1.0, np.nan], [2.0, 3.0, 4.0]]), label="reward")
    >>> display.grid.shape
    (2, 3)
    """

    def __init__(
        self,
        grid: NDArray,
        *,
        plan: GridPlan,
        label: str,
        title: str = "",
        signed: bool | None = None,
        from_zero: bool = False,
        root: bool = False,
    ) -> None:
        self.grid = grid
        self.plan = plan
        self.label = label
        self.title = title
        self.signed = signed
        self.from_zero = from_zero
        self.root = root

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        world: Any = None,
        *,
        label: str,
        title: str = "",
        signed: bool | None = None,
        from_zero: bool = False,
        root: bool = False,
    ) -> GridMapDisplay:
        """Map given values.

        Parameters
        ----------
        values : (rows, columns) array, NaN at walls, or (S,) array with `world`
        world : GridWorld, shape (rows, columns), or bool array of free cells, optional
            Needed for (S,) values; brings starts and goals.
        label, title, signed, from_zero, root
            As for the class.

        Raises
        ------
        ValueError
            If the values fit neither the grid nor its states.
        """
        values = np.asarray(values, dtype=float)
        if world is None:
            if values.ndim != 2 or not values.size:
                raise ValueError(f"without a world, values must be a (rows, columns) array; got shape {values.shape}")
            plan = GridPlan.of(~np.isnan(values))
        else:
            plan = GridPlan.of(world)
        on_grid = values.ndim == 2 and values.shape == plan.shape
        grid = values.copy() if on_grid else plan.to_grid(values)
        return cls(grid, plan=plan, label=label, title=title, signed=signed, from_zero=from_zero, root=root)

    @classmethod
    def from_estimator(
        cls, estimator: Any, world: Any, *, show: str = "reward", goal: int | None = None, title: str | None = None
    ) -> GridMapDisplay:
        """Map what a fitted estimator found.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        world : as for `from_values`
        show : "reward", "value", "visitations" or "standard_error"
            Rewards and standard errors per action are averaged over the actions available in a state; with a horizon,
            the value is that of the first step and visitations are summed over time. Terminal states earn and decide
            nothing: they are left out of maps of reward and error.
        goal : int, optional
            State on the way to which the value is meant, and the visitations, which are those of the demonstrations with this
            goal (of all where none had it). Needed for both where the demonstrations had goals; it is marked.
        title : str, optional
        """
        plan = GridPlan.of(world).heading_for(goal)
        values, meta = quantity(estimator, show, goal), QUANTITIES[show]
        return cls.from_values(
            values.per_state,
            plan,
            label=values.label,
            title=meta.title if title is None else title,
            signed=meta.signed,
            from_zero=meta.from_zero,
            root=meta.root,
        )

    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True, key: bool = True
    ) -> GridMapDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : Axes or empty Figure, optional
        scale : dict with ``cmap`` and ``norm``, optional
            A colour scale shared with other maps, from `colour_scale`.
        colour_bar, key : bool
            Whether to draw them; the key explains starts, goals and hatching.

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=size_for(self.grid.shape))
        if scale is None:
            scale = colour_scale(self.grid, signed=self.signed, from_zero=self.from_zero, root=self.root)
        self.image_ = self.ax_.imshow(np.ma.masked_invalid(self.grid), interpolation="nearest", **scale)
        prepare(self.ax_, self.grid.shape)
        self.marks_ = draw_marks(self.ax_, self.plan)
        complete = np.isfinite(self.grid[~self.plan.gaps]).all()
        self.key_ = draw_key(self.ax_, self.marks_, self.plan, lacking="" if complete else "no value") if key else None
        title_above(self.ax_, self.title, self.key_)
        rows, columns = self.grid.shape
        self.colour_bar_ = (
            add_colour_bar(self.image_, self.ax_, self.label, below=columns > WIDE * rows) if colour_bar else None
        )
        return self
