"""Features of the moves of a road network: what the entered link is like, and how the traveller turns into it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..worlds import _road_links as links_
from ._road_map import RoadMap

TURNS = ("left", "right", "u-turn")


def features(network: RoadMap, names: Sequence[str]) -> NDArray:
    """Features of every move, (S, A, K); see `RoadNetwork.features`."""
    columns = [_column(network, name) for name in spelt_out(network, names)]
    if not columns:
        raise ValueError(f"name at least one feature of: {', '.join(_known(network))}")
    table = np.zeros((network.mdp.n_states, network.mdp.n_actions, len(columns)))
    there = network.entered >= 0
    for k, column in enumerate(columns):
        block = table[: network.n_places, : network.entered.shape[1], k]
        block[there] = column[network.entered[there]] if column.ndim == 1 else column[there]
    return table


def spelt_out(network: RoadMap, names: Sequence[str]) -> list[str]:
    """One name per column: "class" stands for every road class. Raise for unknown names."""
    spelt: list[str] = []
    for name in names:
        if name not in _known(network):
            raise ValueError(f"there is no feature {name!r}; there are: {', '.join(_known(network))}")
        if name == "class" and name not in network.attributes and network.road_class is not None:
            spelt += [f"class {kind}" for kind in np.unique(network.road_class)]
        else:
            spelt.append(name)
    return spelt


def _known(network: RoadMap) -> list[str]:
    known = [*network.attributes, "constant"]
    if network.road_class is not None:
        known += ["class", *(f"class {name}" for name in np.unique(network.road_class))]
    return known + (list(TURNS) if network.states == "links" else [])


def _column(network: RoadMap, name: str) -> NDArray:
    """(L,) values of the entered link, or (n_places, A) values of the move."""
    if name in network.attributes:
        return network.attributes[name]
    if name == "constant":
        return np.ones(network.n_links)
    if name in TURNS:
        return _turn(network, name)
    return np.asarray(network.road_class == name.removeprefix("class "), dtype=float)


def _turn(network: RoadMap, name: str) -> NDArray:
    """(L, A) indicator of a kind of turn."""
    link, after = np.arange(network.n_links)[:, None], network.entered
    back = network.head[after] == network.tail[link]
    if network.positions is None:
        if name != "u-turn":
            raise ValueError(f"{name!r} turns are read from coordinates: give the network positions=")
        return back.astype(float)
    angle = links_.turning_angles(links_.headings(network.tail, network.head, network.positions), link, after)
    back |= np.abs(angle) > links_.TURN_BACK
    side = angle if name == "left" else -angle
    return (back if name == "u-turn" else (side > links_.TURN) & ~back).astype(float)
