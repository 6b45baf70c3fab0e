r"""Several demonstrators with rewards of their own: latent classes, fitted by expectation-maximisation.

Unit u (a trajectory, or all those of one animal) belongs to class c with probability :math:`w_c`, and then decides by the reward
of that class:

.. math:: \log p(u) = \log \sum_c w_c \exp(\ell_u(\theta_c)).

Expectation-maximisation finds the basin: responsibilities, then weighted fits started from the last. Newton's method with Louis'
information takes it from there to the maximum, where its inverse is the covariance.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._checks import check_choice, check_count, check_max_iter
from ..likelihood.objective import ObjectivePoint
from ..mdp import MDP
from ..rewards import SmoothRewardModel
from .fit import Fit
from .maxent import MaxEntIRL
from .membership import Membership
from .mixture_fits import EMPTY, MixtureFits, MixtureState, Place
from .summary import FitSummary, coefficient_columns, fit_statistics
from .units import Units, units_of
from .weighted_fits import WeightedFits, flat_together

INITS = ("both", "scores", "random")
Run = tuple[MixtureState, list[float]]
SAME = 1e-3  # classes whose policies differ by less than this wherever somebody was are one class


@dataclass(eq=False, repr=False)
class MixtureIRL(BaseEstimator):
    r"""Recover the rewards of several kinds of demonstrators, and who is of which kind.

    In the manner of `sklearn.mixture.GaussianMixture`. The objective is the likelihood of the decisions.

    Parameters
    ----------
    n_components : int
        C, the number of classes.
    mdp : MDP
    features : as for `MaxEntIRL`; any reward model
    shared : sequence of int or str
        Features, by position or name, whose coefficient is the same in all classes.
    units : str, optional
        Column of the trajectories (``Demonstrations(..., trajectory_columns=...)``) that says whose each one is: all of a unit's
        trajectories are of one class. None: every trajectory is a unit, unless `fit` is given groups.
    covariates : sequence of str
        Columns of the trajectories on which membership depends by a multinomial logit; the same for all of a unit's.
    temperature, action_prior, inference, l2, feature_names, n_jobs
        As for `MaxEntIRL`.
    n_init : int
        Starts, of which the best is kept.
    init : "both", "scores" or "random"
        "scores": k-means (k-means++) on what single units say about the coefficients. "random": random responsibilities. "both":
        one and the other in turn.
    warm_start : bool
        Start from the previous fit, and from nowhere else.
    max_iter : int
        Of expectation-maximisation and Newton steps together.
    tol : float
        Largest gradient component of the log-likelihood per decision at which the fit has converged.
    random_state : int, RandomState or None

    Attributes
    ----------
    weights_ : (C,) array
        Shares of the classes, largest first; with covariates their mean over the units.
    coefs_ : (C, K) array
    components_ : list of C Fit
        Each solves, predicts and draws as a fitted reward does.
    membership_ : Membership
    log_likelihood_ : float
        Of all units, nats.
    lower_bound_ : float
        Mean penalised log-likelihood per decision.
    lower_bounds_ : list of float
        After each iteration of the best start.
    start_values_ : (n_init,) array
        Log-likelihood that each start reached.
    n_iter_, converged_ : int, bool
    weight_errors_ : (C,) array
    standard_errors_ : (C, K) array
        By Louis (1982).

    Raises
    ------
    ValueError
        For more classes than units, groups of the wrong length, covariates that differ within a unit, and bad input as
        `MaxEntIRL`.

    Warns
    -----
    ConvergenceWarning
        If the fit did not converge, and if classes are empty or the same.

    References
    ----------
    Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977), Maximum likelihood from incomplete data via the EM algorithm,
    JRSS B 39.
    Babes, M., Marivate, V., Subramanian, K. and Littman, M. (2011), Apprenticeship learning about multiple intentions, ICML.
    Louis, T. A. (1982), Finding the observed information matrix when using the EM algorithm, JRSS B 44(2).
    """

    n_components: int
    mdp: MDP
    features: Any = None
    _: KW_ONLY
    shared: Sequence[int | str] = ()
    units: str | None = None
    covariates: Sequence[str] = ()
    temperature: float = 1.0
    action_prior: ArrayLike | None = None
    inference: str = "variational"
    l2: float = 0.0
    n_init: int = 4
    init: str = "both"
    max_iter: int = 500
    tol: float = 1e-6
    warm_start: bool = False
    random_state: Any = None
    feature_names: Any = None
    n_jobs: int | None = None

    def fit(self, X: Any, y: None = None, *, groups: ArrayLike | None = None) -> MixtureIRL:
        """Recover the classes.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes
        y : ignored
        groups : (n,) array of labels, optional
            The unit of each trajectory, in place of the column `units`.

        Returns
        -------
        self
        """
        check_count("n_components", self.n_components)
        check_count("n_init", self.n_init)
        check_choice("init", self.init, INITS)
        check_max_iter(self.max_iter, 0)
        posed = self._one_class().posed(X)
        units = units_of(posed.demonstrations, self.units, groups, tuple(self.covariates))
        if self.n_components > len(units):
            raise ValueError(
                f"n_components={self.n_components} classes need at least as many units; there are {len(units)}"
                + ("" if units.names is None else ": trajectories of one group are one unit")
            )
        posed = replace(posed, demonstrations=units.counted)
        designs, previous = self._make_designs(posed), getattr(self, "_state", None) if self.warm_start else None
        if previous is not None and np.shape(previous.designs) == np.shape(designs):
            problem, runs = self._resume(posed, units, previous)
        else:
            problem, runs = self._start_anew(posed, units, designs)
        best = max(runs, key=lambda run: run[0].value)
        self.start_values_ = np.array([run[0].log_likelihoods @ units.weights for run in runs])
        self._store(problem, *best)
        return self

    def _problem(self, posed: Fit, units: Units, start: Fit) -> MixtureFits:
        fits = WeightedFits(start, posed.objective, l2=self.l2, tol=self.tol)
        return MixtureFits(posed, units, fits, self.n_components, bool(self.shared), self.l2, self.tol, self.max_iter)

    def _start_anew(self, posed: Fit, units: Units, designs: list[NDArray]) -> tuple[MixtureFits, list[Run]]:
        """A run from each start."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # all data by one reward: only a place to start from
            pooled = self._one_class().fit(units.counted).fit_
        problem = self._problem(posed, units, pooled)
        random, C = check_random_state(self.random_state), self.n_components
        first = posed.objective.at(pooled.theta, start=pooled.start, hessian=True)
        phi = np.linalg.lstsq(np.vstack(designs), np.tile(pooled.theta, C))[0]
        membership = Membership(C, tuple(self.covariates))
        runs = []
        for k in range(self.n_init if C > 1 else 1):
            scored = self.init == "scores" or (self.init == "both" and k % 2 == 0)
            start = problem.start(first, random, scored=scored)
            runs.append(problem.run(problem.maximised([first] * C, designs, phi, membership, start)))
        return problem, runs

    def _resume(self, posed: Fit, units: Units, previous: MixtureState) -> tuple[MixtureFits, list[Run]]:
        """A run from the state of an earlier fit."""
        theta = [D @ previous.phi for D in previous.designs]
        places = zip(theta, previous.points, strict=True)
        points = [posed.objective.at(coef, start=place.values, hessian=True) for coef, place in places]
        problem = self._problem(posed, units, replace(posed, theta=theta[0], start=points[0].values))
        state = problem.expected(points, previous.designs, previous.phi, previous.membership)
        return problem, [problem.run(state, resumed=True)]

    # The problem.

    def _one_class(self) -> MaxEntIRL:
        names = ("temperature", "action_prior", "inference", "l2", "feature_names", "n_jobs", "tol")
        options = {name: getattr(self, name) for name in names}
        return MaxEntIRL(self.mdp, self.features, objective="likelihood", **options)

    def _make_designs(self, posed: Fit) -> list[NDArray]:
        """Matrices (K, P) by which the coefficients of each class follow from phi: shared ones first, then class by class."""
        K, C = posed.reward_model.n_parameters, self.n_components
        shared = []
        for which in self.shared:
            k = posed.names.index(which) if which in posed.names else which
            if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 0 <= k < K:
                raise ValueError(
                    f"shared: there is no feature {which!r}; features are {posed.names[:8]}, or 0..{K - 1}"
                )
            shared.append(int(k))
        if shared and not isinstance(posed.reward_model, SmoothRewardModel):
            raise ValueError("shared coefficients need a reward model with jacobian(theta)")
        own = [k for k in range(K) if k not in shared]
        designs = []
        for c in range(C):
            D = np.zeros((K, len(shared) + C * len(own)))
            D[shared, np.arange(len(shared))] = 1.0
            D[own, len(shared) + c * len(own) + np.arange(len(own))] = 1.0
            designs.append(D)
        return designs

    def weighted_points(self) -> list[ObjectivePoint]:
        """Of the fit: the gradients of these objectives add up to that of the log-likelihood, in units of reward."""
        check_is_fitted(self)
        return self._fitted.weighted(self._state)

    # What is found.

    def _store(self, problem: MixtureFits, state: MixtureState, curve: list[float]) -> None:
        units, total = problem.units, problem.posed.objective.total_weight
        order = np.argsort(-problem.shares(state), kind="stable")
        coef = state.membership.coef[order]
        membership = replace(state.membership, coef=np.where(np.isneginf(coef), coef, coef - coef[0]))
        state = replace(
            state,
            points=[state.points[c] for c in order],
            designs=[state.designs[c] for c in order],
            membership=membership,
            joint=state.joint[:, order],
        )
        self._state = replace(state, points=[Place(point.theta, point.values) for point in state.points])
        self.components_ = [_released(problem.component(point)) for point in state.points]
        self._fitted, self._flat = problem, problem.fits.flat
        self.coefs_ = np.stack([point.theta for point in state.points])
        self.membership_, self.demonstrations_ = membership, units.counted
        self.weights_, by_parameter = membership.shares(units.covariates, units.weights)
        self.log_likelihood_ = float(state.log_likelihoods @ units.weights)
        self.lower_bound_, self.lower_bounds_ = state.value / total, curve
        self.n_iter_, self.converged_ = state.n_iter, state.gradient <= self.tol
        self.largest_gradient_ = state.gradient
        self.n_trajectories_ = int((units.counted.weights > 0).sum())
        self.n_decisions_, self.n_units_ = units.counted.n_decisions, len(units)
        M, P = membership.n_parameters, len(state.phi)
        alive = self.weights_ > EMPTY
        if problem.newton and alive.all():
            self.covariance_ = problem.information(state).covariance
        else:
            self.covariance_ = np.full((M + P, M + P), np.nan)
        self.weight_errors_ = _roots(by_parameter @ self.covariance_[:M, :M] @ by_parameter.T)
        self.standard_errors_ = np.stack([_roots(D @ self.covariance_[M:, M:] @ D.T) for D in state.designs])
        self.n_parameters_ = M + P - flat_together(self._flat, state.designs).shape[1]
        self._warn(alive)

    def _warn(self, alive: NDArray) -> None:
        said = []
        if not alive.all():
            said.append(f"class {', '.join(map(str, np.flatnonzero(~alive)))} is empty: use fewer components")
        visited = np.unique(self.demonstrations_.states)
        if self.demonstrations_.goals is None:
            policies = [fit.solve().policy[..., visited, :] for fit in self.components_]
            for c in np.flatnonzero(alive):
                for d in np.flatnonzero(alive[:c]):
                    if np.abs(policies[c] - policies[d]).max() < SAME:
                        said.append(f"classes {d} and {c} decide alike: use fewer components")
        if alive.all() and not self.converged_:
            said.append(
                f"the fit did not converge: after {self.n_iter_} iterations the largest gradient component per decision is "
                f"{self.largest_gradient_:.3g}, not {self.tol:.3g}. Raise max_iter, loosen tol, or add l2 if some coefficients "
                "run away"
            )
        if said:
            warnings.warn("; ".join(said), ConvergenceWarning, stacklevel=4)

    # Other demonstrations.

    def _joint(self, X: Any, groups: ArrayLike | None) -> tuple[NDArray, Units]:
        check_is_fitted(self)
        demonstrations = self.components_[0].read(X)
        for fit in self.components_:
            fit.check_possible(demonstrations)
        units = units_of(demonstrations, self.units, groups, tuple(self.covariates))
        by_class = [units.total(fit.log_probabilities(units.counted)) for fit in self.components_]
        return self.membership_.log_weights(units.covariates) + np.stack(by_class, axis=1), units

    def responsibilities(self, X: Any, groups: ArrayLike | None = None) -> NDArray:
        """Probability of each class for every unit given its decisions, (U, C); units in the order of their first trajectory."""
        joint, _ = self._joint(X, groups)
        return np.exp(joint - special.logsumexp(joint, axis=1, keepdims=True))

    def predict(self, X: Any, groups: ArrayLike | None = None) -> NDArray:
        """The most probable class of every unit, (U,)."""
        return self._joint(X, groups)[0].argmax(axis=1)

    def score_samples(self, X: Any, groups: ArrayLike | None = None) -> NDArray:
        """Log-likelihood of every unit, (U,), nats."""
        return special.logsumexp(self._joint(X, groups)[0], axis=1)

    def score(self, X: Any, y: None = None, groups: ArrayLike | None = None) -> float:
        """Mean log-likelihood per decision, nats."""
        joint, units = self._joint(X, groups)
        return float(special.logsumexp(joint, axis=1) @ units.weights) / units.n_decisions

    def aic(self, X: Any, groups: ArrayLike | None = None) -> float:
        """Akaike's criterion, less is better: ``2 k - 2 l`` with k parameters that the data determine."""
        joint, units = self._joint(X, groups)
        return 2 * self.n_parameters_ - 2 * float(special.logsumexp(joint, axis=1) @ units.weights)

    def bic(self, X: Any, groups: ArrayLike | None = None) -> float:
        """Schwarz's criterion, less is better: ``k log N - 2 l`` with N decisions, as in the summary of one reward."""
        joint, units = self._joint(X, groups)
        penalty = self.n_parameters_ * np.log(units.n_decisions)
        return float(penalty) - 2 * float(special.logsumexp(joint, axis=1) @ units.weights)

    def summary(self, *, level: float = 0.95) -> FitSummary:
        """Table of shares, log-odds on covariates and coefficients with Louis' standard errors, and how well the model fits."""
        check_is_fitted(self)
        names = [f"share of class {c}" for c in range(self.n_components)]
        values, errors = [self.weights_], [self.weight_errors_]
        if self.covariates:
            names += self.membership_.parameter_names
            values.append(self.membership_.parameters)
            errors.append(_roots(self.covariance_[: self.membership_.n_parameters, : self.membership_.n_parameters]))
        names += [f"class {c}: {name}" for c in range(self.n_components) for name in self.components_[0].names]
        coef = np.concatenate([*values, self.coefs_.ravel()])
        deviations = np.concatenate([*errors, self.standard_errors_.ravel()])
        flat = np.linalg.norm(self._flat, axis=1) > 1e-6
        determined = np.concatenate([np.ones(len(coef) - self.coefs_.size, bool), np.tile(~flat, self.n_components)])
        statistics = fit_statistics(
            self,
            n_coefficients=len(coef),
            rank=self.n_parameters_,
            freedom=float(self.n_parameters_),
            kind="observed",
            what="inverse of Louis' information",
            level=level,
            l2=self.l2,
        )
        notes = [
            f"{self.n_components} classes of {self.n_units_} units; {len(self.start_values_)} starts reached log-likelihoods "
            "from "
            f"{self.start_values_.min():.3f} to {self.start_values_.max():.3f}."
        ]
        if np.isnan(deviations).any():
            notes.append("No standard errors: the curvature at the fit is not that of a maximum, or a class is empty.")
        if not self.converged_:
            notes.append("The fit did not converge: coefficients and errors are not those of a maximum.")
        return FitSummary(coefficient_columns(names, coef, deviations, determined, level), statistics, notes)


def _roots(covariance: NDArray) -> NDArray:
    """Roots of the diagonal, (n,)."""
    return np.sqrt(np.maximum(np.diag(covariance), 0.0))


def _released(fit: Fit) -> Fit:
    """The same without factorisations."""
    return fit if fit.solution is None else replace(fit, solution=fit.solution.released())
