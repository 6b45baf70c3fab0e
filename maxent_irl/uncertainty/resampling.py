"""Bootstrap over trajectories: how much the answer moves when other trajectories had been seen.

Trajectories (or groups of them) are drawn with replacement, which changes only how often each one counts. A replicate
therefore starts at the fit and reuses what was solved there. Its first Newton step is exact and needs no new solution of the
soft Bellman equation. It takes two or three more points, which are solved with the factorisation of the fit.

Sources: Efron, B. & Tibshirani, R. (1993), An introduction to the bootstrap, Chapman & Hall (percentile intervals: chapter 13);
Davidson, R. & MacKinnon, J. G. (1999), Bootstrap testing in nonlinear models, International Economic Review 40(2) (a few Newton
steps from the estimate); Field, C. A. & Welsh, A. H. (2007), Bootstrapping clustered data, JRSS B 69(3) (groups).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._checks import check_choice, check_count, check_n_jobs
from ..demonstrations import Demonstrations
from ..demonstrations.draws import generator
from ..inference.brief_repr import BriefRepr
from ..inference.cycles import ImproperProblemError
from ..likelihood import TaskObjective, TaskPoint
from ..likelihood.information import IdentifiabilityWarning
from ..likelihood.objective import Objective, ObjectivePoint
from ..rewards.linear import complement

NEWTON_STEPS = 12
CHANGED = 0.4  # share of the curvature, from which on it is computed again
FAR = 50.0  # standard errors that a step of a replicate may have
ACCURATE = 0.01  # standard errors that the estimate of what is left after the last Newton step may amount to
REPLICATE_RESIDUAL = 0.05  # over the root of the number of decisions, in units of the temperature: see `_loosen`
REPLICATE_FLOW = 1e-5  # of the largest demonstrated weight
DENSE_FEATURES = 256


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(BriefRepr):
    """Coefficients fitted to resampled demonstrations.

    Attributes
    ----------
    coef : (B, K) array
        One row per replicate that has a finite answer.
    estimate : (K,) array
        Coefficients of the fit itself.
    n_failed : int
        Replicates without an answer (no maximum was found), left out of `coef`.
    """

    coef: NDArray
    estimate: NDArray
    n_failed: int

    @cached_property
    def covariance(self) -> NDArray:
        """(K, K) covariance over replicates."""
        return np.cov(self.coef.T).reshape(2 * self.estimate.shape)

    @property
    def standard_errors(self) -> NDArray:
        """(K,) standard deviations over replicates."""
        return self.coef.std(axis=0, ddof=1)

    @property
    def bias(self) -> NDArray:
        """(K,) mean of the replicates minus the estimate."""
        return self.coef.mean(axis=0) - self.estimate

    def interval(self, level: float = 0.95, *, method: str = "percentile") -> tuple[NDArray, NDArray]:
        """Lower and upper ends, (K,) each, of intervals that cover with probability `level`.

        Parameters
        ----------
        level : float
        method : "percentile" or "bias-corrected"
            "percentile" takes the quantiles of the replicates. Where these are centred beside the estimate it covers too
            little, and "bias-corrected" shifts the quantiles (Efron 1981, Canadian Journal of Statistics 9(2)).
        """
        if not 0 < level < 1:
            raise ValueError(f"level is the coverage of the intervals, between 0 and 1; got {level!r}")
        check_choice("method", method, ("percentile", "bias-corrected"))
        reach = special.ndtri(0.5 + level / 2)
        B = len(self.coef)
        below = np.clip((self.coef < self.estimate).mean(axis=0), 0.5 / B, 1 - 0.5 / B)
        shift = special.ndtri(below) if method == "bias-corrected" else np.zeros(len(self.estimate))
        columns = list(zip(self.coef.T, shift, strict=True))
        low, high = (
            np.array([np.quantile(x, special.ndtr(2 * z + end)) for x, z in columns]) for end in (-reach, reach)
        )
        return low, high


def bootstrap(
    estimator: Any,
    n_replicates: int = 200,
    *,
    groups: ArrayLike | None = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    progress: bool = True,
) -> Bootstrap:
    """Refit to demonstrations drawn with replacement from those of the fit.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    n_replicates : int
    groups : (n,) array of labels, optional
        Draw whole groups of trajectories, such as all of one animal. None: those given to `fit` if ``covariance="clustered"``,
        otherwise single trajectories.
    n_jobs : int, optional
        Processes, as joblib understands it; any joblib backend, ``dask`` too, can be chosen around the call.
    random_state : None, int, numpy Generator, or numpy RandomState
        The replicates of a seed are the same whatever `n_jobs` is.
    progress : bool
        Show a progress bar on a terminal, if tqdm is installed.

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        For fewer than two replicates, trajectories or groups.

    Warns
    -----
    ConvergenceWarning
        If replicates had to be left out, saying how many.
    """
    check_is_fitted(estimator)
    check_count("n_replicates", n_replicates, at_least=2)
    check_n_jobs(n_jobs)
    if groups is None and estimator.covariance == "clustered":
        groups = estimator.fit_.groups
    n = len(estimator.fit_.demonstrations)
    labels = np.arange(n) if groups is None else np.asarray(groups)
    if labels.shape != (n,):
        raise ValueError(f"groups must hold one label per trajectory, shape ({n},); got shape {labels.shape}")
    group = np.unique(labels, return_inverse=True)[1]
    if group.max() < 1:
        raise ValueError("resampling needs at least two trajectories or groups; there is one")
    sequence: Any = generator(random_state).bit_generator.seed_seq
    seeds = sequence.spawn(n_replicates)
    workers = effective_n_jobs(n_jobs)
    if workers == 1:
        found: Iterable = _replicates(estimator, group, seeds)
    else:
        shares = np.array_split(np.arange(n_replicates), min(n_replicates, 4 * workers))
        tasks = (delayed(_share)(estimator, group, [seeds[i] for i in share]) for share in shares)
        found = (row for rows in Parallel(n_jobs=n_jobs, return_as="generator")(tasks) for row in rows)
    coef = np.array(list(_shown(found, n_replicates, progress)))
    good = np.isfinite(coef).all(axis=1)
    if not good.all():
        warnings.warn(
            f"{int((~good).sum())} of {n_replicates} bootstrap replicates have no maximum that could be found and are left "
            "out: some resamples do not determine the coefficients. Intervals are then too short; add l2, or drop features",
            ConvergenceWarning,
            stacklevel=2,
        )
    if good.sum() < 2:
        raise ValueError("fewer than two bootstrap replicates have an answer: these demonstrations are too few")
    return Bootstrap(coef[good], estimator.coef_.copy(), int((~good).sum()))


def _share(estimator: Any, group: NDArray, seeds: list) -> list[NDArray]:
    return list(_replicates(estimator, group, seeds))


def _replicates(estimator: Any, group: NDArray, seeds: list) -> Iterator[NDArray]:
    """Coefficients of one replicate per seed; NaN where there is no answer."""
    fitter = _Refitter(estimator)
    for seed in seeds:
        n_groups = int(group.max()) + 1
        drawn = np.random.default_rng(seed).integers(n_groups, size=n_groups)
        yield fitter(np.bincount(drawn, minlength=n_groups)[group].astype(float))


class _Refitter:
    """Fits the demonstrations of a fitted estimator again with each trajectory counting a given number of times."""

    def __init__(self, estimator: Any) -> None:
        self.estimator, self.fit, self.K = estimator, estimator.fit_, len(estimator.coef_)
        self.dense = self.K <= DENSE_FEATURES
        if not self.dense:
            return
        objective = self.fit.objective_for(self.fit.demonstrations)
        self._loosen(objective)
        self.base = objective.at(self.fit.theta, start=self.fit.start, hessian=True)
        information = self.fit.information
        kept = complement(information.undetermined if self.fit.l2 else information.flat)
        try:
            root = np.linalg.cholesky(kept.T @ self._curvature(self.base) @ kept)
        except np.linalg.LinAlgError:  # the fit is at no maximum: nothing to start from
            self.dense = False
        else:
            self.white = kept @ np.linalg.inv(root).T

    def __call__(self, counts: NDArray) -> NDArray:
        coef = self._newton(counts) if self.dense else None
        return self._refit(counts) if coef is None else coef

    def _curvature(self, point: ObjectivePoint) -> NDArray:
        return -point.hessian / self.fit.agent.temperature + self.fit.l2 * np.eye(self.K)

    def _newton(self, counts: NDArray) -> NDArray | None:
        """A few steps of Newton's method from the fit, in units of its standard errors; None if they lead nowhere.

        The curvature is not computed at every step. Suppose it changes by a share c of itself per unit of length. A step of
        length L, taken at a distance D from where the curvature was computed, then leaves about ``c (D + L / 2) L`` to do. The
        next step measures that, which gives c. Where c D is large, the curvature is computed again.
        """
        alpha, l2 = self.fit.agent.temperature, self.fit.l2
        start = point = self._resampled(counts)
        coef, factor, distance = self.fit.theta, None, 0.0
        change, expected = 0.0, np.inf  # c, and the same with c = 1
        try:
            for _ in range(NEWTON_STEPS):
                ascent = self.white.T @ (point.gradient / alpha - l2 * coef)
                if factor is None:
                    factor = linalg.cho_factor(self.white.T @ self._curvature(point) @ self.white)
                step = linalg.cho_solve(factor, ascent)
                length = float(np.linalg.norm(step))
                change = max(change, length / expected)
                if change * distance > CHANGED:
                    start = point = point.objective.at(coef, start=point.values, hessian=True)
                    factor, distance, expected = None, 0.0, np.inf
                    continue
                coef = coef + self.white @ step
                expected = (distance + length / 2) * length
                if min(length, change * expected if change else np.inf) < ACCURATE:
                    return coef
                if length > FAR:
                    return None
                distance += length
                point = start.moved(coef, point)
        except (linalg.LinAlgError, ImproperProblemError):
            return None
        return None

    def _resampled(self, counts: NDArray) -> Any:
        """The objective of the resample at the fit: by weights where the objective can, otherwise built anew."""
        if isinstance(self.base, TaskPoint):
            return self.base.reweighted(counts)
        return self.fit.objective_for(self._demonstrations(counts)).at(self.fit.theta, hessian=True)

    def _demonstrations(self, counts: NDArray) -> Demonstrations:
        drawn, data = np.flatnonzero(counts), self.fit.demonstrations
        return Demonstrations(data[drawn], weights=counts[drawn] * data.weights[drawn])

    def _refit(self, counts: NDArray) -> NDArray:
        """The whole fit, from the coefficients of the estimator."""
        again = copy(self.estimator)
        again.callback = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", IdentifiabilityWarning)
            again.fit(self._demonstrations(counts), coef_init=self.fit.theta)
        return again.coef_ if again.converged_ else np.full(self.K, np.nan)

    def _loosen(self, objective: Objective) -> None:
        """Ask for no more digits of V than the spread between replicates needs.

        An error of e (over alpha) in V moves the gradient by about e per decision. The standard deviation of the gradient is
        about the root of their number.
        """
        mdp = self.fit.agent.mdp
        if not isinstance(objective, TaskObjective) or mdp.horizon is not None:
            return  # solved exactly either way, or goal by goal
        V = self.fit.start
        size = float(np.abs(V, where=np.isfinite(V), out=np.zeros_like(V)).max())
        per_step = 1.0 - mdp.discount if mdp.discount < 1.0 else 1.0
        residual = REPLICATE_RESIDUAL * self.fit.agent.temperature / np.sqrt(objective.total_weight)
        objective.solve_tolerance = residual / (per_step * max(1.0, size))
        objective.flow_tolerance = REPLICATE_FLOW


def _shown(rows: Iterable, total: int, progress: bool) -> Iterable:
    """The same rows, with a progress bar where tqdm is installed and somebody watches."""
    if not progress:
        return rows
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return rows
    return tqdm(rows, total=total, desc="bootstrap", disable=None)
