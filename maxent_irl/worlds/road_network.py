"""Road networks on which travellers choose routes, each trip with its own destination."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from .._checks import check_numbers
from ..demonstrations import Demonstrations
from ..demonstrations.cells import numbers
from ..demonstrations.labels import shown
from ..demonstrations.row_order import Ties
from ..demonstrations.table_sources import Roles, first_gap, read_columns
from ..demonstrations.tables import Short
from ..mdp import MDP
from ..worlds import _road_features
from ..worlds import _road_links as links_
from ._road_paths import Gaps, HowPaths, Repeats
from ._road_town import town
from ._road_trips import grouped, trips_of
from .geometry import NetworkGeometry


class RoadNetwork:
    """A directed network on which every trip has a destination of its own.

    A trip goes from link to link, or from node to node, until its destination, where the value is 0. Nothing is discounted. This
    is the recursive logit of transport research and the model of Ziebart et al. (2008). The MDP itself has no terminal states:
    each trip has its own goal, which `trips` stores in the `Demonstrations`.

    Parameters
    ----------
    tail, head : (L,) arrays
        The node each link starts from and leads to: integers or strings.
    attributes : mapping of str to (L,) arrays, optional
        Properties of the links, in units of your choice: length, travel time, capacity, a traffic light.
    road_class : (L,) array of str, optional
    positions : (N, 2) array in the order of `nodes`, or mapping of node to (x, y), optional
        Map coordinates with y pointing north, both in the same unit of length, not in degrees. Turns are read from them.
    states : "links" or "nodes"
        Whether a state is a link or a node. Only with links can turns have features.
    destinations : "absorbing" or "exits"
        "absorbing": a trip ends when it reaches its destination, which is a terminal state. "exits": every place has one more
        action, without reward, that leads to a state outside the network. That exit, state ``s + n_places`` for place s, is the
        goal of a trip. Such trips may pass through their destination and come back.
    links : (L,) array, optional
        Names of the links. None: 0 to L - 1.

    Attributes
    ----------
    mdp : MDP
        Deterministic, undiscounted, without terminal states. Action a enters the a-th of the links that follow, in the order of
        the list. With exits the last action leaves the network.
    nodes : (N,) array, sorted names
    links : (L,) array, names
    tail, head : (L,) int arrays, positions in `nodes`
    n_links, n_nodes : int
    n_places : int
        Number of links or nodes that are states. With exits there are twice as many states.
    entered : (n_places, A) int array
        The link that each action enters, -1 where there is none.
    attributes : dict of str to (L,) float arrays
    road_class : (L,) array or None
    positions : (N, 2) float array or None
    states, destinations : as given

    Raises
    ------
    ValueError
        Naming the node, link or column that is wrong.

    References
    ----------
    Ziebart, Maas, Bagnell & Dey (2008), Maximum entropy inverse reinforcement learning, AAAI. Fosgerau, M., Frejinger, E. and
    Karlstrom, A. (2013), A link based network route choice model with unrestricted choice set, Transportation Research B 56
    (links as states, turns). Oyama, Y. and Hato, E. (2017), A discounted recursive logit model, Transportation Research C 85.

    Examples
    --------
    >>> from maxent_irl.worlds import RoadNetwork
    >>> network = RoadNetwork(["a", "a", "b"], ["b", "c", "c"], attributes={"length": [1.0, 2.5, 1.0]}, states="nodes")
    >>> network
    RoadNetwork 3 nodes, 3 links, states: nodes, absorbing destinations
    >>> trips = network.trips([["a", "b", "c"], ["a", "c"]])
    >>> trips.goals
    array([2, 2])
    """

    mdp: MDP
    nodes: NDArray  # (N,) names, sorted
    links: NDArray  # (L,) names
    tail: NDArray  # (L,) int, position in `nodes`
    head: NDArray  # (L,) int, position in `nodes`
    n_links: int
    n_nodes: int
    n_places: int
    entered: NDArray  # (n_places, A) int
    attributes: dict[str, NDArray]  # (L,) float each
    road_class: NDArray | None  # (L,) names
    positions: NDArray | None  # (N, 2) float
    states: Literal["links", "nodes"]
    destinations: Literal["absorbing", "exits"]

    def __init__(
        self,
        tail: ArrayLike,
        head: ArrayLike,
        *,
        attributes: Mapping[str, ArrayLike] | None = None,
        road_class: ArrayLike | None = None,
        positions: ArrayLike | Mapping[Any, Any] | None = None,
        states: Literal["links", "nodes"] = "links",
        destinations: Literal["absorbing", "exits"] = "absorbing",
        links: ArrayLike | None = None,
    ) -> None:
        tail, head = np.asarray(tail), np.asarray(head)
        links_.check_ends(tail, head)
        if states not in ("links", "nodes"):
            raise ValueError(f"states must be 'links' or 'nodes'; got {states!r}")
        if destinations not in ("absorbing", "exits"):
            raise ValueError(f"destinations must be 'absorbing' or 'exits'; got {destinations!r}")
        self.nodes, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
        self.tail, self.head = ends[: len(tail)], ends[len(tail) :]
        self.n_links, self.n_nodes = len(tail), len(self.nodes)
        self.links = np.arange(self.n_links) if links is None else self._per_link("links", links)
        links_.check_distinct(self.links)
        given = {} if attributes is None else attributes
        self.attributes = {name: self._numbers(name, values) for name, values in given.items()}
        self.road_class = None if road_class is None else self._per_link("road_class", road_class)
        self.positions = links_.node_positions(positions, self.nodes)
        self.states, self.destinations = states, destinations
        on_links = states == "links"
        self.n_places = self.n_links if on_links else self.n_nodes
        at = self.head if on_links else np.arange(self.n_nodes)
        self.entered = links_.following(self.tail, self.n_nodes, at)
        after = self.entered if on_links else np.where(self.entered >= 0, self.head[self.entered], -1)
        if destinations == "exits":
            leave = np.arange(self.n_places)[:, None] + self.n_places
            after = np.hstack([after, leave])
            after = np.vstack([after, np.full_like(after, -1)])
        self.mdp = MDP.from_successors(after, terminal=[])

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike,
        *,
        tail: str = "from",
        head: str = "to",
        attributes: Mapping[str, str] | Sequence[str] = (),
        road_class: str | None = None,
        link: str | None = None,
        delimiter: str | None = None,
        **options: Any,
    ) -> RoadNetwork:
        """Read an edge list from a text file with a header, one directed link per row; gzip is unpacked.

        Parameters
        ----------
        path : path
        tail, head, road_class, link : str
            Columns; `link` holds the names of the links, which are 0 to L - 1 without it.
        attributes : sequence of columns, or mapping of attribute to column
        delimiter : str
        **options
            `states`, `destinations`, `positions` of the constructor.

        Raises
        ------
        ValueError
            For files that are damaged or lack a column, naming the line or the column.
        """
        names = dict(attributes) if isinstance(attributes, Mapping) else {name: name for name in attributes}
        roles: Roles = {"tail": tail, "head": head, **names, "road_class": road_class, "link": link}
        table = read_columns(path, roles, delimiter)
        for column in (tail, head, road_class, link):
            gap = None if column is None else first_gap(table, column)
            if gap is not None:
                raise ValueError(f"{table.source}: column {column!r} is missing in {table.place(gap)}: fill it in")
        ends = table.identifiers({"tail": tail, "head": head})
        return cls(
            ends["tail"],
            ends["head"],
            attributes={name: numbers(table.columns[column], table.where(column)) for name, column in names.items()},
            road_class=None if road_class is None else table.columns[road_class],
            links=None if link is None else table.identifiers({"link": link})["link"],
            **options,
        )

    @classmethod
    def grid(
        cls, shape: int | tuple[int, int], *, irregularity: float = 0.0, random_state: Any = None, **options: Any
    ) -> RoadNetwork:
        """Two-way streets between the crossings of a rectangular town: a network to experiment with, without data.

        Parameters
        ----------
        shape : (int, int) or int
            Rows and columns of crossings, numbered row by row; one number makes a square.
        irregularity : float >= 0
            Standard deviation of the displacement of crossings from the grid, in blocks. The attribute "length" is the
            distance between crossings, in blocks.
        random_state : None, int, numpy Generator or RandomState
        **options
            `states` and `destinations` of the constructor.

        Examples
        --------
        >>> from maxent_irl.worlds import RoadNetwork
        >>> RoadNetwork.grid((3, 4)).features("length", "left", "right", "u-turn").shape
        (34, 4, 4)
        """
        tail, head, positions, length = town(shape, irregularity, random_state)
        return cls(tail, head, attributes={"length": length}, positions=positions, **options)

    # Features.

    def features(self, *names: str) -> NDArray:
        """Features of every move, shape (S, A, K): properties of the link that is entered, and the turn into it.

        Parameters
        ----------
        *names : str
            - attributes of the network, in their own units;
            - "constant": 1 for every link;
            - "class": one 0/1 column per road class, in the order of `feature_names`; "class residential": one of them;
            - "u-turn" (0/1, ``states="links"``): going back to the node one comes from, or turning by more than 177 degrees;
            - "left", "right" (0/1, ``states="links"``, with positions): turns of 40 to 177 degrees.

            Leaving through an exit has features 0.

        Raises
        ------
        ValueError
            For unknown names, listing those there are.
        """
        return _road_features.features(self, names)

    def feature_names(self, *names: str) -> tuple[str, ...]:
        """Names of the columns of `features`: "class" becomes one name per road class."""
        return tuple(_road_features.spelt_out(self, names))

    # Trips.

    def trips(
        self,
        paths: Iterable[Iterable[Any]],
        *,
        of: str | None = None,
        weights: ArrayLike | None = None,
        ids: Sequence[Any] | None = None,
        gaps: Gaps = "error",
        repeats: Repeats = "error",
        short: Short = "error",
    ) -> Demonstrations:
        """Turn paths into demonstrations, each with the end of its path as its goal.

        Parameters
        ----------
        paths : iterable of sequences of names
            All links or nodes of each trip, in the order travelled, the destination last. With links as states the first
            decision is taken on the first link. Such a trip needs two links, or one with exits.
        of : "links" or "nodes", optional
            What the paths list. Default: links if states are links, else nodes.
        weights : (n,) array, optional
        ids : sequence of n names, optional
            What the trips are called in messages. Default: 0 to n - 1.
        gaps : "error", "split" or "drop"
            What to do with paths in which some step is no link: refuse all, cut them there into trips named ``(id, 0)``,
            ``(id, 1)``, ... of which those too short to decide anything are left out, or leave them out.
        repeats : "error" or "collapse"
            Whether a place that is listed several times in a row, as by a GPS, counts once.
        short : "error" or "drop"
            What to do with paths too short to decide anything.

        Returns
        -------
        Demonstrations

        Raises
        ------
        ValueError
            For paths that leave the network, are too short, or pass through an absorbing destination, naming trip and step.
        """
        return trips_of(self, paths, of, weights, ids, HowPaths(gaps, repeats, short))

    def trips_from_csv(
        self,
        path: str | os.PathLike,
        *,
        trip: str = "trip",
        link: str | None = None,
        node: str | None = None,
        step: str | None = None,
        delimiter: str | None = None,
        time_format: str | None = None,
        ties: Ties = "error",
        gaps: Gaps = "error",
        repeats: Repeats = "error",
        short: Short = "error",
    ) -> Demonstrations:
        """Read trips from a CSV file with one row per link, or node, that a trip comes through; see `trips`.

        Parameters
        ----------
        path : path
        trip : str
            Column that names the trip; trips come in the order in which they first appear.
        link, node : str
            Column of the link, or of the node: one of the two.
        step : str, optional
            Column that orders the rows of a trip: numbers, or times. None: they are in order.
        delimiter, time_format, ties
            As for `Demonstrations.from_csv` and `Demonstrations.from_table`.
        gaps, repeats, short
            As for `trips`.
        """
        if (link is None) == (node is None):
            raise ValueError("name one column: link=, or node=")
        place = str(node if link is None else link)
        table = read_columns(path, {"trip": trip, "link": link, "node": node, "step": step}, delimiter)
        of = "nodes" if link is None else "links"
        known = self.nodes if link is None else self.links
        # A network whose names are text reads names as text, though those of this file may all be integers.
        places = table.columns[place] if known.dtype.kind in "OU" else table.identifiers({of: place})[of]
        ids, paths = grouped(table, trip, places, step, time_format=time_format, ties=ties)
        return self.trips(paths, of=of, ids=ids, gaps=gaps, repeats=repeats, short=short)

    def paths(self, demonstrations: Demonstrations) -> list[NDArray]:
        """Names of the links, or of the nodes where states are nodes, on each demonstration, the last one included."""
        return [self._names(trip.states) for trip in demonstrations]

    def _names(self, states: NDArray) -> NDArray:
        return (self.links if self.states == "links" else self.nodes)[states[states < self.n_places]]

    def link_flows(self, flows: ArrayLike) -> NDArray:
        """How often each link is entered, (L,), by flows (S, A) as `routes.expected_flows` gives them."""
        return self.geometry.per_link(flows, total=True)

    @property
    def geometry(self) -> NetworkGeometry:
        """Where the links lie, for a map."""
        ends, where = (self.tail, self.head, self.nodes, self.links), (self.positions, self.attributes.get("length"))
        return NetworkGeometry(*ends, *where, self.states, self.entered, self.mdp.n_states, repr(self))

    def goal(self, place: Any) -> int:
        """The goal state of trips to a named link or node: its state, or its exit where there are exits."""
        return int(self.place(place)) + (self.n_places if self.destinations == "exits" else 0)

    def place(self, name: Any) -> int:
        """The state of a link or node."""
        return int(self.numbered([name], self.states)[0])

    def numbered(self, names: Iterable[Any], of: str) -> NDArray:
        """Positions of named links or nodes, (n,) int; `of` is "links" or "nodes"."""
        if of == "nodes":
            return links_.numbered(names, "node", self.nodes)
        order = np.argsort(self.links, kind="stable")
        return order[links_.numbered(names, "link", self.links[order])]

    def largest_component(self) -> RoadNetwork:
        """The largest part of the network in which every node can be reached from every other; names are kept."""
        ones = np.ones(self.n_links)
        graph = sparse.csr_array((ones, (self.tail, self.head)), shape=(self.n_nodes, self.n_nodes))
        _, component = csgraph.connected_components(graph, directed=True, connection="strong")
        inside = component == np.bincount(component).argmax()
        kept = inside[self.tail] & inside[self.head]
        return self._rebuilt(np.flatnonzero(kept), inside)

    def with_attributes(self, **attributes: ArrayLike) -> RoadNetwork:
        """The same network with attributes of links, (L,) each, added or replaced."""
        return self._rebuilt(np.arange(self.n_links), np.ones(self.n_nodes, dtype=bool), **attributes)

    def _rebuilt(self, kept: NDArray, inside: NDArray, **attributes: ArrayLike) -> RoadNetwork:
        """The network of these links between these nodes, with attributes added."""
        return RoadNetwork(
            self.nodes[self.tail[kept]],
            self.nodes[self.head[kept]],
            attributes={name: values[kept] for name, values in self.attributes.items()} | attributes,
            road_class=None if self.road_class is None else self.road_class[kept],
            positions=None if self.positions is None else self.positions[inside],
            states=self.states,
            destinations=self.destinations,
            links=self.links[kept],
        )

    def _per_link(self, name: str, values: ArrayLike) -> NDArray:
        array = np.asarray(values)
        if isinstance(values, list) and any(isinstance(value, tuple) for value in values):  # names such as (from, to)
            array = np.fromiter(values, dtype=object, count=len(values))
        if array.shape != (self.n_links,):
            raise ValueError(f"{name} must have one entry per link, shape ({self.n_links},); got {array.shape}")
        return array

    def _numbers(self, name: str, values: ArrayLike) -> NDArray:
        array = check_numbers(f"attribute {name!r}", self._per_link(name, values))
        if not np.isfinite(array).all():
            k = int(np.flatnonzero(~np.isfinite(array))[0])
            raise ValueError(f"attribute {name!r} of link {shown(self.links[k])} is {array[k]}; it must be finite")
        return array

    def __repr__(self) -> str:
        return (
            f"RoadNetwork {self.n_nodes:,} nodes, {self.n_links:,} links, states: {self.states}, "
            f"{'absorbing destinations' if self.destinations == 'absorbing' else 'exits'}"
        )
