r"""The discount as one more parameter: the profile of the likelihood, its maximum and its curvature.

With :math:`\hat\theta(\gamma)` the best coefficients at a discount, the profile is :math:`\ell_p(\gamma) =
\ell(\hat\theta(\gamma), \gamma)`. Its derivative is that of the likelihood at fixed coefficients. The continuation value is
linear in the discount, so it acts there as a feature does, the value :math:`(Q - r) / \gamma` of what follows:

.. math:: \alpha\, \ell_p'(\gamma) = \langle n + \mu, (Q - r) / \gamma \rangle .

The variance of the estimate is :math:`-1 / \ell_p''`, the entry of the inverse of the joint information; the covariance of the
coefficients gains the outer product of :math:`d\hat\theta / d\gamma` times that variance.

Source: Rust, J. (1994), Structural estimation of Markov decision processes, Handbook of Econometrics 4, and Magnac, T. and
Thesmar, D. (2002), Identifying dynamic discrete decision processes, Econometrica 70(2): without exclusion restrictions the
discount is not identified by rewards that are free in every state.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from .._checks import check_interval
from ..likelihood import TaskPoint
from .maxent import MaxEntIRL
from .mixture import MixtureIRL

STEP = 1e-3  # of the difference that gives the curvature, relative to the distance from 1
CLOSE = 1e-6  # to which the discount is found


@dataclass(frozen=True, eq=False)
class DiscountEstimate:
    """The discount that makes the demonstrations most likely.

    Attributes
    ----------
    discount : float
    standard_error : float
        NaN at a bound.
    estimator : MaxEntIRL or MixtureIRL
        Fitted at that discount. Its own errors take the discount as known.
    coefs : (K,) or (C, K) array
    standard_errors : like `coefs`
        With the discount unknown.
    slopes : like `coefs`
        How the coefficients change with the discount.
    log_likelihood : float
    profile : (n, 3) array
        Discounts that were tried, with the log-likelihood and its derivative.
    at_bound : bool
    """

    discount: float
    standard_error: float
    estimator: MaxEntIRL | MixtureIRL
    coefs: NDArray
    standard_errors: NDArray
    slopes: NDArray
    log_likelihood: float
    profile: NDArray  # (n, 3)
    at_bound: bool


def estimate_discount(
    estimator: MaxEntIRL | MixtureIRL, X: Any, *, bounds: tuple[float, float] = (0.05, 0.995), **fit_options: Any
) -> DiscountEstimate:
    """Estimate the discount together with the coefficients, by maximum likelihood.

    Parameters
    ----------
    estimator : MaxEntIRL with ``objective="likelihood"``, or MixtureIRL
        It is cloned. The search starts at the discount of its MDP.
    X : as for its `fit`; without goals
    bounds : (low, high)
        Of the discount, above 0 and below 1.
    **fit_options
        For `fit`, such as ``groups=``.

    Raises
    ------
    ValueError
        For feature matching, whose weights depend on the discount, so that its value does not compare discounts.

    Warns
    -----
    ConvergenceWarning
        If the likelihood has no maximum between the bounds.

    Examples
    --------
    >>> from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
    >>> from maxent_irl.estimators.discount import estimate_discount
    >>> from maxent_irl.worlds import GridWorld
    >>> world = GridWorld(4, discount=0.8)
    >>> features = world.features("smooth", n_features=2)
    >>> policy = soft_value_iteration(world.mdp, features @ [3.0, -2.0]).policy
    >>> demos = sample_demonstrations(world.mdp, policy, 200, max_steps=20, random_state=0)
    >>> found = estimate_discount(MaxEntIRL(world.mdp, features, objective="likelihood"), demos)
    >>> abs(found.discount - 0.8) < 2 * found.standard_error
    True
    """
    if getattr(estimator, "objective", "likelihood") != "likelihood":
        raise ValueError('the discount is estimated by maximum likelihood: set objective="likelihood"')
    low, high = bounds
    check_interval("bounds[0]", low, 0.0, 1.0)
    check_interval("bounds[1]", high, low, 1.0)
    model = clone(estimator).set_params(warm_start=True)
    tried: dict[float, tuple[float, float, NDArray]] = {}

    def slope(discount: float) -> float:
        """Derivative of the profile."""
        if discount not in tried:
            model.set_params(mdp=estimator.mdp.replace(discount=discount)).fit(X, **fit_options)
            coefs = model.coefs_ if isinstance(model, MixtureIRL) else model.coef_
            tried[discount] = (float(model.log_likelihood_), discount_score(model), coefs.copy())
        return tried[discount][1]

    best, found = _root(slope, min(max(estimator.mdp.discount, low), high), low, high)
    near = {}
    if found:
        h = STEP * (1.0 - best)
        near = {side: (slope(best + side * h), tried[best + side * h][2]) for side in (-1, 1)}
        curvature = (near[1][0] - near[-1][0]) / (2 * h)
        slopes = (near[1][1] - near[-1][1]) / (2 * h)
        error = float(1.0 / np.sqrt(-curvature)) if curvature < 0 else float("nan")
    else:
        slopes, error = np.full_like(tried[best][2], np.nan), float("nan")
        warnings.warn(
            f"the likelihood has no maximum at a discount between {low:g} and {high:g}: the estimate is the bound {best:g}. "
            "The demonstrations may not identify the discount: rewards that are free in every state leave it open",
            ConvergenceWarning,
            stacklevel=2,
        )
    slope(best)
    model.set_params(mdp=estimator.mdp.replace(discount=best)).fit(X, **fit_options)
    own = model.standard_errors_
    rows = sorted((discount, value, score) for discount, (value, score, _) in tried.items())
    return DiscountEstimate(
        best,
        error,
        model,
        tried[best][2],
        np.sqrt(own**2 + (slopes * error) ** 2),
        slopes,
        tried[best][0],
        np.array(rows),
        not found,
    )


def discount_score(estimator: MaxEntIRL | MixtureIRL) -> float:
    """Derivative of a fit's log-likelihood with respect to the discount, at fixed coefficients."""
    total = 0.0
    for point in estimator.weighted_points():
        if not isinstance(point, TaskPoint):
            raise ValueError("the discount is estimated without goals: drop them")
        ahead = np.swapaxes(point.solution.Q, -1, -2).reshape(point.policy.shape) - point.reward
        mass = point.objective.pairs.dense(point.policy.shape) + point.visitations
        used = mass != 0.0  # values of -inf are those of actions that are never taken
        total += (
            float(mass[used] @ ahead[used]) / point.objective.agent.mdp.discount / point.objective.agent.temperature
        )
    return total


def _root(slope: Any, start: float, low: float, high: float) -> tuple[float, bool]:
    """Where a decreasing slope is zero, or the bound towards which it points."""
    here, step = start, 0.25 * (1.0 - start)
    direction = 1.0 if slope(here) > 0 else -1.0
    while True:
        there = min(max(here + direction * step, low), high)
        if there == here:
            return here, False
        if slope(there) * direction <= 0:
            break
        here, step = there, 2 * step if direction < 0 else 0.5 * (1.0 - there)
    root = optimize.brentq(slope, min(here, there), max(here, there), xtol=CLOSE, rtol=1e-7)
    return float(root), True
