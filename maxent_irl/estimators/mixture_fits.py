"""Fitting a mixture: rounds of expectation-maximisation, then Newton's method with Louis' information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.cluster import KMeans

from ..inference.cycles import ImproperProblemError
from ..likelihood.objective import Objective, ObjectivePoint
from ..rewards import SmoothRewardModel
from ..rewards.linear import complement
from .fit import Fit
from .louis import MixtureInformation, mixture_information
from .membership import Membership
from .optimisers import DENSE_HESSIAN_FEATURES
from .units import Units
from .weighted_fits import WeightedFits, flat_together, uphill

CLOSE_ENOUGH = 1e-3  # gain of the mean log-likelihood per decision below which Newton's method takes over
STEPS_OF_A_FIT = 3  # iterations within an M-step; more would be lost on responsibilities that change
HALVINGS = 4  # of a Newton step, each to a quarter, before a round of expectation-maximisation
STALLED = 1e-14  # relative gain that is a rounding error
EMPTY = 1e-6  # share of the units below which a class is empty


class Place(NamedTuple):
    """What is kept of a point: enough to evaluate there again."""

    theta: NDArray  # (K,)
    values: Any  # V


@dataclass
class MixtureState:
    """Where a run stands."""

    points: list[Any]  # C points of the unweighted objective, or a Place each once the fit is over
    designs: list[NDArray]  # C arrays (K, P): coefficients of a class are its design times phi
    phi: NDArray  # (P,)
    membership: Membership
    joint: NDArray  # (U, C): log of weight times likelihood
    value: float  # penalised log-likelihood, nats
    n_iter: int = 0
    gradient: float = np.inf  # largest component per decision

    @property
    def log_likelihoods(self) -> NDArray:
        """(U,)."""
        return special.logsumexp(self.joint, axis=1)

    @property
    def responsibilities(self) -> NDArray:
        """(U, C)."""
        return np.exp(self.joint - self.log_likelihoods[:, None])


@dataclass(frozen=True, eq=False)
class MixtureFits:
    """A mixture that is being fitted to one set of units.

    Attributes
    ----------
    posed : Fit
        The problem with the reward of one class at zero, and the demonstrations.
    units : Units
    fits : WeightedFits
        Of one class.
    n_components : int
        C.
    sharing : bool
        Whether classes have coefficients in common, so that they are fitted together.
    l2, tol : float
    max_iter : int
    """

    posed: Fit
    units: Units
    fits: WeightedFits
    n_components: int
    sharing: bool
    l2: float
    tol: float
    max_iter: int

    @property
    def base(self) -> Objective:
        """The objective of all trajectories, without the classes."""
        return self.posed.objective

    @property
    def newton(self) -> bool:
        """Whether Louis' information is at hand: the reward has a Jacobian, and there are not too many parameters."""
        smooth = isinstance(self.posed.reward_model, SmoothRewardModel)
        size = self.n_components * self.posed.reward_model.n_parameters
        return smooth and size <= 2 * DENSE_HESSIAN_FEATURES

    def start(self, pooled: ObjectivePoint, random: np.random.RandomState, *, scored: bool) -> NDArray:
        """Responsibilities to start from, (U, C)."""
        U, C = len(self.units), self.n_components
        if C == 1 or not scored or not isinstance(self.posed.reward_model, SmoothRewardModel):
            return random.dirichlet(np.full(C, 0.5), size=U)
        scores = np.zeros((U, len(pooled.theta)))
        np.add.at(scores, self.units.unit_of, pooled.unit_scores())
        decisions = np.bincount(self.units.unit_of, self.units.counted.lengths, U)
        scores /= np.sqrt(decisions)[:, None]
        values, vectors = np.linalg.eigh(scores.T @ scores / U)
        kept = values > 1e-8 * values.max()
        white = scores @ vectors[:, kept] / np.sqrt(values[kept])
        found = KMeans(C, n_init=1, random_state=random).fit_predict(white) if kept.any() else random.randint(C, size=U)
        return 0.1 / C + 0.9 * np.eye(C)[found]

    def run(self, state: MixtureState, *, resumed: bool = False) -> tuple[MixtureState, list[float]]:
        """Improve a state until it has converged; return it with the mean log-likelihood after each iteration."""
        fits = self.fits
        curve = [state.value / fits.objective.total_weight]
        total, em_only = fits.objective.total_weight, not self.newton
        while state.n_iter < self.max_iter:
            new = None
            if not em_only and (len(curve) > 1 or resumed) and curve[-1] - curve[-2 % len(curve)] < CLOSE_ENOUGH:
                state.points = self.plain(state)
                information = self.information(state)
                state.gradient = float(np.abs(information.gradient).max(initial=0.0)) / total
                if state.gradient <= self.tol:
                    break
                new = self.newton_step(state, information)
            if new is None:
                new = self.maximised(state.points, state.designs, state.phi, state.membership, state.responsibilities)
                new.gradient = (new.value - state.value) / total if em_only else state.gradient
            stalled = new.value - state.value <= STALLED * abs(state.value)
            new.n_iter = state.n_iter + 1
            curve.append(new.value / total)
            state = new
            if em_only and state.gradient <= self.tol * 1e-2:
                break
            if (stalled and np.isfinite(state.gradient)) or self.shares(state).min() < EMPTY:
                break
        return state, curve

    def maximised(
        self,
        points: Sequence[ObjectivePoint],
        designs: list[NDArray],
        phi: NDArray,
        membership: Membership,
        responsibilities: NDArray,
    ) -> MixtureState:
        """One round: weighted fits, membership, and the responsibilities that follow."""
        units = self.units
        weights = units.weights[:, None] * responsibilities
        by_trajectory = weights[units.unit_of]
        if self.sharing:
            points, phi = self.fits.step_together(by_trajectory, points, designs, phi, STEPS_OF_A_FIT)
        else:
            alive = weights.sum(axis=0) > EMPTY * units.weights.sum()
            points = [
                self.fits.maximise(by_trajectory[:, c], point, STEPS_OF_A_FIT) if alive[c] else point
                for c, point in enumerate(points)
            ]
            phi = sum((D.T @ point.theta for D, point in zip(designs, points, strict=True)), np.zeros_like(phi))
        return self.expected(points, designs, phi, membership.fitted(units.covariates, responsibilities, units.weights))

    def expected(
        self, points: Sequence[ObjectivePoint], designs: list[NDArray], phi: NDArray, membership: Membership
    ) -> MixtureState:
        """The E-step."""
        units = self.units
        fits = [self.component(point) for point in points]
        likelihoods = np.stack([units.total(fit.log_probabilities(units.counted)) for fit in fits], axis=1)
        joint = membership.log_weights(units.covariates) + likelihoods
        value = float(special.logsumexp(joint, axis=1) @ units.weights) - 0.5 * self.l2 * float(phi @ phi)
        return MixtureState(list(points), designs, phi, membership, joint, value)

    def component(self, point: ObjectivePoint) -> Fit:
        """The fit of a class; it need not be solved again unless there are goals."""
        return replace(self.posed, theta=point.theta, solution=getattr(point, "solution", None), start=point.values)

    def information(self, state: MixtureState) -> MixtureInformation:
        """Louis' information."""
        units, plain = self.units, self.plain(state)
        weighted = self.weighted(replace(state, points=plain))
        return mixture_information(
            weighted,
            [point.unit_scores() for point in plain],
            state.designs,
            state.phi,
            state.membership,
            temperature=self.posed.agent.temperature,
            covariates=units.covariates,
            responsibilities=state.responsibilities,
            unit_weights=units.weights,
            unit_of=units.unit_of,
            l2=self.l2,
            flat=flat_together(self.fits.flat, state.designs),
        )

    def shares(self, state: MixtureState) -> NDArray:
        """Of the classes, (C,)."""
        return state.membership.shares(self.units.covariates, self.units.weights)[0]

    def plain(self, state: MixtureState) -> list[ObjectivePoint]:
        """Points of the unweighted objective at the coefficients of the classes."""
        return [
            p if getattr(p, "objective", None) is self.base else self.base.at(p.theta, start=p.values, hessian=True)
            for p in state.points
        ]

    def weighted(self, state: MixtureState) -> list[ObjectivePoint]:
        """Points of the classes' objectives, each trajectory weighing what its unit's responsibility says."""
        weights = (self.units.weights[:, None] * state.responsibilities)[self.units.unit_of]
        return [point.reweighted(weights[:, c]) for c, point in enumerate(self.plain(state))]

    def newton_step(self, state: MixtureState, information: MixtureInformation) -> MixtureState | None:
        """A Newton step of the log-likelihood itself, shortened until it gets higher; None where that fails."""
        kept = complement(information.flat)
        step = kept @ uphill(kept.T @ information.matrix @ kept, kept.T @ information.gradient)
        M, rounding, here = state.membership.n_parameters, 1e-13 * abs(state.value), self.plain(state)
        for halving in range(HALVINGS):
            change = 0.25**halving * step
            phi = state.phi + change[M:]
            membership = state.membership.with_parameters(state.membership.parameters + change[:M])
            try:
                points = [
                    self.base.at(D @ phi, start=point.start_for(D @ phi), hessian=True)
                    for D, point in zip(state.designs, here, strict=True)
                ]
            except ImproperProblemError:  # an undiscounted problem whose value is infinite there
                continue
            new = self.expected(points, state.designs, phi, membership)
            if new.value >= state.value - rounding:
                return new
        return None
