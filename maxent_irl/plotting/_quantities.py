"""What a fitted estimator offers to be drawn, as one number per state, with its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..uncertainty import reward_map


class Quantity(NamedTuple):
    """How a quantity is shown: its title, and the colour scale it wants (arguments of `colour_scale`)."""

    title: str
    signed: bool | None
    from_zero: bool
    root: bool = False


QUANTITIES = {
    "reward": Quantity("Recovered reward", None, False),
    "value": Quantity("Soft value", None, False),
    "visitations": Quantity("Expected visits", False, True, root=True),
    "standard_error": Quantity("Standard error of the reward", False, True),
}


@dataclass(frozen=True, eq=False)
class Shown:
    """Values of a quantity, one per state, and the label of their colour bar."""

    per_state: NDArray
    label: str


def quantity(estimator: Any, show: str) -> Shown:
    """One number per state of a fitted estimator.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    show : one of QUANTITIES

    Raises
    ------
    ValueError
        For other names, and for what this fit does not have: one value where each demonstration has its own goal, or
        standard errors of very many coefficients.
    """
    if show not in QUANTITIES:
        raise ValueError(f"show must be one of {', '.join(QUANTITIES)}; got {show!r}")
    mdp = estimator.mdp
    if show == "reward":
        reward = np.asarray(estimator.reward_)
        return Shown(reward_per_state(reward, mdp), reward_label(reward))
    if show == "standard_error":
        errors = reward_map(estimator)
        label = "standard error of the " + reward_label(errors.standard_error)
        label += "\n(relative to the mean reward)" if errors.centred else ""
        return Shown(reward_per_state(errors.standard_error, mdp), label)
    attribute = {"value": "value_", "visitations": "visitations_"}[show]
    if not hasattr(estimator, attribute):
        raise ValueError(
            f"this estimator has no {attribute}: where every demonstration has its own goal there is one {show} per "
            "goal, not one"
        )
    values = np.asarray(getattr(estimator, attribute))
    if show == "value":
        return Shown(
            values if values.ndim == 1 else values[0], "soft value" + (" at the first step" if values.ndim == 2 else "")
        )
    return Shown(state_visits(values), visits_label(mdp))


def reward_per_state(reward: ArrayLike, mdp: Any) -> NDArray:
    """Reward of each state, (S,): a reward per action is averaged over the available ones; NaN in terminal states."""
    reward = np.asarray(reward, dtype=float)
    if reward.ndim == 1:
        return np.where(mdp.terminal, np.nan, reward)
    return mean_over_actions(np.where(mdp.available, reward, np.nan))


def mean_over_actions(table: NDArray) -> NDArray:
    """(S,) mean of an (S, A) table over its finite entries, NaN where there is none."""
    finite = np.isfinite(table)
    counts = finite.sum(axis=1)
    total = np.where(finite, table, 0.0).sum(axis=1)
    return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def reward_label(reward: ArrayLike) -> str:
    """Label of a map of `reward_per_state`."""
    return "reward per decision" if np.ndim(reward) == 1 else "reward per decision,\nmean over actions"


def state_visits(visitations: ArrayLike) -> NDArray:
    """Visits of each state, (S,), from visitations of shape (S, A) or (T, S, A)."""
    visitations = np.asarray(visitations, dtype=float)
    return visitations.sum(axis=(0, 2) if visitations.ndim == 3 else 1)


def visits_label(mdp: Any) -> str:
    """Label of a map of visits, whose colours follow the square root."""
    return "decisions per trajectory" + (", discounted" if mdp.discount < 1 else "") + "\n(square-root scale)"


def first_step(policy: ArrayLike) -> NDArray:
    """The (S, A) table of a policy or Q, that of the first step where it depends on time."""
    table = np.asarray(policy, dtype=float)
    return table[0] if table.ndim == 3 else table
