r"""Soft actor-critic with tables: a critic that evaluates, an actor that follows, both from sampled transitions.

The critic regresses on the soft Bellman target of the current actor, the actor moves towards the Boltzmann policy of the
current critic, and the temperature, if asked to, towards the entropy wanted:

.. math::

    Q(s,a) &\leftarrow Q(s,a) + \eta \Bigl( r + \gamma \sum_{a'} \pi(a' \mid s') \bigl[ \min_i \bar Q_i(s',a') - \alpha \log
    \tfrac{\pi(a' \mid s')}{p(a' \mid s')} \bigr] - Q(s,a) \Bigr) , \\
    \log \pi(a \mid s) &\leftarrow (1 - \rho) \log \pi(a \mid s) + \rho \bigl( \log p(a \mid s) + \min_i Q_i(s,a) / \alpha
    \bigr) - \text{normaliser} , \\
    \log \alpha &\leftarrow \log \alpha - \lambda \bigl( H(\pi) - \bar H \bigr) .

The actor's step is the natural gradient of :math:`\mathrm{KL}(\pi \,\|\, p \exp(Q / \alpha) / Z)` in the logits: the plain
gradient carries a factor :math:`\pi(a \mid s)` and so hardly learns of rare actions. Actions being finitely many, expectations
over a' are sums. The fixed point is that of `soft_value_iteration`, variational.

Twin critics guard against values that are high because a function approximator errs; tables do not, so all the minimum does
here is to be low by as much as they are noisy. Two tables with independent errors of deviation :math:`\sigma` have a minimum
that is low by :math:`\sigma / \sqrt \pi`, and the backup adds this up over :math:`1 / (1 - \gamma)` decisions. The fixed point
is the same and is reached as :math:`\sigma` vanishes, like one over the square root of the transitions; averaged targets
tremble less than the critics and so are a little less low, as long as they do not lag.

Sources: Haarnoja, T., Zhou, A., Abbeel, P., & Levine, S. (2018), Soft actor-critic: off-policy maximum entropy deep
reinforcement learning with a stochastic actor, ICML, PMLR 80, 1861-1870; Haarnoja, T., et al. (2018), Soft actor-critic
algorithms and applications, arXiv:1812.05905 (temperature, section 5); Christodoulou, P. (2019), Soft actor-critic for
discrete action settings, arXiv:1910.07207; Fujimoto, S., van Hoof, H., & Meger, D. (2018), Addressing function approximation
error in actor-critic methods, ICML, PMLR 80, 1587-1596 (twin critics); Kakade, S. (2001), A natural policy gradient, NeurIPS
14.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._numerics import soft_maximum
from .._validation import check_count, check_interval, check_temperature
from ..mdp import MDP
from ._averaging import Averaged
from ._sampled_learning import Minibatch, Problem, SampledSolution, TabularRegression, learn


def soft_actor_critic(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float | str = 1.0,
    target_entropy: float | None = None,
    action_prior: ArrayLike | None = None,
    n_critics: int = 1,
    target_rate: float = 1.0,
    actor_rate: float = 0.1,
    temperature_rate: float = 0.01,
    n_walkers: int = 1000,
    n_steps: int = 5000,
    exploration: float = 0.1,
    step_decay: float = 0.8,
    tol: float = 0.02,
    random_state: Any = None,
) -> SampledSolution:
    """Learn actor and critic of the soft Bellman equation by acting in an MDP.

    Parameters
    ----------
    mdp : MDP
        Infinite horizon, discount < 1. Only sampled from.
    reward : (S,) or (S, A) array
        What each transition pays.
    temperature : float > 0, or "auto"
        "auto": tuned until the policy's mean entropy is `target_entropy`, starting from 1.
    target_entropy : float, optional
        nats per decision, averaged over where the walkers are, the discounted visitations of the acting policy (exploration
        included); required with "auto". With an action prior: relative to it, ``-KL(pi || prior)``, so < 0. Where actions tie
        no temperature makes the policy choose between them, and a target below the entropy of the ties is not reached.
    action_prior : (A,) or (S, A) array, optional
    n_critics : int
        2: twin critics, of which actor and targets use the smaller. Each transition teaches one of them: equal tables taught
        the same would stay equal. Values come out low, see above; a larger `step_decay` (0.9) and many walkers help.
    target_rate : float in (0, 1]
        Share of the critics that goes into the target tables after every minibatch; 1: targets are the critics themselves.
        Targets that lag slow learning down, by their lag of ``1 / target_rate`` minibatches a decision.
    actor_rate : float in (0, 1]
        rho, the share of the Boltzmann policy's log-probabilities the actor takes in a minibatch.
    temperature_rate : float > 0
        lambda: change of log temperature per nat of excess entropy and minibatch.
    n_walkers, n_steps, exploration, step_decay, tol, random_state
        As for `soft_q_learning`; with "auto", `tol` also bounds the distance of the entropy from its target, in nats, and the
        relative change of the temperature over the last tenth of the run. Without exploration an action that looks bad early is
        hardly tried again: where values are many temperatures large, the Boltzmann policy alone does not explore.

    Returns
    -------
    SampledSolution

    Raises
    ------
    ValueError
        For a horizon, discount 1, or dead ends; for rates outside (0, 1]; for "auto" without a target, or with one that no
        policy has.
    """
    problem = Problem(mdp, reward, action_prior)
    automatic = isinstance(temperature, str) and temperature == "auto"
    if automatic:
        _check_target(problem, target_entropy)
    elif target_entropy is not None:
        raise ValueError('target_entropy is used with temperature="auto" only')
    rates = {"target_rate": target_rate, "actor_rate": actor_rate, "temperature_rate": temperature_rate}
    for name, rate in rates.items():
        check_interval(name, rate, 0.0, 1.0, closed="right")
    if check_count("n_critics", n_critics) > 2:
        raise ValueError(f"n_critics must be 1 or 2; got {n_critics!r}")
    learner = _ActorCritic(
        problem,
        1.0 if automatic else check_temperature(temperature, finite_positive=True),
        target_entropy if automatic else None,
        n_critics=n_critics,
        step_decay=step_decay,
        **rates,
    )
    return learn(
        problem,
        learner,
        n_walkers=n_walkers,
        n_steps=n_steps,
        exploration=exploration,
        tol=tol,
        random_state=random_state,
    )


def _check_target(problem: Problem, target: float | None) -> None:
    """Refuse what no policy can have: less than doing always the unlikeliest, or as much as the prior or more."""
    if problem.log_prior is None:
        least, most = 0.0, math.log(problem.allowed.sum(axis=0).max())
        why = ", up to log |A| nats"
    else:
        least, most = float(problem.log_prior[problem.allowed].min()), 0.0
        why = " nats, from the log of the smallest prior probability to that of the prior itself"
    check_interval('target_entropy, which temperature="auto" needs,', target, least, most, why=why)


class _ActorCritic:
    def __init__(
        self, problem, temperature, target_entropy, *, n_critics, target_rate, actor_rate, temperature_rate, step_decay
    ) -> None:
        self.problem, self.temperature, self.target_entropy = problem, temperature, target_entropy
        self.target_rate, self.actor_rate, self.temperature_rate = target_rate, actor_rate, temperature_rate
        self.critics = np.zeros((n_critics, *problem.shape))
        self.targets = self.critics.copy()
        size = self.critics[0].size
        self.regress = [TabularRegression(size, step_decay, problem.mdp.discount) for _ in range(n_critics)]
        self.logits = (
            np.zeros(problem.shape) if problem.log_prior is None else np.where(problem.allowed, problem.log_prior, 0.0)
        )
        self.policy = self._normalised(self.logits)
        self.averages = {name: Averaged() for name in ("critics", "logits", "log temperature")}
        self.turn = 0

    def _normalised(self, logits: NDArray) -> NDArray:
        return soft_maximum(np.where(self.problem.allowed, logits, -np.inf), None, 1.0)[1]

    def _values(self, Q: NDArray, policy: NDArray, temperature: float) -> NDArray:
        gain = policy * (Q - temperature * self.problem.relative_log(policy))
        return self.problem.without_terminal(gain.sum(axis=0))

    def acting(self) -> NDArray:
        return self.policy

    def update(self, batch: Minibatch) -> NDArray:
        V = self._values(self.targets.min(axis=0), self.policy, self.temperature)
        targets = batch.rewards + self.problem.mdp.discount * V[batch.next_states]
        errors = np.empty(len(targets))
        n = len(self.critics)
        self.turn += 1
        taught = (np.arange(len(targets)) + self.turn) % n
        for i in range(n):
            own = taught == i if n > 1 else slice(None)
            errors[own] = targets[own] - self.critics[i].ravel()[batch.pairs[own]]
            self.regress[i](self.critics[i].reshape(-1), batch.pairs[own], targets[own])
        self.targets += self.target_rate * (self.critics - self.targets)
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
        Q = self.critics[:, :, states].min(axis=0)
        wanted = Q / self.temperature
        if self.problem.log_prior is not None:
            wanted = wanted + np.where(self.problem.allowed, self.problem.log_prior, 0.0)[:, states]
        self.logits[:, states] += self.actor_rate * (wanted - self.logits[:, states])
        self.policy = self._normalised(self.logits)

    def answer(self) -> tuple[NDArray, NDArray, NDArray, float]:
        Q, logits = self.averages["critics"].value.min(axis=0), self.averages["logits"].value
        temperature = float(np.exp(self.averages["log temperature"].value))
        policy = self._normalised(logits)
        return self._values(Q, policy, temperature)[:-1], Q, policy, temperature
