"""Metrics as scorers for scikit-learn: ``cross_val_score(estimator, demonstrations, scoring=...)``, higher is better.

Without ``scoring`` scikit-learn uses the estimator's own `score`, the mean log-likelihood per decision in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..demonstrations import Demonstrations
from ..demonstrations.labelled import demonstrations_for
from ..inference import soft_value_iteration
from ..routes import most_likely_paths, most_likely_routes
from .paths import path_match
from .policies import expected_value_difference, feature_expectation_gap, policy_kl


@dataclass(frozen=True, eq=False)
class ValueDifferenceScorer:
    """Minus the expected value difference of the policy that is optimal for the recovered reward.

    Parameters
    ----------
    true_reward : (S,) or (S, A) array
    temperature : float >= 0
        Of the policy that is judged. 0: the hard optimal policy of the recovered reward.
    """

    true_reward: ArrayLike
    temperature: float = 0.0

    def __call__(self, estimator: Any, X: Any = None, y: None = None) -> float:
        """Score a fitted estimator; the demonstrations do not matter."""
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
        """Score a fitted estimator; the demonstrations do not matter."""
        return -policy_kl(estimator.mdp, self.true_policy, estimator.policy_)


def feature_gap_scorer(estimator: Any, X: Any, y: None = None) -> float:
    """Minus the largest gap between demonstrated and expected features per decision, in units of the features.

    With goals, features are expected on the way to each demonstration's own goal.
    """
    data = demonstrations_for(estimator, X)
    if data.goals is not None:
        policy = estimator.goal_policies()
    else:  # a solution knows the dynamics of exact inference
        policy = estimator.solve() if hasattr(estimator, "solve") else estimator.policy_
    gap = feature_expectation_gap(estimator.mdp, estimator.features, policy, data)
    return -float(np.abs(gap).max())


@dataclass(frozen=True, eq=False)
class PathMatchScorer:
    """Mean share of path length predicted (Ziebart et al. 2008).

    Parameters
    ----------
    predict_paths : callable, optional
        ``predict_paths(estimator, demonstrations)`` returns one predicted path per demonstration. None: `likeliest_paths`.
    states : "nodes" or "links", optional
        What a state is, as for `path_match`; for a `RoadNetwork` pass ``network.states``.
    lengths : (S, A) or (S,) array, optional
        As for `path_match`.
    at_least_90 : bool
        Score the share of paths predicted to at least 90% instead.
    """

    predict_paths: Callable[[Any, Demonstrations], Any] | None = None
    states: str | None = None
    lengths: ArrayLike | None = None
    at_least_90: bool = False

    def __call__(self, estimator: Any, X: Any, y: None = None) -> float:
        """Score a fitted estimator on the paths that were taken."""
        data = demonstrations_for(estimator, X)
        predicted = (self.predict_paths or likeliest_paths)(estimator, data)
        result = path_match(data, predicted, states=self.states, lengths=self.lengths)
        return result.at_least_90 if self.at_least_90 else result.mean


def likeliest_paths(estimator: Any, demonstrations: Demonstrations) -> Demonstrations:
    """The most likely route from each demonstration's first state to its goal.

    Without goals, the most likely path of as many decisions as the demonstration has. That needs deterministic transitions.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    demonstrations : Demonstrations

    Raises
    ------
    ValueError
        For stochastic transitions without goals, for goals with a finite horizon, and for demonstrations without goals where the
        estimator was fitted to goals.
    """
    mdp, first = estimator.mdp, demonstrations.states[demonstrations.offsets[:-1]]
    if demonstrations.goals is not None:
        if mdp.horizon is not None:
            raise ValueError("with a finite horizon there is no most likely route to a goal: give predict_paths=")
        return most_likely_routes(estimator.goal_policies(), first, demonstrations.goals)
    if not hasattr(estimator, "policy_"):
        raise ValueError(
            "the estimator was fitted to demonstrations with goals, and these have none, so their paths cannot be predicted: "
            "give the demonstrations goals=, or predict_paths="
        )
    if not mdp.structure.deterministic:
        raise ValueError(
            "transitions are random, so the policy alone does not predict a path: score by log-likelihood instead (the "
            "estimator's own score), or give predict_paths="
        )
    return most_likely_paths(mdp, estimator.policy_, first, demonstrations.lengths)
