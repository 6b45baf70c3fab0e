r"""The limits of the temperature, and the constant of the uniform prior, as functions of the one soft backup.

With a prior p and rewards spanning :math:`\Delta = \max r - \min r` on an infinite horizon (with a finite one, the sum of its
discounts stands for :math:`1 / (1 - \gamma)`),

.. math::

    \text{cold:}\quad & 0 \le V_0(s) - V_\alpha(s) \le \frac{\alpha \max_{s,a} \log (1 / p(a \mid s))}{1 - \gamma}, &
    \text{hot:}\quad & \Bigl| \log \frac{\pi_\alpha(a \mid s)}{p(a \mid s)} \Bigr| \le \frac{\Delta}{\alpha (1 - \gamma)} ,

so that soft Bellman goes to hard Bellman as alpha goes to 0, and the policy to the prior as alpha goes to infinity. The cold
bound holds as the best policy, deterministic, pays at most :math:`\alpha \log(1 / p)` a step; the hot one as Q varies by at
most :math:`\Delta / (1 - \gamma)` among actions.

"No prior" (p = 1) differs from the uniform prior by :math:`\alpha \log |A(s)|` a decision: it is the same problem with that
much more reward (`uniform_prior_cost`). Where episodes last equally long whatever the agent does, this shifts V by a constant
and no policy notices. Where the agent can end the episode it does notice: without a prior every further decision is worth
entropy, and the hot limit is then not the uniform policy but one that avoids the end.

Source: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909, sections 2.3 and
4.1; Rawlik, K., Toussaint, M., & Vijayakumar, S. (2012), On stochastic optimal control and reinforcement learning by
approximate inference, RSS VIII (the prior and the zero-temperature limit).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import check_action_prior, check_reward, check_temperature
from ..inference import SoftSolution, soft_value_iteration
from ..mdp import MDP, check_mdp
from ._requirements import check_temperatures


def uniform_prior(mdp: MDP) -> NDArray:
    """Return the uniform action prior, ``1 / |A(s)|`` over the available actions; (S, A), rows of terminal states zero."""
    check_mdp(mdp)
    return mdp.available / np.maximum(1, mdp.available.sum(axis=1, keepdims=True))


def uniform_prior_cost(mdp: MDP, temperature: float) -> NDArray:
    r"""Return the reward the uniform prior takes from every decision, :math:`\alpha \log |A(s)|`, in units of reward; (S,).

    Solving with the uniform prior, or without a prior but with this much less reward, is the same problem: equal V, Q up to
    this cost, equal policy. When all states offer A actions and nothing ends early, the two values differ by the constant
    :math:`\alpha \log A \sum_t \gamma^t`.

    Parameters
    ----------
    mdp : MDP
    temperature : float > 0
    """
    check_mdp(mdp)
    alpha = check_temperature(temperature, finite_positive=True)
    return alpha * np.log(np.maximum(1, mdp.available.sum(axis=1)))


@dataclass(frozen=True, eq=False)
class TemperatureSweep:
    """Solutions over a range of temperatures, and their distances from both ends.

    Attributes
    ----------
    temperatures : (K,) array
    solutions : tuple of K SoftSolution
    hard, prior : SoftSolution
        The two ends: temperature 0 and infinity.
    cold_distance, cold_bound : (K,) arrays
        max over states of ``V_hard - V``, and what the theory allows; units of reward.
    hot_distance, hot_bound : (K,) arrays
        max over states and actions of ``|log pi / p|``, and what the theory allows; nats.
    """

    temperatures: NDArray
    solutions: tuple[SoftSolution, ...]
    hard: SoftSolution
    prior: SoftSolution
    cold_distance: NDArray
    cold_bound: NDArray
    hot_distance: NDArray
    hot_bound: NDArray


def temperature_sweep(
    mdp: MDP, reward: ArrayLike, temperatures: ArrayLike, *, action_prior: ArrayLike | None = None
) -> TemperatureSweep:
    """Follow the soft solution from the hard limit to the prior.

    Parameters
    ----------
    mdp : MDP
        Discounted, or with a horizon.
    reward : (S,) or (S, A) array
    temperatures : (K,) array of positive numbers
    action_prior : (A,) or (S, A) array, optional
        None: uniform over the available actions, so that both limits are the lesson's also where episodes end.

    Returns
    -------
    TemperatureSweep

    Raises
    ------
    ValueError
        For an undiscounted problem without a horizon, which has no bounds.
    """
    check_mdp(mdp)
    if mdp.discount == 1.0 and mdp.horizon is None:
        raise ValueError(
            "the limits need discount < 1 or a horizon: without either there is no bound on how fast they come"
        )
    alphas = check_temperatures(temperatures)
    prior = uniform_prior(mdp) if action_prior is None else action_prior
    log_prior = check_action_prior(mdp, prior)
    possible = np.isfinite(log_prior)
    r = np.broadcast_to(check_reward(mdp, reward), log_prior.shape)[possible]
    if mdp.horizon is None:
        steps = 1.0 / (1.0 - mdp.discount)
    else:
        steps = float(np.sum(mdp.discount ** np.arange(mdp.horizon)))
    ends = mdp.terminal.any() or mdp.ending is not None
    low, high = (min(r.min(), 0.0), max(r.max(), 0.0)) if ends else (r.min(), r.max())  # after the end the reward is 0

    solutions = tuple(soft_value_iteration(mdp, reward, temperature=a, action_prior=prior) for a in alphas)
    hard = soft_value_iteration(mdp, reward, temperature=0.0, action_prior=prior)
    hot = soft_value_iteration(mdp, reward, temperature=math.inf, action_prior=prior)
    rare = -float(log_prior[possible].min(initial=0.0))
    return TemperatureSweep(
        alphas,
        solutions,
        hard,
        hot,
        np.array([_largest(hard.V - solution.V) for solution in solutions]),
        alphas * rare * steps,
        np.array([_largest(_log_ratio(solution, log_prior.T)) for solution in solutions]),
        (high - low) * steps / alphas,
    )


def _log_ratio(solution: SoftSolution, log_prior: NDArray) -> NDArray:
    """``|log pi / p| = |Q - V| / alpha`` where the prior allows the action, 0 elsewhere."""
    V = solution.V if solution.mdp.horizon is None else solution.V[:-1]
    possible = np.isfinite(log_prior) & np.isfinite(solution.Q)
    gap = np.subtract(solution.Q, V[..., None], where=possible, out=np.zeros(solution.Q.shape))
    return np.abs(gap) / solution.temperature


def _largest(difference: NDArray) -> float:
    return float(np.max(difference, where=np.isfinite(difference), initial=0.0))
