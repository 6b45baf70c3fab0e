r"""How good a recovered reward or policy is, judged by what the agent would do and earn.

Sources: Levine, S., Popovic, Z. & Koltun, V. (2011), Nonlinear inverse reinforcement learning with Gaussian processes, NeurIPS
(expected value difference); Abbeel, P. & Ng, A. Y. (2004), Apprenticeship learning via inverse reinforcement learning, ICML
(feature expectations).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .._feasibility import check_labels, check_range
from .._labelled import as_demonstrations
from .._validation import check_action_prior, check_policy, check_reward, check_temperature
from ..demonstrations import Demonstrations
from ..goal_policies import GoalPolicies
from ..inference import SoftSolution, soft_value_iteration
from ..mdp import MDP
from ..rewards import LinearReward
from ..routes import expected_flows
from ..sufficient_statistics import SufficientStatistics, sufficient_statistics
from ..visitations import expected_visitations, linearise


def expected_value_difference(
    mdp: MDP,
    true_reward: ArrayLike,
    policy: ArrayLike | SoftSolution,
    *,
    temperature: float = 0.0,
    action_prior: ArrayLike | None = None,
    initial: ArrayLike | None = None,
) -> float:
    r"""What following a policy costs against the best one, under the true reward.

    :math:`V^*_{r} - V^{\pi}_{r}` from the initial distribution. Hard (temperature 0): the best expected return less that of the
    policy. Soft: returns hold the entropy, :math:`r - \alpha \log (\pi / p)`, and the best policy is the soft one.

    Parameters
    ----------
    mdp : MDP
    true_reward : (S,) or (S, A) array
    policy : (S, A) or (T, S, A) array, or SoftSolution
        To be judged, such as the optimal policy of a recovered reward:
        ``soft_value_iteration(mdp, estimator.reward_, temperature=0).policy``.
    temperature : float >= 0, finite
    action_prior : (A,) or (S, A) array, optional
        p(a|s) of the soft return. None: p = 1.
    initial : (S,) array, optional
        Distribution of the first state. None: that of the MDP.

    Returns
    -------
    float >= 0, in units of reward

    Examples
    --------
    >>> from maxent_irl import MDP
    >>> from maxent_irl.metrics import expected_value_difference
    >>> choice = MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])
    >>> expected_value_difference(choice, [[3.0, 1.0], [0.0, 0.0]], [[0.25, 0.75], [0.0, 0.0]])
    1.5
    """
    alpha = check_temperature(temperature)
    if not np.isfinite(alpha):
        raise ValueError("temperature must be finite: at infinity every reward is the same")
    start = mdp.initial_distribution if initial is None else np.asarray(initial, dtype=float)
    best = soft_value_iteration(mdp, true_reward, temperature=alpha, action_prior=action_prior)
    V = best.V if mdp.horizon is None else best.V[0]
    pi = policy.policy if isinstance(policy, SoftSolution) else np.asarray(policy, dtype=float)
    visits = expected_visitations(mdp, pi, initial=start)
    r = check_reward(mdp, true_reward)
    gain = np.broadcast_to(r[:, None] if r.ndim == 1 else r.T, pi.shape)
    if alpha:
        log_prior = check_action_prior(mdp, action_prior)
        log_ratio = np.log(np.where(pi > 0, pi, 1.0)) - (
            0.0 if log_prior is None else np.where(pi > 0, log_prior.T, 0.0)
        )
        gain = gain - alpha * log_ratio
    return float(start[start > 0] @ V[start > 0] - (visits * np.where(pi > 0, gain, 0.0)).sum())


def policy_kl(
    mdp: MDP, policy: ArrayLike | SoftSolution, other: ArrayLike | SoftSolution, *, initial: ArrayLike | None = None
) -> float:
    r"""Mean Kullback-Leibler divergence per decision, :math:`E[\log \pi(a \mid s) - \log \pi'(a \mid s)]`, nats.

    Parameters
    ----------
    mdp : MDP
    policy : (S, A) or (T, S, A) array, or SoftSolution
        The true one: decisions count as often as it takes them.
    other : likewise
    initial : (S,) array, optional
        Distribution of the first state. None: that of the MDP.

    Returns
    -------
    float >= 0; infinite where `other` rules out what `policy` does
    """
    p, q = (np.swapaxes(check_policy(mdp, _array(one)), -1, -2) for one in (policy, other))
    visits = expected_visitations(mdp, p, initial=initial)
    divergence = special.rel_entr(p, q).sum(axis=-1)
    decisions = visits.sum(axis=-1)
    return float((decisions * np.where(decisions > 0, divergence, 0.0)).sum() / decisions.sum())


def log_likelihood_per_decision(policy: ArrayLike | SoftSolution, demonstrations: Any) -> float:
    """Mean log probability of demonstrated decisions under a policy, nats; trajectories by their weight.

    Parameters
    ----------
    policy : (S, A) or (T, S, A) array, or SoftSolution
    demonstrations : Demonstrations, or what its constructor takes
        Without goals: the policy of a goal judges the demonstrations of that goal.
    """
    data = as_demonstrations(demonstrations)
    pi, weight = _array(policy), data.weights[data.trajectory_ids]
    check_range(data, *pi.shape[-2:])
    check_labels(data, *pi.shape[-2:])
    if pi.ndim == 3 and data.lengths.max() > len(pi):
        i = int(data.lengths.argmax())
        raise ValueError(
            f"trajectory {data.name_of(i)} has {data.lengths[i]} decisions, but the policy is given for {len(pi)} times"
        )
    at = (data.states, data.actions) if pi.ndim == 2 else (data.times, data.states, data.actions)
    with np.errstate(divide="ignore"):
        return float(weight @ np.log(pi[at]) / weight.sum())


def feature_expectation_gap(
    mdp: MDP, features: Any, policy: ArrayLike | SoftSolution | GoalPolicies, demonstrations: Demonstrations
) -> NDArray:
    """Demonstrated minus expected features per decision, (K,), decisions discounted: zero at the feature-matching estimate.

    What the policy is expected to collect from the first states on is compared with what the demonstrations did; where these
    were cut, what the policy would still have collected afterwards does not count.

    Parameters
    ----------
    mdp : MDP
    features : (S, K) or (S, A, K) array, dense or sparse; None for one indicator per state
    policy : (S, A) or (T, S, A) array, or SoftSolution; GoalPolicies where the demonstrations have goals
    demonstrations : Demonstrations, or what its constructor takes

    Raises
    ------
    ValueError
        For demonstrations with goals and one policy for all, or the other way round.
    """
    demonstrations = as_demonstrations(demonstrations)
    if (demonstrations.goals is not None) != isinstance(policy, GoalPolicies):
        raise ValueError(
            "demonstrations with goals are compared with GoalPolicies, those without goals with one policy"
        )
    statistics = sufficient_statistics(mdp, demonstrations, "feature-matching")
    if isinstance(policy, GoalPolicies):
        mass = _mass_towards_goals(policy, statistics, demonstrations.goals)
    else:
        mass = _mass(mdp, policy, statistics)
    return LinearReward(mdp, features).adjoint(mass) / statistics.total_pairs().sum()


def _mass(mdp: MDP, policy: ArrayLike | SoftSolution, statistics: SufficientStatistics) -> NDArray:
    """Demonstrated minus expected visitations, (A, S), summed over time."""
    linear = linearise(mdp, policy)
    pairs = statistics.total_pairs().reshape(linear.policy.shape)
    ahead = linear.expect_adjoint(statistics.total_continued().reshape(pairs.shape))
    d = linear.flow(statistics.total_states().reshape(ahead.shape) + ahead)
    if mdp.horizon is None:
        return pairs + linear.policy * d
    return (pairs + linear.policy * d[:-1, None]).sum(axis=0)


def _mass_towards_goals(policies: GoalPolicies, statistics: SufficientStatistics, goals: NDArray) -> NDArray:
    """The same on the way to each demonstration's goal; of linear problems in flows that share one factorisation."""
    mdp = policies.mdp
    if not policies.linear:
        each = [(int(goal), np.flatnonzero(goals == goal)) for goal in np.unique(goals)]
        return sum(_mass(mdp.with_goal(goal), policies.solve(goal), statistics.of(rows)) for goal, rows in each)
    source = (statistics.states + statistics.continued @ mdp.transitions).tocoo()
    expected = expected_flows(policies, source.col, goals[source.row], source.data).T
    return statistics.total_pairs().reshape(expected.shape) + expected


def _array(policy: ArrayLike | SoftSolution) -> NDArray:
    return policy.policy if isinstance(policy, SoftSolution) else np.asarray(policy, dtype=float)
