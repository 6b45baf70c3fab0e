"""What a learner of continuous control has seen, and how it came to see it: replay, and the loop of acting and learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .networks import as_inputs


class Replay:
    """A ring of transitions; when it is full the oldest is overwritten.

    Parameters
    ----------
    capacity : int
    n_observations, n_actions : int
    """

    def __init__(self, capacity: int, n_observations: int, n_actions: int) -> None:
        self.columns = np.cumsum([0, n_observations, n_actions, 1, 1, n_observations])
        self.rows = torch.zeros(capacity, int(self.columns[-1]))  # observation, action, reward, ended, next observation
        self.seen = 0

    def __len__(self) -> int:
        return min(self.seen, len(self.rows))

    def add(self, observation: NDArray, action: NDArray, reward: float, ended: bool, following: NDArray) -> None:
        """Take in one transition; `ended` says that no value follows (a time limit does not end a problem)."""
        row = np.concatenate([observation, action, [reward, ended], following]).astype(np.float32)
        self.rows[self.seen % len(self.rows)] = torch.from_numpy(row)
        self.seen += 1

    def draw(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Observations (size, n), actions (size, m), rewards (size,), whether ended (size,), next observations (size, n)."""
        chosen = self.rows[torch.randint(len(self), (size,), generator=generator)]
        o, a, r, e, n = (chosen[:, i:j] for i, j in zip(self.columns[:-1], self.columns[1:], strict=True))
        return o, a, r[:, 0], e[:, 0], n

    def observations(self) -> Tensor:
        """All observations held, (k, n)."""
        return self.rows[: len(self), : self.columns[1]]

    def rewards(self) -> Tensor:
        """All rewards held, (k,)."""
        return self.rows[: len(self), self.columns[2]]

    def units(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the observations, (n,) each."""
        return self.observations().mean(dim=0), self.observations().std(dim=0)


def interact(
    env: gymnasium.Env,
    replay: Replay,
    act: Callable[[Tensor], Tensor],
    learn: Callable[[int], None],
    n_steps: int,
    n_random: int,
    generator: torch.Generator,
    seed: int,
) -> tuple[NDArray, NDArray]:
    """Act, remember and learn; return the steps at which episodes ended, and their undiscounted returns.

    Parameters
    ----------
    env : gymnasium.Env
    replay : Replay
    act : callable
        Scaled action (m,) for an observation (n,); not asked during the first `n_random` steps, which are uniform.
    learn : callable
        Called with the number of each later step.
    n_steps, n_random : int
    generator : torch.Generator
    seed : int
        Of the environment.
    """
    _, low, high = box_spaces(env)
    ends, returns, earned = [], [], 0.0
    observation, _ = env.reset(seed=seed)
    for step in range(1, n_steps + 1):
        if step <= n_random:
            action = 2.0 * torch.rand(len(low), generator=generator) - 1.0
        else:
            action = act(as_inputs(observation))
        scaled = action.numpy().astype(float)
        following, reward, ended, cut, _ = env.step(
            (low + 0.5 * (scaled + 1.0) * (high - low)).astype(env.action_space.dtype)
        )
        replay.add(observation, scaled, float(reward), ended, following)
        earned, observation = earned + float(reward), following
        if ended or cut:
            ends.append(step)
            returns.append(earned)
            earned = 0.0
            observation, _ = env.reset()
        if step > n_random:
            learn(step)
    return np.array(ends, dtype=int), np.array(returns)


def box_spaces(env: gymnasium.Env) -> tuple[int, NDArray, NDArray]:
    """Length of the observation, and the bounds of the action, (m,) each; ValueError for other spaces."""
    seen, done = env.observation_space, env.action_space
    for name, space in (("observations", seen), ("actions", done)):
        if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
            raise ValueError(f"{name} must be a Box of one dimension; got {space}: wrap the environment")
    assert isinstance(seen, gymnasium.spaces.Box)  # for the type checker
    assert isinstance(done, gymnasium.spaces.Box)
    low, high = done.low.astype(float), done.high.astype(float)
    unbounded = np.flatnonzero(~(np.isfinite(low) & np.isfinite(high) & (low < high)))
    if len(unbounded):
        i = unbounded[0]
        raise ValueError(
            f"action {i} runs from {low[i]} to {high[i]}: bounds must be finite, as with "
            "gymnasium.wrappers.RescaleAction or ClipAction on an environment of your own"
        )
    return seen.shape[0], low, high


def seeded(random_state: Any) -> torch.Generator:
    """A generator from None, or what seeds numpy's."""
    generator = torch.Generator()
    if random_state is None:
        generator.seed()
    else:
        generator.manual_seed(int(np.random.default_rng(random_state).integers(2**63)))
    return generator
