"""Results print on a line or two, however large their arrays."""

import numpy as np

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.uncertainty import Bootstrap


def test_large_arrays_are_shown_by_their_shape():
    n = 500
    ring = MDP.from_successors(np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1), discount=0.9)
    shown = repr(soft_value_iteration(ring, np.zeros(n)))
    assert shown.startswith("SoftSolution(V=<array (500,)>, policy=<array (500, 2)>, converged=True,")  # Q is derived
    assert "krylov" not in shown
    assert len(shown) < 400


def test_short_arrays_and_numbers_are_shown():
    shown = repr(Bootstrap(np.ones((200, 2)), np.array([1.0, -0.123456789]), 3))
    assert shown == "Bootstrap(coef=<array (200, 2)>, estimate=[ 1.      , -0.123457], n_failed=3)"
