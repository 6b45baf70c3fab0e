r"""Soft actor-critic for continuous actions: twin critics, a squashed Gaussian actor, a temperature that finds itself.

From a replay of its own transitions the critics regress on the soft Bellman target of the current actor, the smaller of two
target critics being believed; the actor minimises the divergence from the Boltzmann posterior of the critics, by gradients
through its reparameterised sample; the temperature follows the dual of a constraint on entropy:

.. math::

    y = r + \gamma \bigl( \min_i \bar Q_i(s', a') - \alpha \log \pi(a' \mid s') \bigr), \qquad
    J_\pi = E[\alpha \log \pi(a \mid s) - \min_i Q_i(s, a)], \qquad
    J_\alpha = -E[\alpha (\log \pi(a \mid s) + \bar H)] .

Actions are scaled to :math:`[-1, 1]^m`, and densities, entropies and soft values are with respect to volume there: the action
prior is Lebesgue measure of that cube.

What differs from the papers: no separate value network (the 2018a paper has one, the 2018b paper dropped it); networks of 64
units a layer by default and not 256, for small problems on one core; the temperature's gradient is taken in
:math:`\log \alpha`, as in the authors' program.

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

from ..._validation import check_count, check_interval, check_positive, check_temperature
from .networks import Critics, SquashedGaussian
from .replay import Replay


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
        inputs = torch.as_tensor(np.asarray(observations, dtype=np.float32))
        noise = torch.zeros(len(inputs), self.actor.n_actions)
        if not deterministic:
            noise = torch.randn(noise.shape, generator=_generator(random_state))
        with torch.no_grad():
            scaled = self.actor(inputs, noise)[0].numpy().astype(float)
        return self.low + 0.5 * (scaled + 1.0) * (self.high - self.low)

    def value(self, observations: ArrayLike, *, n_draws: int = 64, random_state: Any = 0) -> NDArray:
        """Soft value at observations (k, n), (k,): the mean over draws of the smaller critic less temperature times log-density."""
        inputs = torch.as_tensor(np.asarray(observations, dtype=np.float32)).repeat(n_draws, 1)
        with torch.no_grad():
            actions, log_density = self.actor(inputs, _noise(inputs, self.actor, random_state))
            believed = self.critics(inputs, actions).mean(dim=0)
            return (believed - self.temperature * log_density).reshape(n_draws, -1).mean(dim=0).numpy().astype(float)

    def entropy(self, observations: ArrayLike, *, n_draws: int = 64, random_state: Any = 0) -> NDArray:
        """Entropy of the actor at observations (k, n), (k,), nats, of actions scaled to [-1, 1]; estimated from draws."""
        inputs = torch.as_tensor(np.asarray(observations, dtype=np.float32)).repeat(n_draws, 1)
        with torch.no_grad():
            log_density = self.actor(inputs, _noise(inputs, self.actor, random_state))[1]
        return -log_density.reshape(n_draws, -1).mean(dim=0).numpy().astype(float)


def soft_actor_critic(
    env: gymnasium.Env,
    *,
    discount: float = 0.99,
    temperature: float | str = "auto",
    target_entropy: float | None = None,
    n_steps: int = 20_000,
    n_random: int = 1000,
    batch_size: int = 256,
    hidden: Sequence[int] = (64, 64),
    learning_rate: float = 1e-3,
    target_rate: float = 0.005,
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
        Of Adam, for actor, critics and temperature.
    target_rate : float in (0, 1]
        Share of the critics that enters their average, the target, at each step.
    capacity : int
        Of the replay.
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
    learner.build(hidden, check_positive("learning_rate", learning_rate), check_interval("settle", settle, 0.0, 1.0), random_state)
    target_rate = check_interval("target_rate", target_rate, 0.0, 1.0, closed="right")
    n_steps, n_random = check_count("n_steps", n_steps), check_count("n_random", n_random)
    batch_size = check_count("batch_size", batch_size)
    capacity = min(check_count("capacity", capacity), n_steps)
    return learner.run(n_steps, n_random, batch_size, target_rate, capacity)


class _Learner:
    """The networks, their optimisers, and the loop."""

    def __init__(
        self, env: gymnasium.Env, discount: float, temperature: float | str, target_entropy: float | None
    ) -> None:
        self.n_observations, self.low, self.high = _check_spaces(env)
        self.env, self.discount = env, discount
        self.n_actions = len(self.low)
        self.tuned = temperature == "auto"
        start = 1.0 if self.tuned else check_temperature(temperature, finite_positive=True)
        self.log_alpha = torch.tensor(math.log(start), requires_grad=self.tuned)
        self.target_entropy = float(-self.n_actions if target_entropy is None else target_entropy)

    def build(self, hidden: Sequence[int], learning_rate: float, settle: float, random_state: Any) -> None:
        self.learning_rate, self.settle = learning_rate, settle
        rng = np.random.default_rng(random_state)
        self.reset_seed = int(rng.integers(2**31))
        self.generator = _generator(int(rng.integers(2**31)))
        with torch.random.fork_rng():
            torch.manual_seed(int(rng.integers(2**31)))
            self.actor = SquashedGaussian(self.n_observations, self.n_actions, hidden)
            self.critics = Critics(self.n_observations, self.n_actions, hidden)
        self.targets = copy.deepcopy(self.critics).requires_grad_(False)
        self.actor_optimiser = torch.optim.Adam(self.actor.parameters(), lr=learning_rate, fused=True)
        self.critic_optimiser = torch.optim.Adam(self.critics.parameters(), lr=learning_rate, fused=True)
        self.alpha_optimiser = torch.optim.Adam([self.log_alpha], lr=learning_rate)

    def run(
        self, n_steps: int, n_random: int, batch_size: int, target_rate: float, capacity: int
    ) -> DeepActorCritic:
        replay = Replay(capacity, self.n_observations, self.n_actions)
        episodes, tuning, earned = [], [], 0.0
        observation, _ = self.env.reset(seed=self.reset_seed)
        for step in range(1, n_steps + 1):
            action = self._explore(observation, random=step <= n_random)
            scaled = self.low + 0.5 * (action + 1.0) * (self.high - self.low)
            following, reward, ended, cut, _ = self.env.step(scaled.astype(self.env.action_space.dtype))
            replay.add(observation, action, float(reward), ended, following)
            earned, observation = earned + float(reward), following
            if ended or cut:
                episodes.append((step, earned))
                earned = 0.0
                observation, _ = self.env.reset()
            if step > n_random:
                if step == n_random + 1:
                    self._scale(replay)
                entropy = self._learn(replay, batch_size, target_rate, self._unsettled(step / n_steps))
                if step % 100 == 0:
                    tuning.append((step, self.log_alpha.exp().item(), entropy))
        steps, returns = np.array(episodes, dtype=float).reshape(-1, 2).T
        tuning_steps, alphas, entropies = np.array(tuning, dtype=float).reshape(-1, 3).T
        seen = replay.observations().numpy().copy()
        alpha = self.log_alpha.exp().item()
        return DeepActorCritic(
            *(self.actor, self.critics, alpha, self.low, self.high, n_steps),
            *(steps.astype(int), returns, alphas, entropies, tuning_steps.astype(int), seen),
        )

    def _scale(self, replay: Replay) -> None:
        """Fix the units of the networks' inputs and outputs by the random transitions."""
        observations, rewards = replay.observations(), replay.rewards()
        units = (observations.mean(dim=0), observations.std(dim=0))
        self.actor.body.set_units(*units)
        # The deviation of a discounted sum of independent rewards.
        values = rewards.std().item() / math.sqrt(1.0 - self.discount**2)
        for critics in (self.critics, self.targets):
            critics.set_units(*units, values)

    def _unsettled(self, progress: float) -> float:
        """1 until the last part of the run begins, from there falling linearly to 0; the learning rates follow."""
        left = min(1.0, (1.0 - progress) / self.settle) if self.settle > 0 else 1.0
        for optimiser in (self.actor_optimiser, self.critic_optimiser, self.alpha_optimiser):
            optimiser.param_groups[0]["lr"] = self.learning_rate * left
        return left

    def _explore(self, observation: NDArray, *, random: bool) -> NDArray:
        """Scaled action (m,): uniform at first, then the actor's."""
        if random:
            return (2.0 * torch.rand(self.n_actions, generator=self.generator) - 1.0).numpy().astype(float)
        inputs = torch.as_tensor(np.asarray(observation, dtype=np.float32))[None]
        with torch.no_grad():
            noise = torch.randn(1, self.n_actions, generator=self.generator)
            return self.actor(inputs, noise)[0][0].numpy().astype(float)

    def _learn(self, replay: Replay, batch_size: int, target_rate: float, pessimism: float) -> float:
        """One step of critics, actor, temperature and targets; return the entropy of the batch."""
        observations, actions, rewards, ended, following = replay.draw(batch_size, self.generator)
        alpha = self.log_alpha.detach().exp()
        with torch.no_grad():
            next_actions, next_log_density = self.actor(following, self._noise(batch_size))
            believed = _believed(self.targets(following, next_actions), pessimism)
            target = rewards + self.discount * (1.0 - ended) * (believed - alpha * next_log_density)
        critic_loss = ((self.critics(observations, actions) - target) / self.critics.unit).square().mean()
        self._descend(self.critic_optimiser, critic_loss)

        own, log_density = self.actor(observations, self._noise(batch_size))
        self.critics.requires_grad_(False)
        believed = _believed(self.critics(observations, own), pessimism)
        self._descend(self.actor_optimiser, (alpha * log_density - believed).mean() / self.critics.unit)
        self.critics.requires_grad_(True)

        entropy = -log_density.detach().mean()
        if self.tuned:
            self._descend(self.alpha_optimiser, self.log_alpha * (entropy - self.target_entropy))
        for target_parameter, parameter in zip(self.targets.parameters(), self.critics.parameters(), strict=True):
            target_parameter.lerp_(parameter.detach(), target_rate)
        return entropy.item()

    def _noise(self, size: int) -> Tensor:
        return torch.randn(size, self.n_actions, generator=self.generator)

    @staticmethod
    def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _believed(values: Tensor, pessimism: float) -> Tensor:
    """The smaller of twin values (2, k), as far as pessimism is 1, and their mean as far as it is 0; (k,)."""
    return pessimism * values.amin(dim=0) + (1.0 - pessimism) * values.mean(dim=0)


def _noise(inputs: Tensor, actor: SquashedGaussian, random_state: Any) -> Tensor:
    return torch.randn(len(inputs), actor.n_actions, generator=_generator(random_state))


def _generator(random_state: Any) -> torch.Generator:
    generator = torch.Generator()
    if random_state is None:
        generator.seed()
    else:
        generator.manual_seed(int(random_state))
    return generator


def _check_spaces(env: gymnasium.Env) -> tuple[int, NDArray, NDArray]:
    """Length of the observation, and the bounds of the action, (m,) each."""
    for name, space in (("observations", env.observation_space), ("actions", env.action_space)):
        if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
            raise ValueError(f"{name} must be a Box of one dimension; got {space}: wrap the environment")
    low, high = np.asarray(env.action_space.low, dtype=float), np.asarray(env.action_space.high, dtype=float)
    unbounded = np.flatnonzero(~(np.isfinite(low) & np.isfinite(high) & (low < high)))
    if len(unbounded):
        i = unbounded[0]
        raise ValueError(
            f"action {i} runs from {low[i]} to {high[i]}: bounds must be finite, use gymnasium.wrappers.RescaleAction"
        )
    return env.observation_space.shape[0], low, high
