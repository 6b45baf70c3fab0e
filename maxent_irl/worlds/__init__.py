"""Worlds: each builds an `MDP` with features and, where it is known, the true reward.

Reading order: `gridworld` (grids drawn as text), `objectworld` and `binaryworld` (grids with nonlinear rewards), `bus_engine` and
`bus_records` (optimal replacement), `labyrinth` (a binary tree), `road_network` (trips with their own destinations).
"""

from .binaryworld import BinaryWorld
from .bus_engine import BusEngine, EngineLogLikelihood
from .bus_records import bus_demonstrations, bus_usage, usage_frequencies
from .gridworld import GridWorld
from .labyrinth import Labyrinth
from .objectworld import ObjectWorld
from .road_network import RoadNetwork

__all__ = [
    "BinaryWorld",
    "BusEngine",
    "EngineLogLikelihood",
    "GridWorld",
    "Labyrinth",
    "ObjectWorld",
    "RoadNetwork",
    "bus_demonstrations",
    "bus_usage",
    "usage_frequencies",
]
