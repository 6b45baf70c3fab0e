r"""Planning by EM with continuous states: Gaussian messages on linear-Gaussian problems, in closed form.

Dynamics are linear with Gaussian noise W, the policy is :math:`u \sim N(K x, \Sigma)`, and the reward event, observed once at a
random last step T, has probability :math:`p(R = 1 \mid x, u) = \exp(r(x, u) / \alpha)` with a quadratic :math:`r \le 0`. Then the
forward messages are Gaussian, :math:`a_t = N(m_t, S_t)`, and the backward messages are exponentials of quadratics,

.. math::

    b_\tau(x, u) = \exp \bigl( c_\tau - \tfrac12 z^\top H_\tau z \bigr), \qquad z = (x, u), \qquad
    b_\tau(x) = \exp \bigl( k_\tau - \tfrac12 x^\top \Lambda_\tau x \bigr) .

Both are exact: no mixture is needed as long as the reward is one bump. One step back through the dynamics and one through the
policy are

.. math::

    H_{\tau + 1} = [A \; B]^\top \Lambda_\tau (I + W \Lambda_\tau)^{-1} [A \; B], \qquad
    \Lambda_\tau = F^\top \bigl( H - H_{\cdot u} \Sigma (I + H_{uu} \Sigma)^{-1} H_{u \cdot} \bigr) F, \quad F = [I; K] .

The posterior of z at t, with the event :math:`\tau` steps later, is Gaussian. The M-step matches the moments of the mixture of
these posteriors over t and :math:`\tau`: K is the regression of u on x. :math:`\Sigma` is the covariance of what is left, from
the next E-step.

Where no noise is best, plain EM slows down as the noise shrinks. The accelerated steps go :math:`\eta` times as far in the gain
and in the inverse covariance, with an :math:`\eta` for each that doubles while the likelihood rises.

What differs from the paper: dynamics here are linear, so that no unscented transform is needed and nothing is approximate; u may
have a cost; the policy is linear. Offsets fit in as a component of the state that is constantly 1.

Source: Toussaint, M., & Storkey, A. (2006), Probabilistic inference for solving discrete and continuous state Markov decision
processes, ICML, 945-952 (Gaussian belief propagation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lstsq

from .._checks import check_count, check_finite, check_numbers, check_positive, check_temperature
from ..inference.solver import iterate
from .gaussian_actor import GaussianActor
from .linear_quadratic import LinearQuadratic
from .time_mixture import check_time_prior

LARGEST_POWER = 1e12


@dataclass(frozen=True, eq=False)
class GaussianMessages:
    """Messages of one linear policy over n times, n states and m actions being dimensions d and m.

    Attributes
    ----------
    means, covariances : (n, d) and (n, d, d) arrays
        Of the state at each time: the forward messages.
    precisions, log_scales : (n, d, d) and (n,) arrays
        The backward message of the state, ``exp(log_scale - x' precision x / 2)``.
    log_likelihood_at : (n,) array
        log p(R = 1 | T).
    log_likelihood : float
        log p(R = 1).
    moments : (d + m, d + m) array
        Expected sum over the decisions up to the event of z z', given the event.
    n_decisions : float
        Expected number of decisions up to the event, given the event.
    """

    means: NDArray  # (n, d)
    covariances: NDArray  # (n, d, d)
    precisions: NDArray  # (n, d, d)
    log_scales: NDArray  # (n,)
    log_likelihood_at: NDArray  # (n,)
    log_likelihood: float
    moments: NDArray  # (d + m, d + m)
    n_decisions: float

    def value(self, states: NDArray, time_prior: NDArray) -> NDArray:
        """p(R = 1) from states (k, d) at time 0; (k,)."""
        logs = self.log_scales - 0.5 * np.einsum("ki,tij,kj->kt", states, self.precisions, states)
        return np.exp(logs) @ time_prior


@dataclass(frozen=True, eq=False)
class GaussianPlan:
    """The linear policy that EM ended with.

    Attributes
    ----------
    actor : GaussianActor
    messages : GaussianMessages
        Of the policy.
    likelihood_curve : (n_iter + 1,) array
        p(R = 1); never decreasing.
    converged : bool
    n_iter : int
    residual : float
        First-order gain in log p(R = 1) from a change of the policy's gain by its own size, or of its noise by a factor of e.
    """

    actor: GaussianActor
    messages: GaussianMessages
    likelihood_curve: NDArray  # (n_iter + 1,)
    converged: bool
    n_iter: int
    residual: float


class GaussianMixture:
    """A linear-Gaussian problem whose reward event is observed at a random time.

    Parameters
    ----------
    problem : LinearQuadratic
        Dynamics, noise and costs. Its discount is not used: the time prior takes its place.
    mean, covariance : (d,) and (d, d) arrays
        Of the first state.
    time_prior : (n,) array
        p(T), the number of decisions before the one that the event is observed at.
    temperature : float > 0
        alpha: the event has probability ``exp(reward / alpha)``.

    Raises
    ------
    ValueError
        For a cost that is not positive semidefinite, because the reward would then be no probability; for wrong shapes.
    """

    def __init__(
        self,
        problem: LinearQuadratic,
        mean: ArrayLike,
        covariance: ArrayLike,
        time_prior: ArrayLike,
        *,
        temperature: float = 1.0,
    ) -> None:
        if not isinstance(problem, LinearQuadratic):
            raise ValueError(f"problem must be a LinearQuadratic; got {type(problem).__name__}")
        alpha = check_temperature(temperature, finite_positive=True)
        d = problem.n_states
        self.problem, self.time_prior = problem, check_time_prior(time_prior)
        self.mean, self.covariance = check_numbers("mean", mean), check_numbers("covariance", covariance)
        if self.mean.shape != (d,) or self.covariance.shape != (d, d):
            raise ValueError(
                f"mean must have shape ({d},) and covariance ({d}, {d}); got {self.mean.shape} and {self.covariance.shape}"
            )
        check_finite("mean", self.mean, ("component",))
        check_finite("covariance", self.covariance, ("row", "column"))
        spread = np.linalg.eigvalsh(self.covariance)
        if not np.allclose(self.covariance, self.covariance.T) or spread[0] < -1e-10 * np.abs(spread).max():
            raise ValueError(
                f"covariance must be symmetric and positive semidefinite; got {self.covariance.tolist()}, of smallest eigenvalue "
                f"{spread[0]:.4g}"
            )
        cross = problem.cross_cost
        self.cost = np.block([[problem.state_cost, cross], [cross.T, problem.action_cost]]) / alpha
        lowest = np.linalg.eigvalsh(self.cost)[0]
        if lowest < -1e-10 * np.abs(self.cost).max():
            raise ValueError(
                "exp(reward / temperature) is no probability, because [state_cost, cross_cost; cross_cost', action_cost] has the "
                f"negative eigenvalue {lowest * alpha:.4g}: make it positive semidefinite"
            )
        self.joint = np.hstack([problem.dynamics, problem.control])  # [A B], (d, d + m)

    def messages(self, actor: GaussianActor) -> GaussianMessages:
        """Exact messages of a linear policy, and the moments of the posterior."""
        means, covariances = self._forward(actor)
        H, c, precisions, log_scales = self._backward(actor)
        F = np.vstack([np.eye(self.problem.n_states), actor.gain])
        spread = np.zeros((len(F), len(F)))
        spread[len(actor.gain.T) :, len(actor.gain.T) :] = actor.covariance
        n = len(self.time_prior)
        at = [_tilted(self.mean, self.covariance, precisions[T], log_scales[T])[0] for T in range(n)]
        log_likelihood_at = np.array(at)
        with np.errstate(divide="ignore"):
            log_joint = np.log(self.time_prior) + log_likelihood_at
        top = log_joint.max()
        log_likelihood = float(top + np.log(np.exp(log_joint - top).sum()))
        posterior = np.exp(log_joint - log_likelihood)  # p(T | R = 1)
        moments = np.zeros_like(spread)
        for t in range(n):
            ahead = n - t
            mu, S = F @ means[t], F @ covariances[t] @ F.T + spread
            _, mean, covariance = _tilted(mu, S, H[:ahead], c[:ahead])
            second = covariance + mean[:, :, None] * mean[:, None, :]
            moments += np.einsum("k,kij->ij", posterior[t:], second)
        n_decisions = float(posterior @ np.arange(1, n + 1))
        return GaussianMessages(
            means, covariances, precisions, log_scales, log_likelihood_at, log_likelihood, moments, n_decisions
        )

    def _forward(self, actor: GaussianActor) -> tuple[NDArray, NDArray]:
        """Means (n, d) and covariances (n, d, d) of the state."""
        problem, n = self.problem, len(self.time_prior)
        closed = problem.dynamics + problem.control @ actor.gain
        noise = problem.noise + problem.control @ actor.covariance @ problem.control.T
        means, covariances = [self.mean], [self.covariance]
        for _ in range(n - 1):
            means.append(closed @ means[-1])
            covariances.append(closed @ covariances[-1] @ closed.T + noise)
        return np.array(means), np.array(covariances)

    def _backward(self, actor: GaussianActor) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """H (n, d + m, d + m) and c (n,) of pairs, precisions (n, d, d) and log scales (n,) of states."""
        d, n, noise, sigma = self.problem.n_states, len(self.time_prior), self.problem.noise, actor.covariance
        F = np.vstack([np.eye(d), actor.gain])
        H, c = [self.cost], [0.0]
        precisions: list[NDArray] = []
        log_scales: list[float] = []
        for tau in range(n):
            if tau > 0:
                through = np.eye(d) + noise @ precisions[-1]
                kept = precisions[-1] @ np.linalg.inv(through)
                H.append(_symmetric(self.joint.T @ kept @ self.joint))
                c.append(log_scales[-1] - 0.5 * np.linalg.slogdet(through)[1])
            Hu = H[-1][:, d:]  # columns of the action
            through = np.eye(len(sigma)) + sigma @ Hu[d:]
            gone = Hu @ np.linalg.solve(through, sigma) @ Hu.T
            precisions.append(_symmetric(F.T @ (H[-1] - gone) @ F))
            log_scales.append(c[-1] - 0.5 * np.linalg.slogdet(through)[1])
        return np.array(H), np.array(c), np.array(precisions), np.array(log_scales)

    def plan(
        self,
        *,
        start: GaussianActor | None = None,
        adapt_noise: bool = True,
        accelerate: bool = True,
        tol: float = 1e-6,
        max_iter: int = 1000,
    ) -> GaussianPlan:
        """Maximise p(R = 1) over linear policies by EM.

        Parameters
        ----------
        start : GaussianActor, optional
            None: gain 0 and standard deviation 1.
        adapt_noise : bool
            Whether the M-step fits the covariance of the policy too, or keeps that of `start`. Where no noise is best it shrinks
            towards 0, and with it the steps of plain EM.
        accelerate : bool
            Over-relax the M-step while the likelihood rises. False: the published M-step.
        tol : float
            Wanted `GaussianPlan.residual`.
        max_iter : int

        Returns
        -------
        GaussianPlan
        """
        tol, max_iter = check_positive("tol", tol), check_count("max_iter", max_iter, at_least=0)
        d, m = self.problem.n_states, self.problem.n_actions
        start = GaussianActor.standard(d, m) if start is None else start
        if start.gain.shape != (m, d) or start.factor.shape != (m, m):
            raise ValueError(
                f"start must have a gain of shape {(m, d)} and a factor of shape {(m, m)}; got {start.gain.shape} and "
                f"{start.factor.shape}"
            )
        curve = []

        def measure(now: _Progress) -> tuple[None, float]:
            curve.append(float(np.exp(now.messages.log_likelihood)))
            return None, _Step(now.messages, now.actor, adapt_noise).first_order_gain

        def advance(now: _Progress, _: None) -> _Progress:
            # Gain and noise move one after the other; each move alone is an EM step and keeps the likelihood from falling.
            now = self._moved(now, adapt_noise, accelerate, which=0)
            return self._moved(now, adapt_noise, accelerate, which=1) if adapt_noise else now

        first = _Progress(start, self.messages(start), (1.0, 1.0))
        done = iterate(first, measure=measure, advance=advance, tolerance=lambda _: tol, max_iter=max_iter)
        found = done.state
        return GaussianPlan(found.actor, found.messages, np.array(curve), done.converged, done.n_iter, done.residual)

    def _moved(self, now: _Progress, adapt_noise: bool, accelerate: bool, which: int) -> _Progress:
        """Move the gain (0) or the noise (1), as far as the likelihood rises."""
        step, power = _Step(now.messages, now.actor, adapt_noise), now.powers[which]
        while True:
            actor = step.gain_moved(power) if which == 0 else step.noise_moved(power)
            if actor is not None:
                messages = self.messages(actor)
                if power <= 1.0 or messages.log_likelihood >= now.messages.log_likelihood:
                    break
            elif power <= 1.0:  # the noise is as small as floats allow
                return now
            power = max(1.0, power / 4.0)
        powers = list(now.powers)
        powers[which] = min(2.0 * power, LARGEST_POWER) if accelerate else 1.0
        return _Progress(actor, messages, (powers[0], powers[1]))


class _Progress(NamedTuple):
    """A policy, its messages, and the powers of the next steps of gain and noise."""

    actor: GaussianActor
    messages: GaussianMessages
    powers: tuple[float, float]


class _Step:
    """The M-step: the linear policy with the moments of the posterior, and over-relaxed steps towards it and beyond."""

    def __init__(self, messages: GaussianMessages, actor: GaussianActor, adapt_noise: bool) -> None:
        d, M, K = actor.gain.shape[1], messages.moments, actor.gain
        self.actor = actor
        self.change = lstsq(M[:d, :d], M[:d, d:])[0].T - K
        self.precision = np.linalg.inv(actor.covariance)
        # Covariance of u - K x under the posterior: the best noise for this gain.
        left = (M[d:, d:] - K @ M[:d, d:] - M[d:, :d] @ K.T + K @ M[:d, :d] @ K.T) / messages.n_decisions
        self.sharper = np.linalg.inv(_symmetric(left)) - self.precision
        # Fisher's identity: derivatives of the log likelihood are expected derivatives of the log density of the decisions.
        by_gain = self.precision @ (M[d:, :d] - K @ M[:d, :d])
        by_log_factor = messages.n_decisions * (left @ self.precision - np.eye(len(left))) if adapt_noise else 0.0
        size = max(1e-3, np.abs(K).max())
        self.first_order_gain = float(max(size * np.abs(by_gain).max(), np.abs(by_log_factor).max()))

    def gain_moved(self, power: float) -> GaussianActor:
        """The policy with the gain moved so many times as far as by EM."""
        return replace(self.actor, gain=self.actor.gain + power * self.change)

    def noise_moved(self, power: float) -> GaussianActor | None:
        """The policy with another noise; None where its covariance would not be positive definite.

        The precision moves along a straight line, because plain EM adds a constant to it where no noise is best.
        """
        precision = self.precision + power * self.sharper
        if np.linalg.eigvalsh(precision)[0] <= 0.0:
            return None
        return GaussianActor(self.actor.gain, np.linalg.cholesky(_symmetric(np.linalg.inv(precision))))


def _tilted(mean: NDArray, covariance: NDArray, H: NDArray, c: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Normalise ``N(z; mean, covariance) exp(c - z' H z / 2)`` for one H or a stack: log of the integral, mean, covariance."""
    through = np.eye(len(mean)) + covariance @ H
    inverse = np.linalg.inv(through)
    tilted_mean = inverse @ mean
    log_integral = c - 0.5 * np.linalg.slogdet(through)[1] - 0.5 * np.einsum("i,...ij,...j->...", mean, H, tilted_mean)
    return log_integral, tilted_mean, inverse @ covariance


def _symmetric(matrix: NDArray) -> NDArray:
    return (matrix + matrix.T) / 2
