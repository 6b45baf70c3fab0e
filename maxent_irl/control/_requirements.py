"""Checks of the kind of problem that a member solves. Each error states the problem given and what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_temperature
from ..mdp import MDP, check_mdp
from ..mdp.process import check_action_prior


def require_discounted(mdp: MDP, member: str) -> None:
    """Raise ValueError unless the MDP is discounted, without a horizon, and without dead ends."""
    check_mdp(mdp)
    if mdp.horizon is not None or mdp.discount == 1.0:
        raise ValueError(
            f"{member} needs an infinite horizon with discount < 1; got horizon {mdp.horizon}, discount "
            f"{mdp.discount:g}: use mdp.replace(horizon=None, discount=...)"
        )
    stuck = np.flatnonzero(mdp.structure.dead("variational"))
    if len(stuck):
        raise ValueError(f"state {stuck[0]} is a dead end, in which {member} has no action: make it terminal")


def require_episodes(mdp: MDP, member: str) -> None:
    """Raise ValueError unless the MDP is undiscounted and has no horizon, so that episodes end in terminal states."""
    check_mdp(mdp)
    if mdp.discount != 1.0 or mdp.horizon is not None:
        raise ValueError(
            f"{member} needs undiscounted episodes without a horizon; got discount {mdp.discount:g}, horizon "
            f"{mdp.horizon}: use mdp.replace(horizon=None, discount=1.0), or soft_value_iteration"
        )


def check_temperatures(temperatures: ArrayLike) -> NDArray:
    """Return temperatures, (K,) finite and positive; ValueError names the first that is not."""
    given = np.atleast_1d(temperatures)
    if given.ndim != 1 or not len(given):
        raise ValueError(f"temperatures must hold at least one number in a 1-D array; got shape {given.shape}")
    return np.array([check_temperature(temperature, finite_positive=True) for temperature in given])


def check_reference(mdp: MDP, reference: ArrayLike) -> NDArray:
    """Return log p(a|s) of a reference policy, (A, S); ValueError where it is no policy, or None."""
    log_reference = check_action_prior(mdp, reference)
    if log_reference is None:
        raise ValueError("a reference policy is needed: an (A,) or (S, A) array of action probabilities")
    return log_reference
