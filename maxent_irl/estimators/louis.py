r"""Gradient and information of the likelihood of units that each belong to one of several classes.

With the score :math:`S_{uc}` of unit u as a member of class c, and its probability :math:`r_{uc}` of being
one given what it does,

.. math:: \nabla \ell = \sum_{u,c} r_{uc} S_{uc}, \qquad
    -\nabla^2 \ell = \sum_{u,c} r_{uc} B_{uc} - \sum_u \mathrm{Cov}_{c \sim r_u}(S_{uc}),

B being the information if classes were known. Both hold at all parameters, so they also give Newton's method.

Source: Louis, T. A. (1982), Finding the observed information matrix when using the EM algorithm, JRSS B 44(2), 226-233.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..likelihood.objective import ObjectivePoint
from ..rewards.linear import complement
from .membership import Membership


@dataclass(frozen=True, eq=False)
class MixtureInformation:
    """At one point; parameters are the log-odds of the membership, then phi.

    Attributes
    ----------
    gradient : (M + P,) array
        Of the log-likelihood, the penalty included.
    matrix : (M + P, M + P) array
        Minus its second derivative.
    flat : (M + P, q) array
        Directions that change nothing.
    """

    gradient: NDArray
    matrix: NDArray
    flat: NDArray

    @property
    def covariance(self) -> NDArray:
        """Inverse on the directions that are not flat, zero along the others; NaN where this is no maximum."""
        kept = complement(self.flat)
        inner = kept.T @ self.matrix @ kept
        unit = 1.0 / np.sqrt(np.abs(np.diag(inner)) + 1e-300)
        try:
            root = np.linalg.inv(np.linalg.cholesky(inner * np.outer(unit, unit))) * unit
        except np.linalg.LinAlgError:
            return np.full_like(self.matrix, np.nan)
        root = root @ kept.T
        return root.T @ root


def mixture_information(
    points: Sequence[ObjectivePoint],
    scores_of: Sequence[NDArray],
    designs: Sequence[NDArray],
    phi: NDArray,
    membership: Membership,
    *,
    temperature: float,
    covariates: NDArray,
    responsibilities: NDArray,
    unit_weights: NDArray,
    unit_of: NDArray,
    l2: float,
    flat: NDArray,
) -> MixtureInformation:
    """Louis' information.

    Parameters
    ----------
    points : C points
        Of the objectives of the classes, trajectories weighing their unit's weight times its responsibility.
    scores_of : C arrays (n, K)
        Scores of the trajectories as members of each class, in units of reward, without these weights.
    designs : C arrays (K, P)
        Coefficients of class c are ``designs[c] @ phi``.
    phi : (P,) array
    membership : Membership
    temperature : float
    covariates : (U, p) array
        Their first column is 1.
    responsibilities : (U, C) array
    unit_weights : (U,) array
    unit_of : (n,) int array
        The unit of each trajectory.
    l2 : float
    flat : (P, q) array
        Directions of phi that change no decision.
    """
    U, C = responsibilities.shape
    P, M = len(phi), membership.n_parameters
    scores = np.zeros((U, C, M + P))
    scores[..., :M] = membership.scores(covariates)
    complete = np.zeros((M + P, M + P))
    complete[:M, :M] = membership.information(covariates, unit_weights)
    complete[M:, M:] = l2 * np.eye(P)
    for c, (point, D) in enumerate(zip(points, designs, strict=True)):
        complete[M:, M:] -= D.T @ point.hessian @ D / temperature
        np.add.at(scores[:, c, M:], unit_of, scores_of[c] @ D / temperature)
    r = responsibilities
    mean = np.einsum("uc,ucp->up", r, scores)
    weighted = np.sqrt(unit_weights[:, None] * r)[..., None] * scores
    missing = np.einsum("ucp,ucq->pq", weighted, weighted, optimize=True) - mean.T @ (unit_weights[:, None] * mean)
    gradient = unit_weights @ mean
    gradient[M:] -= l2 * phi
    basis = np.zeros((M + P, flat.shape[1]))
    basis[M:] = flat
    return MixtureInformation(gradient, complete - missing, basis)
