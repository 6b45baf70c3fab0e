"""What every estimator of a reward has once it is fitted: predictions, scores, standard errors and a summary."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._checks import check_indices
from ..demonstrations import Demonstrations
from ..inference.agent import SoftSolution
from ..likelihood.information import Covariance, Information
from ..routes.policies import GoalPolicies
from .files import write_model
from .fit import Fit
from .summary import FitSummary, summarise

if TYPE_CHECKING:

    class BaseEstimator:
        """What type checkers should know of scikit-learn's class, which has no types of its own."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Constructor parameters by name."""
            ...

        def set_params(self, **parameters: Any) -> Any:
            """Change constructor parameters."""
            ...

else:
    from sklearn.base import BaseEstimator


class RewardEstimator(BaseEstimator):
    """Base of the estimators that end with one reward.

    A subclass stores its parameters in the constructor, and sets `fit_` and the attributes below in `fit`. Everything else
    follows from `fit_`.

    Attributes
    ----------
    fit_ : Fit
        What was fitted: agent, reward model, demonstrations, objective, names.
    coef_ : (K,) array
        Parameters of the reward model; of a linear one, the coefficients of the features.
    """

    fit_: Fit
    coef_: NDArray  # (K,)
    reward_: NDArray  # (S,), (S, A) or (T, S, A)
    feature_gap_: NDArray  # (K,)
    log_likelihood_: float
    largest_gradient_: float
    converged_: bool
    n_iter_: int
    n_decisions_: int
    n_trajectories_: int
    notes_: dict[str, Any]  # of an estimator that was loaded: what was kept beside it

    covariance: str = "observed"

    @abstractmethod
    def fit(self, X: Any, y: None = None) -> RewardEstimator:
        """Recover the reward from demonstrations."""

    @property
    def reward_description_(self) -> str:
        """The form of the reward in a few words, for reports."""
        check_is_fitted(self)
        return f"{len(self.coef_):,} parameters"

    @property
    def demonstrations_(self) -> Demonstrations:
        """What the estimator was fitted on; its labels are those of the fit."""
        check_is_fitted(self)
        return self.fit_.demonstrations

    # The one policy, where there is one.

    @property
    def policy_(self) -> NDArray:
        """(S, A) or (T, S, A) policy of the fitted reward."""
        return self._only("policy_").policy

    @property
    def value_(self) -> NDArray:
        """(S,) or (T + 1, S) soft value of the fitted reward."""
        return self._only("value_").V

    @property
    def visitations_(self) -> NDArray:
        """(S, A) or (T, S, A) expected visitations of `policy_` from the demonstrated first states, per trajectory."""
        self._only("visitations_")
        return self.fit_.visitations

    def _only(self, name: str) -> SoftSolution:
        check_is_fitted(self)
        if self.fit_.has_goals:
            raise AttributeError(
                f"the demonstrations had goals, and so has every policy: there is no one {name}. Ask solve(goal=), "
                "goal_policies(), or predict_proba(..., goals=)"
            )
        return self.fit_.solve()

    def solve(self, goal: int | None = None) -> SoftSolution:
        """Solution of the fitted model: V, Q and policy; on the way to a goal, needed where the demonstrations had goals."""
        check_is_fitted(self)
        return self.fit_.solve(goal)

    def goal_policies(self) -> GoalPolicies:
        """The fitted reward's policies towards any goals: choices, trips, and the base of `maxent_irl.routes`."""
        check_is_fitted(self)
        return self.fit_.goal_policies

    # Predictions and scores.

    def predict_proba(
        self, states: ArrayLike, times: ArrayLike | None = None, *, goals: ArrayLike | None = None
    ) -> NDArray:
        """Probability of each action in the given states, (n, A).

        Parameters
        ----------
        states : (n,) int array
        times : (n,) int array, optional
            Steps already taken; needed, and only used, with a finite horizon.
        goals : int or (n,) int array, optional
            The goal on the way to which each decision is taken; any state, whether or not a demonstration had it. Needed where
            the demonstrations had goals.
        """
        check_is_fitted(self)
        if goals is not None:
            return self.fit_.goal_policies.probabilities(states, goals, times)
        self.fit_.check_goal(goals, "goals=, one or one per state")
        mdp, policy = self.fit_.agent.mdp, self.fit_.solve().policy
        states = check_indices("states", states, mdp.n_states)
        if mdp.horizon is None:
            return np.ascontiguousarray(policy[states])
        if times is None:
            raise ValueError("with a finite horizon the policy depends on time: pass times=, the steps already taken")
        times = check_indices("times", times, mdp.horizon, n_entries=len(states))
        return np.ascontiguousarray(policy[times, states])

    def predict(self, states: ArrayLike, times: ArrayLike | None = None, *, goals: ArrayLike | None = None) -> NDArray:
        """Most likely action in the given states, (n,); -1 where none is taken: in terminal states, goals and dead ends."""
        probabilities = self.predict_proba(states, times, goals=goals)
        return np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), -1)

    def score_samples(self, X: Any) -> NDArray:
        """Log-likelihood of each trajectory's decisions, (n,), in nats; weights do not enter.

        Raises
        ------
        ValueError
            For decisions that no reward makes possible, naming trajectory and step.
        """
        check_is_fitted(self)
        demonstrations = self.fit_.read(X)
        self._check_possible(demonstrations)
        return self.fit_.log_likelihoods(demonstrations)

    def score(self, X: Any, y: None = None) -> float:
        """Mean log-likelihood per decision, nats, each decision weighing its trajectory's weight."""
        check_is_fitted(self)
        demonstrations = self.fit_.read(X)
        self._check_possible(demonstrations)
        return self.fit_.log_likelihood(demonstrations) / float(demonstrations.weights @ demonstrations.lengths)

    def _check_possible(self, demonstrations: Demonstrations) -> None:
        if not self.fit_.has_goals or demonstrations.goals is not None:
            self.fit_.check_possible(demonstrations)

    def save(self, path: str | os.PathLike, **notes: Any) -> None:
        """Write the fitted estimator to an ``.npz`` file of plain arrays, nothing pickled; `maxent_irl.load` reads it.

        Parameters
        ----------
        path : path
        **notes
            What else to keep, as plain values: ``notes_`` of what is read.

        Raises
        ------
        ValueError
            For estimators and rewards that have no file format, and for labels that a file cannot hold.
        """
        check_is_fitted(self)
        write_model(self, path, **notes)

    # How sure.

    @property
    def information_(self) -> Information:
        """Information about the coefficients at the fit: curvature, scores, flat directions."""
        check_is_fitted(self)
        return self.fit_.information

    def coefficient_covariance(self, kind: str | None = None, groups: ArrayLike | None = None) -> Covariance:
        """Covariance of the coefficients, of any kind.

        Parameters
        ----------
        kind : "observed", "opg", "robust" or "clustered", optional
            None: the estimator's ``covariance``. `Information.covariance` says what each one is.
        groups : (n,) array of group labels, one per trajectory, optional
            For "clustered". None: those given to `fit`.
        """
        check_is_fitted(self)
        kind = self.covariance if kind is None else kind
        return self.fit_.information.covariance(kind, self.fit_.groups if groups is None else groups)

    @property
    def covariance_(self) -> NDArray:
        """(K, K) covariance of the coefficients, of the kind ``covariance`` names; see `Information.covariance`."""
        return self.coefficient_covariance().matrix

    @property
    def standard_errors_(self) -> NDArray:
        """(K,) standard errors of the coefficients: roots of the diagonal of `covariance_`."""
        return self.coefficient_covariance().standard_errors

    def summary(self, *, level: float = 0.95) -> FitSummary:
        """Table of coefficients with standard errors, and how well the model fits.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        Returns
        -------
        FitSummary
            Prints as a table for people; ``.coefficients`` is what ``pandas.DataFrame`` takes, ``.to_dict()`` is plain.
        """
        check_is_fitted(self)
        return summarise(self, level=level)
