"""Reward models: what turns coefficients into a reward per state or state-action pair, and pulls gradients back."""

from .linear import LinearReward

__all__ = ["LinearReward"]
