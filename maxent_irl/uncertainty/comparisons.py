r"""Tests between models: the likelihood ratio of nested fits, and Wald's test of linear restrictions on one fit.

.. math::

    \mathrm{LR} = 2\,(\ell_\text{full} - \ell_\text{restricted}), \qquad
    W = (R\hat\theta - q)^\top \bigl(R\, \mathrm{Cov}(\hat\theta)\, R^\top\bigr)^{-1} (R\hat\theta - q),

both chi-squared with as many degrees of freedom as there are independent restrictions, if these hold.

Sources: Wilks, S. S. (1938), The large-sample distribution of the likelihood ratio for testing composite hypotheses, Annals of
Mathematical Statistics 9(1); Wald, A. (1943), Tests of statistical hypotheses concerning several parameters, Transactions of the
American Mathematical Society 54(3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special
from sklearn.utils.validation import check_is_fitted

from .._checks import check_numbers
from ..mdp import MDP
from ..mdp.html import ShownAsText

# Parameters of an estimator that do not change which policies it can fit, or are looked at by themselves.
WITHOUT_EFFECT = {
    *("features", "feature_names", "temperature", "objective", "l2", "solver", "tol", "max_iter", "warm_start"),
    *("covariance", "record_iterates", "callback", "n_jobs"),
}


@dataclass(frozen=True)
class TestResult(ShownAsText):
    """Outcome of a chi-squared test.

    Attributes
    ----------
    statistic : float
    degrees_of_freedom : int
    p_value : float
        Probability of a statistic at least this large if the restrictions hold.
    description : str
    """

    __test__ = False  # not a test for pytest to collect

    statistic: float
    degrees_of_freedom: int
    p_value: float
    description: str

    def __str__(self) -> str:
        return (
            f"{self.description}: chi-squared({self.degrees_of_freedom}) = {self.statistic:.4g}, p = {self.p_value:.4g}"
        )


def likelihood_ratio_test(restricted: Any, full: Any) -> TestResult:
    """Test whether the additional features of a model improve the fit by more than chance.

    Parameters
    ----------
    restricted, full : fitted MaxEntIRL
        Fitted on the same demonstrations, with the first one's features a special case of the second one's. Degrees of freedom
        are the difference in rank.

    Returns
    -------
    TestResult

    Raises
    ------
    ValueError
        If a fit has a penalty. If a fit maximises no likelihood: feature matching with a discount, under stochastic dynamics,
        or with a receding horizon (use `wald_test`). If the demonstrations or any setting but the features differ. If a feature
        of the first model is no combination of the second one's. If the second model has no higher rank, or fits worse.
    """
    for name, fit in (("restricted", restricted), ("full", full)):
        check_is_fitted(fit)
        if fit.fit_.l2:
            raise ValueError(
                f"the {name} model was fitted with l2={fit.fit_.l2:g}: a penalised fit maximises no likelihood"
            )
        if not fit.information_.equality:
            raise ValueError(
                f"the {name} model was fitted by feature matching, which is no likelihood with a discount, under stochastic "
                'dynamics, or of travellers with a receding horizon: fit it with objective="likelihood", or use wald_test'
            )
    if restricted.fit_.demonstrations != full.fit_.demonstrations:
        raise ValueError("the models were fitted on different demonstrations: their likelihoods cannot be compared")
    freedom = full.information_.rank - restricted.information_.rank
    if freedom < 1:
        raise ValueError(
            f"the full model determines {full.information_.rank} coefficients and the restricted one "
            f"{restricted.information_.rank}: there is nothing to test (are they the wrong way round?)"
        )
    _check_nested(restricted, full)
    statistic = 2 * (full.log_likelihood_ - restricted.log_likelihood_)
    if statistic < -1e-4:
        raise ValueError(
            f"the full model fits worse by {-statistic / 2:.4g} nats: the restricted one is no special case of it, or it "
            "has not converged"
        )
    statistic = max(statistic, 0.0)
    return TestResult(statistic, freedom, float(special.chdtrc(freedom, statistic)), "likelihood-ratio test")


def _check_nested(restricted: Any, full: Any) -> None:
    """Raise unless the models differ in their features alone, and the second one's can make the first one's."""
    settings = set(full.get_params(deep=False)) - WITHOUT_EFFECT
    for name in sorted(settings | set(restricted.get_params(deep=False)) - WITHOUT_EFFECT):
        ours, theirs = (getattr(fit, name, None) for fit in (restricted, full))
        same: Callable[[Any, Any], bool] = _same_mdp if name == "mdp" else np.array_equal
        if not (ours is theirs or same(ours, theirs)):
            said = "" if name in ("mdp", "action_prior") else f" ({ours!r} and {theirs!r})"
            raise ValueError(
                f"the models differ in {name}{said}, so the restricted one is no special case of the full one"
            )
    both = [fit.fit_.point.features for fit in (restricted, full)]
    pairs = np.ascontiguousarray(full.fit_.agent.mdp.available.T)
    if both[0].per_state and both[1].per_state:
        ours, theirs = (features.matrix[features.rows(pairs)] for features in both)
    else:
        ours, theirs = (features.of_pairs(*np.nonzero(pairs)) for features in both)
    sizes = [features.largest(features.rows(pairs)) for features in both]
    units = [sparse.diags_array(1.0 / np.where(size > 0, size, 1.0)) for size in sizes]
    ours, theirs = ours @ units[0], theirs @ units[1]
    gram, cross = theirs.T @ theirs, theirs.T @ ours
    gram, cross = (x.toarray() if sparse.issparse(x) else x for x in (gram, cross))
    left = ours - theirs @ np.linalg.lstsq(gram, cross, rcond=1e-14)[0]
    alien = np.flatnonzero(np.abs(left).max(axis=0) > 1e-5)
    if alien.size:
        raise ValueError(
            f"{restricted.fit_.names[alien[0]]!r} of the restricted model is no combination of the full model's "
            "features, so it is no special case of it: add it to the full model"
        )


def _same_mdp(one: MDP, other: MDP) -> bool:
    """Whether two MDPs have the same numbers."""
    names = ("n_states", "n_actions", "discount", "horizon", "terminal", "available", "ending")
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return same and (one.transitions is other.transitions or (one.transitions != other.transitions).nnz == 0)


def wald_test(
    estimator: Any,
    restrictions: Mapping[str, float] | ArrayLike,
    values: ArrayLike | None = None,
    *,
    kind: str | None = None,
    groups: ArrayLike | None = None,
) -> TestResult:
    """Test linear restrictions on the coefficients of one fit, with any of its covariances.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    restrictions : dict from name of a feature to the value of its coefficient, or (R, K) or (K,) array
        Rows of the matrix R in ``R @ coef = values``.
    values : (R,) array, optional
        Default 0. Not with a dict.
    kind, groups
        Which covariance, as for `MaxEntIRL.coefficient_covariance`.

    Returns
    -------
    TestResult
        Redundant restrictions count once.

    Raises
    ------
    ValueError
        For unknown features, wrong shapes, and restrictions on which the data are silent.
    """
    check_is_fitted(estimator)
    names, coef = estimator.fit_.names, estimator.coef_
    R, q = _restrictions(restrictions, values, names)
    bad = ~(np.isfinite(R).all(axis=1) & np.isfinite(q)) | ~R.any(axis=1)
    if bad.any() or not len(R):
        which = f"; restriction {int(np.flatnonzero(bad)[0])} is not" if bad.any() else "; there are none"
        raise ValueError(f"restrictions must be finite numbers, not all zero in any row{which}")
    covariance = estimator.coefficient_covariance(kind, groups)
    scale = np.linalg.norm(R, axis=1)
    silent = np.abs(R @ covariance.flat).max(axis=1, initial=0.0) > 1e-6 * scale
    if silent.any():
        raise ValueError(
            f"the demonstrations say nothing about restriction {int(np.flatnonzero(silent)[0])}: it has a part in a direction "
            "along which the likelihood is flat (see identifiability)"
        )
    gap = R @ coef - q
    spread, vectors = np.linalg.eigh(R @ covariance.matrix @ R.T)
    kept = spread > 1e-12 * spread.max()
    along = vectors.T @ gap
    if (np.abs(along[~kept]) > 1e-8 * (1 + np.abs(gap).max())).any():
        # A combination of the restrictions whose left side is zero and whose right side is not.
        combination = np.abs(vectors[:, ~kept] @ along[~kept])
        involved = [str(row) for row in np.flatnonzero(combination > 1e-6 * combination.max())]
        listed = " and ".join(filter(None, [", ".join(involved[:-1]), involved[-1]]))
        raise ValueError(
            f"restrictions {listed} contradict one another: their left sides depend on each other, and no coefficients have "
            "these values; leave one of them out, or correct its value"
        )
    statistic, freedom = float((along[kept] ** 2 / spread[kept]).sum()), int(kept.sum())
    return TestResult(
        statistic, freedom, float(special.chdtrc(freedom, statistic)), f"Wald test ({covariance.kind} errors)"
    )


def _restrictions(restrictions: Any, values: ArrayLike | None, names: list[str]) -> tuple[NDArray, NDArray]:
    """The matrix R, (R, K), and the right-hand side, (R,)."""
    K = len(names)
    if isinstance(restrictions, Mapping):
        if values is not None:
            raise ValueError("values are given with the names of the features already")
        unknown = [name for name in restrictions if name not in names]
        if unknown:
            raise ValueError(f"there is no feature {unknown[0]!r}; there are {', '.join(names[:20])}")
        rows = np.eye(K)[[names.index(name) for name in restrictions]]
        return rows, check_numbers("the values of restrictions", list(restrictions.values()))
    R = np.atleast_2d(check_numbers("restrictions", restrictions))
    if R.ndim != 2 or R.shape[1] != K or not len(R):
        raise ValueError(f"restrictions must be rows of {K} numbers; got shape {R.shape}")
    q = np.zeros(len(R)) if values is None else np.atleast_1d(check_numbers("values", values))
    if q.shape != (len(R),):
        raise ValueError(f"values must hold {len(R)} numbers, one per restriction; got shape {q.shape}")
    return R, q
