"""The check of a policy that is given with an MDP: errors name the state, action and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import PROBABILITY_TOLERANCE, check_finite, check_numbers
from .process import MDP


def check_policy(mdp: MDP, policy: ArrayLike) -> NDArray:
    """Return a policy of shape (S, A), or (T, S, A) for a finite horizon, action-major: (A, S) or (T, A, S).

    Rows sum to 1; they may be zero where nothing can be done, or nothing that does not lead to a dead end.
    """
    if hasattr(policy, "policy"):
        raise ValueError(f"policy is a {type(policy).__name__}: give its .policy")
    array = check_numbers("policy", policy)
    S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
    allowed = [(S, A)] if T is None else [(S, A), (T, S, A)]
    if array.shape not in allowed:
        raise ValueError(f"policy must have shape {' or '.join(map(str, allowed))}; got {array.shape}")
    time = ("time",) if array.ndim == 3 else ()
    check_finite("policy", array, (*time, "state", "action"))
    bad = np.argwhere((array < 0) | ((array > 0) & ~mdp.available))
    if bad.size:
        *_, s, a = map(int, bad[0])
        raise ValueError(
            f"policy gives {array[tuple(bad[0])]:g} to action {a} in state {s}; "
            "probabilities are >= 0, and 0 where an action is unavailable or the state terminal"
        )
    sums = array.sum(axis=-1)
    off = mdp.available.any(axis=1) & (np.abs(sums - 1) > PROBABILITY_TOLERANCE)
    if off.any() and (sums[off] == 0).any():
        # The policy of a SoftSolution is zero where every action leads to a dead end; elsewhere zeros are a mistake.
        doomed = mdp.structure.doomed
        off &= ~((sums == 0) & (doomed if doomed.shape == sums.shape else doomed.all(axis=0)))
    if off.any():
        first = np.argwhere(off)[0]
        raise ValueError(f"policy must sum to 1; in state {int(first[-1])} it sums to {sums[tuple(first)]:.10g}")
    return np.ascontiguousarray(np.swapaxes(array, -1, -2))
