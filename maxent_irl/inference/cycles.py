r"""Why an undiscounted problem has no finite soft value: the cycles that pay more than they cost.

Deterministic problems and exact inference are linear in :math:`z = \exp(V / \alpha)`: away from the ends :math:`z = M z`.
M is the sum over actions of :math:`p(a \mid s) \exp(r(s, a) / \alpha) P(s' \mid s, a)`. The equation has a positive solution if
and only if the spectral radius of M is below 1.

Source: Berman, A. and Plemmons, R. J. (1994), Nonnegative matrices in the mathematical sciences, SIAM, chapter 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

STEPS = 200  # of the power iteration: enough to name a radius and a place
AGREED = 1e-7  # relative width of the bounds at which every digit that is shown is right
ALMOST = 1e-6  # what a probability may lack to count as 1
LONGEST_CYCLE = 12  # decisions that a message lists
SHIFT = 0.25  # of the identity, in units of the radius: periodic blocks would not settle without


class ImproperProblemError(ValueError):
    """An undiscounted problem whose soft value is infinite: its cycles pay more than they cost."""


def describe_cycles(M: sparse.csr_array) -> str:
    """Name the spectral radius of M, (S, S), the state around which it arises, and a short cycle if one suffices."""
    low, high, state = spectral_radius(M)
    if high - low <= AGREED * high:
        radius = f"{(low + high) / 2:.6g}"
    else:
        radius = f"between {low:.6g} and {high:.6g}"
    text = (
        f"the matrix exp(reward / temperature) of moves has the spectral radius {radius}, and it must be below 1; it is "
        f"largest around state {state}"
    )
    round_trips = sparse.coo_array(M * M.T)  # of one and the same state: the square of its loop
    if round_trips.nnz == 0 or round_trips.data.max() < 1.0:
        return text
    k = int(round_trips.data.argmax())
    s, t = int(round_trips.coords[0][k]), int(round_trips.coords[1][k])
    cycle = f"{s} -> {s}" if s == t else f"{s} -> {t} -> {s}"
    weight = np.sqrt(round_trips.data[k]) if s == t else round_trips.data[k]
    return f"{text}; one turn of the cycle {cycle} alone weighs {weight:.6g}"


def describe_endless(moves: sparse.csr_array, reward: NDArray) -> str | None:
    """Name the place that a policy (practically) never leaves, and the cycle it goes round there if it goes round one for sure.

    Parameters
    ----------
    moves : (S, S)
        Probability of each next state under the policy; rows sum to less than 1 where episodes end.
    reward : (S,) array
        That the policy earns in each state.
    """
    low, high, state = spectral_radius(moves)
    if high < 1.0 - ALMOST:
        return None
    radius = f"{(low + high) / 2:.6g}"
    text = (
        f"the policy that this leads to never ends: its moves have the spectral radius {radius}, around state {state}"
    )
    path = [state]
    for _ in range(LONGEST_CYCLE):
        row = slice(*moves.indptr[path[-1] : path[-1] + 2])
        k = int(moves.data[row].argmax())
        if moves.data[row][k] < 1.0 - ALMOST:
            return text  # the next state is random
        path.append(int(moves.indices[row][k]))
        if path[-1] in path[:-1]:
            cycle = path[path.index(path[-1]) :]
            return f"{text}, where one turn of the cycle {' -> '.join(map(str, cycle))} pays {reward[cycle[:-1]].sum():.6g}"
    return text


def spectral_radius(M: sparse.csr_array) -> tuple[float, float, int]:
    """Bounds of the spectral radius of M, (S, S) with entries >= 0, and the state around which it arises.

    The radius of M is the largest of those of its strongly connected blocks, so the power iteration runs in each block. On M
    as a whole it would converge slowly, because M can be defective where blocks of equal radius lead to one another.

    In each block ``min (M v) / v <= radius <= max (M v) / v`` for every v > 0.

    Source: Collatz, L. (1942), Einschliessungssatz fuer die charakteristischen Zahlen von Matrizen, Mathematische Zeitschrift 48.
    """
    n_blocks, block = csgraph.connected_components(M, directed=True, connection="strong")
    M = sparse.coo_array(M)
    inside = block[M.coords[0]] == block[M.coords[1]]
    M = sparse.csr_array((M.data[inside], (M.coords[0][inside], M.coords[1][inside])), shape=M.shape)
    order = np.argsort(block, kind="stable")
    start = np.searchsorted(block[order], np.arange(n_blocks))
    v = np.ones(M.shape[0])
    for _ in range(STEPS):
        w = M @ v
        growth = (w / v)[order]
        low, high = np.minimum.reduceat(growth, start), np.maximum.reduceat(growth, start)
        k = int(high.argmax())
        if high[k] - low[k] <= AGREED * high[k]:
            break
        v = w + SHIFT * np.where(high > 0, high, 1.0)[block] * v
        v /= np.maximum.reduceat(v[order], start)[block]
    return float(low.max()), float(high[k]), int(np.where(block == k, v, -1.0).argmax())
