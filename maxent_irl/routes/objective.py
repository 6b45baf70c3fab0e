"""The objective of demonstrations that each have their own goal: a sum over goals, never all in memory at once.

Goals share states, dynamics and features and differ in where they end. Where their problems are linear (undiscounted and
deterministic, as on road networks) `SharedGoals` solves them all with one factorisation. Otherwise `SeparateGoals` solves one
after the other. Both are an `Objective`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from functools import cached_property, reduce
from operator import add
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..inference.agent import SoftAgent
from ..likelihood import TaskObjective, TaskPoint
from ..likelihood.objective import Objective
from ..likelihood.statistics import (
    SparseWeights,
    SufficientStatistics,
    check_allowed,
    check_possible,
    sufficient_statistics,
)
from ..likelihood.task import information_equality, jacobian_of
from ..rewards import Features, RewardModel
from .parallel import shares, spread
from .sums import GoalSums, MoveRewards, Sums
from .systems import Moves, is_linear


def objective_of(
    agent: SoftAgent,
    reward_model: RewardModel,
    demonstrations: Demonstrations,
    weighting: str,
    *,
    n_jobs: int | None = None,
) -> Objective:
    """The objective of demonstrations with or without goals, in the form that is evaluated fastest.

    Parameters
    ----------
    agent : SoftAgent
        Its temperature finite and positive.
    reward_model : RewardModel
    demonstrations : Demonstrations
        Already validated against the MDP.
    weighting : "likelihood" or "feature-matching"
    n_jobs : int, optional
        Workers among which goals are divided; as joblib understands it.

    Raises
    ------
    ValueError
        For a decision that leads into a dead end or that the action prior forbids, naming trajectory and step.
    """
    if demonstrations.goals is None:
        return TaskObjective.of(agent, reward_model, demonstrations, weighting)
    statistics = sufficient_statistics(agent.mdp, demonstrations, weighting)
    kind = SharedGoals if is_linear(agent.mdp) else SeparateGoals
    return kind(agent, reward_model, statistics, demonstrations, n_jobs=n_jobs)


def task_points(point: Any) -> list[TaskPoint]:
    """A point of any objective of `objective_of` as points of one task each: itself, or one per goal, solved anew."""
    if isinstance(point, TaskPoint):
        return [point]
    objective: ManyGoals = point.objective
    return [objective.of_goal(i).at(point.theta, hessian=True) for i in range(len(objective.goals))]


class ManyGoals(ABC):
    """What objectives with goals share; see `Objective`.

    Parameters
    ----------
    agent : SoftAgent
        In the MDP without the goals; its temperature finite and positive.
    reward_model : RewardModel
    statistics : SufficientStatistics
        A row per demonstration.
    demonstrations : Demonstrations
        With goals.
    n_jobs : int, optional
    """

    uncorrelated: bool = True
    iterates: bool = False

    def __init__(
        self,
        agent: SoftAgent,
        reward_model: RewardModel,
        statistics: SufficientStatistics,
        demonstrations: Demonstrations,
        *,
        n_jobs: int | None = None,
    ) -> None:
        self.agent, self.reward_model, self.statistics, self.n_jobs = agent, reward_model, statistics, n_jobs
        self.goals, self.goal_of = np.unique(np.asarray(demonstrations.goals), return_inverse=True)
        self.rows = np.split(np.argsort(self.goal_of, kind="stable"), np.cumsum(np.bincount(self.goal_of))[:-1])
        self._prepare(demonstrations)
        check_allowed(demonstrations, agent.log_prior)
        self._add_up()

    def _add_up(self) -> None:
        self.pairs = SparseWeights(self.statistics.pairs)
        self.total_weight = float(self.pairs.weight.sum())
        self.log_prior = 0.0 if self.agent.log_prior is None else self.pairs.dot(self.agent.log_prior)

    def reweighted(self, weights: NDArray) -> Self:
        """The same objective with demonstration i counting ``weights[i]`` times as much; what was checked is shared."""
        new = copy(self)
        new.statistics = self.statistics.scaled(weights)
        new._add_up()
        return new

    @abstractmethod
    def _prepare(self, demonstrations: Demonstrations) -> None:
        """Check that the demonstrations are possible, and set up what evaluation needs."""

    @property
    def weighting(self) -> str:
        """How decisions count: "likelihood" or "feature-matching"."""
        return self.statistics.weighting

    @property
    def information_equality(self) -> bool:
        """Whether the objective is the log-likelihood of what was seen; see `information_equality`."""
        return information_equality(self.agent, self.weighting)

    def of_goal(self, i: int) -> TaskObjective:
        """The objective of one goal. It is built when it is needed: a thousand at once would not fit in memory."""
        agent = self.agent.with_goal(int(self.goals[i]))
        return TaskObjective(agent, self.reward_model, self.statistics.of(self.rows[i]))

    def in_order(self, by_goal: list[NDArray]) -> NDArray:
        """Rows (n_g, K) of the demonstrations of each goal, in the order of the demonstrations: (n, K)."""
        out = np.empty((len(self.goal_of), self.reward_model.n_parameters))
        out[np.concatenate(self.rows)] = np.concatenate(by_goal)
        return out


class SharedGoals(ManyGoals):
    """Trips to many goals in an undiscounted deterministic MDP that has no other end: one factorisation serves all goals."""

    def _prepare(self, demonstrations: Demonstrations) -> None:
        mdp = self.agent.mdp
        self.moves = Moves(mdp)
        self._check_possible(demonstrations)
        self._gathered: tuple[Features | None, Any] = (None, None)  # features, and their rows by move
        self._visits = self._visited(demonstrations)

    def _add_up(self) -> None:
        super()._add_up()
        # Dynamics are deterministic, so the continuation is the value of the next state.
        continued = self.statistics.continued @ self.agent.mdp.transitions
        self.states = sparse.csr_array(self.statistics.states + continued)
        self.sums = self._make_sums(self._visits)

    def _make_sums(self, visited: sparse.csr_array) -> GoalSums:
        log_prior = self.agent.log_prior
        prior = None if log_prior is None else log_prior.ravel()[self.moves.pair]
        return GoalSums(self.moves, prior, self.agent.temperature, self.goals, self.by_goal(self.states), visited)

    def _check_possible(self, demonstrations: Demonstrations) -> None:
        """Trips that got to their goal were possible; look at the others."""
        for goal, rows in zip(self.goals, self.rows, strict=True):
            rows = rows[~demonstrations.terminated[rows]]
            if len(rows):
                check_possible(self.agent.mdp.with_goal(int(goal)), demonstrations[rows], self.agent.inference)

    def _visited(self, demonstrations: Demonstrations) -> sparse.csr_array:
        ends = demonstrations.final_states >= 0
        goal = np.concatenate([self.goal_of[demonstrations.trajectory_ids], self.goal_of[ends]])
        state = np.concatenate([demonstrations.states, demonstrations.final_states[ends]])
        shape = (len(self.goals), self.agent.mdp.n_states)
        return sparse.csr_array((np.ones(len(goal)), (goal, state)), shape=shape)

    def by_goal(self, rows: sparse.csr_array) -> sparse.csr_array:
        """Sum the rows of all trips to the same goal."""
        n = len(self.goal_of)
        group = sparse.csr_array((np.ones(n), (self.goal_of, np.arange(n))), shape=(len(self.goals), n))
        return sparse.csr_array(group @ rows)

    def at(self, theta: NDArray, *, start: None = None, hessian: bool = False) -> SharedGoalsPoint:
        """Evaluate value and gradient, and the Hessian too if it will be asked for, in one pass."""
        point = SharedGoalsPoint(self, np.array(theta, dtype=float), hessian)
        _ = point.sums  # so that an improper problem is found here, where optimisers expect it
        return point

    def index_of(self, shape: tuple[int, ...]) -> NDArray:
        """(E,): which entry of a flat reward of this shape, (S,) or (A, S), each move earns."""
        return self.moves.source if len(shape) == 1 else self.moves.pair

    def gathered(self, features: Features) -> NDArray | sparse.csr_array:
        """Features of each move, (E, K); kept as long as the features are the same."""
        if self._gathered[0] is not features:
            self._gathered = (features, features.matrix[self.index_of(features.shape)])
        return self._gathered[1]

    def over_goals(self, method: str, rewards: MoveRewards, *more: Any) -> list[Any]:
        """Call a method of `GoalSums` for shares of the goals, side by side."""
        parts = shares(len(self.goals), self.n_jobs)
        return spread(_call, [(self.sums, method, rewards, which, *more) for which in parts], self.n_jobs)


def _call(sums: GoalSums, method: str, *arguments: Any) -> Any:
    return getattr(sums, method)(*arguments)


class SharedGoalsPoint:
    """The objective of `SharedGoals` at one parameter vector; see `ObjectivePoint`."""

    values = None  # a linear system needs nothing to start from

    def __init__(self, objective: SharedGoals, theta: NDArray, hessian: bool) -> None:
        self.objective, self.theta, self._with_hessian = objective, theta, hessian
        self.reward = objective.reward_model(theta)
        self._index = objective.index_of(self.reward.shape)

    @cached_property
    def features(self) -> Features:
        """Derivative of the reward with respect to the parameters."""
        return jacobian_of(self.objective.reward_model, self.theta)

    @cached_property
    def _rewards(self) -> MoveRewards:
        """Rewards of the moves, with their features."""
        return MoveRewards(self.reward.ravel()[self._index], self.objective.gathered(self.features))

    @cached_property
    def sums(self) -> Sums:
        """Sum over all goals, without the demonstrated rewards."""
        rewards = self._rewards if self._with_hessian else MoveRewards(self.reward.ravel()[self._index], None)
        return reduce(add, self.objective.over_goals("add_up", rewards, self._with_hessian))

    @cached_property
    def value(self) -> float:
        """L."""
        return self.objective.pairs.dot(self.reward) + self.sums.value

    @cached_property
    def mass(self) -> NDArray:
        """n + mu, in the shape of the reward: the derivative of L with respect to it."""
        size = self.reward.size
        pairs = self.objective.pairs
        demonstrated = np.bincount(pairs.index % size, pairs.weight, size)
        return (demonstrated + np.bincount(self._index, self.sums.flow, size)).reshape(self.reward.shape)

    @cached_property
    def gradient(self) -> NDArray:
        """(K,)."""
        return self.objective.reward_model.vjp(self.theta, self.mass)

    @cached_property
    def hessian(self) -> NDArray:
        """(K, K)."""
        H = self.sums.hessian
        if H is None:
            H = reduce(add, self.objective.over_goals("add_up", self._rewards, True)).hessian
        H = (H + H.T) / 2
        curvature = getattr(self.objective.reward_model, "curvature", None)
        return H if curvature is None else H + curvature(self.theta, self.mass)

    @property
    def step_hessian(self) -> NDArray:
        """The same."""
        return self.hessian

    def hessian_product(self, vector: NDArray, *, rtol: float = 0.0) -> NDArray:
        """(K,)."""
        gain = self.features.rewards(np.asarray(vector, dtype=float)).ravel()[self._index]
        moved = sum(self.objective.over_goals("products", self._rewards, gain))
        product = self.features.total(np.bincount(self._index, moved, self.reward.size))
        curvature = getattr(self.objective.reward_model, "curvature", None)
        return product if curvature is None else product + curvature(self.theta, self.mass) @ vector

    @cached_property
    def score_outer_product(self) -> NDArray:
        """(K, K)."""
        squared = self.objective.by_goal(self.objective.statistics.squared_pairs[:, self.objective.moves.pair])
        return sum(self.objective.over_goals("outer_products", self._rewards, squared))

    @cached_property
    def reach_moment(self) -> NDArray:
        """(K, K)."""
        return sum(self.objective.over_goals("reach_moments", self._rewards))

    def unit_scores(self) -> NDArray:
        """(n, K), in the order of the demonstrations."""
        objective = self.objective
        found = objective.over_goals("value_scores", self._rewards, [objective.states[rows] for rows in objective.rows])
        demonstrated = objective.statistics.pairs[:, objective.moves.pair] @ objective.gathered(self.features)
        if sparse.issparse(demonstrated):
            demonstrated = demonstrated.toarray()
        return demonstrated + objective.in_order([part for share in found for part in share])

    def reweighted(self, weights: NDArray) -> SharedGoalsPoint:
        """The objective with other weights of its demonstrations at the same parameters."""
        return self.objective.reweighted(weights).at(self.theta, hessian=True)

    def moved(self, theta: NDArray, last: SharedGoalsPoint) -> SharedGoalsPoint:
        """The objective at other parameters."""
        return self.objective.at(theta)

    def start_for(self, theta: NDArray) -> None:
        """Nothing: see `values`."""


class SeparateGoals(ManyGoals):
    """Demonstrations with many goals in any MDP: a `TaskObjective` for each goal, evaluated one after the other."""

    iterates = True

    def _prepare(self, demonstrations: Demonstrations) -> None:
        for goal, rows in zip(self.goals, self.rows, strict=True):
            check_possible(self.agent.mdp.with_goal(int(goal)), demonstrations[rows], self.agent.inference)

    def at(self, theta: NDArray, *, start: list[NDArray] | None = None, hessian: bool = False) -> SeparateGoalsPoint:
        """Evaluate value and gradient, and the Hessian too if it will be asked for, in one pass."""
        theta = np.array(theta, dtype=float)
        names = ("values", "value", "gradient", *(("step_hessian",) if hessian else ()))
        return SeparateGoalsPoint(self, theta, self.over_goals(theta, start, names, hessian))

    def over_goals(
        self, theta: NDArray, values: list[NDArray] | None, names: tuple[str, ...], hessian: bool, *arguments: Any
    ) -> dict[str, list[Any]]:
        """Attributes of each goal's `TaskPoint` (methods are called with the arguments), a list by goal for each name."""
        starts = [None] * len(self.goals) if values is None else values
        parts = shares(len(self.goals), self.n_jobs)
        work = [(self, theta, which, [starts[i] for i in which], names, hessian, arguments) for which in parts]
        found = [of_goal for share in spread(SeparateGoals._evaluate, work, self.n_jobs) for of_goal in share]
        return {name: [of_goal[k] for of_goal in found] for k, name in enumerate(names)}

    def _evaluate(
        self,
        theta: NDArray,
        which: NDArray,
        starts: list[NDArray | None],
        names: tuple[str, ...],
        hessian: bool,
        arguments: tuple[Any, ...],
    ) -> list[list[Any]]:
        def read(point: TaskPoint, name: str) -> Any:
            attribute = getattr(point, name)
            return attribute(*arguments) if callable(attribute) else attribute

        points = (
            self.of_goal(i).at(theta, start=start, hessian=hessian) for i, start in zip(which, starts, strict=True)
        )
        return [[read(point, name) for name in names] for point in points]


class SeparateGoalsPoint:
    """The objective of `SeparateGoals` at one parameter vector; see `ObjectivePoint`.

    Of each goal only V is kept. What was not asked for in the first pass takes another, started from it.
    """

    def __init__(self, objective: SeparateGoals, theta: NDArray, found: dict[str, list[Any]]) -> None:
        self.objective, self.theta, self.values = objective, theta, found.pop("values")
        self.__dict__.update({name: sum(parts) for name, parts in found.items()})

    def _by_goal(self, name: str, *arguments: Any) -> list[Any]:
        # One pass needs the gradient's solve only; all other names take one with K right-hand sides.
        hessian = name not in ("value", "gradient", "mass")
        return self.objective.over_goals(self.theta, self.values, (name,), hessian, *arguments)[name]

    @cached_property
    def value(self) -> float:
        """L."""
        return sum(self._by_goal("value"))

    @cached_property
    def gradient(self) -> NDArray:
        """(K,)."""
        return sum(self._by_goal("gradient"))

    @cached_property
    def mass(self) -> NDArray:
        """n + mu, in the shape of the reward."""
        return sum(self._by_goal("mass"))

    @cached_property
    def hessian(self) -> NDArray:
        """(K, K)."""
        return sum(self._by_goal("hessian"))

    @cached_property
    def step_hessian(self) -> NDArray:
        """(K, K)."""
        return sum(self._by_goal("step_hessian"))

    @cached_property
    def score_outer_product(self) -> NDArray:
        """(K, K)."""
        return sum(self._by_goal("score_outer_product"))

    @cached_property
    def reach_moment(self) -> NDArray:
        """(K, K)."""
        return sum(self._by_goal("reach_moment"))

    @cached_property
    def features(self) -> Features:
        """Derivative of the reward with respect to the parameters, the same for every goal."""
        return self.objective.of_goal(0).at(self.theta, start=self.values[0]).features

    def hessian_product(self, vector: NDArray, *, rtol: float = 0.0) -> NDArray:
        """(K,)."""
        return sum(self._by_goal("hessian_product", vector))

    def unit_scores(self) -> NDArray:
        """(n, K), in the order of the demonstrations."""
        return self.objective.in_order(self._by_goal("unit_scores"))

    def reweighted(self, weights: NDArray) -> SeparateGoalsPoint:
        """The objective with other weights of its demonstrations at the same parameters."""
        return self.objective.reweighted(weights).at(self.theta, start=self.values, hessian=True)

    def moved(self, theta: NDArray, last: SeparateGoalsPoint) -> SeparateGoalsPoint:
        """The objective at other parameters, near those of `last`."""
        return self.objective.at(theta, start=last.values)

    def start_for(self, theta: NDArray) -> list[NDArray]:
        """V of each goal here: a start for parameters nearby."""
        return self.values
