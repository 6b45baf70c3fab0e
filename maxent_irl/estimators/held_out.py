"""Demonstrations that are held out of a fit, to say when to stop it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from .._checks import check_interval
from ..demonstrations import Demonstrations
from ..demonstrations.labelled import as_demonstrations
from ..likelihood.objective import Objective, with_reward_model
from ..likelihood.task import at_same_reward
from ..mdp import MDP


def split(
    demonstrations: Demonstrations, mdp: MDP, validation: Any, fraction: float | None, random_state: Any
) -> tuple[NDArray, Demonstrations | None]:
    """Indices of the trajectories to fit, and the demonstrations to hold out.

    Parameters
    ----------
    demonstrations : Demonstrations
    mdp : MDP
    validation : demonstrations given for this purpose, or None
    fraction : float in (0, 1) or None
        Of the trajectories to hold out if none are given; None holds out nothing.
    random_state : int, RandomState or None
    """
    n = len(demonstrations)
    if validation is not None:
        held_out = as_demonstrations(validation, demonstrations)
        held_out.validate_against(mdp)
        if (held_out.goals is None) != (demonstrations.goals is None):
            raise ValueError("validation and demonstrations must both have goals, or neither")
        return np.arange(n), held_out
    if fraction is None:
        return np.arange(n), None
    check_interval("validation_fraction", fraction, 0.0, 1.0)
    if n < 2:
        raise ValueError(
            "one trajectory cannot be divided into some to fit and some to hold out: give validation=, or "
            "validation_fraction=None"
        )
    kept, out = train_test_split(np.arange(n), test_size=fraction, random_state=random_state)
    return np.sort(kept), demonstrations[np.sort(out)]


@dataclass
class Patience:
    """When to stop: `patience` rounds without a better score.

    Attributes
    ----------
    best : int
        Round of the best score.
    scores : list of float
    """

    patience: int
    min_gain: float = 0.0
    best: int = 0
    scores: list[float] = field(default_factory=list)

    def note(self, score: float) -> bool:
        """Take down a score; return whether it is the best so far."""
        self.scores.append(score)
        better = len(self.scores) == 1 or score > self.scores[self.best] + self.min_gain
        if better:
            self.best = len(self.scores) - 1
        return better

    @property
    def exhausted(self) -> bool:
        """Whether it is time to stop."""
        return len(self.scores) - 1 - self.best >= self.patience


def log_likelihood_per_decision(objective: Objective, point: Any) -> float:
    """Of an objective with the reward at a point of another, nats."""
    same = with_reward_model(objective, point.objective.reward_model)
    value = at_same_reward(same, point.theta, point).value
    return (value / same.agent.temperature + same.log_prior) / same.total_weight
