"""What a learner has seen: transitions in a ring, drawn from uniformly."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


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
