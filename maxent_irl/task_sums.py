"""The objective of demonstrations that belong to one or several tasks: sums of what `maxent_irl.likelihood` gives for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .likelihood import TaskLikelihood, TaskPoint

# What is added up over tasks, or over goals.
SUMS = ("value", "gradient", "hessian", "step_hessian", "score_outer_product", "reach_moment")


class Likelihood:
    """The objective of demonstrations that belong to one or several tasks sharing the coefficients: a sum over tasks.

    Parameters
    ----------
    tasks : sequence of TaskLikelihood
    rows : sequence of int arrays, optional
        Positions of each task's trajectories among all demonstrations. None: one task after another.
    """

    def __init__(self, tasks: list[TaskLikelihood], rows: list[NDArray] | None = None) -> None:
        self.tasks = tasks
        if rows is None:
            sizes = [task.statistics.states.shape[0] for task in tasks]
            rows = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
        self.rows = rows
        self.n_features = tasks[0].reward_model.n_features
        self.temperature = tasks[0].temperature
        self.total_weight = float(sum(task.pairs.weight.sum() for task in tasks))

    @property
    def iterates(self) -> bool:
        """Whether values are found by iteration, which a warm start shortens, and not by one recursion in time."""
        return self.tasks[0].mdp.horizon is None

    def at(self, coef: NDArray, initial_values: list[NDArray] | None = None, *, n_columns: int = 1) -> LikelihoodPoint:
        """The objective at `coef`; `initial_values` warm-starts V, one array per task; `n_columns` as for a task."""
        starts = [None] * len(self.tasks) if initial_values is None else initial_values
        points = [task.at(coef, start, n_columns=n_columns) for task, start in zip(self.tasks, starts, strict=True)]
        return LikelihoodPoint(np.array(coef, dtype=float), points, self.rows)


class LikelihoodPoint:
    """Sums over tasks of what `TaskPoint` gives, all in units of reward.

    Attributes
    ----------
    value : float
    gradient : (K,) array
    hessian, step_hessian, score_outer_product, reach_moment : (K, K) arrays
        Computed when first asked for.
    """

    def __init__(self, coef: NDArray, points: list[TaskPoint], rows: list[NDArray]) -> None:
        self.coef, self.points, self.rows = coef, points, rows

    def __getattr__(self, name: str) -> Any:
        if name not in SUMS:
            raise AttributeError(name)
        self.__dict__[name] = sum(getattr(point, name) for point in self.points)
        return self.__dict__[name]

    def trajectory_scores(self) -> NDArray:
        """(n_trajectories, K), in the order of the demonstrations."""
        scores = np.empty((sum(map(len, self.rows)), len(self.coef)))
        for point, rows in zip(self.points, self.rows, strict=True):
            scores[rows] = point.trajectory_scores()
        return scores

    def hessian_product(self, vector: NDArray, *, rtol: float = 1e-13) -> NDArray:
        """(K,)."""
        return sum(point.hessian_product(vector, rtol=rtol) for point in self.points)

    def reweighted(self, weights: NDArray) -> LikelihoodPoint:
        """The objective with trajectory i counting ``weights[i]`` times as much, at the same coefficients."""
        pairs = zip(self.points, self.rows, strict=True)
        return LikelihoodPoint(self.coef, [point.reweighted(weights[rows]) for point, rows in pairs], self.rows)

    def moved(self, coef: NDArray, last: LikelihoodPoint) -> LikelihoodPoint:
        """The objective at other coefficients not far away, near those of `last`: what is solved here serves."""
        points = [point.moved(coef, near) for point, near in zip(self.points, last.points, strict=True)]
        return LikelihoodPoint(np.array(coef, dtype=float), points, self.rows)

    def predicted_values(self, coef: NDArray) -> list[NDArray]:
        """Warm starts for V at other coefficients, one per task."""
        return [point.predicted_values(coef) for point in self.points]
