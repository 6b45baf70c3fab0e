"""What a fitted estimator knows: all that uncertainty, plotting and metrics read of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..demonstrations import Demonstrations
from ..demonstrations.labelled import as_demonstrations
from ..inference.agent import SoftAgent, SoftSolution
from ..inference.brief_repr import BriefRepr
from ..inference.visitations import expected_visitations
from ..likelihood.information import Information
from ..likelihood.objective import Objective, ObjectivePoint
from ..likelihood.recession import Recession
from ..likelihood.separation import pairs_in_reach
from ..likelihood.statistics import check_possible, sufficient_statistics
from ..likelihood.task import TaskObjective, TaskPoint
from ..rewards import RewardModel, SmoothRewardModel
from ..routes.objective import objective_of
from ..routes.policies import GoalPolicies
from .undetermined import feature_size

COVARIANCE_FEATURES = (
    2048  # beyond this many, K x K matrices and (S, K) sensitivities outgrow what the fit itself needs
)


@dataclass(frozen=True, eq=False, repr=False)
class Fit(BriefRepr):
    """A fitted reward: who acts, by which reward model, and what it was fitted to.

    What can be computed from these is computed when first asked for and then kept; it does not travel between processes.

    Attributes
    ----------
    agent : SoftAgent
    reward_model : RewardModel
    theta : (K,) array
        Parameters of the reward model.
    demonstrations : Demonstrations
    weighting : str
        "likelihood" or "feature-matching".
    names : list of str
        Of the parameters.
    groups : (n,) array or None
        Label of each trajectory's group.
    l2 : float
        Precision of the prior.
    n_jobs : int or None
        Workers among which goals are divided.
    solution : SoftSolution or None
        Of the fitted reward; None where each goal has one of its own.
    start : Any
        Values V from which the objective is solved again at `theta`.
    recession : Recession or None
        Directions without a finite maximum; None: not looked for.
    """

    agent: SoftAgent
    reward_model: RewardModel
    theta: NDArray  # (K,)
    demonstrations: Demonstrations
    weighting: str
    names: list[str]
    groups: NDArray | None  # (n,)
    l2: float
    n_jobs: int | None = None
    solution: SoftSolution | None = field(default=None, repr=False)
    start: Any = field(default=None, repr=False)
    recession: Recession | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    @property
    def has_goals(self) -> bool:
        """Whether the demonstrations had goals, so that each goal has a policy of its own."""
        return self.demonstrations.goals is not None

    @cached_property
    def reward(self) -> NDArray:
        """The fitted reward: (S,), (S, A) or (T, S, A) array."""
        reward = self.reward_model(self.theta)
        return reward if reward.ndim == 1 else np.swapaxes(reward, -1, -2)

    # Forward.

    def check_goal(self, goal: Any, argument: str = "goal=") -> None:
        """Raise where the demonstrations had goals and none is given; `argument` is what the caller should pass."""
        if goal is None and self.has_goals:
            raise ValueError(f"the demonstrations had goals, and so has every policy: pass {argument}")

    def solve(self, goal: int | None = None) -> SoftSolution:
        """V, Q and policy of the fitted reward; on the way to a goal, needed where the demonstrations had goals."""
        self.check_goal(goal)
        if goal is not None:
            return self.agent.with_goal(goal).solve(self.reward)
        return self.agent.solve(self.reward) if self.solution is None else self.solution

    @cached_property
    def goal_policies(self) -> GoalPolicies:
        """The fitted reward's policies towards any goals."""
        agent = self.agent
        return GoalPolicies(
            agent.mdp,
            self.reward,
            temperature=agent.temperature,
            action_prior=agent.action_prior,
            inference=agent.inference,
            n_jobs=self.n_jobs,
        )

    @cached_property
    def first_states(self) -> NDArray:
        """(S,) array: distribution of the demonstrated first states, trajectories by their weight."""
        data = self.demonstrations
        first = np.bincount(data.states[data.offsets[:-1]], weights=data.weights, minlength=self.agent.mdp.n_states)
        return first / first.sum()

    @cached_property
    def visitations(self) -> NDArray:
        """(S, A) or (T, S, A) expected visitations from the demonstrated first states, per trajectory."""
        return expected_visitations(self.agent.mdp, self.solve(), initial=self.first_states)

    # Other demonstrations.

    def read(self, given: Any) -> Demonstrations:
        """What is given as Demonstrations in the labels of the fit, checked against its MDP."""
        demonstrations = as_demonstrations(given, self.demonstrations)
        demonstrations.validate_against(self.agent.mdp)
        return demonstrations

    def log_probabilities(self, demonstrations: Demonstrations) -> NDArray:
        """Log-probability of every decision, (N,), -inf for the impossible."""
        s, a, t = demonstrations.states, demonstrations.actions, demonstrations.times
        if demonstrations.goals is None:
            self.check_goal(None, "demonstrations with theirs, Demonstrations(..., goals=...)")
            return self.solve().log_probabilities(s, a, t)
        goals = demonstrations.goals[demonstrations.trajectory_ids]
        return self.goal_policies.log_probabilities(s, a, goals, t)

    def log_likelihoods(self, demonstrations: Demonstrations) -> NDArray:
        """Log-likelihood of each trajectory's decisions, (n,), whatever its weight."""
        return np.add.reduceat(self.log_probabilities(demonstrations), demonstrations.offsets[:-1])

    def log_likelihood(self, demonstrations: Demonstrations) -> float:
        """Their sum by the weights of the trajectories; a trajectory of weight zero may be impossible."""
        weights = demonstrations.weights
        return float(weights @ np.where(weights > 0, self.log_likelihoods(demonstrations), 0.0))

    def check_possible(self, demonstrations: Demonstrations) -> None:
        """Raise for the first decision that no reward of this agent makes possible, naming trajectory and step."""
        if demonstrations.goals is None:
            check_possible(self.agent.mdp, demonstrations, self.agent.inference)
            return
        log_p = self.log_probabilities(demonstrations)
        for i in np.unique(demonstrations.trajectory_ids[np.isneginf(log_p)])[:1]:
            goal = self.agent.mdp.with_goal(int(demonstrations.goals[i]))
            check_possible(goal, demonstrations[[i]], self.agent.inference)

    # How sure.

    def objective_for(self, demonstrations: Demonstrations) -> Objective:
        """The same objective of other demonstrations."""
        if demonstrations.goals is None:
            return TaskObjective.of(self.agent, self.reward_model, demonstrations, self.weighting)
        return objective_of(self.agent, self.reward_model, demonstrations, self.weighting, n_jobs=self.n_jobs)

    @property
    def demonstrated_features(self) -> NDArray:
        """Features of the demonstrated decisions, per decision, (K,): what the fit makes the expected ones match."""
        statistics = sufficient_statistics(self.agent.mdp, self.demonstrations, self.weighting)
        pairs = np.asarray(statistics.pairs.sum(axis=0)).ravel()
        features = self.point.features
        size = int(np.prod(features.shape))
        mass = np.bincount(np.arange(len(pairs)) % size, pairs, size)
        return features.total(mass) / pairs.sum()

    @cached_property
    def objective(self) -> Objective:
        """The objective of the fit."""
        return self.objective_for(self.demonstrations)

    @cached_property
    def point(self) -> ObjectivePoint:
        """The objective at the fitted parameters."""
        smooth = isinstance(self.reward_model, SmoothRewardModel)
        return self.objective.at(self.theta, start=self.start, hessian=smooth)

    @cached_property
    def information(self) -> Information:
        """Information about the parameters: curvature, scores, flat directions, in nats."""
        K, alpha = len(self.theta), self.agent.temperature
        if K > COVARIANCE_FEATURES:
            raise ValueError(
                f"standard errors of {K} coefficients need several arrays of {K} x {K} numbers: use at most "
                f"{COVARIANCE_FEATURES} features, or maxent_irl.uncertainty.bootstrap, which needs none"
            )
        point, objective = self.point, self.objective
        return Information(
            curvature=-point.hessian / alpha,
            outer_product=point.score_outer_product / alpha**2,
            scores=point.unit_scores() / alpha,
            weights=self.demonstrations.weights,
            coef=self.theta,
            reach_moment=point.reach_moment,
            size=feature_size(point.features, self.agent.mdp, alpha, objective.total_weight),
            l2=self.l2,
            equality=objective.information_equality,
            uncorrelated=objective.uncorrelated,
            unbounded=None if self.recession is None else self.recession.span,
        )

    @cached_property
    def pairs_in_reach(self) -> tuple[NDArray, NDArray]:
        """Which state-action pairs can happen after some demonstrated state, and which did, (A, S) bool each."""
        return pairs_in_reach(self.agent.mdp, self.demonstrations, self.agent.inference)


def keep(estimator: Any, new: Fit, point: ObjectivePoint | None) -> None:
    """Set on an estimator what follows from its fit and from the objective at the fitted parameters."""
    assert point is not None  # fits start where the soft value is finite and keep to such points
    demonstrations = new.demonstrations
    estimator.coef_ = point.theta.copy()
    solution = point.solution.released() if isinstance(point, TaskPoint) else None
    estimator.fit_ = replace(new, theta=estimator.coef_, solution=solution, start=point.values)
    estimator.reward_ = estimator.fit_.reward
    estimator.feature_gap_ = point.gradient / new.objective.total_weight
    counted = demonstrations.weights > 0
    estimator.n_decisions_, estimator.n_trajectories_ = int(demonstrations.lengths[counted].sum()), int(counted.sum())
    estimator.log_likelihood_ = estimator.fit_.log_likelihood(demonstrations)
