"""The spectral radius that an improper problem is explained by: every digit that is shown is right."""

import numpy as np
import pytest
from scipy import sparse

from maxent_irl._cycles import describe_cycles, spectral_radius


def test_radius_of_a_defective_matrix_is_exact():
    """Three states that stay for nothing, one after another: a Jordan block, on which a power iteration crawls."""
    M = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]))
    assert spectral_radius(M)[:2] == (1.0, 1.0)
    assert "spectral radius 1, and it must be below 1" in describe_cycles(M)


def test_radius_is_bounded_and_found(rng):
    for size in (1, 2, 5, 12):
        for _ in range(20):
            M = np.where(rng.random((size, size)) < 0.4, rng.exponential(size=(size, size)), 0.0)
            low, high, state = spectral_radius(sparse.csr_array(M))
            radius = np.abs(np.linalg.eigvals(M)).max()
            assert low <= radius * (1 + 1e-6) + 1e-4  # eigvals of a nilpotent matrix are rounding errors, magnified
            assert high >= radius * (1 - 1e-6) - 1e-4
            assert 0 <= state < size


def test_periodic_block_far_upstream_is_named():
    """States 0 and 1 lead to a ring of three, which alone has a radius: the cube root of 2 * 4 * 8."""
    M = np.zeros((5, 5))
    M[0, 1], M[1, 2], M[2, 3], M[3, 4], M[4, 2] = 9.0, 9.0, 2.0, 4.0, 8.0
    low, high, state = spectral_radius(sparse.csr_array(M))
    assert low == pytest.approx(4.0, rel=1e-6)
    assert high == pytest.approx(4.0, rel=1e-6)
    assert state in (2, 3, 4)


def test_radius_that_did_not_settle_is_given_by_its_bounds():
    """A long corridor to and fro, each step weighing a half: 2 * 0.5 * cos(pi / 2001)."""
    M = sparse.diags_array([np.full(1999, 0.5)] * 2, offsets=[-1, 1], format="csr")
    low, high, _ = spectral_radius(M)
    assert low <= np.cos(np.pi / 2001) <= high
    assert f"radius between {low:.6g} and {high:.6g}" in describe_cycles(M)
