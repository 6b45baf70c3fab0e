"""What kind of problem a member is for; the errors say which one was given and what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import check_action_prior, check_temperature
from ..mdp import MDP, check_mdp


def require_discounted(mdp: MDP, member: str) -> None:
    """Raise ValueError unless the MDP is discounted, without a horizon, and without dead ends."""
    check_mdp(mdp)
    if mdp.horizon is not None or mdp.discount == 1.0:
        raise ValueError(
            f"{member} is for an infinite horizon with discount < 1; got horizon {mdp.horizon}, discount "
            f"{mdp.discount:g}: use mdp.replace(horizon=None, discount=...)"
        )
    stuck = np.flatnonzero(mdp.structure.dead("variational"))
    if len(stuck):
        raise ValueError(f"state {stuck[0]} is a dead end, in which {member} has nothing to do: make it terminal")


def require_episodes(mdp: MDP, member: str) -> None:
    """Raise ValueError unless the MDP is undiscounted and without a horizon: episodes that end by themselves."""
    check_mdp(mdp)
    if mdp.discount != 1.0 or mdp.horizon is not None:
        raise ValueError(
            f"{member} is for undiscounted episodes that end by themselves; got discount {mdp.discount:g}, horizon "
            f"{mdp.horizon}: use mdp.replace(horizon=None, discount=1.0), or soft_value_iteration"
        )


def check_temperatures(temperatures: ArrayLike) -> NDArray:
    """Return temperatures, (K,) finite and positive; ValueError names the first that is not."""
    given = np.atleast_1d(temperatures)
    if given.ndim != 1 or not len(given):
        raise ValueError(f"temperatures must hold at least one number, in one row; got an array of shape {given.shape}")
    return np.array([check_temperature(temperature, finite_positive=True) for temperature in given])


def check_reference(mdp: MDP, reference: ArrayLike) -> NDArray:
    """Return log of a reference policy, (A, S); ValueError where it is no policy, or none is given."""
    if reference is None:
        raise ValueError("a reference policy is needed: an (A,) or (S, A) array of action probabilities")
    return check_action_prior(mdp, reference)
