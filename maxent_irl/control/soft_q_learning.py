r"""Soft Q-learning with tables: the soft Bellman backup from sampled transitions, without a model.

Every transition (s, a, r, s') updates one entry of the table,

.. math::

    Q(s,a) \leftarrow Q(s,a) + \eta \bigl( r + \gamma V(s') - Q(s,a) \bigr), \qquad
    V(s') = \alpha \log \sum_{a'} p(a' \mid s') \exp(Q(s',a') / \alpha) .

Walkers, which simulate the MDP in parallel, act by the Boltzmann policy of the current Q. The method is off-policy: the fixed
point is the soft Q of `soft_value_iteration` for any way of acting that keeps trying every state and action. The answer is an
average of the iterates, which reduces the noise at the best possible rate.

What differs from the paper: actions are finitely many, so the log-sum-exp is a sum and not an estimated integral, and no
sampler is learnt.

Sources: Haarnoja, T., Tang, H., Abbeel, P., & Levine, S. (2017), Reinforcement learning with deep energy-based policies, ICML,
PMLR 70, 1352-1361. Averaging: Polyak, B. T., & Juditsky, A. B. (1992), Acceleration of stochastic approximation by averaging,
SIAM Journal on Control and Optimization 30(4), 838-855; Shamir, O., & Zhang, T. (2013), Stochastic gradient descent for
non-smooth optimization, ICML, PMLR 28(1), 71-79 (the weights).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_temperature
from ..inference.backup import soft_maximum
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
    """Learn the soft action values of an MDP from sampled transitions.

    Parameters
    ----------
    mdp : MDP
        Infinite horizon, discount < 1. It is used only to sample transitions.
    reward : (S,) or (S, A) array
        Reward of each transition.
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
    n_walkers : int
        Number of transitions in a minibatch.
    n_steps : int
        Number of minibatches.
    exploration : float in [0, 1]
        Share of uniformly random actions.
    step_decay : float in (0.5, 1]
        omega: the step size of the n-th target of an entry is ``(1 + (1 - discount) * n) ** -omega``. A larger omega gives
        less noise and takes longer to forget the initial values.
    tol : float
        Largest change of V over the last tenth of the run that counts as converged, in units of reward.
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
    """The table Q, (A, S), with V (S + 1,) and the policy (A, S) that it implies."""

    target_entropy: float | None = None

    def __init__(self, problem: Problem, temperature: float, step_decay: float) -> None:
        self.problem, self.temperature = problem, temperature
        self.Q = np.where(problem.allowed, 0.0, -np.inf)
        self.regress = TabularRegression(self.Q.size, step_decay, problem.mdp.discount)
        self.average = Averaged()
        self.V, self.policy = self._soft(self.Q)

    def _soft(self, Q: NDArray) -> tuple[NDArray, NDArray]:
        """V (S + 1,), as `Problem.without_terminal`, and the policy (A, S) of a table."""
        V, policy = soft_maximum(Q, self.problem.log_prior, self.temperature)
        return self.problem.without_terminal(V), policy

    def acting(self) -> NDArray:
        """The Boltzmann policy of the table."""
        return self.policy

    def update(self, batch: Minibatch) -> NDArray:
        """Update the table; return the temporal differences, (n,)."""
        targets = batch.rewards + self.problem.mdp.discount * self.V[batch.next_states]
        errors = targets - self.Q.ravel()[batch.pairs]
        self.regress(self.Q.ravel(), batch.pairs, targets)
        self.average.add(np.where(self.problem.allowed, self.Q, 0.0))
        self.V, self.policy = self._soft(self.Q)
        return errors

    def answer(self) -> tuple[NDArray, NDArray, NDArray, float]:
        """V, Q, policy and temperature, averaged over the minibatches."""
        Q = np.where(self.problem.allowed, self.average.value, -np.inf)
        V, policy = self._soft(Q)
        return V[:-1], Q, policy, self.temperature
