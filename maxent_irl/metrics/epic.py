r"""EPIC, a distance between rewards that does not depend on their scale or on potential shaping.

Each reward is brought to its canonical form, which is the same for all rewards that differ by potential shaping,

.. math::

    C(R)(s, a, s') = R(s, a, s') + E\bigl[\gamma R(s', A, S') - R(s, A, S') - \gamma R(S, A, S')\bigr],

with S, S' and A drawn independently from fixed distributions. The distance is :math:`\sqrt{(1 - \rho) / 2}`, where
:math:`\rho` is the Pearson correlation of the two canonical rewards over transitions.

Source: Gleave, A., Dennis, M., Legg, S., Russell, S. & Leike, J. (2021), Quantifying differences in reward functions, ICLR.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_choice, check_distribution
from ..mdp import MDP

TRANSITIONS = ("any", "possible")


def epic_distance(
    mdp: MDP,
    reward: ArrayLike,
    other: ArrayLike,
    *,
    state_distribution: ArrayLike | None = None,
    action_distribution: ArrayLike | None = None,
    transitions: str = "any",
) -> float:
    """Distance in [0, 1]: 0 for rewards that are equal up to positive scale, constant and shaping, 1 for opposite ones.

    Parameters
    ----------
    mdp : MDP
        Its discount, its shape and, with ``transitions="possible"``, its dynamics are used.
    reward, other : (S,), (S, A) or (S, A, S) arrays
        Per state, per state and action, or per transition (s, a, s').
    state_distribution : (S,) array, optional
        Distribution of S and of S'. None: uniform over all states.
    action_distribution : (A,) array, optional
        Distribution of A. None: uniform over all actions.
    transitions : "any" or "possible"
        "any": the correlation is over independent draws of s, a and s', as in the paper's tabular experiments. "possible": s'
        is drawn from the dynamics.

    Returns
    -------
    float
        NaN where a canonical reward is constant, because it then expresses no preference.

    Raises
    ------
    ValueError
        For rewards of the wrong shape or not finite, naming the entry.

    Notes
    -----
    Shaping is removed in the form :math:`\\gamma \\Phi(s') - \\Phi(s)` per transition. A reward per state and action holds
    its average over s' instead, which differs where the dynamics are stochastic. Compare such rewards by `align_rewards`.

    Examples
    --------
    >>> import numpy as np
    >>> from maxent_irl import MDP
    >>> from maxent_irl.metrics import epic_distance
    >>> ring = MDP.from_successors([[1, 2], [2, 0], [0, 1]], discount=0.9)
    >>> reward = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    >>> [float(round(epic_distance(ring, reward, other), 6)) for other in (3 * reward - 1, -reward)]
    [0.0, 1.0]
    """
    check_choice("transitions", transitions, TRANSITIONS)
    S, A = mdp.n_states, mdp.n_actions
    states = np.full(S, 1 / S) if state_distribution is None else check_distribution("state", state_distribution, S)
    actions = (
        np.full(A, 1 / A)
        if action_distribution is None
        else check_distribution("action_distribution", action_distribution, A, what="action")
    )
    # (A, S, S') in both cases. Rewards per state or pair are broadcast, not copied.
    P = mdp.transitions.toarray().reshape(A, S, S) if transitions == "possible" else states[None, None, :]
    weight = np.broadcast_to(actions[:, None, None] * states[None, :, None] * P, (A, S, S))
    first, second = (_canonical(one, mdp, states, actions) for one in (reward, other))
    total = weight.sum()
    first, second = (one - (weight * one).sum() / total for one in (first, second))
    variances = [(weight * one**2).sum() / total for one in (first, second)]
    sizes = [np.abs(one).max() for one in (first, second)]
    if min(variances) <= (1e-12 * max(1.0, *sizes)) ** 2:
        return float("nan")
    correlation = (weight * first * second).sum() / total / np.sqrt(variances[0] * variances[1])
    return float(np.sqrt(max(0.0, 1 - correlation) / 2))


def _canonical(reward: ArrayLike, mdp: MDP, states: NDArray, actions: NDArray) -> NDArray:
    """Canonically shaped reward, (A, S, S')."""
    S, A = mdp.n_states, mdp.n_actions
    R = np.asarray(reward, dtype=float)
    if R.shape not in ((S,), (S, A), (S, A, S)):
        raise ValueError(f"a reward of this MDP has shape ({S},), ({S}, {A}) or ({S}, {A}, {S}); got {R.shape}")
    if not np.isfinite(R).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(R))[0])
        raise ValueError(f"a reward must be finite everywhere to be compared; it is {R[bad]} at {bad}")
    R = np.broadcast_to(R.reshape(R.shape + (1,) * (3 - R.ndim)), (S, A, S))
    mean = np.einsum("sat,a,t->s", R, actions, states)  # E[R(s, A, S')]
    return (
        np.moveaxis(R, 1, 0) + mdp.discount * mean[None, None, :] - mean[None, :, None] - mdp.discount * (states @ mean)
    )
