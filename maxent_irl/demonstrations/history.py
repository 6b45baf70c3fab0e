"""Choices that also depend on where one came from: states become pairs (previous, now)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..mdp import MDP
from .demonstrations import Demonstrations


@dataclass(frozen=True, eq=False)
class History:
    """An MDP whose states are the pairs (previous, now) that one action can bring about.

    Attributes
    ----------
    original : MDP
    mdp : MDP
        Sparse; with the original's actions, discount and horizon.
    previous, now : (S',) int arrays
        The pair of each state; ``features[now]`` gives features of the present state.
    """

    original: MDP
    mdp: MDP
    previous: NDArray  # (S',)
    now: NDArray  # (S',)

    def index(self, previous: NDArray, now: NDArray) -> NDArray:
        """Position of each pair among the states; -1 where no action leads from one to the other."""
        S = self.original.n_states
        keys, wanted = self.previous * S + self.now, np.asarray(previous) * S + now
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)

    def demonstrations(self, given: Demonstrations) -> Demonstrations:
        """The same decisions in pairs; the first of every trajectory is left out, as what preceded it is unknown.

        Raises
        ------
        ValueError
            For a trajectory with a single decision, naming it.
        """
        single = np.flatnonzero(given.lengths < 2)
        if single.size:
            raise ValueError(
                f"trajectory {single[0]} has a single decision, and with history the first one is left out: drop the trajectory"
            )
        if given.goals is not None:
            raise ValueError("history=True does not take demonstrations with goals: drop them, or history")
        later = np.ones(given.n_decisions, dtype=bool)
        later[given.offsets[:-1]] = False
        later = np.flatnonzero(later)
        states = self.index(given.states[later - 1], given.states[later])
        ends = given.offsets[1:] - 1
        final = np.where(given.final_states >= 0, self.index(given.states[ends], given.final_states), -1)
        offsets = given.offsets - np.arange(len(given) + 1)
        columns = given.columns.take(np.arange(len(given)), later)
        return given.changed(
            states=states,
            actions=given.actions[later],
            offsets=offsets,
            final_states=final,
            state_labels=None if given.state_labels is None else self._labels(given.state_labels),
            columns=columns,
        )

    def _labels(self, labels: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [*labels, *range(len(labels), self.original.n_states)]
        return tuple((names[p], names[s]) for p, s in zip(self.previous, self.now, strict=True))


def with_history(mdp: MDP) -> History:
    """Make the previous state part of the state.

    Parameters
    ----------
    mdp : MDP
        Its initial distribution is dropped: what precedes a first state is unknown.

    Examples
    --------
    >>> from maxent_irl import MDP
    >>> from maxent_irl.demonstrations.history import with_history
    >>> ring = MDP.from_successors([[1, 2], [2, 0], [0, 1]], discount=0.9)
    >>> with_history(ring).mdp
    MDP(n_states=6, n_actions=2, discount=0.9, 12 transitions)
    """
    S, A = mdp.n_states, mdp.n_actions
    P = sparse.coo_array(mdp.transitions)
    row, after = P.coords
    keys = np.unique((row % S).astype(np.int64) * S + after)
    previous, now = keys // S, keys % S
    n = len(keys)
    rows = mdp.transitions[(np.arange(A)[:, None] * S + now).ravel()].tocoo()
    source, target = rows.coords
    pair = np.searchsorted(keys, now[source % n] * S + target)
    stacked = sparse.csr_array((rows.data, (source, pair)), shape=(A * n, n))
    augmented = MDP.from_stacked(
        stacked,
        A,
        discount=mdp.discount,
        horizon=mdp.horizon,
        terminal=mdp.terminal[now],
        available=mdp.available[now],
        ending=None if mdp.ending is None else mdp.ending[now],
    )
    return History(mdp, augmented, previous, now)
