"""The layout of road networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..worlds import NetworkGeometry
from .colours import line_scale
from .layouts import Layout, Words, lay_out
from .network import NetworkMapDisplay
from .positions import network_positions
from .shapes import Shapes


class NetworkLayout(Layout):
    """The layout of a road network: one number per link, whether states are links or nodes; `marks` name nodes."""

    unit = "link"
    sums_goals = True

    def __init__(self, geometry: NetworkGeometry, marks: dict[str, Any] | None = None) -> None:
        self.geometry, self.marks = geometry, marks or {}
        self.n_states, self.name = geometry.n_states, geometry.name
        on_links = geometry.states == "links"
        self.words = Words(
            place=" on a link" if on_links else " at the node a link leaves",
            action_reward="reward of taking a link" + (",\nmean over the links before it" if on_links else ""),
            visits="times a link is entered, per trip",
            verb="entered",
            low="light and narrow",
            high="dark and wide",
        )

    @property
    def place_names(self) -> list[str]:
        """Name of each link."""
        return [f"link {link}" for link in self.geometry.links]

    def heading_for(self, goal: int | None) -> NetworkLayout:
        """The layout that marks the node of the goal."""
        if goal is None:
            return self
        return NetworkLayout(self.geometry, {**self.marks, "goal": self.geometry.node_of_state(goal)})

    def per_place(self, values: ArrayLike, *, total: bool = False) -> NDArray:
        """One number per link: see `NetworkGeometry.per_link`."""
        return self.geometry.per_link(values, total=total)

    def shapes(self) -> Shapes | None:
        """Links as lines, and the marked nodes."""
        edges, positions = self.geometry.edges, self.geometry.positions
        if positions is None:
            if self.geometry.lengths is None:
                return None
            positions = network_positions(edges, self.geometry.lengths)
        positions = np.asarray(positions, dtype=float) * (1, -1)
        span = float(np.nanmax(np.nanmax(positions, axis=0) - np.nanmin(positions, axis=0))) or 1.0
        size = span * float(np.clip(0.25 / np.sqrt(len(edges)), 0.002, 0.02))
        marks = {name: positions[node] for name, node in self.marks.items()}
        return Shapes("line", positions[edges], size, marks=marks)

    def scale(self, *arrays: ArrayLike, **options: Any) -> dict[str, Any]:
        """One colour scale for several maps of lines."""
        return line_scale(*arrays, **options)

    def display(self, values: NDArray, **options: Any) -> NetworkMapDisplay:
        """Map one number per link; options as for `NetworkMapDisplay`."""
        geometry = self.geometry
        where: dict[str, Any] = {"lengths": geometry.lengths, "marks": self.marks}
        return NetworkMapDisplay.from_edges(geometry.edges, values, geometry.positions, **where, **options)


@lay_out.register
def _(geometry: NetworkGeometry) -> Layout:
    return NetworkLayout(geometry)
