"""The objective of demonstrations that each have their own goal: a sum over goals, never all in memory at once.

Goals are tasks that share states, dynamics and features and differ in where they end. Where their problems are linear
(undiscounted and deterministic, as on road networks) `SharedGoals` serves them all from one factorisation; otherwise
`SeparateGoals` solves one after the other. Both look like a `TaskLikelihood` to those who climb them.
"""

from __future__ import annotations

from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._goal_sums import GoalSums, Sums
from ._goal_systems import Moves, is_linear
from ._parallel import shares, spread
from ._validation import check_action_prior
from .demonstrations import Demonstrations
from .likelihood import TaskLikelihood, TaskPoint
from .mdp import MDP
from .rewards import LinearReward
from .sufficient_statistics import SparseWeights, SufficientStatistics, check_possible, sufficient_statistics
from .task_sums import SUMS, Likelihood


def likelihood_of(
    mdp: MDP,
    reward_model: LinearReward,
    demonstrations: Demonstrations,
    *,
    objective: str,
    temperature: float,
    action_prior: NDArray | None,
    inference: str,
    n_jobs: int | None = None,
) -> Likelihood:
    """The objective of demonstrations with or without goals, in the form that is evaluated fastest.

    Parameters
    ----------
    mdp : MDP
    reward_model : LinearReward
    demonstrations : Demonstrations
        Already validated against `mdp`.
    objective, temperature, action_prior, inference
        As for `MaxEntIRL`.
    n_jobs : int, optional
        Workers among which goals are divided; as joblib understands it.

    Raises
    ------
    ValueError
        For a decision that runs into a dead end, naming trajectory and step.
    """
    statistics = sufficient_statistics(mdp, demonstrations, objective)
    options: dict[str, Any] = {"temperature": temperature, "action_prior": action_prior, "inference": inference}
    if demonstrations.goals is None:
        check_possible(mdp, demonstrations, inference)
        return Likelihood([TaskLikelihood(mdp, reward_model, statistics, **options)])
    kind = SharedGoals if is_linear(mdp) else SeparateGoals
    return Likelihood([kind(mdp, reward_model, statistics, demonstrations, n_jobs=n_jobs, **options)])


def log_prior_of(mdp: MDP, action_prior: Any, demonstrations: Demonstrations, tasks: list[Any]) -> float:
    """Log action prior of all decisions by their weight in the objective: a constant of the log-likelihood.

    Raises
    ------
    ValueError
        For a decision that the prior forbids.
    """
    log_prior = check_action_prior(mdp, action_prior)
    if log_prior is None:
        return 0.0
    data, chosen = demonstrations, log_prior[demonstrations.actions, demonstrations.states]
    if not np.isfinite(chosen).all():
        i = int(np.flatnonzero(~np.isfinite(chosen))[0])
        raise ValueError(
            f"action_prior gives no probability to action {data.actions[i]} in state {data.states[i]}, which trajectory "
            f"{data.name_of(data.trajectory_ids[i])} takes at step {data.times[i]}: give it some, or drop the trajectory"
        )
    return sum(task.pairs.dot(log_prior) for task in tasks)


class _ManyGoals:
    """What both kinds share.

    Parameters
    ----------
    mdp : MDP
        Without the goals.
    reward_model : LinearReward
    statistics : SufficientStatistics
        A row per demonstration.
    demonstrations : Demonstrations
        With goals.
    temperature, action_prior, inference
        As for `soft_value_iteration`; the temperature finite and positive.
    n_jobs : int, optional
    """

    def __init__(
        self,
        mdp: MDP,
        reward_model: LinearReward,
        statistics: SufficientStatistics,
        demonstrations: Demonstrations,
        *,
        temperature: float,
        action_prior: NDArray | None,
        inference: str,
        n_jobs: int | None = None,
    ) -> None:
        self.mdp, self.reward_model, self.statistics = mdp, reward_model, statistics
        self.temperature, self.n_jobs = temperature, n_jobs
        self.pairs = SparseWeights(statistics.pairs)
        self.goals, self.goal_of = np.unique(demonstrations.goals, return_inverse=True)
        self.rows = np.split(np.argsort(self.goal_of, kind="stable"), np.cumsum(np.bincount(self.goal_of))[:-1])
        self._prepare(demonstrations, action_prior, inference)

    def _in_order(self, by_goal: list[NDArray]) -> NDArray:
        out = np.empty((len(self.goal_of), self.reward_model.n_features))
        out[np.concatenate(self.rows)] = np.concatenate(by_goal)
        return out


class SharedGoals(_ManyGoals):
    """Trips to many goals in an undiscounted deterministic MDP that has no other end: one factorisation serves all goals."""

    def _prepare(self, demonstrations: Demonstrations, action_prior: NDArray | None, inference: str) -> None:
        self.moves = Moves(self.mdp)
        self._check_possible(demonstrations, inference)
        # Without chance the continuation is the value of the next state.
        self.states = sparse.csr_array(self.statistics.states + self.statistics.continued @ self.mdp.transitions)
        log_prior = check_action_prior(self.mdp, action_prior)
        self.sums = GoalSums(
            self.moves,
            self.reward_model.matrix[self.moves.source if self.reward_model.per_state else self.moves.pair],
            None if log_prior is None else log_prior.ravel()[self.moves.pair],
            self.temperature,
            self.goals,
            self.by_goal(self.states),
            self._visited(demonstrations),
        )

    def _check_possible(self, demonstrations: Demonstrations, inference: str) -> None:
        """Trips that got to their goal were possible; look at the others."""
        for goal, rows in zip(self.goals, self.rows, strict=True):
            rows = rows[~demonstrations.terminated[rows]]
            if len(rows):
                check_possible(self.mdp.with_goal(int(goal)), demonstrations[rows], inference)

    def _visited(self, demonstrations: Demonstrations) -> sparse.csr_array:
        ends = demonstrations.final_states >= 0
        goal = np.concatenate([self.goal_of[demonstrations.trajectory_ids], self.goal_of[ends]])
        state = np.concatenate([demonstrations.states, demonstrations.final_states[ends]])
        return sparse.csr_array((np.ones(len(goal)), (goal, state)), shape=(len(self.goals), self.mdp.n_states))

    def by_goal(self, rows: sparse.csr_array) -> sparse.csr_array:
        """Sum the rows of all trips to the same goal."""
        n = len(self.goal_of)
        group = sparse.csr_array((np.ones(n), (self.goal_of, np.arange(n))), shape=(len(self.goals), n))
        return sparse.csr_array(group @ rows)

    def at(self, coef: NDArray, initial_values: None = None, *, n_columns: int = 1) -> SharedGoalsPoint:
        """Evaluate value and gradient, and the Hessian too if as many solves as features are expected, in one pass."""
        coef = np.array(coef, dtype=float)
        return SharedGoalsPoint(self, coef, self.add_up(coef, hessian=n_columns >= self.reward_model.n_features))

    def add_up(self, coef: NDArray, *, hessian: bool) -> Sums:
        """Sum over all goals, without the demonstrated rewards."""
        return reduce(add, self.over_goals("add_up", coef, hessian))

    def over_goals(self, method: str, coef: NDArray, *more: Any) -> list[Any]:
        """Call a method of `GoalSums` for shares of the goals, side by side."""
        parts = shares(len(self.goals), self.n_jobs)
        return spread(_call, [(self.sums, method, coef, which, *more) for which in parts], self.n_jobs)


def _call(sums: GoalSums, method: str, *arguments: Any) -> Any:
    return getattr(sums, method)(*arguments)


class SharedGoalsPoint:
    """The objective of `SharedGoals` at one coefficient vector, in units of reward; attributes as those of `TaskPoint`."""

    values = None  # a linear system needs nothing to start from

    def __init__(self, task: SharedGoals, coef: NDArray, sums: Sums) -> None:
        self.task, self.coef, self.sums = task, coef, sums
        self._shape = (task.mdp.n_actions, task.mdp.n_states)

    @cached_property
    def value(self) -> float:
        """L."""
        return self.task.pairs.dot(self.task.reward_model(self.coef)) + self.sums.value

    @cached_property
    def gradient(self) -> NDArray:
        """(K,)."""
        return self.task.reward_model.adjoint(self.task.pairs.dense(self._shape)) + self.sums.gradient

    @cached_property
    def hessian(self) -> NDArray:
        """(K, K)."""
        H = self.sums.hessian
        if H is None:
            H = self.task.add_up(self.coef, hessian=True).hessian
        return (H + H.T) / 2

    @property
    def step_hessian(self) -> NDArray:
        """The same."""
        return self.hessian

    def hessian_product(self, vector: NDArray, *, rtol: float = 0.0) -> NDArray:
        """(K,)."""
        return sum(self.task.over_goals("products", self.coef, np.asarray(vector, dtype=float)))

    @cached_property
    def score_outer_product(self) -> NDArray:
        """(K, K)."""
        squared = self.task.by_goal(self.task.statistics.squared_pairs[:, self.task.moves.pair])
        return sum(self.task.over_goals("outer_products", self.coef, squared))

    @cached_property
    def reach_moment(self) -> NDArray:
        """(K, K)."""
        return sum(self.task.over_goals("reach_moments", self.coef))

    def trajectory_scores(self) -> NDArray:
        """(n, K), in the order of the demonstrations."""
        task = self.task
        found = task.over_goals("value_scores", self.coef, [task.states[rows] for rows in task.rows])
        demonstrated = task.statistics.pairs[:, task.moves.pair] @ task.sums.features
        if sparse.issparse(demonstrated):
            demonstrated = demonstrated.toarray()
        return demonstrated + task._in_order([part for share in found for part in share])

    def moved(self, coef: NDArray, last: SharedGoalsPoint) -> SharedGoalsPoint:
        """The objective at other coefficients."""
        return self.task.at(coef)

    def predicted_values(self, coef: NDArray) -> None:
        """Nothing: see `values`."""


class SeparateGoals(_ManyGoals):
    """Demonstrations with many goals in any MDP: a `TaskLikelihood` for each goal, evaluated one after the other."""

    def _prepare(self, demonstrations: Demonstrations, action_prior: NDArray | None, inference: str) -> None:
        self._options = {"temperature": self.temperature, "action_prior": action_prior, "inference": inference}
        for goal, rows in zip(self.goals, self.rows, strict=True):
            check_possible(self.mdp.with_goal(int(goal)), demonstrations[rows], inference)

    def task(self, i: int) -> TaskLikelihood:
        """The task of one goal. It is built when it is needed: a thousand at once would not fit in memory."""
        mdp = self.mdp.with_goal(int(self.goals[i]))
        return TaskLikelihood(mdp, self.reward_model, self.statistics.of(self.rows[i]), **self._options)

    def at(
        self, coef: NDArray, initial_values: list[NDArray] | None = None, *, n_columns: int = 1
    ) -> SeparateGoalsPoint:
        """Evaluate value and gradient, and the Hessian too if as many solves as features are expected, in one pass."""
        coef = np.array(coef, dtype=float)
        names = ("values", "value", "gradient", "step_hessian")
        names = names if n_columns >= self.reward_model.n_features else names[:-1]
        return SeparateGoalsPoint(self, coef, self.over_goals(coef, initial_values, names, n_columns))

    def over_goals(
        self, coef: NDArray, values: list[NDArray] | None, names: tuple[str, ...], n_columns: int = 1, *arguments: Any
    ) -> dict[str, list[Any]]:
        """Attributes of each goal's `TaskPoint` (methods are called with the arguments), a list by goal for each name."""
        starts = [None] * len(self.goals) if values is None else values
        parts = shares(len(self.goals), self.n_jobs)
        work = [(self, coef, which, [starts[i] for i in which], names, n_columns, arguments) for which in parts]
        found = [of_goal for share in spread(SeparateGoals._evaluate, work, self.n_jobs) for of_goal in share]
        return {name: [of_goal[k] for of_goal in found] for k, name in enumerate(names)}

    def _evaluate(self, coef, which, starts, names, n_columns, arguments) -> list[list[Any]]:
        def read(point: TaskPoint, name: str) -> Any:
            attribute = getattr(point, name)
            return attribute(*arguments) if callable(attribute) else attribute

        points = (self.task(i).at(coef, start, n_columns=n_columns) for i, start in zip(which, starts, strict=True))
        return [[read(point, name) for name in names] for point in points]


class SeparateGoalsPoint:
    """The objective of `SeparateGoals` at one coefficient vector; attributes as those of `TaskPoint`.

    Of each goal only V is kept; what was not asked for in the first pass takes another, started from it.
    """

    def __init__(self, task: SeparateGoals, coef: NDArray, found: dict[str, list[Any]]) -> None:
        self.task, self.coef, self.values = task, coef, found.pop("values")
        self.__dict__.update({name: sum(parts) for name, parts in found.items()})

    def _by_goal(self, name: str, *arguments: Any) -> list[Any]:
        return self.task.over_goals(self.coef, self.values, (name,), len(self.coef), *arguments)[name]

    def __getattr__(self, name: str) -> Any:
        if name not in SUMS:
            raise AttributeError(name)
        self.__dict__[name] = sum(self._by_goal(name))
        return self.__dict__[name]

    def hessian_product(self, vector: NDArray, *, rtol: float = 0.0) -> NDArray:
        """(K,)."""
        return sum(self._by_goal("hessian_product", vector))

    def trajectory_scores(self) -> NDArray:
        """(n, K), in the order of the demonstrations."""
        return self.task._in_order(self._by_goal("trajectory_scores"))

    def moved(self, coef: NDArray, last: SeparateGoalsPoint) -> SeparateGoalsPoint:
        """The objective at other coefficients, near those of `last`."""
        return self.task.at(coef, last.values)

    def predicted_values(self, coef: NDArray) -> list[NDArray]:
        """V of each goal here: a start for coefficients nearby."""
        return self.values
