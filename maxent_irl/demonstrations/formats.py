"""Trajectories as users have them (arrays, lists, state paths, trajectory objects) turned into flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..mdp import MDP
from .changes import relabel
from .columns import concatenated
from .flat import Flat, Trajectory, check_lengths, checked_ids, flatten, lengths_message, trajectory_name
from .labels import encode, lookup
from .neighbours import inferred_actions

Ids = Sequence[Any] | None


def read_trajectories(
    trajectories: Iterable[Any],
    goals: Sequence[Any] | None,
    weights: ArrayLike | None,
    terminated: ArrayLike | None,
    ids: Ids,
    labels: Mapping[str, Iterable[Any] | None],
) -> Flat:
    """Flat arrays of (T, 2) arrays, (states, actions) tuples, lists of steps, `Trajectory` objects, or other flat arrays.

    Indices are in the order of the `state_labels` and `action_labels` in `labels`, where these are not None.
    """
    if isinstance(trajectories, Flat):
        return _replaced(relabel(trajectories, **labels), goals, weights, terminated, ids)
    if (
        isinstance(trajectories, str | dict)
        or hasattr(trajectories, "columns")
        or hasattr(trajectories, "column_names")
    ):
        raise ValueError(
            f"trajectories is a {type(trajectories).__name__}: give a list of trajectories, or use Demonstrations.from_table"
        )
    if not isinstance(trajectories, Iterable):
        raise ValueError(f"trajectories is {trajectories!r}: give a list of trajectories")
    trajectories = list(trajectories)
    if trajectories and all(isinstance(trajectory, Trajectory) for trajectory in trajectories):
        return _replaced(relabel(_join(trajectories), **labels), goals, weights, terminated, ids)
    names = None if ids is None else checked_ids(ids, len(trajectories))
    pairs = [_split(trajectory, trajectory_name(i, names)) for i, trajectory in enumerate(trajectories)]
    states, actions = [s for s, _ in pairs], [a for _, a in pairs]
    return relabel(from_pairs(states, actions, goals, weights, terminated, names), **labels)


def from_pairs(
    states: list,
    actions: list,
    goals: Sequence[Any] | None = None,
    weights: ArrayLike | None = None,
    terminated: ArrayLike | None = None,
    ids: Ids = None,
) -> Flat:
    """Flat arrays of one sequence of states (possibly one longer) and one of actions per trajectory."""
    n_states = np.array([len(s) for s in states], dtype=np.int64)
    lengths = np.array([len(a) for a in actions], dtype=np.int64)
    unfit = (n_states != lengths) & (n_states != lengths + 1)
    if unfit.any():
        i = int(np.flatnonzero(unfit)[0])
        raise ValueError(lengths_message(trajectory_name(i, ids), n_states[i], lengths[i]))
    check_lengths(lengths, range(len(lengths)) if ids is None else ids)
    goals = None if goals is None else _one_each(goals, len(lengths))
    all_states, state_labels = encode([*states, *([] if goals is None else [goals])], "state", _places(n_states, ids))
    all_actions, action_labels = encode(actions, "action", _places(lengths, ids))
    ends = np.cumsum(n_states)
    goal_states = None if goals is None else all_states[ends[-1] :]
    known = n_states > lengths
    final_states = np.where(known, all_states[ends - 1], -1)
    deciding = np.ones(ends[-1], dtype=bool)
    deciding[ends[known] - 1] = False
    return flatten(
        all_states[: ends[-1]][deciding],
        all_actions,
        lengths,
        final_states,
        terminated=terminated,
        weights=weights,
        goals=goal_states,
        ids=ids,
        state_labels=state_labels,
        action_labels=action_labels,
    )


def _replaced(
    flat: Flat, goals: Sequence[Any] | None, weights: ArrayLike | None, terminated: ArrayLike | None, ids: Ids
) -> Flat:
    """The same trajectories with the given goals, weights, flags and names in place of their own."""
    n = len(flat.weights)
    ids = flat.ids if ids is None else ids
    goal_states = flat.goals
    if goals is not None:
        values = [_one_each(goals, n)]
        place = _places(np.zeros(n, dtype=np.int64), ids)
        if flat.state_labels is None:
            goal_states, labels = encode(values, "state", place)
            if labels is not None:
                raise ValueError(
                    f"goals are labels such as {labels[0]!r}, but the states are integers: give goals as integers"
                )
        else:
            goal_states = lookup(values[0], flat.state_labels, "state", place)
    return flatten(
        flat.states,
        flat.actions,
        flat.lengths,
        flat.final_states,
        terminated=flat.terminated if terminated is None else terminated,
        weights=flat.weights if weights is None else weights,
        goals=goal_states,
        ids=ids,
        state_labels=flat.state_labels,
        action_labels=flat.action_labels,
        columns=flat.columns,
    )


def read_state_paths(
    paths: Iterable[Any], mdp: MDP, goals: Sequence[Any] | None, weights: ArrayLike | None, ids: Ids
) -> Flat:
    """Flat arrays of state paths, the action of each step being the only available one that can make it."""
    paths = list(paths)
    names = range(len(paths)) if ids is None else checked_ids(ids, len(paths))
    paths = [_sequence(path, trajectory_name(i, names), "states") for i, path in enumerate(paths)]
    visits = np.array([len(path) for path in paths], dtype=np.int64)
    if (visits < 2).any():
        i = int(np.flatnonzero(visits < 2)[0])
        raise ValueError(
            f"{trajectory_name(i, names)} visits {visits[i]} state(s), so it has no decisions: a path needs two or more"
        )
    check_lengths(visits, names)
    place = _places(visits, names)
    values, labels = encode(paths, "state", place)
    if labels is not None:
        raise ValueError(
            f"paths hold labels such as {labels[0]!r}, but the states of the MDP are integers: give indices"
        )
    if values.max() >= mdp.n_states:
        k = int(np.flatnonzero(values >= mdp.n_states)[0])
        raise ValueError(f"{place(k)} visits state {values[k]}; the MDP has states 0..{mdp.n_states - 1}")
    ends = np.cumsum(visits)
    last = np.zeros(len(values), dtype=bool)
    last[ends - 1] = True
    here = np.flatnonzero(~last)
    actions = inferred_actions(values[here], values[here + 1], mdp, lambda k: place(int(here[k])))
    flat = flatten(values[here], actions, visits - 1, values[ends - 1], ids=names)
    return flat if goals is None and weights is None else _replaced(flat, goals, weights, None, None)


def _join(trajectories: list[Trajectory]) -> Flat:
    first = trajectories[0]
    for i, trajectory in enumerate(trajectories):
        for what in ("state_labels", "action_labels"):
            mine, theirs = getattr(trajectory, what), getattr(first, what)
            if mine is not theirs and mine != theirs:
                raise ValueError(
                    f"trajectory {i} has other {what} than trajectory 0: "
                    "build both from one list, so that indices agree"
                )
        if (trajectory.goal is None) != (first.goal is None):
            raise ValueError(
                f"trajectory {i if first.goal is not None else 0} has no goal but another has: give all a goal, or none"
            )
    own_goals = None if first.goal is None else [trajectory.goal for trajectory in trajectories]
    ids = [trajectory.id for trajectory in trajectories]
    return from_pairs(
        [trajectory.states for trajectory in trajectories],
        [trajectory.actions for trajectory in trajectories],
        own_goals,
        [trajectory.weight for trajectory in trajectories],
        np.array([trajectory.terminated for trajectory in trajectories], dtype=bool),
        None if None in ids else ids,
    ).changed(
        state_labels=first.state_labels,
        action_labels=first.action_labels,
        columns=concatenated([trajectory.columns for trajectory in trajectories]),
    )


def _split(trajectory: Any, name: str) -> tuple[Any, Any]:
    """States and actions of one trajectory; the type decides which form it has, never a length."""
    if isinstance(trajectory, np.ndarray):
        trajectory = _unmasked(trajectory, name)
        if trajectory.ndim == 2 and trajectory.shape[1] == 2:
            return trajectory[:, 0], trajectory[:, 1]
        raise ValueError(
            f"{name} has shape {trajectory.shape}: an array has shape (T, 2), columns state and action "
            "(a single trajectory goes into a list)"
        )
    if isinstance(trajectory, tuple):
        if len(trajectory) != 2:
            raise ValueError(
                f"{name} is a tuple of {len(trajectory)}: a tuple is (states, actions); steps go into a list"
            )
        return _sequence(trajectory[0], name, "states"), _sequence(trajectory[1], name, "actions")
    if isinstance(trajectory, Trajectory):
        raise ValueError(f"{name} is a Trajectory, but others are not: their labels could disagree; give one kind")
    if isinstance(trajectory, list):
        for t, step in enumerate(trajectory):
            if not isinstance(step, tuple | list) or len(step) != 2:
                raise ValueError(
                    f"{name}, step {t} is {step!r:.60}: a list holds (state, action) steps; "
                    "give states and actions apart as a tuple (states, actions)"
                )
        return [s for s, _ in trajectory], [a for _, a in trajectory]
    raise ValueError(
        f"{name} is of type {type(trajectory).__name__}: give a (T, 2) integer array, a tuple (states, actions), "
        "or a list of (state, action) steps"
    )


def _sequence(values: Any, name: str, what: str) -> Any:
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray):
        values = _unmasked(values, name)
    if isinstance(values, np.ndarray) and values.ndim == 1 or isinstance(values, list | tuple | range):
        return values
    shape = f" of shape {values.shape}" if isinstance(values, np.ndarray) else ""
    raise ValueError(f"the {what} of {name} are a {type(values).__name__}{shape}: give a list or a 1-D array")


def _unmasked(array: NDArray, name: str) -> NDArray:
    """A plain array; raise where something is masked, which is how numpy marks missing values."""
    if np.ma.is_masked(array):
        step = int(np.argwhere(np.ma.getmaskarray(array))[0][0])
        raise ValueError(f"{name}, step {step} is masked, which means missing: fill it in, or leave it out")
    return np.asarray(array)


def _one_each(goals: Any, n: int) -> Any:
    if isinstance(goals, np.ndarray):
        goals = _unmasked(goals, "goals")
    if not hasattr(goals, "__len__") or isinstance(goals, str) or len(goals) != n:
        size = len(goals) if hasattr(goals, "__len__") and not isinstance(goals, str) else repr(goals)
        raise ValueError(f"goals must hold one state per trajectory, {n} in all; got {size}")
    return goals


def _places(counts: NDArray, ids: Ids) -> Callable[[int], str]:
    """Name the place of the k-th value of trajectories with `counts` values each; what follows them are their goals."""
    ends = np.cumsum(counts)

    def place(k: int) -> str:
        if k >= ends[-1]:
            return f"the goal of {trajectory_name(k - ends[-1], ids)}"
        i = int(np.searchsorted(ends, k, side="right"))
        return f"{trajectory_name(i, ids)}, step {k - ends[i] + counts[i]}"

    return place
