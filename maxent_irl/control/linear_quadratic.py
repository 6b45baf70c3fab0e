r"""Linear dynamics, quadratic reward and Gaussian noise: the soft Bellman equation in closed form.

.. math::

    s' = A s + B a + w, \quad w \sim N(0, W), \qquad r(s,a) = -\tfrac12 s^\top Q s - s^\top N a - \tfrac12 a^\top R a .

The log-sum-exp over actions is a Gaussian integral. So the soft value is quadratic, :math:`V(s) = c - \tfrac12 s^\top P s`,
and the Boltzmann policy is Gaussian. With M = R + gamma B'PB,

.. math::

    \pi(a \mid s) = N(-K s, \; \alpha M^{-1}), \qquad K = M^{-1} (\gamma B^\top P A + N^\top), \qquad
    P = Q + \gamma A^\top P A - K^\top M K ,

    (1 - \gamma) \, c = \tfrac{\alpha}{2} \bigl( m \log 2 \pi \alpha - \log \det M \bigr) - \tfrac{\gamma}{2} \operatorname{tr}
    P W .

The mean is that of the linear-quadratic regulator at any temperature. The covariance is proportional to the temperature, and
large where the cost is flat. The action prior is Lebesgue measure (p = 1). With A = B = 0 and a constant state, the problem
is a single choice with quadratic reward, whose posterior is :math:`N(a^*, \alpha R^{-1})`.

Sources: Anderson, B. D. O., & Moore, J. B. (1990), Optimal control: linear quadratic methods, Prentice Hall (the Riccati
equation); Levine, S., & Koltun, V. (2013), Guided policy search, ICML, PMLR 28(3), 1-9, section 3 (the maximum-entropy policy).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_are

from .._checks import check_finite, check_interval, check_numbers, check_temperature


@dataclass(frozen=True, eq=False, init=False)
class LinearQuadratic:
    """A continuous control problem with linear dynamics and quadratic reward, discounted.

    Parameters
    ----------
    dynamics : (n, n) array
        A.
    control : (n, m) array
        B.
    state_cost : (n, n) array, symmetric
        Q.
    action_cost : (m, m) array, symmetric positive definite
        R.
    cross_cost : (n, m) array, optional
        N. None: 0.
    noise : (n, n) array, optional
        W, covariance of the noise, symmetric positive semidefinite. None: 0.
    discount : float in [0, 1)

    Raises
    ------
    ValueError
        For shapes that disagree, entries that are not finite, matrices that are not symmetric, an action cost that is not
        positive definite, or noise that is not positive semidefinite.
    """

    dynamics: NDArray  # (n, n)
    control: NDArray  # (n, m)
    state_cost: NDArray  # (n, n)
    action_cost: NDArray  # (m, m)
    cross_cost: NDArray  # (n, m)
    noise: NDArray  # (n, n)
    discount: float

    def __init__(
        self,
        dynamics: ArrayLike,
        control: ArrayLike,
        state_cost: ArrayLike,
        action_cost: ArrayLike,
        cross_cost: ArrayLike | None = None,
        noise: ArrayLike | None = None,
        discount: float = 0.95,
    ) -> None:
        given = check_numbers("control", control)
        if given.ndim != 2 or 0 in given.shape:
            raise ValueError(f"control must have shape (n, m), n states by m actions; got {given.shape}")
        n, m = given.shape
        matrices = {
            "dynamics": (dynamics, (n, n)),
            "control": (control, (n, m)),
            "state_cost": (state_cost, (n, n)),
            "action_cost": (action_cost, (m, m)),
            "cross_cost": (np.zeros((n, m)) if cross_cost is None else cross_cost, (n, m)),
            "noise": (np.zeros((n, n)) if noise is None else noise, (n, n)),
        }
        for name, (values, shape) in matrices.items():
            array = check_numbers(name, values).copy()
            if array.shape != shape:
                raise ValueError(f"{name} must have shape {shape} for {n} states and {m} actions; got {array.shape}")
            check_finite(name, array, ("row", "column"))
            object.__setattr__(self, name, array)
        for name in ("state_cost", "action_cost", "noise"):
            _check_symmetric(name, getattr(self, name))
        lowest = np.linalg.eigvalsh(self.action_cost).min()
        if not lowest > 0:
            raise ValueError(
                f"action_cost must be positive definite, or some actions cost nothing; its smallest eigenvalue is {lowest:.4g}"
            )
        spread = np.linalg.eigvalsh(self.noise)
        if spread.min() < -1e-10 * np.abs(spread).max():
            raise ValueError(
                f"noise must be a covariance, positive semidefinite; its smallest eigenvalue is {spread.min():.4g}"
            )
        object.__setattr__(self, "discount", check_interval("discount", discount, 0.0, 1.0, closed="left"))

    @property
    def n_states(self) -> int:
        """Dimension of the state, n."""
        return len(self.dynamics)

    @property
    def n_actions(self) -> int:
        """Dimension of the action, m."""
        return self.control.shape[1]

    @classmethod
    def single_choice(cls, best: ArrayLike, curvature: ArrayLike) -> LinearQuadratic:
        """A single decision with reward ``-(a - best)' curvature (a - best) / 2``; its state is the number 1.

        Parameters
        ----------
        best : (m,) array
        curvature : (m, m) array, symmetric positive definite
        """
        best, curvature = check_numbers("best", best), check_numbers("curvature", curvature)
        if best.ndim != 1 or curvature.shape != (len(best), len(best)):
            raise ValueError(
                f"best must have shape (m,) and curvature (m, m), m actions; got {best.shape} and {curvature.shape}"
            )
        check_finite("best", best, ("action",))
        check_finite("curvature", curvature, ("row", "column"))
        return cls(
            dynamics=[[1.0]],
            control=np.zeros((1, len(best))),
            state_cost=[[best @ curvature @ best]],
            action_cost=curvature,
            cross_cost=-(curvature @ best)[None, :],
            discount=0.0,
        )

    def reward(self, states: NDArray, actions: NDArray) -> NDArray:
        """Reward of actions (k, m) in states (k, n); (k,)."""
        own = quadratic(states, self.state_cost) + quadratic(actions, self.action_cost)
        return -0.5 * own - np.einsum("ki,ij,kj->k", states, self.cross_cost, actions)

    def step(self, states: NDArray, actions: NDArray, rng: np.random.Generator) -> NDArray:
        """Draw the next states (k, n) after actions (k, m) in states (k, n)."""
        noise = rng.multivariate_normal(np.zeros(self.n_states), self.noise, size=len(states))
        return states @ self.dynamics.T + actions @ self.control.T + noise

    def solve(self, temperature: float = 1.0) -> LinearQuadraticSolution:
        """Solve the soft Bellman equation by one Riccati equation.

        Parameters
        ----------
        temperature : float > 0

        Returns
        -------
        LinearQuadraticSolution

        Raises
        ------
        ValueError
            If the value of the problem is not finite.
        """
        alpha, gamma = check_temperature(temperature, finite_positive=True), self.discount
        A, B, Q, R, N = self.dynamics, self.control, self.state_cost, self.action_cost, self.cross_cost
        if gamma == 0.0:
            P = Q - N @ np.linalg.solve(R, N.T)
        else:
            try:
                P = solve_discrete_are(math.sqrt(gamma) * A, math.sqrt(gamma) * B, Q, R, s=N)
            except np.linalg.LinAlgError:
                P = np.full_like(Q, math.nan)
        M = R + gamma * B.T @ P @ B
        if not (np.isfinite(M).all() and np.linalg.eigvalsh(M).min() > 0):
            raise ValueError(
                "the problem has no finite best value. (a) The state grows faster than 1 / sqrt(discount) a step in a direction "
                "that no action changes: make the dynamics contract. (b) The cost matrix [state_cost, cross_cost; cross_cost', "
                "action_cost] is negative in some direction: make it positive semidefinite"
            )
        K = np.linalg.solve(M, gamma * B.T @ P @ A + N.T)
        log_volume = self.n_actions * math.log(2 * math.pi * alpha) - np.linalg.slogdet(M)[1]
        c = (0.5 * alpha * log_volume - 0.5 * gamma * np.trace(P @ self.noise)) / (1.0 - gamma)
        return LinearQuadraticSolution(P, float(c), -K, alpha * np.linalg.inv(M))


@dataclass(frozen=True, eq=False)
class LinearQuadraticSolution:
    """Soft value ``constant - s' P s / 2`` and the Boltzmann policy ``N(gain s, covariance)``.

    Attributes
    ----------
    P : (n, n) array
    constant : float
    gain : (m, n) array
    covariance : (m, m) array
    """

    P: NDArray  # (n, n)
    constant: float
    gain: NDArray  # (m, n)
    covariance: NDArray  # (m, m)

    def value(self, states: NDArray) -> NDArray:
        """Soft value of states (k, n); (k,)."""
        return self.constant - 0.5 * quadratic(states, self.P)


def _check_symmetric(name: str, matrix: NDArray) -> None:
    """Raise ValueError unless a matrix is symmetric, naming the largest difference."""
    if not np.allclose(matrix, matrix.T):
        i, j = np.unravel_index(np.abs(matrix - matrix.T).argmax(), matrix.shape)
        raise ValueError(
            f"{name} must be symmetric; [{i}, {j}] is {matrix[i, j]:g} and [{j}, {i}] is {matrix[j, i]:g}: "
            f"use ({name} + {name}.T) / 2"
        )


def quadratic(x: NDArray, matrix: NDArray) -> NDArray:
    """``x' matrix x`` for every row of x (k, n); (k,)."""
    return np.einsum("ki,ij,kj->k", x, matrix, x)
