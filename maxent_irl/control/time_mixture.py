r"""A mixture of finite-time problems with any prior over its length, and messages on a growing horizon.

`em_planning` observes the reward event at a geometric time T. Any other prior p(T) makes another planning problem: a fixed T is a
deadline, a uniform p(T) a budget of steps. Both messages take one step at a time,

.. math::

    a_t(s) = p(s_t = s), \qquad b_\tau(s, a) = p(R = 1 \mid s, a, \tau \text{ steps before } T) , \qquad
    p(R = 1 \mid T) = \sum_{s,a} a_t(s) \, \pi(a \mid s) \, b_{T - t}(s, a) \quad \text{for any } t \le T ,

so one pass over a growing horizon serves all lengths at once. It stops when the mass of p(T) beyond it is negligible. The
expected number of times that a was chosen in s before the event is

.. math::

    n(s, a) = \frac{\pi(a \mid s)}{L} \sum_{t, \tau} p(T = t + \tau) \, a_t(s) \, b_\tau(s, a) , \qquad L = \sum_T p(T) \, p(R = 1
    \mid T) ,

and the M-step of a stationary policy is :math:`\pi_\text{new}(a \mid s) \propto n(s, a)`. With a prior that is not geometric, the
best policy depends on time; EM finds a stationary one, which is a local maximum of L.

What differs from the paper: the M-step may be over-relaxed (`_multiplicative_em`).

Source: Toussaint, M., & Storkey, A. (2006), Probabilistic inference for solving discrete and continuous state Markov decision
processes, ICML, 945-952.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count, check_interval, check_numbers, check_positive
from ..mdp import MDP
from ..mdp.policies import check_policy
from ._multiplicative_em import Tables, maximise_likelihood
from .em_planning import Mixture
from .limits import uniform_prior

NEVER = 1e-13  # likelihoods below this are rounding


@dataclass(frozen=True, eq=False)
class MixtureMessages:
    """Messages of one policy over a growing horizon of n times.

    Attributes
    ----------
    forward : (n, S) array
        p(s_t = s); rows sum to the probability that the episode still runs.
    backward : (n, S, A) array
        p(R = 1 | s, a, tau steps before the event).
    time_likelihood : (n,) array
        p(R = 1 | T).
    time_prior : (n,) array
        p(T), cut where the horizon stopped.
    likelihood : float
        p(R = 1), without the times that were cut off.
    gradient : (S, A) array
        Derivative of the likelihood in the policy.
    missing : float
        Mass of the prior beyond the horizon, an upper bound on the likelihood that is missing.
    """

    forward: NDArray  # (n, S)
    backward: NDArray  # (n, S, A)
    time_likelihood: NDArray  # (n,)
    time_prior: NDArray  # (n,)
    likelihood: float
    gradient: NDArray  # (S, A)
    missing: float

    @property
    def time_posterior(self) -> NDArray:
        """p(T | R = 1), (n,); ValueError if the event has probability 0."""
        if not self.likelihood > NEVER:
            raise ValueError(
                "under this policy the reward is never seen: it earns the lowest reward at all times. Use another policy"
            )
        return self.time_prior * self.time_likelihood / self.likelihood


@dataclass(frozen=True, eq=False)
class TimedPlan:
    """The stationary policy that EM ended with, for a given time prior.

    Attributes
    ----------
    policy : (S, A) array
    messages : MixtureMessages
        Of the policy.
    likelihood_curve : (n_iter + 1,) array
        Never decreasing.
    converged : bool
        At a stationary point of the likelihood, which may be a local maximum.
    n_iter : int
    residual : float
        First-order gain in the log likelihood from moving every state to its best action.
    """

    policy: NDArray  # (S, A)
    messages: MixtureMessages
    likelihood_curve: NDArray  # (n_iter + 1,)
    converged: bool
    n_iter: int
    residual: float


def geometric_prior(discount: float, *, tol: float = 1e-12) -> NDArray:
    """Return ``p(T) = (1 - discount) discount ** T``, cut where the mass beyond is at most `tol`; (n,)."""
    discount = check_interval("discount", discount, 0.0, 1.0, closed="left")
    n = 1 if discount == 0.0 else max(1, int(np.ceil(np.log(check_positive("tol", tol)) / np.log(discount))))
    return (1.0 - discount) * discount ** np.arange(n)


def check_time_prior(time_prior: ArrayLike) -> NDArray:
    """Return p(T), (n,); ValueError unless it is a distribution, or one cut where little of it is left."""
    prior = check_numbers("time_prior", time_prior)
    if prior.ndim != 1 or not len(prior):
        raise ValueError(f"time_prior must have shape (n,), one probability per time; got {prior.shape}")
    bad = np.flatnonzero(~(prior >= 0))
    if len(bad):
        raise ValueError(f"time_prior is {prior[bad[0]]:g} at time {bad[0]}; probabilities are >= 0")
    if not 0.0 < prior.sum() <= 1.0 + 1e-9:
        raise ValueError(f"time_prior must sum to at most 1, and to more than 0; it sums to {prior.sum():.10g}")
    return prior


def growing_horizon(
    mdp: MDP, reward: ArrayLike, policy: ArrayLike, time_prior: ArrayLike, *, tol: float = 1e-12
) -> MixtureMessages:
    """Compute forward and backward messages step by step, until the prior has no more than `tol` of its mass left.

    Parameters
    ----------
    mdp : MDP
        Its discount scales rewards only as far as it makes them probabilities: the time prior takes its place.
    reward : (S,) or (S, A) array
        Scaled to probabilities as in `em_planning`.
    policy : (S, A) array
    time_prior : (n,) array
        p(T = 0), ..., p(T = n - 1), the number of decisions before the one that the event is observed at. The sum is at most 1.
    tol : float > 0

    Returns
    -------
    MixtureMessages

    Raises
    ------
    ValueError
        For a time prior that is no distribution, naming the time.
    """
    problem = _Timed(mdp, reward, time_prior, check_positive("tol", tol))
    return problem.messages(check_policy(mdp, policy).T)


def plan_with_time_prior(
    mdp: MDP,
    reward: ArrayLike,
    time_prior: ArrayLike,
    *,
    accelerate: bool = True,
    tol: float = 1e-6,
    max_iter: int = 10_000,
) -> TimedPlan:
    """Maximise the likelihood of reward under a time prior, over stationary policies, from the uniform policy.

    Parameters
    ----------
    mdp, reward, time_prior
        As for `growing_horizon`.
    accelerate : bool
        Over-relax the M-step while the likelihood rises. False: the published M-step.
    tol : float
        Wanted `TimedPlan.residual`.
    max_iter : int

    Returns
    -------
    TimedPlan

    Raises
    ------
    ValueError
        If the reward event has probability 0 under the uniform policy.
    """
    max_iter, tol = check_count("max_iter", max_iter, at_least=0), check_positive("tol", tol)
    problem = _Timed(mdp, reward, time_prior, 1e-12)
    start = uniform_prior(mdp)
    if not problem.messages(start).likelihood > NEVER:
        raise ValueError(
            "the reward is never seen within the times of the prior: every reward within reach is the lowest one. Allow more time"
        )

    def evaluate(tables: Tables) -> tuple[float, Tables]:
        messages = problem.messages(tables[0])
        return messages.likelihood, (messages.gradient,)

    done = maximise_likelihood(evaluate, (start,), accelerate=accelerate, tol=tol, max_iter=max_iter)
    policy = done.state.tables[0]
    return TimedPlan(
        policy, problem.messages(policy), np.array(done.state.curve), done.converged, done.n_iter, done.residual
    )


class _Timed:
    """A reward as a probability, with a prior over the time of the event."""

    def __init__(self, mdp: MDP, reward: ArrayLike, time_prior: ArrayLike, tol: float) -> None:
        self.mixture = Mixture(mdp, reward)
        self.mdp = mdp
        prior = check_time_prior(time_prior)
        left = prior[::-1].cumsum()[::-1] - prior  # mass beyond each time
        self.n_times = int(np.argmax(left <= tol)) + 1
        self.prior = prior[: self.n_times]
        self.missing = float(1.0 - self.prior.sum())

    def messages(self, policy: NDArray) -> MixtureMessages:
        """Messages of a policy (S, A)."""
        mdp, n, zero = self.mdp, self.n_times, self.mixture.scaled_zero
        S, A = policy.shape
        chance = np.where(mdp.available, self.mixture.scaled_reward.T, 0.0)
        forward, backward = np.empty((n, S)), np.empty((n, S, A))
        stays = (mdp.transitions @ np.ones(S)).reshape(A, S).T  # probability that the action does not end the episode
        over = mdp.terminal
        forward[0], backward[0] = mdp.initial_distribution, chance
        for t in range(1, n):
            forward[t] = mdp.transitions.T @ (policy * forward[t - 1][:, None]).T.ravel()
            value = np.where(over, zero, (policy * backward[t - 1]).sum(axis=1))
            ahead = (mdp.transitions @ value).reshape(A, S).T + (1.0 - stays) * zero
            backward[t] = np.where(mdp.available, ahead, 0.0)
        # After the end of an episode every reward is 0, which is an event of probability `zero`.
        value = np.where(over, zero, np.einsum("sa,tsa->ts", policy, backward))
        time_likelihood = value @ forward[0]
        # W[t, s, a] = sum over tau of p(t + tau) b_tau(s, a)
        lags = np.add.outer(np.arange(n), np.arange(n))
        weights = np.where(lags < n, self.prior[np.minimum(lags, n - 1)], 0.0)
        future = (weights @ backward.reshape(n, S * A)).reshape(n, S, A)
        gradient = np.einsum("ts,tsa->sa", forward, future)
        return MixtureMessages(
            forward,
            backward,
            time_likelihood,
            self.prior,
            float(self.prior @ time_likelihood),
            gradient,
            self.missing,
        )
