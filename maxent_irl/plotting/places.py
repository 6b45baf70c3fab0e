"""Maps of graphs of named places, such as pages of a web site, rooms of a maze or states of a machine; and their layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axes import figure_and_axes, points_of
from .colours import ERROR_COLOURS, FRAME, INK
from .keys import key_above, title_above
from .label_places import label_places
from .layouts import Layout, Words
from .names import short
from .positions import place_positions, step_distances
from .shapes import Shapes
from .style import house_style
from .value_map import ValueMap

SIZE = (7.0, 5.2)  # inches
MOST_PLACES = 500
NARROWEST, WIDEST = 0.4, 5.0  # points, of edges
RING = 1.3  # how far the ring of the largest error stands off, in radii of a disc
RING_COLOUR = ERROR_COLOURS[4]


@dataclass(eq=False, repr=False)
class PlacesMapDisplay(ValueMap):
    """One number per named place, on the graph of the moves between places.

    Places are discs coloured by the value, and lines join those between which moves lead, wider the more moves were seen. Rings
    around places are standard errors: the wider the ring, the larger the error. Names that do not fit without covering others are
    left out, those of the largest values last.

    Parameters
    ----------
    values : (N,) array
        NaN: the place is an empty ring of grey.
    positions : (N, 2) array
    names : sequence of N str
    edges : (E, 2) int array
    traffic : (E,) array or None
        Moves along each edge, both directions together.
    errors : (N,) array or None
        Standard errors of the values.
    goal : int or None
        A place to mark with a star.
    label, title, subtitle, signed, from_zero, root, cmap, norm, vmin, vmax
        As for `GridMapDisplay`.

    Attributes
    ----------
    edges_ : LineCollection
    places_ : PathCollection, its array the finite values
    missing_ : PathCollection of the places without a value, or None
    rings_ : PathCollection or None
    labels_ : list of Annotations
    key_ : Legend or None
    colour_bar_ : Colorbar, or None where no place has a value
    ax_, figure_ : Axes, Figure
    """

    values: NDArray  # (N,)
    _: KW_ONLY
    positions: NDArray  # (N, 2)
    names: Sequence[str]  # N
    edges: NDArray  # (E, 2)
    traffic: NDArray | None = None  # (E,)
    errors: NDArray | None = None  # (N,)
    goal: int | None = None
    reading = (
        "The colour of a disc gives the value of a place, the width of a line how many moves were seen between two places. A "
        "wide ring around a place means that its value is uncertain. Distances on paper follow the number of moves between "
        "places; directions mean nothing."
    )

    @property
    def panel(self) -> tuple[float, float]:
        """Width and height in inches that the map wants beside others."""
        return SIZE

    @house_style()
    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True, key: bool = True
    ) -> PlacesMapDisplay:
        """Draw the graph; arguments as for `GridMapDisplay.plot`."""
        from matplotlib.collections import LineCollection

        self.figure_, self.ax_ = figure_and_axes(ax, size=SIZE)
        n = len(self.values)
        radius = float(np.clip(40 / np.sqrt(max(n, 1)), 2.5, 9.0))  # points
        limits = self._limits(points_of(self.ax_))
        self.edges_ = LineCollection(
            list(self.positions[self.edges]), colors=FRAME, linewidths=self._widths(), capstyle="round", zorder=1
        )
        self.ax_.add_collection(self.edges_)
        self._draw_places(radius, self.colours(self.values, scale))
        self.ax_.set(xlim=limits[:, 0], ylim=limits[:, 1], aspect="equal", xticks=[], yticks=[])
        self.ax_.spines[:].set_visible(False)
        size = 9.0 if n <= 60 else 8.0
        self.labels_ = label_places(
            self.ax_, self.positions, self.names, self._priority(), away=self._radii(radius), size=size, limits=limits
        )
        self.key_ = key_above(self.ax_, self._handles(radius) if key else [])
        title_above(self.ax_, self.title, self.key_, below=self.subtitle)
        left_out = n - len(self.labels_)
        if left_out:
            self.ax_.set_xlabel(f"names of {len(self.labels_)} of {n} places, those with the most extreme values")
        self.colour_bar_: Any = None
        if colour_bar and np.isfinite(self.values).any():
            self.colour_bar_ = self.draw_colour_bar(self.places_, self.ax_)
        return self

    def _widths(self) -> NDArray:
        """Points of each edge."""
        if self.traffic is None:
            return np.full(len(self.edges), 1.0)
        share = np.sqrt(self.traffic / (self.traffic.max(initial=0.0) or 1.0))
        return NARROWEST + (WIDEST - NARROWEST) * share

    def _limits(self, room: tuple[float, float]) -> NDArray:
        """Low and high ends (2, 2), x and y, that fill axes of this width and height."""
        low, high = self.positions.min(axis=0), self.positions.max(axis=0)
        span = float((high - low).max()) or 1.0
        half = np.maximum((high - low) / 2, 0.1 * span) + 0.12 * span
        half = np.maximum(half, half[::-1] * np.array([room[0] / room[1], room[1] / room[0]]))
        return (low + high) / 2 + half * np.array([[-1.0], [1.0]])

    def _radii(self, radius: float) -> NDArray:
        """Points of each disc with its ring, (N,)."""
        if self.errors is None:
            return np.full(len(self.values), radius)
        errors = np.nan_to_num(self.errors)
        return radius * (1 + RING * errors / (errors.max() or 1.0))

    def _priority(self) -> NDArray:
        """How much it matters that a place is named: the distance of its value from the middle one; goals first."""
        values = np.where(np.isfinite(self.values), self.values, np.nan)
        middle = np.nanmedian(values) if np.isfinite(values).any() else 0.0
        priority = np.nan_to_num(np.abs(values - middle), nan=-1.0)
        if self.goal is not None:
            priority[self.goal] = np.inf
        return priority

    def _draw_places(self, radius: float, scale: dict[str, Any]) -> None:
        there = np.isfinite(self.values)
        self.rings_: Any = None
        if self.errors is not None and np.isfinite(self.errors[there]).any():
            known = there & np.isfinite(self.errors)
            areas = (2 * self._radii(radius)[known]) ** 2
            self.rings_ = self.ax_.scatter(
                *self.positions[known].T,
                areas,
                RING_COLOUR,
                alpha=0.3,
                marker="o",
                linewidths=0,
                zorder=2,
            )
        self.missing_: Any = None
        style = {"marker": "o", "linewidths": 0.7, "clip_on": False}
        if not there.all():
            self.missing_ = self.ax_.scatter(
                *self.positions[~there].T, radius**2, "white", edgecolors=FRAME, zorder=2, **style
            )
        self.places_ = self.ax_.scatter(
            *self.positions[there].T, (2 * radius) ** 2, self.values[there], edgecolors=INK, zorder=3, **style, **scale
        )
        if self.goal is not None:
            self.ax_.scatter(
                *self.positions[self.goal],
                (1.6 * radius) ** 2,
                "white",
                marker="*",
                edgecolors=INK,
                linewidths=0.8,
                zorder=4,
            )

    def _handles(self, radius: float) -> list[Any]:
        from matplotlib.lines import Line2D

        handles = []
        if self.traffic is not None and self.traffic.max(initial=0) > 0:
            words = f"widest line: {self.traffic.max():,.0f} moves"
            handles.append(Line2D([], [], color=FRAME, linewidth=WIDEST, label=words))
        if self.rings_ is not None and self.errors is not None:
            words = f"widest ring: standard error {np.nanmax(self.errors):.2g}"
            dot: dict[str, Any] = {"marker": "o", "markersize": 9.0, "alpha": 0.3, "markeredgewidth": 0.0}
            handles.append(Line2D([], [], color=RING_COLOUR, linewidth=0, label=words, **dot))
        return handles


class PlacesLayout(Layout):
    """The layout of a graph of named places.

    Make one with `of`. It can be given wherever a world is asked for.

    Parameters
    ----------
    positions : (N, 2) array
    names : sequence of N names
    edges : (E, 2) int array
        Places between which moves lead, the smaller one first.
    traffic : (E,) array, optional
        Moves seen along each edge.
    goal : int, optional
        A place to mark.

    Examples
    --------
    >>> from maxent_irl import MDP
    >>> from maxent_irl.plotting import PlacesLayout
    >>> ring = MDP.from_successors([[1], [2], [3], [0]], discount=0.9)
    >>> layout = PlacesLayout.of(ring, names=["hall", "kitchen", "garden", "cellar"])
    >>> layout.edges.tolist()
    [[0, 1], [0, 3], [1, 2], [2, 3]]
    """

    unit = "place"
    rings = True

    def __init__(
        self,
        positions: ArrayLike,
        names: Sequence[Any],
        edges: ArrayLike,
        traffic: ArrayLike | None = None,
        goal: int | None = None,
    ) -> None:
        self.positions, self.edges = np.asarray(positions, dtype=float), np.asarray(edges).reshape(-1, 2)
        self.names, self.goal = [str(name) for name in names], goal
        self.traffic = None if traffic is None else np.asarray(traffic, dtype=float)
        self.n_states = len(self.positions)
        self.name = f"this graph of {self.n_states} places"
        self.words = Words(place=" at a place", visits="decisions at a place, per trajectory")
        if self.positions.shape != (self.n_states, 2) or len(self.names) != self.n_states:
            raise ValueError(
                f"positions must have shape (N, 2), with one name each; got {self.positions.shape} and {len(self.names)} names"
            )

    @classmethod
    def of(
        cls,
        mdp: Any,
        *,
        names: Sequence[Any] | None = None,
        positions: ArrayLike | None = None,
        demonstrations: Any = None,
    ) -> PlacesLayout:
        """Lay the states of an MDP out by its transitions.

        Parameters
        ----------
        mdp : MDP
        names : sequence of S names, optional
            Default: the labels of the demonstrations, or "state 0" and so on.
        positions : (S, 2) array, optional
            None: places are the nearer to each other the fewer moves lead from one to the other.
        demonstrations : Demonstrations, optional
            Their moves make the lines wider.

        Raises
        ------
        ValueError
            For more than 500 states without positions, and for shapes that do not fit.
        """
        S = mdp.n_states
        if positions is None and S > MOST_PLACES:
            raise ValueError(
                f"at most {MOST_PLACES} states can be laid out by their transitions; got {S}: give positions"
            )
        distances, edges = step_distances(mdp)
        positions = place_positions(distances) if positions is None else positions
        if names is None:
            labels = getattr(demonstrations, "state_labels", None)
            names = [f"state {s}" for s in range(S)] if labels is None else labels
        layout = cls(positions, names, edges)
        return layout if demonstrations is None else layout.travelled(demonstrations)

    def travelled(self, demonstrations: Any) -> PlacesLayout:
        """The layout whose lines are as wide as demonstrations moved along them."""
        pieces = np.split(demonstrations.states, demonstrations.offsets[1:-1])
        paths = [
            np.append(piece, final) if final >= 0 else piece
            for piece, final in zip(pieces, demonstrations.final_states, strict=True)
        ]
        moves = np.concatenate([np.stack([path[:-1], path[1:]], axis=1) for path in paths])
        moves = np.sort(moves[moves[:, 0] != moves[:, 1]], axis=1)
        everything = np.concatenate([self.edges, moves])
        edges, member = np.unique(everything, axis=0, return_inverse=True)
        counts = np.bincount(member.ravel()[len(self.edges) :], minlength=len(edges))
        return PlacesLayout(self.positions, self.names, edges, counts, self.goal)

    @property
    def place_names(self) -> list[str]:
        """Names of the places."""
        return [short(name) for name in self.names]

    def heading_for(self, goal: int | None) -> PlacesLayout:
        """The layout that marks the goal."""
        if goal is None:
            return self
        return PlacesLayout(self.positions, self.names, self.edges, self.traffic, goal)

    def display(self, values: NDArray, **options: Any) -> PlacesMapDisplay:
        """Map one number per place; options as for `PlacesMapDisplay`."""
        where: dict[str, Any] = {"positions": self.positions, "names": self.names, "edges": self.edges}
        return PlacesMapDisplay(values, traffic=self.traffic, goal=self.goal, **where, **options)

    def shapes(self) -> Shapes:
        """Places as discs, joined by lines."""
        positions = self.positions * (1, -1)
        span = float(np.ptp(positions, axis=0).max()) or 1.0
        size = span * float(np.clip(0.2 / np.sqrt(len(positions)), 0.008, 0.05))
        marks = {} if self.goal is None else {"goal": positions[self.goal]}
        return Shapes("disc", positions, size, lines=positions[self.edges], marks=marks)

    def demonstrations(self, demonstrations: Any, mdp: Any) -> PlacesMapDisplay:
        """Show how many decisions were made at each place, and how many moves along each line."""
        return Layout.demonstrations(self.travelled(demonstrations), demonstrations, mdp)
