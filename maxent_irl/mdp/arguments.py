"""Checks of what is given with an MDP: rewards, action priors, policies. Errors name the state, action and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import LARGEST_REWARD, PROBABILITY_TOLERANCE, check_finite, check_numbers, within
from .process import MDP


def check_reward(mdp: MDP, reward: ArrayLike) -> NDArray:
    """Return a reward of shape (S,), (S, A) or, with a horizon T, (T, S, A) action-major: (S,), (A, S) or (T, A, S) in C order.

    Entries of unavailable actions, and of states without any action, are not read and may be anything.
    """
    array = check_numbers("reward", reward)
    S, A, T = mdp.n_states, mdp.n_actions, mdp.horizon
    kinds = {(S,): ("state",), (S, A): ("state", "action")}
    if T is not None:
        kinds[(T, S, A)] = ("time", "state", "action")
    axes = kinds.get(array.shape)
    if axes is None:
        by_time = "" if T is None else f", or ({T}, {S}, {A}), one per time, state and action"
        raise ValueError(
            f"reward must have shape ({S},), one per state, or ({S}, {A}), one per state and action{by_time}; got {array.shape}"
        )
    if not within(array, LARGEST_REWARD):
        used = mdp.available.any(axis=1) if array.ndim == 1 else mdp.available
        array = np.where(used, array, 0.0)
        check_finite("reward", array, axes, largest=LARGEST_REWARD)
    return array if array.ndim == 1 else np.ascontiguousarray(np.swapaxes(array, -1, -2))


def check_action_prior(mdp: MDP, action_prior: ArrayLike | None) -> NDArray | None:
    """Return log p(a|s) action-major, shape (A, S), -inf where an action is unavailable; None when no prior is given."""
    if action_prior is None:
        return None
    prior = check_numbers("action_prior", action_prior)
    S, A = mdp.n_states, mdp.n_actions
    if prior.shape == (A,):
        prior = np.broadcast_to(prior, (S, A))
    if prior.shape != (S, A):
        raise ValueError(f"action_prior must have shape ({A},) or ({S}, {A}); got {np.shape(action_prior)}")
    prior = np.where(mdp.terminal[:, None], 0.0, prior)
    check_finite("action_prior", prior, ("state", "action"))
    bad = np.argwhere((prior < 0) | ((prior > 0) & ~mdp.available))
    if bad.size:
        s, a = map(int, bad[0])
        why = "negative" if prior[s, a] < 0 else "positive although the action is unavailable there"
        what = "give zero, and let the row sum to 1"
        if np.ndim(action_prior) == 1 and prior[s, a] > 0:
            what = f"as not every state has every action, give a table of shape ({S}, {A}): zero there, each row summing to 1"
        raise ValueError(f"action_prior[{s}, {a}] = {prior[s, a]:g} is {why}; {what}")
    sums = prior.sum(axis=1)
    off = mdp.available.any(axis=1) & (np.abs(sums - 1) > PROBABILITY_TOLERANCE)
    if off.any():
        s = int(np.flatnonzero(off)[0])
        raise ValueError(f"action_prior must sum to 1 in every state; in state {s} it sums to {sums[s]:.10g}")
    with np.errstate(divide="ignore"):
        return np.ascontiguousarray(np.log(prior).T)


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
