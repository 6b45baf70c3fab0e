"""Paths as people write them, by links or by nodes, with gaps and repeats, turned into links laid end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._checks import check_choice
from ..demonstrations.labels import shown
from ..demonstrations.tables import Short
from ._road_links import links_between
from ._road_map import RoadMap

Gaps = Literal["error", "split", "drop"]
Repeats = Literal["error", "collapse"]
SHOWN_OFFENDERS = 5


@dataclass(frozen=True)
class Paths:
    """Links or nodes of all paths, one after another."""

    place: NDArray  # (n,) int, position among the links or nodes
    path: NDArray  # (n,) int, which path each belongs to, ascending
    step: NDArray  # (n,) int, where it stands in its path as it was written
    ids: tuple[Any, ...]  # names of the paths

    def chosen(self, rows: NDArray) -> Paths:
        """Those at these positions."""
        return Paths(self.place[rows], self.path[rows], self.step[rows], self.ids)

    @property
    def goes_on(self) -> NDArray:
        """(n - 1,) bool: whether the next place is of the same path."""
        return self.path[1:] == self.path[:-1]

    @property
    def sizes(self) -> NDArray:
        """(P,) places of each path."""
        return np.bincount(self.path, minlength=len(self.ids))

    def where(self, k: int) -> str:
        """``trip 'x', step 2``."""
        return f"trip {shown(self.ids[self.path[k]])}, step {self.step[k]}"


@dataclass(frozen=True)
class HowPaths:
    """What to do with paths that are no trips as they stand; options of `RoadNetwork.trips`."""

    gaps: Gaps = "error"
    repeats: Repeats = "error"
    short: Short = "error"

    def __post_init__(self) -> None:
        check_choice("gaps", self.gaps, ("error", "split", "drop"))
        check_choice("repeats", self.repeats, ("error", "collapse"))
        check_choice("short", self.short, ("error", "drop"))


def travelled_links(
    network: RoadMap, paths: Paths, of: str, least: int, how: HowPaths
) -> tuple[NDArray, NDArray, NDArray, tuple[Any, ...]]:
    """Links of all trips laid end to end, how many each trip has, which path each is of, and the names of the trips.

    Trips have `least` links or more. Pieces of paths that are split at gaps are named ``(id, 0)``, ``(id, 1)``, ...; pieces that
    are too short are left out.
    """
    if how.repeats == "collapse":
        again = np.append(False, paths.goes_on & (paths.place[1:] == paths.place[:-1]))[: len(paths.place)]
        paths = paths.chosen(~again)
    _check_sizes(paths, of, least, how)
    link, gap, says = _by_links(network, paths) if of == "links" else _by_nodes(network, paths)
    if gap.any() and how.gaps == "error":
        raise ValueError(_offenders(np.flatnonzero(gap), paths, says))
    broken = np.zeros(len(paths.ids), dtype=bool)
    broken[paths.path[:-1][gap]] = True  # paths with a gap
    piece = np.cumsum(np.append(0, ~paths.goes_on | gap))[: len(paths.place)]
    there = link >= 0
    link, piece, path = link[there], piece[there], paths.path[there]
    if how.gaps == "drop":
        whole = ~broken[path]
        link, piece, path = link[whole], piece[whole], path[whole]
    long = (np.bincount(piece) >= least)[piece] if len(piece) else np.zeros(0, dtype=bool)
    link, piece, path = link[long], piece[long], path[long]
    if not len(link):
        raise ValueError("no trip is left: all have gaps, or are too short")
    _, first, n_links = np.unique(piece, return_index=True, return_counts=True)
    origin = path[first]
    ids = []
    for k, i in enumerate(origin.tolist()):
        before = int(np.searchsorted(origin, i))
        ids.append((paths.ids[i], k - before) if broken[i] else paths.ids[i])
    return link, n_links, origin, tuple(ids)


def _check_sizes(paths: Paths, of: str, least: int, how: HowPaths) -> None:
    least += of == "nodes"
    short = np.flatnonzero(paths.sizes < least)
    if short.size and how.short == "error":
        raise ValueError(
            f"trip {shown(paths.ids[short[0]])} lists {paths.sizes[short[0]]} {of}; a decision takes at least {least}; "
            f"short='drop' leaves out all {short.size} such trips"
        )


def _by_links(network: RoadMap, paths: Paths) -> tuple[NDArray, NDArray, Callable[[int], str]]:
    """Links (n,), gaps after each place but the last (n - 1,), and what names a gap."""
    link = paths.place
    gap = paths.goes_on & (network.head[link[:-1]] != network.tail[link[1:]])

    def says(k: int) -> str:
        here, after = (shown(network.links[link[j]]) for j in (k, k + 1))
        return f"{paths.where(k)}: link {after} does not start where link {here} ends"

    return link, gap, says


def _by_nodes(network: RoadMap, paths: Paths) -> tuple[NDArray, NDArray, Callable[[int], str]]:
    """The link on from each node (n,), -1 from the last and where none joins; gaps (n - 1,), and what names a gap."""
    here, after = paths.place[:-1], paths.place[1:]
    link, n_links = links_between(here, after, network.tail, network.head, len(network.nodes))

    def says(k: int) -> str:
        start, end = (shown(network.nodes[node]) for node in (here[k], after[k]))
        return f"{paths.where(k)}, goes from node {start} to node {end}"

    several = np.flatnonzero(paths.goes_on & (n_links > 1))
    if several.size:
        k = int(several[0])
        raise ValueError(f"{says(k)}, which {n_links[k]} links join: give the trip as links")
    gap = paths.goes_on & (n_links == 0)
    return np.append(np.where(paths.goes_on, link, -1), -1), gap, lambda k: f"{says(k)}, which no link joins"


def _offenders(gaps: NDArray, paths: Paths, says: Callable[[int], str]) -> str:
    """The first gaps, how many there are, and what to do."""
    listed = "; ".join(says(int(k)) for k in gaps[:SHOWN_OFFENDERS])
    n_trips = len(np.unique(paths.path[gaps]))
    total = "" if len(gaps) <= SHOWN_OFFENDERS else f"; ... ({len(gaps)} gaps in all)"
    return f"{listed}{total}: {n_trips} of {len(paths.ids)} trips have gaps; say gaps='split' or gaps='drop', or correct them"
