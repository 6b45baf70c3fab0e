r"""Deterministic undiscounted problems with many goals: linear in z, with one factorisation for all of them.

Where every action has one outcome and nothing is discounted, :math:`z = \exp(V / \alpha)` solves a linear equation (Todorov
2006; Fosgerau, Frejinger & Karlstrom 2013). With a goal g in which z is 1,

.. math:: z = M z \ \text{off the goal}, \qquad M(s, s') = \sum_{a: s \to s'} p(a \mid s) \exp(r(s, a) / \alpha) .

Only the goal's row differs between goals, and fixing one component is a correction of rank one: :math:`z = x / x(g)` with
:math:`(I - M) x = e_g`. One factorisation of I - M therefore serves every goal, with one pair of triangular solves each. The
policy's matrix is :math:`D_z^{-1} M D_z`, so the transposed solves give the visitations. I - M is an M-matrix: it needs no
pivoting, and non-negative right-hand sides suffer no cancellation.

Two cases need more.

- Along routes of more than about 600 nats the factors underflow, because their entries are weights of routes too. The system is
  then scaled by the cost h of the cheapest route to the goal, :math:`M(s, s') \exp((h(s') - h(s)) / \alpha)`. Its values are 1 or
  more. It also serves goals nearby, up to 600 nats there and back.
- The shared problem goes on past the goal, so it can be improper where the goal's own problem is not. Then each goal gets a
  matrix of its own.

Sources: Todorov, E. (2006), Linearly-solvable Markov decision problems, NIPS; Fosgerau et al. (2013), Transportation Research B
56; Berman, A. and Plemmons, R. J. (1994), Nonnegative matrices in the mathematical sciences, SIAM, chapter 6 (M-matrices).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

from ..inference.cycles import ImproperProblemError, describe_cycles
from ..mdp import MDP

LARGE = 1e280  # in place of the 1 of e_g: keeps small values clear of where floating point loses digits
# Weight of all routes to the goal from which on nothing was lost to underflow: entries of the factors, themselves weights of
# routes, are lost below 1e-308, which is 1e-48 of it. A larger scale of the right-hand side would not bring them back.
LIGHTEST = 1e-260
KEPT = 6  # factorisations relative to one goal or another, kept for goals nearby
ENDLESS = 1e13  # expected weight of all routes from a state, beyond which I - M is singular to working precision


def is_linear(mdp: MDP) -> bool:
    """Whether the tasks ``mdp.with_goal(g)`` are linear in exp(V / alpha) and share all but the goal's row."""
    undiscounted = mdp.discount == 1.0 and mdp.horizon is None
    return undiscounted and not mdp.terminal.any() and mdp.ending is None and mdp.structure.deterministic


class Moves:
    """The available actions of a deterministic MDP as a list of moves, sorted by where they start.

    Parameters
    ----------
    mdp : MDP

    Attributes
    ----------
    pair : (E,) int array, ``a * S + s`` of each move
    source, target : (E,) int arrays, the states before and after
    n_states : int
    """

    def __init__(self, mdp: MDP) -> None:
        S = mdp.n_states
        pair = np.flatnonzero(np.diff(mdp.transitions.indptr))
        order = np.argsort(pair % S, kind="stable")
        self.n_states = S
        self.pair = pair[order]
        self.source = (self.pair % S).astype(np.int32)
        self.target = mdp.transitions.indices[order].astype(np.int32)
        # I - M in CSR: the moves and a unit diagonal sorted by row and column, with parallel moves added up.
        row = np.concatenate([self.source, np.arange(S, dtype=np.int32)])
        column = np.concatenate([self.target, np.arange(S, dtype=np.int32)])
        self._order = np.lexsort((column, row))
        row, column = row[self._order], column[self._order]
        first = np.ones(len(row), dtype=bool)
        first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
        self._starts = np.flatnonzero(first)
        self._indices = column[first]
        self._indptr = np.searchsorted(row[first], np.arange(S + 1)).astype(np.int32)

    def system(self, weights: NDArray) -> sparse.csr_array:
        """I - M for the weights of the moves, (S, S)."""
        data = np.concatenate([-weights, np.ones(self.n_states)])[self._order]
        shape = (self.n_states, self.n_states)
        return sparse.csr_array((np.add.reduceat(data, self._starts), self._indices, self._indptr), shape=shape)

    def leaving_from(self, state: int) -> slice:
        """The moves that start in a state."""
        return slice(*np.searchsorted(self.source, [state, state + 1]))

    def leaving(self, values: NDArray) -> NDArray:
        """Sum of a value per move over the moves that start in each state, (S,)."""
        return np.bincount(self.source, weights=values, minlength=self.n_states)

    def arriving(self, values: NDArray) -> NDArray:
        """Sum of a value per move over the moves that lead to each state, (S,)."""
        return np.bincount(self.target, weights=values, minlength=self.n_states)

    def distances(self, cost: NDArray, goal: int) -> NDArray:
        """Least cost of the ways from each state to the goal, (S,), for costs >= 0; infinite where there is none."""
        return csgraph.dijkstra(self._reversed(cost)[0], indices=goal)

    def shortest_paths(self, cost: NDArray, goal: int) -> tuple[NDArray, NDArray]:
        """`distances`, and the move each state's shortest path begins with, (S,); -1 in the goal and where there is none."""
        graph, move = self._reversed(cost)
        distance, after = csgraph.dijkstra(graph, indices=goal, return_predecessors=True)
        first = np.full(self.n_states, -1)
        going = np.flatnonzero(after >= 0)
        row = np.repeat(np.arange(self.n_states, dtype=np.int64), np.diff(graph.indptr))
        entry = np.searchsorted(row * self.n_states + graph.indices, after[going] * np.int64(self.n_states) + going)
        first[going] = move[entry]
        return distance, first

    def _reversed(self, cost: NDArray) -> tuple[sparse.csr_array, NDArray]:
        """The moves backwards, (S, S), and the move of each entry; csgraph would add up parallel moves: the cheapest is kept."""
        order = np.lexsort((cost, self.source, self.target))
        s, t = self.source[order], self.target[order]
        first = np.ones(len(s), dtype=bool)
        first[1:] = (s[1:] != s[:-1]) | (t[1:] != t[:-1])
        order, s, t = order[first], s[first], t[first]
        # csgraph takes a stored zero for "no move".
        indptr = np.searchsorted(t, np.arange(self.n_states + 1)).astype(np.int32)
        entries = (np.maximum(cost[order], 1e-300), s, indptr)
        return sparse.csr_array(entries, shape=(self.n_states, self.n_states)), order

    def reaching(self, goals: NDArray) -> NDArray:
        """(S,) bool: states from which at least one of the goals can be reached."""
        return self._connected(self.target, self.source, goals)

    def after(self, states: NDArray, open_: NDArray) -> NDArray:
        """(E,) bool: moves that start where open moves lead to from one of the states."""
        return self._connected(self.source[open_], self.target[open_], states)[self.source]

    def _connected(self, source: NDArray, target: NDArray, roots: NDArray) -> NDArray:
        S = self.n_states
        rows, columns = np.concatenate([source, np.full(len(roots), S)]), np.concatenate([target, roots])
        graph = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(S + 1, S + 1))
        reached = np.zeros(S + 1, dtype=bool)  # node S leads to all roots
        reached[csgraph.breadth_first_order(graph, S, return_predecessors=False)] = True
        return reached[:S]


class Resolvent:
    """Solves with I - M.

    Parameters
    ----------
    moves : Moves
    weights : (E,) array >= 0
        m: entries of M, one per move.

    Raises
    ------
    ImproperProblemError
        If the spectral radius of M is 1 or more, naming it and a state where it arises.
    """

    def __init__(self, moves: Moves, weights: NDArray) -> None:
        self.moves, self.weights = moves, weights
        A = moves.system(weights)
        # The arrays of a CSR matrix are those of its transpose in CSC, the format that SuperLU takes.
        transpose = sparse.csc_array((A.data, A.indices, A.indptr), shape=A.shape)
        options = {"SymmetricMode": True}
        try:
            self._lu = splu(transpose, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
            total = self._lu.solve(np.ones(moves.n_states), "T")
        except RuntimeError:  # exactly singular
            total = np.array([np.nan])
        # A vector u >= 0 with (I - M) u > 0 exists if and only if the spectral radius is below 1 (Berman & Plemmons, N39).
        if not (total.min() >= 1.0 - 1e-9 and total.max() < ENDLESS):
            raise ImproperProblemError(self._explanation())

    def solve(self, rhs: NDArray, *, transposed: bool = False) -> NDArray:
        """Solve with I - M or its transpose; rhs (S,) or (S, B) in Fortran order."""
        return self._lu.solve(rhs, "N" if transposed else "T")

    def _explanation(self) -> str:
        M = sparse.eye_array(self.moves.n_states, format="csr") - self.moves.system(self.weights)
        return (
            f"no finite soft value exists: {describe_cycles(M)}. Cycles there pay more than they cost, each choice being "
            "worth up to the temperature times log(number of actions): make costs larger or the temperature smaller"
        )


@dataclass(frozen=True, eq=False)
class GoalSolution:
    """The solution for one goal.

    Attributes
    ----------
    goal : int
    x : (S,) array
        z times a constant, and relative to `offset`; 0 where the goal cannot be reached.
    offset : (S,) array or None for 0
        h / alpha.
    resolvent : Resolvent
        In which x solves ``(I - M) x = constant * e_goal`` off the goal's row.
    """

    goal: int
    x: NDArray
    offset: NDArray | None
    resolvent: Resolvent

    def values(self, states: NDArray | slice = slice(None)) -> NDArray:
        """V / alpha of the given states, by default of all; -inf where the goal cannot be reached."""
        with np.errstate(divide="ignore"):
            V = np.log(self.x[states]) - np.log(self.x[self.goal])
        return V if self.offset is None else V + (self.offset[states] - self.offset[self.goal])

    @property
    def known(self) -> NDArray:
        """(S,) bool: states from which the goal can be reached, and whose values are exact."""
        return self.x >= LIGHTEST * self.x[self.goal]

    def flow(self, index: NDArray, weight: NDArray) -> NDArray:
        """How much passes over each move, (E,), on the way to the goal from sources of any sign in some states.

        Parameters
        ----------
        index : (n,) int array
            States with exact values, the goal not among them.
        weight : (n,) array
        """
        x, moves = self.x, self.resolvent.moves
        rhs = np.zeros(moves.n_states)
        np.add.at(rhs, index, weight / x[index])
        rhs[self.goal] = (
            -weight.sum() / x[self.goal]
        )  # what arrives stays: takes back what a shared system would send on
        flow = self.resolvent.solve(rhs, transposed=True)[moves.source]
        flow *= self.resolvent.weights
        flow *= x[moves.target]
        flow[moves.leaving_from(self.goal)] = 0.0
        return flow


class GoalSystems:
    """Solutions for any goals at one reward.

    Parameters
    ----------
    moves : Moves
    logits : (E,) array
        ``r / alpha + log p`` of each move.
    reaching : (S,) bool array, optional
        States that matter: those from which some goal can be reached. None: all.

    Attributes
    ----------
    shared : list of (offset, Resolvent)
        Systems that pass no goal by. The first is relative to nothing; others, relative to the cheapest route to some goal,
        reach the neighbourhood of that goal from afar. Empty if they are improper.
    """

    def __init__(self, moves: Moves, logits: NDArray, reaching: NDArray | None = None) -> None:
        self.moves, self.logits = moves, logits
        self.open = None if reaching is None or reaching.all() else reaching[moves.target]
        self.shared: list[tuple[NDArray | None, Resolvent]] = []
        try:
            self.shared.append((None, Resolvent(moves, self._weights(None))))
        except ImproperProblemError:  # the goals' own problems may still be proper
            pass

    def _weights(self, offset: NDArray | None) -> NDArray:
        logits = self.logits
        if offset is not None:
            ahead, here = offset[self.moves.target], offset[self.moves.source]
            connected = np.isfinite(ahead) & np.isfinite(here)
            logits = np.where(
                connected, logits + np.where(connected, ahead, 0.0) - np.where(connected, here, 0.0), -np.inf
            )
        weights = np.exp(np.minimum(logits, 700.0))
        return weights if self.open is None else weights * self.open

    def solution(self, goal: int, needed: NDArray) -> GoalSolution:
        """Solve for one goal.

        Parameters
        ----------
        goal : int
        needed : (n,) int array
            States whose values must be exact: they decide which system serves.

        Raises
        ------
        ImproperProblemError
            If the goal has no finite soft value.
        """
        if not self.shared:
            return self.own(goal)
        for offset, resolvent in reversed(self.shared):
            solution = GoalSolution(goal, self._column(goal, resolvent, LARGE), offset, resolvent)
            if solution.known[needed].all():
                return solution
        offset = -self.moves.distances(np.maximum(-self.logits, 0.0), goal)
        resolvent = Resolvent(self.moves, self._weights(offset))
        self.shared = [*self.shared[:1], *self.shared[1:][1 - KEPT :], (offset, resolvent)]
        return GoalSolution(goal, self._column(goal, resolvent, 1.0), offset, resolvent)

    def own(self, goal: int) -> GoalSolution:
        """Solve for one goal with a matrix of its own, that leads nowhere from the goal."""
        offset = -self.moves.distances(np.maximum(-self.logits, 0.0), goal)
        resolvent = Resolvent(self.moves, self._weights(offset) * (self.moves.source != goal))
        return GoalSolution(goal, self._column(goal, resolvent, 1.0), offset, resolvent)

    def _column(self, goal: int, resolvent: Resolvent, scale: float) -> NDArray:
        unit = np.zeros(self.moves.n_states)
        unit[goal] = scale
        return resolvent.solve(unit)
