"""Rewards linear in features: ``r = features @ coef``."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ..mdp import MDP
from .features import Features


class LinearReward:
    """A linear map from coefficients to rewards.

    Parameters
    ----------
    mdp : MDP
    features : as for `Features`

    Attributes
    ----------
    features : Features
    n_parameters : int
        K.

    Raises
    ------
    ValueError
        As `Features`.
    """

    features: Features
    n_parameters: int

    def __init__(self, mdp: MDP, features: Any = None) -> None:
        self.features = Features(mdp, features)
        self.n_parameters = self.features.n_features

    def __call__(self, coef: NDArray) -> NDArray:
        """Reward for coefficients (K,): (S,), (A, S) or (T, A, S)."""
        return self.features.rewards(coef)

    def vjp(self, coef: NDArray, mass: NDArray) -> NDArray:
        """Total features of a mass with the shape of the reward, (K,): the transpose of the features, whatever `coef`."""
        return self.features.total(mass)

    def jacobian(self, coef: NDArray) -> Features:
        """The features."""
        return self.features
