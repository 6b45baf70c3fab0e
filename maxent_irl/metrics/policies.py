r"""How good a recovered reward or policy is: the return it earns and the decisions it predicts.

Sources: Levine, S., Popovic, Z. & Koltun, V. (2011), Nonlinear inverse reinforcement learning with Gaussian processes, NeurIPS
(expected value difference); Abbeel, P. & Ng, A. Y. (2004), Apprenticeship learning via inverse reinforcement learning, ICML
(feature expectations).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .._checks import check_temperature
from ..demonstrations import Demonstrations
from ..demonstrations.feasibility import check_labels, check_range
from ..demonstrations.labelled import as_demonstrations
from ..inference import SoftSolution, soft_value_iteration
from ..inference.visitations import expected_visitations, linearisation_of
from ..likelihood.statistics import SufficientStatistics, sufficient_statistics
from ..mdp import MDP
from ..mdp.policies import check_policy
from ..mdp.process import check_action_prior, check_reward
from ..rewards import Features
from ..routes import expected_flows
from ..routes.policies import GoalPolicies


def expected_value_difference(
    mdp: MDP,
    true_reward: ArrayLike,
    policy: ArrayLike | SoftSolution,
    *,
    temperature: float = 0.0,
    action_prior: ArrayLike | None = None,
    initial: ArrayLike | None = None,
) -> float:
    r"""Expected return of the best policy minus that of a given policy, under the true reward.

    :math:`V^*_{r} - V^{\pi}_{r}` from the initial distribution. At temperature 0 the best policy is the hard optimal one. At
    positive temperature it is the soft one, and returns contain the entropy, :math:`r - \alpha \log (\pi / p)`.

    Parameters
    ----------
    mdp : MDP
    true_reward : (S,) or (S, A) array
    policy : (S, A) or (T, S, A) array, or SoftSolution
        For example the optimal policy of a recovered reward:
        ``soft_value_iteration(mdp, estimator.reward_, temperature=0).policy``.
    temperature : float >= 0, finite
        In units of reward.
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
        The true policy. States count by how often it takes a decision there.
    other : likewise
    initial : (S,) array, optional
        Distribution of the first state. None: that of the MDP.

    Returns
    -------
    float >= 0
        Infinite where `other` has probability 0 for an action of `policy`.
    """
    p, q = (np.swapaxes(check_policy(mdp, _array(one)), -1, -2) for one in (policy, other))
    visits = expected_visitations(mdp, p, initial=initial)
    divergence = special.rel_entr(p, q).sum(axis=-1)
    decisions = visits.sum(axis=-1)
    return float((decisions * np.where(decisions > 0, divergence, 0.0)).sum() / decisions.sum())


def log_likelihood_per_decision(policy: ArrayLike | SoftSolution, demonstrations: Any) -> float:
    """Mean log probability of demonstrated decisions under a policy, in nats; trajectories count by their weight.

    Parameters
    ----------
    policy : (S, A) or (T, S, A) array, or SoftSolution
    demonstrations : Demonstrations, or what its constructor takes
        Without goals. Where demonstrations have goals, compare each goal's with the policy of that goal.

    Returns
    -------
    float
        Minus infinity where a demonstrated action has probability 0. Of a SoftSolution, only where it is impossible: an array
        rounds probabilities below 1e-308 to zero, and a solution does not.

    Raises
    ------
    ValueError
        For states or actions that the policy does not have, naming trajectory and step.
    """
    data = as_demonstrations(demonstrations)
    solution = policy if isinstance(policy, SoftSolution) else None
    pi, weight = _array(policy), data.weights[data.trajectory_ids]
    check_range(data, *pi.shape[-2:])
    check_labels(data, *pi.shape[-2:])
    if pi.ndim == 3 and data.lengths.max() > len(pi):
        i = int(data.lengths.argmax())
        raise ValueError(
            f"trajectory {data.name_of(i)} has {data.lengths[i]} decisions, but the policy is given for {len(pi)} times"
        )
    at = (data.states, data.actions) if pi.ndim == 2 else (data.times, data.states, data.actions)
    if solution is not None:  # of which rare actions have a log-probability where their probability has underflowed
        log_pi = solution.log_probabilities(data.states, data.actions, data.times)
    else:
        with np.errstate(divide="ignore"):
            log_pi = np.log(pi[at])
    return float(weight @ np.where(weight > 0, log_pi, 0.0) / weight.sum())


def feature_expectation_gap(
    mdp: MDP, features: Any, policy: ArrayLike | SoftSolution | GoalPolicies, demonstrations: Demonstrations
) -> NDArray:
    """Demonstrated minus expected features per decision, (K,), in units of the features.

    Decisions are discounted, and the gap is zero at the feature-matching estimate. Expected features are those of the policy from
    the first states of the demonstrations on. Where a demonstration was cut, features expected after the cut do not count.

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
            "demonstrations with goals are compared with GoalPolicies, demonstrations without goals with one policy"
        )
    statistics = sufficient_statistics(mdp, demonstrations, "feature-matching")
    if isinstance(policy, GoalPolicies):
        mass = _mass_towards_goals(policy, statistics, np.asarray(demonstrations.goals))
    else:
        mass = _mass(mdp, policy, statistics)
    of = Features(mdp, features)
    mass = mass.sum(axis=(0, 1)) if of.per_state else mass if len(of.shape) == 3 else mass.sum(axis=0)
    return of.total(mass) / statistics.pairs.sum()


def _mass(mdp: MDP, policy: ArrayLike | SoftSolution, statistics: SufficientStatistics) -> NDArray:
    """Demonstrated minus expected visitations by time, (L, A, S)."""
    linear = linearisation_of(mdp, policy)
    pairs = statistics.pairs.sum(axis=0).reshape(linear.policy.shape)
    ahead = linear.expect_adjoint(statistics.continued.sum(axis=0).reshape(pairs.shape))
    d = linear.flow(statistics.states.sum(axis=0).reshape(ahead.shape) + ahead)
    return pairs + linear.policy * d[: len(pairs), None]


def _mass_towards_goals(policies: GoalPolicies, statistics: SufficientStatistics, goals: NDArray) -> NDArray:
    """The same on the way to each demonstration's goal; problems linear in exp(V) share one factorisation."""
    mdp = policies.mdp
    if not policies.linear:
        mass = np.zeros(statistics.shape)
        for goal in np.unique(goals).tolist():
            mass += _mass(mdp.with_goal(goal), policies.solve(goal), statistics.of(np.flatnonzero(goals == goal)))
        return mass
    source = (statistics.states + statistics.continued @ mdp.transitions).tocoo()
    expected = expected_flows(policies, source.col, goals[source.row], source.data).T
    return (statistics.pairs.sum(axis=0).reshape(expected.shape) + expected)[None]


def _array(policy: ArrayLike | SoftSolution) -> NDArray:
    return policy.policy if isinstance(policy, SoftSolution) else np.asarray(policy, dtype=float)
