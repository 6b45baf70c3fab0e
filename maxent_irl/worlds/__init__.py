"""Worlds: each builds an `MDP` with features and, where it is known, the true reward.

Read `gridworld` first (grids drawn as text), then `objectworld` (a grid with a nonlinear reward), `bus_engine`
(optimal replacement), `labyrinth` (a binary tree walked by mice) and `road_network` (trips, each with its own destination).
`geometry` holds what maps of them need.
"""

from .bus_engine import BusEngine, bus_demonstrations, usage_frequencies
from .geometry import GridGeometry, NetworkGeometry, TreeGeometry
from .gridworld import GridWorld
from .labyrinth import Labyrinth
from .objectworld import ObjectWorld
from .road_network import RoadNetwork

__all__ = [
    "BusEngine",
    "GridGeometry",
    "GridWorld",
    "Labyrinth",
    "NetworkGeometry",
    "ObjectWorld",
    "RoadNetwork",
    "TreeGeometry",
    "bus_demonstrations",
    "usage_frequencies",
]
