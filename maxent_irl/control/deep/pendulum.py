r"""The exact soft solution of Pendulum-v1, on a fine grid: what a learner of continuous control is held against.

Angle and speed are discretised to cells whose values are interpolated bilinearly, the torque to the nodes of the trapezoidal
rule. Bilinear weights are probabilities, so the interpolated problem is a finite MDP, and `soft_value_iteration` solves it. With
actions scaled to :math:`u \in [-1, 1]` the soft value is that of densities over torques,

.. math::

    V(s) = \alpha \log \int_{-1}^{1} \exp(Q(s, u) / \alpha) \, du ,

an integral where a finite MDP has a sum: the nodes' weights, which sum to 2, are the action prior times 2.

The dynamics are gymnasium's own: its environment is stepped with arrays of states in place of one.

Sources: Munos, R., & Moore, A. (2002), Variable resolution discretization in optimal control, Machine Learning 49, 291-323
(interpolated values as a finite MDP); Towers, M., et al. (2024), Gymnasium, arXiv:2407.17032 (Pendulum-v1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from ..._checks import check_count
from ...inference import soft_value_iteration
from ...mdp import MDP

STEPS = 200  # of an episode of Pendulum-v1
Actor = Callable[[NDArray], NDArray]  # (k, 3) observations -> (k, 1) torques


class PendulumStates:
    """Many pendulums at once: gymnasium's environment with arrays for its angle and speed.

    Parameters
    ----------
    angles, speeds : (k,) arrays
    """

    def __init__(self, angles: NDArray, speeds: NDArray) -> None:
        # The physics are elementwise; the checkers and limits of gymnasium.make expect a single pendulum.
        env: Any = gymnasium.make("Pendulum-v1", disable_env_checker=True).unwrapped
        env.state = np.stack([angles, speeds])
        self._env = env

    @classmethod
    def starts(cls, n: int, seed: int = 0) -> PendulumStates:
        """Where the episodes with seeds seed, seed + 1, ... start, n of them."""
        env: Any = gymnasium.make("Pendulum-v1").unwrapped
        states = []
        for episode in range(n):
            env.reset(seed=seed + episode)
            states.append(np.array(env.state))
        return cls(*np.array(states).T)

    @property
    def angles(self) -> NDArray:
        """(k,) array, radians from upright, unbounded."""
        return self._env.state[0]

    @property
    def speeds(self) -> NDArray:
        """(k,) array."""
        return self._env.state[1]

    @property
    def observations(self) -> NDArray:
        """Cosine and sine of the angle, and the speed, (k, 3)."""
        return np.stack([np.cos(self.angles), np.sin(self.angles), self.speeds], axis=1)

    def step(self, torques: NDArray) -> NDArray:
        """Take one step with torques (k, 1); return the rewards, (k,)."""
        return self._env.step(torques.T)[1]


def pendulum_returns(actor: Actor, n_episodes: int = 100, *, seed: int = 0) -> NDArray:
    """Undiscounted returns of an actor over episodes of Pendulum-v1, from the starts of seeds seed, seed + 1, ...; (n,)."""
    pendulums = PendulumStates.starts(check_count("n_episodes", n_episodes), seed)
    return np.sum([pendulums.step(actor(pendulums.observations)) for _ in range(STEPS)], axis=0)


@dataclass(frozen=True, eq=False)
class PendulumSolution:
    """The soft solution on the grid, read off anywhere by interpolation.

    Attributes
    ----------
    angles : (n,) array
        From -pi, periodic.
    speeds : (m,) array
    torques : (A,) array
    V : (n, m) array
        In units of reward; densities with respect to torques scaled to [-1, 1].
    Q : (n, m, A) array
    temperature : float
    mdp : MDP
    """

    angles: NDArray
    speeds: NDArray
    torques: NDArray
    V: NDArray
    Q: NDArray
    temperature: float
    mdp: MDP

    def value(self, observations: NDArray) -> NDArray:
        """Soft value at observations (k, 3), (k,)."""
        return self._interpolate(self.V, observations)

    def probabilities(self, observations: NDArray) -> NDArray:
        """Chance of each torque at observations (k, 3), (k, A)."""
        Q = self._interpolate(self.Q, observations)
        return softmax(Q / self.temperature + np.log(_weights(len(self.torques))), axis=1)

    def entropy(self, observations: NDArray) -> NDArray:
        """Differential entropy of the policy at observations (k, 3), (k,), of torques scaled to [-1, 1]."""
        chance = self.probabilities(observations)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(chance > 0, chance * np.log(chance / _weights(len(self.torques))), 0.0)
        return -terms.sum(axis=1)

    def actor(self, rng: np.random.Generator) -> Actor:
        """Return the soft policy as a function that draws torques (k, 1) for observations (k, 3)."""

        def act(observations: NDArray) -> NDArray:
            below = self.probabilities(observations).cumsum(axis=1)
            chosen = (below < rng.random((len(observations), 1)) * below[:, -1:]).sum(axis=1)
            return self.torques[chosen][:, None]

        return act

    def _interpolate(self, table: NDArray, observations: NDArray) -> NDArray:
        angles = np.arctan2(observations[:, 1], observations[:, 0])
        corners, weights = _bilinear(angles, observations[:, 2], self.angles, self.speeds)
        flat = table.reshape(len(self.angles) * len(self.speeds), -1)
        return np.einsum("kc,kca->ka", weights, flat[corners]).reshape(len(angles), *table.shape[2:])


def solve_pendulum(
    temperature: float, *, discount: float = 0.99, n_cells: int = 201, n_torques: int = 21
) -> PendulumSolution:
    """Solve Pendulum-v1 on a grid of ``n_cells * n_cells`` states, without a time limit.

    Parameters
    ----------
    temperature : float > 0
        alpha, for densities over torques scaled to [-1, 1].
    discount : float in (0, 1)
    n_cells : int >= 8
        Of the angle, and of the speed.
    n_torques : int >= 3

    Returns
    -------
    PendulumSolution
        A finer grid has less of the diffusion that interpolation adds.
    """
    n, A = check_count("n_cells", n_cells, at_least=8), check_count("n_torques", n_torques, at_least=3)
    env: Any = gymnasium.make("Pendulum-v1").unwrapped
    angles = np.linspace(-math.pi, math.pi, n, endpoint=False)
    speeds = np.linspace(-env.max_speed, env.max_speed, n)
    torques = np.linspace(-env.max_torque, env.max_torque, A)
    here = np.stack(np.meshgrid(angles, speeds, indexing="ij")).reshape(2, -1)
    states = np.arange(n * n)
    matrices, rewards = [], []
    for torque in torques:
        pendulums = PendulumStates(*here)
        rewards.append(pendulums.step(np.full((n * n, 1), torque)))
        corners, weights = _bilinear(pendulums.angles, pendulums.speeds, angles, speeds)
        entries = (weights.ravel(), (np.repeat(states, 4), corners.ravel()))
        matrices.append(sparse.coo_array(entries, shape=(n * n, n * n)).tocsr())
    mdp = MDP.from_stacked(sparse.vstack(matrices, format="csr"), A, discount=discount)
    reward = np.stack(rewards, axis=1) + temperature * math.log(2.0)
    solution = soft_value_iteration(mdp, reward, temperature=temperature, action_prior=_weights(A) / 2.0)
    Q = solution.Q - temperature * math.log(2.0)
    return PendulumSolution(angles, speeds, torques, solution.V.reshape(n, n), Q.reshape(n, n, A), temperature, mdp)


def _weights(n: int) -> NDArray:
    """Weights of the trapezoidal rule with n nodes on [-1, 1], (n,)."""
    weights = np.full(n, 2.0 / (n - 1))
    weights[[0, -1]] /= 2.0
    return weights


def _bilinear(angles: NDArray, speeds: NDArray, angle_grid: NDArray, speed_grid: NDArray) -> tuple[NDArray, NDArray]:
    """Cells around points, and their weights: (k, 4) ints and (k, 4) floats. The angle wraps around."""
    n, m = len(angle_grid), len(speed_grid)
    x = (angles + math.pi) / (2 * math.pi) * n
    y = np.clip((speeds - speed_grid[0]) / (speed_grid[1] - speed_grid[0]), 0.0, m - 1.0)
    i, j = np.floor(x).astype(int), np.minimum(np.floor(y).astype(int), m - 2)
    dx, dy = x - i, y - j
    left, right = i % n, (i + 1) % n
    corners = np.stack([left * m + j, left * m + j + 1, right * m + j, right * m + j + 1], axis=1)
    return corners, np.stack([(1 - dx) * (1 - dy), (1 - dx) * dy, dx * (1 - dy), dx * dy], axis=1)
