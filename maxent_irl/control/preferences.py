r"""Reward from preferences between trajectories, instead of from demonstrations.

A judge sees two trajectories and says which is better. Under the Bradley-Terry model with the discounted return as utility,

.. math::

    p(\tau_1 \succ \tau_2) = \sigma \Bigl( \frac{R_\theta(\tau_1) - R_\theta(\tau_2)}{\alpha} \Bigr), \qquad
    R_\theta(\tau) = \sum_t \gamma^t \phi(s_t, a_t)^\top \theta .

The coefficients are therefore those of a logistic regression on differences of discounted feature counts. `MaxEntIRL` infers the
reward from a choice among all trajectories; here the choice is between two, and no soft Bellman equation is solved. Both estimate
the same reward.

Sources: Christiano, P. F., et al. (2017), Deep reinforcement learning from human preferences, NeurIPS 30; Bradley, R. A., &
Terry, M. E. (1952), Rank analysis of incomplete block designs, Biometrika 39(3/4), 324-345.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .._checks import check_temperature, column_names
from ..demonstrations.labelled import as_demonstrations, demonstrations_for
from ..likelihood.information import IdentifiabilityWarning
from ..mdp import MDP, check_mdp
from ..rewards import Features, LinearReward
from .bradley_terry import check_pairs, fit_bradley_terry


class Comparisons(Sequence[Any]):
    """Pairs of trajectories to be compared; a trajectory may occur in many pairs.

    It can be indexed like a list, so scikit-learn's cross-validation accepts it.

    Parameters
    ----------
    trajectories : Demonstrations, or anything its constructor takes
    pairs : (m, 2) int array
        Positions of the first and the second trajectory of each comparison.

    Examples
    --------
    >>> from maxent_irl.control import Comparisons
    >>> Comparisons([([0, 1], [1]), ([0, 0], [0]), ([1, 1], [0])], [[0, 1], [2, 0]])
    Comparisons(2 pairs of 3 trajectories)
    """

    def __init__(self, trajectories: Any, pairs: ArrayLike) -> None:
        self.trajectories = as_demonstrations(trajectories)
        self.pairs = check_pairs(pairs, len(self.trajectories))

    @classmethod
    def of(cls, comparisons: Iterable[Any]) -> Comparisons:
        """Build from a sequence of (first, second) trajectories, or return a Comparisons as it is."""
        if isinstance(comparisons, Comparisons):
            return comparisons
        if not isinstance(comparisons, Iterable):
            raise ValueError(f"comparisons must be pairs of trajectories; got {type(comparisons).__name__}")
        both = []
        for i, pair in enumerate(comparisons):
            if not hasattr(pair, "__len__") or len(pair) != 2:
                got = (
                    f"holds {len(pair)} trajectories"
                    if hasattr(pair, "__len__")
                    else f"is of type {type(pair).__name__}"
                )
                raise ValueError(f"comparison {i} {got}; give a first and a second one, or pass Comparisons(...)")
            both.extend(pair)
        try:
            return cls(both, np.arange(len(both)).reshape(-1, 2))
        except ValueError as error:
            raise ValueError(f"{error} (comparison i is of trajectories 2 i and 2 i + 1)") from None

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: Any) -> Any:
        """A (first, second) tuple for an integer; a Comparisons for a slice, integers or a boolean mask."""
        chosen = self.pairs[key]
        if chosen.ndim == 1:
            return self.trajectories[chosen[0]], self.trajectories[chosen[1]]
        return Comparisons(self.trajectories, chosen)

    def __repr__(self) -> str:
        return f"Comparisons({len(self):,} pairs of {len(self.trajectories):,} trajectories)"


class PreferenceIRL(ClassifierMixin, BaseEstimator):
    """Estimate the reward from preferences between pairs of trajectories.

    To scikit-learn it is a classifier of comparisons, so ``scoring="roc_auc"`` and ``"accuracy"`` apply. Its own `score` is the
    mean log-likelihood.

    Parameters
    ----------
    mdp : MDP
        Its discount weights the rewards of a trajectory. Its dynamics are used only to check that trajectories are possible.
    features : (S, K) or (S, A, K) array, dense or sparse, optional
        None: one indicator per state, so that `coef_` is one reward per state.
    temperature : float > 0
        Difference of returns, in units of reward, at which the preference has log-odds 1. Only reward / temperature is
        identified.
    l2 : float >= 0
        Precision of a zero-mean Gaussian prior on each coefficient; it is added to the total log-likelihood. With 0,
        directions of the coefficients that no comparison determines are estimated as 0.
    tol : float
    max_iter : int
        Both as for scikit-learn's ``LogisticRegression``.

    Attributes
    ----------
    coef_ : (K,) array
    reward_ : (S,) array, or (S, A) for features per action
    classes_ : (2,) array
        0 and 1; 1 means that the first trajectory of a comparison was preferred.
    log_likelihood_ : float
        Sum over all comparisons, in nats.
    n_comparisons_, n_iter_ : int
    converged_ : bool
    recession_ : Recession
        Directions of the coefficients without a finite maximum; `Recession.signs` says which coefficients have no finite value.

    Raises
    ------
    ValueError
        For bad input, naming the comparison, or the trajectory and step.

    Warns
    -----
    ConvergenceWarning
        If the fit did not converge; the attributes are set nevertheless.
    IdentifiabilityWarning
        If no comparison contradicts some direction of the coefficients, so that there is no finite maximum, naming it.

    References
    ----------
    See the module's docstring.
    """

    def __init__(
        self,
        mdp: MDP,
        features: Any = None,
        *,
        temperature: float = 1.0,
        l2: float = 0.0,
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.mdp = mdp
        self.features = features
        self.temperature = temperature
        self.l2 = l2
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: ArrayLike) -> PreferenceIRL:
        """Estimate the reward.

        Parameters
        ----------
        X : Comparisons, or a sequence of (first, second) trajectories
        y : (m,) array of 0 and 1, or bool
            1 where the first trajectory was preferred.

        Returns
        -------
        self
        """
        check_mdp(self.mdp)
        comparisons = Comparisons.of(X)
        self.demonstrations_ = comparisons.trajectories
        first = _check_outcomes(y, len(comparisons))
        model = LinearReward(self.mdp, self.features)
        preferences = np.where(first[:, None], comparisons.pairs, comparisons.pairs[:, ::-1])
        fit = fit_bradley_terry(
            self.feature_counts(comparisons.trajectories),
            preferences,
            temperature=self.temperature,
            l2=self.l2,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        reward = model(fit.coef)
        self.coef_ = fit.coef
        self.reward_ = reward if reward.ndim == 1 else reward.T
        self.classes_ = np.array([0, 1])
        self.log_likelihood_ = fit.log_likelihood
        self.n_comparisons_, self.n_features_in_ = len(comparisons), model.n_parameters
        self.n_iter_, self.converged_, self.recession_ = fit.n_iter, fit.converged, fit.recession
        if fit.recession.span.shape[1]:
            names = column_names(self.features) or [f"feature {k}" for k in range(model.n_parameters)]
            warnings.warn(
                f"no preference contradicts the direction {fit.recession.describe([str(name) for name in names])} of the "
                "coefficients: the farther along it, the more probable the preferences, so there is no finite maximum; coef_ is "
                "where the fit stopped. Set l2 > 0, or give more preferences",
                IdentifiabilityWarning,
                stacklevel=2,
            )
        elif not fit.converged:
            warnings.warn(
                f"the fit did not converge in {fit.n_iter} iterations: raise max_iter, or set l2 > 0 if some preferences are "
                "certain, so that coefficients grow without bound",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def returns(self, trajectories: Any) -> NDArray:
        """Discounted return of each trajectory under the estimated reward, (n,)."""
        check_is_fitted(self)
        return self.feature_counts(trajectories) @ self.coef_

    def feature_counts(self, trajectories: Any) -> NDArray | sparse.csr_array:
        """Discounted feature counts of each trajectory, (n, K), sparse where the features are; needs no fit."""
        check_mdp(self.mdp)
        given = demonstrations_for(self, trajectories)
        features = Features(self.mdp, self.features)
        columns = given.states if features.per_state else given.actions * self.mdp.n_states + given.states
        weight = self.mdp.discount ** given.times.astype(float)
        shape = (len(given), features.matrix.shape[0])
        return sparse.coo_array((weight, (given.trajectory_ids, columns)), shape=shape).tocsr() @ features.matrix

    def predict_proba(self, X: Any) -> NDArray:
        """Probability of each class, (m, 2): the second trajectory is preferred (column 0), or the first (column 1)."""
        first = expit(self._gaps(X))
        return np.column_stack([1.0 - first, first])

    def predict(self, X: Any) -> NDArray:
        """Class of each comparison, (m,): 1 where the first trajectory has the higher return, else 0."""
        return (self._gaps(X) > 0).astype(int)

    def score(self, X: Any, y: ArrayLike) -> float:
        """Mean log-likelihood per comparison, in nats; equal probabilities score -log 2."""
        gaps = self._gaps(X)
        first = _check_outcomes(y, len(gaps))
        return float(-np.logaddexp(0.0, np.where(first, -gaps, gaps)).mean())

    def _gaps(self, X: Any) -> NDArray:
        """Difference of the returns of each comparison, in temperatures; (m,)."""
        check_is_fitted(self)
        comparisons = Comparisons.of(X)
        value = self.returns(comparisons.trajectories) / check_temperature(self.temperature, finite_positive=True)
        return value[comparisons.pairs[:, 0]] - value[comparisons.pairs[:, 1]]


def _check_outcomes(y: ArrayLike, n: int) -> NDArray:
    """Return outcomes as (n,) bool; ValueError names the first that is neither 0 nor 1."""
    outcome = np.asarray(y)
    if outcome.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one outcome per comparison; got {outcome.shape}")
    bad = np.flatnonzero(~np.isin(outcome, (0, 1)))
    if len(bad):
        raise ValueError(
            f"the outcome of comparison {bad[0]} is {outcome[bad[0]]}; give 1 where the first is preferred, else 0"
        )
    return outcome.astype(bool)
