"""Paths through a road network, written as links or as nodes, turned into demonstrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..demonstrations import Demonstrations
from ..demonstrations.tables import first_seen, row_order
from ._road_links import links_of_node_paths, shown
from ._road_map import RoadMap


def trips_of(
    network: RoadMap, paths: Iterable[Iterable[Any]], of: str | None, weights: ArrayLike | None
) -> Demonstrations:
    """Demonstrations of paths of names; see `RoadNetwork.trips`."""
    of = network.states if of is None else of
    if of not in ("links", "nodes"):
        raise ValueError(f"of must be 'links' or 'nodes'; got {of!r}")
    listed = [np.asarray(list(path)) for path in paths]
    if not listed:
        raise ValueError("there are no trips")
    sizes = np.array([len(path) for path in listed], dtype=np.int64)
    moves = 2 if network.states == "links" and network.destinations == "absorbing" else 1  # links that a decision needs
    least = moves + (of == "nodes")
    if (sizes < least).any():
        short = int(np.flatnonzero(sizes < least)[0])
        raise ValueError(f"trip {short} lists {sizes[short]} {of}; a decision takes at least {least}")
    places = network.numbered(np.concatenate(listed), of)
    if of == "links":
        return _demonstrations(network, places, sizes, weights)
    links = links_of_node_paths(places, sizes, network.tail, network.head, network.nodes)
    return _demonstrations(network, links, sizes - 1, weights)


def grouped(
    trip: NDArray, place: NDArray, step: NDArray | None, *, column: str, step_column: str | None
) -> list[NDArray]:
    """Rows of a long table split by trip, in the order in which trips first appear, and sorted by step within."""
    number, names = first_seen(trip, column)
    order = row_order(number, names, step, step_column)
    return np.split(place[order], np.cumsum(np.bincount(number))[:-1])


def _demonstrations(network: RoadMap, link: NDArray, n_links: NDArray, weights: ArrayLike | None) -> Demonstrations:
    """Demonstrations of trips given by their links, laid end to end, `n_links` to a trip."""
    path = np.repeat(np.arange(len(n_links)), n_links)
    last = np.cumsum(n_links) - 1
    step = np.arange(len(link)) - np.repeat(last - n_links + 1, n_links)
    within = np.flatnonzero(path[1:] == path[:-1])
    broken = within[network.head[link[within]] != network.tail[link[within + 1]]]
    if broken.size:
        k = broken[0]
        raise ValueError(
            f"trip {path[k]}, step {step[k]}: link {shown(network.links[link[k + 1]])} does not start where link "
            f"{shown(network.links[link[k]])} ends"
        )
    if network.states == "links":
        move, state, entered, goal = within, link[within], link[within + 1], link[last]
    else:
        move, state, entered, goal = np.arange(len(link)), network.tail[link], link, network.head[link[last]]
    action = (network.entered[state] == entered[:, None]).argmax(axis=1)
    sizes = np.bincount(path[move], minlength=len(n_links))
    if network.destinations == "exits":
        ends = np.cumsum(sizes)
        state, action = np.insert(state, ends, goal), np.insert(action, ends, network.mdp.n_actions - 1)
        sizes, goal = sizes + 1, goal + network.n_places
    elif (state == goal[path[move]]).any():
        k = move[np.flatnonzero(state == goal[path[move]])[0]]
        raise ValueError(
            f"trip {path[k]} passes through its destination at step {step[k]}: cut it there, or build the network with "
            'destinations="exits"'
        )
    cuts = np.cumsum(sizes)[:-1]
    pairs = zip(np.split(state, cuts), np.split(action, cuts), goal, strict=True)
    return Demonstrations([(np.append(s, end), a) for s, a, end in pairs], goals=goal, weights=weights)
