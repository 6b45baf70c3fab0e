r"""Sampled policy improvement: improve a policy on the actions that were sampled, and weight them so that the limit is exact.

An improvement operator is called action-independent if :math:`(I \pi)(a \mid s) = f(s, a, Z(s))`, with the one Z(s) that makes it
sum to 1. Sample K actions from a proposal :math:`\beta`, let :math:`\hat \beta` be their frequencies, and set

.. math::

    (\hat I_\beta \pi)(a \mid s) = \frac{\hat \beta(a \mid s)}{\beta(a \mid s)} \, f(s, a, \hat Z_\beta(s)) , \qquad
    \sum_a (\hat I_\beta \pi)(a \mid s) = 1 .

As K grows it tends to :math:`I \pi`, with errors of order :math:`K^{-1/2}`. Without the factor :math:`\hat \beta / \beta` it
would tend to the improvement of another policy. Two operators are here:

- "exponential": :math:`f = \pi \exp(Q / \alpha) / Z`, the posterior of control as inference with :math:`\pi` as the prior. The
  sample
  version is self-normalised importance sampling, with the asymptotic covariance
  :math:`\frac1K \sum_b \frac{(I\pi)(b)^2}{\beta(b)} (e_b - I\pi) (e_b - I\pi)^\top`.
- "regularised": :math:`f = \alpha \pi / (Z - Q)`, which maximises :math:`E[Q] - \alpha \, \mathrm{KL}(\pi \,\|\,
  \pi_\text{new})`. The
  visits of MuZero's tree search approximate it.

What is not here: the tree search, the networks, and their training. Q is given.

Sources: Hubert, T., Schrittwieser, J., Antonoglou, I., Barekatain, M., Schmitt, S., & Silver, D. (2021), Learning and planning in
complex action spaces, ICML, PMLR 139, 4476-4486; Grill, J.-B., et al. (2020), Monte-Carlo tree search as regularized policy
optimization, ICML, PMLR 119, 3769-3778 (the second operator).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from .._checks import PROBABILITY_TOLERANCE, check_choice, check_count, check_numbers, check_temperature
from ..demonstrations.draws import generator
from ..mdp import MDP
from ..mdp.policies import check_policy
from ._requirements import check_reference, require_discounted
from .elbo import evidence_lower_bound
from .limits import uniform_prior

OPERATORS = ("exponential", "regularised")
BISECTIONS = 100


def improve(weight: ArrayLike, Q: ArrayLike, temperature: float, operator: str = "exponential") -> NDArray:
    """Apply an improvement operator to ``f``'s factor `weight`, which is the policy, or its sampled version.

    Parameters
    ----------
    weight : (..., A) array, >= 0
        pi for the exact operator; ``beta_hat / beta * pi`` for the sampled one. Each row has a positive entry.
    Q : (..., A) array
    temperature : float > 0
    operator : "exponential" or "regularised"

    Returns
    -------
    (..., A) array
        Rows sum to 1; 0 where the weight is.
    """
    check_choice("operator", operator, OPERATORS)
    alpha = check_temperature(temperature, finite_positive=True)
    weight, Q = check_numbers("weight", weight), check_numbers("Q", Q)
    try:
        weight, Q = np.broadcast_arrays(weight, Q)
    except ValueError:
        raise ValueError(
            f"weight and Q must have the same shape, one entry per action; got {weight.shape} and {Q.shape}"
        ) from None
    used = weight > 0
    if not np.isfinite(Q[used]).all():
        raise ValueError("Q must be finite where weight is positive: leave out actions that are unavailable")
    if (weight < 0).any() or not used.any(axis=-1).all():
        raise ValueError("weight must be >= 0, with a positive entry in every row")
    with np.errstate(divide="ignore"):
        logits = np.log(weight) + np.where(used, Q, 0.0) / alpha
    if operator == "exponential":
        return np.exp(logits - logsumexp(logits, axis=-1, keepdims=True))
    # sum_a alpha w / (Z - Q) falls in Z from infinity at max Q to below 1 at max Q + alpha sum w.
    top = np.where(used, Q, -np.inf).max(axis=-1, keepdims=True)
    gap = np.where(used, top - np.where(used, Q, 0.0), 0.0)
    low, high = np.zeros(top.shape), alpha * weight.sum(axis=-1, keepdims=True)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        total = (alpha * weight / (gap + middle)).sum(axis=-1, keepdims=True)
        low, high = np.where(total > 1.0, middle, low), np.where(total > 1.0, high, middle)
    improved = alpha * weight / (gap + high)
    return improved / improved.sum(axis=-1, keepdims=True)


def sampled_improvement(
    policy: ArrayLike,
    Q: ArrayLike,
    n_samples: int,
    *,
    temperature: float = 1.0,
    proposal: ArrayLike | None = None,
    operator: str = "exponential",
    random_state: Any = None,
) -> NDArray:
    """Improve a policy on K sampled actions per row.

    Parameters
    ----------
    policy : (..., A) array
        Rows are distributions. Leading axes are states, or repetitions.
    Q : (..., A) array
    n_samples : int
        K, drawn with replacement.
    temperature : float > 0
    proposal : (..., A) array, optional
        beta, positive wherever the policy is. None: the policy.
    operator : "exponential" or "regularised"
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    (..., A) array

    Raises
    ------
    ValueError
        For a proposal that gives no probability to an action of the policy, naming the action.
    """
    K = check_count("n_samples", n_samples)
    policy = _distributions("policy", policy)
    beta = policy if proposal is None else np.broadcast_to(_distributions("proposal", proposal), policy.shape)
    missed = np.argwhere((policy > 0) & ~(beta > 0))
    if len(missed):
        raise ValueError(
            f"proposal never samples action {missed[0][-1]} (row {missed[0][:-1].tolist()}), which the policy takes: give it "
            "probability"
        )
    shares = generator(random_state).multinomial(K, beta / beta.sum(axis=-1, keepdims=True)) / K
    weight = np.divide(shares * policy, beta, out=np.zeros(policy.shape), where=beta > 0)
    return improve(weight, Q, temperature, operator)


def _distributions(name: str, rows: ArrayLike) -> NDArray:
    """Return rows of probabilities (..., A); ValueError unless they are >= 0 and sum to 1."""
    table = check_numbers(name, rows)
    if not ((table >= 0).all() and np.allclose(table.sum(axis=-1), 1.0, atol=PROBABILITY_TOLERANCE)):
        raise ValueError(f"{name} must hold distributions over actions in its last axis: entries >= 0 that sum to 1")
    return table


def asymptotic_variance(
    policy: NDArray, Q: NDArray, *, temperature: float = 1.0, proposal: NDArray | None = None
) -> NDArray:
    """Return K times the variance of every entry of the sampled exponential improvement, as K grows; (..., A)."""
    improved = improve(policy, Q, temperature)
    beta = policy if proposal is None else proposal
    square = np.divide(improved**2, beta, out=np.zeros(improved.shape), where=improved > 0)
    # sum_b square_b (1[a = b] - improved_a)^2
    return square * (1.0 - 2.0 * improved) + improved**2 * square.sum(axis=-1, keepdims=True)


def sampled_action_weights(
    log_policy: ArrayLike, log_proposal: ArrayLike, Q: ArrayLike, *, temperature: float = 1.0
) -> NDArray:
    """Return the weights of sampled actions under the improved policy, for actions of any kind, continuous ones too.

    Parameters
    ----------
    log_policy, log_proposal : (..., K) arrays
        Log-densities of the sampled actions under the policy (or prior) and the proposal that they were drawn from.
    Q : (..., K) array
    temperature : float > 0

    Returns
    -------
    (..., K) array
        Rows sum to 1.
    """
    logs = check_numbers("log_policy", log_policy) - check_numbers("log_proposal", log_proposal)
    return improve(np.exp(logs - logs.max(axis=-1, keepdims=True)), check_numbers("Q", Q), temperature)


@dataclass(frozen=True, eq=False)
class SampledPlan:
    """Policy iteration with sampled improvement.

    Attributes
    ----------
    policy : (S, A) array
        The average of improved policies that the iteration ended with.
    V : (S,) array
        Its exact value: reward minus temperature times divergence from the prior.
    value_curve : (n_iterations, S) array
        Value of the policy before each iteration.
    n_iter : int
    """

    policy: NDArray  # (S, A)
    V: NDArray  # (S,)
    value_curve: NDArray  # (n_iterations, S)
    n_iter: int


def sampled_policy_iteration(
    mdp: MDP,
    reward: ArrayLike,
    n_samples: int,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    n_draws: int = 1000,
    n_iterations: int = 30,
    random_state: Any = None,
) -> SampledPlan:
    """Iterate: evaluate the policy exactly, improve the prior on K sampled actions per state, average over draws.

    The average stands for a network trained on the improved policies. It converges to a policy near the soft one. For finite K a
    bias of order 1/K is left, because the average of normalised weights is not the normalised average.

    Parameters
    ----------
    mdp : MDP
        Discounted, without a horizon.
    reward : (S,) or (S, A) array
    n_samples : int
        K. Actions are sampled from the prior.
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
        None: uniform.
    n_draws : int
        Improved policies per state that are averaged.
    n_iterations : int
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    SampledPlan
    """
    require_discounted(mdp, "sampled policy iteration")
    n_draws, n_iterations = check_count("n_draws", n_draws), check_count("n_iterations", n_iterations)
    rng = generator(random_state)
    prior = np.exp(check_reference(mdp, uniform_prior(mdp) if action_prior is None else action_prior).T)
    acts = prior.sum(axis=1) > 0
    policy, curve = prior.copy(), []

    def value(policy: NDArray) -> NDArray:
        return evidence_lower_bound(mdp, reward, policy, temperature=temperature, action_prior=prior)

    r = np.broadcast_to(np.reshape(reward, (mdp.n_states, -1)), prior.shape)
    for _ in range(n_iterations):
        curve.append(value(policy))
        ahead = (mdp.transitions @ curve[-1]).reshape(mdp.n_actions, -1).T
        Q = r + mdp.discount * ahead
        drawn = np.broadcast_to(prior[acts], (n_draws, int(acts.sum()), mdp.n_actions))
        improved = sampled_improvement(drawn, Q[acts], n_samples, temperature=temperature, random_state=rng)
        policy[acts] = improved.mean(axis=0)
    check_policy(mdp, policy)
    return SampledPlan(policy, value(policy), np.array(curve), n_iterations)
