"""Vectorised draws: which action, and what happens next, for many walkers at once.

Every draw inverts a cumulative distribution. The distributions of all rows are laid end to end, row r between r and r + 1.
Drawing for any number of rows is then one binary search for ``r + u``. The resolution is about 1e-16 times the number of rows.

Source: L. Devroye, Non-Uniform Random Variate Generation, Springer, 1986, section III.2 (inversion by binary search).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mdp import MDP


def generator(random_state: Any) -> np.random.Generator:
    """Return the numpy Generator that None, an int, a Generator or a RandomState stands for."""
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "random_state must be None, an integer >= 0, a numpy Generator or a numpy RandomState; "
            f"got {random_state!r}: {error}"
        ) from None


def row_keys(rows: NDArray) -> NDArray:
    """Cumulative probabilities of each row, shape (R, K), laid end to end: row r rises to r + 1; an empty one stays at r."""
    cumulative = np.cumsum(rows, axis=1)
    total = cumulative[:, -1:]
    np.divide(cumulative, total, out=cumulative, where=total > 0)
    return (cumulative + np.arange(len(rows))[:, None]).ravel()


def entries(keys: NDArray, rows: NDArray, u: NDArray) -> NDArray:
    """Position among `keys` that a uniform number in [0, 1) falls on in each row; past the row if its keys end below it."""
    below_one = 1 - (keys[-1] + 1) * 2.0**-52  # row + u, when rounded, must stay below row + 1
    return np.searchsorted(keys, rows + u * below_one, side="right")


class Outcomes:
    """Draws what follows state-action pairs.

    Parameters
    ----------
    mdp : MDP
    """

    def __init__(self, mdp: MDP) -> None:
        self._indptr = mdp.transitions.indptr
        self._successors = np.append(mdp.transitions.indices, -1)
        self._keys = _transition_keys(mdp)

    def __call__(self, pairs: NDArray, u: NDArray) -> NDArray:
        """Next states of pairs ``a * S + s`` for uniform numbers u; -1 where the episode ended with the action."""
        if self._keys is None:
            entry = self._indptr[pairs]
        else:
            entry = entries(self._keys, pairs, u)
        beyond = entry >= self._indptr[pairs + 1]  # beyond the successors lies mdp.ending
        return self._successors[np.where(beyond, -1, entry)]


def _transition_keys(mdp: MDP) -> NDArray | None:
    """Cumulative transition probabilities laid end to end; row r rises to r + 1 minus its probability of ending.

    None where there is nothing to draw, every action having one outcome.
    """
    if mdp.structure.deterministic:
        return None
    indptr = mdp.transitions.indptr
    cumulative = np.concatenate([[0.0], np.cumsum(mdp.transitions.data)])
    start, total = cumulative[indptr[:-1]], np.diff(cumulative[indptr])
    outcomes = total if mdp.ending is None else total + mdp.ending.T.ravel()
    row = np.repeat(np.arange(len(total)), np.diff(indptr))
    return (cumulative[1:] - start[row]) / outcomes[row] + row
