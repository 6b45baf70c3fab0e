r"""A discount as termination: the posterior over trajectories of random length.

A discount is the same as an end that comes after every decision with probability :math:`1 - \gamma`, whatever the agent does.
Levine (2018) builds it into the transition probabilities. The graphical model then has episodes of random length, and its
messages have a stationary solution, one linear equation in :math:`z(s) = \beta(s)`,

.. math::

    z(s) = \sum_a p(a \mid s) \, e^{r(s,a) / \alpha} \Bigl( 1 - \gamma + \gamma \sum_{s'} P(s' \mid s, a) \, z(s') \Bigr) .

The two kinds of inference part ways here, under deterministic dynamics too. Variational inference keeps the true dynamics, ends
included, and is the discounted soft Bellman equation. Exact inference conditions on optimality of every decision that is made,
so it tilts the end as well. Episodes last longer than :math:`1 / (1 - \gamma)` where rewards are positive, and less long where
they are negative. If :math:`\gamma e^{r / \alpha}` exceeds 1 along some cycle, long episodes outweigh their rarity and no
posterior exists.

Source: Levine, S. (2018), Reinforcement learning and control as probabilistic inference: tutorial and review, arXiv:1805.00909
(discount factors as termination); Rawlik, K., Toussaint, M., & Vijayakumar, S. (2012), On stochastic optimal control and
reinforcement learning by approximate inference, RSS VIII (the risk-seeking of exact inference).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from .._checks import check_count, check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.sampling import sample_demonstrations
from ..inference.visitations import expected_visitations
from ..mdp import MDP
from ..mdp.process import check_action_prior, check_reward
from ._requirements import require_discounted


def terminating(mdp: MDP) -> MDP:
    """Return the undiscounted MDP whose episodes end after every decision with probability ``1 - discount``.

    Both have the same soft values by variational inference, at any temperature and prior.

    Parameters
    ----------
    mdp : MDP
        Discounted, without a horizon.
    """
    require_discounted(mdp, "termination in place of a discount")
    gamma = mdp.discount
    ending = np.where(mdp.available, 1.0 - gamma, 0.0)
    if mdp.ending is not None:
        ending += gamma * mdp.ending
    return MDP.from_stacked(
        gamma * mdp.transitions,
        mdp.n_actions,
        initial=mdp.initial,
        terminal=mdp.terminal,
        available=mdp.available,
        ending=ending,
    )


@dataclass(frozen=True, eq=False)
class DiscountedPosterior:
    """The distribution of trajectories of random length, given that every decision was optimal.

    Attributes
    ----------
    log_backward : (S,) array
        log beta(s), log-probability of optimality to the end; 0 in terminal states.
    log_evidence : float
        log p(O = 1) of the initial distribution.
    policy : (S, A) array
        p(a | s, O).
    chain : MDP
        The posterior dynamics: transitions p(s' | s, a, O), and `ending`, the probability that the action is the last one.
        Undiscounted.
    """

    log_backward: NDArray  # (S,)
    log_evidence: float
    policy: NDArray  # (S, A)
    chain: MDP

    @property
    def visitations(self) -> NDArray:
        """Expected number of times that each action is taken in each state, (S, A)."""
        return expected_visitations(self.chain, self.policy)

    @property
    def mean_length(self) -> float:
        """Expected number of decisions of an episode. Under the true dynamics it is at most ``1 / (1 - discount)``."""
        return float(self.visitations.sum())

    def length_distribution(self, n: int) -> NDArray:
        """p(k decisions | O) for k = 0, ..., n - 1; (n,). The sum tends to 1."""
        n = check_count("n", n)
        alive = np.array(self.chain.initial_distribution)
        over = self.chain.terminal
        chances, ended = np.empty(n), 0.0
        for k in range(n):
            chances[k] = float(alive[over].sum()) + ended
            mass = self.policy * np.where(over, 0.0, alive)[:, None]
            ended = 0.0 if self.chain.ending is None else float((mass * self.chain.ending).sum())
            alive = self.chain.transitions.T @ mass.T.ravel()
        return chances

    def sample(self, n_trajectories: int, *, random_state: Any = None) -> Demonstrations:
        """Draw trajectories from the posterior, dynamics and ends included, which no agent can choose."""
        return sample_demonstrations(self.chain, self.policy, n_trajectories, random_state=random_state)


def discounted_posterior(
    mdp: MDP, reward: ArrayLike, *, temperature: float = 1.0, action_prior: ArrayLike | None = None
) -> DiscountedPosterior:
    """Infer the posterior over trajectories of a discounted problem, by one linear solve.

    Parameters
    ----------
    mdp : MDP
        Discounted, without a horizon.
    reward : (S,) or (S, A) array
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
        None: p = 1, which adds ``log A`` to every decision. The posterior then favours long episodes: a uniform prior does not.

    Returns
    -------
    DiscountedPosterior

    Raises
    ------
    ValueError
        If the posterior does not exist, because long episodes have infinite total weight.
    """
    ends = terminating(mdp)
    alpha = check_temperature(temperature, finite_positive=True)
    A, S = mdp.n_actions, mdp.n_states
    log_prior = check_action_prior(mdp, action_prior)
    prior = mdp.available.T.astype(float) if log_prior is None else np.exp(log_prior)
    weight = prior * np.exp(np.where(mdp.available.T, np.broadcast_to(check_reward(mdp, reward), (A, S)) / alpha, 0.0))
    if not np.isfinite(weight).all() or (weight.sum(axis=0) == 0.0)[~mdp.terminal].any():
        raise ValueError("exp(reward / temperature) leaves the range of floats: raise the temperature")
    over = mdp.terminal.astype(float)
    last = np.where(
        mdp.available.T, 1.0 - ends.transitions.sum(axis=1).reshape(A, S), 0.0
    )  # ends with the action, by chance
    stop = (ends.transitions @ over).reshape(A, S) + last
    onward = sparse.csr_array(ends.transitions @ sparse.diags_array(1.0 - over))
    mixing = sparse.csr_array(
        (weight.ravel(), (np.tile(np.arange(S), A), np.arange(A * S))), shape=(S, A * S)
    )  # sum over actions of weight times what follows
    system = sparse.csc_array(sparse.eye_array(S) - mixing @ onward)
    z = np.atleast_1d(spsolve(system, (weight * stop).sum(axis=0)))
    # With a positive right-hand side, a positive solution exists exactly if the spectral radius is below 1.
    if not (z[~mdp.terminal] > 0.0).all():
        raise ValueError(
            "the posterior does not exist: discount * sum_a p(a|s) exp(reward / temperature) exceeds 1 along some cycle, so long "
            "episodes have infinite weight. Lower the reward by a constant, give a uniform action_prior, or use "
            "soft_value_iteration, whose variational inference leaves the end alone"
        )
    z = np.where(mdp.terminal, 1.0, z)
    future = (ends.transitions @ z).reshape(A, S) + last  # (A, S)
    pairs = weight * future
    policy = np.where(mdp.terminal, 0.0, pairs / np.where(mdp.terminal, 1.0, z))
    safe = np.where(mdp.available.T, future, 1.0)
    tilted = sparse.diags_array(1.0 / safe.ravel()) @ ends.transitions @ sparse.diags_array(z)
    first = mdp.initial_distribution * z
    chain = MDP.from_stacked(
        tilted,
        A,
        initial=first / first.sum(),
        terminal=mdp.terminal,
        available=mdp.available,
        ending=(last / safe).T,
    )
    return DiscountedPosterior(np.log(z), math.log(first.sum()), policy.T, chain)
