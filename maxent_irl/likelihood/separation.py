r"""Features that no demonstration has: do they have a best coefficient, or is worse always better?

Let v make such a feature worse: its reward :math:`r_v \le 0` is zero on every demonstrated decision. Far along the ray
:math:`\theta + t v` values split into :math:`V = t\, V^*_v + V_{\theta \mid v} + o(1)`, where :math:`V^*_v` is the hard optimal
value of :math:`r_v` (among the policies that end, undiscounted; with the luckiest outcomes under exact inference) and the second
part is the soft value where only optimal actions for it are left. The objective therefore ends up with the slope

.. math:: \frac{d}{dt} L \to \langle m, C(V^*_v) \rangle + \langle b, V^*_v \rangle .

- "likelihood": the sum of the advantages :math:`Q^*_v - V^*_v \le 0` of the demonstrated decisions. It is negative, and the best
  coefficient finite, as soon as one of them risked the feature more than it had to. This is the complete separation of logit
  models (Albert & Anderson 1984), with the hard optimum in place of the chosen alternative.
- "feature-matching": :math:`\gamma^T V^*_v(s_T) - V^*_v(s_0)` summed over trajectories. It is positive where a risk that nobody
  could avoid was never met: the luck of the demonstrations is matched, and L grows without bound. It is negative where paths were
  cut in greater danger than they began in.
- Where it is zero, L tends to a limit, and what counts is the side it comes from: from below where no weight b of V is positive
  (L is then concave; so it is by feature matching when no path was cut), but it can be from above where paths were cut in front
  of a choice that they would have had to make: without the bad alternative it is worth less to have come there.

All these cases, with goals, a horizon, and either inference, are told apart by following the slope along the ray until it is
constant or has died away; its last sign counts. That sign is of this ray: the other coefficients stay where they are. Only single
features of one sign are looked at, each while the others of the kind are made worse with it. Combinations that separate (say, of
demonstrations that are all optimal for some reward) are not.

Source: Albert, A. & Anderson, J. A. (1984), On the existence of maximum likelihood estimates in logistic regression models,
Biometrika 71(1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..demonstrations import Demonstrations
from ..inference.cycles import ImproperProblemError
from ..mdp import MDP
from ..mdp.structure import reached_from
from ..rewards import Features
from .objective import Objective

FARTHEST = 4.0**7  # temperatures that the feature may cost where it is largest
NOISE = 1e-11  # of the slope that every decision could have
SETTLED = 1e-6  # relative change of a slope from one place to the next, up to which it is constant


def pairs_in_reach(mdp: MDP, demonstrations: Demonstrations, inference: str) -> tuple[NDArray, NDArray]:
    """Which state-action pairs can happen after some demonstrated state, and which did, (A, S) bool each."""
    data, taken = demonstrations, taken_pairs(mdp, demonstrations)
    if data.goals is None:
        return _followed(mdp, data.states, inference), taken
    # Each goal has an end of its own: what can still be done on the way to one may be a dead end for another.
    heading, reachable = data.goals[data.trajectory_ids], np.zeros_like(taken)
    for goal in np.unique(heading):
        reachable |= _followed(mdp.with_goal(int(goal)), data.states[heading == goal], inference)
    return reachable, taken


def _followed(mdp: MDP, states: NDArray, inference: str) -> NDArray:
    """(A, S) bool: state-action pairs that can happen after one of the states."""
    usable = mdp.structure.usable(inference)
    seeds = np.zeros(mdp.n_states, dtype=bool)
    seeds[states] = True
    return usable & reached_from(mdp.transitions, usable, seeds)


def taken_pairs(mdp: MDP, demonstrations: Demonstrations) -> NDArray:
    """Which state-action pairs were demonstrated, (A, S) bool."""
    taken = np.zeros((mdp.n_actions, mdp.n_states), dtype=bool)
    taken[demonstrations.actions, demonstrations.states] = True
    return taken


def never_demonstrated(features: Features, mdp: MDP, demonstrations: Demonstrations, inference: str) -> NDArray:
    """Sign of every feature that no demonstrated decision has though some could have had it, 0 for all others; (K,)."""
    missing = features.largest(features.rows(taken_pairs(mdp, demonstrations))) == 0
    if not missing.any():
        return np.zeros(features.n_features)
    within = features.matrix[features.rows(pairs_in_reach(mdp, demonstrations, inference)[0])]
    lowest, highest = (getattr(within, name)(axis=0) for name in ("min", "max"))
    if sparse.issparse(within):
        lowest, highest = lowest.toarray().ravel(), highest.toarray().ravel()
    return np.where(missing & (lowest >= 0), np.sign(highest), np.where(missing & (highest <= 0), np.sign(lowest), 0.0))


def unbounded(objective: Objective, coef: NDArray, signs: NDArray, largest: NDArray, flat: NDArray) -> NDArray:
    """Features without a best coefficient: the worse they are made from `coef` on, the greater the objective; (K,) bool.

    Parameters
    ----------
    objective : Objective
    coef : (K,) array
        All other coefficients.
    signs : (K,) array
        As `never_demonstrated` gives them.
    largest : (K,) array
        Largest absolute value of each feature.
    flat : (K, q) array
        Orthonormal basis of directions to ignore.
    """
    worse = np.where(np.linalg.norm(flat, axis=1) > 1 - 1e-9, 0.0, -signs)
    while worse.any():
        slope = _last_slopes(objective, coef, worse, largest, flat)
        if not (slope < 0).any():
            return slope > 0
        worse = np.where(slope < 0, 0.0, worse)
    return np.zeros(len(coef), dtype=bool)


def _last_slopes(objective: Objective, coef: NDArray, worse: NDArray, largest: NDArray, flat: NDArray) -> NDArray:
    """Slope of the objective in each direction ``worse[k]``, as far along all of them as it can be told from zero; (K,)."""
    moving = np.flatnonzero(worse)
    unit = objective.agent.temperature / largest[moving]
    scale = largest[moving] * objective.total_weight
    last, before, values, t = np.zeros(len(moving)), None, None, 1.0
    while t <= FARTHEST:
        at = coef.copy()
        at[moving] = worse[moving] * unit * t
        t *= 4
        try:
            point = objective.at(at - flat @ (flat.T @ at), start=values)
        except ImproperProblemError:  # of little cost; worse will do
            continue
        gradient = point.gradient - flat @ (flat.T @ point.gradient)
        slope, values = worse[moving] * gradient[moving] / scale, point.start_for(at)
        seen = np.abs(slope) > NOISE
        last[seen] = slope[seen]
        if before is not None and (~seen | (np.abs(slope - before) <= SETTLED * np.abs(slope))).all():
            break
        before = slope
    out = np.zeros(len(coef))
    out[moving] = last
    return out
