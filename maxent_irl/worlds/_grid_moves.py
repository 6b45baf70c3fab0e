"""The five actions on a grid and the transition matrices they make."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

ACTION_NAMES = ("right", "down", "left", "up", "stay")
ACTIONS = np.array([(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)])  # (5, 2): (row, column) step of each action
ACTIONS.flags.writeable = False
_N_MOVES = 4  # the actions before "stay"


def transitions(states: NDArray, cells: NDArray, slip: float) -> sparse.csr_array:
    """Transitions on the free cells of a grid, one (A * S, S) matrix with row ``a * S + s``.

    `states` (rows, columns) holds the state of every cell, -1 at walls; `cells` (S, 2) the cell of every
    state.
    """
    n_states, n_actions = len(cells), len(ACTIONS)
    padded = np.pad(states, 1, constant_values=-1)
    successors = np.stack([padded[tuple((cells + 1 + step).T)] for step in ACTIONS])  # (A, S)
    successors = np.where(successors < 0, np.arange(n_states), successors)  # a blocked move stays put
    # Every row lists the successor of the chosen action, then those of the four random moves; duplicates are summed.
    columns = np.empty((n_actions, n_states, 1 + _N_MOVES), dtype=np.int32)
    columns[:, :, 0] = successors
    columns[:, :, 1:] = successors[:_N_MOVES].T
    weights = np.broadcast_to([1 - slip] + [slip / _N_MOVES] * _N_MOVES, columns.shape)
    starts = np.arange(0, columns.size + 1, 1 + _N_MOVES)
    matrix = sparse.csr_array((weights.ravel(), columns.ravel(), starts), shape=(n_actions * n_states, n_states))
    matrix.sum_duplicates()
    return matrix
