"""Soft policies towards any goal, seen in fitting or not: choice probabilities and trips."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_indices, check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.draws import generator
from ..demonstrations.sampling import draw_actions, goal_of_each, walk
from ..inference.agent import SoftAgent, SoftSolution
from ..inference.backup import soft_maximum
from ..mdp import MDP
from ..mdp.process import check_reward
from .parallel import shares, spread
from .systems import GoalSolution, GoalSystems, Moves, is_linear

HELD = 1 << 28  # bytes of values held at a time while trips to several goals advance together
LONGEST_TRIP = 1_000_000


class GoalPolicies:
    """The soft policies of one reward towards one goal or another.

    Where the problems are linear (undiscounted, deterministic, as on road networks) all goals share one factorisation, which
    is kept; elsewhere each goal is solved when it is asked for.

    Parameters
    ----------
    mdp : MDP
        Without the goals, which are made terminal for the trips that have them.
    reward : (S,) or (S, A) array
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
    inference : "variational" or "exact"
    n_jobs : int, optional
        Workers among which goals are divided.

    Examples
    --------
    >>> from maxent_irl.routes import GoalPolicies
    >>> from maxent_irl.worlds import RoadNetwork
    >>> network = RoadNetwork([0, 1, 0, 2, 2], [1, 2, 2, 1, 0], attributes={"length": [1, 1, 2, 1, 2]}, states="nodes")
    >>> policies = GoalPolicies(network.mdp, -network.features("length")[..., 0])
    >>> policies.probabilities([0, 0], [1, 2]).round(3)  # from node 0 to goal 1, and to goal 2
    array([[0.865, 0.135],
           [0.5  , 0.5  ]])
    """

    def __init__(
        self,
        mdp: MDP,
        reward: ArrayLike,
        *,
        temperature: float = 1.0,
        action_prior: ArrayLike | None = None,
        inference: str = "variational",
        n_jobs: int | None = None,
    ) -> None:
        check_temperature(temperature, finite_positive=True)
        self.agent = SoftAgent(mdp, temperature, action_prior, inference)
        self.mdp, self.temperature, self.inference = mdp, self.agent.temperature, inference
        self.reward, self.n_jobs = np.asarray(reward), n_jobs
        # telescoping: the log-probability of a path is V at its end less V at its start
        self.linear = self.telescoping = is_linear(mdp)
        checked = check_reward(mdp, reward) / self.temperature
        log_prior = self.agent.log_prior
        shape = (*checked.shape[:-2], mdp.n_actions, mdp.n_states)
        self._logits = np.broadcast_to(checked if log_prior is None else checked + log_prior, shape)

    @cached_property
    def systems(self) -> GoalSystems:
        """The factorised problem, if it is linear."""
        moves = Moves(self.mdp)
        return GoalSystems(moves, self._logits.ravel()[moves.pair])

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "systems"}  # factorisations do not travel

    def solve(self, goal: int) -> SoftSolution:
        """V, Q and policy towards one goal, for all states."""
        return self.agent.with_goal(goal).solve(self.reward)

    def values(self, goal: int, states: ArrayLike | None = None) -> NDArray:
        """Soft value of the states, (n,), by default of all; -inf where the goal cannot be reached.

        With a horizon, of the first step.
        """
        if not self.linear:
            V = self.solve(goal).V
            V = V if self.mdp.horizon is None else V[0]
            return V if states is None else V[np.asarray(states)]
        solution = self.linear_solution(goal, states)
        return self.temperature * solution.values(slice(None) if states is None else np.asarray(states))

    def linear_solution(self, goal: int, states: ArrayLike | None = None) -> GoalSolution:
        """What the values of these states (of all) come from, exact there."""
        goal_of_each(goal, 1, self.mdp.n_states)
        reaching = self.systems.moves.reaching(np.array([goal]))
        needed = np.flatnonzero(reaching) if states is None else np.asarray(states)[reaching[np.asarray(states)]]
        return self.systems.solution(int(goal), needed)

    def log_policy(self, goal: int) -> NDArray:
        """Log-probabilities of all actions in all states towards one goal, (S, A); infinite horizon."""
        every = np.arange(self.mdp.n_states)
        if self.linear:
            V = self._ahead(goal)
            return self._linear_rows(V[None], np.zeros_like(every), every, np.full_like(every, goal))
        return self._log_rows(goal, every, None)

    def _ahead(self, goal: int, states: NDArray | None = None) -> NDArray:
        """V / alpha that decisions in these states, or in all, look ahead to: (S,), exact at the states after them."""
        return self.linear_solution(goal, states).values()

    # Choices.

    def probabilities(self, states: ArrayLike, goals: ArrayLike, times: ArrayLike | None = None) -> NDArray:
        """Probability of each action in each state on the way to its goal.

        Parameters
        ----------
        states : (n,) int array
        goals : int or (n,) int array
        times : (n,) int array, optional
            Steps already taken; needed, and only used, with a finite horizon.

        Returns
        -------
        (n, A) array; rows are zero in the goal and where it cannot be reached
        """
        return np.exp(self._look_up(states, goals, times, None))

    def log_probabilities(
        self, states: ArrayLike, actions: ArrayLike, goals: ArrayLike, times: ArrayLike | None = None
    ) -> NDArray:
        """Log-probability of the actions, (n,): as `probabilities`, without rounding rare ones to zero."""
        return self._look_up(states, goals, times, np.asarray(actions))

    def _look_up(
        self, states: ArrayLike, goals: ArrayLike, times: ArrayLike | None, actions: NDArray | None
    ) -> NDArray:
        states = check_indices("states", states, self.mdp.n_states)
        goal_of = goal_of_each(goals, len(states), self.mdp.n_states)
        at: NDArray | None = None
        if self.mdp.horizon is not None:
            if times is None:
                raise ValueError(
                    "with a finite horizon the policy depends on time: pass times=, the steps already taken"
                )
            at = check_indices("times", times, self.mdp.horizon, n_entries=len(states))
        out = np.empty((len(states), self.mdp.n_actions) if actions is None else len(states))
        by_goal = np.argsort(goal_of, kind="stable")
        rows = np.split(by_goal, np.flatnonzero(np.diff(goal_of[by_goal])) + 1) if len(states) else []
        if self.telescoping:
            _ = self.systems  # factorise once, before the work is divided
        queries = [
            (
                int(goal_of[r[0]]),
                states[r],
                None if at is None else at[r],
                None if actions is None else actions[r],
            )
            for r in rows
        ]
        parts = shares(len(rows), self.n_jobs)
        answers = spread(GoalPolicies._answer, [(self, [queries[i] for i in part]) for part in parts], self.n_jobs)
        for r, answer in zip(rows, (answer for share in answers for answer in share), strict=True):
            out[r] = answer
        return out

    def _answer(self, queries: list[tuple]) -> list[NDArray]:
        found = []
        for goal, states, times, actions in queries:
            rows = self._log_rows(goal, states, times)
            found.append(rows if actions is None else rows[np.arange(len(states)), actions])
        return found

    def _log_rows(self, goal: int, states: NDArray, times: NDArray | None) -> NDArray:
        """Log-probabilities (n, A) towards one goal."""
        if self.linear:
            V = self._ahead(goal, states)
            return self._linear_rows(V[None], np.zeros(len(states), dtype=np.int64), states, np.full(len(states), goal))
        solution, A = self.solve(goal), self.mdp.n_actions
        pairs = np.repeat(states, A), np.tile(np.arange(A), len(states)), None if times is None else np.repeat(times, A)
        return solution.log_probabilities(*pairs).reshape(len(states), A)

    def _linear_rows(self, V: NDArray, row: NDArray, states: NDArray, goals: NDArray) -> NDArray:
        """Log-probabilities (n, A) from V / alpha of several goals, (B, S), the i-th query looking at row ``row[i]``."""
        P = self.mdp.transitions
        pairs = np.arange(self.mdp.n_actions)[:, None] * self.mdp.n_states + states
        there = (P.indptr[pairs + 1] > P.indptr[pairs]) & (states != goals)
        after = P.indices[np.minimum(P.indptr[pairs], P.nnz - 1)]
        Q = np.where(there, self._logits[:, states] + V[row, after], -np.inf)
        total, _ = soft_maximum(Q, None, 1.0, policy=False)
        return (Q - np.where(np.isfinite(total), total, 0.0)).T

    # Trips.

    def sample(
        self, first: ArrayLike, goals: ArrayLike, *, max_steps: int | None = None, random_state: Any = None
    ) -> Demonstrations:
        """Draw one trip from each first state to its goal.

        Parameters
        ----------
        first : (n,) int array
        goals : int or (n,) int array
        max_steps : int, optional
            Largest number of decisions; trips that would be longer are cut there. The horizon limits them too.
        random_state : None, int, numpy Generator or RandomState

        Returns
        -------
        Demonstrations
            With the goals; in the order of `first`.

        Raises
        ------
        ValueError
            For a trip that starts in its goal, or where the goal cannot be reached, naming it.
        """
        first = np.asarray(first)
        goal_of = goal_of_each(goals, len(first), self.mdp.n_states)
        if (first == goal_of).any():
            raise ValueError(
                f"trip {int(np.flatnonzero(first == goal_of)[0])} starts in its goal: nothing is to be decided"
            )
        rng = generator(random_state)
        distinct, index = np.unique(goal_of, return_inverse=True)
        held = max(1, HELD // (8 * self.mdp.n_states))
        parts, order = [], []
        for start in range(0, len(distinct), held):
            rows = np.flatnonzero((index >= start) & (index < start + held))
            parts.append(self._walk(first[rows], goal_of[rows], max_steps, rng))
            order.append(rows)
        together = parts[0] if len(parts) == 1 else sum(parts[1:], parts[0])
        return together[np.argsort(np.concatenate(order))]

    def _walk(self, first: NDArray, goals: NDArray, max_steps: int | None, rng: np.random.Generator) -> Demonstrations:
        distinct, index = np.unique(goals, return_inverse=True)
        V = np.stack([self._ahead(int(goal)) for goal in distinct]) if self.linear else None
        policies = [] if self.linear else [self.solve(int(goal)).policy for goal in distinct]

        def choose(path: NDArray, s: NDArray, t: int, u: NDArray) -> NDArray:
            if V is not None:
                return draw_actions(np.exp(self._linear_rows(V, index[path], s, goals[path])), u)
            now = [policies[k] if policies[k].ndim == 2 else policies[k][t] for k in range(len(distinct))]
            return draw_actions(np.stack([now[k][state] for k, state in zip(index[path], s, strict=True)]), u)

        def check(path: NDArray, s: NDArray, t: int, n_decisions: int) -> None:
            if t + 1 == LONGEST_TRIP and max_steps is None:
                raise ValueError(f"trip {path[0]} has not ended after {LONGEST_TRIP:,} steps: pass max_steps=")

        limits = [LONGEST_TRIP, *(limit for limit in (self.mdp.horizon, max_steps) if limit is not None)]
        return walk(self.mdp, first, choose, rng, goals=goals, limit=min(limits), check=check)
