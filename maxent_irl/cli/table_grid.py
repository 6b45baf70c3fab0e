"""Tables whose states are cells of a grid: where each state lies, and where each action leads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..demonstrations import Demonstrations
from ..mdp import MDP
from ..worlds import GridGeometry


def grid_of(shape: tuple[int, int], demonstrations: Demonstrations, mdp: MDP) -> GridGeometry:
    """Read the names of the states as numbers of cells, counted row by row; steps of actions are those they make most often.

    States that neither the demonstrations nor the MDP know anything of are not drawn.

    Raises
    ------
    ValueError
        For a state that is no cell, naming it.
    """
    size = shape[0] * shape[1]
    labels = demonstrations.state_labels
    known = [demonstrations.states, demonstrations.final_states]
    if demonstrations.goals is not None:
        known.append(demonstrations.goals)
    if labels is None:
        known.append(np.flatnonzero(mdp.available.any(axis=1) | mdp.terminal))
    states = np.unique(np.concatenate(known))
    number = np.full(mdp.n_states, -1)
    for state in states[states >= 0]:
        name = str(state if labels is None else labels[state])
        if not name.isdecimal() or str(int(name)) != name or int(name) >= size:
            raise ValueError(
                f"state {name!r} is no cell of a grid of {shape[0]} x {shape[1]}: with --grid states are the numbers 0 to "
                f"{size - 1}, row by row, those of --mdp too"
            )
        number[state] = int(name)
    cells = np.where(number[:, None] >= 0, np.stack(np.divmod(number, shape[1]), axis=1), -1)
    return GridGeometry.of_states(shape, cells, gap_name="never seen", steps=_steps(cells, mdp))


def _steps(cells: NDArray, mdp: MDP) -> NDArray:
    """Row and column step of each action, (A, 2): the one it makes most; (0, 0) where it was never seen to lead on.

    Staying counts half, because a move stays too where it runs into an edge.
    """
    moves = mdp.transitions.tocoo()
    action, state = np.divmod(moves.row, mdp.n_states)
    drawn = (cells[state, 0] >= 0) & (cells[moves.col, 0] >= 0)
    step = cells[moves.col] - cells[state]
    steps = np.zeros((mdp.n_actions, 2), dtype=int)
    for a in range(mdp.n_actions):
        mine = drawn & (action == a)
        if mine.any():
            found, which = np.unique(step[mine], axis=0, return_inverse=True)
            made = np.bincount(which.ravel(), weights=moves.data[mine])
            steps[a] = found[np.where(found.any(axis=1), made, made / 2).argmax()]
    return steps
