"""Maps of grids: one number per cell, such as reward, value, visitations or standard error; and the layout of grids."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds import GridGeometry
from .axes import figure_and_axes
from .grid import draw_key, draw_marks, grid_is_wide, panel_for, prepare, size_for
from .keys import title_above
from .layouts import Layout, lay_out
from .paths import PathsDisplay
from .policy import PolicyDisplay
from .quantities import estimator_map
from .shapes import Shapes
from .style import house_style
from .value_map import ValueMap


@dataclass(eq=False, repr=False)
class GridMapDisplay(ValueMap):
    """A map of one quantity over the cells of a grid.

    Make one with `from_values` or `from_estimator`. Signed quantities are drawn blue below zero and orange above, near white
    at zero; others in green. Walls are dark, cells without a value hatched; starts are rings, goals stars.

    Parameters
    ----------
    grid : (rows, columns) array
        NaN where a cell has no value, such as walls.
    plan : GridGeometry
    label : str
        Quantity and unit, for the colour bar.
    title : str
    signed : bool, optional
        Whether zero is the middle of the scale. None: if there are values of both signs.
    from_zero, root : bool
        Whether a one-sided scale starts at zero, and whether its colours follow the square root.
    cmap, norm, vmin, vmax : optional
        Colour map, norm and limits to use in place of those chosen by these rules.

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

    grid: NDArray  # (rows, columns)
    _: KW_ONLY
    plan: GridGeometry
    reading = "The colour of a cell gives its value. Walls are dark, and a hatched cell has no value."

    @classmethod
    def from_values(cls, values: ArrayLike, world: Any = None, **options: Any) -> GridMapDisplay:
        """Map given values.

        Parameters
        ----------
        values : (rows, columns) array, NaN at walls, or (S,) array with `world`
        world : GridWorld, shape (rows, columns), or bool array of free cells, optional
            Needed for (S,) values; brings starts and goals.
        **options
            label (required), title, signed, from_zero, root, cmap, norm, vmin and vmax, as for the class.

        Raises
        ------
        ValueError
            If the values fit neither the grid nor its states.
        """
        values = np.asarray(values, dtype=float)
        if world is None:
            if values.ndim != 2 or not values.size:
                raise ValueError(f"without a world, values must be a (rows, columns) array; got shape {values.shape}")
            plan = GridGeometry.of(~np.isnan(values))
        else:
            plan = GridGeometry.of(world)
        on_grid = values.ndim == 2 and values.shape == plan.shape
        return cls(values.copy() if on_grid else plan.to_grid(values), plan=plan, **options)

    @classmethod
    def from_estimator(
        cls, estimator: Any, world: Any, *, show: str = "reward", goal: int | None = None, title: str | None = None
    ) -> GridMapDisplay:
        """Map what a fitted estimator found; arguments as for `estimator_map`, with a grid as the world."""
        return estimator_map(estimator, GridLayout(GridGeometry.of(world)), show=show, goal=goal, title=title)

    @property
    def values(self) -> NDArray:
        """(S,) value of each state, NaN where it has none."""
        return self.plan.from_grid(self.grid)

    @property
    def panel(self) -> tuple[float, float]:
        """Width and height in inches that the map wants beside others."""
        return panel_for(self.plan.shape)

    @property
    def wide(self) -> bool:
        """Whether the map is so wide that its colour bar lies below it."""
        return grid_is_wide(self.plan.shape)

    @house_style()
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
        self.figure_, self.ax_ = figure_and_axes(ax, size=size_for(self.plan.shape))
        shown = np.ma.masked_invalid(self.grid)
        self.image_ = self.ax_.imshow(shown, interpolation="nearest", **self.colours(self.grid, scale))
        lacking = ~(np.isfinite(self.grid) | self.plan.gaps)
        prepare(self.ax_, self.plan, lacking=lacking)
        self.marks_ = draw_marks(self.ax_, self.plan)
        reason = "no value" if lacking.any() else ""
        self.key_ = draw_key(self.ax_, self.marks_, self.plan, lacking=reason) if key else None
        title_above(self.ax_, self.title, self.key_, below=self.subtitle)
        self.colour_bar_ = self.draw_colour_bar(self.image_, self.ax_, below=self.wide) if colour_bar else None
        return self


class GridLayout(Layout):
    """The layout of a grid: maps of cells, policies as arrows, demonstrations as paths."""

    unit = "cell"
    numbered = True

    def __init__(self, geometry: GridGeometry) -> None:
        self.geometry = geometry
        self.n_states = geometry.n_states
        self.name = "this {} x {} grid".format(*geometry.shape)

    @property
    def place_names(self) -> list[str]:
        """Row and column of each state."""
        cells = self.geometry.cells.tolist()
        return [f"row {row}, column {column}" if row >= 0 else "no cell" for row, column in cells]

    def heading_for(self, goal: int | None) -> GridLayout:
        """The layout with this state as the only goal to mark."""
        return GridLayout(self.geometry.heading_for(goal))

    def display(self, values: NDArray, **options: Any) -> GridMapDisplay:
        """Map one number per state; options as for `GridMapDisplay`."""
        return GridMapDisplay.from_values(values, self.geometry, **options)

    def shapes(self) -> Shapes:
        """Cells as unit squares, walls, starts and goals."""
        plan = self.geometry
        places = np.where(plan.drawn[:, None], plan.cells, np.nan)[:, ::-1]
        blocks = np.argwhere(plan.gaps)[:, ::-1].astype(float) if plan.gap_name == "wall" else np.empty((0, 2))
        marks = {"start": plan.starts[:, ::-1], "goal": plan.goals[:, ::-1]}
        return Shapes("square", places, 1.0, blocks=blocks, marks=marks)

    def policy(self, policy: ArrayLike, steps: ArrayLike | None = None, *, title: str) -> PolicyDisplay:
        """Show a policy as arrows."""
        return PolicyDisplay.from_policy(policy, self.geometry, steps=steps, title=title)

    def demonstrations(self, demonstrations: Any, mdp: Any) -> PathsDisplay:
        """Show demonstrations as paths."""
        return PathsDisplay.from_demonstrations(demonstrations, self.geometry)


@lay_out.register
def _(geometry: GridGeometry) -> Layout:
    return GridLayout(geometry)
