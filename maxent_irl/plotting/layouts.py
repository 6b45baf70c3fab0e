"""Layouts: how the states of a world are put on a map. `layout_of` finds the layout of a world.

To draw a new kind of map, write one file with

1. a geometry: a frozen dataclass that says where the states lie. A world hands it out as its attribute ``geometry``.
2. a display of it, which draws one number per place.
3. a subclass of `Layout` whose `display` makes it, registered by ``@lay_out.register``.

Then `plot_recovery`, `RewardComparisonDisplay`, `estimator_map` and the report draw worlds with this geometry. An object that has
`unit`, `place_names` and `map` itself (`MapLayout`) can be given in place of a world, without any of these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds import GridGeometry
from .colours import colour_scale, error_colour_map
from .shapes import Shapes


class MapLayout(Protocol):
    """What a layout has to provide.

    Attributes
    ----------
    unit : str
        What one place of the map is called: "cell", "link", "node".
    place_names : list of str, or None
        The name of each place. None: the places are the states, and have their names.
    """

    @property
    def unit(self) -> str:
        """What one place is called."""

    @property
    def place_names(self) -> list[str] | None:
        """Names of the places."""

    def map(self, values: ArrayLike, **options: Any) -> Any:
        """Make a map of one number per state, (S,).

        Parameters
        ----------
        values : (S,) array
            NaN where there is no value.
        **options
            ``label`` (quantity and unit, for the colour bar), ``title``, and how the colours are chosen: ``signed``,
            ``from_zero`` and ``root``, as for `colour_scale`; perhaps also ``cmap``, ``norm``, ``vmin`` and ``vmax``.

        Returns
        -------
        A display: an object whose ``plot(ax=None, *, scale=None, colour_bar=True, key=True)`` draws it. `scale` is a dict with
        ``cmap`` and ``norm``, and `key` says whether to explain marks. The display may have ``panel``, the inches (width, height)
        that it wants beside others; ``wide``, whether several are better put one above the other; ``values``, one number per
        place; and ``reading``, a sentence that says how to read it.
        """


@dataclass(frozen=True)
class Words:
    """How a layout speaks of what it shows.

    Attributes
    ----------
    place : str
        What is added to the name of a quantity of a state.
    action_reward : str
        What the reward of a place is where rewards depend on the action.
    visits : str
        What is counted at a place.
    verb : str
        What demonstrations did to a place.
    low, high : str
        How small and large values look.
    """

    place: str = ""
    action_reward: str = "reward per decision,\nmean over actions"
    visits: str = "decisions per trajectory"
    verb: str = "visited"
    low: str = "light"
    high: str = "dark"


class Layout(ABC):
    """Base of the layouts; what it does fits every map whose places are the states.

    A subclass sets those of these attributes that differ, for the class or in its constructor.

    Attributes
    ----------
    unit : str
        As for `MapLayout`.
    words : Words
    n_states : int or None
        Number of states, where it is known.
    name : str
        What messages call the map.
    sums_goals : bool
        Whether visits on the way to different goals are added up on one map.
    numbered : bool
        Whether the axes of its maps have numbers, such as rows and columns.
    rings : bool
        Whether maps draw the standard errors around the values, and `map` takes them as ``errors``, one per place.
    """

    unit: str = "place"
    words: Words = Words()
    n_states: int | None = None
    name: str = "the map"
    sums_goals: bool = False
    numbered: bool = False
    rings: bool = False

    @property
    def place_names(self) -> list[str] | None:
        """Names of the places; None: those of the states."""
        return None

    def map(self, values: ArrayLike, *, total: bool = False, **options: Any) -> Any:
        """Map values per state (S,), or per state and action (S, A), of which `per_place` makes one number per place.

        Options are those of `MapLayout.map`.
        """
        return self.display(self.per_place(values, total=total), **options)

    @abstractmethod
    def display(self, values: NDArray, **options: Any) -> Any:
        """Make the display of one number per place."""

    def per_place(self, values: ArrayLike, *, total: bool = False) -> NDArray:
        """One number per place from (S,) values, or from (S, A): their mean over the actions that have one, or their sum."""
        table = np.asarray(values, dtype=float)
        if table.ndim == 1:
            return table
        return np.nansum(table, axis=1) if total else mean_over_actions(table)

    def scale(self, *arrays: ArrayLike, **options: Any) -> dict[str, Any]:
        """One colour scale for several maps; arguments as for `colour_scale`."""
        return colour_scale(*arrays, **options)

    def error_colours(self) -> Any:
        """The colour map of standard errors."""
        return error_colour_map()

    def heading_for(self, goal: int | None) -> Self:
        """The layout that marks this state as the goal; None: as it is."""
        return self

    def shapes(self) -> Shapes | None:
        """The outlines of the places; None where the layout has none."""
        return None

    def policy(self, policy: ArrayLike, steps: ArrayLike | None = None, *, title: str) -> Any:
        """Make a display of a policy; None where the layout has none."""
        return None

    def demonstrations(self, demonstrations: Any, mdp: Any) -> Any:
        """Make a display of where demonstrations went: how many decisions were made at each place."""
        counts = demonstrations.state_action_counts(mdp.n_states, mdp.n_actions)
        return self.map(
            counts,
            total=True,
            label=f"times a {self.unit} was {self.words.verb}\n(square-root scale)",
            title=f"{len(demonstrations):,} demonstration{'s' if len(demonstrations) != 1 else ''}",
            signed=False,
            from_zero=True,
            root=True,
        )


class GivenLayout(Layout):
    """The layout of an object that has only what `MapLayout` asks for."""

    def __init__(self, given: MapLayout) -> None:
        self.given = given
        self.unit = given.unit

    @property
    def place_names(self) -> list[str] | None:
        """Names of the places."""
        return self.given.place_names

    def display(self, values: NDArray, **options: Any) -> Any:
        """Make the map as the object does."""
        return self.given.map(values, **options)


@singledispatch
def lay_out(geometry: Any) -> Layout:
    """The layout of a geometry, by its type. Of what is no geometry: that of a grid given by its shape or mask."""
    return lay_out(GridGeometry.of(geometry))


def layout_of(world: Any) -> Layout:
    """The layout of a world.

    Parameters
    ----------
    world : GridWorld, Labyrinth, RoadNetwork, or any other world with a `geometry`; a geometry; shape (rows, columns) or bool
        array of the free cells of a grid; or an object that is a `MapLayout`

    Raises
    ------
    ValueError
        For what cannot be drawn as a map.
    """
    if isinstance(world, Layout):
        return world
    if hasattr(world, "map") and hasattr(world, "unit"):
        return GivenLayout(world)
    return lay_out(getattr(world, "geometry", world))


def is_drawable(world: Any) -> bool:
    """Whether there is a map of a world."""
    try:
        return world is not None and layout_of(world) is not None
    except ValueError:
        return False


def panel_of(display: Any) -> tuple[float, float]:
    """Width and height in inches that a map wants beside others."""
    return getattr(display, "panel", (5.0, 4.5))


def is_stacked(display: Any) -> bool:
    """Whether maps like this one are put one above the other."""
    return getattr(display, "wide", False)


def mean_over_actions(table: NDArray) -> NDArray:
    """(S,) mean of an (S, A) table over its finite entries, NaN where there is none."""
    finite = np.isfinite(table)
    counts = finite.sum(axis=1)
    total = np.where(finite, table, 0.0).sum(axis=1)
    return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)
