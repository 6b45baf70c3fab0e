r"""Laplace's approximation to the evidence of a reward ``r = Phi w`` with the prior w ~ N(0, I).

.. math::

    \log p(D) \approx \ell(\hat w) - \tfrac12 |\hat w|^2 - \tfrac12 \log |I + \Phi^\top W \Phi|, \qquad
    W = -\nabla_r^2 \ell .

The gradient with respect to the entries of Phi holds three parts: the explicit one, the change of W through the reward (a third
derivative), and the change of the maximum. Sources: MacKay (1992), Bayesian interpolation, Neural Computation 4(3); Rasmussen &
Williams (2006), Gaussian processes for machine learning, section 5.5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from .objective import Objective, ObjectivePoint
from .reward_curvature import RewardCurvature


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evidence at a maximum.

    Attributes
    ----------
    value : float
        Nats; -inf where the curvature is not that of a maximum.
    gradient : (rows, K) array
        Derivative with respect to the features.
    covariance : (K, K) array
        Posterior covariance of the weights.
    """

    value: float
    gradient: NDArray
    covariance: NDArray


def laplace_evidence(
    objective: Objective, point: ObjectivePoint, curvatures: list[RewardCurvature], mass: NDArray
) -> Evidence:
    """Evidence of features, a row per entry of the reward, at the weights that maximise the posterior.

    Parameters
    ----------
    objective : Objective
    point : ObjectivePoint
        At the maximum.
    curvatures : list of RewardCurvature
        There; one per goal.
    mass : array in the shape of the reward
        Derivative of L with respect to the reward, there.
    """
    alpha, w = objective.agent.temperature, point.theta
    phi = np.asarray(curvatures[0].features.matrix)
    stiffness = -np.sum([curvature.response for curvature in curvatures], axis=0) / alpha  # W Phi, (rows, K)
    H = phi.T @ stiffness
    A = np.eye(len(w)) + (H + H.T) / 2
    try:
        root = linalg.cholesky(A, lower=True)
    except linalg.LinAlgError:
        return Evidence(-np.inf, np.zeros_like(phi), np.full_like(A, np.nan))
    inverse_root = linalg.solve_triangular(root, np.eye(len(w)), lower=True).T  # R with R R' = A^-1
    covariance = inverse_root @ inverse_root.T
    log_likelihood = point.value / alpha + objective.log_prior
    value = log_likelihood - w @ w / 2 - np.log(np.diag(root)).sum()
    pulled = (mass / alpha).ravel()
    third = -np.sum([curvature.trace_gradient(inverse_root) for curvature in curvatures], axis=0).ravel() / alpha
    moved = covariance @ (phi.T @ third)
    gradient = np.outer(pulled, w) - stiffness @ covariance
    gradient -= (np.outer(third - stiffness @ moved, w) + np.outer(pulled, moved)) / 2
    return Evidence(float(value), gradient, covariance)
