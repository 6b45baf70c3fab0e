"""The one objective behind every estimator.

Reading order: `objective` (what an objective provides), `statistics` (what it needs of demonstrations), `task` (the objective of
one task, and the mathematics), `information` (what a fit tells), `separation` (features without a best coefficient).
"""

from .information import Covariance, IdentifiabilityWarning, Information
from .objective import Objective, ObjectivePoint
from .statistics import SufficientStatistics, sufficient_statistics
from .task import TaskObjective, TaskPoint

__all__ = [
    "Covariance",
    "IdentifiabilityWarning",
    "Information",
    "Objective",
    "ObjectivePoint",
    "SufficientStatistics",
    "TaskObjective",
    "TaskPoint",
    "sufficient_statistics",
]
