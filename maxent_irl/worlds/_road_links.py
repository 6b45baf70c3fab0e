"""Directed links: their names and ends, which links follow which, headings and turning angles, links along paths of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..demonstrations.labels import first_missing, shown

# A change of heading counts as a turn above 40 degrees and as a u-turn above 177 degrees
# (Fosgerau, Frejinger & Karlstrom 2013, section 5).
TURN, TURN_BACK = 40.0, 177.0


def check_ends(tail: NDArray, head: NDArray) -> None:
    """Raise unless there are links and each has two ends."""
    if not tail.size:
        raise ValueError("tail names no links: a network needs at least one")
    if tail.ndim != 1 or tail.shape != head.shape:
        raise ValueError(f"tail and head must name one node per link; got shapes {tail.shape} and {head.shape}")
    for name, column in (("tail", tail), ("head", head)):
        gap = first_missing(column)
        if gap is not None:
            raise ValueError(f"{name} is missing at link {gap}: fill it in, or leave the link out")


def check_distinct(links: NDArray) -> None:
    """Raise unless every link has a name of its own."""
    _, first, times = np.unique(links, return_index=True, return_counts=True)
    if (times > 1).any():
        k = int(first[times > 1].min())
        again = np.flatnonzero(links == links[k])
        raise ValueError(
            f"links names link {shown(links[k])} {len(again)} times, at positions {again[0]} and {again[1]}; "
            "every link needs a name of its own"
        )


def numbered(names: Iterable[Any], what: str, labels: NDArray) -> NDArray:
    """Index of each name among the sorted `labels`; raise naming the first that is not there."""
    index = {label: i for i, label in enumerate(labels.tolist())}
    places = []
    for name in names:
        try:
            places.append(index[name])
        except (KeyError, TypeError):
            raise ValueError(f"{what} {shown(name)} is not in the network") from None
    return np.array(places, dtype=np.int64)


def following(tail: NDArray, n_nodes: int, at: NDArray) -> NDArray:
    """Links that start at each of the nodes `at`, (len(at), A), in the order of the link list, padded with -1."""
    order = np.argsort(tail, kind="stable")
    degree = np.bincount(tail, minlength=n_nodes)
    first = np.concatenate([[0], np.cumsum(degree)])[at]
    slot = np.arange(max(1, degree.max(initial=0)))
    there = slot < degree[at][:, None]
    return np.where(there, order[np.minimum(first[:, None] + slot, len(order) - 1)], -1)


def headings(tail: NDArray, head: NDArray, positions: NDArray) -> NDArray:
    """Direction of each link in degrees, counted from the x axis towards the y axis; (L,)."""
    step = positions[head] - positions[tail]
    return np.degrees(np.arctan2(step[:, 1], step[:, 0]))


def turning_angles(heading: NDArray, link: NDArray, after: NDArray) -> NDArray:
    """Change of heading from `link` to `after` in degrees, in (-180, 180]; positive to the left, with y pointing up."""
    return 180.0 - (180.0 - (heading[after] - heading[link])) % 360.0


def node_positions(positions: ArrayLike | Mapping[Any, Any] | None, nodes: NDArray) -> NDArray | None:
    """(N, 2) float array in the order of `nodes`, from an array in that order or a mapping from node to (x, y)."""
    if positions is None:
        return None
    if isinstance(positions, Mapping):
        lacking = [node for node in nodes.tolist() if node not in positions]
        if lacking:
            raise ValueError(f"positions has no entry for node {lacking[0]!r}")
        positions = [positions[node] for node in nodes.tolist()]
    array = np.asarray(positions, dtype=float)
    if array.shape != (len(nodes), 2) or not np.isfinite(array).all():
        raise ValueError(f"positions must be {len(nodes)} finite pairs (x, y), one per node; got shape {array.shape}")
    return array


def links_between(start: NDArray, end: NDArray, tail: NDArray, head: NDArray, n_nodes: int) -> tuple[NDArray, NDArray]:
    """A link from each node of `start` to that of `end`, -1 where there is none, and how many such links there are."""
    key = tail * np.int64(n_nodes) + head
    order = np.argsort(key, kind="stable")
    wanted = start * np.int64(n_nodes) + end
    first = np.searchsorted(key[order], wanted, side="left")
    n_links = np.searchsorted(key[order], wanted, side="right") - first
    return np.where(n_links > 0, order[np.minimum(first, len(order) - 1)], -1), n_links
