r"""Partially observable problems: the belief MDP, exactly, where only finitely many beliefs can be reached.

After action a and observation y the belief is :math:`b'(s') \propto p(y \mid s', a) \sum_s b(s) P(s' \mid s, a)`. Beliefs are the
states of an MDP, which `soft_value_iteration` solves at temperature 0. Where dynamics are deterministic apart from restarts, and
observations too, finitely many beliefs can be reached from the first one, and the answer is exact.

Source: Kaelbling, L. P., Littman, M. L., & Cassandra, A. R. (1998), Planning and acting in partially observable stochastic
domains, Artificial Intelligence 101, 99-134.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .._checks import PROBABILITY_TOLERANCE, check_count, check_finite, check_numbers
from ..inference import soft_value_iteration
from ..mdp import MDP
from ..mdp.process import check_reward
from ._requirements import require_discounted

DIGITS = 10  # beliefs that agree in so many decimals are one


@dataclass(frozen=True, eq=False, init=False)
class POMDP:
    """An MDP whose state is hidden behind observations. The first action is taken before anything is observed.

    Parameters
    ----------
    mdp : MDP
        Discounted, without terminal states; all actions are available everywhere.
    reward : (S,) or (S, A) array
    observations : (S, Y) array
        p(y | s'), the probability of each observation on arrival in s'.

    Raises
    ------
    ValueError
        For rows that are no distributions, naming the state.
    """

    mdp: MDP
    reward: NDArray  # (S, A)
    observations: NDArray  # (S, Y)

    def __init__(self, mdp: MDP, reward: ArrayLike, observations: ArrayLike) -> None:
        require_discounted(mdp, "a POMDP")
        if not mdp.available.all() or mdp.ending is not None:
            raise ValueError(
                "a POMDP needs every action in every state, and no end: the agent does not know where it is. Add a state that is "
                "never left"
            )
        S = mdp.n_states
        y = check_numbers("observations", observations)
        if y.ndim != 2 or len(y) != S or not y.size:
            raise ValueError(f"observations must have shape ({S}, Y), p(y | s'); got {y.shape}")
        check_finite("observations", y, ("state", "observation"))
        off = np.flatnonzero((np.abs(y.sum(axis=1) - 1.0) > PROBABILITY_TOLERANCE) | (y < 0).any(axis=1))
        if len(off):
            raise ValueError(
                f"observations of state {off[0]} must be probabilities that sum to 1; they are {y[off[0]].tolist()}"
            )
        object.__setattr__(self, "mdp", mdp)
        object.__setattr__(self, "reward", np.broadcast_to(check_reward(mdp, reward), (mdp.n_actions, S)).T.copy())
        object.__setattr__(self, "observations", y.copy())

    @property
    def transitions(self) -> NDArray:
        """P(s' | s, a), dense; (S, A, S)."""
        S, A = self.reward.shape
        return self.mdp.transitions.toarray().reshape(A, S, S).transpose(1, 0, 2)


@dataclass(frozen=True, eq=False)
class BeliefSolution:
    """The optimal value of a POMDP over the beliefs that can be reached.

    Attributes
    ----------
    value : float
        Optimal value of the first belief, in units of reward.
    beliefs : (B, S) array
        The first belief is row 0.
    V : (B,) array
    actions : (B,) int array
        A best action in each belief.
    """

    value: float
    beliefs: NDArray  # (B, S)
    V: NDArray  # (B,)
    actions: NDArray  # (B,) int


def solve_beliefs(pomdp: POMDP, *, max_beliefs: int = 10_000) -> BeliefSolution:
    """Solve a POMDP exactly, through the MDP of its beliefs.

    Parameters
    ----------
    pomdp : POMDP
    max_beliefs : int

    Returns
    -------
    BeliefSolution

    Raises
    ------
    ValueError
        If more than `max_beliefs` beliefs can be reached; with noise there are infinitely many in general.
    """
    max_beliefs = check_count("max_beliefs", max_beliefs)
    P, seen_by = pomdp.transitions, pomdp.observations
    A = P.shape[1]
    beliefs = [np.array(pomdp.mdp.initial_distribution)]
    known = {_key(beliefs[0]): 0}
    entries: list[tuple[int, int, int, float]] = []  # belief, action, next belief, probability
    here = 0
    while here < len(beliefs):
        for a in range(A):
            joint = (beliefs[here] @ P[:, a])[:, None] * seen_by  # (S, Y)
            for chance, column in zip(joint.sum(axis=0), joint.T, strict=True):
                if chance <= 0.0:
                    continue
                following = column / chance
                key = _key(following)
                if key not in known:
                    if len(beliefs) == max_beliefs:
                        raise ValueError(
                            f"more than max_beliefs={max_beliefs} beliefs can be reached: raise it, or evaluate controllers only"
                        )
                    known[key] = len(beliefs)
                    beliefs.append(following)
                entries.append((here, a, known[key], float(chance)))
        here += 1
    B = len(beliefs)
    start, action, end, chance = (np.array(column) for column in zip(*entries, strict=True))
    matrix = sparse.coo_array((chance, (action * B + start, end)), shape=(A * B, B)).tocsr()
    table = np.array(beliefs)
    solution = soft_value_iteration(
        MDP.from_stacked(matrix, A, discount=pomdp.mdp.discount), table @ pomdp.reward, temperature=0.0
    )
    return BeliefSolution(float(solution.V[0]), table, solution.V, solution.policy.argmax(axis=1))


def cheese_maze(discount: float = 0.95) -> POMDP:
    """Return McCallum's cheese maze: three dead ends below a corridor, cheese in the middle one, and only walls to see.

    Eleven cells, four moves (north, east, south, west), seven observations: the walls around a cell, and the cheese. Moves into a
    wall do nothing. Entering the cell of the cheese pays 1, and the next action leads to one of the other ten cells at random,
    where the agent also starts.

    Source: McCallum, R. A. (1993), Overcoming incomplete perception with utile distinction memory, ICML, 190-196.
    """
    drawn = ("01234", "5 6 7", "8 9 a")
    cell = {(row, col): int(c, 16) for row, line in enumerate(drawn) for col, c in enumerate(line) if c != " "}
    n, cheese, moves = len(cell), 9, ((-1, 0), (0, 1), (1, 0), (0, -1))
    elsewhere = (np.arange(n) != cheese) / (n - 1)
    P, reward, walls = np.zeros((n, 4, n)), np.zeros((n, 4)), np.zeros((n, 4), dtype=int)
    for (row, col), s in cell.items():
        for a, (down, right) in enumerate(moves):
            target = cell.get((row + down, col + right), s)
            walls[s, a] = target == s
            P[s, a] = elsewhere if s == cheese else np.eye(n)[target]
            reward[s, a] = float(target == cheese and s != cheese)
    looks = [(-1,) if s == cheese else tuple(walls[s]) for s in range(n)]
    kinds = sorted(set(looks))
    observations = np.eye(len(kinds))[[kinds.index(look) for look in looks]]
    return POMDP(MDP(P, initial=elsewhere, discount=discount), reward, observations)


def _key(belief: NDArray) -> bytes:
    return (np.round(belief, DIGITS) + 0.0).tobytes()
