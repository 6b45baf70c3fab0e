r"""Soft Q-learning with continuous actions: an energy-based policy, and a network that learns to sample from it.

The critic regresses on :math:`r + \gamma \bar V(s')`, the soft value being an integral over actions by importance sampling, here
from the uniform density on :math:`[-1, 1]^m`:

.. math::

    \bar V(s) = \alpha \log \frac{2^m}{N} \sum_i \exp(\bar Q(s, a_i) / \alpha), \qquad a_i \sim U([-1, 1]^m) .

The policy :math:`\pi \propto \exp(Q / \alpha)` has any number of modes and no normaliser. A sampler :math:`a = f(\xi; s)` with
noise :math:`\xi \sim N(0, I)` learns to draw from it: Stein variational gradient descent says how a set of particles should
move,

.. math::

    \Delta(a) = \frac{1}{M} \sum_i \bigl[ \kappa(a_i, a) \nabla_{a_i} \log \pi(a_i \mid s) + \nabla_{a_i} \kappa(a_i, a)
    \bigr] ,

and the sampler's parameters follow, :math:`\Delta \phi \propto E[\Delta(f(\xi; s)) \, \partial f / \partial \phi]` (amortised).

What differs from the paper: particles live before the squashing tanh, where their density has the change of variables' factor
exactly; target critics are averaged at every step in place of being copied now and then; the uniform draws are a randomly
shifted Sobol sequence, of less variance; the learning rate falls to 0 over the last half.

Sources: Haarnoja, T., Tang, H., Abbeel, P., & Levine, S. (2017), Reinforcement learning with deep energy-based policies, ICML,
PMLR 70, 1352-1361; Liu, Q., & Wang, D. (2016), Stein variational gradient descent, NeurIPS 29; Haarnoja, T., et al. (2018),
Composable deep reinforcement learning for robotic manipulation, ICRA, 6244-6251 (`composed`).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from ..._checks import check_count, check_interval, check_positive, check_temperature
from .networks import Critics, Perceptrons, as_inputs, descend_once
from .replay import Replay, box_spaces, interact, seeded


@dataclass(frozen=True, eq=False)
class EnergyPolicy:
    """A soft action value, and a sampler of its Boltzmann policy.

    Attributes
    ----------
    critics : tuple of Critics
        Their mean is the action value.
    sampler : Perceptrons
        From observation and noise to actions before they are squashed.
    temperature : float
    low, high : (m,) arrays
        Of the environment's actions.
    seen : (k, n) array
        Observations in the replay.
    """

    critics: tuple[Critics, ...]
    sampler: Perceptrons
    temperature: float
    low: NDArray
    high: NDArray
    seen: NDArray

    def action_value(self, observations: ArrayLike, actions: ArrayLike) -> NDArray:
        """Soft action value of observations (k, n) and actions (k, m) of the environment, (k,)."""
        scaled = 2.0 * (np.asarray(actions, dtype=float) - self.low) / (self.high - self.low) - 1.0
        with torch.no_grad():
            return _mean_value(self.critics, as_inputs(observations), as_inputs(scaled)).numpy().astype(float)

    def value(self, observations: ArrayLike, *, n_draws: int = 1024) -> NDArray:
        """Soft value at observations (k, n), (k,), from `n_draws` uniform actions; densities on [-1, 1]^m."""
        actions = _uniform_actions(len(self.low), n_draws, seeded(0))
        with torch.no_grad():
            return _soft_value(self.critics, as_inputs(observations), actions, self.temperature).numpy().astype(float)

    def act(self, observations: ArrayLike, *, random_state: Any = None) -> NDArray:
        """Draw actions (k, m) of the environment for observations (k, n)."""
        inputs = as_inputs(observations)
        noise = torch.randn(len(inputs), len(self.low), generator=seeded(random_state))
        with torch.no_grad():
            scaled = self.sampler(torch.cat([inputs, noise], dim=1))[0].tanh().numpy().astype(float)
        return self.low + 0.5 * (scaled + 1.0) * (self.high - self.low)


def soft_q_learning(
    env: gymnasium.Env,
    *,
    temperature: float,
    discount: float = 0.9,
    n_steps: int = 6000,
    n_random: int = 1000,
    batch_size: int = 128,
    n_draws: int = 64,
    n_particles: int = 32,
    hidden: Sequence[int] = (64, 64),
    learning_rate: float = 2e-3,
    target_rate: float = 0.02,
    random_state: Any = None,
) -> EnergyPolicy:
    """Learn a soft action value and its sampler from an environment with Box actions, one gradient step a transition.

    Parameters
    ----------
    env : gymnasium.Env
        Observations and actions are Boxes of one dimension, the actions bounded.
    temperature : float > 0
        alpha.
    discount : float in [0, 1)
    n_steps, n_random : int
        Transitions, and how many of them come first, with uniform actions and without learning.
    batch_size : int
        Transitions of a step of the critic; a quarter of their states serve the sampler.
    n_draws : int
        Uniform actions of the soft value.
    n_particles : int
        Actions that repel one another, of each state; as many again are moved.
    hidden : sequence of int
    learning_rate : float > 0
        Of Adam.
    target_rate : float in (0, 1]
        Share of the critic that enters its average at each step.
    random_state : None or int
    """
    alpha = check_temperature(temperature, finite_positive=True)
    gamma = check_interval("discount", discount, 0.0, 1.0, closed="left")
    n_steps, n_random = check_count("n_steps", n_steps), check_count("n_random", n_random)
    batch_size = check_count("batch_size", batch_size, at_least=4)
    n_draws, n_particles = check_count("n_draws", n_draws), check_count("n_particles", n_particles, at_least=2)
    n, low, high = box_spaces(env)
    generator, initial = seeded(random_state), np.random.default_rng(random_state)
    with torch.random.fork_rng():
        torch.manual_seed(int(initial.integers(2**31)))
        critic = Critics(n, len(low), hidden, n_members=1)
        sampler = _Sampler(n, len(low), hidden, n_particles, alpha, generator)
    target = copy.deepcopy(critic).requires_grad_(False)
    rate = check_positive("learning_rate", learning_rate)
    optimiser = torch.optim.Adam(critic.parameters())
    replay = Replay(n_steps, n, len(low))

    def learn(step: int) -> None:
        if step == n_random + 1:
            for network in (critic, target, sampler.network):
                network.set_units(*replay.units())
        current = rate * min(1.0, 2.0 * (1.0 - step / (n_steps + 1)))
        observations, actions, rewards, ended, following = replay.draw(batch_size, generator)
        with torch.no_grad():
            after = _soft_value((target,), following, _uniform_actions(len(low), n_draws, generator), alpha)
            wanted = rewards + gamma * (1.0 - ended) * after
        descend_once(optimiser, (critic(observations, actions)[0] - wanted).square().mean(), current)
        for average, parameter in zip(target.parameters(), critic.parameters(), strict=True):
            average.lerp_(parameter.detach(), target_rate)
        sampler.learn((critic,), observations[: batch_size // 4], current)

    interact(env, replay, sampler.draw, learn, n_steps, n_random, generator, int(initial.integers(2**31)))
    return EnergyPolicy((critic,), sampler.network, alpha, low, high, replay.observations().numpy().copy())


def composed(
    policies: Sequence[EnergyPolicy],
    *,
    n_steps: int = 3000,
    n_particles: int = 32,
    hidden: Sequence[int] = (64, 64),
    learning_rate: float = 2e-3,
    random_state: Any = None,
) -> EnergyPolicy:
    r"""Return the policy of the mean of soft action values, for the mean of their rewards; no critic learns anew.

    The mean is at least the soft action value of the mean reward, and exceeds it by as much as the policies disagree later
    (Haarnoja et al. 2018, lemma 1). A sampler is trained for it, on the observations that were seen.

    Parameters
    ----------
    policies : sequence of EnergyPolicy
        Of one environment, discount and temperature.
    n_steps, n_particles, hidden, learning_rate
        Of the sampler.
    random_state : None or int
    """
    first = policies[0]
    if any(policy.temperature != first.temperature for policy in policies):
        raise ValueError("policies of different temperatures have no common soft action value: train them at one")
    critics = tuple(critic for policy in policies for critic in policy.critics)
    seen, generator = torch.from_numpy(np.concatenate([policy.seen for policy in policies])), seeded(random_state)
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.default_rng(random_state).integers(2**31)))
        sampler = _Sampler(seen.shape[1], len(first.low), hidden, n_particles, first.temperature, generator)
    sampler.network.set_units(seen.mean(dim=0), seen.std(dim=0))
    for step in range(check_count("n_steps", n_steps)):
        chosen = torch.randint(len(seen), (32,), generator=generator)
        sampler.learn(critics, seen[chosen], learning_rate * min(1.0, 2.0 * (1.0 - step / n_steps)))
    return EnergyPolicy(critics, sampler.network, first.temperature, first.low, first.high, seen.numpy())


class _Sampler:
    """The sampling network, trained by amortised Stein variational gradient descent."""

    def __init__(
        self, n: int, m: int, hidden: Sequence[int], n_particles: int, temperature: float, generator: torch.Generator
    ) -> None:
        self.network = Perceptrons(1, (n + m, *hidden, m))
        self.m, self.n_particles, self.temperature, self.generator = m, n_particles, temperature, generator
        self.optimiser = torch.optim.Adam(self.network.parameters())

    def before_tanh(self, observations: Tensor) -> Tensor:
        noise = torch.randn(len(observations), self.m, generator=self.generator)
        return self.network(torch.cat([observations, noise], dim=1))[0]

    def draw(self, observation: Tensor) -> Tensor:
        """A scaled action (m,) for an observation (n,)."""
        with torch.no_grad():
            return self.before_tanh(observation[None])[0].tanh()

    def learn(self, critics: Sequence[Critics], observations: Tensor, learning_rate: float) -> None:
        """One step, with particles of their own for each of the observations (k, n)."""
        particles = self.before_tanh(observations.repeat_interleave(2 * self.n_particles, dim=0))
        fixed, moved = particles.reshape(len(observations), 2, self.n_particles, self.m).unbind(dim=1)
        at = fixed.detach().requires_grad_(True)
        states = observations[:, None, :].expand(-1, self.n_particles, -1)
        # log pi before the tanh, up to its normaliser: the change of variables adds log(1 - tanh^2).
        squash = 2.0 * (math.log(2.0) - at - functional.softplus(-2.0 * at)).sum(dim=-1)
        energy = _mean_value(critics, states.flatten(0, 1), at.tanh().flatten(0, 1)) / self.temperature
        (slope,) = torch.autograd.grad(energy.sum() + squash.sum(), at)
        direction = stein_direction(fixed.detach(), slope, moved.detach())
        # The gradient of this with respect to the particles moved is minus the Stein direction.
        descend_once(self.optimiser, -(direction * moved).sum(dim=-1).mean(), learning_rate)


def stein_direction(particles: Tensor, slopes: Tensor, moved: Tensor) -> Tensor:
    """Direction (k, j, m) in which particles `moved` (k, j, m) approach a density, for each of k densities.

    Parameters
    ----------
    particles : (k, i, m) tensor
        Drawn from the present distribution.
    slopes : (k, i, m) tensor
        Gradient of the log-density at them.
    moved : (k, j, m) tensor
    """
    away = moved[:, None, :, :] - particles[:, :, None, :]  # (k, i, j, m)
    squared = away.square().sum(dim=-1)
    # The median heuristic of Liu & Wang (2016).
    width = squared.flatten(1).median(dim=1).values / math.log(particles.shape[1] + 1.0)
    width = width.clamp(min=1e-6)[:, None, None]
    kernel = (-squared / width).exp()
    pull = torch.einsum("kij,kim->kjm", kernel, slopes)
    push = (2.0 * kernel / width)[..., None] * away  # gradient of the kernel in the fixed particle
    return (pull + push.sum(dim=1)) / particles.shape[1]


def _mean_value(critics: Sequence[Critics], observations: Tensor, actions: Tensor) -> Tensor:
    return torch.stack([critic(observations, actions)[0] for critic in critics]).mean(dim=0)


def _soft_value(critics: Sequence[Critics], observations: Tensor, actions: Tensor, temperature: float) -> Tensor:
    """Soft value (k,) of observations (k, n) by importance sampling from the uniform density, with actions (N, m)."""
    states = observations.repeat_interleave(len(actions), dim=0)
    values = _mean_value(critics, states, actions.repeat(len(observations), 1)).reshape(len(observations), -1)
    log_mean = (values / temperature).logsumexp(dim=1) - math.log(len(actions))
    return temperature * (log_mean + actions.shape[1] * math.log(2.0))


def _uniform_actions(m: int, n_draws: int, generator: torch.Generator) -> Tensor:
    """Uniform on [-1, 1]^m, (n_draws, m): a Sobol sequence, shifted at random around the torus."""
    sequence = torch.quasirandom.SobolEngine(m).draw(n_draws)
    return 2.0 * ((sequence + torch.rand(m, generator=generator)) % 1.0) - 1.0
