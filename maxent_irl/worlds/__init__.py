"""Worlds: each builds an `MDP` with features and, where it is known, the true reward.

Read `gridworld` first (grids drawn as text), then `objectworld` (a grid with a nonlinear reward).
"""

from .gridworld import GridWorld
from .objectworld import ObjectWorld

__all__ = ["GridWorld", "ObjectWorld"]
