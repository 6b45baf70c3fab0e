r"""The objective of planning with a receding horizon (see `plan`), with its gradient and Hessian.

The trips give weights b to :math:`V_H` and m to :math:`V_{H-1}`. The adjoint recursion runs down the levels:
:math:`d_H = b`, :math:`d_{h-1}(s') = \sum d_h(s) \pi_h(a \mid s) + [h = H] m(s')`. The mass at level 0 follows the shortest
paths. Which path is shortest changes only at kinks, so between them

.. math:: \nabla L = \Phi^\top (n + \mu), \qquad
    \nabla^2 L = \frac{1}{\alpha} \sum_{h=1}^{H} \sum_s d_h(s)\, \mathrm{Cov}_{a \sim \pi_h}(\partial Q_h(s, a)) .
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..inference.agent import SoftAgent
from ..likelihood.statistics import SufficientStatistics
from ..rewards import RewardModel
from .objective import SharedGoals
from .plan import Plan
from .sums import GoalSums, MoveRewards


class RecedingGoals(SharedGoals):
    """Trips to many goals by travellers who plan `planning_horizon` soft steps and then the shortest path.

    Parameters
    ----------
    planning_horizon : int >= 0
    agent, reward_model, statistics, demonstrations, n_jobs
        As for `SharedGoals`.
    """

    def __init__(
        self,
        planning_horizon: int,
        agent: SoftAgent,
        reward_model: RewardModel,
        statistics: SufficientStatistics,
        demonstrations: Demonstrations,
        *,
        n_jobs: int | None = None,
    ) -> None:
        self.planning_horizon = planning_horizon
        super().__init__(agent, reward_model, statistics, demonstrations, n_jobs=n_jobs)

    @property
    def information_equality(self) -> bool:
        """Only the likelihood of the decisions has it: under feature matching the plan for a whole trip is chosen."""
        return self.weighting == "likelihood"

    @property
    def uncorrelated(self) -> bool:  # type: ignore[override]
        """As `information_equality`."""
        return self.weighting == "likelihood"

    def _make_sums(self, visited: sparse.csr_array) -> GoalSums:
        ahead = self.statistics.continued @ self.agent.mdp.transitions
        if self.planning_horizon == 0 and ahead.nnz:
            raise ValueError(
                "without soft steps (planning_horizon=0) decisions have no likelihood: use objective='feature-matching' and "
                "trips that end where they are known to end"
            )
        self.states = sparse.csr_array(sparse.hstack([self.statistics.states, ahead]))
        log_prior = self.agent.log_prior
        prior = None if log_prior is None else log_prior.ravel()[self.moves.pair]
        shared = (self.moves, prior, self.agent.temperature, self.goals, self.by_goal(self.states), visited)
        return RecedingSums(self.planning_horizon, *shared)


class RecedingSums(GoalSums):
    """`GoalSums` for a receding horizon; `states` has 2 S columns, for the weights of V_H and then those of V_(H-1)."""

    def __init__(self, planning_horizon: int, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.planning_horizon = planning_horizon

    def solve(self, rewards: MoveRewards, which: NDArray) -> Iterator[RecedingTask]:  # type: ignore[override]
        """One `RecedingTask` for each of the goals at these positions."""
        for i in which:
            row = slice(self.states.indptr[i], self.states.indptr[i + 1])
            goal, visited = int(self.goals[i]), self.visited_by(i)
            shared = (self.moves, rewards.reward, self.temperature, self.log_prior)
            plan = Plan(*shared, goal, self.planning_horizon, visited)
            yield RecedingTask(rewards, plan, self.states.indices[row], self.states.data[row])


class RecedingTask:
    """One goal at one reward; attributes as those of `GoalTask`."""

    def __init__(self, rewards: MoveRewards, plan: Plan, index: NDArray, weight: NDArray) -> None:
        self.features, self.plan = rewards.features, plan
        S = plan.moves.n_states
        b, m = np.zeros(S), np.zeros(S)
        now = index < S
        b[index[now]], m[index[~now] - S] = weight[now], weight[~now]
        b[plan.goal] = m[plan.goal] = 0.0
        self.b, self.m = b, m

    @property
    def alive(self) -> NDArray:
        """(S,) bool: states whose value is finite."""
        return np.isfinite(self.plan.V[0])

    @property
    def value(self) -> float:
        """<b, V_H> + <m, V_(H-1)>."""
        V = self.plan.V
        at_b, at_m = np.flatnonzero(self.b), np.flatnonzero(self.m)
        return float(self.b[at_b] @ V[-1, at_b]) + (float(self.m[at_m] @ V[-2, at_m]) if len(at_m) else 0.0)

    @cached_property
    def masses(self) -> NDArray:
        """d_h, (H + 1, S): what of the weights is at each level."""
        plan = self.plan
        d = np.zeros_like(plan.V)
        d[-1] = self.b
        for h in range(len(d) - 1, 0, -1):
            d[h - 1] = np.bincount(plan.t, weights=d[h, plan.s] * plan.policy(h), minlength=d.shape[1])
            if h == len(d) - 1:
                d[h - 1] += self.m
            d[h - 1, plan.goal] = 0.0
        return d

    @property
    def flow(self) -> NDArray:
        """mu: flow over each move, (E,), in soft steps and along the shortest paths after them."""
        plan = self.plan
        flow = np.zeros(len(plan.moves.pair))
        for h in range(len(plan.V) - 1, 0, -1):
            flow[plan.used] += self.masses[h, plan.s] * plan.policy(h)
        return flow + self._walked(self.masses[0])

    def _walked(self, mass: NDArray) -> NDArray:
        """Flow over each move, (E,), of mass (S,) that walks the shortest paths."""
        flow, passed = np.zeros(len(self.plan.moves.pair)), self.plan.down_paths(mass)
        on = np.flatnonzero(passed)
        flow[self.plan.tree[on]] += passed[on]
        return flow

    def _levels(self, features: Any) -> Iterator[tuple[int, NDArray, NDArray]]:
        """(h, dV_h (S, K), dQ_h - dV_h of the used moves (m, K)) for h = 1 to H; `features` (E, K), dense or csr."""
        plan, dV = self.plan, self._along_paths(features)
        used = _dense_rows(features, plan.used)
        for h in range(1, len(plan.V)):
            dQ = used + dV[plan.t]
            mean = np.zeros_like(dV)
            weighted = plan.policy(h)[:, None] * dQ
            for k in range(dV.shape[1]):
                mean[:, k] = np.bincount(plan.s, weights=weighted[:, k], minlength=len(mean))
            outside = np.ones(len(mean), dtype=bool)
            outside[plan.s] = False
            mean[outside] = dV[outside]
            dV = mean
            yield h, dV, dQ - dV[plan.s]

    def _along_paths(self, features: Any) -> NDArray:
        """dV_0, (S, K)."""
        going = np.flatnonzero(self.plan.tree >= 0)
        gain = np.zeros((len(self.plan.tree), features.shape[1]))
        gain[going] = _dense_rows(features, self.plan.tree[going])
        return self.plan.along_paths(gain)

    def hessian(self) -> NDArray:
        """Second derivative of the value, (K, K)."""
        H = np.zeros((self.features.shape[1],) * 2)
        for h, _, spread in self._levels(self.features):
            flow = self.masses[h, self.plan.s] * self.plan.policy(h)
            H += spread.T @ (flow[:, None] * spread)
        return H / self.plan.alpha

    def derivative_of_flow(self, gain: NDArray) -> NDArray:
        """Derivative of the flow in the direction of a reward per move: (E,) to (E,)."""
        plan = self.plan
        spreads = {h: spread[:, 0] / plan.alpha for h, _, spread in self._levels(gain[:, None])}
        moved, d = np.zeros(len(gain)), np.zeros(plan.V.shape[1])
        for h in range(len(plan.V) - 1, 0, -1):
            passing = plan.policy(h) * (d[plan.s] + self.masses[h, plan.s] * spreads[h])
            moved[plan.used] += passing
            arriving = np.bincount(plan.t, weights=passing, minlength=len(d))
            d[:] = arriving
            d[plan.goal] = 0.0
        return moved + self._walked(d)

    @property
    def sensitivity(self) -> NDArray:
        """dV_H over dV_(H-1), (2 S, K)."""
        before, last = None, self._along_paths(self.features)
        for _, dV, _ in self._levels(self.features):
            before, last = last, dV
        return np.vstack([last, np.zeros_like(last) if before is None else before])

    @property
    def dV(self) -> NDArray:
        """The same."""
        return self.sensitivity

    def spread(self, dV: NDArray, moves: NDArray) -> NDArray:
        """Derivative of Q_H - V_H at the given moves, (n, K)."""
        S = self.plan.moves.n_states
        s, t = self.plan.moves.source[moves], self.plan.moves.target[moves]
        return _dense_rows(self.features, moves) + dV[S + t] - dV[s]


def _dense_rows(features: Any, moves: NDArray) -> NDArray:
    rows = features[moves]
    return rows.toarray() if sparse.issparse(rows) else rows
