r"""A demonstrator whose reward drifts: coefficients per bin of a clock, tied by a random walk.

In bin b decisions follow the soft-optimal policy of the reward with coefficients :math:`\theta_b`, as if it were to stay so. (A
demonstrator who anticipates the change has a finite horizon and features by time, which `MaxEntIRL` takes.)
"""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._checks import check_count, check_max_iter, check_numbers, check_positive
from ..demonstrations.labelled import as_demonstrations
from ..inference.agent import SoftSolution
from ..likelihood import TaskObjective
from ..likelihood.statistics import decision_statistics
from ..mdp import MDP
from ..rewards import SmoothRewardModel
from .bin_curves import BinCurves
from .clock import STEP, bin_of, clock_of, edges_of
from .goal_maps import GoalMaps, fit_goal_maps
from .maxent import MaxEntIRL
from .random_walk import Mode, Walk, evidence_gradient, maximise
from .weighted_fits import WeightedFits

SEARCH = 1e4  # how far evidence may take sigma from where it starts, up or down
FIRST_STEP = 0.3  # of the random walk, in temperatures, to start from


@dataclass(eq=False, repr=False)
class DriftingIRL(BaseEstimator):
    r"""Recover how a reward drifts.

    The objective is the likelihood of the decisions, times the prior of the random walk.

    Parameters
    ----------
    mdp : MDP
    features : as for `MaxEntIRL`; a reward model needs a Jacobian
    clock : str
        "step": of the trajectory. Otherwise a column of the decisions or of the trajectories (a session, a date).
    n_bins : int
        Bins of equal width.
    bins : (B + 1,) array, optional
        Edges, in place of `n_bins`.
    smoothness : "evidence", float or (K,) array
        sigma, the standard deviation by which coefficients change from one bin to the next; infinite: bins are independent.
        "evidence": the values, one per feature, under which the demonstrations are most likely (Laplace's approximation).
    n_maps : int, optional
        Rewards are mixtures of so many unknown maps, ``theta_b = sum_k w_bk u_k``: weights walk at random, by `smoothness` (one
        or ``n_maps`` numbers), and maps have the prior ``Normal(0, 1 / l2)``, which sets their scale. Their signs make the mean
        weights positive; they are in the order of the size of their weights.
    n_init : int
        Starts with `n_maps`: the first from the coefficients without maps, the others random.
    temperature, action_prior, inference, feature_names
        As for `MaxEntIRL`.
    l2 : float
        Precision of a zero-mean prior on the coefficients of every bin; with `n_maps` of the maps.
    max_iter : int
        Newton steps; rounds with `n_maps`.
    tol : float
        Largest gradient component of the log posterior per decision.
    random_state : int, RandomState or None

    Attributes
    ----------
    coef_path_ : (B, K) array
    standard_errors_ : (B, K) array
        Posterior standard deviations given sigma (and the maps).
    sigma_ : (K,) array, or (n_maps,)
    edges_ : (B + 1,) array
        Of the bins, in units of the clock; days since 1970 for dates.
    decisions_per_bin_ : (B,) int array
        A bin without decisions is interpolated.
    evidence_ : float
        Log-likelihood of sigma up to a constant; NaN with independent bins.
    log_likelihood_, log_posterior_ : float
    maps_ : (n_maps, K) array
        With `n_maps`, as the next two.
    map_weights_, map_weight_errors_ : (B, n_maps) arrays
    start_values_ : (n_init,) array
        Log posterior that each start reached, with `n_maps`.
    n_iter_, converged_ : int, bool

    Raises
    ------
    ValueError
        For a clock that is no column or has missing times, for bins that do not hold all times, for a smoothness of the wrong
        shape, and bad input as `MaxEntIRL`.

    Warns
    -----
    ConvergenceWarning

    References
    ----------
    Ashwood, Z., Jha, A. and Pillow, J. (2022), Dynamic inverse reinforcement learning for characterizing animal behavior,
    NeurIPS.
    """

    mdp: MDP
    features: Any = None
    _: KW_ONLY
    clock: str = STEP
    n_bins: int = 10
    bins: ArrayLike | None = None
    smoothness: Any = "evidence"
    n_maps: int | None = None
    n_init: int = 3
    temperature: float = 1.0
    action_prior: ArrayLike | None = None
    inference: str = "variational"
    l2: float = 0.0
    max_iter: int = 100
    tol: float = 1e-6
    random_state: Any = None
    feature_names: Any = None

    def fit(self, X: Any, y: None = None) -> DriftingIRL:
        """Recover the path of the coefficients.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes; without goals
        y : ignored

        Returns
        -------
        self
        """
        check_max_iter(self.max_iter, 0)
        posed = self._static().posed(X)
        data = posed.demonstrations
        if data.goals is not None:
            raise ValueError(
                "DriftingIRL does not take demonstrations with goals: fit each goal by itself, or drop them"
            )
        if not isinstance(posed.reward_model, SmoothRewardModel):
            raise ValueError("DriftingIRL needs a reward model with jacobian(theta)")
        _ = posed.objective  # names what is impossible, by trajectory and step
        time = clock_of(data, self.clock)
        self.edges_ = edges_of(time, self.n_bins, self.bins)
        bins, B = bin_of(time, self.edges_), len(self.edges_) - 1
        self.decisions_per_bin_ = np.bincount(bins, minlength=B)
        sigma = self._sigma(posed.reward_model.n_parameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one reward for all: only a place to start from
            pooled = self._static().fit(data)
        statistics = decision_statistics(posed.agent.mdp, data)
        whole = TaskObjective(posed.agent, posed.reward_model, statistics)
        flat = WeightedFits(replace(posed, theta=pooled.coef_), whole, l2=self.l2, tol=self.tol).flat
        curves, theta = BinCurves(posed, statistics, bins, B), np.tile(pooled.coef_, (B, 1))
        self._tolerance = self.tol * whole.total_weight
        self.demonstrations_, self.n_decisions_, self.n_trajectories_ = data, data.n_decisions, len(data)
        if self.n_maps is None:
            mode = self._choose(curves, flat, theta, sigma)
            self.coef_path_ = mode.theta
            self.standard_errors_ = np.sqrt(np.maximum(np.einsum("bkk->bk", mode.covariances[0]), 0.0))
        else:
            mode = self._fit_maps(curves, flat, theta, sigma)
        self.sigma_, self.log_posterior_, self.log_likelihood_ = mode.walk.sigma, mode.value, mode.log_likelihood
        self.evidence_ = mode.evidence if np.isfinite(mode.walk.sigma).all() else float("nan")
        self.n_iter_, self.converged_ = mode.n_iter, mode.converged
        self.components_ = [replace(posed, theta=coef) for coef in self.coef_path_]
        if not self.converged_:
            warnings.warn(
                f"the fit did not converge: after {self.n_iter_} iterations the largest gradient component of the log posterior "
                f"is {np.abs(mode.gradient).max():.3g}, not {self._tolerance:.3g}. Raise max_iter, loosen tol, or add l2 if some "
                "coefficients run away",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _static(self) -> MaxEntIRL:
        names = ("temperature", "action_prior", "inference", "l2", "feature_names", "tol")
        return MaxEntIRL(
            self.mdp, self.features, objective="likelihood", **{name: getattr(self, name) for name in names}
        )

    def _sigma(self, K: int) -> NDArray | None:
        """The given sigma, or None for evidence."""
        n = K
        if self.n_maps is not None:
            n = check_count("n_maps", self.n_maps)
            check_count("n_init", self.n_init)
            check_positive("l2", self.l2)
            if isinstance(self.smoothness, str):
                raise ValueError(
                    "with n_maps, smoothness must be numbers: the standard deviation of a step of the weights"
                )
        if isinstance(self.smoothness, str):
            if self.smoothness != "evidence":
                raise ValueError(f"smoothness must be 'evidence', or sigma as numbers > 0; got {self.smoothness!r}")
            return None
        sigma = check_numbers("smoothness", self.smoothness)
        if sigma.shape not in ((), (n,)) or not (sigma > 0).all():
            raise ValueError(f"smoothness must be one number > 0, or {n} of them; got {self.smoothness!r:.80}")
        return np.broadcast_to(sigma, (n,)).astype(float)

    def _choose(self, curves: BinCurves, flat: NDArray, theta: NDArray, sigma: NDArray | None) -> Mode:
        """The mode at sigma, or at the sigma of greatest evidence."""
        B, K = theta.shape

        def mode_at(sigma: NDArray, start: NDArray) -> Mode:
            walk = Walk(sigma, B, flat, self.l2)
            return maximise(curves, walk, start, tol=self._tolerance, max_iter=self.max_iter)

        if sigma is not None or B == 1:
            return mode_at(np.ones(K) if sigma is None else sigma, theta)
        size = np.abs(self._features_size(curves))
        middle = np.log(FIRST_STEP * self.temperature / size)
        best: list[Mode] = [mode_at(np.exp(middle), theta)]

        def negative(log_sigma: NDArray) -> tuple[float, NDArray]:
            mode = mode_at(np.exp(log_sigma), best[0].theta)
            if mode.evidence >= best[0].evidence:
                best[0] = mode
            return -mode.evidence, -evidence_gradient(mode, curves.gradients)

        bounds = [(m - np.log(SEARCH), m + np.log(SEARCH) / 2) for m in middle]
        optimize.minimize(
            negative, middle, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 50, "ftol": 1e-9}
        )
        return best[0]

    @staticmethod
    def _features_size(curves: BinCurves) -> NDArray:
        """Largest absolute value of each feature, (K,); 1 for one that is zero."""
        point = next(point for point in curves.objectives if point is not None)
        features = point.reward_model.jacobian(np.zeros(curves.K))  # type: ignore[attr-defined]
        used = features.rows(np.ascontiguousarray(curves.agent.mdp.available.T))
        largest = features.largest(used)
        return np.where(largest > 0, largest, 1.0)

    def _fit_maps(self, curves: BinCurves, flat: NDArray, theta: NDArray, sigma: NDArray | None) -> Mode:
        assert sigma is not None  # checked by _sigma
        free = maximise(
            curves, Walk(np.ones(theta.shape[1]), len(theta), flat, self.l2), theta, tol=self._tolerance, max_iter=20
        )
        options = {"tol": self._tolerance, "max_iter": self.max_iter, "random_state": self.random_state}
        runs: list[GoalMaps] = fit_goal_maps(curves, free.theta, sigma, self.l2, n_starts=self.n_init, **options)
        best = max(runs, key=lambda run: run.value)
        self.start_values_ = np.array([run.value for run in runs])
        self.maps_, self.map_weights_, self.log_posterior_curve_ = best.maps, best.weights, best.curve
        covariance = best.mode.covariances[0]
        self.map_weight_errors_ = np.sqrt(np.maximum(np.einsum("bkk->bk", covariance), 0.0))
        self.coef_path_ = best.weights @ best.maps
        self.standard_errors_ = np.sqrt(np.maximum(np.einsum("jk,bji,ik->bk", best.maps, covariance, best.maps), 0.0))
        return best.mode

    # Predictions.

    def bin_at(self, X: Any) -> NDArray:
        """The bin of every decision, (N,); the first or the last for times beyond them."""
        check_is_fitted(self)
        return bin_of(clock_of(as_demonstrations(X), self.clock), self.edges_)

    def solve(self, bin: int) -> SoftSolution:
        """Solution of the reward in a bin: V, Q and policy."""
        check_is_fitted(self)
        return self.components_[bin].solve()

    def _log_probabilities(self, X: Any) -> tuple[NDArray, Any]:
        check_is_fitted(self)
        data = self.components_[0].read(X)
        self.components_[0].check_possible(data)
        bins, out = bin_of(clock_of(data, self.clock), self.edges_), np.empty(data.n_decisions)
        for b in np.unique(bins):
            here, fit = np.flatnonzero(bins == b), self.components_[b]
            out[here] = fit.solve().log_probabilities(data.states[here], data.actions[here], data.times[here])
        return out, data

    def score_samples(self, X: Any) -> NDArray:
        """Log-likelihood of each trajectory's decisions, (n,), nats."""
        by_decision, data = self._log_probabilities(X)
        return np.add.reduceat(by_decision, data.offsets[:-1])

    def score(self, X: Any, y: None = None) -> float:
        """Mean log-likelihood per decision, nats, each decision weighing its trajectory's weight."""
        by_decision, data = self._log_probabilities(X)
        weights = data.weights[data.trajectory_ids]
        return float(weights @ np.where(weights > 0, by_decision, 0.0)) / float(weights.sum())
