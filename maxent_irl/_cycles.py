r"""Why an undiscounted problem has no finite soft value: the cycles that pay more than they cost.

Where :math:`z = \exp(V / \alpha)` solves the linear equation :math:`z = M z` off the ends, M being the sum over actions of
:math:`p(a \mid s) \exp(r(s, a) / \alpha) P(s' \mid s, a)`, it does so with positive numbers if and only if the spectral radius
of M is below 1 (Berman, A. and Plemmons, R. J. (1994), Nonnegative matrices in the mathematical sciences, SIAM, chapter 6).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

STEPS, AVERAGED = 200, 40  # of the power iteration: enough to name a radius and a place


def describe_cycles(M: sparse.csr_array) -> str:
    """Name the spectral radius of M, (S, S), the state around which it arises, and a short cycle if one suffices."""
    v, growth = np.ones(M.shape[0]), []
    for _ in range(STEPS):
        v = M @ v
        growth.append(max(float(v.max()), 1e-300))
        v /= growth[-1]
    radius = float(np.exp(np.mean(np.log(growth[-AVERAGED:]))))
    text = (
        f"the matrix exp(reward / temperature) of moves has the spectral radius {radius:.6g}, and it must be below 1; it is "
        f"largest around state {int(v.argmax())}"
    )
    round_trips = sparse.coo_array(M * M.T)  # of one and the same state: the square of its loop
    if round_trips.nnz == 0 or round_trips.data.max() < 1.0:
        return text
    k = int(round_trips.data.argmax())
    s, t = int(round_trips.coords[0][k]), int(round_trips.coords[1][k])
    cycle = f"{s} -> {s}" if s == t else f"{s} -> {t} -> {s}"
    weight = np.sqrt(round_trips.data[k]) if s == t else round_trips.data[k]
    return f"{text}; one turn of the cycle {cycle} alone weighs {weight:.6g}"
