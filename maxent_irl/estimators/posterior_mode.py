"""The maximum of the posterior of a reward ``r = Phi w`` with the prior w ~ N(0, I), by Newton's method.

Rasmussen & Williams (2006), Gaussian processes for machine learning, algorithm 3.1, with a line search, as the likelihood of
decisions need not be concave. Hessians are products of Phi with the response of the mass, which the evidence needs as well.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..likelihood.reward_curvature import RewardCurvature
from ..routes.objective import task_points
from .newton import damped_newton
from .optimisers import Loss, LossPoint, Optimum, Progress, proper_start


def posterior_mode(
    loss: Loss,
    weights: NDArray,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[[Progress], None] | None = None,
) -> tuple[Optimum, list[RewardCurvature]]:
    """Where the loss is least, and the curvature in the space of rewards there, one per goal.

    Parameters
    ----------
    loss : Loss
        With ``l2=1``.
    weights : (m,) array
        To start from.
    tol : float
        Largest gradient component per decision.
    max_iter : int
    callback : called with a `Progress` after each iteration
    """

    def hessian(point: LossPoint) -> NDArray:
        curvatures = [RewardCurvature(each) for each in task_points(point.inner)]
        phi = np.asarray(curvatures[0].features.matrix)
        H = -phi.T @ np.sum([curvature.response for curvature in curvatures], axis=0) / loss.temperature
        return ((H + H.T) / 2 + loss.l2 * np.eye(len(H))) / loss.scale

    loss.with_hessian = True
    start = proper_start(loss, loss.at(weights))
    fit = damped_newton(loss, start, hessian, tol=tol, max_iter=max_iter, callback=callback)
    return fit, [RewardCurvature(each) for each in task_points(fit.point.inner)]
