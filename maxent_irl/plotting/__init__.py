"""Displays: what was recovered, drawn. The classes follow scikit-learn's manner.

``Display.from_estimator(...)`` or ``Display.from_...(...)`` computes, ``.plot(ax=None)`` draws and keeps every artist as an
attribute; matplotlib is imported only then. `plot_recovery` composes the figure that the command line writes.

Reading order: `_layouts` (how the states of a world are put on a map), `_grid_map` (one number per cell, and the layout of
grids), then any other. What all share: `_axes`, `_colours`, `_colour_bar`, `_keys` (keys, titles, notes), `_names`, `_intervals`.
"""

from ..worlds import GridGeometry as GridPlan
from ._action_values import ActionValueDisplay
from ._animation import RewardAnimation
from ._calibration import CalibrationDisplay
from ._coefficients import CoefficientsDisplay
from ._colours import colour_map, colour_scale
from ._comparison import RewardComparisonDisplay
from ._convergence import ConvergenceDisplay
from ._grid_map import GridMapDisplay
from ._layouts import Layout, MapLayout, is_drawable, layout_of
from ._learning_curve import LearningCurveDisplay
from ._network import NetworkMapDisplay
from ._overview import plot_recovery
from ._paths import PathsDisplay
from ._policy import PolicyDisplay
from ._positions import network_positions
from ._quantities import estimator_map
from ._state_curve import StateCurveDisplay
from ._state_rewards import StateRewardsDisplay
from ._tree import TreeMapDisplay

__all__ = [
    "ActionValueDisplay",
    "CalibrationDisplay",
    "CoefficientsDisplay",
    "ConvergenceDisplay",
    "GridMapDisplay",
    "GridPlan",
    "Layout",
    "LearningCurveDisplay",
    "MapLayout",
    "NetworkMapDisplay",
    "PathsDisplay",
    "PolicyDisplay",
    "RewardAnimation",
    "RewardComparisonDisplay",
    "StateCurveDisplay",
    "StateRewardsDisplay",
    "TreeMapDisplay",
    "colour_map",
    "colour_scale",
    "estimator_map",
    "is_drawable",
    "layout_of",
    "network_positions",
    "plot_recovery",
]
