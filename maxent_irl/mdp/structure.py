"""What follows from an MDP's graph alone: dead states, usable actions, and the sparsity pattern of its policies."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph


class Dynamics(Protocol):
    """What is read of an MDP here."""

    n_states: int
    n_actions: int
    transitions: sparse.csr_array  # (A * S, S)
    discount: float
    horizon: int | None
    terminal: NDArray  # (S,) bool
    available: NDArray  # (S, A) bool
    ending: NDArray | None  # (S, A)


class Structure:
    """Facts about an MDP that do not depend on the reward, each computed when first asked for and then kept.

    Parameters
    ----------
    mdp : MDP
    """

    def __init__(self, mdp: Dynamics) -> None:
        self._mdp = mdp

    @cached_property
    def deterministic(self) -> bool:
        """Whether every available action has exactly one successor, or ends the episode for sure."""
        mdp = self._mdp
        lengths = np.diff(mdp.transitions.indptr)
        certain = mdp.ending is None or bool(np.isin(mdp.ending, (0.0, 1.0)).all())
        return bool((lengths <= 1).all()) and certain

    @cached_property
    def successors(self) -> NDArray | None:
        """(A * S,) int: the next state of every row of the transitions, S where there is none; None if any is random."""
        P = self._mdp.transitions
        if not self.deterministic or (P.data != 1.0).any():
            return None
        after = np.full(P.shape[0], P.shape[1])
        after[np.diff(P.indptr) > 0] = P.indices
        return after

    @cached_property
    def every_action_leads_on(self) -> bool:
        """Whether no row of the transitions is empty: no terminal states, no actions that are unavailable or end for sure."""
        return bool(np.diff(self._mdp.transitions.indptr).all())

    @cached_property
    def usable_variational(self) -> NDArray:
        """(A, S) bool: available actions none of whose successors is dead."""
        return self._usable("variational")

    @cached_property
    def usable_exact(self) -> NDArray:
        """(A, S) bool: available actions of which some outcome is not dead: exact inference conditions on it."""
        return self._usable("exact")

    def usable(self, inference: str, support: NDArray | None = None) -> NDArray:
        """(A, S) bool mask of the actions whose value is finite under this kind of inference.

        `support`, (A, S) bool, says which actions an action prior allows at all: what leads only to states in which it allows
        nothing that gets on is of no use either.
        """
        if support is not None:
            return self._usable(inference, support)
        return self.usable_exact if inference == "exact" else self.usable_variational

    def dead(self, inference: str) -> NDArray:
        """(S,) bool: states whose value is -inf whatever the reward: no way on, or (undiscounted) no way to an end."""
        return ~(self.usable(inference).any(axis=0) | self._mdp.terminal)

    @cached_property
    def doomed(self) -> NDArray:
        """(S,) bool, with a horizon (T, S): states that whatever is done may lead to a dead end before the horizon."""
        if self._mdp.horizon is None:
            return self.dead("variational")
        return ~(self.usable_in_time("variational").any(axis=1) | self._mdp.terminal)

    def usable_in_time(self, inference: str) -> NDArray:
        """(T, A, S) bool, with a horizon T: available actions that leave a way through the decisions still to come."""
        mdp, T = self._mdp, self._mdp.horizon or 0
        shape = (T, mdp.n_actions, mdp.n_states)
        usable = np.broadcast_to(mdp.available.T, shape)
        if (usable[0].any(axis=0) | mdp.terminal).all():
            return usable
        usable = usable.copy()
        for t in range(T - 2, -1, -1):
            usable[t] &= self._survives(usable[t + 1].any(axis=0) | mdp.terminal, inference)
        return usable

    def _survives(self, alive: NDArray, inference: str) -> NDArray:
        """(A, S) bool: all outcomes of the action are alive (or it ends), under exact inference at least one of them."""
        mdp = self._mdp
        shape = (mdp.n_actions, mdp.n_states)
        n_alive = (self._support @ alive.astype(float)).reshape(shape)
        if inference == "exact":
            return (n_alive > 0) | self._ends
        return n_alive == np.diff(mdp.transitions.indptr).reshape(shape)

    @cached_property
    def _support(self) -> sparse.csr_array:
        P = self._mdp.transitions
        return sparse.csr_array((np.ones(P.nnz), P.indices, P.indptr), shape=P.shape)

    @property
    def _ends(self) -> NDArray:
        mdp = self._mdp
        return np.zeros((mdp.n_actions, mdp.n_states), dtype=bool) if mdp.ending is None else mdp.ending.T > 0

    def _usable(self, inference: str, support: NDArray | None = None) -> NDArray:
        mdp = self._mdp
        usable = np.ascontiguousarray(mdp.available.T)
        choosable = usable if support is None else usable & support
        must_end = mdp.discount == 1.0 and mdp.horizon is None
        if not must_end and (choosable.any(axis=0) | mdp.terminal).all():
            return usable
        if mdp.horizon is not None:
            return usable  # with a horizon, dead ends depend on the time left: the backward recursion finds them
        while True:  # every round but the last kills at least one action, so this ends
            alive = choosable.any(axis=0) | mdp.terminal
            if must_end:
                alive &= reaches_end(self._support, choosable, mdp.terminal, self._ends)
            kept = usable & self._survives(alive, inference) & alive
            if (kept == usable).all():
                return usable
            usable = kept
            choosable = usable if support is None else usable & support

    @cached_property
    def transposed(self) -> sparse.csc_array:
        """The transitions with rows and columns exchanged, (S, A * S): another view of the same arrays."""
        return self._mdp.transitions.T

    @cached_property
    def _pattern(self) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
        """Transitions and a unit diagonal, sorted by (state, next state) across actions; see `evaluation_matrix`.

        Returns five arrays: the order of the entries; the flat (action, state) of each one, A * S for the diagonal; where runs
        with the same (state, next state) start; the column indices and the row pointer of the union.
        """
        P, S, A = self._mdp.transitions, self._mdp.n_states, self._mdp.n_actions
        row = np.repeat(np.arange(A * S, dtype=np.int64), np.diff(P.indptr))
        state = np.concatenate([row % S, np.arange(S)])
        # One column per (next state, action), action A being the diagonal, keeps all entries of a row distinct.
        column = np.concatenate([P.indices * np.int64(A + 1) + row // S, np.arange(S) * np.int64(A + 1) + A])
        entry = sparse.csr_array((np.arange(P.nnz + S, dtype=float), (state, column)), shape=(S, S * (A + 1)))
        entry.sort_indices()
        order = entry.data.astype(np.int64)
        next_state = (entry.indices // (A + 1)).astype(np.int32)
        first = np.ones(len(order), dtype=bool)
        first[1:] = next_state[1:] != next_state[:-1]
        first[entry.indptr[:-1]] = True  # no row is empty: each has its diagonal
        starts = np.flatnonzero(first)
        indptr = np.concatenate([[0], np.cumsum(first)])[entry.indptr].astype(np.int32)
        owner = np.concatenate([row, np.full(S, A * S)])[order]
        return order, owner, starts, next_state[starts], indptr

    @cached_property
    def _ordered_data(self) -> NDArray:
        order = self._pattern[0]
        return np.concatenate([self._mdp.transitions.data, np.ones(self._mdp.n_states)])[order]

    def evaluation_matrix(self, policy: NDArray, probabilities: NDArray | None = None) -> sparse.csr_array:
        """``I - discount * P_policy``, shape (S, S): the matrix of policy evaluation.

        Parameters
        ----------
        policy : (A, S) array
        probabilities : (nnz,) array, optional
            In place of ``transitions.data``: the tilted dynamics of exact inference.
        """
        order, owner, starts, indices, indptr = self._pattern
        S = self._mdp.n_states
        if probabilities is None:
            data = self._ordered_data
        else:
            data = np.concatenate([probabilities, np.ones(S)])[order]
        factor = np.append(-self._mdp.discount * policy.ravel(), 1.0)
        return sparse.csr_array((np.add.reduceat(data * factor[owner], starts), indices, indptr), shape=(S, S))


def reaches_end(pattern: sparse.csr_array, usable: NDArray, terminal: NDArray, ends: NDArray) -> NDArray:
    """(S,) bool: states from which a terminal state or an ending can be reached by usable actions."""
    A, S = usable.shape
    lengths = np.diff(pattern.indptr)
    keep = np.repeat(usable.ravel(), lengths)
    source = np.repeat(np.tile(np.arange(S), A), lengths)[keep]
    target = pattern.indices[keep]
    exits = np.flatnonzero(terminal | (ends & usable).any(axis=0))
    rows = np.concatenate([target, np.full(len(exits), S)])  # reversed edges; node S leads to every exit
    columns = np.concatenate([source, exits])
    graph = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(S + 1, S + 1))
    reached = np.zeros(S + 1, dtype=bool)
    reached[csgraph.breadth_first_order(graph, S, return_predecessors=False)] = True
    return reached[:S]


def reached_from(pattern: sparse.csr_array, usable: NDArray, seeds: NDArray) -> NDArray:
    """(S,) bool: states that usable actions can lead to from any of the seeds, a bool (S,) array; the seeds among them.

    `pattern` holds the transitions, CSR (A * S, S).
    """
    A, S = usable.shape
    lengths = np.diff(pattern.indptr)
    keep = np.repeat(usable.ravel(), lengths)
    source = np.repeat(np.tile(np.arange(S), A), lengths)[keep]
    starts = np.flatnonzero(seeds)
    rows = np.concatenate([source, np.full(len(starts), S)])  # node S leads to every seed
    columns = np.concatenate([pattern.indices[keep], starts])
    graph = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(S + 1, S + 1))
    reached = np.zeros(S + 1, dtype=bool)
    reached[csgraph.breadth_first_order(graph, S, return_predecessors=False)] = True
    return reached[:S]
