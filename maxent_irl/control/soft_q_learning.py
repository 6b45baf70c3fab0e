r"""Soft Q-learning: the soft Bellman backup from sampled transitions, without a model.

Every transition (s, a, r, s') moves one entry of the table,

.. math::

    Q(s,a) \leftarrow Q(s,a) + \eta \bigl( r + \gamma V(s') - Q(s,a) \bigr), \qquad
    V(s') = \alpha \log \sum_{a'} p(a' \mid s') \exp(Q(s',a') / \alpha) ,

while the walkers act by the Boltzmann policy of the current Q. It is off-policy: whatever they do, the fixed point is the soft
Q of `soft_value_iteration`, provided that every pair keeps being tried. With finitely many actions the log-sum-exp is a sum,
where the paper, for continuous actions, estimates an integral. Iterates are averaged, which takes the noise down at the best
rate.

Sources: Haarnoja, T., Tang, H., Abbeel, P., & Levine, S. (2017), Reinforcement learning with deep energy-based policies, ICML,
PMLR 70, 1352-1361. Averaging: Polyak, B. T., & Juditsky, A. B. (1992), Acceleration of stochastic approximation by averaging,
SIAM Journal on Control and Optimization 30(4), 838-855; Shamir, O., & Zhang, T. (2013), Stochastic gradient descent for
non-smooth optimization, ICML, PMLR 28(1), 71-79 (the weights).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._numerics import soft_maximum
from .._validation import check_temperature
from ..mdp import MDP
from ._averaging import Averaged
from ._sampled_learning import Minibatch, Problem, SampledSolution, TabularRegression, learn


def soft_q_learning(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    n_walkers: int = 1000,
    n_steps: int = 5000,
    exploration: float = 0.1,
    step_decay: float = 0.8,
    tol: float = 0.02,
    random_state: Any = None,
) -> SampledSolution:
    """Learn the soft action values of an MDP by acting in it.

    Parameters
    ----------
    mdp : MDP
        Infinite horizon, discount < 1. Only sampled from.
    reward : (S,) or (S, A) array
        What each transition pays.
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
    n_walkers : int
        Transitions per minibatch.
    n_steps : int
        Minibatches.
    exploration : float in [0, 1]
        Share of uniformly random actions.
    step_decay : float in (0.5, 1]
        omega: the n-th target of an entry moves it by ``(1 + (1 - discount) * n) ** -omega``. Near 1 there is less noise, and
        first guesses are forgotten more slowly.
    tol : float
        Change of V over the last tenth of the run below which it counts as converged, in units of reward.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    SampledSolution

    Raises
    ------
    ValueError
        For a horizon, discount 1, or dead ends.
    """
    problem = Problem(mdp, reward, action_prior)
    learner = _SoftQ(problem, check_temperature(temperature, finite_positive=True), step_decay)
    return learn(
        problem,
        learner,
        n_walkers=n_walkers,
        n_steps=n_steps,
        exploration=exploration,
        tol=tol,
        random_state=random_state,
    )


class _SoftQ:
    target_entropy = None

    def __init__(self, problem: Problem, temperature: float, step_decay: float) -> None:
        self.problem, self.temperature = problem, temperature
        self.Q = np.where(problem.allowed, 0.0, -np.inf)
        self.regress = TabularRegression(self.Q.size, step_decay, problem.mdp.discount)
        self.average = Averaged()
        self.V, self.policy = self._soft(self.Q)

    def _soft(self, Q: NDArray) -> tuple[NDArray, NDArray]:
        V, policy = soft_maximum(Q, self.problem.log_prior, self.temperature)
        return self.problem.without_terminal(V), policy

    def acting(self) -> NDArray:
        return self.policy

    def update(self, batch: Minibatch) -> NDArray:
        targets = batch.rewards + self.problem.mdp.discount * self.V[batch.next_states]
        errors = targets - self.Q.ravel()[batch.pairs]
        self.regress(self.Q.ravel(), batch.pairs, targets)
        self.average.add(np.where(self.problem.allowed, self.Q, 0.0))
        self.V, self.policy = self._soft(self.Q)
        return errors

    def answer(self) -> tuple[NDArray, NDArray, NDArray, float]:
        Q = np.where(self.problem.allowed, self.average.value, -np.inf)
        V, policy = self._soft(Q)
        return V[:-1], Q, policy, self.temperature
