"""Maximising an objective: the loss that optimisers see, and the three ways to minimise it.

The loss is the mean negative log-likelihood per decision plus the penalty, so that tolerances mean the same whatever the
amount of data. scipy's optimisers do the work. "gradient-ascent" alone is written out, because it is the textbook algorithm and
there to be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.sparse.linalg import lsmr

from ..inference.cycles import ImproperProblemError
from ..likelihood.objective import Objective, ObjectivePoint
from ..mdp import MDP
from ..rewards import Features, RewardModel, SmoothRewardModel

SOLVERS = ("auto", "gradient-ascent", "lbfgs", "newton")
DENSE_HESSIAN_FEATURES = 256  # up to this many features the exact Hessian is formed, beyond it only multiplied with
DEFAULT_MAX_ITER = {"gradient-ascent": 2000, "lbfgs": 1000, "newton": 200}
POLISHING_STEPS = 5
RUNAWAY = 1e100  # largest coefficient that is looked at
PRODUCT_RTOL = 1e-8  # of the linear solves inside Hessian-vector products


@dataclass(frozen=True)
class Progress:
    """What a callback is told after each iteration.

    Attributes
    ----------
    iteration : int
    loss : float
        Mean negative penalised log-likelihood per decision, nats.
    gradient : float
        Largest absolute component of its gradient.
    coef : (K,) array
    feature_gap : (K,) array
        Demonstrated minus expected features per decision, as in `feature_gap_`.
    """

    iteration: int
    loss: float
    gradient: float
    coef: NDArray
    feature_gap: NDArray


@dataclass
class Optimum:
    """Where an optimiser stopped.

    Attributes
    ----------
    point : LossPoint
    tol : float
    converged : bool
    n_iter : int
    message : str
        Why it stopped.
    loss_curve : list of float
    coef_path : list of (K,) arrays
    last_step : (K,) array or None
        Change of the coefficients by the last step of Newton's method.
    """

    point: LossPoint
    tol: float = 0.0
    converged: bool = False
    n_iter: int = 0
    message: str = ""
    loss_curve: list[float] = field(default_factory=list)
    coef_path: list[NDArray] = field(default_factory=list)
    last_step: NDArray | None = None


class Loss:
    """Mean negative log-likelihood per decision plus ``l2 / 2 * |coef|^2`` per decision.

    Parameters
    ----------
    objective : Objective
    l2 : float
        Precision of a zero-mean Gaussian prior on each coefficient.
    start : optional
        A start for V of the first evaluation, as `Objective.at` takes it.
    unit : (K,) array, optional
        What a component of the gradient is measured in before it is compared with the tolerance. Default 1.

    Attributes
    ----------
    flat : (K, q) array
        Orthonormal basis of directions to ignore: the loss is that of the coefficients less their part along these.
    with_hessian : bool
        Whether the Hessian will be asked for at the next points.
    """

    def __init__(self, objective: Objective, l2: float, start: Any = None, unit: NDArray | None = None) -> None:
        K = objective.reward_model.n_parameters
        self.objective, self.l2, self._start = objective, l2, start
        self.unit = np.ones(K) if unit is None else unit
        self.scale, self.temperature = objective.total_weight, objective.agent.temperature
        self.with_hessian = False
        self.flat = np.zeros((K, 0))
        self._recent: list[LossPoint] = []  # scipy asks for value, gradient and Hessian of the same point separately

    def ignore(self, flat: NDArray) -> None:
        """Forget what was evaluated, and ignore the directions (K, q) from now on."""
        self.flat, self._recent = flat, []

    def penalise(self, l2: float) -> None:
        """Forget what was evaluated, and use this precision of the prior from now on."""
        self.l2, self._recent = l2, []

    def project(self, vector: NDArray) -> NDArray:
        """The part of a vector (K,), or of the rows of a matrix, that is not ignored."""
        if not self.flat.shape[1]:
            return vector
        out = vector - (vector @ self.flat) @ self.flat.T
        out[..., np.linalg.norm(self.flat, axis=1) > 1 - 1e-12] = 0.0  # not a rounding error
        return out

    def at(self, coef: NDArray) -> LossPoint:
        """Evaluate at `coef`, warm-started from the best of the points seen last."""
        for point in self._recent:
            if np.array_equal(point.coef, coef):
                return point
        solved = [point for point in self._recent if point.inner is not None]
        start = self._start
        if solved and self.objective.iterates:
            best = min(solved, key=lambda point: point.value)
            start = None if best.inner is None else best.inner.start_for(self.project(coef))
        try:
            if not np.abs(coef).max(initial=0.0) < RUNAWAY:
                raise ImproperProblemError("the coefficients grow without bound: the demonstrations do not limit them")
            inner = self.objective.at(self.project(coef), start=start, hessian=self.with_hessian)
        except ImproperProblemError as error:  # optimisers read an infinite loss as a step too far
            point = LossPoint(self, np.array(coef), None, str(error))
        else:
            point = LossPoint(self, np.array(coef), inner)
        self._recent = ([point] + sorted(self._recent, key=lambda p: p.value))[:2]
        return point


class LossPoint:
    """The loss at one coefficient vector; infinite where the soft value is. ``inner.theta`` leaves out ignored directions."""

    def __init__(self, loss: Loss, coef: NDArray, inner: ObjectivePoint | None, reason: str = "") -> None:
        self.loss, self.coef, self.inner, self.reason = loss, coef, inner, reason

    @cached_property
    def value(self) -> float:
        """Nats per decision."""
        if self.inner is None:
            return np.inf
        log_likelihood = self.inner.value / self.loss.temperature + self.loss.objective.log_prior
        theta = self.inner.theta
        return float(0.5 * self.loss.l2 * theta @ theta - log_likelihood) / self.loss.scale

    @cached_property
    def gradient(self) -> NDArray:
        """(K,)."""
        if self.inner is None:
            return np.zeros_like(self.coef)  # asked for by optimisers even of a point they are about to reject
        ascent = self.inner.gradient / self.loss.temperature
        return self.loss.project(self.loss.l2 * self.coef - ascent) / self.loss.scale

    @cached_property
    def hessian(self) -> NDArray:
        """(K, K)."""
        if self.inner is None:
            return np.eye(len(self.coef))
        curvature = self.inner.step_hessian / self.loss.temperature
        H = (self.loss.l2 * np.eye(len(self.coef)) - curvature) / self.loss.scale
        return self.loss.project(self.loss.project(H).T)

    def hessian_product(self, vector: NDArray) -> NDArray:
        """(K,)."""
        if self.inner is None:
            return vector
        product = self.inner.hessian_product(self.loss.project(vector), rtol=PRODUCT_RTOL)
        return self.loss.project(self.loss.l2 * vector - product / self.loss.temperature) / self.loss.scale

    @property
    def gradient_norm(self) -> float:
        """Largest absolute gradient component, in its unit."""
        return float((np.abs(self.gradient) / self.loss.unit).max())


def minimise(
    loss: Loss,
    coef: NDArray,
    *,
    solver: str,
    tol: float,
    max_iter: int | None,
    callback: Callable[[Progress], None] | None = None,
    record_iterates: bool = False,
) -> Optimum:
    """Minimise the loss from `coef` until the largest gradient component is at most `tol`.

    Parameters
    ----------
    loss : Loss
    coef : (K,) array
    solver : one of SOLVERS; "auto" is "newton" for reward models with a Jacobian, "lbfgs" for others
    tol : float
    max_iter : int or None for the solver's default
    callback : called with a `Progress` after each iteration
    record_iterates : keep every iterate's coefficients
    """
    smooth = isinstance(loss.objective.reward_model, SmoothRewardModel)
    if solver == "newton" and not smooth:
        raise ValueError(
            f'solver="newton" needs the Jacobian of the reward, and {type(loss.objective.reward_model).__name__} has no '
            'jacobian(theta): use solver="lbfgs", or add the method'
        )
    if solver == "auto":
        solver = "newton" if smooth else "lbfgs"
    cap = DEFAULT_MAX_ITER[solver] if max_iter is None else max_iter
    if solver == "newton" and len(coef) <= DENSE_HESSIAN_FEATURES:
        loss.with_hessian = True
    fit = Optimum(proper_start(loss, loss.at(coef)), tol, message=f"max_iter={cap} iterations were not enough")

    def report(point: LossPoint) -> bool:
        """Note an iterate; return whether it is good enough to stop."""
        if solver == "newton":
            fit.last_step = loss.project(point.coef - fit.point.coef) if fit.loss_curve else None
        fit.point = point
        fit.loss_curve.append(point.value)
        if record_iterates:
            fit.coef_path.append(loss.project(point.coef).copy())
        if callback is not None:
            gap = np.zeros_like(point.coef) if point.inner is None else point.inner.gradient / loss.scale
            callback(Progress(len(fit.loss_curve) - 1, point.value, point.gradient_norm, loss.project(point.coef), gap))
        return point.gradient_norm <= tol

    if not report(fit.point) and cap > 0:
        {"gradient-ascent": _gradient_ascent, "lbfgs": _lbfgs, "newton": _newton}[solver](loss, fit, report, cap)
    fit.n_iter = len(fit.loss_curve) - 1
    fit.converged = fit.point.gradient_norm <= tol
    return fit


def proper_start(loss: Loss, start: LossPoint) -> LossPoint:
    """`start` if its soft value is finite; otherwise coefficients that make every decision cost something.

    An undiscounted problem is improper at zero reward: cycles are free, and every choice in them adds entropy. Costs as equal
    as the features allow (least squares) are then doubled until the soft value is finite.
    """
    if start.inner is not None:
        return start
    agent, features = loss.objective.agent, features_of(loss.objective.reward_model, start.coef)
    if features is not None:
        unit_cost = equal_costs(agent.mdp, features)
        for doubling in range(12):
            point = loss.at(unit_cost * agent.temperature * 2.0**doubling)
            if point.inner is not None:
                return point
    raise ImproperProblemError(
        f"no coefficients to start from were found: {start.reason}. Give some under which every cycle costs enough as "
        "coef_init, or a discount below 1"
    )


def features_of(model: RewardModel, theta: NDArray) -> Features | None:
    """Derivative of the reward with respect to the parameters, if the model gives it."""
    return model.jacobian(theta) if isinstance(model, SmoothRewardModel) else None


def plain_costs(loss: Loss, features: Features) -> list[NDArray]:
    """Costs as equal as the features allow, (K,), of several scales, the best first."""
    unit_cost = equal_costs(loss.objective.agent.mdp, features) * loss.temperature
    return sorted((unit_cost * 2.0**k for k in range(5)), key=lambda coef: loss.at(coef).value)


def equal_costs(mdp: MDP, features: Features) -> NDArray:
    """Coefficients under which every decision costs about 1, by least squares; (K,)."""
    used = np.flatnonzero(features.rows(np.ascontiguousarray(mdp.available.T)))
    return lsmr(features.matrix[used], -np.ones(len(used)))[0]


def _gradient_ascent(loss: Loss, fit: Optimum, report: Callable[[LossPoint], bool], max_iter: int) -> None:
    """The textbook algorithm: follow demonstrated minus expected feature counts.

    The step is halved until the loss falls by at least a tenth of what the slope promises (Armijo), and doubled after each
    success.
    """
    point, step = fit.point, 1.0
    for _ in range(max_iter):
        direction = -point.gradient
        slope = float(direction @ direction)
        while True:
            trial = loss.at(point.coef + step * direction)
            if trial.value <= point.value - 0.1 * step * slope:
                break
            step /= 2
            if step * np.abs(direction).max() < 1e-15 * max(1.0, np.abs(point.coef).max()):
                fit.message = "the step became too small to change the coefficients: the loss is at its rounding error"
                return
        point, step = trial, 2 * step
        if report(point):
            return
    fit.message = f"max_iter={max_iter} iterations were not enough"


def _lbfgs(loss: Loss, fit: Optimum, report: Callable[[LossPoint], bool], max_iter: int) -> None:
    """Limited-memory BFGS (scipy's L-BFGS-B), with a steep wall in place of an infinite loss."""
    ceiling = fit.point

    def value_and_gradient(coef: NDArray) -> tuple[float, NDArray]:
        point = loss.at(coef)
        if point.inner is None:  # interpolation needs finite numbers: a high value that slopes back to the last iterate
            away = coef - ceiling.coef
            return ceiling.value + 1e3 * (1 + abs(ceiling.value)), away / max(1e-300, float(np.linalg.norm(away)))
        return point.value, point.gradient

    def each(intermediate_result: optimize.OptimizeResult) -> None:
        nonlocal ceiling
        ceiling = loss.at(intermediate_result.x)
        if report(ceiling):
            raise StopIteration

    options = {"maxiter": max_iter, "maxfun": 20 * max_iter, "ftol": 0.0, "gtol": 0.0, "maxcor": 20}
    result = optimize.minimize(
        value_and_gradient, fit.point.coef, jac=True, method="L-BFGS-B", callback=each, options=options
    )
    fit.message = f"max_iter={max_iter} iterations were not enough" if result.status == 1 else str(result.message)


def _newton(loss: Loss, fit: Optimum, report: Callable[[LossPoint], bool], max_iter: int) -> None:
    """Trust-region Newton (scipy's trust-exact or trust-ncg), in coordinates scaled by the curvature at the start.

    The trust region handles what the objective can do: indefinite curvature, and an infinite loss, from which it steps back.
    """
    dense = len(fit.point.coef) <= DENSE_HESSIAN_FEATURES
    scale = np.ones(len(fit.point.coef))
    if dense:
        curvature = np.abs(np.diag(fit.point.hessian))
        scale = 1.0 / np.sqrt(np.where(curvature > 1e-12 * curvature.max(initial=1e-300), curvature, 1.0))
    options = {"maxiter": max_iter, "gtol": 0.0, "initial_trust_radius": 1.0, "max_trust_radius": 1e8}

    before = np.inf  # the gradient norm of the iterate before

    def hessian(u: NDArray) -> NDArray:
        nonlocal before
        point = loss.at(u * scale)
        norm = point.gradient_norm
        if norm <= fit.tol:  # scipy wants it of a new iterate before `each` is told, which will stop there
            return np.eye(len(u))
        # Convergence is quadratic: where the last rate would do, the next iterate is the last, and needs no Hessian of its own.
        loss.with_hessian = norm * norm > 0.5 * fit.tol * before
        before = norm
        return scale[:, None] * point.hessian * scale

    second: dict = {"hess": hessian} if dense else {"hessp": lambda u, v: loss.at(u).hessian_product(v)}

    def each(intermediate_result: optimize.OptimizeResult) -> None:
        point = loss.at(intermediate_result.x * scale)
        if point is fit.point or point.inner is None:  # a step that was taken back
            stuck.append(1)
            point = fit.point
        else:
            stuck.clear()
        if report(point) or len(stuck) > 40:
            raise StopIteration

    stuck: list[int] = []
    result = optimize.minimize(
        lambda u: loss.at(u * scale).value,
        fit.point.coef / scale,
        jac=lambda u: loss.at(u * scale).gradient * scale,
        method="trust-exact" if dense else "trust-ncg",
        callback=each,
        options=options,
        **second,
    )
    if len(stuck) > 40:
        fit.message = "the trust region shrank to nothing"
    else:
        fit.message = f"max_iter={max_iter} iterations were not enough" if result.status == 1 else str(result.message)
    if dense and result.status != 1 and (stuck or result.status in (2, 3)):  # the loss is at its rounding error
        _polish(loss, fit, report, scale)


def _polish(loss: Loss, fit: Optimum, report: Callable[[LossPoint], bool], scale: NDArray) -> None:
    """Newton steps judged by the gradient: where the loss no longer resolves progress, the gradient still does."""
    for _ in range(POLISHING_STEPS):
        point = fit.point
        step = scale * np.linalg.lstsq(scale[:, None] * point.hessian * scale, -scale * point.gradient)[0]
        trial = loss.at(point.coef + step)
        if trial.inner is None or not trial.gradient_norm < point.gradient_norm:
            return
        if report(trial):
            return
