"""Worlds: each builds an `MDP` with features and, where it is known, the true reward.

Read `gridworld` first (grids drawn as text), then `objectworld` (a grid with a nonlinear reward), `bus_engine`
(optimal replacement) and `labyrinth` (a binary tree walked by mice).
"""

from .bus_engine import BusEngine, bus_demonstrations, usage_frequencies
from .gridworld import GridWorld
from .labyrinth import Labyrinth
from .objectworld import ObjectWorld

__all__ = ["BusEngine", "GridWorld", "Labyrinth", "ObjectWorld", "bus_demonstrations", "usage_frequencies"]
