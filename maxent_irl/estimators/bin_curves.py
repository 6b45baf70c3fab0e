"""The log-likelihood of every bin of a clock with its derivatives, each bin's solution started from its last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..likelihood import TaskObjective
from ..likelihood.objective import ObjectivePoint
from ..likelihood.statistics import SufficientStatistics
from .fit import Fit


class BinCurves:
    """Log-likelihood of the decisions of each bin.

    Parameters
    ----------
    posed : Fit
    statistics : SufficientStatistics
        A row per decision.
    bins : (N,) int array
        Bin of each decision.
    n_bins : int
    """

    def __init__(self, posed: Fit, statistics: SufficientStatistics, bins: NDArray, n_bins: int) -> None:
        self.agent, self.n_bins, self.K = posed.agent, n_bins, posed.reward_model.n_parameters
        grouped = statistics.grouped(bins)
        place = {b: i for i, b in enumerate(grouped.units or ())}
        self.objectives = [
            TaskObjective(posed.agent, posed.reward_model, grouped.of(np.array([place[b]]))) if b in place else None
            for b in range(n_bins)
        ]
        self.last: list[ObjectivePoint | None] = [None] * n_bins
        self.log_prior = sum(o.log_prior for o in self.objectives if o is not None)

    def __call__(self, theta: NDArray, *, hessian: bool = True) -> tuple[float, NDArray, NDArray]:
        """Log-likelihood, gradients (B, K) and Hessians (B, K, K), zero without `hessian`, in nats."""
        value, alpha = float(self.log_prior), self.agent.temperature
        gradients, hessians = np.zeros((self.n_bins, self.K)), np.zeros((self.n_bins, self.K, self.K))
        for b, objective in enumerate(self.objectives):
            if objective is None:  # nothing was decided then
                continue
            last = self.last[b]
            point = objective.at(theta[b], start=None if last is None else last.start_for(theta[b]), hessian=hessian)
            value += point.value / alpha
            gradients[b] = point.gradient / alpha
            if hessian:
                hessians[b] = point.hessian / alpha
                self.last[b] = point
        return value, gradients, hessians

    def gradients(self, theta: NDArray) -> NDArray:
        """(B, K)."""
        return self(theta, hessian=False)[1]
