"""A linear-quadratic problem as a gymnasium environment: its soft solution is a Riccati equation's.

Source: `LinearQuadratic`, whose docstring has the derivation.
"""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ..linear_quadratic import LinearQuadratic, LinearQuadraticSolution

STEPS = 5  # of an episode: a long walk of uniform actions leaves the states that matter


class Regulator(gymnasium.Env):
    """A linear-quadratic problem with bounded actions, cut after five steps.

    Parameters
    ----------
    problem : LinearQuadratic
    reach : float
        Actions lie in ``[-reach, reach]``; large against the policy's means and deviations, the bound changes little.
    spread : float
        Deviation of each component of the first state.
    """

    def __init__(self, problem: LinearQuadratic, *, reach: float, spread: float = 1.0) -> None:
        self.problem, self.reach, self.spread = problem, float(reach), float(spread)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (problem.n_states,), np.float32)
        self.action_space = gymnasium.spaces.Box(-self.reach, self.reach, (problem.n_actions,), np.float32)
        self.state, self.time = np.zeros(problem.n_states), 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[NDArray, dict]:
        """Start an episode."""
        super().reset(seed=seed)
        self.state, self.time = self.spread * self.np_random.standard_normal(self.problem.n_states), 0
        return self.state.astype(np.float32), {}

    def step(self, action: NDArray) -> tuple[NDArray, float, bool, bool, dict]:
        """Take one step."""
        states = self.state[None]
        actions = np.clip(np.asarray(action, dtype=float), -self.reach, self.reach)[None]
        reward = float(self.problem.reward(states, actions)[0])
        self.state, self.time = self.problem.step(states, actions, self.np_random)[0], self.time + 1
        return self.state.astype(np.float32), reward, False, self.time >= STEPS, {}

    def scaled_value(self, solution: LinearQuadraticSolution, states: NDArray, temperature: float) -> NDArray:
        """Soft value of states (k, n), (k,), for densities of actions scaled to [-1, 1].

        Volume there is smaller by the reach for each action, and the constant is paid at every decision.
        """
        constant = temperature * self.problem.n_actions * math.log(self.reach) / (1.0 - self.problem.discount)
        return solution.value(states) - constant
