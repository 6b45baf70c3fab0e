"""Worlds: each builds an `MDP` with features and, where it is known, the true reward.

Reading order: `gridworld` (grids drawn as text), `objectworld` and `binaryworld` (grids with nonlinear rewards), `bus_engine` and
`bus_records` (optimal replacement), `labyrinth` (a binary tree), `road_network` (trips with their own destinations).
`geometry` holds what maps of them need.
"""

from .binaryworld import BinaryWorld
from .bus_engine import BusEngine, EngineLogLikelihood
from .bus_records import bus_demonstrations, bus_usage, usage_frequencies
from .geometry import GridGeometry, NetworkGeometry, TreeGeometry
from .gridworld import GridWorld
from .labyrinth import Labyrinth
from .objectworld import ObjectWorld
from .road_network import RoadNetwork

__all__ = [
    "BinaryWorld",
    "BusEngine",
    "EngineLogLikelihood",
    "GridGeometry",
    "GridWorld",
    "Labyrinth",
    "NetworkGeometry",
    "ObjectWorld",
    "RoadNetwork",
    "TreeGeometry",
    "bus_demonstrations",
    "bus_usage",
    "usage_frequencies",
]
