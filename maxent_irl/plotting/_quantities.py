"""What a fitted estimator offers to be drawn, as one number per state, with its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..routes import expected_flows
from ..uncertainty import reward_map

if TYPE_CHECKING:
    from ..uncertainty import ErrorMap
    from ..worlds import RoadNetwork


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


def quantity(estimator: Any, show: str, goal: int | None = None) -> Shown:
    """One number per state of a fitted estimator.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    show : one of QUANTITIES
    goal : int, optional
        State on the way to which value and visitations are meant; needed where the demonstrations had goals.

    Raises
    ------
    ValueError
        For other names, for a goal that is missing, and for standard errors of very many coefficients.
    """
    if show not in QUANTITIES:
        raise ValueError(f"show must be one of {', '.join(QUANTITIES)}; got {show!r}")
    mdp = estimator.mdp
    if show == "reward":
        reward = np.asarray(estimator.reward_)
        return Shown(reward_per_state(reward, mdp), reward_label(reward))
    if show == "standard_error":
        errors = reward_map(estimator)
        label = error_label(reward_label(errors.standard_error), errors)
        return Shown(reward_per_state(errors.standard_error, mdp), label)
    if show == "value":
        V, staged = estimator.solve(goal).V, mdp.horizon is not None
        return Shown(V[0] if staged else V, "soft value" + (" at the first step" if staged else ""))
    estimator.fit_.check_goal(goal)
    visits = estimator.visitations_ if goal is None else visits_on_the_way(estimator, goal)
    return Shown(state_visits(visits), visits_label(mdp))


def visits_on_the_way(estimator: Any, goal: int | None = None) -> NDArray:
    """Expected visits (S, A) per demonstrated trip, from its first state to its goal; of one goal, on the trips to it.

    A goal that no demonstration had is approached from the first states of all.
    """
    data = estimator.fit_.demonstrations
    weight, goals = data.weights, data.goals if goal is None else np.full(len(data), goal)
    if goal is not None and data.goals is not None and (weight[data.goals == goal] > 0).any():
        weight = np.where(data.goals == goal, weight, 0.0)
    rows, first = np.flatnonzero(weight), data.states[data.offsets[:-1]]
    return expected_flows(estimator.goal_policies(), first[rows], goals[rows], weight[rows]) / weight.sum()


def link_quantity(estimator: Any, network: RoadNetwork, show: str, goal: int | None = None) -> Shown:
    """One number per link of a road network, (L,), from a fitted estimator; arguments as for `quantity`.

    Visits are how often a trip enters the link; without a goal those of all demonstrated trips, each to its own.
    """
    mdp = estimator.mdp
    if mdp.n_states != network.mdp.n_states:
        raise ValueError(f"the estimator has {mdp.n_states} states, {network!r} has {network.mdp.n_states}")
    if show == "visitations":
        heading = goal is not None or estimator.fit_.demonstrations.goals is not None
        visits = visits_on_the_way(estimator, goal) if heading else estimator.visitations_
        flows = network.link_flows(visits if visits.ndim == 2 else visits.sum(axis=0))
        discounted = ", discounted" if mdp.discount < 1 else ""
        return Shown(flows, f"times a link is entered, per trip{discounted}\n(square-root scale)")
    if show == "reward":
        return Shown(per_link(network, estimator.reward_), link_reward_label(network, estimator.reward_))
    if show == "standard_error":
        errors = reward_map(estimator)
        label = link_reward_label(network, errors.standard_error)
        return Shown(per_link(network, errors.standard_error), error_label(label, errors))
    return Shown(per_link(network, quantity(estimator, show, goal).per_state), f"soft value {_place(network)}")


def per_link(network: RoadNetwork, values: ArrayLike) -> NDArray:
    """One number per link, (L,).

    Of values (S,) that of the link, or of the node it leaves; of (S, A) the mean over the moves on to it, NaN without any.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim == 1:
        return values[: network.n_links] if network.states == "links" else values[network.tail]
    there = network.entered >= 0
    moves = values[: network.n_places, : network.entered.shape[1]][there]
    known = np.isfinite(moves)
    counts = np.bincount(network.entered[there][known], minlength=network.n_links)
    total = np.bincount(network.entered[there][known], weights=moves[known], minlength=network.n_links)
    return np.divide(total, counts, out=np.full(network.n_links, np.nan), where=counts > 0)


def link_reward_label(network: RoadNetwork, reward: ArrayLike) -> str:
    """Label of a map of rewards `per_link`."""
    if np.ndim(reward) == 1:
        return f"reward per decision {_place(network)}"
    return "reward of taking a link" + (",\nmean over the links before it" if network.states == "links" else "")


def _place(network: RoadNetwork) -> str:
    return "on a link" if network.states == "links" else "at the node a link leaves"


def reward_per_state(reward: ArrayLike, mdp: Any) -> NDArray:
    """Reward of each state, (S,): one per action is averaged over the available ones; NaN where nothing is decided."""
    reward = np.asarray(reward, dtype=float)
    if reward.ndim == 1:
        return np.where(mdp.available.any(axis=1), reward, np.nan)
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


def error_label(label: str, errors: ErrorMap) -> str:
    """Label of a map of standard errors of what `label` names."""
    return f"standard error of the {label}" + ("\n(relative to the mean reward)" if errors.centred else "")


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
