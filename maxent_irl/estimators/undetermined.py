"""What a fit tells about its coefficients: its information, and the least-norm answer where that is deficient."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..demonstrations import Demonstrations
from ..inference.cycles import ImproperProblemError
from ..likelihood.information import IdentifiabilityWarning
from ..likelihood.objective import ObjectivePoint
from ..likelihood.recession import LONG, Recession, find_recession, recession_of
from ..likelihood.separation import never_demonstrated, unbounded
from ..mdp import MDP
from ..rewards import Features, LinearReward
from ..rewards.linear import describe_direction, flat_directions, readable_directions
from .optimisers import DENSE_HESSIAN_FEATURES, Loss, LossPoint, Optimum, plain_costs, proper_start

ALMOST_FLAT = 1e-9  # as FLAT, for a Hessian that is good enough for steps
REMEDY = 'Drop features, give more demonstrations or others, or choose with a prior: l2="evidence", or a number'


def feature_size(features: Features, mdp: MDP, temperature: float, total_weight: float) -> NDArray:
    """What each feature could tell at most, (K,), in root nats: see `Information.size`."""
    used = features.rows(np.ascontiguousarray(mdp.available.T))
    return features.largest(used) * np.sqrt(total_weight) / temperature


def gradient_unit(size: NDArray, total_weight: float) -> NDArray:
    """What components of the gradient are measured in, (K,): 1, or the largest of a small feature, in temperatures.

    Without it a feature in tiny units, or a high temperature, would pass for converged wherever the fit starts.
    """
    largest = size / np.sqrt(total_weight)
    return np.where(largest > 0, np.minimum(largest, 1.0), 1.0)


def ignore_undetermined(loss: Loss, start: NDArray, size: NDArray) -> tuple[NDArray, NDArray]:
    """Let a loss ignore the directions on which no decision depends; return a basis (K, q) of them, and where to start.

    The coefficients of least norm are the answer along these. Without this, feature matching under stochastic dynamics would
    not converge: along potential shaping its objective holds only the sampling noise of the demonstrations, and is linear.

    Which directions these are does not depend on the coefficients, so they are looked for at the start. It is done for linear
    rewards of up to DENSE_HESSIAN_FEATURES features, whatever `l2` is. (Optimisers that follow gradients from zero stay
    orthogonal to flat directions by themselves.)
    """
    K = len(start)
    if K > DENSE_HESSIAN_FEATURES or not isinstance(loss.objective.reward_model, LinearReward):
        return loss.flat, start
    loss.with_hessian = True
    point = proper_start(loss, loss.at(start))
    inner = point.inner
    if (
        inner is not None
        and flat_directions(-inner.step_hessian / loss.temperature, size, threshold=ALMOST_FLAT).shape[1]
    ):
        flat = flat_directions(inner.reach_moment, size)
        loss.ignore(flat)
        if loss.at(loss.project(point.coef)).inner is None:
            # Undiscounted, without these the value may be infinite: then they stay where they are.
            loss.ignore(np.zeros((K, 0)))
            loss.with_hessian = False
            return flat, point.coef
    loss.with_hessian = False
    return loss.flat, loss.project(point.coef)


def leave_plateau(
    fit: Optimum, size: NDArray, undetermined: NDArray, minimise: Callable[[NDArray], Optimum]
) -> Optimum:
    """The best fit so far if it is on no plateau; otherwise start again from plain costs of several scales until it is not."""
    inner = fit.point.inner
    on_plateau = inner is not None and _is_plateau(fit.point, size, undetermined)
    for start in plain_costs(fit.point.loss, inner.features) if on_plateau and inner is not None else []:
        fit = min(fit, minimise(start), key=lambda fit: fit.point.value)
        if not _is_plateau(fit.point, size, undetermined):
            break
    return fit


def _is_plateau(end: LossPoint, size: NDArray, undetermined: NDArray) -> bool:
    """Whether a fit ended where the loss does not curve upwards in directions that the data do determine.

    Looked for without `l2`, for linear rewards of up to DENSE_HESSIAN_FEATURES features.
    """
    linear = isinstance(end.loss.objective.reward_model, LinearReward)
    if end.loss.l2 or len(size) > DENSE_HESSIAN_FEATURES or not linear:
        return False
    unit = np.where(size > 0, size, 1.0)
    curvature = np.linalg.eigvalsh(end.hessian * end.loss.scale / np.outer(unit, unit))
    return bool((curvature <= ALMOST_FLAT).sum() > undetermined.shape[1])


def recession_at(fit: Optimum, size: NDArray, undetermined: NDArray) -> Recession:
    """Directions of the coefficients in which the loss has no minimum, from where the fit stopped.

    Looked for without `l2`, for linear rewards of up to DENSE_HESSIAN_FEATURES features. Where Newton's method arrived with a
    short step there are none, and nothing is computed.
    """
    loss, inner = fit.point.loss, fit.point.inner
    model, K = loss.objective.reward_model, len(size)
    nothing = Recession(np.zeros(K), np.zeros((K, 0)))
    if loss.l2 or K > DENSE_HESSIAN_FEATURES or not isinstance(model, LinearReward) or inner is None:
        return nothing
    unit = size / np.sqrt(loss.scale)
    if fit.last_step is not None and np.abs(fit.last_step * unit).max() < LONG:
        return nothing
    start: ObjectivePoint = inner

    def evaluate(coef: NDArray) -> tuple[NDArray, NDArray] | None:
        nonlocal start
        try:
            start = loss.objective.at(loss.project(coef), start=start.values, hessian=True)
        except ImproperProblemError:
            return None
        return -loss.project(start.gradient) / loss.temperature, -start.step_hessian / loss.temperature

    return find_recession(evaluate, inner.theta, unit=unit, total_weight=loss.scale, ignored=undetermined)


def without_maximum(loss: Loss, coef: NDArray, demonstrations: Demonstrations, flat: NDArray) -> NDArray:
    """Positions of the features whose objective increases without end as they are made worse; see `likelihood.separation`.

    Looked for without `l2`, for linear rewards of up to DENSE_HESSIAN_FEATURES features. It costs a look at the demonstrated
    features unless one of these was never demonstrated.
    """
    model, agent = loss.objective.reward_model, loss.objective.agent
    if loss.l2 or len(coef) > DENSE_HESSIAN_FEATURES or not isinstance(model, LinearReward):
        return np.zeros(0, dtype=np.int64)
    features, taken = model.features, np.zeros((agent.mdp.n_actions, agent.mdp.n_states), dtype=bool)
    taken[demonstrations.actions, demonstrations.states] = True
    if (features.largest(features.rows(taken)) > 0).all():  # every feature was demonstrated
        return np.zeros(0, dtype=np.int64)
    signs = never_demonstrated(features, agent.mdp, demonstrations, agent.inference)
    if not signs.any():
        return np.zeros(0, dtype=np.int64)
    largest = features.largest(features.rows(np.ascontiguousarray(agent.mdp.available.T)))
    return np.flatnonzero(unbounded(loss.objective, coef, signs, largest, flat))


def with_features(recession: Recession, unheld: NDArray, coef: NDArray, ignored: NDArray) -> Recession:
    """The same directions, and those of single features that nothing holds, towards the side on which they are."""
    K = len(coef)
    added = np.eye(K)[:, unheld] * np.where(coef[unheld] < 0, -1.0, 1.0)
    return recession_of(np.column_stack([recession.span @ (recession.span.T @ recession.direction), added]), ignored)


def warn_of_silence(
    flat: NDArray,
    size: NDArray,
    unheld: NDArray,
    recession: Recession,
    names: list[str],
    mdp: MDP,
    *,
    state_rewards: bool,
    stacklevel: int,
) -> None:
    """Warn once of everything that the demonstrations do not say: undetermined directions, and those without a maximum."""
    texts = (
        _undetermined(flat, size, names, mdp, state_rewards),
        _unheld(unheld, names),
        _receding(recession, unheld, names),
    )
    found = [text for text in texts if text]
    if found:
        message = "; and ".join(found)
        warnings.warn(f"{message}. {REMEDY}", IdentifiabilityWarning, stacklevel=stacklevel + 1)


def _unheld(unheld: NDArray, names: list[str]) -> str:
    if not len(unheld):
        return ""
    shown = ", ".join(names[k] for k in unheld[:5]) + ("" if len(unheld) <= 5 else f" and {len(unheld) - 5} more")
    return (
        f"no demonstration has {shown}, though some could: the worse {'these are' if len(unheld) > 1 else 'it is'} made, the "
        "greater the objective, which has no maximum; coef_ is where the fit stopped"
    )


def _receding(recession: Recession, unheld: NDArray, names: list[str]) -> str:
    """What to say about directions without a maximum, but for features that no demonstration has."""
    left = recession.span.copy()
    left[unheld] = 0.0
    if not left.shape[1] or np.linalg.norm(left, axis=0).max() < 1e-6:
        return ""
    return (
        f"no demonstrated decision contradicts the direction {recession.describe(names)} of the coefficients: the farther along "
        "it, the more probable the demonstrations, so there is no finite maximum; coef_ is where the fit stopped"
    )


def _undetermined(flat: NDArray, size: NDArray, names: list[str], mdp: MDP, state_rewards: bool) -> str:
    """What to say about all undetermined directions but those that rewards per state always have.

    These are the reward of states in which nothing is decided, and (where nothing ends) the constant.
    """
    if state_rewards and flat.shape[1]:
        idle = np.eye(mdp.n_states)[:, ~mdp.available.any(axis=1)]
        constant = mdp.available.any(axis=1).astype(float)[:, None]
        usual = np.linalg.qr(np.hstack([idle, constant / np.linalg.norm(constant)]))[0]
        left, singular, _ = np.linalg.svd(flat - usual @ (usual.T @ flat), full_matrices=False)
        flat = left[:, singular > 1e-6]
    if not flat.shape[1]:
        return ""
    directions = [describe_direction(v, names) for v in readable_directions(flat, size)]
    shown = "; ".join(directions[:5]) + ("" if len(directions) <= 5 else f"; and {len(directions) - 5} more")
    return (
        f"the demonstrations do not determine {len(directions)} direction{'s' * (len(directions) > 1)} of the coefficients: "
        f"{shown}. Adding any multiple of these to coef_ changes no decision that can follow; coef_ is the answer of least norm"
    )
