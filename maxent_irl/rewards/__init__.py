"""Reward models: what one must provide (`model`), and features with the rewards linear in them (`linear`)."""

from .linear import Features, LinearReward
from .model import RewardModel, SmoothRewardModel

__all__ = ["Features", "LinearReward", "RewardModel", "SmoothRewardModel"]
