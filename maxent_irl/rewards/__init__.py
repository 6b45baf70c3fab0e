"""Reward models: what one must provide (`model`), and features with the rewards linear in them (`linear`).

Rewards that are functions of `inputs`: Gaussian processes (`gaussian_process`), sums of trees (`stages`).
"""

from .gaussian_process import GaussianProcessReward
from .inputs import Inputs
from .linear import Features, LinearReward
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
