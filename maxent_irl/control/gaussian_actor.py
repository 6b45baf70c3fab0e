r"""A reparameterised Gaussian actor, fitted to the Boltzmann posterior of a critic.

The actor draws :math:`a = W s + L \varepsilon` with :math:`\varepsilon \sim N(0, I)`. The distribution of the noise does not
depend on the parameters, so gradients pass through the sample. Up to the normaliser, the divergence from the critic's
Boltzmann posterior is

.. math::

    J(W, L) = E_{s, \varepsilon} \bigl[ \alpha \log \pi(a \mid s) - Q(s, a) \bigr], \qquad
    \nabla_W J = -E \bigl[ \nabla_a Q \, s^\top \bigr], \qquad
    \nabla_L J = -E \bigl[ \nabla_a Q \, \varepsilon^\top \bigr] - \alpha \operatorname{diag}(1 / L_{ii}) .

For a fixed sample of the noise J is a smooth function, which scipy minimises. The sample is transformed to have mean 0 and
covariance I exactly, so a quadratic Q adds no sampling error. If Q is quadratic in the action, the posterior is Gaussian and
the actor reaches it.

Sources: Haarnoja, T., Zhou, A., Abbeel, P., & Levine, S. (2018), Soft actor-critic, ICML, PMLR 80, 1861-1870, equations 11-13;
Kingma, D. P., & Welling, M. (2014), Auto-encoding variational Bayes, ICLR (the reparameterisation); Barraquand, J. (1995),
Numerical valuation of high dimensional multivariate European securities, Management Science 41(12), 1882-1891 (matched
moments).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

from .._checks import check_choice, check_count, check_finite, check_numbers, check_positive, check_temperature
from ..demonstrations.draws import generator

COVARIANCES = ("full", "diagonal")
# states (k, n), actions (k, m) -> Q (k,), its gradient in the action (k, m)
ActionValue = Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]


@dataclass(frozen=True, eq=False)
class GaussianActor:
    """The policy ``N(gain s, factor factor')``.

    Attributes
    ----------
    gain : (m, n) array
    factor : (m, m) array, lower triangular with a positive diagonal
    """

    gain: NDArray  # (m, n)
    factor: NDArray  # (m, m)

    @classmethod
    def standard(cls, n_states: int, n_actions: int) -> GaussianActor:
        """The actor with mean 0 and standard deviation 1 in every state."""
        return cls(np.zeros((n_actions, n_states)), np.eye(n_actions))

    @property
    def covariance(self) -> NDArray:
        """Covariance of the action, (m, m)."""
        return self.factor @ self.factor.T

    @property
    def deviation(self) -> NDArray:
        """Standard deviation of each component of the action, (m,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def entropy(self) -> float:
        """Differential entropy, in nats."""
        m = len(self.factor)
        return float(0.5 * m * (1 + math.log(2 * math.pi)) + np.log(np.diag(self.factor)).sum())

    def act(self, states: NDArray, noise: NDArray) -> NDArray:
        """Actions (k, m) in states (k, n) for standard normal noise (k, m)."""
        return states @ self.gain.T + noise @ self.factor.T

    def log_density(self, states: NDArray, actions: NDArray) -> NDArray:
        """log pi(a | s) of actions (k, m) in states (k, n), in nats; (k,)."""
        noise = solve_triangular(self.factor, (actions - states @ self.gain.T).T, lower=True)
        m = len(self.factor)
        return -0.5 * (noise**2).sum(axis=0) - 0.5 * m * math.log(2 * math.pi) - np.log(np.diag(self.factor)).sum()


def matched_noise(rng: np.random.Generator, size: int, n_actions: int) -> NDArray:
    """Standard normal draws (size, n_actions), transformed so that their second moments are exactly the identity.

    Used with both signs, their mean is exactly 0 too.
    """
    if size < n_actions:
        raise ValueError(
            f"{size} draws of noise do not span {n_actions} dimensions of the action: give at least {n_actions} states"
        )
    noise = rng.standard_normal((size, n_actions))
    return solve_triangular(np.linalg.cholesky(noise.T @ noise / size), noise.T, lower=True).T


class _Parameters:
    """Gain and factor as one vector: gain, log diagonal of the factor and, with a full covariance, the entries below it."""

    def __init__(self, n: int, m: int, covariance: str) -> None:
        self.n, self.m = n, m
        self.below = np.tril_indices(m, -1) if covariance == "full" else (np.empty(0, int), np.empty(0, int))

    def pack(self, actor: GaussianActor) -> NDArray:
        """The vector of an actor."""
        return np.concatenate([actor.gain.ravel(), np.log(np.diag(actor.factor)), actor.factor[self.below]])

    def unpack(self, x: NDArray) -> GaussianActor:
        """The actor of a vector."""
        n, m = self.n, self.m
        factor = np.diag(np.exp(x[n * m : n * m + m]))
        factor[self.below] = x[n * m + m :]
        return GaussianActor(x[: n * m].reshape(m, n), factor)

    def gradient(self, d_gain: NDArray, d_factor: NDArray, actor: GaussianActor) -> NDArray:
        """The derivative in the vector, from those in gain and factor."""
        d_log = np.diag(d_factor) * np.diag(actor.factor)
        return np.concatenate([d_gain.ravel(), d_log, d_factor[self.below]])


class ActorObjective:
    """J as a function of the packed parameters, for a given sample of states and noise.

    Parameters
    ----------
    action_value : callable
        ``(states (k, n), actions (k, m)) -> (Q (k,), dQ/da (k, m))``.
    states : (k, n) array
    noise : (k, m) array
        Used with both signs, so that its mean is 0.
    temperature : float
    covariance : "full" or "diagonal"
    """

    def __init__(
        self, action_value: ActionValue, states: NDArray, noise: NDArray, temperature: float, covariance: str
    ) -> None:
        self.action_value, self.temperature = action_value, temperature
        self.states, self.noise = np.concatenate([states, states]), np.concatenate([noise, -noise])
        self.parameters = _Parameters(states.shape[1], noise.shape[1], covariance)

    def __call__(self, x: NDArray) -> tuple[float, NDArray]:
        """Return J and its gradient."""
        actor, alpha, k = self.parameters.unpack(x), self.temperature, len(self.states)
        value, slope = self.action_value(self.states, actor.act(self.states, self.noise))
        d_gain = -slope.T @ self.states / k
        d_factor = -slope.T @ self.noise / k - alpha * np.diag(1.0 / np.diag(actor.factor))
        return -alpha * actor.entropy - float(value.mean()), self.parameters.gradient(d_gain, d_factor, actor)


@dataclass(frozen=True, eq=False)
class ActorFit:
    """The Gaussian actor with the smallest divergence from a critic's Boltzmann posterior.

    Attributes
    ----------
    actor : GaussianActor
    loss : float
        J, the divergence times the temperature up to a constant.
    loss_curve : (n_iter + 1,) array
    converged : bool
    n_iter : int
    residual : float
        Largest component of the gradient.
    """

    actor: GaussianActor
    loss: float
    loss_curve: NDArray  # (n_iter + 1,)
    converged: bool
    n_iter: int
    residual: float


def fit_gaussian_actor(
    action_value: ActionValue,
    states: ArrayLike,
    n_actions: int,
    *,
    temperature: float = 1.0,
    covariance: str = "full",
    start: GaussianActor | None = None,
    tol: float = 1e-6,
    max_iter: int = 500,
    random_state: Any = None,
) -> ActorFit:
    """Fit a Gaussian actor to a critic: the policy improvement of soft actor-critic, one sample of noise per state.

    Parameters
    ----------
    action_value : callable
        ``(states (k, n), actions (k, m)) -> (Q (k,), dQ/da (k, m))``.
    states : (k, n) array
        A sample of at least `n_actions` states. For a single choice, k rows that hold the number 1.
    n_actions : int
        m, the dimension of the action.
    temperature : float > 0
    covariance : "full" or "diagonal"
        If the posterior has correlations, the variances of the diagonal actor are those of each component given all others. They
        are smaller than the posterior's variances.
    start : GaussianActor, optional
        None: mean 0 and standard deviation 1.
    tol : float
        The fit has converged when no component of the gradient exceeds ``tol * max(1, temperature)``.
    max_iter : int
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    ActorFit
    """
    alpha = check_temperature(temperature, finite_positive=True)
    check_choice("covariance", covariance, COVARIANCES)
    n_actions, max_iter = check_count("n_actions", n_actions), check_count("max_iter", max_iter, at_least=0)
    tol = check_positive("tol", tol, or_zero=True)
    states = check_numbers("states", states)
    if states.ndim != 2 or 0 in states.shape:
        raise ValueError(f"states must have shape (k, n), k >= 1; got {states.shape}")
    check_finite("states", states, ("row", "component"))
    noise = matched_noise(generator(random_state), len(states), n_actions)
    start = GaussianActor.standard(states.shape[1], n_actions) if start is None else start
    shapes = np.shape(start.gain), np.shape(start.factor)
    if shapes != ((n_actions, states.shape[1]), (n_actions, n_actions)):
        raise ValueError(
            f"start must have a gain of shape ({n_actions}, {states.shape[1]}) and a factor of shape ({n_actions}, "
            f"{n_actions}); got {shapes[0]} and {shapes[1]}"
        )
    _check_action_value(action_value, states, start.act(states, noise))
    return improve(ActorObjective(action_value, states, noise, alpha, covariance), start, tol, max_iter)


def _check_action_value(action_value: ActionValue, states: NDArray, actions: NDArray) -> None:
    """Raise ValueError unless `action_value` returns one finite value and gradient per row for the first actions."""
    value, slope = (check_numbers("the result of action_value", part) for part in action_value(states, actions))
    if value.shape != (len(states),) or slope.shape != actions.shape:
        raise ValueError(
            f"action_value must return Q of shape ({len(states)},) and its gradient in the action, {actions.shape}; "
            f"got {value.shape} and {slope.shape}"
        )
    check_finite("Q of action_value", value, ("row",))
    check_finite("the gradient of action_value", slope, ("row", "action"))


def improve(objective: ActorObjective, start: GaussianActor, tol: float, max_iter: int) -> ActorFit:
    """Minimise the objective from `start` until no component of its gradient exceeds ``tol * max(1, temperature)``."""
    x = objective.parameters.pack(start)
    curve = [objective(x)[0]]
    limit = tol * max(1.0, objective.temperature)
    result = minimize(
        objective,
        x,
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: curve.append(float(intermediate_result.fun)),
        options={"gtol": limit, "ftol": 1e-15, "maxiter": max_iter, "maxls": 50},
    )
    residual = float(np.abs(result.jac).max())
    actor = objective.parameters.unpack(result.x)
    return ActorFit(actor, float(result.fun), np.array(curve), residual <= limit, int(result.nit), residual)
