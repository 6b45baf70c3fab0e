"""Trips on a road network, from a table of links and a table of trips."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..demonstrations import Demonstrations
from ..demonstrations.cells import is_number
from ..demonstrations.table_sources import read_columns
from ..worlds import RoadNetwork

ENDS = {"from": ("from", "tail", "u", "source"), "to": ("to", "head", "v", "target")}
MOST_NODES = 1000  # of a network that is laid out by the lengths of its links
NOT_WITH_LINKS = (
    "mdp",
    "features",
    "grid",
    "discount",
    "horizon",
    "smoothing",
    "action",
    "next_state",
    "goal",
    "weight",
)


@dataclass(frozen=True)
class Trips:
    """Trips, the network they are on, and the features of its moves; `columns` says what was read."""

    demonstrations: Demonstrations
    network: RoadNetwork
    features: NDArray  # (S, A, K)
    feature_names: list[str]
    columns: str
    id_column: str

    @property
    def has_map(self) -> bool:
        """Whether the network can be laid out: by lengths, unless it is large."""
        return "length" in self.network.attributes and self.network.n_nodes <= MOST_NODES


def read_trips(path: Path, options: argparse.Namespace) -> Trips:
    """Read what ``--links`` and the table of trips hold.

    Features of a move are the numbers of the link that is entered, a constant, and u-turns where links are states.

    Raises
    ------
    ValueError
        For columns that are missing, options that mean nothing here, and trips that leave the network.
    """
    for name in NOT_WITH_LINKS:
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name.replace('_', '-')} does not go with --links: the network gives the problem, the features and the goals"
            )
    network, attributes, left_out = _network(options.links, "nodes" if options.nodes else "links", options.delimiter)
    header = _header(path, options.delimiter)
    id_column = _column(options.id, "--id", ("trip", "id"), header, path)
    place = _column(options.state, "--state", ("node", "state") if options.nodes else ("link", "state"), header, path)
    step = options.time or next((name for name in ("time", "step") if name in header), None)
    how: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("time_format", "ties", "short", "gaps")
        if getattr(options, name) is not None
    }
    kind: dict[str, Any] = {"node": place} if options.nodes else {"link": place}
    trips = network.trips_from_csv(path, trip=id_column, step=step, delimiter=options.delimiter, **kind, **how)
    names = [*attributes, "constant", *(() if options.nodes else ("u-turn",))]
    features = network.features(*names)
    kept = [k for k in range(len(names)) if np.ptp(features[..., k][network.mdp.available]) or names[k] == "constant"]
    places = network.nodes if options.nodes else network.links
    columns = f"trip {id_column!r}, {'node' if options.nodes else 'link'} {place!r}" + (
        f", order {step!r}" if step else ""
    )
    columns += f"; of {options.links.name}: {', '.join(attributes) or 'no numbers'}"
    columns += f" (no numbers, left out: {', '.join(left_out)})" if left_out else ""
    labelled = trips.changed(state_labels=tuple(places.tolist()))
    return Trips(labelled, network, features[..., kept], [names[k] for k in kept], columns, id_column)


def _network(
    path: Path, states: Literal["links", "nodes"], delimiter: str | None
) -> tuple[RoadNetwork, list[str], list[str]]:
    """The network, the columns that are features, and those that are not numbers."""
    header = _header(path, delimiter)
    ends = {}
    for end, names in ENDS.items():
        found = next((name for name in names if name in header), None)
        if found is None:
            raise ValueError(f"{path} needs a column {end!r}; its columns are {', '.join(header)}")
        ends[end] = found
    link = next((name for name in ("link", "link_id", "id") if name in header), None)
    others = [name for name in header if name not in (*ends.values(), link)]
    table = read_columns(path, {name: name for name in others}, delimiter) if others else None
    attributes = [name for name in others if table is not None and _all_numbers(table.columns[name])]
    network = RoadNetwork.from_csv(
        path, tail=ends["from"], head=ends["to"], link=link, attributes=attributes, delimiter=delimiter, states=states
    )
    return network, attributes, [name for name in others if name not in attributes]


def _all_numbers(column: NDArray) -> bool:
    return column.dtype.kind in "iufb" or all(isinstance(cell, str) and is_number(cell) for cell in column.tolist())


def _header(path: Path, delimiter: str | None) -> tuple[str, ...]:
    seen: list[tuple[str, ...]] = []

    def look(header: tuple[str, ...]) -> dict[str, Any]:
        seen.append(header)
        return {}

    read_columns(path, look, delimiter)
    return seen[-1]


def _column(given: Any, option: str, usual: tuple[str, ...], header: tuple[str, ...], path: Path) -> str:
    if isinstance(given, list):
        if len(given) > 1:
            raise ValueError(f"{option} is given {len(given)} times, and names one column with --links")
        (given,) = given
    name = given or next((name for name in usual if name in header), None)
    if name is None:
        raise ValueError(
            f"{path} has no column {' or '.join(map(repr, usual))}: name it with {option}; it has {', '.join(header)}"
        )
    return str(name)
