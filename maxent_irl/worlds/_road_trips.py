"""Paths through a road network, written as links or as nodes, turned into demonstrations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_numbers
from ..demonstrations import Demonstrations
from ..demonstrations.flat import checked_ids
from ..demonstrations.labels import shown
from ..demonstrations.row_order import first_seen, row_order
from ..demonstrations.table_sources import Table
from ._road_map import RoadMap
from ._road_paths import HowPaths, Paths, travelled_links


def trips_of(
    network: RoadMap,
    paths: Iterable[Iterable[Any]],
    of: str | None,
    weights: ArrayLike | None,
    ids: Sequence[Any] | None,
    how: HowPaths,
) -> Demonstrations:
    """Demonstrations of paths of names; see `RoadNetwork.trips`."""
    of = network.states if of is None else of
    if of not in ("links", "nodes"):
        raise ValueError(f"of must be 'links' or 'nodes'; got {of!r}")
    listed = [list(path) for path in paths]
    if not listed:
        raise ValueError("there are no trips")
    names = tuple(range(len(listed))) if ids is None else checked_ids(ids, len(listed))
    sizes = np.array([len(path) for path in listed], dtype=np.int64)
    path = np.repeat(np.arange(len(listed)), sizes)
    step = np.arange(len(path)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    written = Paths(network.numbered(chain.from_iterable(listed), of), path, step, names)
    least = 2 if network.states == "links" and network.destinations == "absorbing" else 1  # links that a decision needs
    link, n_links, origin, names = travelled_links(network, written, of, least, how)
    if weights is not None:
        weights = check_numbers("weights", weights)
        if weights.shape != (len(listed),):
            raise ValueError(f"weights must have shape ({len(listed)},), one per path; got {weights.shape}")
        weights = weights[origin]
    return _demonstrations(network, link, n_links, weights, names)


def grouped(
    table: Table, trip: str, place: NDArray, step: str | None, **options: Any
) -> tuple[list[Any], list[NDArray]]:
    """Names of the trips of a long table, in the order in which they first appear, and their places, sorted by step."""
    number, names = first_seen(table.identifiers({"trip": trip})["trip"], trip, table.place)
    order = row_order(number, names, None if step is None else table.columns[step], step, table.place, **options)
    return names, np.split(place[order], np.cumsum(np.bincount(number))[:-1])


def _demonstrations(
    network: RoadMap, link: NDArray, n_links: NDArray, weights: ArrayLike | None, names: Sequence[Any]
) -> Demonstrations:
    """Demonstrations of trips given by their links, laid end to end, `n_links` to a trip."""
    path = np.repeat(np.arange(len(n_links)), n_links)
    last = np.cumsum(n_links) - 1
    step = np.arange(len(link)) - np.repeat(last - n_links + 1, n_links)
    within = np.flatnonzero(path[1:] == path[:-1])
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
            f"trip {shown(names[path[k]])} passes through its destination at step {step[k]}: cut it there, or build the network "
            'with destinations="exits"'
        )
    cuts = np.cumsum(sizes)[:-1]
    pairs = zip(np.split(state, cuts), np.split(action, cuts), goal, strict=True)
    return Demonstrations([(np.append(s, end), a) for s, a, end in pairs], goals=goal, weights=weights, ids=names)
