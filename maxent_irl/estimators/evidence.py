r"""How strong the prior of the coefficients should be: the precision that the demonstrations themselves make most probable.

With the prior :math:`N(0, I / \lambda)`, the curvature H of the log-likelihood :math:`\ell` at the penalised estimate, and
Laplace's approximation, the evidence is

.. math:: \log p(D \mid \lambda) = \ell(\hat\theta) - \tfrac{\lambda}{2} |\hat\theta|^2
    - \tfrac12 \log\det(I + H / \lambda) .

Undetermined directions add nothing to it. Where coefficients are too many for their curvature, the precision is taken that
predicts the even trajectories best after a fit to the odd ones.

Source: MacKay, D. J. C. (1992), Bayesian interpolation, Neural Computation 4(3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from .fit import Fit
from .optimisers import Loss, minimise

CHOICES_OF_L2 = ("evidence",)
EVIDENCE_FEATURES = 1024  # beyond this many, curvatures take longer than fits
RANGE = (1e-5, 1e5)  # of the precision, per squared temperature
PRECISE = 0.1  # of its logarithm: the evidence is flat at its maximum
TOLERANCE = 1e-4  # of the fits on the way
HELD_OUT = tuple(10.0**k for k in range(3, -4, -1))  # precisions to be compared, per squared temperature


def choose_l2(posed: Fit, loss: Loss, coef: NDArray, *, solver: str) -> float:
    """The precision of the prior.

    Parameters
    ----------
    posed : Fit
        The problem before it is solved.
    loss : Loss
        Of all demonstrations; its precision is changed on the way.
    coef : (K,) array
        Start.
    solver : str
        As for `minimise`.
    """
    if len(coef) > EVIDENCE_FEATURES:
        return _by_held_out(posed, coef, solver)
    best: tuple[float, float, NDArray] = (np.inf, 1.0, coef)

    def minus_evidence(log_l2: float) -> float:
        nonlocal best
        l2 = float(np.exp(log_l2))
        loss.penalise(l2)
        point = minimise(loss, best[2], solver=solver, tol=TOLERANCE, max_iter=None).point
        if point.inner is None:
            return np.inf
        curvature = -point.inner.hessian / loss.temperature
        spectrum = np.maximum(np.linalg.eigvalsh(curvature), 0.0)
        found = point.value * loss.scale + 0.5 * float(np.log1p(spectrum / l2).sum())
        if found < best[0]:
            best = (found, l2, point.inner.theta)
        return found

    bounds = tuple(np.log(end / loss.temperature**2) for end in RANGE)
    optimize.minimize_scalar(minus_evidence, bounds=bounds, method="bounded", options={"xatol": PRECISE, "maxiter": 40})
    return best[1]


def _by_held_out(posed: Fit, coef: NDArray, solver: str) -> float:
    """The precision after which the even trajectories are most probable under the fit to the odd ones."""
    data = posed.demonstrations
    n = len(data)
    if n < 2:
        raise ValueError(
            f"with {len(coef):,} coefficients l2 is chosen by held-out trajectories, and there is only one: cut it into pieces, "
            "or give l2 as a number"
        )
    fitted, held = (posed.objective_for(data[np.arange(start, n, 2)]) for start in (0, 1))
    loss, scores = Loss(fitted, 0.0), []
    for candidate in HELD_OUT:  # from strong to weak: each starts the next
        loss.penalise(candidate / loss.temperature**2)
        point = minimise(loss, coef, solver=solver, tol=TOLERANCE, max_iter=None).point
        coef = coef if point.inner is None else point.inner.theta
        scores.append(-np.inf if point.inner is None else held.at(coef).value)
        if scores[-1] < max(scores) - 10 * loss.temperature:  # weaker ones only get worse
            break
    return HELD_OUT[int(np.argmax(scores))] / loss.temperature**2
