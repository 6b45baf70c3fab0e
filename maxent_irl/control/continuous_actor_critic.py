r"""Soft actor-critic with continuous states and actions on problems with a closed form: linear dynamics, quadratic reward.

The critic is quadratic in (s, a). It regresses on the soft Bellman target of sampled transitions,

.. math:: r + \gamma \, E_\varepsilon \bigl[ Q(s', a') - \alpha \log \pi(a' \mid s') \bigr], \qquad a' = W s' + L \varepsilon ,

and the actor moves to the Boltzmann posterior of the critic through its reparameterisation. The two steps alternate. They
converge to the Gaussian policy that `LinearQuadratic.solve` computes in closed form. Only the features of the critic use that
the problem is quadratic.

Sources: Haarnoja, T., Zhou, A., Abbeel, P., & Levine, S. (2018), Soft actor-critic, ICML, PMLR 80, 1861-1870; Bradtke, S. J.
(1993), Reinforcement learning applied to linear quadratic regulation, NeurIPS 5, 295-302 (the quadratic critic).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_choice, check_count, check_positive, check_temperature
from ..demonstrations.draws import generator
from ..inference.solver import iterate
from .gaussian_actor import COVARIANCES, ActorObjective, GaussianActor, improve, matched_noise
from .linear_quadratic import LinearQuadratic


@dataclass(frozen=True, eq=False)
class ContinuousSolution:
    """The answer of continuous soft actor-critic, and its learning curves.

    Attributes
    ----------
    actor : GaussianActor
    critic : (p,) array
        Coefficients of Q in the monomials of (s, a) up to degree 2, in the order of `quadratic_features`.
    converged : bool
    n_iter : int
        Number of rounds, each one step of the critic and one of the actor.
    residual : float
        Largest change of a coefficient of the critic in the last round, relative to the largest coefficient or 1.
    n_samples : int
        Number of transitions.
    gain_curve : (n_iter + 1, m, n) array
    deviation_curve : (n_iter + 1, m) array
    """

    actor: GaussianActor
    critic: NDArray  # (p,)
    converged: bool
    n_iter: int
    residual: float
    n_samples: int
    gain_curve: NDArray  # (n_iter + 1, m, n)
    deviation_curve: NDArray  # (n_iter + 1, m)


def soft_actor_critic_continuous(
    problem: LinearQuadratic,
    *,
    temperature: float = 1.0,
    covariance: str = "full",
    n_samples: int = 40_000,
    tol: float = 1e-5,
    max_iter: int = 500,
    random_state: Any = None,
) -> ContinuousSolution:
    """Learn a Gaussian policy from sampled transitions.

    The transitions are drawn once, from standard normal states and actions. They serve as a replay buffer, which any policy could
    have filled. The matrices of the problem are not used otherwise.

    Parameters
    ----------
    problem : LinearQuadratic
    temperature : float > 0
    covariance : "full" or "diagonal"
    n_samples : int
        Number of transitions in the buffer.
    tol : float
        Largest `ContinuousSolution.residual` that counts as converged.
    max_iter : int
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    ContinuousSolution
    """
    alpha = check_temperature(temperature, finite_positive=True)
    check_choice("covariance", covariance, COVARIANCES)
    n_samples, max_iter = check_count("n_samples", n_samples), check_count("max_iter", max_iter, at_least=0)
    tol = check_positive("tol", tol, or_zero=True)
    if not isinstance(problem, LinearQuadratic):
        raise ValueError(f"problem must be a LinearQuadratic; got {type(problem).__name__}")
    rng = generator(random_state)
    n, m = problem.n_states, problem.n_actions
    s, a = rng.standard_normal((n_samples, n)), rng.standard_normal((n_samples, m))
    rewards, following = problem.reward(s, a), problem.step(s, a, rng)
    noise_next, noise_now = (matched_noise(rng, n_samples, m) for _ in range(2))
    regress = np.linalg.pinv(quadratic_features(s, a))
    actors = [GaussianActor.standard(n, m)]

    def regression(critic: NDArray) -> tuple[NDArray, float]:
        """The next coefficients of the critic, from soft Bellman targets under the latest actor, and their change."""
        actor = actors[-1]
        ahead = np.zeros(n_samples)
        for sign in (1.0, -1.0):
            ahead += 0.5 * quadratic_features(following, actor.act(following, sign * noise_next)) @ critic
        new = regress @ (rewards + problem.discount * (ahead + alpha * actor.entropy))
        moved = float(np.abs(new - critic).max() / max(1.0, np.abs(new).max()))
        return new, moved

    def improvement(_: NDArray, critic: NDArray) -> NDArray:
        """Add the next actor; return the coefficients of the critic."""
        objective = ActorObjective(QuadraticCritic(critic, n, m), s, noise_now, alpha, covariance)
        actors.append(improve(objective, actors[-1], 1e-7, 20).actor)
        return critic

    done = iterate(
        np.zeros(regress.shape[0]),
        measure=regression,
        advance=improvement,
        tolerance=lambda _: tol,
        max_iter=max_iter,
    )
    return ContinuousSolution(
        actors[-1],
        done.measured,
        done.converged,
        done.n_iter,
        done.residual,
        n_samples,
        np.array([actor.gain for actor in actors]),
        np.array([actor.deviation for actor in actors]),
    )


def quadratic_features(states: NDArray, actions: NDArray) -> NDArray:
    """Monomials of x = (s, a) up to degree 2, (k, p): 1, the components of x, then ``x_i x_j`` for i <= j."""
    x = np.concatenate([states, actions], axis=1)
    i, j = np.triu_indices(x.shape[1])
    return np.concatenate([np.ones((len(x), 1)), x, x[:, i] * x[:, j]], axis=1)


class QuadraticCritic:
    """Q with given coefficients of `quadratic_features`, and its gradient in the action.

    Parameters
    ----------
    coef : (p,) array
    n, m : int
        Dimensions of the state and of the action.
    """

    def __init__(self, coef: NDArray, n: int, m: int) -> None:
        d = n + m
        self.coef, self.n = coef, n
        half = np.zeros((d, d))
        half[np.triu_indices(d)] = coef[1 + d :]
        self.linear, self.symmetric = coef[1 : 1 + d], half + half.T

    def __call__(self, states: NDArray, actions: NDArray) -> tuple[NDArray, NDArray]:
        """Return Q (k,) and dQ/da (k, m)."""
        x = np.concatenate([states, actions], axis=1)
        slope = x @ self.symmetric
        value = self.coef[0] + ((0.5 * slope + self.linear) * x).sum(axis=1)
        return value, slope[:, self.n :] + self.linear[self.n :]
