r"""Soft actor-critic for continuous actions: twin critics, a squashed Gaussian actor, automatic temperature.

The critics regress on the soft Bellman target of the current actor, with the smaller of two target critics, on transitions from a
replay. The actor minimises the divergence from the Boltzmann posterior of the critics, by gradients through its
reparameterised sample. The temperature follows the dual of a constraint on entropy:

.. math::

    y = r + \gamma \bigl( \min_i \bar Q_i(s', a') - \alpha \log \pi(a' \mid s') \bigr), \qquad
    J_\pi = E[\alpha \log \pi(a \mid s) - \min_i Q_i(s, a)], \qquad
    J_\alpha = -E[\alpha (\log \pi(a \mid s) + \bar H)] .

Actions are scaled to :math:`[-1, 1]^m`, and densities, entropies and soft values are with respect to volume there: the action
prior is Lebesgue measure of that cube.

The smaller of two critics is too low by half their difference, and the backup adds this up over :math:`1 / (1 - \gamma)` steps:
on Pendulum-v1 a fifth of the value. So over the last part of the run (``settle``) the target moves from the smaller critic to the
mean of both, while the learning rates fall to 0.

What differs from the papers: no separate value network (the 2018a paper has one, the 2018b paper dropped it); networks of 64
units a layer by default and not 256, for small problems on one core; inputs and outputs of the networks are standardised by
the random transitions; the last part of the run settles as said above (``settle=0`` leaves that out); targets follow at .02 a
step and not .005; the temperature's gradient is taken in :math:`\log \alpha`, as in the authors' program.

Sources: Haarnoja, T., Zhou, A., Abbeel, P., & Levine, S. (2018a), Soft actor-critic: off-policy maximum entropy deep
reinforcement learning with a stochastic actor, ICML, PMLR 80, 1861-1870; Haarnoja, T., et al. (2018b), Soft actor-critic
algorithms and applications, arXiv:1812.05905; Fujimoto, S., van Hoof, H., & Meger, D. (2018), Addressing function approximation
error in actor-critic methods, ICML, PMLR 80, 1587-1596 (twin critics).
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

from ..._checks import check_choice, check_count, check_interval, check_positive, check_temperature
from .networks import Critics, SquashedGaussian, as_inputs, descend_once
from .replay import Replay, box_spaces, interact, seeded


@dataclass(frozen=True, eq=False)
class DeepActorCritic:
    """What soft actor-critic learnt.

    Attributes
    ----------
    actor : SquashedGaussian
    critics : Critics
        Two, of observation and scaled action.
    temperature : float
        The last one, where it was tuned.
    low, high : (m,) arrays
        Of the environment's actions.
    n_steps : int
        Transitions seen; nothing certifies that more would change little.
    steps_curve, return_curve : (n_episodes,) arrays
        Transitions seen when an episode ended, and its undiscounted return, exploration included.
    temperature_curve, entropy_curve : (n,) arrays
        At the end of each of the steps in `tuning_steps`; the entropy is the batch's, nats of scaled actions.
    tuning_steps : (n,) array
    seen : (n_seen, n) array
        Observations in the replay.
    """

    actor: SquashedGaussian
    critics: Critics
    temperature: float
    low: NDArray
    high: NDArray
    n_steps: int
    steps_curve: NDArray
    return_curve: NDArray
    temperature_curve: NDArray
    entropy_curve: NDArray
    tuning_steps: NDArray
    seen: NDArray

    def act(self, observations: ArrayLike, *, deterministic: bool = False, random_state: Any = None) -> NDArray:
        """Actions (k, m) of the environment for observations (k, n): drawn, or the squashed mean."""
        inputs = as_inputs(observations)
        noise = torch.zeros(len(inputs), len(self.low))
        if not deterministic:
            noise = torch.randn(noise.shape, generator=seeded(random_state))
        with torch.no_grad():
            scaled = self.actor(inputs, noise)[0].numpy().astype(float)
        return self.low + 0.5 * (scaled + 1.0) * (self.high - self.low)

    def value(self, observations: ArrayLike, *, n_draws: int = 64, random_state: Any = 0) -> NDArray:
        """Soft value at observations (k, n), (k,): the critics' mean less temperature times log-density, over draws."""
        inputs, actions, log_density = self._draw(observations, n_draws, random_state)
        with torch.no_grad():
            soft = self.critics(inputs, actions).mean(dim=0) - self.temperature * log_density
        return soft.reshape(n_draws, -1).mean(dim=0).numpy().astype(float)

    def entropy(self, observations: ArrayLike, *, n_draws: int = 64, random_state: Any = 0) -> NDArray:
        """Entropy of the actor at observations (k, n), (k,), nats, of actions scaled to [-1, 1]; estimated from draws."""
        log_density = self._draw(observations, n_draws, random_state)[2]
        return -log_density.reshape(n_draws, -1).mean(dim=0).numpy().astype(float)

    def _draw(self, observations: ArrayLike, n_draws: int, random_state: Any) -> tuple[Tensor, Tensor, Tensor]:
        inputs = as_inputs(observations).repeat(n_draws, 1)
        noise = torch.randn(len(inputs), len(self.low), generator=seeded(random_state))
        with torch.no_grad():
            return inputs, *self.actor(inputs, noise)


def soft_actor_critic(
    env: gymnasium.Env,
    *,
    discount: float = 0.99,
    temperature: float | str = "auto",
    target_entropy: float | None = None,
    n_steps: int = 30_000,
    n_random: int = 1000,
    batch_size: int = 256,
    hidden: Sequence[int] = (64, 64),
    learning_rate: float = 1e-3,
    temperature_rate: float = 3e-3,
    target_rate: float = 0.02,
    capacity: int = 1_000_000,
    settle: float = 0.5,
    random_state: Any = None,
) -> DeepActorCritic:
    """Learn to act in an environment with Box actions, one gradient step a transition.

    Parameters
    ----------
    env : gymnasium.Env
        Observations and actions are Boxes of one dimension, the actions bounded.
    discount : float in [0, 1)
    temperature : float > 0, or "auto"
        alpha; "auto" follows the target entropy, from 1.
    target_entropy : float, optional
        nats, of actions scaled to [-1, 1]; default minus the number of actions (Haarnoja et al. 2018b).
    n_steps : int
        Transitions.
    n_random : int
        Of them the first, with actions drawn uniformly and without learning.
    batch_size : int
    hidden : sequence of int
        Units of each hidden layer of actor and critics.
    learning_rate : float > 0
        Of Adam, for actor and critics.
    temperature_rate : float > 0
        Of Adam, for the logarithm of the temperature.
    target_rate : float in (0, 1]
        Share of the critics that enters their average, the target, at each step.
    capacity : int
        Of the replay.
    settle : float in [0, 1]
        Share of the run at its end over which learning rates and pessimism fall to 0.
    random_state : None or int
        Of everything that is drawn, the episodes' starts included.

    Returns
    -------
    DeepActorCritic

    Raises
    ------
    ValueError
        For spaces that are no Boxes, or unbounded actions.
    """
    learner = _Learner(env, check_interval("discount", discount, 0.0, 1.0, closed="left"), temperature, target_entropy)
    learner.build(hidden, random_state)
    learner.rate = check_positive("learning_rate", learning_rate)
    learner.temperature_rate = check_positive("temperature_rate", temperature_rate)
    learner.target_rate = check_interval("target_rate", target_rate, 0.0, 1.0, closed="right")
    learner.settle = check_interval("settle", settle, 0.0, 1.0)
    learner.batch_size = check_count("batch_size", batch_size)
    n_steps, n_random = check_count("n_steps", n_steps), check_count("n_random", n_random)
    return learner.run(n_steps, n_random, min(check_count("capacity", capacity), n_steps))


class _Learner:
    """The networks, their optimisers, and one step of learning."""

    rate: float
    temperature_rate: float
    target_rate: float
    settle: float
    batch_size: int

    def __init__(
        self, env: gymnasium.Env, discount: float, temperature: float | str, target_entropy: float | None
    ) -> None:
        self.n_observations, self.low, self.high = box_spaces(env)
        self.env, self.discount = env, discount
        self.n_actions = len(self.low)
        self.tuned = isinstance(temperature, str)
        if isinstance(temperature, str):
            check_choice("temperature", temperature, ("auto",))
            start = 1.0
        else:
            start = check_temperature(temperature, finite_positive=True)
        self.log_alpha = torch.tensor(math.log(start), requires_grad=self.tuned)
        self.target_entropy = float(-self.n_actions if target_entropy is None else target_entropy)

    def build(self, hidden: Sequence[int], random_state: Any) -> None:
        rng = np.random.default_rng(random_state)
        self.env_seed = int(rng.integers(2**31))
        self.generator = seeded(int(rng.integers(2**31)))
        with torch.random.fork_rng():
            torch.manual_seed(int(rng.integers(2**31)))
            self.actor = SquashedGaussian(self.n_observations, self.n_actions, hidden)
            self.critics = Critics(self.n_observations, self.n_actions, hidden)
        self.targets = copy.deepcopy(self.critics).requires_grad_(False)
        self.actor_optimiser = torch.optim.Adam(self.actor.parameters())
        self.critic_optimiser = torch.optim.Adam(self.critics.parameters())
        self.alpha_optimiser = torch.optim.Adam([self.log_alpha])

    def run(self, n_steps: int, n_random: int, capacity: int) -> DeepActorCritic:
        replay = Replay(capacity, self.n_observations, self.n_actions)
        tuning = []

        def act(observation: Tensor) -> Tensor:
            with torch.no_grad():
                return self.actor(observation[None], self._noise(1))[0][0]

        def learn(step: int) -> None:
            if step == n_random + 1:
                self._scale(replay)
            left = min(1.0, (1.0 - step / n_steps) / self.settle) if self.settle > 0 else 1.0
            entropy = self._learn(replay, left)
            if step % 100 == 0:
                tuning.append((step, self.log_alpha.exp().item(), entropy.item()))

        ends, returns = interact(self.env, replay, act, learn, n_steps, n_random, self.generator, self.env_seed)
        tuning_steps, alphas, entropies = np.array(tuning, dtype=float).reshape(-1, 3).T
        return DeepActorCritic(
            *(self.actor, self.critics, self.log_alpha.exp().item(), self.low, self.high, n_steps, ends, returns),
            *(alphas, entropies, tuning_steps.astype(int), replay.observations().numpy().copy()),
        )

    def _scale(self, replay: Replay) -> None:
        """Fix the units of the networks' inputs and outputs by the random transitions."""
        self.actor.body.set_units(*replay.units())
        # The deviation of a discounted sum of independent rewards.
        unit = replay.rewards().std().item() / math.sqrt(1.0 - self.discount**2)
        for critics in (self.critics, self.targets):
            critics.set_units(*replay.units(), max(unit, 1e-6))

    def _learn(self, replay: Replay, left: float) -> Tensor:
        """One step of critics, actor, temperature and targets, `left` falling from 1 to 0; return the entropy of the batch."""
        observations, actions, rewards, ended, following = replay.draw(self.batch_size, self.generator)
        alpha, rate, unit = self.log_alpha.detach().exp(), self.rate * left, self.critics.unit
        with torch.no_grad():
            next_actions, next_log_density = self.actor(following, self._noise(len(following)))
            after = _believed(self.targets(following, next_actions), left) - alpha * next_log_density
            target = rewards + self.discount * (1.0 - ended) * after
        descend_once(
            self.critic_optimiser, ((self.critics(observations, actions) - target) / unit).square().mean(), rate
        )
        own, log_density = self.actor(observations, self._noise(len(observations)))
        self.critics.requires_grad_(False)
        believed = _believed(self.critics(observations, own), left)
        descend_once(self.actor_optimiser, (alpha * log_density - believed).mean() / unit, rate)
        self.critics.requires_grad_(True)
        entropy = -log_density.detach().mean()
        if self.tuned:
            loss = self.log_alpha * (entropy - self.target_entropy)
            descend_once(self.alpha_optimiser, loss, self.temperature_rate)
        for average, parameter in zip(self.targets.parameters(), self.critics.parameters(), strict=True):
            average.lerp_(parameter.detach(), self.target_rate)
        return entropy

    def _noise(self, size: int) -> Tensor:
        return torch.randn(size, self.n_actions, generator=self.generator)


def _believed(values: Tensor, pessimism: float) -> Tensor:
    """The smaller of twin values (2, k), as far as pessimism is 1, and their mean as far as it is 0; (k,)."""
    return pessimism * values.amin(dim=0) + (1.0 - pessimism) * values.mean(dim=0)
