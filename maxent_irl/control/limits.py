r"""Both limits of the temperature, and the constant by which "no prior" differs from the uniform prior.

Let p be the prior and :math:`\Delta = \max r - \min r` the range of the rewards. For an infinite horizon,

.. math::

    \text{cold:}\quad & 0 \le V_0(s) - V_\alpha(s) \le \frac{\alpha \max_{s,a} \log (1 / p(a \mid s))}{1 - \gamma}, &
    \text{hot:}\quad & \Bigl| \log \frac{\pi_\alpha(a \mid s)}{p(a \mid s)} \Bigr| \le \frac{\Delta}{\alpha (1 - \gamma)} .

With a finite horizon the sum of the discounts replaces :math:`1 / (1 - \gamma)`. As alpha goes to 0 the soft Bellman equation
becomes the hard one. As alpha goes to infinity the policy becomes the prior. The cold bound holds because the best deterministic
policy pays at most :math:`\alpha \log(1 / p)` a step. The hot bound holds because Q varies by at most
:math:`\Delta / (1 - \gamma)` among actions.

"No prior" (p = 1) is the problem with the uniform prior and :math:`\alpha \log |A(s)|` more reward a decision
(`uniform_prior_cost`). Where all episodes last equally long, this adds a constant to V and leaves the policy unchanged. Where
the agent can end the episode, the policy changes: without a prior every further decision adds entropy. Its hot limit is then
not the uniform policy, but one that avoids the end.

Source: Levine, S. (2018), Reinforcement learning and control as probabilistic inference, arXiv:1805.00909, sections 2.3 and
4.1; Rawlik, K., Toussaint, M., & Vijayakumar, S. (2012), On stochastic optimal control and reinforcement learning by
approximate inference, RSS VIII (the prior and the zero-temperature limit).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_temperature
from ..inference import SoftSolution, soft_value_iteration
from ..mdp import MDP, check_mdp
from ..mdp.process import check_reward
from ._requirements import check_reference, check_temperatures


def uniform_prior(mdp: MDP) -> NDArray:
    """Return the uniform action prior, ``1 / |A(s)|`` over the available actions; (S, A), rows of terminal states zero."""
    check_mdp(mdp)
    return mdp.available / np.maximum(1, mdp.available.sum(axis=1, keepdims=True))


def uniform_prior_cost(mdp: MDP, temperature: float) -> NDArray:
    r"""Return the reward that the uniform prior subtracts from every decision, :math:`\alpha \log |A(s)|`; (S,).

    Two problems have the same V and the same policy: one with the uniform prior, and one without a prior but with this much less
    reward. Their Q differ by this cost. If all states offer A actions and no episode ends early, the values with and without the
    prior differ by the constant :math:`\alpha \log A \sum_t \gamma^t`.

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
    """Solutions over a range of temperatures, and their distances from both limits.

    Attributes
    ----------
    temperatures : (K,) array
    solutions : tuple of K SoftSolution
    hard, prior : SoftSolution
        The solutions at temperature 0 and infinity.
    cold_distance, cold_bound : (K,) arrays
        Largest ``V_hard - V`` over states, and its bound; in units of reward.
    hot_distance, hot_bound : (K,) arrays
        Largest ``|log pi / p|`` over states and actions, and its bound; in nats.
    """

    temperatures: NDArray  # (K,)
    solutions: tuple[SoftSolution, ...]  # K
    hard: SoftSolution
    prior: SoftSolution
    cold_distance: NDArray  # (K,)
    cold_bound: NDArray  # (K,)
    hot_distance: NDArray  # (K,)
    hot_bound: NDArray  # (K,)


def temperature_sweep(
    mdp: MDP, reward: ArrayLike, temperatures: ArrayLike, *, action_prior: ArrayLike | None = None
) -> TemperatureSweep:
    """Solve the soft Bellman equation at several temperatures and at both limits.

    Parameters
    ----------
    mdp : MDP
        Discounted, or with a horizon.
    reward : (S,) or (S, A) array
    temperatures : (K,) array of positive numbers
    action_prior : (A,) or (S, A) array, optional
        None: uniform over the available actions. The hot limit is then the uniform policy also where episodes can end.

    Returns
    -------
    TemperatureSweep

    Raises
    ------
    ValueError
        For an undiscounted problem without a horizon, for which no bound exists.
    """
    check_mdp(mdp)
    if mdp.discount == 1.0 and mdp.horizon is None:
        raise ValueError(
            "the limits need discount < 1 or a horizon: without either, the distances have no bound. Use mdp.replace(...)"
        )
    alphas = check_temperatures(temperatures)
    prior = uniform_prior(mdp) if action_prior is None else action_prior
    log_prior = check_reference(mdp, prior)
    possible = np.isfinite(log_prior)
    low, high = reward_range(mdp, np.broadcast_to(check_reward(mdp, reward), log_prior.shape)[possible])
    if mdp.horizon is None:
        steps = 1.0 / (1.0 - mdp.discount)
    else:
        steps = float(np.sum(mdp.discount ** np.arange(mdp.horizon)))

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


def can_end(mdp: MDP) -> bool:
    """Whether an episode may end before the horizon, after which every reward is 0."""
    return bool(mdp.terminal.any()) or mdp.ending is not None


def reward_range(mdp: MDP, rewards: NDArray) -> tuple[float, float]:
    """Smallest and largest of the rewards of possible decisions, (n,), and of 0 where episodes can end."""
    after = [0.0] if can_end(mdp) else []
    return float(min([rewards.min(), *after])), float(max([rewards.max(), *after]))


def _log_ratio(solution: SoftSolution, log_prior: NDArray) -> NDArray:
    """``|log pi / p| = |Q - V| / alpha`` where the prior allows the action, 0 elsewhere."""
    V = solution.V if solution.mdp.horizon is None else solution.V[:-1]
    possible = np.isfinite(log_prior) & np.isfinite(solution.Q)
    gap = np.subtract(solution.Q, V[..., None], where=possible, out=np.zeros(solution.Q.shape))
    return np.abs(gap) / solution.temperature


def _largest(difference: NDArray) -> float:
    return float(np.max(difference, where=np.isfinite(difference), initial=0.0))
