"""Worlds: each builds an `MDP` with features and, where it is known, the true reward.

Read `gridworld` first (grids drawn as text), then `objectworld` (a grid with a nonlinear reward), `bus_engine`
(optimal replacement), `labyrinth` (a binary tree walked by mice) and `road_network` (trips, each with its own destination).
"""

from .bus_engine import BusEngine, EngineLogLikelihood
from .bus_records import bus_demonstrations, bus_usage, usage_frequencies
from .gridworld import GridWorld
from .labyrinth import Labyrinth
from .objectworld import ObjectWorld
from .road_network import RoadNetwork

__all__ = [
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
