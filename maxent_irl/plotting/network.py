"""Maps of road networks, or of any graph in the plane: edges coloured and widened by a number each; and their layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds import NetworkGeometry
from .axes import figure_and_axes
from .colour_bar import is_wide
from .colours import INK, MUTED, PAPER, UNKNOWN_COLOUR, line_scale
from .keys import key_above, title_above
from .label_places import label_places
from .names import make_room, short
from .positions import network_positions
from .quantities import estimator_map
from .style import house_style
from .value_map import ValueMap

NARROWEST, WIDEST = 0.35, 3.5  # points
MOST_ZOOMED = 0.8  # of the network: a zoom to more of it would hide what it shows
CHANGED = 0.1  # of the largest absolute value: links from this on are zoomed to
MOST_NAMED = 6  # links with a name
INSET = 0.27  # side of the map that shows where the zoom is, in widths of the axes
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
    closed : (n,) int array
        Edges that are closed: dotted, with a cross.
    zoom : (2, 2) array or None
        Low and high ends, x and y, of what is shown; a small map in the corner then shows where that is.
    edge_names : sequence of E str or None
        Names of the edges; those with the largest absolute values in view are written beside them.

    Attributes
    ----------
    edges_ : LineCollection, its array the values that are not NaN, in drawing order
    missing_ : LineCollection of the edges without a value, or None
    points_ : PathCollection of the places named beside them, or None
    labels_ : list of Annotations
    closed_ : PathCollection of the crosses on closed edges, or None
    named_ : list of Annotations, the names of edges
    inset_ : Axes of the small map, or None
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
    closed: NDArray = field(default_factory=lambda: np.empty(0, dtype=int))  # (n,)
    zoom: NDArray | None = None  # (2, 2)
    edge_names: Sequence[str] | None = None  # E
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
        closed: ArrayLike = (),
        zoom: ArrayLike | str | None = None,
        names: Sequence[Any] | None = None,
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
        closed : sequence of int
            Edges that are closed.
        zoom : "changes" or (2, 2) array, optional
            "changes": show the edges with at least a tenth of the largest absolute value. Or low and high ends, x and y.
        names : sequence of E names, optional
            Names of the edges.
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
        closed = np.asarray(closed, dtype=int).reshape(-1)
        for edge in closed:
            if not 0 <= edge < len(edges):
                raise ValueError(f"closed edge {edge} is not among the {len(edges)} edges")
        if names is not None and len(names) != len(edges):
            raise ValueError(f"{len(names)} names for {len(edges)} edges")
        segments = positions[edges]
        if isinstance(zoom, str):
            if zoom != "changes":
                raise ValueError(f'zoom must be "changes" or low and high ends; got {zoom!r}')
            zoom = _around_changes(segments, values)
            everything = segments[np.isfinite(segments).all(axis=(1, 2))].reshape(-1, 2)
            if (zoom[1] - zoom[0] >= MOST_ZOOMED * np.ptp(everything, axis=0)).all():
                zoom = None
        shown = None if zoom is None else np.asarray(zoom, dtype=float)
        more: dict[str, Any] = {"zoom": shown, "edge_names": names, "closed": closed}
        return cls(segments, values, points=points, note=note, **more, **options)

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
            As for `from_edges`, `closed`, `zoom` and `names` of the links among them.

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
        return estimator_map(estimator, NetworkGeometry.of(network), show=show, goal=goal, title=title)

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
        seen = len(known) if self.zoom is None else int(self._in_view()[known].sum())
        crowd = np.clip(np.sqrt(2000 / max(1, seen)), 0.25, 1.0)  # thinner lines where there are many
        share = much / max(much.max(initial=0.0), np.finfo(float).tiny)
        widths = np.maximum(NARROWEST, crowd * (NARROWEST + (WIDEST - NARROWEST) * share))
        self.missing_: Any = None
        if len(known) < len(self.values):
            rest = np.setdiff1d(np.arange(len(self.values)), known)
            self.missing_ = LineCollection(
                list(self.segments[rest]), colors=UNKNOWN_COLOUR, linewidths=NARROWEST, zorder=1
            )
            self.ax_.add_collection(self.missing_)
        if scale["norm"].vmin < 0 < scale["norm"].vmax:  # links near zero are as pale as the paper
            pale = LineCollection(list(self.segments[known]), colors=UNKNOWN_COLOUR, linewidths=2 * NARROWEST, zorder=1)
            self.ax_.add_collection(pale)
        self.edges_ = LineCollection(
            list(self.segments[known]),
            array=self.values[known],
            linewidths=widths,
            zorder=2,
            capstyle="round",
            **scale,
        )
        self.ax_.add_collection(self.edges_)
        self._draw_closed()
        self._draw_marks(key)
        x, y = 1.1 * half
        self.ax_.set(xlim=(centre[0] - x, centre[0] + x), ylim=(centre[1] - y, centre[1] + y))
        self.ax_.set(aspect="equal", xticks=[], yticks=[], xlabel=self.note)
        if self.zoom is None:
            make_room(self.ax_, self.labels_, below=self.wide)
        else:
            self.ax_.add_artist(self._frame(self.ax_))
        self.named_ = self._name_edges(np.array([self.ax_.get_xlim(), self.ax_.get_ylim()]).T)
        self.inset_ = self._draw_inset()
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
        """Centre of what is shown, and half its width and height, both positive."""
        if self.zoom is not None:
            low, high = self.zoom
            return (low + high) / 2, np.maximum((high - low) / 2, np.finfo(float).tiny)
        corners = self.segments[np.isfinite(self.segments).all(axis=(1, 2))].reshape(-1, 2)
        corners = np.concatenate([corners, *(np.atleast_2d(places) for places in self.points.values())])
        if not len(corners):
            return np.zeros(2), np.ones(2)
        low, high = corners.min(axis=0), corners.max(axis=0)
        half = (high - low) / 2
        return (low + high) / 2, np.maximum(half, 0.1 * half.max() or 1.0)

    def _in_view(self) -> NDArray:
        """Which edges begin within what is shown, (E,) bool."""
        centre, half = self._extent()
        return (np.abs(self.segments[:, 0] - centre) <= half).all(axis=1)

    def _draw_closed(self) -> None:
        """Dots along closed edges, and a cross in the middle of each."""
        self.closed_: Any = None
        if not len(self.closed):
            return
        from matplotlib.collections import LineCollection

        lines = self.segments[self.closed]
        self.ax_.add_collection(LineCollection(list(lines), colors=INK, linewidths=1.6, linestyles=":", zorder=4))
        self.closed_ = self.ax_.scatter(
            *lines.mean(axis=1).T, 46, INK, marker="x", linewidths=1.8, zorder=5, label="closed"
        )

    def _name_edges(self, limits: NDArray) -> list[Any]:
        """Names of the edges in view with the largest absolute values, and of the closed ones."""
        if self.edge_names is None:
            return []
        middle = self.segments.mean(axis=1)
        inside = ((middle > limits[0]) & (middle < limits[1])).all(axis=1)
        size = np.where(inside, np.nan_to_num(np.abs(self.values)), -1.0)
        size[self.closed] = np.where(inside[self.closed], np.inf, -1.0)
        order = np.argsort(-size, kind="stable")
        first: dict[str, int] = {}
        for edge in order[: 20 * MOST_NAMED]:  # links of one street have one name
            if size[edge] > 0:
                first.setdefault(str(self.edge_names[edge]), int(edge))
        chosen = list(first.values())[:MOST_NAMED]
        names = [self.edge_names[edge] for edge in chosen]
        return label_places(self.ax_, middle[chosen], names, size[chosen], away=3.0, limits=limits)

    def _frame(self, ax: Any) -> Any:
        """The rectangle that the zoom shows."""
        from matplotlib.patches import Rectangle

        centre, half = self._extent()
        (left, bottom), (width, height) = centre - 1.1 * half, 2.2 * half
        return Rectangle((left, bottom), width, height, facecolor="none", edgecolor=MUTED, linewidth=1.0, zorder=6)

    def _draw_inset(self) -> Any:
        """A small map of the whole network in the corner, with the rectangle of the zoom."""
        if self.zoom is None:
            return None
        from matplotlib.collections import LineCollection

        inset = self.ax_.inset_axes((1 - INSET, 1 - INSET, INSET, INSET), zorder=8)
        inset.add_collection(LineCollection(list(self.segments), colors=UNKNOWN_COLOUR, linewidths=0.4))
        inset.add_artist(self._frame(inset))
        inset.set(xticks=[], yticks=[], aspect="equal", facecolor=PAPER)
        inset.autoscale_view()
        inset.spines[:].set(visible=True, edgecolor=UNKNOWN_COLOUR)
        return inset

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
        explained = [*self.groups_, *([] if self.closed_ is None else [self.closed_])]
        self.key_ = key_above(self.ax_, explained if key else [])
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


def _around_changes(segments: NDArray, values: NDArray) -> NDArray:
    """Low and high ends (2, 2) around the edges with the largest absolute values, with a margin; all edges where none is."""
    size = np.nan_to_num(np.abs(values))
    large = (size >= CHANGED * size.max(initial=0.0)) & (size > 0)
    shown = segments[large] if large.any() else segments
    shown = shown[np.isfinite(shown).all(axis=(1, 2))].reshape(-1, 2)
    low, high = shown.min(axis=0), shown.max(axis=0)
    margin = 0.12 * (high - low).max() or 1.0
    half = np.maximum((high - low) / 2 + margin, 0.4 * ((high - low).max() / 2 + margin))
    return (low + high) / 2 + half * np.array([[-1.0], [1.0]])


def _away_from_others(places: NDArray) -> NDArray:
    """Unit vectors (n, 2) in which each place has the fewest others near: the side for its label."""
    apart = places[:, None] - places[None]
    distance = np.linalg.norm(apart, axis=2, keepdims=True)
    push = np.divide(apart, distance**3, out=np.zeros_like(apart), where=distance > 0).sum(axis=1)
    size = np.linalg.norm(push, axis=1, keepdims=True)
    return np.where(size > 0, push / np.where(size > 0, size, 1.0), np.sqrt(0.5))
