r"""The objective of trips to many goals and its derivatives, goal by goal from one factorisation (see `systems`).

With c the weights of V that the trips of a goal bring, and the flow d from them,

.. math::

    y = (I - M)^{-\top} (c / x), \qquad \mu_e = y(s)\, m_e\, x(s') = d(s)\, \pi(e), \qquad
    \partial V = \frac{(I - M)^{-1} (\partial M) x}{x} \cdot \alpha,

so that one goal takes two triangular solves for value and gradient and K more for the Hessian; the rest runs over the moves that
carry flow. Nothing is kept from goal to goal but the sums: memory does not grow with their number.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .systems import GoalSolution, GoalSystems, Moves

NEGLIGIBLE = 1e-18  # of the largest flow: moves that carry less do not move the last digit of the curvature


class MoveRewards(NamedTuple):
    """A reward on the moves of a network.

    Attributes
    ----------
    reward : (E,) array
    features : (E, K) array, dense or csr, or None
        Derivative of the reward with respect to the parameters; only second derivatives and scores need it.
    """

    reward: NDArray  # (E,)
    features: Any  # (E, K)


@dataclass
class Sums:
    """What the trips to some goals add to the objective; the Hessian is None where it was not asked for.

    Attributes
    ----------
    value : float
    flow : (E,) array
        Flow over each move: the derivative of the value with respect to its reward.
    hessian : (K, K) array or None
    """

    value: float
    flow: NDArray  # (E,)
    hessian: NDArray | None  # (K, K)

    def __add__(self, other: Sums) -> Sums:
        hessian = None if self.hessian is None or other.hessian is None else self.hessian + other.hessian
        return Sums(self.value + other.value, self.flow + other.flow, hessian)


class GoalSums:
    """Trips to many goals as plain arrays: what one process needs to work on some of the goals.

    Parameters
    ----------
    moves : Moves
    log_prior : (E,) array or None
    temperature : float
    goals : (G,) int array
    states : csr_array (G, S)
        c: weights of V summed over the trips to each goal.
    visited : csr_array (G, S)
        Nonzero at states whose values must be exact.
    """

    def __init__(
        self,
        moves: Moves,
        log_prior: NDArray | None,
        temperature: float,
        goals: NDArray,
        states: sparse.csr_array,
        visited: sparse.csr_array,
    ) -> None:
        self.moves, self.log_prior, self.temperature = moves, log_prior, temperature
        self.goals, self.states, self.visited = goals, states, visited
        self.reaching = moves.reaching(goals)
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._systems: tuple[NDArray | None, GoalSystems | None] = (None, None)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_lock", "_systems")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def systems(self, reward: NDArray) -> GoalSystems:
        """The factorised problem at these rewards of the moves, (E,); the last one is kept, for all threads."""
        with self._lock:
            at, systems = self._systems
            if at is None or systems is None or not np.array_equal(at, reward):
                logits = reward / self.temperature
                if self.log_prior is not None:
                    logits = logits + self.log_prior
                systems = GoalSystems(self.moves, logits, self.reaching)
                self._systems = (reward, systems)
            return systems

    def visited_by(self, i: int) -> NDArray:
        """States whose values must be exact for the goal at position i."""
        return self.visited.indices[self.visited.indptr[i] : self.visited.indptr[i + 1]]

    def solve(self, rewards: MoveRewards, which: NDArray) -> Iterator[GoalTask]:
        """One `GoalTask` for each of the goals at these positions."""
        systems = self.systems(rewards.reward)
        for i in which:
            row = slice(self.states.indptr[i], self.states.indptr[i + 1])
            solution = systems.solution(int(self.goals[i]), self.visited_by(i))
            yield GoalTask(self, rewards, solution, self.states.indices[row], self.states.data[row])

    def add_up(self, rewards: MoveRewards, which: NDArray, hessian: bool) -> Sums:
        """Sum of value, flow and Hessian over the goals at these positions, without the demonstrated rewards."""
        total = Sums(0.0, np.zeros(len(self.moves.pair)), _square(rewards) if hessian else None)
        for task in self.solve(rewards, which):
            total.value += task.value
            total.flow += task.flow
            if total.hessian is not None:
                total.hessian += task.hessian()
        return total

    def products(self, rewards: MoveRewards, which: NDArray, gain: NDArray) -> NDArray:
        """Derivative of the flow in the direction of a reward per move, summed over the goals at these positions, (E,)."""
        moved = np.zeros(len(self.moves.pair))
        for task in self.solve(rewards, which):
            moved += task.derivative_of_flow(gain)
        return moved

    def outer_products(self, rewards: MoveRewards, which: NDArray, squared: sparse.csr_array) -> NDArray:
        """Sum over moves of ``squared`` (G, E) times the outer product of what choosing them tells, (K, K)."""
        H = _square(rewards)
        for i, task in zip(which, self.solve(rewards, which), strict=True):
            row = slice(squared.indptr[i], squared.indptr[i + 1])
            spread = task.spread(task.sensitivity, squared.indices[row])
            H += spread.T @ (squared.data[row][:, None] * spread)
        return H

    def reach_moments(self, rewards: MoveRewards, which: NDArray) -> NDArray:
        """Like minus the Hessian, with weight 1 on every move that can follow a demonstrated state, (K, K)."""
        H = _square(rewards)
        for i, task in zip(which, self.solve(rewards, which), strict=True):
            alive, goal = task.alive, int(self.goals[i])
            open_ = alive[self.moves.source] & alive[self.moves.target] & (self.moves.source != goal)
            follows = self.moves.after(self.visited_by(i), open_)
            spread = task.spread(task.sensitivity, np.flatnonzero(open_ & follows))
            H += spread.T @ spread
        return H

    def value_scores(self, rewards: MoveRewards, which: NDArray, rows: list[sparse.csr_array]) -> list[NDArray]:
        """For each of the goals its trips' weights of V, (n, S), times the derivative of V: (n, K) each."""
        return [rows[i] @ task.dV for i, task in zip(which, self.solve(rewards, which), strict=True)]


def _square(rewards: MoveRewards) -> NDArray:
    return np.zeros((rewards.features.shape[1],) * 2)


class GoalTask:
    """One goal at one reward.

    Parameters
    ----------
    sums : GoalSums
    rewards : MoveRewards
    solution : GoalSolution
    index, weight : (n,) arrays
        c: states and their weights.
    """

    def __init__(
        self, sums: GoalSums, rewards: MoveRewards, solution: GoalSolution, index: NDArray, weight: NDArray
    ) -> None:
        self.features, self.solution, self.alpha = rewards.features, solution, sums.temperature
        self.moves, self.x, self.m = sums.moves, solution.x, solution.resolvent.weights
        off = index != solution.goal  # V is 0 in the goal, whatever its weight
        self.index, self.weight = index[off], weight[off]
        self.flow = solution.flow(self.index, self.weight)

    @property
    def alive(self) -> NDArray:
        """(S,) bool: states whose value is finite, and known."""
        return self.solution.known

    @property
    def value(self) -> float:
        """<c, V>."""
        return self.alpha * float(self.weight @ self.solution.values(self.index))

    @property
    def sensitivity(self) -> NDArray:
        """``(I - M)^-1 (dM) x``, (S, K) in Fortran order; over x, and less its value at the goal, it is the derivative of V."""
        carried = self.m * self.x[self.moves.target]
        features = self.features
        rhs = np.empty((self.moves.n_states, features.shape[1]), order="F")
        for k in range(features.shape[1]):
            column = features[:, [k]].toarray()[:, 0] if sparse.issparse(features) else features[:, k]
            rhs[:, k] = self.moves.leaving(carried * column)
        return self.solution.resolvent.solve(rhs)

    @property
    def dV(self) -> NDArray:
        """Derivative of V with respect to the coefficients, (S, K); 0 where V is -inf."""
        dx, x = self.sensitivity, self.x
        at_goal = dx[self.solution.goal] / x[self.solution.goal]
        return np.divide(dx, x[:, None], out=np.tile(at_goal, (len(x), 1)), where=x[:, None] > 0) - at_goal

    def spread(self, dx: NDArray, moves: NDArray) -> NDArray:
        """Derivative of Q - V at the given moves, (n, K)."""
        s, t = self.moves.source[moves], self.moves.target[moves]
        features = self.features[moves]
        here, there = dx[s] / self.x[s][:, None], dx[t] / self.x[t][:, None]
        return (features.toarray() if sparse.issparse(features) else features) + (there - here)

    def hessian(self) -> NDArray:
        """Second derivative of <c, V>, (K, K)."""
        used = self._used()
        spread = self.spread(self.sensitivity, used)
        return spread.T @ (self.flow[used][:, None] * spread) / self.alpha

    def _used(self) -> NDArray:
        size = np.abs(self.flow)
        used = np.flatnonzero(size > NEGLIGIBLE * size.max())
        return used[
            (self.x[self.moves.source[used]] > 0) & (self.x[self.moves.target[used]] > 0)
        ]  # elsewhere it is rounding

    def derivative_of_flow(self, gain: NDArray) -> NDArray:
        """Derivative of the flow in the direction of a reward per move: (E,) to (E,)."""
        dx = self.solution.resolvent.solve(self.moves.leaving(self.m * gain * self.x[self.moves.target]))
        used, moved = self._used(), np.zeros_like(self.flow)
        s, t = self.moves.source[used], self.moves.target[used]
        moved[used] = self.flow[used] / self.alpha * (gain[used] + dx[t] / self.x[t] - dx[s] / self.x[s])
        arriving = self.moves.arriving(moved)
        arriving[self.solution.goal] = 0.0
        index = np.flatnonzero(arriving)
        return moved + self.solution.flow(index, arriving[index])
