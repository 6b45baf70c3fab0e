"""Maps of road networks, or of any graph in the plane: edges coloured and widened by a number each; and their layout."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds import NetworkGeometry
from .axes import figure_and_axes
from .colour_bar import is_wide
from .colours import INK, PAPER, UNKNOWN_COLOUR, line_scale
from .keys import key_above, title_above
from .layouts import Layout, Words, lay_out
from .names import make_room, short
from .positions import network_positions
from .quantities import estimator_map
from .shapes import Shapes
from .style import house_style
from .value_map import ValueMap

NARROWEST, WIDEST = 0.25, 3.0  # points
MARKERS = "os^D"  # of places of one name, group by group


@dataclass(eq=False, repr=False)
class NetworkMapDisplay(ValueMap):
    """A map of one number per edge, such as the reward of a link or how often it is used.

    Make one with `from_network`, `from_edges` or `from_estimator`. Edges with larger numbers (or larger absolute ones, if signed)
    are wider and lie on top.

    Parameters
    ----------
    segments : (E, 2, 2) array
        Ends of each edge, x and y.
    values : (E,) array
        NaN: the edge is drawn thin and grey, without a value.
    label, title, signed, from_zero, cmap, norm, vmin, vmax
        As for `GridMapDisplay`.
    root : bool
        Whether colours and widths of one-sided values follow the square root, so that a few busy edges do not hide the rest.
    points : dict of str to (2,) or (n, 2) array
        Places to mark: one by its name beside it, several of one name by a key above the map.
    note : str
        A line under the map, such as where the positions come from.

    Attributes
    ----------
    edges_ : LineCollection, its array the values that are not NaN, in drawing order
    missing_ : LineCollection of the edges without a value, or None
    points_ : PathCollection of the places named beside them, or None
    labels_ : list of Annotations
    groups_ : list of PathCollections, one per name of several places
    key_ : Legend or None
    colour_bar_ : Colorbar, None where no edge has a value
    ax_, figure_ : Axes, Figure
    """

    segments: NDArray  # (E, 2, 2)
    values: NDArray  # (E,)
    _: KW_ONLY
    points: dict[str, NDArray] = field(default_factory=dict)  # (2,) or (n, 2) each
    note: str = ""
    reading = "The wider and darker a link, the larger its value; a grey one has none."

    @classmethod
    def from_edges(
        cls,
        edges: ArrayLike,
        values: ArrayLike,
        positions: ArrayLike | None = None,
        *,
        lengths: ArrayLike | None = None,
        marks: dict[str, Any] | None = None,
        **options: Any,
    ) -> NetworkMapDisplay:
        """Map one number per edge.

        Parameters
        ----------
        edges : (E, 2) int array
            From node, to node.
        values : (E,) array
        positions : (N, 2) array, optional
            x and y of each node. None: laid out from `lengths` by `network_positions`; the figure then says so.
        lengths : (E,) array, optional
            Length of each edge; only used for the layout.
        marks : dict of str to int or to a sequence of int, optional
            Nodes to mark: one by the name to write beside it, several of one name by a key above the map.
        **options
            label (required), title, signed, from_zero, root, cmap, norm, vmin and vmax, as for the class.

        Raises
        ------
        ValueError
            For shapes that do not fit, and for edges to nodes without a position.
        """
        edges, values = np.asarray(edges), np.asarray(values, dtype=float)
        if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "iu":
            raise ValueError(f"edges must be an (E, 2) array of integers; got shape {edges.shape}, {edges.dtype}")
        if values.shape != (len(edges),):
            raise ValueError(f"values must have one entry for each of the {len(edges)} edges; got {values.shape}")
        note = ""
        if positions is None:
            if lengths is None:
                raise ValueError("give the positions of the nodes, or the lengths of the edges to lay them out from")
            positions = network_positions(edges, lengths)
            note = "positions estimated from the lengths of the roads"
        positions = np.asarray(positions, dtype=float)
        if edges.size and edges.max() >= len(positions):
            raise ValueError(f"an edge leads to node {edges.max()}, but there are {len(positions)} positions")
        points = {name: positions[node] for name, node in (marks or {}).items()}
        return cls(positions[edges], values, points=points, note=note, **options)

    @classmethod
    def from_network(
        cls, network: Any, values: ArrayLike, *, marks: dict[str, Any] | None = None, **options: Any
    ) -> NetworkMapDisplay:
        """Map one number per link of a road network.

        Parameters
        ----------
        network : RoadNetwork, or NetworkGeometry
            Without positions its nodes are laid out by its attribute "length".
        values : (L,) array, such as `RoadNetwork.link_flows` gives
        marks : dict of str to node, or to a list or array of nodes, optional
            Nodes of the network to mark: one by the name to write beside it, several by a name in a key.
        **options
            As for `from_edges`.

        Raises
        ------
        ValueError
            For values that do not fit, and for a network with neither positions nor lengths.
        """
        geometry = NetworkGeometry.of(network)
        marked = {name: geometry.node(node) for name, node in (marks or {}).items()}
        return cls.from_edges(
            geometry.edges, values, geometry.positions, lengths=geometry.lengths, marks=marked, **options
        )

    @classmethod
    def from_estimator(
        cls, estimator: Any, network: Any, *, show: str = "reward", goal: int | None = None, title: str | None = None
    ) -> NetworkMapDisplay:
        """Map what a fitted estimator found; arguments as for `estimator_map`, with a road network as the world.

        Rewards and standard errors per action are averaged over the moves on to a link; those per state belong to the link, or to
        the node that a link leaves. Visitations are how often a trip enters the link.
        """
        return estimator_map(estimator, NetworkLayout(NetworkGeometry.of(network)), show=show, goal=goal, title=title)

    def default_scale(self, *arrays: ArrayLike, **options: Any) -> dict[str, Any]:
        """Colours for lines on paper."""
        return line_scale(*arrays, **options)

    @house_style()
    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True, key: bool = True
    ) -> NetworkMapDisplay:
        """Draw the network; arguments as for `GridMapDisplay.plot`."""
        from matplotlib.collections import LineCollection

        self.figure_, self.ax_ = figure_and_axes(ax, size=self.size)
        centre, half = self._extent()
        scale = self.colours(self.values, scale)
        known = np.flatnonzero(np.isfinite(self.values))
        known = known[np.argsort(np.abs(self.values[known]), kind="stable")]
        much = np.abs(self.values[known]) ** (0.5 if self.root else 1.0)
        crowd = np.clip(np.sqrt(2000 / max(1, len(known))), 0.25, 1.0)  # thinner lines where there are many
        widths = crowd * (NARROWEST + (WIDEST - NARROWEST) * much / max(much.max(initial=0.0), np.finfo(float).tiny))
        self.missing_: Any = None
        if len(known) < len(self.values):
            rest = np.setdiff1d(np.arange(len(self.values)), known)
            self.missing_ = LineCollection(
                list(self.segments[rest]), colors=UNKNOWN_COLOUR, linewidths=NARROWEST, zorder=1
            )
            self.ax_.add_collection(self.missing_)
        self.edges_ = LineCollection(
            list(self.segments[known]),
            array=self.values[known],
            linewidths=widths,
            zorder=2,
            capstyle="round",
            **scale,
        )
        self.ax_.add_collection(self.edges_)
        self._draw_marks(key)
        x, y = 1.1 * half
        self.ax_.set(xlim=(centre[0] - x, centre[0] + x), ylim=(centre[1] - y, centre[1] + y))
        self.ax_.set(aspect="equal", xticks=[], yticks=[], xlabel=self.note)
        make_room(self.ax_, self.labels_, below=self.wide)
        title_above(self.ax_, self.title, self.key_, below=self.subtitle)
        self.ax_.spines[:].set_visible(False)
        self.colour_bar_: Any = None
        if colour_bar and len(known):
            self.colour_bar_ = self.draw_colour_bar(self.edges_, self.ax_, below=self.wide)
        return self

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches that the map wants."""
        _, half = self._extent()
        unit = min(3.0 / half[0], 2.3 / half[1])
        names = 0.08 * max((len(short(name)) for name in self._single()), default=0)
        height = max(1.8, 2 * half[1] * unit) + 0.9 + 0.4 * self.wide
        return max(3.0, 2 * half[0] * unit) + 1.4 + names, height

    @property
    def panel(self) -> tuple[float, float]:
        """Width and height in inches that the map wants beside others."""
        width, height = self.size
        return width, height + 0.5

    @property
    def wide(self) -> bool:
        """Whether the map is so wide that its colour bar lies below it."""
        _, half = self._extent()
        return is_wide(half[0], half[1])

    def _extent(self) -> tuple[NDArray, NDArray]:
        """Centre of what is drawn, and half its width and height, both positive."""
        corners = self.segments[np.isfinite(self.segments).all(axis=(1, 2))].reshape(-1, 2)
        corners = np.concatenate([corners, *(np.atleast_2d(places) for places in self.points.values())])
        if not len(corners):
            return np.zeros(2), np.ones(2)
        low, high = corners.min(axis=0), corners.max(axis=0)
        half = (high - low) / 2
        return (low + high) / 2, np.maximum(half, 0.1 * half.max() or 1.0)

    def _single(self) -> dict[str, NDArray]:
        return {name: place for name, place in self.points.items() if place.ndim == 1}

    def _draw_marks(self, key: bool) -> None:
        from matplotlib.patheffects import withStroke

        style = {"edgecolors": INK, "linewidths": 1.3, "zorder": 5, "clip_on": False}
        several = [(name, places) for name, places in self.points.items() if places.ndim == 2]
        self.groups_ = [
            self.ax_.scatter(*places.T, 40, PAPER, marker=MARKERS[i % len(MARKERS)], label=name, **style)
            for i, (name, places) in enumerate(several)
        ]
        self.key_ = key_above(self.ax_, self.groups_ if key else [])
        self.points_: Any = None
        self.labels_: list[Any] = []
        if not (single := self._single()):
            return
        places = np.array(list(single.values()))
        self.points_ = self.ax_.scatter(*places.T, 40, PAPER, marker="o", **style)
        self.labels_ = [
            self.ax_.annotate(
                short(name),
                place,
                9 * away,
                textcoords="offset points",
                ha="left" if away[0] > 0.4 else "right" if away[0] < -0.4 else "center",
                va="bottom" if away[1] > 0.4 else "top" if away[1] < -0.4 else "center",
                parse_math=False,
                zorder=6,
                path_effects=[withStroke(linewidth=2.5, foreground=PAPER)],
            )
            for name, place, away in zip(single, places, _away_from_others(places), strict=True)
        ]


def _away_from_others(places: NDArray) -> NDArray:
    """Unit vectors (n, 2) in which each place has the fewest others near: the side for its label."""
    apart = places[:, None] - places[None]
    distance = np.linalg.norm(apart, axis=2, keepdims=True)
    push = np.divide(apart, distance**3, out=np.zeros_like(apart), where=distance > 0).sum(axis=1)
    size = np.linalg.norm(push, axis=1, keepdims=True)
    return np.where(size > 0, push / np.where(size > 0, size, 1.0), np.sqrt(0.5))


class NetworkLayout(Layout):
    """The layout of a road network: one number per link, whether states are links or nodes; `marks` name nodes."""

    unit = "link"
    sums_goals = True

    def __init__(self, geometry: NetworkGeometry, marks: dict[str, Any] | None = None) -> None:
        self.geometry, self.marks = geometry, marks or {}
        self.n_states, self.name = geometry.n_states, geometry.name
        on_links = geometry.states == "links"
        self.words = Words(
            place=" on a link" if on_links else " at the node a link leaves",
            action_reward="reward of taking a link" + (",\nmean over the links before it" if on_links else ""),
            visits="times a link is entered, per trip",
            verb="entered",
            low="light and narrow",
            high="dark and wide",
        )

    @property
    def place_names(self) -> list[str]:
        """Name of each link."""
        return [f"link {link}" for link in self.geometry.links]

    def heading_for(self, goal: int | None) -> NetworkLayout:
        """The layout that marks the node of the goal."""
        if goal is None:
            return self
        return NetworkLayout(self.geometry, {**self.marks, "goal": self.geometry.node_of_state(goal)})

    def per_place(self, values: ArrayLike, *, total: bool = False) -> NDArray:
        """One number per link: see `NetworkGeometry.per_link`."""
        return self.geometry.per_link(values, total=total)

    def shapes(self) -> Shapes:
        """Links as lines, and the marked nodes."""
        edges, positions = self.geometry.edges, self.geometry.positions
        if positions is None:
            positions = network_positions(edges, self.geometry.lengths)
        positions = np.asarray(positions, dtype=float) * (1, -1)
        span = float(np.nanmax(np.nanmax(positions, axis=0) - np.nanmin(positions, axis=0))) or 1.0
        size = span * float(np.clip(0.25 / np.sqrt(len(edges)), 0.002, 0.02))
        marks = {name: positions[node] for name, node in self.marks.items()}
        return Shapes("line", positions[edges], size, marks=marks)

    def scale(self, *arrays: ArrayLike, **options: Any) -> dict[str, Any]:
        """One colour scale for several maps of lines."""
        return line_scale(*arrays, **options)

    def display(self, values: NDArray, **options: Any) -> NetworkMapDisplay:
        """Map one number per link; options as for `NetworkMapDisplay`."""
        geometry = self.geometry
        where: dict[str, Any] = {"lengths": geometry.lengths, "marks": self.marks}
        return NetworkMapDisplay.from_edges(geometry.edges, values, geometry.positions, **where, **options)


@lay_out.register
def _(geometry: NetworkGeometry) -> Layout:
    return NetworkLayout(geometry)
