r"""The objective of planning with a receding horizon (see `_receding_plan`), with its gradient and Hessian.

With weights b of :math:`V_H` and m of :math:`V_{H-1}` that the trips bring, the adjoint recursion runs down the levels,
:math:`d_H = b`, :math:`d_{h-1}(s') = \sum d_h(s) \pi_h(a \mid s) + [h = H] m(s')`, and what is left at level 0 walks the shortest
paths. The path that is shortest changes only at kinks, so between them

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

from ._goal_sums import GoalSums
from ._receding_plan import Plan
from .demonstrations import Demonstrations
from .goal_likelihood import SharedGoals


class RecedingGoals(SharedGoals):
    """Trips to many goals by travellers who plan `planning_horizon` soft steps and then the shortest path.

    Parameters
    ----------
    planning_horizon : int >= 0
    *arguments, **options
        As for `SharedGoals`.
    """

    def __init__(self, planning_horizon: int, *arguments: Any, **options: Any) -> None:
        self.planning_horizon = planning_horizon
        super().__init__(*arguments, **options)

    def _prepare(self, demonstrations: Demonstrations, action_prior: NDArray | None, inference: str) -> None:
        super()._prepare(demonstrations, action_prior, inference)
        ahead = self.statistics.continued @ self.mdp.transitions
        if self.planning_horizon == 0 and ahead.nnz:
            raise ValueError(
                "without soft steps (planning_horizon=0) decisions have no likelihood: use objective='feature-matching' and "
                "trips that end where they are known to end"
            )
        self.states = sparse.csr_array(sparse.hstack([self.statistics.states, ahead]))
        sums = self.sums
        shared = (sums.moves, sums.features, sums.log_prior, sums.temperature, sums.goals)
        self.sums = RecedingSums(self.planning_horizon, *shared, self.by_goal(self.states), sums.visited)


class RecedingSums(GoalSums):
    """`GoalSums` for a receding horizon; `states` has 2 S columns, for the weights of V_H and then those of V_(H-1)."""

    def __init__(self, planning_horizon: int, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.planning_horizon = planning_horizon

    def solve(self, coef: NDArray, which: NDArray) -> Iterator[RecedingTask]:
        """One `RecedingTask` for each of the goals at these positions."""
        reward = self.features @ coef
        for i in which:
            visited = self.visited.indices[self.visited.indptr[i] : self.visited.indptr[i + 1]]
            row = slice(self.states.indptr[i], self.states.indptr[i + 1])
            goal = int(self.goals[i])
            plan = Plan(self.moves, reward, self.temperature, self.log_prior, goal, self.planning_horizon, visited)
            yield RecedingTask(self, plan, self.states.indices[row], self.states.data[row])

    def products(self, coef: NDArray, which: NDArray, vector: NDArray) -> NDArray:
        """Product of the Hessian with a vector, summed over the goals at these positions, (K,)."""
        return self.add_up(coef, which, True).hessian @ vector


class RecedingTask:
    """One goal at one coefficient vector; attributes as those of `GoalTask`."""

    def __init__(self, sums: GoalSums, plan: Plan, index: NDArray, weight: NDArray) -> None:
        self.sums, self.plan = sums, plan
        S = sums.moves.n_states
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
        flow = np.zeros(len(self.sums.moves.pair))
        for h in range(len(plan.V) - 1, 0, -1):
            flow[plan.used] += self.masses[h, plan.s] * plan.policy(h)
        walked = plan.down_paths(self.masses[0])
        on = np.flatnonzero(walked)
        flow[plan.tree[on]] += walked[on]
        return flow

    def _levels(self) -> Iterator[tuple[int, NDArray, NDArray]]:
        """(h, dV_h (S, K), dQ_h - dV_h of the used moves (m, K)) for h = 1 to H."""
        plan, dV = self.plan, self._along_paths()
        features = self._features(plan.used)
        for h in range(1, len(plan.V)):
            dQ = features + dV[plan.t]
            mean = np.zeros_like(dV)
            weighted = plan.policy(h)[:, None] * dQ
            for k in range(dV.shape[1]):
                mean[:, k] = np.bincount(plan.s, weights=weighted[:, k], minlength=len(mean))
            outside = np.ones(len(mean), dtype=bool)
            outside[plan.s] = False
            mean[outside] = dV[outside]
            dV = mean
            yield h, dV, dQ - dV[plan.s]

    def _along_paths(self) -> NDArray:
        """dV_0, (S, K)."""
        going = np.flatnonzero(self.plan.tree >= 0)
        gain = np.zeros((len(self.plan.tree), self.sums.features.shape[1]))
        gain[going] = self._features(self.plan.tree[going])
        return self.plan.along_paths(gain)

    def _features(self, moves: NDArray) -> NDArray:
        features = self.sums.features[moves]
        return features.toarray() if sparse.issparse(features) else features

    def hessian(self) -> NDArray:
        """Second derivative of the value, (K, K)."""
        H = np.zeros((self.sums.features.shape[1],) * 2)
        for h, _, spread in self._levels():
            flow = self.masses[h, self.plan.s] * self.plan.policy(h)
            H += spread.T @ (flow[:, None] * spread)
        return H / self.plan.alpha

    @property
    def sensitivity(self) -> NDArray:
        """dV_H over dV_(H-1), (2 S, K)."""
        before, last = None, self._along_paths()
        for _, dV, _ in self._levels():
            before, last = last, dV
        return np.vstack([last, np.zeros_like(last) if before is None else before])

    dV = sensitivity

    def spread(self, dV: NDArray, moves: NDArray) -> NDArray:
        """Derivative of Q_H - V_H at the given moves, (n, K)."""
        S = self.sums.moves.n_states
        s, t = self.sums.moves.source[moves], self.sums.moves.target[moves]
        return self._features(moves) + dV[S + t] - dV[s]
