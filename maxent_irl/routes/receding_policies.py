"""Policies that plan with a receding horizon: H soft steps, then the shortest path (RHIP)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.agent import SoftSolution
from ..inference.backup import SoftBackup
from ..inference.solver import Solved
from ..mdp import MDP
from ..mdp.process import check_reward
from .plan import Plan
from .policies import GoalPolicies
from .systems import Moves


class RecedingPolicies(GoalPolicies):
    """Policies of travellers who weigh their next H decisions softly and count on the shortest path after them.

    Parameters
    ----------
    mdp : MDP
        Undiscounted, deterministic, without an end of its own, such as that of a `RoadNetwork`.
    reward : (S,) or (S, A) array <= 0
    planning_horizon : int >= 0
        H. 0 follows the shortest path; large H is `GoalPolicies`.
    temperature, action_prior, n_jobs
        As for `GoalPolicies`.

    References
    ----------
    Barnes, M. et al. (2024), Massively scalable inverse reinforcement learning in Google Maps, ICLR (arXiv:2305.11290).

    Examples
    --------
    >>> from maxent_irl.routes.receding_policies import RecedingPolicies
    >>> from maxent_irl.worlds import RoadNetwork
    >>> network = RoadNetwork([0, 1, 0, 2, 2], [1, 2, 2, 1, 0], attributes={"length": [1, 1, 2, 1, 2]}, states="nodes")
    >>> for H in (0, 1, 100):
    ...     policies = RecedingPolicies(network.mdp, -network.features("length")[..., 0], planning_horizon=H)
    ...     print(H, policies.probabilities([0], 1).round(3))
    0 [[1. 0.]]
    1 [[0.881 0.119]]
    100 [[0.865 0.135]]
    """

    def __init__(self, mdp: MDP, reward: ArrayLike, *, planning_horizon: int, **options: Any) -> None:
        super().__init__(mdp, reward, **options)
        if not self.linear:
            raise ValueError(
                "planning with a receding horizon is for undiscounted deterministic problems whose only ends are goals: build "
                "the MDP with discount=1 and terminal=[], or use a RoadNetwork"
            )
        self.planning_horizon = check_planning_horizon(planning_horizon)
        self.telescoping = False
        moves = Moves(mdp)
        rewards = np.broadcast_to(self.reward.T, (mdp.n_actions, mdp.n_states)).ravel()[moves.pair]
        log_prior = self.agent.log_prior
        prior = None if log_prior is None else log_prior.ravel()[moves.pair]
        self._problem = (moves, rewards, self.temperature, prior)

    def plan(self, goal: int, states: ArrayLike | None = None) -> Plan:
        """Values of one goal at all levels, as far as plans made in these states (in all) need them."""
        needed = np.arange(self.mdp.n_states) if states is None else np.asarray(states)
        return Plan(*self._problem, goal, self.planning_horizon, needed)

    def solve(self, goal: int) -> SoftSolution:
        """V, Q and policy of plans towards one goal; `residual` is what the last soft step changed."""
        V, log_policy, agent = self.plan(goal).V, self.log_policy(goal).T, self.agent.with_goal(goal)
        possible = np.isfinite(log_policy)
        logits = log_policy if agent.log_prior is None else log_policy - np.where(possible, agent.log_prior, 0.0)
        Q = np.where(possible, self.temperature * logits + np.where(possible, V[-1], 0.0), -np.inf)
        with np.errstate(invalid="ignore"):
            change = np.abs(V[-1] - V[max(0, len(V) - 2)])
        residual = float(np.max(change, where=np.isfinite(change), initial=0.0))
        backup = SoftBackup(
            agent.mdp, check_reward(agent.mdp, self.reward), self.temperature, agent.log_prior, self.inference
        )
        solved = Solved(backup, V[-1], np.exp(log_policy), True, self.planning_horizon, residual, Q)
        return SoftSolution.of(agent, solved, "receding-horizon", "planned")

    def values(self, goal: int, states: ArrayLike | None = None) -> NDArray:
        """V_H of the states, (n,), by default of all; -inf where the goal cannot be reached."""
        V = self.plan(goal, states).V[-1]
        return V if states is None else V[np.asarray(states)]

    def _ahead(self, goal: int, states: NDArray | None = None) -> NDArray:
        plan = self.plan(goal, states)
        if self.planning_horizon:
            return plan.V[-2] / self.temperature
        return plan.tree.astype(float)  # without soft steps there is nothing to weigh: `_linear_rows` reads the way on

    def _linear_rows(self, V: NDArray, row: NDArray, states: NDArray, goals: NDArray) -> NDArray:
        if self.planning_horizon:
            return super()._linear_rows(V, row, states, goals)
        out = np.full((len(states), self.mdp.n_actions), -np.inf)
        way = V[row, states].astype(np.int64)
        going = np.flatnonzero(way >= 0)
        out[going, self._problem[0].pair[way[going]] // self.mdp.n_states] = 0.0
        return out


def check_planning_horizon(planning_horizon: int) -> int:
    """Return the number of soft steps as an int >= 0."""
    integer = isinstance(planning_horizon, int | np.integer) and not isinstance(planning_horizon, bool)
    if not integer or planning_horizon < 0:
        raise ValueError(f"planning_horizon counts soft steps: an integer >= 0; got {planning_horizon!r}")
    return int(planning_horizon)
