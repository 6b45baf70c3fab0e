"""Displays: what was recovered, drawn. The classes follow scikit-learn's manner.

``Display.from_estimator(...)`` or ``Display.from_...(...)`` computes, ``.plot(ax=None)`` draws and keeps every artist as an
attribute; matplotlib is imported only then. `plot_recovery` composes the figure that the command line writes.

Reading order: `layouts` (how the states of a world are put on a map), `grid_map` (one number per cell, and the layout of
grids), then any other. What all share: `style` (the house style), `colours`, `axes`, `colour_bar`, `keys` (keys, titles, notes),
`names`, `intervals`.
"""

from ..worlds import GridGeometry as GridPlan
from .action_values import ActionValueDisplay
from .animation import RewardAnimation
from .calibration import CalibrationDisplay
from .coefficients import CoefficientsDisplay
from .colours import colour_map, colour_scale, error_colour_map
from .comparison import RewardComparisonDisplay
from .convergence import ConvergenceDisplay
from .grid_map import GridMapDisplay
from .layouts import Layout, MapLayout, is_drawable, layout_of
from .learning_curve import LearningCurveDisplay
from .network import NetworkMapDisplay
from .network_layout import NetworkLayout
from .over_time import BandsDisplay, SharesDisplay
from .overview import plot_recovery
from .paths import PathsDisplay
from .places import PlacesLayout, PlacesMapDisplay
from .policy import PolicyDisplay
from .positions import network_positions
from .quantities import estimator_map
from .side_by_side import SideBySideDisplay
from .state_curve import StateCurveDisplay
from .state_rewards import StateRewardsDisplay
from .style import house_style, plain_style
from .tree import TreeMapDisplay

__all__ = [
    "ActionValueDisplay",
    "BandsDisplay",
    "CalibrationDisplay",
    "CoefficientsDisplay",
    "ConvergenceDisplay",
    "GridMapDisplay",
    "GridPlan",
    "Layout",
    "LearningCurveDisplay",
    "MapLayout",
    "NetworkLayout",
    "NetworkMapDisplay",
    "PathsDisplay",
    "PlacesLayout",
    "PlacesMapDisplay",
    "PolicyDisplay",
    "RewardAnimation",
    "RewardComparisonDisplay",
    "SharesDisplay",
    "SideBySideDisplay",
    "StateCurveDisplay",
    "StateRewardsDisplay",
    "TreeMapDisplay",
    "colour_map",
    "colour_scale",
    "error_colour_map",
    "estimator_map",
    "house_style",
    "is_drawable",
    "layout_of",
    "network_positions",
    "plain_style",
    "plot_recovery",
]
