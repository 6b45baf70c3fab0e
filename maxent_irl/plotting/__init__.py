"""Displays: what was recovered, drawn. The classes follow scikit-learn's manner.

``Display.from_estimator(...)`` or ``Display.from_...(...)`` computes, ``.plot(ax=None)`` draws and keeps every artist as an
attribute; matplotlib is imported only then. `plot_recovery` composes the figure that the command line writes.

Reading order: `_colours` and `_grid` (what all maps share), `_grid_map` (one number per cell), then any other.
"""

from ._action_values import ActionValueDisplay
from ._animation import RewardAnimation
from ._calibration import CalibrationDisplay
from ._coefficients import CoefficientsDisplay
from ._colours import colour_map, colour_scale
from ._comparison import RewardComparisonDisplay
from ._convergence import ConvergenceDisplay
from ._grid import GridPlan
from ._grid_map import GridMapDisplay
from ._learning_curve import LearningCurveDisplay
from ._network import NetworkMapDisplay, network_positions
from ._overview import plot_recovery
from ._paths import PathsDisplay
from ._policy import PolicyDisplay
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
    "LearningCurveDisplay",
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
    "network_positions",
    "plot_recovery",
]
