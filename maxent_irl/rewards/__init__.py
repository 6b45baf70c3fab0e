"""Reward models: what one must provide (`model`), features (`features`), and rewards linear in them (`linear`)."""

from .features import Features
from .linear import LinearReward
from .model import RewardModel, SmoothRewardModel

__all__ = ["Features", "LinearReward", "RewardModel", "SmoothRewardModel"]
