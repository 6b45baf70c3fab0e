r"""The evidence lower bound of a policy, and what exact inference promises beyond what can be earned.

Restrict the posterior over trajectories to those an agent can cause, the true dynamics under some policy; the bound on the log
evidence is then, in units of reward,

.. math::

    \mathrm{ELBO}_\pi(s) = E_\pi \Bigl[ \sum_t \gamma^t \Bigl( r(s_t, a_t) -
    \alpha \log \frac{\pi(a_t \mid s_t)}{p(a_t \mid s_t)} \Bigr) \Bigm| s_0 = s \Bigr], \qquad
    \alpha \log p(O \mid s) - \mathrm{ELBO}_\pi(s) = \alpha \, \mathrm{KL}(\pi(\tau \mid s) \,\|\, p(\tau \mid O, s)) ,

(the identity undiscounted). Over all policies it is largest for the soft policy of variational inference, whose V it equals.
Exact inference reports the evidence itself, so under stochastic dynamics its value is one that no policy earns: the optimism
problem. The gap is a number per state here.

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

from .._linear_systems import linearise
from .._validation import (
    check_action_prior,
    check_count,
    check_policy,
    check_positive,
    check_reward,
    check_temperature,
)
from ..inference import SoftSolution, soft_value_iteration
from ..mdp import MDP, check_mdp

IMPOSSIBLE = -1e300  # stands for -inf inside linear solves, where -inf times a zero probability would be NaN


def evidence_lower_bound(
    mdp: MDP,
    reward: ArrayLike,
    policy: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
) -> NDArray:
    """Evaluate the ELBO of any policy: what it earns under the true dynamics, less what it costs to differ from the prior.

    Parameters
    ----------
    mdp : MDP
    reward : (S,) or (S, A) array
    policy : (S, A) array, or (T, S, A) with a horizon T
    temperature : float > 0
    action_prior : (A,) or (S, A) array, optional
        None: p = 1, and the cost is minus the entropy of the policy.

    Returns
    -------
    (S,) array, or (T + 1, S), in units of reward
        -inf where the policy does what the prior forbids.

    Raises
    ------
    ValueError
        For a policy that is no policy, naming the state.
    """
    return _Bound(mdp, reward, temperature, action_prior).values(check_policy(mdp, policy))


class _Bound:
    """The ELBO of one problem as a function of the policy."""

    def __init__(self, mdp: MDP, reward: ArrayLike, temperature: float, action_prior: ArrayLike | None) -> None:
        check_mdp(mdp)
        self.mdp, self.reward = mdp, check_reward(mdp, reward)
        self.alpha = check_temperature(temperature, finite_positive=True)
        log_prior = check_action_prior(mdp, action_prior)
        self.prior = mdp.available.T.astype(float) if log_prior is None else np.exp(log_prior)
        self.open = (self.prior > 0) & mdp.structure.usable(
            "variational"
        )  # actions that the prior allows and that get on

    def net_reward(self, policy: NDArray) -> NDArray:
        """r - alpha log(pi / p) where the policy acts, 0 elsewhere, shaped like the policy."""
        with np.errstate(divide="ignore"):
            cost = np.log(np.where(policy > 0, policy, 1.0)) - np.log(np.where(policy > 0, self.prior, 1.0))
        return np.where(policy > 0, self.reward - self.alpha * cost, 0.0)

    def values(self, policy: NDArray) -> NDArray:
        linear = linearise(self.mdp, policy)
        gain = linear.average(np.maximum(self.net_reward(linear.policy), IMPOSSIBLE))
        stuck = ~(self.mdp.available.any(axis=1) | self.mdp.terminal)
        V = linear.accumulate(np.where(stuck, IMPOSSIBLE, gain))
        V = np.where(V < 1e-10 * IMPOSSIBLE, -math.inf, V)
        return V[0] if self.mdp.horizon is None else V

    def gradient(self, policy: NDArray, source: NDArray) -> tuple[float, NDArray, float]:
        """<source, ELBO>, its derivative with respect to the logits of a softmax policy, and what is left to gain.

        The last is alpha KL(pi || p exp(Q / alpha) / Z), Q being the policy's own, summed over its visits: what the bound gains
        if every state goes over to that posterior, but for the change of visits. Unlike the derivative it does not vanish where
        the policy has all but given up an action that is good.
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
    """Where climbing the ELBO ended.

    Attributes
    ----------
    policy : (S, A) or (T, S, A) array
    value : float
        ELBO from the initial distribution, in units of reward.
    converged : bool
    n_iter : int
    residual : float
        What is left to gain if the policy goes over to the posterior that its own values imply, its visits being what they are;
        units of reward.
    value_curve : (n_iter + 1,) array
        The ELBO after each iteration.
    """

    policy: NDArray
    value: float
    converged: bool
    n_iter: int
    residual: float
    value_curve: NDArray


def maximise_evidence_lower_bound(
    mdp: MDP,
    reward: ArrayLike,
    *,
    temperature: float = 1.0,
    action_prior: ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 2000,
) -> BoundMaximum:
    """Climb the ELBO by exact policy gradients (L-BFGS over the logits), knowing nothing of soft Bellman equations.

    It solves no problem that `soft_value_iteration` does not solve faster: it is the independent witness that the soft policy
    is the best variational posterior among all policies.

    Parameters
    ----------
    mdp : MDP
    reward, temperature, action_prior
        As for `evidence_lower_bound`.
    tol : float
        What may be left to gain at convergence, relative to ``max(1, |value|)``; see `BoundMaximum`. Gradients are no measure of
        that: rounding keeps them from zero, and they vanish too where rewards of many temperatures have made the policy all but
        give up an action that is good, from where no climb leads back.
    max_iter : int

    Returns
    -------
    BoundMaximum

    Raises
    ------
    ValueError
        For an undiscounted problem that the uniform policy, where the climb starts, never ends; for dead ends that episodes
        start in or (with a horizon) may come to.
    """
    tol, max_iter = check_positive("tol", tol, or_zero=True), check_count("max_iter", max_iter, at_least=0)
    bound = _Bound(mdp, reward, temperature, action_prior)
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

    left = math.inf  # to gain, where the loss was last evaluated, which is where an iteration ends

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
    """Exact and variational inference on one problem, side by side.

    Attributes
    ----------
    exact, variational : SoftSolution
    earned : (S,) or (T + 1, S) array
        ELBO of the exact policy: what it is worth when the dynamics do not co-operate.
    optimism : like `earned`
        Exact value minus `earned`, >= 0: what the posterior promises and its policy does not earn.
    regret : like `earned`
        Variational value minus `earned`, >= 0: what following the optimistic policy costs.
    """

    exact: SoftSolution
    variational: SoftSolution
    earned: NDArray
    optimism: NDArray
    regret: NDArray


def compare_inference(
    mdp: MDP, reward: ArrayLike, *, temperature: float = 1.0, action_prior: ArrayLike | None = None
) -> InferenceComparison:
    """Measure the optimism problem: solve by exact and by variational inference, and evaluate the exact policy truly.

    All gaps vanish under deterministic dynamics. Parameters are those of `evidence_lower_bound`.

    Returns
    -------
    InferenceComparison
    """
    options = {"temperature": temperature, "action_prior": action_prior}
    exact = soft_value_iteration(mdp, reward, inference="exact", **options)
    variational = soft_value_iteration(mdp, reward, **options)
    earned = evidence_lower_bound(mdp, reward, exact.policy, **options)
    alive = np.isfinite(exact.V) & np.isfinite(earned)

    def gap(V: NDArray) -> NDArray:
        return np.subtract(V, earned, where=alive, out=np.full(V.shape, math.nan))

    return InferenceComparison(exact, variational, earned, gap(exact.V), gap(variational.V))
