r"""How much demonstrations tell about the coefficients: information, flat directions, covariances.

With scores :math:`\psi_i` (derivatives of each trajectory's share of the log-likelihood) and the curvature
:math:`A = -\nabla^2 \ell` of the log-likelihood at the estimate, every covariance here is of the form

.. math:: \widehat{\mathrm{Cov}}(\hat\theta) = A^{-1} B A^{-1}

with a different estimate B of the variance of the gradient. Where the objective is a likelihood, A itself is one (the information
equality) and the product collapses to :math:`A^{-1}`. Feature matching with a discount is not: decision t weighs
:math:`\gamma^t` in A but :math:`\gamma^{2t}` in B, and its scores hold the value of the state that was reached, whose luck has a
variance of its own. It is an M-estimator, for which only the full product is right. B is then the sum over single decisions
where the model has their scores uncorrelated, and otherwise over whole trajectories.

Sources: Huber, P. J. (1967), The behavior of maximum likelihood estimates under nonstandard conditions, Proc. 5th Berkeley
Symposium 1; White, H. (1982), Maximum likelihood estimation of misspecified models, Econometrica 50(1); Berndt, Hall, Hall &
Hausman (1974), Estimation and inference in nonlinear structural models, Annals of Economic and Social Measurement 3(4); Liang,
K.-Y. & Zeger, S. L. (1986), Longitudinal data analysis using generalized linear models, Biometrika 73(1) (groups).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_choice
from ..inference.brief_repr import BriefRepr
from ..rewards.linear import complement, flat_directions

COVARIANCES = ("observed", "opg", "robust", "clustered")


class IdentifiabilityWarning(UserWarning):
    """The demonstrations leave directions of the coefficients undetermined."""


@dataclass(frozen=True, eq=False, repr=False)
class Information(BriefRepr):
    """What the demonstrations tell about K coefficients, in nats.

    Attributes
    ----------
    curvature : (K, K) array
        A: minus the second derivative of the log-likelihood, without any penalty.
    outer_product : (K, K) array
        Sum over decisions of the outer products of their scores, trajectories by their weight.
    scores : (n, K) array
        Derivative of each trajectory's weighted share of the log-likelihood.
    weights : (n,) array
        Weights of the trajectories.
    coef : (K,) array
    reach_moment : (K, K) array
        Like the curvature, but with weight 1 on every decision that can follow a demonstrated state: see `undetermined`.
    size : (K,) array
        What feature k could tell at most: its largest absolute value times the root of the number of decisions, over alpha.
    l2 : float
        Precision of the Gaussian prior.
    equality : bool
        Whether the information equality holds: whether A estimates the variance of the gradient.
    uncorrelated : bool
        Whether the scores of a trajectory's decisions are uncorrelated under the model that `outer_product` is of.
    unbounded : (K, q) array or None
        Orthonormal basis of the directions without a finite maximum, `Recession.span`. Empty with a penalty.
    """

    curvature: NDArray
    outer_product: NDArray
    scores: NDArray
    weights: NDArray
    coef: NDArray
    reach_moment: NDArray
    size: NDArray
    l2: float
    equality: bool
    uncorrelated: bool = True
    unbounded: NDArray | None = None

    @cached_property
    def flat(self) -> NDArray:
        """Orthonormal basis (K, q) of the directions of which the data, without any penalty, give no value here.

        Those of `undetermined`, those of `unbounded`, and others where a coefficient has run so far away that nothing moves any
        more.
        """
        return self._flat_of(self.curvature)

    def _flat_of(self, matrix: NDArray) -> NDArray:
        flat = flat_directions(matrix, self.size)
        if self.unbounded is None or not self.unbounded.shape[1]:
            return flat
        both, singular, _ = np.linalg.svd(np.hstack([flat, self.unbounded]), full_matrices=False)
        return both[:, singular > 1e-6]

    @cached_property
    def undetermined(self) -> NDArray:
        """Orthonormal basis (K, q) of the directions that change no decision, however many such demonstrations there are."""
        return flat_directions(self.reach_moment, self.size)

    @property
    def rank(self) -> int:
        """Number of directions that are not flat."""
        return len(self.coef) - self.flat.shape[1]

    @cached_property
    def degrees_of_freedom(self) -> float:
        """Number of coefficients the data determine: the rank, or with a penalty the trace of ``(A + l2 I)^-1 A``.

        Source: Hastie, Tibshirani & Friedman (2009), The elements of statistical learning, section 3.4.1.
        """
        if not self.l2:
            return float(self.rank)
        spectrum = np.maximum(np.linalg.eigvalsh(self.curvature), 0.0)
        return float((spectrum / (spectrum + self.l2)).sum())

    @cached_property
    def data_share(self) -> NDArray:
        """Share of each coefficient's posterior precision that comes from the data and not from the prior, (K,), 0 to 1.

        ``1 - posterior variance / prior variance``, both without the undetermined directions. 1 without a penalty; NaN where a
        coefficient lies wholly in undetermined directions. Weighted by the prior variances, the shares add up to
        `degrees_of_freedom`.
        """
        kept = complement(self.undetermined)
        prior = np.einsum("kj,kj->k", kept, kept)  # in units of 1 / l2
        inner = kept.T @ self.curvature @ kept
        values, vectors = np.linalg.eigh((inner + inner.T) / 2)
        left = self.l2 / (np.maximum(values, 0.0) + self.l2) if self.l2 else np.zeros_like(values)
        posterior = np.einsum("kj,j->k", (kept @ vectors) ** 2, left)
        known = prior > 1e-12
        return np.where(known, 1.0 - posterior / np.where(known, prior, 1.0), np.nan)

    def covariance(self, kind: str = "observed", groups: ArrayLike | None = None) -> Covariance:
        """Covariance of the estimated coefficients.

        Parameters
        ----------
        kind : "observed", "opg", "robust" or "clustered"
            - "observed": the inverse of the curvature, if the information equality holds. If not (feature matching with a
              discount below 1 or under stochastic dynamics) ``A^-1 B A^-1`` with B from the scores of single decisions, which
              the model says are uncorrelated; where it does not (feature matching with a receding horizon: what is decided is
              the plan for a trip) the same as "robust".
            - "opg": the inverse of the summed outer products of per-decision scores (Berndt et al. 1974). Where the
              information equality fails it falls back to what "observed" is then.
            - "robust": ``A^-1 B A^-1`` with B from the scores of whole trajectories (White 1982), without a finite-sample
              factor: right even if the decisions of a trajectory hang together in ways the model does not know.
            - "clustered": the same with the scores of groups of trajectories (Liang & Zeger 1986), say all of one animal,
              times ``G / (G - 1)`` for G groups.
        groups : (n,) array of group labels
            For "clustered".

        Returns
        -------
        Covariance

        Raises
        ------
        ValueError
            For fewer than two trajectories or groups, and for groups that are missing or of the wrong length.

        Notes
        -----
        Weights of trajectories count as repetitions in "observed" and "opg", and as sampling weights in "robust" and
        "clustered", where three copies of a trajectory are still one trajectory.

        With ``l2 > 0`` the curvature holds the penalty too. "observed" and "opg" are then Laplace's approximation to the
        posterior covariance under the prior ``Normal(0, 1 / l2)``; where they are sandwiches, ``A^-1 (B + l2 I) A^-1``, the mean
        squared error (spread and bias) of the penalised estimate averaged over that prior. The two are one where the information
        equality holds. "robust" and "clustered" are the sampling covariance of the penalised estimate around what it converges
        to, which is pulled towards zero: they do not hold that bias.

        The covariance is that of the answer of least norm: zero along undetermined directions, whatever ``l2`` is. Other flat
        directions, along which coefficients have run away, are left out too without a penalty. With one, "observed" and "opg"
        give them the variance of the prior, ``1 / l2``, and "robust" and "clustered" give them zero, as no sample moves them.
        """
        check_choice("covariance", kind, COVARIANCES)
        A = self.curvature + self.l2 * np.eye(len(self.coef))
        if kind == "opg" and self.equality:
            matrix, flat = self._inverse(self.outer_product + self.l2 * np.eye(len(self.coef)))
            return self._as_covariance(matrix, kind, flat, "inverse outer product of the scores of decisions")
        bread, flat = self._inverse(A)
        if kind == "observed" and self.equality:
            return self._as_covariance(bread, kind, flat, "inverse observed information")
        if kind in ("observed", "opg") and not self.uncorrelated:
            meat = self._summed_scores("robust", None)[0]
            what = "sandwich, scores of trajectories (feature matching is no likelihood here)"
        elif kind in ("observed", "opg"):
            meat, what = self.outer_product, "sandwich, scores of decisions (feature matching is no likelihood here)"
        else:
            meat, what = self._summed_scores(kind, groups)
        if self.l2:
            kept = complement(self.flat)
            meat = kept @ (kept.T @ meat @ kept) @ kept.T  # along flat directions scores are rounding errors
            if kind in ("observed", "opg"):
                meat += self.l2 * np.eye(len(meat))
        return self._as_covariance(bread @ meat @ bread, kind, flat, what)

    def _as_covariance(self, matrix: NDArray, kind: str, flat: NDArray, what: str) -> Covariance:
        return Covariance(matrix, kind, flat, self.size, what, self.unbounded)

    def _inverse(self, matrix: NDArray) -> tuple[NDArray, NDArray]:
        """Inverse on the directions that are not flat, and a basis of those that are."""
        flat = self.undetermined if self.l2 else self._flat_of(matrix)
        kept = complement(flat)
        inner = kept.T @ matrix @ kept
        unit = np.sqrt(np.abs(np.diag(inner)))
        unit[unit == 0] = 1.0
        try:
            root = np.linalg.inv(np.linalg.cholesky(inner / np.outer(unit, unit))) / unit
        except np.linalg.LinAlgError:  # not at a maximum: there is no covariance
            return np.full(matrix.shape, np.nan), flat
        root = root @ kept.T
        return root.T @ root, flat

    def _summed_scores(self, kind: str, groups: ArrayLike | None) -> tuple[NDArray, str]:
        # At a penalised optimum scores add up to the pull of the prior; each trajectory answers for its share of that.
        scores = self.scores - np.outer(self.weights / self.weights.sum(), self.l2 * self.coef)
        n, counted = len(scores), self.weights > 0
        if kind == "robust":
            if counted.sum() < 2:
                others = 'use "observed" or "opg", or cut' if self.uncorrelated else "cut"
                raise ValueError(
                    f'covariance="robust" compares trajectories and there is only one: {others} the trajectory into pieces that '
                    "are nearly independent"
                )
            return scores.T @ scores, "sandwich, scores of trajectories"
        if groups is None:
            raise ValueError('covariance="clustered" needs the group of each trajectory: fit(X, groups=...)')
        labels = np.asarray(groups)
        if labels.shape != (n,):
            raise ValueError(f"groups must hold one label per trajectory, shape ({n},); got shape {labels.shape}")
        scores = scores[counted]
        _, group = np.unique(labels[counted], return_inverse=True)
        n_groups = int(group.max()) + 1
        if n_groups < 2:
            raise ValueError('covariance="clustered" compares groups and there is only one: use "robust"')
        summed = np.zeros((n_groups, scores.shape[1]))
        np.add.at(summed, group, scores)
        factor = n_groups / (n_groups - 1)
        return factor * summed.T @ summed, f"sandwich, scores of {n_groups} groups of trajectories"


@dataclass(frozen=True, eq=False, repr=False)
class Covariance(BriefRepr):
    """A covariance of estimated coefficients, and what it is.

    Attributes
    ----------
    matrix : (K, K) array
        NaN where the estimate is no maximum, so that there is no covariance.
    kind : str
        As asked for.
    flat : (K, q) array
        Orthonormal basis of the directions on which the data are silent; the matrix is zero along them.
    size : (K,) array
        Size of each feature, as `Information.size`.
    description : str
        How it was computed.
    unbounded : (K, q) array or None
        Those of the flat directions in which there is no finite maximum.
    """

    matrix: NDArray
    kind: str
    flat: NDArray
    size: NDArray
    description: str
    unbounded: NDArray | None = None

    @property
    def standard_errors(self) -> NDArray:
        """(K,): roots of the diagonal.

        Where a coefficient has a part in a flat direction, of its other part only. NaN where it has a part in a direction without
        a finite maximum.
        """
        errors = np.sqrt(np.maximum(np.diag(self.matrix), 0.0))
        if self.unbounded is None:
            return errors
        return np.where(np.abs(self.unbounded).max(axis=1, initial=0.0) > 1e-6, np.nan, errors)

    @property
    def determined(self) -> NDArray:
        """(K,) bool: coefficients without any part in a flat direction."""
        carried = np.abs(self.flat) * np.where(self.size > 0, self.size, 1.0)[:, None]
        return (carried < 1e-6 * carried.max(axis=0, initial=0.0)).all(axis=1)
