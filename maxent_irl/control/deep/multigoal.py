r"""A point in a square that may go to any of several goals, and its exact soft solution: a posterior with several modes.

The reward for being at x and moving by a is :math:`-c \min_g |x - g|^2 - k |a|^2`, or the mean of such rewards for several sets
of goals. From the middle all goals are equally near, so that the soft policy has as many modes as there are goals: what a
Gaussian actor cannot represent (Haarnoja et al. 2017, section 5.1). The position stays in the square.

The exact solution is that of a grid: positions are interpolated bilinearly, which makes a finite MDP, and the two components of
the action are the nodes of the trapezoidal rule.

What differs from the paper: no noise and no end at a goal, so that the reward is continuous and the grid exact in the limit.

Source: Haarnoja, T., Tang, H., Abbeel, P., & Levine, S. (2017), Reinforcement learning with deep energy-based policies, ICML,
PMLR 70, 1352-1361.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import logsumexp

from ..._checks import check_count
from ...inference import soft_value_iteration
from ...mdp import MDP

SIZE = 5.0  # of half the square
FOUR_GOALS = ((4.0, 0.0), (0.0, 4.0), (-4.0, 0.0), (0.0, -4.0))
STEPS = 20  # of an episode


class MultiGoal(gymnasium.Env):
    """The task as a gymnasium environment.

    Parameters
    ----------
    tasks : sequence of (g, 2) arrays
        Sets of goals; the reward is the mean of theirs.
    spread : float
        Episodes start uniformly in a square of this half size about the middle.
    distance_cost, action_cost : float
        c and k.
    """

    def __init__(
        self,
        tasks: Sequence[ArrayLike] = (FOUR_GOALS,),
        *,
        spread: float = SIZE,
        distance_cost: float = 0.1,
        action_cost: float = 0.2,
    ) -> None:
        self.tasks = tuple(np.asarray(goals, dtype=float) for goals in tasks)
        self.spread, self.distance_cost, self.action_cost = spread, distance_cost, action_cost
        self.observation_space = gymnasium.spaces.Box(-SIZE, SIZE, (2,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.position, self.time = np.zeros(2), 0

    def reward(self, positions: NDArray, actions: NDArray) -> NDArray:
        """Reward of positions (..., 2) and actions (..., 2)."""
        near = [((positions[..., None, :] - goals) ** 2).sum(axis=-1).min(axis=-1) for goals in self.tasks]
        return -self.distance_cost * np.mean(near, axis=0) - self.action_cost * (actions**2).sum(axis=-1)

    @staticmethod
    def move(positions: NDArray, actions: NDArray) -> NDArray:
        """Positions after a step."""
        return np.clip(positions + actions, -SIZE, SIZE)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[NDArray, dict]:
        """Start an episode."""
        super().reset(seed=seed)
        self.position, self.time = self.np_random.uniform(-self.spread, self.spread, size=2), 0
        return self.position.astype(np.float32), {}

    def step(self, action: NDArray) -> tuple[NDArray, float, bool, bool, dict]:
        """Move; the episode is cut after 20 steps."""
        moved = np.clip(np.asarray(action, dtype=float), -1.0, 1.0)
        reward = float(self.reward(self.position, moved))
        self.position, self.time = self.move(self.position, moved), self.time + 1
        return self.position.astype(np.float32), reward, False, self.time >= STEPS, {}


@dataclass(frozen=True, eq=False)
class MultiGoalSolution:
    """The soft solution on the grid, read off anywhere by interpolation.

    Attributes
    ----------
    env : MultiGoal
    grid : (n,) array
        Coordinates of the cells.
    V : (n, n) array
    temperature, discount : float
    """

    env: MultiGoal
    grid: NDArray
    V: NDArray
    temperature: float
    discount: float

    def value(self, positions: NDArray) -> NDArray:
        """Soft value at positions (..., 2)."""
        corners, weights = _bilinear(positions.reshape(-1, 2), self.grid)
        return (weights * self.V.ravel()[corners]).sum(axis=1).reshape(positions.shape[:-1])

    def action_value(self, positions: NDArray, actions: NDArray) -> NDArray:
        """Soft action value of positions (..., 2) and actions (..., 2)."""
        following = self.env.move(positions, actions)
        return self.env.reward(positions, actions) + self.discount * self.value(following)

    def actor(self, rng: np.random.Generator) -> Callable[[NDArray], NDArray]:
        """Return the soft policy as a function that draws actions (k, 2) for positions (k, 2)."""
        return boltzmann_actor(self.action_value, self.temperature, rng)


def boltzmann_actor(
    action_value: Callable[[NDArray, NDArray], NDArray],
    temperature: float,
    rng: np.random.Generator,
    *,
    n_draws: int = 256,
) -> Callable[[NDArray], NDArray]:
    """Return the Boltzmann policy of an action value as a function that draws actions (k, 2) for positions (k, 2).

    It takes the best of Gumbel-perturbed uniform draws, which is exact in the limit of many draws.
    """

    def act(positions: NDArray) -> NDArray:
        actions = rng.uniform(-1.0, 1.0, size=(len(positions), n_draws, 2))
        logits = action_value(positions[:, None, :], actions) / temperature
        best = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        return actions[np.arange(len(positions)), best]

    return act


def solve_multigoal(
    env: MultiGoal, temperature: float, *, discount: float = 0.9, n_cells: int = 61, n_actions: int = 13
) -> MultiGoalSolution:
    """Solve the task on a grid of ``n_cells ** 2`` positions and ``n_actions ** 2`` actions.

    Parameters
    ----------
    env : MultiGoal
    temperature : float > 0
        alpha, for densities over actions in the square of [-1, 1].
    discount : float in (0, 1)
    n_cells, n_actions : int
        In each of the two directions.
    """
    n, m = check_count("n_cells", n_cells, at_least=8), check_count("n_actions", n_actions, at_least=3)
    grid, moves = np.linspace(-SIZE, SIZE, n), np.linspace(-1.0, 1.0, m)
    weights = np.full(m, 1.0 / (m - 1))  # of the trapezoidal rule, as probabilities
    weights[[0, -1]] /= 2.0
    positions = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    actions = np.stack(np.meshgrid(moves, moves, indexing="ij"), axis=-1).reshape(-1, 2)
    states, matrices = np.arange(n * n), []
    for action in actions:
        corners, shares = _bilinear(env.move(positions, action), grid)
        entries = (shares.ravel(), (np.repeat(states, 4), corners.ravel()))
        matrices.append(sparse.coo_array(entries, shape=(n * n, n * n)).tocsr())
    mdp = MDP.from_stacked(sparse.vstack(matrices, format="csr"), len(actions), discount=discount)
    reward = env.reward(positions[:, None, :], actions) + temperature * math.log(4.0)
    prior = np.outer(weights, weights).ravel()
    V = soft_value_iteration(mdp, reward, temperature=temperature, action_prior=prior).V
    return MultiGoalSolution(env, grid, V.reshape(n, n), temperature, discount)


def action_cells(
    action_value: Callable[[NDArray, NDArray], NDArray], position: ArrayLike, temperature: float, *, n_cells: int = 8
) -> NDArray:
    """Chances of the Boltzmann policy of an action value at a position, summed over cells of the action square, (n, n).

    Parameters
    ----------
    action_value : callable
        Of positions (k, 2) and actions (k, 2).
    """
    fine = 8 * n_cells
    middle = -1.0 + (np.arange(fine) + 0.5) * 2.0 / fine
    actions = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=-1).reshape(-1, 2)
    logits = action_value(np.tile(np.asarray(position, dtype=float), (len(actions), 1)), actions) / temperature
    return np.exp(logits - logsumexp(logits)).reshape(n_cells, 8, n_cells, 8).sum(axis=(1, 3))


def goal_shares(policy: Callable[[NDArray], NDArray], n: int = 1000) -> NDArray:
    """Shares of walks from the middle that are nearest to each of the four goals after an episode, (4,).

    Parameters
    ----------
    policy : callable
        Draws actions (k, 2) for positions (k, 2).
    """
    positions = np.zeros((n, 2))
    for _ in range(STEPS):
        positions = MultiGoal.move(positions, policy(positions))
    distance = ((positions[:, None, :] - np.array(FOUR_GOALS)) ** 2).sum(axis=-1)
    return np.bincount(distance.argmin(axis=1), minlength=4) / n


def _bilinear(points: NDArray, grid: NDArray) -> tuple[NDArray, NDArray]:
    """Cells around points (k, 2), and their weights: (k, 4) ints and floats."""
    n = len(grid)
    x = (points - grid[0]) / (grid[1] - grid[0])
    below = np.clip(np.floor(x).astype(int), 0, n - 2)
    (i, j), (dx, dy) = below.T, np.clip(x - below, 0.0, 1.0).T
    corners = np.stack([i * n + j, i * n + j + 1, (i + 1) * n + j, (i + 1) * n + j + 1], axis=1)
    return corners, np.stack([(1 - dx) * (1 - dy), (1 - dx) * dy, dx * (1 - dy), dx * dy], axis=1)
