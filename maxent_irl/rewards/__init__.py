"""Reward models: what one must provide (`model`), features (`features`), and rewards linear in them (`linear`).

Rewards that are functions of `inputs`: Gaussian processes (`gaussian_process`), sums of trees (`stages`).
"""

from .features import Features
from .gaussian_process import GaussianProcessReward
from .inputs import Inputs
from .linear import LinearReward
from .model import RewardModel, SmoothRewardModel
from .stages import BoostedReward

__all__ = [
    "BoostedReward",
    "Features",
    "GaussianProcessReward",
    "Inputs",
    "LinearReward",
    "RewardModel",
    "SmoothRewardModel",
]
