"""Maximising one objective under changing weights of its units: the M-step of every estimator with hidden classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference.cycles import ImproperProblemError
from ..likelihood.objective import ObjectivePoint
from ..rewards.linear import complement
from .fit import Fit
from .optimisers import Loss, features_of, minimise
from .undetermined import feature_size, gradient_unit, ignore_undetermined

ARMIJO = 1e-4
HALVINGS = 30


class WeightedFits:
    """One reward model fitted again and again, to units that count more or less, each fit started from the last.

    Parameters
    ----------
    posed : Fit
        The problem, its theta a place to start from.
    objective : Objective with `reweighted`
    l2 : float
        Precision of the prior on each coefficient.
    tol : float
        Largest gradient component per decision.

    Attributes
    ----------
    size : (K,) array
        What each feature could tell at most; see `Information.size`.
    flat : (K, q) array
        Orthonormal basis of the directions that change no decision.
    """

    def __init__(self, posed: Fit, objective: Any, *, l2: float, tol: float) -> None:
        self.posed, self.objective, self.l2, self.tol = posed, objective, l2, tol
        features = features_of(posed.reward_model, posed.theta)
        total = objective.total_weight
        K = posed.reward_model.n_parameters
        agent = posed.agent
        self.size = (
            np.ones(K) if features is None else feature_size(features, agent.mdp, agent.temperature, float(total))
        )
        self.unit = np.ones(K) if features is None else gradient_unit(self.size, total)
        self.flat = ignore_undetermined(Loss(objective, l2, None, self.unit), posed.theta, self.size)[0]

    def maximise(self, weights: NDArray, start: ObjectivePoint, max_iter: int) -> ObjectivePoint:
        """Improve the weighted objective from a point by at most `max_iter` iterations.

        Parameters
        ----------
        weights : (n_units,) array
        start : ObjectivePoint
            Of any weights.
        max_iter : int
        """
        loss = Loss(self.objective.reweighted(weights), self.l2, start.values, self.unit)
        loss.ignore(self.flat)
        inner = minimise(loss, start.theta, solver="auto", tol=self.tol, max_iter=max_iter).point.inner
        assert inner is not None  # `minimise` keeps to points where the soft value is finite
        return inner

    def step_together(
        self,
        weights: NDArray,
        starts: Sequence[ObjectivePoint],
        designs: Sequence[NDArray],
        phi: NDArray,
        max_iter: int,
    ) -> tuple[list[ObjectivePoint], NDArray]:
        """Improve the sum of the weighted objectives of classes whose coefficients are ``design @ phi``, by Newton's method.

        Parameters
        ----------
        weights : (n_units, C) array
        starts : C points
        designs : C arrays (K, P)
        phi : (P,) array
        max_iter : int

        Returns
        -------
        points : list of C points
        phi : (P,) array
        """
        objectives = [self.objective.reweighted(weights[:, c]) for c in range(len(designs))]
        alpha, total = self.posed.agent.temperature, self.objective.total_weight
        kept = complement(flat_together(self.flat, designs))

        def evaluate(phi: NDArray, near: Sequence[ObjectivePoint]) -> tuple[list[ObjectivePoint], float]:
            pairs = zip(objectives, designs, near, strict=True)
            points = [o.at(D @ phi, start=p.start_for(D @ phi), hessian=True) for o, D, p in pairs]
            return points, sum(point.value for point in points) / alpha - 0.5 * self.l2 * float(phi @ phi)

        points, value = evaluate(phi, starts)
        for _ in range(max_iter):
            both = list(zip(points, designs, strict=True))
            gradient = sum(D.T @ point.gradient for point, D in both) / alpha - self.l2 * phi
            if np.abs(gradient).max() <= self.tol * total:
                break
            curvature = self.l2 * np.eye(len(phi)) - sum(D.T @ point.hessian @ D for point, D in both) / alpha
            step = kept @ uphill(kept.T @ curvature @ kept, kept.T @ gradient)
            slope = float(step @ gradient)
            for halving in range(HALVINGS):
                try:
                    trial, there = evaluate(phi + 0.5**halving * step, points)
                except ImproperProblemError:  # an undiscounted problem whose value is infinite there
                    continue
                if there >= value + ARMIJO * 0.5**halving * slope:
                    break
            else:
                break
            points, value, phi = trial, there, phi + 0.5**halving * step
        return points, phi


def uphill(curvature: NDArray, gradient: NDArray) -> NDArray:
    """Newton step towards a maximum: with the absolute values of the curvature, so that it always leads uphill."""
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    bent = np.maximum(np.abs(values), 1e-12 * max(float(np.abs(values).max(initial=0.0)), 1e-300))
    return vectors @ ((vectors.T @ gradient) / bent)


def flat_together(flat: NDArray, designs: Sequence[NDArray]) -> NDArray:
    """Directions of phi, (P, q), that change no decision of any class, where class c has the coefficients ``design @ phi``."""
    P = designs[0].shape[1]
    if not flat.shape[1]:
        return np.zeros((P, 0))
    seen = np.vstack([D - flat @ (flat.T @ D) for D in designs])
    values, vectors = np.linalg.eigh(seen.T @ seen)
    return vectors[:, values < 1e-12 * len(designs)]
