"""Metrics as scorers for scikit-learn: ``cross_val_score(estimator, demonstrations, scoring=...)``, higher is better.

Without ``scoring`` an estimator's own `score` is used, the mean log-likelihood per decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..demonstrations import Demonstrations
from ..inference import soft_value_iteration
from .paths import path_match
from .policies import expected_value_difference, feature_expectation_gap, policy_kl


@dataclass(frozen=True, eq=False)
class ValueDifferenceScorer:
    """Minus the expected value difference of the policy that is optimal for the recovered reward.

    Parameters
    ----------
    true_reward : (S,) or (S, A) array
    temperature : float >= 0
        0 judges the hard optimal policy of the recovered reward, otherwise the soft one.
    """

    true_reward: ArrayLike
    temperature: float = 0.0

    def __call__(self, estimator: Any, X: Any = None, y: None = None) -> float:
        """Score a fitted estimator; the demonstrations are not looked at."""
        prior = estimator.action_prior
        solution = soft_value_iteration(
            estimator.mdp, estimator.reward_, temperature=self.temperature, action_prior=prior
        )
        return -expected_value_difference(
            estimator.mdp, self.true_reward, solution.policy, temperature=self.temperature, action_prior=prior
        )


@dataclass(frozen=True, eq=False)
class PolicyDivergenceScorer:
    """Minus the mean divergence per decision of the recovered policy from the true one.

    Parameters
    ----------
    true_policy : (S, A) or (T, S, A) array
    """

    true_policy: ArrayLike

    def __call__(self, estimator: Any, X: Any = None, y: None = None) -> float:
        """Score a fitted estimator; the demonstrations are not looked at."""
        return -policy_kl(estimator.mdp, self.true_policy, estimator.policy_)


def feature_gap_scorer(estimator: Any, X: Any, y: None = None) -> float:
    """Minus the largest gap per decision between demonstrated and expected features."""
    data = X if isinstance(X, Demonstrations) else Demonstrations(X)
    gap = feature_expectation_gap(estimator.mdp, estimator.features, estimator.policy_, data)
    return -float(np.abs(gap).max())


@dataclass(frozen=True, eq=False)
class PathMatchScorer:
    """Mean share of path length predicted (Ziebart et al. 2008).

    Parameters
    ----------
    predict_paths : callable
        ``predict_paths(estimator, demonstrations)`` returns one predicted path per demonstration.
    lengths : (S, A) array, optional
    at_least_90 : bool
        Score the share of paths predicted to at least 90% instead.
    """

    predict_paths: Callable[[Any, Demonstrations], Any]
    lengths: ArrayLike | None = None
    at_least_90: bool = False

    def __call__(self, estimator: Any, X: Any, y: None = None) -> float:
        """Score a fitted estimator on the paths that were taken."""
        data = X if isinstance(X, Demonstrations) else Demonstrations(X)
        result = path_match(data, self.predict_paths(estimator, data), lengths=self.lengths)
        return result.at_least_90 if self.at_least_90 else result.mean
