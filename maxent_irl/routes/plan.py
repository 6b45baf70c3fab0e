r"""Planning with a receding horizon: H soft steps, then the shortest path.

.. math::

    V_0(s) = -\min_{\text{paths to the goal}} \text{cost}, \qquad
    V_h(s) = \alpha \log \sum_a p(a \mid s) \exp((r(s, a) + V_{h-1}(s')) / \alpha), \quad h = 1, \dots, H,

and decisions follow :math:`\pi_H`, planned anew at every state. H = 0 is the shortest path itself, large H the maximum-entropy
policy. Costs have to be >= 0, and the goal keeps the value 0 at every level.

Source: Barnes, M. et al. (2024), Massively scalable inverse reinforcement learning in Google Maps, ICLR (arXiv:2305.11290).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..inference.backup import soft_maximum
from ..inference.cycles import ImproperProblemError
from .systems import Moves


class Plan:
    """Values of one goal at all levels, where they are needed.

    Parameters
    ----------
    moves : Moves
    reward : (E,) array <= 0
    alpha : float > 0
    log_prior : (E,) array or None
    goal : int
    n_steps : int >= 0
        H.
    needed : (n,) int array
        States whose level-H values are wanted. What lies more than H steps from them is left out.

    Attributes
    ----------
    used : (m,) int array
        Moves that a plan from one of the needed states can come by in its soft steps, sorted by where they start.
    s, t : (m,) int arrays
        Their ends.
    V : (H + 1, S) array
        V_h; right at states that are at most H - h steps from a needed one, V_0 everywhere.

    Raises
    ------
    ImproperProblemError
        If a move has a positive reward: shortest paths need costs.
    """

    def __init__(
        self,
        moves: Moves,
        reward: NDArray,
        alpha: float,
        log_prior: NDArray | None,
        goal: int,
        n_steps: int,
        needed: NDArray,
    ) -> None:
        if (reward > 0).any():
            k = int(np.argmax(reward))
            raise ImproperProblemError(
                f"shortest paths need costs, but the move from state {moves.source[k]} to state {moves.target[k]} is rewarded "
                f"with {reward[k]:.6g}: no move may have a positive reward"
            )
        self.moves, self.reward, self.alpha, self.log_prior, self.goal = moves, reward, alpha, log_prior, goal
        distance, self.tree = moves.shortest_paths(-reward, goal)
        self.used = self._corridor(needed, n_steps, np.isfinite(distance))
        self.s, self.t = moves.source[self.used], moves.target[self.used]
        self._starts = np.flatnonzero(np.diff(self.s, prepend=-1))
        self.V = np.empty((n_steps + 1, moves.n_states))
        self.V[0] = -distance
        for h in range(1, n_steps + 1):
            self.V[h] = self.V[h - 1]
            self.V[h, self.s[self._starts]] = alpha * self._soft_maximum(self._logits(h))

    def _corridor(self, needed: NDArray, n_steps: int, alive: NDArray) -> NDArray:
        moves = self.moves
        open_ = alive[moves.source] & alive[moves.target] & (moves.source != self.goal)
        reached = np.zeros(moves.n_states, dtype=bool)
        reached[needed] = True
        for _ in range(n_steps):
            before = int(reached.sum())
            reached[moves.target[open_ & reached[moves.source]]] = True
            if int(reached.sum()) == before:
                break
        return np.flatnonzero(open_ & reached[moves.source])

    def _logits(self, h: int) -> NDArray:
        """Q_h / alpha + log p of the used moves, (m,)."""
        logits = (self.reward[self.used] + self.V[h - 1, self.t]) / self.alpha
        return logits if self.log_prior is None else logits + self.log_prior[self.used]

    def _soft_maximum(self, logits: NDArray) -> NDArray:
        """Soft maximum over the moves of each state that has any, (n,)."""
        degrees = np.diff(self._starts, append=len(self.used))
        state = np.repeat(np.arange(len(degrees)), degrees)
        table = np.full((int(degrees.max(initial=0)), len(degrees)), -np.inf)  # the moves of a state, one below another
        table[np.arange(len(logits)) - self._starts[state], state] = logits
        return soft_maximum(table, None, 1.0, policy=False)[0] if len(logits) else logits

    def policy(self, h: int) -> NDArray:
        """pi_h of the used moves, (m,)."""
        return np.exp(self._logits(h) - self.V[h, self.s] / self.alpha)

    @cached_property
    def after(self) -> NDArray:
        """Next state along the shortest path, (S,): the goal from the goal, and from where there is no way."""
        after = np.full(self.moves.n_states, self.goal)
        going = self.tree >= 0
        after[going] = self.moves.target[self.tree[going]]
        return after

    def along_paths(self, gain: NDArray) -> NDArray:
        """Sum along each state's shortest path of a gain per state, (S,) or (S, K), by doubling the stride."""
        total, after = gain.copy(), self.after
        total[self.goal] = 0.0
        while (after != self.goal).any():
            total, after = total + total[after], after[after]
        return total

    def down_paths(self, mass: NDArray) -> NDArray:
        """How often each state is passed if mass (S,) walks its shortest paths; the adjoint of `along_paths`."""
        total, after = mass.copy(), self.after
        total[self.goal] = 0.0
        while (after != self.goal).any():
            moved = np.bincount(after, weights=total, minlength=len(total))
            moved[self.goal] = 0.0
            total, after = total + moved, after[after]
        return total
