"""Could these demonstrations have happened in this MDP? The first thing that could not is named."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..mdp import MDP
from .flat import Flat
from .labels import show, shown

ALL_NAMES = "list all names in the order of the indices, Demonstrations(..., {}_labels=[...]), or give indices"


def check_feasible(demos: Flat, mdp: MDP) -> None:
    """Raise ValueError for the first impossible state, action, transition or ending; see `Demonstrations.validate_against`."""
    check_range(demos, mdp.n_states, mdp.n_actions)
    check_labels(demos, mdp.n_states, mdp.n_actions)
    _check_decisions(demos, mdp)
    _check_transitions(demos, mdp)
    _check_endings(demos, mdp)
    if mdp.horizon is not None and (demos.lengths > mdp.horizon).any():
        i = _first(demos.lengths > mdp.horizon)
        raise ValueError(
            f"trajectory {demos.name_of(i)} has {demos.lengths[i]} decisions, more than the horizon of {mdp.horizon}: "
            "cut it, or give the MDP a longer horizon"
        )


def check_range(demos: Flat, n_states: int, n_actions: int) -> None:
    """Raise ValueError for the first state, final state, goal or action that is not among so many."""
    hint = (
        f"but states are 0..{n_states - 1}: give the problem that the demonstrations come from, or number states from 0"
    )
    if (demos.states >= n_states).any():
        k = _first(demos.states >= n_states)
        raise ValueError(f"{demos.place_of(k)} is in {_state(demos, demos.states[k])}, {hint}")
    if (demos.final_states >= n_states).any():
        i = _first(demos.final_states >= n_states)
        raise ValueError(f"trajectory {demos.name_of(i)} ends in {_state(demos, demos.final_states[i])}, {hint}")
    if demos.goals is not None and (demos.goals >= n_states).any():
        i = _first(demos.goals >= n_states)
        raise ValueError(f"the goal of trajectory {demos.name_of(i)} is {_state(demos, demos.goals[i])}, {hint}")
    if (demos.actions >= n_actions).any():
        k = _first(demos.actions >= n_actions)
        raise ValueError(
            f"{demos.place_of(k)} takes {_action(demos, demos.actions[k])}, but actions are 0..{n_actions - 1}: "
            "give the problem that the demonstrations come from, or number actions from 0"
        )


def check_labels(demos: Flat, n_states: int, n_actions: int, remedy: str = ALL_NAMES) -> None:
    """Raise ValueError where fewer are named than there are: a label's index would depend on which others happen to be seen."""
    for what, labels, n in (("state", demos.state_labels, n_states), ("action", demos.action_labels, n_actions)):
        if labels is None or len(labels) >= n:
            continue
        names = ", ".join(map(shown, labels[:5])) + (", ..." if len(labels) > 5 else "")
        todo = remedy.format(what)
        if all(type(label) is int for label in labels):
            todo = f"if these are indices, read the table with n_{what}s={n} or mdp=; if they are names, {todo}"
        raise ValueError(
            f"the demonstrations name {len(labels)} {what}s ({names}), but there are {n}, so which index each name has cannot be "
            f"told: {todo}"
        )


def _first(mask: NDArray) -> int:
    return int(np.flatnonzero(mask)[0])


def _state(demos: Flat, index: int) -> str:
    return show("state", int(index), demos.state_labels)


def _action(demos: Flat, index: int) -> str:
    return show("action", int(index), demos.action_labels)


def _check_decisions(demos: Flat, mdp: MDP) -> None:
    over = mdp.terminal[demos.states]
    if over.any():
        k = _first(over)
        raise ValueError(
            f"{demos.place_of(k)} takes {_action(demos, demos.actions[k])} in {_state(demos, demos.states[k])}, "
            "which is terminal: cut the trajectory where it gets there, or do not make the state terminal"
        )
    if demos.goals is not None:
        past = demos.states == demos.goals[demos.trajectory_ids]
        if past.any():
            k = _first(past)
            raise ValueError(
                f"{demos.place_of(k)} takes {_action(demos, demos.actions[k])} in {_state(demos, demos.states[k])}, its goal: "
                "a trajectory is over when it gets to its goal; cut it there, or give it the goal it ends in"
            )
    closed = ~mdp.available[demos.states, demos.actions]
    if closed.any():
        k = _first(closed)
        usable = ", ".join(_action(demos, a) for a in np.flatnonzero(mdp.available[demos.states[k]])[:6])
        raise ValueError(
            f"{demos.place_of(k)} takes {_action(demos, demos.actions[k])} in {_state(demos, demos.states[k])}, "
            f"where it is not available (available: {usable or 'nothing'}): correct the trajectory or the MDP's available="
        )


def _check_transitions(demos: Flat, mdp: MDP) -> None:
    next_states = demos.next_states
    recorded = next_states >= 0
    if mdp.ending is not None:  # a state recorded after an action that ended the episode is no transition
        last = demos.offsets[1:][demos.terminated] - 1
        recorded[last[mdp.ending[demos.states[last], demos.actions[last]] > 0]] = False
    known = np.flatnonzero(recorded)
    rows = demos.actions[known] * mdp.n_states + demos.states[known]
    impossible = mdp.transitions[rows, next_states[known]] == 0 if known.size else np.zeros(0, dtype=bool)
    if impossible.any():
        k = int(known[_first(impossible)])
        message = (
            f"{demos.place_of(k)} goes from {_state(demos, demos.states[k])} by {_action(demos, demos.actions[k])} to "
            f"{_state(demos, next_states[k])}, which has probability 0 in the MDP"
        )
        if mdp.ending is not None and mdp.ending[demos.states[k], demos.actions[k]] > 0:
            raise ValueError(f"{message}; the action can end the episode: if it did, mark the trajectory as terminated")
        raise ValueError(f"{message}: correct the trajectory, or the MDP's transitions")


def _check_endings(demos: Flat, mdp: MDP) -> None:
    """A terminated trajectory ends in a terminal state or its goal, by an action that can end it, or at the horizon."""
    last = demos.offsets[1:] - 1
    ended = demos.terminated.copy()
    if mdp.horizon is not None:
        ended &= demos.lengths != mdp.horizon
    if mdp.ending is not None:
        ended &= mdp.ending[demos.states[last], demos.actions[last]] == 0
    final = demos.final_states
    known = final >= 0
    ended[known] &= ~mdp.terminal[final[known]]
    if demos.goals is not None:
        ended &= final != demos.goals
    unknown = np.flatnonzero(ended & ~known)
    if unknown.size:  # the final state is not recorded: can it have been a terminal one?
        rows = demos.actions[last[unknown]] * mdp.n_states + demos.states[last[unknown]]
        can_end = mdp.transitions[rows] @ mdp.terminal.astype(float) > 0
        if demos.goals is not None:
            can_end |= mdp.transitions[rows, demos.goals[unknown]] > 0
        ended[unknown[can_end]] = False
    if ended.any():
        i = _first(ended)
        k = int(last[i])
        where = f" in {_state(demos, final[i])}" if known[i] else ""
        raise ValueError(
            f"trajectory {demos.name_of(i)} is marked as terminated after step {demos.times[k]} "
            f"({_action(demos, demos.actions[k])} in {_state(demos, demos.states[k])}), but the MDP does not end{where} there: "
            "make the final state terminal, give the "
            "trajectory its goal, or mark it as not terminated"
        )
