r"""Maps with their error: the standard error of the reward, and of choice probabilities, state by state.

The delta method: a differentiable function f of the estimates has covariance :math:`J\, \mathrm{Cov}(\hat\theta)\, J^\top`,
J its derivative. The reward is linear, so for it the delta method is exact; for the policy
:math:`\partial\pi = \pi\, (\partial Q - \partial V) / \alpha`, from one linear solve with K right-hand sides.

Source: Oehlert, G. W. (1992), A note on the delta method, The American Statistician 46(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special
from sklearn.utils.validation import check_is_fitted

from ..inference.brief_repr import BriefRepr
from ..likelihood.task import value_sensitivity

if TYPE_CHECKING:
    from .resampling import Bootstrap


@dataclass(frozen=True, eq=False, repr=False)
class ErrorMap(BriefRepr):
    """A number per state, or per state and action, with its standard error.

    Attributes
    ----------
    estimate, standard_error : (S,), (S, A) or (T, S, A) arrays
        In units of reward, or probabilities.
    centred : bool
        Whether the mean over the states (pairs) in which decisions are taken was made 0.
    description : str
        Where the errors come from.
    """

    estimate: NDArray
    standard_error: NDArray
    centred: bool
    description: str

    def interval(self, level: float = 0.95) -> tuple[NDArray, NDArray]:
        """Lower and upper ends of the normal interval that covers with probability `level`, pointwise."""
        reach = special.ndtri(0.5 + level / 2) * self.standard_error
        return self.estimate - reach, self.estimate + reach


def reward_map(
    estimator: Any,
    *,
    kind: str | None = None,
    groups: ArrayLike | None = None,
    centre: bool | None = None,
    bootstrap: Bootstrap | None = None,
) -> ErrorMap:
    """Recovered reward with its standard error.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    kind, groups
        Which covariance, as for `MaxEntIRL.coefficient_covariance`.
    centre : bool, optional
        Whether to make the mean reward over states (pairs) in which decisions are taken 0 before asking how sure it is. None:
        where behaviour does not depend on the constant, because episodes end by themselves nowhere. Its error would otherwise
        be added to that of every state, although it means nothing.
    bootstrap : Bootstrap, optional
        Take the spread over these replicates instead of the covariance.

    Returns
    -------
    ErrorMap
        (S,), or (S, A) for features per action.
    """
    check_is_fitted(estimator)
    mdp, features = estimator.fit_.agent.mdp, estimator.fit_.point.features
    centre = constant_is_free(estimator) if centre is None else centre
    used = features.rows(np.ascontiguousarray(mdp.available.T))
    matrix = features.matrix
    mean = np.asarray(matrix[used].mean(axis=0)).ravel() if centre else np.zeros(features.n_features)
    estimate = matrix @ estimator.coef_ - mean @ estimator.coef_
    if bootstrap is not None:
        C, description = bootstrap.covariance, f"bootstrap, {len(bootstrap.coef)} replicates"
    else:
        covariance = estimator.coefficient_covariance(kind, groups)
        C, description = covariance.matrix, covariance.description
    variance = _rows_times(matrix, C) - 2 * (matrix @ (C @ mean)) + mean @ C @ mean
    spread = np.sqrt(np.maximum(variance, 0.0))
    if features.per_state:
        return ErrorMap(estimate, spread, centre, description)
    estimate, spread = (np.swapaxes(values.reshape(features.shape), -1, -2) for values in (estimate, spread))
    return ErrorMap(estimate, spread, centre, description)


def policy_map(
    estimator: Any, *, kind: str | None = None, groups: ArrayLike | None = None, goal: int | None = None
) -> ErrorMap:
    """Recovered choice probabilities with their standard errors.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    kind, groups
        Which covariance, as for `MaxEntIRL.coefficient_covariance`.
    goal : int, optional
        State that ends the task, where demonstrations had goals.

    Returns
    -------
    ErrorMap
        (S, A), or (T, S, A) with a horizon.
    """
    check_is_fitted(estimator)
    estimator.fit_.check_goal(goal)
    features = estimator.fit_.point.features
    solution = estimator.fit_.solve(goal)
    dV = value_sensitivity(solution, features)
    covariance = estimator.coefficient_covariance(kind, groups)
    linear = solution.linearisation
    spread = np.empty(linear.policy.shape)
    for stage, now, after in linear.stages():
        expected = stage.expect(np.ascontiguousarray(dV[after]))
        for a, probability in enumerate(stage.policy):
            odds = features.at(now).of_action(a) + expected[a] - dV[now]
            odds[probability == 0] = 0.0
            spread[now, a] = probability / solution.temperature * np.sqrt(_rows_times(odds, covariance.matrix))
    spread = np.swapaxes(spread, -1, -2).reshape(solution.policy.shape)
    return ErrorMap(solution.policy, spread, False, covariance.description)


def constant_is_free(estimator: Any) -> bool:
    """Whether adding a constant to every reward changes no behaviour: nothing ends but by the horizon."""
    mdp = estimator.mdp
    ends = mdp.terminal.any() or mdp.ending is not None or estimator.fit_.demonstrations.goals is not None
    return not ends


def _rows_times(rows: Any, C: NDArray) -> NDArray:
    """``x' C x`` for every row x of a dense or sparse (n, K) matrix."""
    product = rows @ C
    if sparse.issparse(rows):
        return np.maximum(np.asarray(rows.multiply(product).sum(axis=1)).ravel(), 0.0)
    return np.maximum(np.einsum("nk,nk->n", rows, product), 0.0)
