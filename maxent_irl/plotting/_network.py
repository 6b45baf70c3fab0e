"""A road network, or any graph drawn in the plane: edges coloured and widened by a number each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from .._checks import check_goal
from ..worlds import RoadNetwork
from ._axes import add_colour_bar, figure_and_axes, key_above, make_room, short, title_above
from ._colours import INK, line_scale
from ._grid_map import WIDE, GridMapDisplay
from ._quantities import QUANTITIES, link_quantity

NARROWEST, WIDEST = 0.25, 3.0  # points
N_LANDMARKS = 64
MARKERS = "os^D"  # of places of one name, group by group


class NetworkMapDisplay:
    """A map of one number per edge: reward of a link, or how many drive over it.

    Make one with `from_network` or `from_edges`. Edges with larger numbers (or larger absolute ones, if signed) are wider and
    lie on top.

    Parameters
    ----------
    segments : (E, 2, 2) array
        Ends of each edge, x and y.
    values : (E,) array
        NaN: the edge is drawn thin and grey, without a value.
    label, title : str
    signed : bool, optional
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

    def __init__(
        self,
        segments: NDArray,
        values: NDArray,
        *,
        label: str,
        title: str = "",
        signed: bool | None = None,
        root: bool = False,
        points: dict[str, NDArray] | None = None,
        note: str = "",
    ) -> None:
        self.segments = segments
        self.values = values
        self.label = label
        self.title = title
        self.signed = signed
        self.root = root
        self.points = points or {}
        self.note = note

    @classmethod
    def from_edges(
        cls,
        edges: ArrayLike,
        values: ArrayLike,
        positions: ArrayLike | None = None,
        *,
        lengths: ArrayLike | None = None,
        label: str,
        title: str = "",
        signed: bool | None = None,
        root: bool = False,
        marks: dict[str, ArrayLike] | None = None,
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
        label, title, signed, root : as for the class
        marks : dict of str to int or to a sequence of int, optional
            Nodes to mark: one by the name to write beside it, several of one name by a key above the map.

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
        return cls(
            positions[edges], values, label=label, title=title, signed=signed, root=root, points=points, note=note
        )

    @classmethod
    def from_network(
        cls, network: RoadNetwork, values: ArrayLike, *, marks: dict[str, Any] | None = None, **options: Any
    ) -> NetworkMapDisplay:
        """Map one number per link of a road network.

        Parameters
        ----------
        network : RoadNetwork
            Without positions its nodes are laid out by its attribute "length".
        values : (L,) array, such as `RoadNetwork.link_flows` gives
        marks : dict of str to node, or to a list or array of nodes, optional
            Nodes of the network to mark, by the name to write beside them, or in a key for several.
        **options
            label, title, signed and root, as for `from_edges`.

        Raises
        ------
        ValueError
            For values that do not fit, and for a network with neither positions nor lengths.
        """

        def numbered(node: Any) -> Any:
            several = isinstance(node, list | np.ndarray)
            return network.numbered(node if several else [node], "nodes")[slice(None) if several else 0]

        return cls.from_edges(
            np.column_stack([network.tail, network.head]),
            values,
            network.positions,
            lengths=network.attributes.get("length"),
            marks={name: numbered(node) for name, node in (marks or {}).items()},
            **options,
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        network: RoadNetwork,
        *,
        show: str = "reward",
        goal: int | None = None,
        title: str | None = None,
    ) -> NetworkMapDisplay:
        """Map what a fitted estimator found.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        network : RoadNetwork
            Without positions its nodes are laid out by its attribute "length".
        show : "reward", "value", "visitations" or "standard_error"
            Rewards and standard errors per action are averaged over the moves on to a link; those per state belong to the
            link, or to the node that a link leaves. Visitations are how often a trip enters the link.
        goal : int, optional
            State on the way to which the value is meant, and the visitations; those are of all demonstrated trips without it.
        title : str, optional

        Raises
        ------
        ValueError
            If the estimator belongs to another network, for a goal that is no state, and for a network with neither positions
            nor lengths.
        """
        marks = {}
        if goal is not None:
            place = check_goal(goal, network.mdp.n_states) % network.n_places
            marks = {"goal": network.nodes[network.head[place] if network.states == "links" else place]}
        values, meta = link_quantity(estimator, network, show, goal), QUANTITIES[show]
        return cls.from_network(
            network,
            values.per_state,
            marks=marks,
            label=values.label,
            title=meta.title if title is None else title,
            signed=meta.signed,
            root=meta.root,
        )

    def plot(
        self, ax: Any = None, *, scale: dict[str, Any] | None = None, colour_bar: bool = True
    ) -> NetworkMapDisplay:
        """Draw the network; arguments as for `GridMapDisplay.plot`."""
        from matplotlib.collections import LineCollection

        self.figure_, self.ax_ = figure_and_axes(ax, size=self.size)
        centre, half = self._extent()
        if scale is None:
            scale = line_scale(self.values, signed=self.signed, root=self.root)
        known = np.flatnonzero(np.isfinite(self.values))
        known = known[np.argsort(np.abs(self.values[known]), kind="stable")]
        much = np.abs(self.values[known]) ** (0.5 if self.root else 1.0)
        crowd = np.clip(np.sqrt(2000 / max(1, len(known))), 0.25, 1.0)  # thinner lines where there are many
        widths = crowd * (NARROWEST + (WIDEST - NARROWEST) * much / max(much.max(initial=0.0), np.finfo(float).tiny))
        self.missing_ = None
        if len(known) < len(self.values):
            rest = np.setdiff1d(np.arange(len(self.values)), known)
            self.missing_ = LineCollection(self.segments[rest], colors="#c8c8c8", linewidths=NARROWEST, zorder=1)
            self.ax_.add_collection(self.missing_)
        self.edges_ = LineCollection(
            self.segments[known],
            array=self.values[known],
            linewidths=widths,
            zorder=2,
            capstyle="round",
            **scale,
        )
        self.ax_.add_collection(self.edges_)
        self._draw_marks()
        x, y = 1.1 * half
        self.ax_.set(xlim=(centre[0] - x, centre[0] + x), ylim=(centre[1] - y, centre[1] + y))
        self.ax_.set(aspect="equal", xticks=[], yticks=[], xlabel=self.note)
        make_room(self.ax_, self.labels_, below=self.wide)
        title_above(self.ax_, self.title, self.key_)
        self.ax_.spines[:].set_visible(False)
        self.colour_bar_ = None
        if colour_bar and len(known):
            self.colour_bar_ = add_colour_bar(self.edges_, self.ax_, self.label, below=self.wide)
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
    def wide(self) -> bool:
        """Whether the map is so wide that its colour bar lies below it."""
        _, half = self._extent()
        return bool(half[0] > WIDE * half[1])

    def _extent(self) -> tuple[NDArray, NDArray]:
        """Centre and half width and height of what is drawn, neither of them nothing."""
        corners = self.segments[np.isfinite(self.segments).all(axis=(1, 2))].reshape(-1, 2)
        corners = np.concatenate([corners, *(np.atleast_2d(places) for places in self.points.values())])
        if not len(corners):
            return np.zeros(2), np.ones(2)
        low, high = corners.min(axis=0), corners.max(axis=0)
        half = (high - low) / 2
        return (low + high) / 2, np.maximum(half, 0.1 * half.max() or 1.0)

    def _single(self) -> dict[str, NDArray]:
        return {name: place for name, place in self.points.items() if place.ndim == 1}

    def _draw_marks(self) -> None:
        from matplotlib.patheffects import withStroke

        style = {"edgecolors": INK, "linewidths": 1.3, "zorder": 5, "clip_on": False}
        several = [(name, places) for name, places in self.points.items() if places.ndim == 2]
        self.groups_ = [
            self.ax_.scatter(*places.T, 40, "white", marker=MARKERS[i % len(MARKERS)], label=name, **style)
            for i, (name, places) in enumerate(several)
        ]
        self.key_ = key_above(self.ax_, self.groups_)
        self.points_, self.labels_ = None, []
        if not (single := self._single()):
            return
        places = np.array(list(single.values()))
        self.points_ = self.ax_.scatter(*places.T, 40, "white", marker="o", **style)
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
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
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


def map_display(world: Any) -> type[GridMapDisplay] | type[NetworkMapDisplay]:
    """The kind of map that shows a world."""
    return NetworkMapDisplay if isinstance(world, RoadNetwork) else GridMapDisplay


def network_positions(edges: ArrayLike, lengths: ArrayLike) -> NDArray:
    """Lay a network out in the plane from the lengths of its edges alone.

    Shortest paths between far apart landmarks are embedded by classical scaling; every other node is placed by its distances
    to the landmarks. Roads bend, so that the map is true to topology and roughly to scale, not to the compass: it may be
    turned and mirrored.

    Parameters
    ----------
    edges : (E, 2) int array
    lengths : (E,) array of positive numbers

    Returns
    -------
    (N, 2) array, N one more than the largest node; NaN for nodes that cannot reach the largest connected part

    References
    ----------
    de Silva, V. & Tenenbaum, J. B. (2004), Sparse multidimensional scaling using landmark points, Stanford University.
    """
    edges, lengths = np.asarray(edges), np.asarray(lengths, dtype=float)
    if lengths.shape != (len(edges),):
        raise ValueError(f"lengths must have one entry for each of the {len(edges)} edges; got {lengths.shape}")
    n = int(edges.max()) + 1
    order = np.argsort(lengths, kind="stable")  # of parallel edges the shortest counts
    pair, first = np.unique(np.sort(edges[order], axis=1), axis=0, return_index=True)
    shortest = sparse.csr_array((lengths[order][first], (pair[:, 0], pair[:, 1])), shape=(n, n))
    _, part = csgraph.connected_components(shortest, directed=False)
    inside = np.flatnonzero(part == np.bincount(part).argmax())
    graph = shortest[inside][:, inside]
    landmark, nearest, rows = 0, np.full(len(inside), np.inf), []
    for _ in range(min(N_LANDMARKS, len(inside))):  # each new landmark is the node farthest from those before
        distance = csgraph.dijkstra(graph, directed=False, indices=landmark)
        rows.append((landmark, distance))
        nearest = np.minimum(nearest, distance)
        landmark = int(nearest.argmax())
    chosen = np.array([index for index, _ in rows])
    squared = np.array([distance for _, distance in rows]) ** 2  # (landmarks, nodes)
    between = squared[:, chosen]
    mean = between.mean(axis=1)
    gram = -0.5 * (between - mean[:, None] - mean[None, :] + mean.mean())
    values, vectors = np.linalg.eigh(gram)
    top = np.argsort(values)[::-1][:2]
    strength = np.maximum(values[top], np.finfo(float).tiny)
    placed = -0.5 * (squared - mean[:, None]).T @ (vectors[:, top] / np.sqrt(strength))
    positions = np.full((n, 2), np.nan)
    positions[inside, : placed.shape[1]] = placed
    return positions
