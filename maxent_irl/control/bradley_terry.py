r"""Preferences between pairs under the Bradley-Terry model, and the utilities estimated from them.

The first of two items is preferred with probability :math:`\sigma((u_1 - u_2) / \tau)`, where u is the utility: the score of a
completion, or the return of a trajectory. With utilities linear in features, :math:`u_i = x_i^\top \theta`, this is a logistic
regression of the outcome on differences of features, without an intercept. scikit-learn fits it.

Sources: Bradley, R. A., & Terry, M. E. (1952), Rank analysis of incomplete block designs: I. The method of paired comparisons,
Biometrika 39(3/4), 324-345; Christiano, P. F., et al. (2017), Deep reinforcement learning from human preferences, NeurIPS 30.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from .._checks import check_finite, check_numbers, check_positive, check_temperature
from ..demonstrations.draws import generator
from ..likelihood.recession import Recession, find_recession, none_found
from ..rewards.linear import flat_directions

DENSE_FEATURES = 256  # up to this many coefficients the curvature is formed to look for directions without a maximum


def draw_preferences(
    utilities: ArrayLike, pairs: ArrayLike, *, temperature: float = 1.0, random_state: Any = None
) -> NDArray:
    """Draw the outcome of pairwise comparisons from the Bradley-Terry model.

    Parameters
    ----------
    utilities : (n,) array
    pairs : (m, 2) int array
        The two items of each comparison.
    temperature : float > 0
        tau, in units of utility.
    random_state : None, int, numpy Generator, or numpy RandomState

    Returns
    -------
    (m, 2) int array
        The pairs, the preferred item first.
    """
    u = check_numbers("utilities", utilities)
    if u.ndim != 1:
        raise ValueError(f"utilities must have shape (n,), one per item; got {u.shape}")
    check_finite("utilities", u, ("item",))
    pairs = check_pairs(pairs, len(u))
    gap = (u[pairs[:, 0]] - u[pairs[:, 1]]) / check_temperature(temperature, finite_positive=True)
    first_wins = generator(random_state).random(len(pairs)) < expit(gap)
    return np.where(first_wins[:, None], pairs, pairs[:, ::-1])


def check_pairs(pairs: ArrayLike, n_items: int) -> NDArray:
    """Return pairs as an (m, 2) int array of different items; ValueError names the first that is wrong."""
    pairs = np.asarray(pairs)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu" or not len(pairs):
        raise ValueError(f"pairs must be an integer array of shape (m, 2), m >= 1; got {pairs.dtype} {pairs.shape}")
    bad = np.flatnonzero((pairs < 0).any(axis=1) | (pairs >= n_items).any(axis=1) | (pairs[:, 0] == pairs[:, 1]))
    if len(bad):
        a, b = map(int, pairs[bad[0]])
        raise ValueError(f"pair {bad[0]} compares {a} with {b}; a pair needs two different items of 0..{n_items - 1}")
    return pairs.astype(np.int64)


@dataclass(frozen=True, eq=False)
class PreferenceCounts:
    """How often each winner was preferred to each loser: the sufficient statistics of preferences.

    Attributes
    ----------
    winners, losers : (m,) int arrays
    counts : (m,) array
    """

    winners: NDArray  # (m,) int
    losers: NDArray  # (m,) int
    counts: NDArray  # (m,)

    @classmethod
    def of(cls, preferences: ArrayLike, n_items: int) -> PreferenceCounts:
        """Count (m, 2) preferences, the preferred item first."""
        pairs = check_pairs(preferences, n_items)
        unique, counts = np.unique(pairs[:, 0] * n_items + pairs[:, 1], return_counts=True)
        return cls(*np.divmod(unique, n_items), counts.astype(float))


@dataclass(frozen=True, eq=False)
class BradleyTerryFit:
    """Utilities fitted to preferences.

    Attributes
    ----------
    coef : (K,) array
        In units of utility per unit of feature.
    log_likelihood : float
        Sum over all preferences, in nats.
    converged : bool
    n_iter : int
    recession : Recession
        Directions of the coefficients without a finite maximum: preferences that are certain. None with a penalty.
    """

    coef: NDArray  # (K,)
    log_likelihood: float
    converged: bool
    n_iter: int
    recession: Recession


def fit_bradley_terry(
    features: Any,
    preferences: ArrayLike,
    *,
    temperature: float = 1.0,
    l2: float = 0.0,
    tol: float = 1e-8,
    max_iter: int = 1000,
) -> BradleyTerryFit:
    """Fit utilities linear in features by maximum likelihood.

    Parameters
    ----------
    features : (n, K) array, dense or sparse
        One row per item. The identity gives one utility per item. Only their differences are then determined, and their mean is 0
        if every item was compared.
    preferences : (m, 2) int array
        Pairs of items, the preferred first.
    temperature : float > 0
        tau; only utility / tau is identified.
    l2 : float >= 0
        Precision of a zero-mean Gaussian prior on each coefficient; it is added to the total log-likelihood.
    tol : float
    max_iter : int
        Both as for scikit-learn's ``LogisticRegression``.

    Returns
    -------
    BradleyTerryFit
    """
    tau = check_temperature(temperature, finite_positive=True)
    l2 = check_positive("l2", l2, or_zero=True)
    features = sparse.csr_array(features) if sparse.issparse(features) else check_numbers("features", features)
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(f"features must have shape (n, K), one row per item; got {features.shape}")
    if sparse.issparse(features):
        check_finite("features", features.data, ("stored entry",))
    else:
        check_finite("features", features, ("item", "feature"))
    seen = PreferenceCounts.of(preferences, features.shape[0])
    gaps = (features[seen.winners] - features[seen.losers]) / tau
    # Both orders of each pair, with opposite labels: scikit-learn needs two classes, and the likelihood is the same.
    stack = sparse.vstack([gaps, -gaps], format="csr") if sparse.issparse(gaps) else np.concatenate([gaps, -gaps])
    label = np.repeat([1, 0], len(seen.counts))
    model = LogisticRegression(C=1.0 / l2 if l2 > 0 else np.inf, fit_intercept=False, tol=tol, max_iter=max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # reported in the result
        model.fit(stack, label, sample_weight=np.tile(0.5 * seen.counts, 2))
    coef = model.coef_[0]
    log_likelihood = float(-(seen.counts * np.logaddexp(0.0, -(gaps @ coef))).sum())
    n_iter = int(model.n_iter_.max())
    recession = none_found(len(coef)) if l2 > 0 else _recession(gaps, seen.counts, coef)
    return BradleyTerryFit(coef, log_likelihood, n_iter < max_iter, n_iter, recession)


def _recession(gaps: Any, counts: NDArray, coef: NDArray) -> Recession:
    """Directions in which no preference contradicts the others; looked for with up to DENSE_FEATURES coefficients."""
    if len(coef) > DENSE_FEATURES:
        return none_found(len(coef))
    gram = gaps.T @ gaps
    gram = gram.toarray() if sparse.issparse(gram) else gram
    largest = np.abs(gaps).max(axis=0)
    largest = largest.toarray().ravel() if sparse.issparse(largest) else largest
    ignored = flat_directions(gram, largest * np.sqrt(gaps.shape[0]))

    def evaluate(at: NDArray) -> tuple[NDArray, NDArray]:
        lost = expit(-(gaps @ at))  # probability of the other outcome
        spread = counts * lost * (1.0 - lost)
        weighted = gaps.multiply(spread[:, None]) if sparse.issparse(gaps) else gaps * spread[:, None]
        curvature = gaps.T @ weighted
        curvature = curvature.toarray() if sparse.issparse(curvature) else curvature
        return -(gaps.T @ (counts * lost)), curvature

    return find_recession(evaluate, coef, unit=largest, total_weight=float(counts.sum()), ignored=ignored)
