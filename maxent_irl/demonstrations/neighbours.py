"""Actions that were not recorded: read off the dynamics, or numbered by which neighbour was entered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..mdp import MDP
from .flat import excerpt
from .labels import Labels, show


def entered_neighbours(states: NDArray, next_states: NDArray) -> NDArray:
    """Action k where the k-th of the states that were ever entered from here was entered, in the order of their indices.

    There are as many actions as the state with the most such neighbours has.
    """
    size = np.int64(max(states.max(initial=0), next_states.max(initial=0))) + 1
    steps, step = np.unique(states * size + next_states, return_inverse=True)
    origin = steps // size
    return (np.arange(len(steps)) - np.searchsorted(origin, origin))[step]


def inferred_actions(
    states: NDArray, next_states: NDArray, mdp: MDP, place: Callable[[int], str], labels: Labels | None = None
) -> NDArray:
    """The only available action that can make each step; raise where none or several can, naming the step by `place`."""
    S = mdp.n_states
    steps, inverse = np.unique(states * np.int64(S) + next_states, return_inverse=True)
    s, t = np.divmod(steps, S)
    n_candidates = np.zeros(len(steps), dtype=np.int64)
    action = np.zeros(len(steps), dtype=np.int64)
    for a in range(mdp.n_actions):
        possible = (mdp.transitions[a * S + s, t] > 0) & mdp.available[s, a]
        n_candidates += possible
        action[possible] = a
    unclear = n_candidates[inverse] != 1
    if unclear.any():
        k = int(np.flatnonzero(unclear)[0])
        here, there = (show("state", int(array[k]), labels) for array in (states, next_states))
        step = f"{place(k)} goes from {here} to {there}"
        usable = np.flatnonzero(mdp.available[states[k]])
        if n_candidates[inverse[k]] == 0:
            reason = "state is terminal" if mdp.terminal[states[k]] else f"available there: {excerpt(usable)}"
            raise ValueError(f"{step}, which no available action can do ({reason}): correct the path or the MDP")
        candidates = usable[mdp.transitions[usable * S + states[k], np.full(len(usable), next_states[k])] > 0]
        raise ValueError(
            f"{step}, which actions {excerpt(candidates)} can all do: give the actions too, because the path does not tell"
        )
    return action[inverse]
