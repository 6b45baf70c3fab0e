r"""Soft actor-critic with tables, learnt from sampled transitions.

The critic regresses on the soft Bellman target of the current actor. The actor moves towards the Boltzmann policy of the current
critic. With automatic temperature, the temperature moves until the policy has the target entropy. In each minibatch

.. math::

    Q_i(s,a) &\leftarrow Q_i(s,a) + \eta \Bigl( r + \gamma \sum_{a'} \pi(a' \mid s') \bigl[ \min_j Q_j(s',a') - \alpha \log
    \tfrac{\pi(a' \mid s')}{p(a' \mid s')} \bigr] - Q_i(s,a) \Bigr) , \\
    \log \pi(a \mid s) &\leftarrow (1 - \rho) \log \pi(a \mid s) + \rho \bigl( \log p(a \mid s) + \min_i Q_i(s,a) / \alpha
    \bigr) - \text{normaliser} , \\
    \log \alpha &\leftarrow \log \alpha - \lambda \bigl( H(\pi) - \bar H \bigr) ,

with :math:`\rho` = 0.1. The actor's step is the natural gradient of :math:`\mathrm{KL}(\pi \,\|\, p \exp(Q / \alpha) / Z)` in the
logits. The plain gradient has a factor :math:`\pi(a \mid s)` and hardly changes rare actions. There are finitely many actions, so
expectations over a' are sums. The fixed point is that of `soft_value_iteration` with variational inference.

Twin critics correct the upward bias of function approximators. Tables have no such bias, so the minimum of two critics only
adds a negative bias of the size of their noise. For two tables with independent errors of standard deviation :math:`\sigma`
the minimum is too low by :math:`\sigma / \sqrt \pi`, and the backup adds this up over :math:`1 / (1 - \gamma)` decisions. The
bias vanishes with :math:`\sigma`, in proportion to one over the square root of the number of transitions.

What differs from the papers: the critics are tables without target networks, the actor's gradient is the natural one, and there
is no replay buffer.

Sources: Haarnoja, T., Zhou, A., Abbeel, P., & Levine, S. (2018), Soft actor-critic: off-policy maximum entropy deep
reinforcement learning with a stochastic actor, ICML, PMLR 80, 1861-1870; Haarnoja, T., et al. (2018), Soft actor-critic
algorithms and applications, arXiv:1812.05905 (temperature, section 5); Christodoulou, P. (2019), Soft actor-critic for
discrete action settings, arXiv:1910.07207; Fujimoto, S., van Hoof, H., & Meger, D. (2018), Addressing function approximation
error in actor-critic methods, ICML, PMLR 80, 1587-1596 (twin critics); Kakade, S. (2001), A natural policy gradient, NeurIPS
14.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, check_interval, check_temperature
from ..inference.backup import soft_maximum
from ..mdp import MDP
from ._averaging import Averaged
from ._sampled_learning import Minibatch, Problem, SampledSolution, TabularRegression, learn

ACTOR_RATE = 0.1  # rho, the weight of the Boltzmann policy's logits in a step of the actor


def soft_actor_critic(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float | Literal["auto"] = 1.0,
    target_entropy: float | None = None,
    action_prior: ArrayLike | None = None,
    n_critics: int = 1,
    temperature_rate: float = 0.01,
    n_walkers: int = 1000,
    n_steps: int = 5000,
    exploration: float = 0.1,
    step_decay: float = 0.8,
    tol: float = 0.02,
    random_state: Any = None,
) -> SampledSolution:
    """Learn actor and critic of the soft Bellman equation from transitions sampled in an MDP.

    Parameters
    ----------
    mdp : MDP
        Infinite horizon, discount < 1. It is used only to sample transitions.
    reward : (S,) or (S, A) array
        Reward of each transition.
    temperature : float > 0, or "auto"
        "auto": tuned, starting from 1, until the mean entropy of the policy is `target_entropy`.
    target_entropy : float, optional
        Required with "auto"; in nats per decision, averaged over the states that the walkers visit (with exploration). With an
        action prior it is relative to the prior, ``-KL(pi || prior)``, so it is negative. If several actions are equally good, no
        temperature gives less entropy than a choice at random between them, and a lower target is not reached.
    action_prior : (A,) or (S, A) array, optional
    n_critics : int
        2: twin critics, of which actor and targets use the smaller value. Each transition updates one of them, since two
        tables with the same updates would stay equal. Their values are too low, as the module explains. A larger `step_decay`
        (0.9) and many walkers reduce this bias.
    temperature_rate : float in (0, 1]
        lambda: change of log temperature per minibatch and nat of excess entropy.
    n_walkers, n_steps, exploration, step_decay, random_state
        As for `soft_q_learning`. Without exploration, an action whose value is low at first is hardly tried again if values are
        many temperatures large.
    tol : float
        As for `soft_q_learning`. With "auto" it also bounds the distance of the entropy from its target, in nats, and the
        relative change of the temperature over the last tenth of the run.

    Returns
    -------
    SampledSolution

    Raises
    ------
    ValueError
        For a horizon, discount 1, or dead ends. For rates outside (0, 1]. For "auto" without a target, or with a target that no
        policy has.
    """
    problem = Problem(mdp, reward, action_prior)
    if isinstance(temperature, str) and temperature == "auto":
        alpha, target = 1.0, _check_target(problem, target_entropy)
    elif target_entropy is not None:
        raise ValueError('target_entropy is used with temperature="auto" only')
    else:
        alpha, target = check_temperature(temperature, finite_positive=True), None
    if check_count("n_critics", n_critics) > 2:
        raise ValueError(f"n_critics must be 1 or 2; got {n_critics!r}")
    rate = check_interval("temperature_rate", temperature_rate, 0.0, 1.0, closed="right")
    return learn(
        problem,
        _ActorCritic(problem, alpha, target, n_critics=n_critics, temperature_rate=rate, step_decay=step_decay),
        n_walkers=n_walkers,
        n_steps=n_steps,
        exploration=exploration,
        tol=tol,
        random_state=random_state,
    )


def _check_target(problem: Problem, target: float | None) -> float:
    """Return a target entropy that some policy has; ValueError says which there are."""
    if problem.log_prior is None:
        least, most = 0.0, math.log(problem.allowed.sum(axis=0).max())
        why = ", from 0 to log |A| nats"
    else:
        least, most = float(problem.log_prior[problem.allowed].min()), 0.0
        why = " nats, from the log of the smallest prior probability to 0, the entropy of the prior relative to itself"
    if target is None:
        raise ValueError(f'temperature="auto" needs target_entropy, a number in ({least:.4g}, {most:.4g}){why}')
    return check_interval("target_entropy", target, least, most, why=why)


class _ActorCritic:
    """Tables of one or two critics and an actor; arrays are (A, S), the critics' (n_critics, A, S).

    Parameters
    ----------
    problem : Problem
    temperature : float
        The first one, where it is tuned.
    target_entropy : float or None
        None: the temperature is fixed.
    """

    def __init__(
        self,
        problem: Problem,
        temperature: float,
        target_entropy: float | None,
        *,
        n_critics: int,
        temperature_rate: float,
        step_decay: float,
    ) -> None:
        self.problem, self.temperature, self.target_entropy = problem, temperature, target_entropy
        self.temperature_rate = temperature_rate
        self.critics = np.zeros((n_critics, *problem.shape))
        size = self.critics[0].size
        self.regress = [TabularRegression(size, step_decay, problem.mdp.discount) for _ in range(n_critics)]
        log_prior = 0.0 if problem.log_prior is None else problem.log_prior
        self.log_prior = np.where(problem.allowed, log_prior, 0.0)
        self.logits = self.log_prior.copy()
        self.policy = self._normalised(self.logits)
        self.averages = {name: Averaged() for name in ("critics", "logits", "log temperature")}
        self.turn = 0

    def _normalised(self, logits: NDArray) -> NDArray:
        """The softmax policy of logits, 0 where an action is not allowed."""
        return soft_maximum(np.where(self.problem.allowed, logits, -np.inf), None, 1.0)[1]

    def _values(self, Q: NDArray, policy: NDArray, temperature: float) -> NDArray:
        """Soft value of a policy by a critic, (S + 1,), as `Problem.without_terminal`."""
        gain = policy * (Q - temperature * self.problem.relative_log(policy))
        return self.problem.without_terminal(gain.sum(axis=0))

    def acting(self) -> NDArray:
        """The policy of the actor."""
        return self.policy

    def update(self, batch: Minibatch) -> NDArray:
        """Update critics, actor and temperature; return the temporal differences, (n,)."""
        V = self._values(self.critics.min(axis=0), self.policy, self.temperature)
        targets = batch.rewards + self.problem.mdp.discount * V[batch.next_states]
        errors = np.empty(len(targets))
        n = len(self.critics)
        self.turn += 1
        taught = (np.arange(len(targets)) + self.turn) % n  # the critic that each transition updates
        for i in range(n):
            own = taught == i
            errors[own] = targets[own] - self.critics[i].ravel()[batch.pairs[own]]
            self.regress[i](self.critics[i].reshape(-1), batch.pairs[own], targets[own])
        self._improve(np.unique(batch.states))
        if self.target_entropy is not None:
            entropy = self.problem.entropy(self.policy)[batch.states].mean()
            self.temperature *= math.exp(-self.temperature_rate * (entropy - self.target_entropy))
        self.averages["critics"].add(self.critics)
        self.averages["logits"].add(self.logits)
        self.averages["log temperature"].add(np.log(self.temperature))
        return errors

    def _improve(self, states: NDArray) -> None:
        """One natural-gradient step of the actor in the states just visited."""
        wanted = self.critics[:, :, states].min(axis=0) / self.temperature + self.log_prior[:, states]
        self.logits[:, states] += ACTOR_RATE * (wanted - self.logits[:, states])
        self.policy = self._normalised(self.logits)

    def answer(self) -> tuple[NDArray, NDArray, NDArray, float]:
        """V, Q, policy and temperature, averaged over the minibatches."""
        Q, logits = self.averages["critics"].value.min(axis=0), self.averages["logits"].value
        temperature = float(np.exp(self.averages["log temperature"].value))
        policy = self._normalised(logits)
        return self._values(Q, policy, temperature)[:-1], Q, policy, temperature
