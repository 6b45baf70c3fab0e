"""Displays: what was recovered, drawn. The classes follow scikit-learn's manner.

``Display.from_estimator(...)`` or ``Display.from_...(...)`` computes, ``.plot(ax=None)`` draws and keeps every artist as an
attribute; matplotlib is imported only then. `plot_recovery` composes the figure that the command line writes.

Reading order: `layouts` (how the states of a world are put on a map), `grid_map` (one number per cell, and the layout of
grids), then any other. What all share: `axes`, `colours`, `colour_bar`, `keys` (keys, titles, notes), `names`, `intervals`.
"""

from ..worlds import GridGeometry as GridPlan
from .action_values import ActionValueDisplay
from .animation import RewardAnimation
from .calibration import CalibrationDisplay
from .coefficients import CoefficientsDisplay
from .colours import colour_map, colour_scale
from .comparison import RewardComparisonDisplay
from .components import ComponentsDisplay
from .convergence import ConvergenceDisplay
from .drift import DriftDisplay
from .grid_map import GridMapDisplay
from .intents import IntentsDisplay
from .layouts import Layout, MapLayout, is_drawable, layout_of
from .learning_curve import LearningCurveDisplay
from .network import NetworkMapDisplay
from .overview import plot_recovery
from .paths import PathsDisplay
from .policy import PolicyDisplay
from .positions import network_positions
from .quantities import estimator_map
from .state_curve import StateCurveDisplay
from .state_rewards import StateRewardsDisplay
from .tree import TreeMapDisplay

__all__ = [
    "ActionValueDisplay",
    "CalibrationDisplay",
    "CoefficientsDisplay",
    "ComponentsDisplay",
    "ConvergenceDisplay",
    "DriftDisplay",
    "GridMapDisplay",
    "GridPlan",
    "IntentsDisplay",
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
