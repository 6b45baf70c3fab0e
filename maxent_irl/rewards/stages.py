"""Rewards that are sums of regressors, as boosting builds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .linear import Features


class OffsetReward:
    """A reward that is linear in features, added to a fixed one.

    Parameters
    ----------
    offset : array in the shape of the reward
    features : Features

    Attributes
    ----------
    n_parameters : int
    """

    n_parameters: int

    def __init__(self, offset: NDArray, features: Features) -> None:
        self.offset, self.features, self.n_parameters = offset, features, features.n_features

    def __call__(self, coef: NDArray) -> NDArray:
        """Reward for coefficients (K,)."""
        return self.offset + self.features.rewards(coef)

    def vjp(self, coef: NDArray, mass: NDArray) -> NDArray:
        """(K,)."""
        return self.features.total(mass)

    def jacobian(self, coef: NDArray) -> Features:
        """The features."""
        return self.features


class Stage:
    """One regressor of a sum, as a linear function of its leaves or, where it has none, of its prediction.

    Parameters
    ----------
    regressor : fitted scikit-learn regressor
    rows : (U, D) array
        On which it was fitted.
    """

    def __init__(self, regressor: Any, rows: NDArray) -> None:
        self.regressor = regressor
        self.leaves = np.unique(regressor.apply(rows)) if hasattr(regressor, "apply") else None
        self.coef = np.zeros(1 if self.leaves is None else len(self.leaves))

    def columns(self, rows: NDArray) -> sparse.csr_array:
        """Which leaf each row is in, or the prediction of the regressor, (n, K)."""
        if self.leaves is None:
            return sparse.csr_array(np.asarray(self.regressor.predict(rows), dtype=float).reshape(-1, 1))
        found = np.searchsorted(self.leaves, self.regressor.apply(rows))
        n = len(found)
        return sparse.csr_array((np.ones(n), found, np.arange(n + 1)), shape=(n, len(self.leaves)))


class BoostedReward(RegressorMixin, BaseEstimator):
    """The sum of the stages as a fitted scikit-learn regressor: what `sklearn.inspection` takes.

    Attributes
    ----------
    stages_ : list of Stage
    constant_ : float
    n_features_in_ : int
    feature_importances_ : (D,) array
        Mean of those of the stages, for regressors that have them. They add up to 1.
    """

    stages_: list[Stage]
    constant_: float
    n_features_in_: int

    @classmethod
    def of(cls, stages: list[Stage], n_columns: int, constant: float) -> BoostedReward:
        """A constant and fitted stages."""
        new = cls()
        new.stages_, new.n_features_in_, new.constant_ = stages, n_columns, constant
        return new

    def fit(self, X: Any, y: Any = None) -> BoostedReward:
        """Refused: stages are fitted to demonstrations."""
        raise TypeError("the reward is learnt from demonstrations: fit BoostedIRL, and read its regressor_")

    def predict(self, X: Any) -> NDArray:
        """Reward (n,) at inputs (n, D)."""
        *_, last = self.staged_predict(X)
        return last

    def staged_predict(self, X: Any) -> Iterator[NDArray]:
        """Reward (n,) of no stage, of the first, of the first two, and so on."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=float)
        total = np.full(len(rows), self.constant_)
        yield total
        for stage in self.stages_:
            total = total + stage.columns(rows) @ stage.coef
            yield total

    @property
    def feature_importances_(self) -> NDArray:
        """(D,)."""
        check_is_fitted(self)
        missing = [stage for stage in self.stages_ if not hasattr(stage.regressor, "feature_importances_")]
        if missing:
            raise AttributeError(f"{type(missing[0].regressor).__name__} has no feature_importances_")
        total = sum((stage.regressor.feature_importances_ for stage in self.stages_), np.zeros(self.n_features_in_))
        return total / total.sum() if total.sum() > 0 else total
