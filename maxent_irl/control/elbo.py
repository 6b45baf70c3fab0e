r"""The evidence lower bound (ELBO) of a policy, and the gap between exact and variational inference.

Restrict the posterior over trajectories to those of some policy under the true dynamics. In units of reward, the lower bound on
the log evidence is then

.. math::

    \mathrm{ELBO}_\pi(s) = E_\pi \Bigl[ \sum_t \gamma^t \Bigl( r(s_t, a_t) -
    \alpha \log \frac{\pi(a_t \mid s_t)}{p(a_t \mid s_t)} \Bigr) \Bigm| s_0 = s \Bigr], \qquad
    \alpha \log p(O \mid s) - \mathrm{ELBO}_\pi(s) = \alpha \, \mathrm{KL}(\pi(\tau \mid s) \,\|\, p(\tau \mid O, s)) .

The second equation holds for undiscounted problems. The soft policy of variational inference maximises the ELBO over all
policies, and its V equals the maximum. Exact inference returns the evidence itself. Under stochastic dynamics no policy attains
that value, which is called the optimism problem. `compare_inference` computes the gap in every state.

Sources: Levine, S. (2018), Reinforcement learning and control as probabilistic inference: tutorial and review,
arXiv:1805.00909, sections 2.4 and 3; Sutton, R. S., McAllester, D., Singh, S., & Mansour, Y. (1999), Policy gradient methods
for reinforcement learning with function approximation, NeurIPS 12 (the gradient).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult, minimize
from scipy.special import logsumexp, softmax

from .._checks import check_count, check_positive, check_temperature
from ..inference import SoftSolution, soft_value_iteration
from ..inference.linearisation import linearise
from ..mdp import MDP, check_mdp
from ..mdp.policies import check_policy
from ..mdp.process import check_action_prior, check_reward

IMPOSSIBLE = -1e300  # stands for -inf inside linear solves, where -inf times a zero probability would be NaN


def evidence_lower_bound(
    mdp: MDP,
    reward: ArrayLike,
    policy: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
) -> NDArray:
    """Evaluate the ELBO of a policy: expected reward minus temperature times the divergence from the prior.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
    policy : (S, A) array, or (T, S, A) with a horizon T
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
        None: p = 1, and the divergence is minus the entropy of the policy.

    Returns
    -------
    (S,) array, or (T + 1, S), in units of reward
        -inf where the policy takes actions that the prior forbids.

    Raises
    ------
    ValueError
        For a policy whose rows are no distributions, naming the state.
    """
    return LowerBound(mdp, reward, temperature, action_prior).values(check_policy(mdp, policy))


class LowerBound:
    """The ELBO of one problem as a function of the policy."""

    def __init__(self, mdp: MDP, reward: ArrayLike, temperature: float, action_prior: ArrayLike | None) -> None:
        check_mdp(mdp)
        self.mdp, self.reward = mdp, check_reward(mdp, reward)
        self.alpha = check_temperature(temperature, finite_positive=True)
        log_prior = check_action_prior(mdp, action_prior)
        self.prior = mdp.available.T.astype(float) if log_prior is None else np.exp(log_prior)  # (A, S)
        self.open = (self.prior > 0) & mdp.structure.usable("variational")  # (A, S): allowed, and no way to a dead end

    def net_reward(self, policy: NDArray) -> NDArray:
        """r - alpha log(pi / p) where the policy is positive, 0 elsewhere; (A, S) or (T, A, S), like the policy."""
        with np.errstate(divide="ignore"):
            cost = np.log(np.where(policy > 0, policy, 1.0)) - np.log(np.where(policy > 0, self.prior, 1.0))
        return np.where(policy > 0, self.reward - self.alpha * cost, 0.0)

    def values(self, policy: NDArray) -> NDArray:
        """ELBO of a policy (A, S) or (T, A, S) in every state, (S,) or (T + 1, S)."""
        linear = linearise(self.mdp, policy)
        gain = linear.average(np.maximum(self.net_reward(linear.policy), IMPOSSIBLE))
        stuck = ~(self.mdp.available.any(axis=1) | self.mdp.terminal)
        V = linear.accumulate(np.where(stuck, IMPOSSIBLE, gain))
        V = np.where(V < 1e-10 * IMPOSSIBLE, -math.inf, V)
        return V[0] if self.mdp.horizon is None else V

    def gradient(self, policy: NDArray, source: NDArray) -> tuple[float, NDArray, float]:
        """<source, ELBO>, its derivative in the logits of the softmax policy, and the improvement that is left.

        The third is ``alpha KL(pi || p exp(Q / alpha) / Z)`` summed over the visits of the policy, Q being its own. It is the
        gain in the bound if every state switches to that posterior while the visits stay as they are. Unlike the derivative,
        it does not vanish where the policy gives a good action almost no probability.
        """
        linear = linearise(self.mdp, policy)
        net = self.net_reward(linear.policy)
        V = linear.accumulate(linear.average(net))
        here, ahead = V[: len(net)], linear.expect(V)
        advantage = net + ahead - here[:, None, :]
        source = source.reshape(V.shape)
        d = linear.flow(source)[: len(net)]
        attainable = self.alpha * logsumexp((self.reward + ahead) / self.alpha, b=self.prior * self.open, axis=-2)
        left = d * np.where(self.open.any(axis=0), attainable - here, 0.0)
        derivative = (d[:, None, :] * linear.policy * advantage).reshape(policy.shape)
        return float((source * V).sum()), derivative, float(left.sum())


@dataclass(frozen=True, eq=False)
class BoundMaximum:
    """Where the maximisation of the ELBO ended.

    Attributes
    ----------
    policy : (S, A) or (T, S, A) array
    value : float
        ELBO from the initial distribution, in units of reward.
    converged : bool
    n_iter : int
    residual : float
        Improvement left, in units of reward. It is the gain if the policy switches to the posterior that its values imply, while
        its visits stay as they are.
    value_curve : (n_iter + 1,) array
        The ELBO at the start and after each iteration.
    """

    policy: NDArray  # (S, A) or (T, S, A)
    value: float
    converged: bool
    n_iter: int
    residual: float
    value_curve: NDArray  # (n_iter + 1,)


def maximise_evidence_lower_bound(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 2000,
) -> BoundMaximum:
    """Maximise the ELBO by exact policy gradients: L-BFGS over the logits of the policy.

    `soft_value_iteration` solves the same problem faster. This function uses no soft Bellman equation, so it confirms
    independently that the soft policy is the best variational posterior.

    Parameters
    ----------
    mdp : MDP
    reward, temperature, action_prior
        As for `evidence_lower_bound`.
    tol : float
        The maximisation has converged when the improvement left is at most ``tol * max(1, |value|)``. `BoundMaximum` defines that
        improvement. The gradient is not used for this, because it also vanishes where a good action has almost no probability.
    max_iter : int

    Returns
    -------
    BoundMaximum

    Raises
    ------
    ValueError
        For an undiscounted problem that does not end under the uniform policy, from which the maximisation starts. For dead ends
        in which episodes start, or with a horizon may arrive.
    """
    tol, max_iter = check_positive("tol", tol, or_zero=True), check_count("max_iter", max_iter, at_least=0)
    bound = LowerBound(mdp, reward, temperature, action_prior)
    dead = mdp.structure.dead("variational") & ((mdp.initial_distribution > 0) | (mdp.horizon is not None))
    if dead.any():
        raise ValueError(
            f"state {int(np.argmax(dead))} is a dead end, of value -inf: make it terminal, or do not start there"
        )
    T, S, A = mdp.horizon, mdp.n_states, mdp.n_actions
    shape = (A, S) if T is None else (T, A, S)
    free = np.broadcast_to(bound.open, shape)
    source = np.zeros(S) if T is None else np.zeros((T + 1, S))
    source[... if T is None else 0] = mdp.initial_distribution

    def policy_of(logits: NDArray) -> NDArray:
        masked = np.where(free, logits.reshape(shape), -math.inf)
        masked = np.where(free.any(axis=-2, keepdims=True), masked, 0.0)
        return np.where(free, softmax(masked, axis=-2), 0.0)

    left = math.inf  # improvement left at the last evaluation of the loss, which is where an iteration ends

    def loss(logits: NDArray) -> tuple[float, NDArray]:
        nonlocal left
        value, gradient, left = bound.gradient(policy_of(logits), source)
        return -value, -gradient.ravel()

    def enough(value: float) -> bool:
        return bool(left <= tol * max(1.0, abs(value)))

    def record(intermediate_result: OptimizeResult) -> None:
        curve.append(-float(intermediate_result.fun))
        if enough(curve[-1]):
            raise StopIteration

    start = np.zeros(int(np.prod(shape)))
    curve = [-loss(start)[0]]
    result = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=record,
        options={"gtol": 0.0, "ftol": 0.0, "maxiter": max_iter, "maxfun": 10 * max_iter, "maxcor": 30},
    )
    value = -loss(result.x)[0]
    policy = np.swapaxes(policy_of(result.x), -1, -2)
    return BoundMaximum(policy, value, enough(value), int(result.nit), left, np.array(curve))


@dataclass(frozen=True, eq=False)
class InferenceComparison:
    """Exact and variational inference on one problem.

    Attributes
    ----------
    exact, variational : SoftSolution
    earned : (S,) or (T + 1, S) array
        ELBO of the exact policy under the true dynamics.
    optimism : like `earned`
        Exact value minus `earned`, >= 0: how far the value of exact inference exceeds what its policy attains.
    regret : like `earned`
        Variational value minus `earned`, >= 0: how far the exact policy falls short of the best policy.
    """

    exact: SoftSolution
    variational: SoftSolution
    earned: NDArray  # (S,) or (T + 1, S)
    optimism: NDArray  # (S,) or (T + 1, S)
    regret: NDArray  # (S,) or (T + 1, S)


def compare_inference(
    mdp: MDP, reward: ArrayLike, *, temperature: float = 1.0, action_prior: ArrayLike | None = None
) -> InferenceComparison:
    """Solve by exact and by variational inference, and evaluate the exact policy under the true dynamics.

    All gaps vanish under deterministic dynamics. Parameters are those of `evidence_lower_bound`.

    Returns
    -------
    InferenceComparison
    """
    variational = soft_value_iteration(mdp, reward, temperature=temperature, action_prior=action_prior)
    exact = soft_value_iteration(mdp, reward, temperature=temperature, action_prior=action_prior, inference="exact")
    earned = evidence_lower_bound(mdp, reward, exact.policy, temperature=temperature, action_prior=action_prior)
    alive = np.isfinite(exact.V) & np.isfinite(earned)

    def gap(V: NDArray) -> NDArray:
        return np.subtract(V, earned, where=alive, out=np.full(V.shape, math.nan))

    return InferenceComparison(exact, variational, earned, gap(exact.V), gap(variational.V))
