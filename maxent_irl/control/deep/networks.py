"""The two kinds of network that actor and critics are: several perceptrons at once, and a squashed Gaussian."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

LOG_DEVIATIONS = (-5.0, 2.0)  # an actor narrower than exp(-5) of its range has no gradient left to widen by


class Perceptrons(nn.Module):
    """Some multilayer perceptrons of one shape, evaluated together.

    Parameters
    ----------
    n_members : int
    sizes : sequence of int
        Of the layers, from input to output; rectified between them.
    """

    centre: Tensor
    deviation: Tensor

    def __init__(self, n_members: int, sizes: Sequence[int]) -> None:
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for before, after in zip(sizes[:-1], sizes[1:], strict=True):
            reach = 1.0 / math.sqrt(before)  # torch's own default for a linear layer
            self.weights.append(nn.Parameter(torch.empty(n_members, before, after).uniform_(-reach, reach)))
            self.biases.append(nn.Parameter(torch.empty(n_members, 1, after).uniform_(-reach, reach)))
        self.register_buffer("centre", torch.zeros(sizes[0]))
        self.register_buffer("deviation", torch.ones(sizes[0]))
        self.unit = 1.0

    def set_units(self, centre: Tensor, deviation: Tensor, unit: float = 1.0) -> None:
        """Standardise the first inputs by their centre and deviation, (n,) each, and multiply the outputs by `unit`."""
        n = len(centre)
        self.centre[:n], self.deviation[:n], self.unit = centre, deviation.clamp(min=1e-6), unit

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs (n_members, k, out) of inputs (k, in)."""
        x = ((inputs - self.centre) / self.deviation).expand(len(self.weights[0]), *inputs.shape)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            x = x if layer == last else x.relu()
        return self.unit * x


class Critics(nn.Module):
    """Action values of continuous states and actions, twins unless `n_members` says otherwise."""

    def __init__(self, n_observations: int, n_actions: int, hidden: Sequence[int], *, n_members: int = 2) -> None:
        super().__init__()
        self.body = Perceptrons(n_members, (n_observations + n_actions, *hidden, 1))

    @property
    def unit(self) -> float:
        """Of the values."""
        return self.body.unit

    def set_units(self, centre: Tensor, deviation: Tensor, unit: float = 1.0) -> None:
        """Standardise observations, and multiply the values by `unit`."""
        self.body.set_units(centre, deviation, unit)

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Values (n_members, k) of observations (k, n) and actions (k, m) scaled to [-1, 1]."""
        return self.body(torch.cat([observations, actions], dim=1))[:, :, 0]


class SquashedGaussian(nn.Module):
    r"""The policy :math:`a = \tanh(\mu(s) + \sigma(s) \varepsilon)`, reparameterised, with its density on [-1, 1]^m.

    The change of variables subtracts :math:`\sum \log(1 - \tanh^2 u)` from the log-density of the Gaussian (Haarnoja et al.
    2018a, appendix C).
    """

    def __init__(self, n_observations: int, n_actions: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.n_actions = n_actions
        self.body = Perceptrons(1, (n_observations, *hidden, 2 * n_actions))

    def gaussian(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log deviation of the Gaussian before it is squashed, (k, m) each."""
        mean, log_deviation = self.body(observations)[0].chunk(2, dim=-1)
        return mean, log_deviation.clamp(*LOG_DEVIATIONS)

    def forward(self, observations: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Actions (k, m) for standard normal noise (k, m), and their log-densities (k,), nats."""
        mean, log_deviation = self.gaussian(observations)
        before = mean + log_deviation.exp() * noise
        gaussian = -0.5 * noise.square() - log_deviation - 0.5 * math.log(2 * math.pi)
        # log(1 - tanh(u)^2), written so that it stays finite where tanh rounds to 1.
        squash = 2.0 * (math.log(2.0) - before - functional.softplus(-2.0 * before))
        return before.tanh(), (gaussian - squash).sum(dim=-1)


def as_inputs(array: ArrayLike) -> Tensor:
    """The array as networks read it, in single precision."""
    return torch.as_tensor(np.asarray(array, dtype=np.float32))


def descend_once(optimiser: torch.optim.Optimizer, loss: Tensor, learning_rate: float) -> None:
    """One step down a loss."""
    optimiser.param_groups[0]["lr"] = learning_rate
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
