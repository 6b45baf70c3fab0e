"""The part of an estimator that says how sure its coefficients are, computed when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._validation import column_names
from ..information import Covariance, Information
from ..rewards import LinearReward
from . import _precision
from ._summary import FitSummary, summarise

if TYPE_CHECKING:
    from ..demonstrations import Demonstrations
    from ..task_sums import Likelihood


class StandardErrors:
    """Mixin: covariance, standard errors and summary of a fitted estimator.

    The estimator keeps the demonstrations it was fitted on (by reference), the values V it ended with, and the groups.
    """

    _fitted_on: Demonstrations
    _groups: NDArray | None
    _values: list[NDArray]
    _information: Information | None

    def _remember(self, demonstrations: Demonstrations, groups: ArrayLike | None) -> None:
        if groups is not None:
            groups = np.asarray(groups)
            if groups.shape != (len(demonstrations),):
                raise ValueError(
                    f"groups must hold one label per trajectory, shape ({len(demonstrations)},); got shape {groups.shape}"
                )
        self._fitted_on, self._groups, self._information = demonstrations, groups, None

    def _likelihood(self, demonstrations: Demonstrations, model: LinearReward) -> Likelihood:
        raise NotImplementedError

    def _nature_of_scores(self) -> tuple[bool, bool]:
        """Whether the information equality holds, and whether the scores of decisions are uncorrelated: see `Information`."""
        return _precision.information_equality(self.mdp, self.objective, self.inference), True

    @property
    def information_(self) -> Information:
        """Information about the coefficients at the fit: curvature, scores, flat directions."""
        check_is_fitted(self)
        if self._information is None:
            model = LinearReward(self.mdp, self.features)
            K = model.n_features
            if K > _precision.COVARIANCE_FEATURES:
                raise ValueError(
                    f"standard errors of {K} coefficients need several arrays of {K} x {K} numbers: use at most "
                    f"{_precision.COVARIANCE_FEATURES} features, or maxent_irl.uncertainty.bootstrap, which needs none"
                )
            likelihood = self._likelihood(self._fitted_on, model)
            size = _precision.feature_size(model, self.mdp, self.temperature, likelihood.total_weight)
            equality, uncorrelated = self._nature_of_scores()
            self._information = _precision.information(
                likelihood.at(self.coef_, self._values, n_columns=K),
                self._fitted_on,
                temperature=self.temperature,
                size=size,
                l2=self.l2,
                equality=equality,
                uncorrelated=uncorrelated,
            )
        return self._information

    def coefficient_covariance(self, kind: str | None = None, groups: ArrayLike | None = None) -> Covariance:
        """Covariance of the coefficients, of any kind.

        Parameters
        ----------
        kind : "observed", "opg", "robust" or "clustered", optional
            None: the estimator's ``covariance``. `Information.covariance` says what each one is.
        groups : (n,) array of group labels, one per trajectory, optional
            For "clustered". None: those given to `fit`.
        """
        kind = self.covariance if kind is None else kind
        return self.information_.covariance(kind, self._groups if groups is None else groups)

    @property
    def covariance_(self) -> NDArray:
        """(K, K) covariance of the coefficients, of the kind ``covariance`` names; see `Information.covariance`."""
        return self.coefficient_covariance().matrix

    @property
    def standard_errors_(self) -> NDArray:
        """(K,) standard errors of the coefficients: roots of the diagonal of `covariance_`."""
        return self.coefficient_covariance().standard_errors

    def summary(self, *, level: float = 0.95) -> FitSummary:
        """Table of coefficients with standard errors, and how well the model fits.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        Returns
        -------
        FitSummary
            Prints as a table for people; ``.coefficients`` is what ``pandas.DataFrame`` takes, ``.to_dict()`` is plain.
        """
        check_is_fitted(self)
        return summarise(self, self._fitted_on, level=level)

    def _coefficient_names(self) -> list[str]:
        names: Any = self.feature_names
        if names is None:
            names = column_names(self.features)
        if names is not None:
            return [str(name) for name in names]
        if self.features is not None:
            return [f"feature {k}" for k in range(len(self.coef_))]
        labels = self._fitted_on.state_labels
        if labels is not None and len(labels) == self.mdp.n_states:
            return [str(label) for label in labels]
        return [f"state {s}" for s in range(self.mdp.n_states)]
