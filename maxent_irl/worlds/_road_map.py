"""What features and trips are made from: the data of a road network, which every `RoadNetwork` has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from ..mdp import MDP


class RoadMap(Protocol):
    """Directed links between nodes, and the states that a traveller can be in."""

    mdp: MDP
    nodes: NDArray  # (N,) names, sorted
    links: NDArray  # (L,) names
    tail: NDArray  # (L,) int, position in `nodes`
    head: NDArray  # (L,) int, position in `nodes`
    n_links: int
    n_nodes: int
    n_places: int  # links or nodes that are states
    entered: NDArray  # (n_places, A) int, link that each action enters, -1 where there is none
    attributes: dict[str, NDArray]  # (L,) float each
    road_class: NDArray | None  # (L,) names
    positions: NDArray | None  # (N, 2) float, x and y
    states: Literal["links", "nodes"]
    destinations: Literal["absorbing", "exits"]

    def numbered(self, names: Iterable[Any], of: str) -> NDArray:
        """Positions of named links or nodes, (n,) int; `of` is "links" or "nodes"."""
        ...
