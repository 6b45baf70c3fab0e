"""What a fitted estimator offers to be drawn on a map: values with their name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..routes import expected_flows
from ..uncertainty import ErrorMap
from .colours import error_colour_map
from .fitted import error_map, has_errors
from .layouts import Layout, layout_of


@dataclass(frozen=True)
class Quantity:
    """How a quantity is shown: its title, and the colour scale it wants (arguments of `colour_scale`)."""

    title: str
    signed: bool | None
    from_zero: bool
    root: bool = False


QUANTITIES = {
    "reward": Quantity("Recovered reward", None, False),
    "value": Quantity("Soft value", None, False),
    "visitations": Quantity("Expected visits", False, True, root=True),
    "standard_error": Quantity("How uncertain: standard error", False, True),
}


@dataclass(frozen=True, eq=False)
class Shown:
    """Values of a quantity, the label of their colour bar, and whether a place takes the sum over its actions or the mean."""

    values: NDArray  # (S,) or (S, A)
    label: str
    total: bool = False


def estimator_map(
    estimator: Any, world: Any, *, show: str = "reward", goal: int | None = None, title: str | None = None
) -> Any:
    """Map what a fitted estimator found, on whatever map the world has.

    Parameters
    ----------
    estimator : fitted MaxEntIRL
    world : as for `layout_of`
    show : "reward", "value", "visitations" or "standard_error"
        Rewards and standard errors per action are averaged over the actions available in a state, or over the moves on to a
        link. With a horizon, the value is that of the first step and visitations are summed over time. States in which nothing is
        decided, such as terminal ones, earn nothing: maps of reward and error leave them out.
    goal : int, optional
        State on the way to which the value and the visitations are meant. It is marked. Visitations are those of the
        demonstrations with this goal, or of all where none had it. Needed where the demonstrations had goals, but not for the
        visitations of a road network: without it they are those of all trips.
    title : str, optional

    Returns
    -------
    Display
        `GridMapDisplay`, `NetworkMapDisplay`, `TreeMapDisplay`, or what the layout of the world makes.

    Raises
    ------
    ValueError
        For an unknown quantity, a goal that is missing or no state, a world with another number of states than the estimator, and
        standard errors of very many coefficients.
    """
    layout = layout_of(world).heading_for(goal)
    shown, meta = quantity(estimator, layout, show, goal), QUANTITIES[show]
    options: dict[str, Any] = {"cmap": error_colour_map()} if show == "standard_error" else {}
    if show == "reward" and layout.rings and has_errors(estimator):
        options["errors"] = layout.per_place(quantity(estimator, layout, "standard_error").values)
    return layout.map(
        shown.values,
        total=shown.total,
        label=shown.label,
        title=meta.title if title is None else title,
        signed=meta.signed,
        from_zero=meta.from_zero,
        root=meta.root,
        **options,
    )


def quantity(estimator: Any, layout: Layout, show: str, goal: int | None = None) -> Shown:
    """Values of a quantity, (S,) or (S, A), and their label on the layout; arguments as for `estimator_map`."""
    if show not in QUANTITIES:
        raise ValueError(f"show must be one of {', '.join(QUANTITIES)}; got {show!r}")
    mdp = estimator.mdp
    if layout.n_states not in (None, mdp.n_states):
        raise ValueError(f"the estimator has {mdp.n_states} states, {layout.name} has {layout.n_states}")
    if show == "reward":
        reward = np.asarray(estimator.reward_)
        return Shown(earned(reward, mdp), reward_label(reward, layout))
    if show == "standard_error":
        errors = error_map(estimator)
        spread = errors.standard_error
        return Shown(earned(spread, mdp), error_label(reward_label(spread, layout), errors))
    if show == "value":
        V, staged = estimator.solve(goal).V, mdp.horizon is not None
        label = f"soft value{layout.words.place}" + (" at the first step" if staged else "")
        return Shown(V[0] if staged else V, label)
    has_goals = estimator.fit_.has_goals
    if goal is None and has_goals and not layout.sums_goals:
        raise ValueError("the demonstrations had goals, and visits depend on the goal: pass goal=, a state")
    visits = visits_on_the_way(estimator, goal) if has_goals or goal is not None else estimator.visitations_
    per_action = visits.sum(axis=0) if visits.ndim == 3 else visits
    label = layout.words.visits + (", discounted" if mdp.discount < 1 else "") + "\n(square-root scale)"
    return Shown(per_action, label, total=True)


def visits_on_the_way(estimator: Any, goal: int | None = None) -> NDArray:
    """Expected visits (S, A) per demonstrated trip, from its first state to its goal; of one goal, on the trips to it.

    The trips to a goal that no demonstration had start where all demonstrations started.
    """
    data = estimator.fit_.demonstrations
    weight, goals = data.weights, data.goals if goal is None else np.full(len(data), goal)
    if goal is not None and data.goals is not None and (weight[data.goals == goal] > 0).any():
        weight = np.where(data.goals == goal, weight, 0.0)
    rows, first = np.flatnonzero(weight), data.states[data.offsets[:-1]]
    return expected_flows(estimator.goal_policies(), first[rows], goals[rows], weight[rows]) / weight.sum()


def earned(reward: ArrayLike, mdp: Any) -> NDArray:
    """A reward (S,) or (S, A) with NaN where no decision earns it."""
    reward = np.asarray(reward, dtype=float)
    return np.where(mdp.available.any(axis=1) if reward.ndim == 1 else mdp.available, reward, np.nan)


def reward_label(reward: ArrayLike, layout: Layout) -> str:
    """Label of a map of a reward (S,) or (S, A)."""
    return f"reward per decision{layout.words.place}" if np.ndim(reward) == 1 else layout.words.action_reward


def error_label(label: str, errors: ErrorMap) -> str:
    """Label of a map of standard errors of what `label` names."""
    return f"standard error of the {label}" + ("\n(relative to the mean reward)" if errors.centred else "")


def first_step(policy: ArrayLike) -> NDArray:
    """The (S, A) table of a policy or Q, that of the first step where it depends on time."""
    table = np.asarray(policy, dtype=float)
    return table[0] if table.ndim == 3 else table
