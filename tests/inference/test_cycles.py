"""The spectral radius that an improper problem is explained by: every digit that is shown is right."""

import numpy as np
import pytest
from scipy import sparse

from maxent_irl import MDP, ImproperProblemError, soft_value_iteration
from maxent_irl.inference.cycles import describe_cycles, spectral_radius


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


def test_a_cycle_that_pays_is_named_at_temperature_zero():
    mdp = MDP.from_successors([[1, 3], [2, -1], [0, 3], [-1, -1]], terminal=[3])
    reward = [[1.0, -1.0], [0.5, 0.0], [-1.25, 0.0], [0.0, 0.0]]
    pays = r"spectral radius 1, around state 0, where one turn of the cycle 0 -> 1 -> 2 -> 0 pays 0\.25"
    with pytest.raises(ImproperProblemError, match=pays):
        soft_value_iteration(mdp, reward, temperature=0.0)
    reward[2][0] = -1.75
    assert soft_value_iteration(mdp, reward, temperature=0.0).V[0] == pytest.approx(1.5)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_place_that_pays_is_named_where_chance_decides_the_way(temperature):
    """States 0 and 1 can be kept to for ever; state 2 only leads there."""
    P = np.zeros((4, 2, 4))
    P[0, 0], P[0, 1] = [0, 0.9, 0, 0.1], [0.5, 0.5, 0, 0]
    P[1, 0], P[1, 1] = [1, 0, 0, 0], [0.2, 0.7, 0, 0.1]
    P[2] = [0.5, 0, 0, 0.5]
    mdp = MDP(P, terminal=[3])
    with pytest.raises(
        ImproperProblemError, match="never ends: its moves have the spectral radius 1, around state [01]"
    ) as told:
        soft_value_iteration(mdp, [1.0, 1.0, 0.0, 0.0], temperature=temperature)
    assert "cycle 0" not in str(told.value)


def test_what_a_cycle_pays_holds_what_choice_is_worth_in_it():
    """Two ways to stay, by chance in one more step, at a cost of 0.3: log 2 - 0.3 a turn at temperature 1."""
    P = np.zeros((2, 3, 2))
    P[0, :2, 0] = 1.0
    P[0, 2], P[1, :, 1] = [0.5, 0.5], 1.0
    with pytest.raises(ImproperProblemError, match="cycle 0 -> 0 pays 0.393"):
        soft_value_iteration(MDP(P, terminal=[1]), np.array([[-0.3, -0.3, -50.0], [0.0, 0.0, 0.0]]))


def test_radius_that_did_not_settle_is_given_by_its_bounds():
    """A long corridor to and fro, each step weighing a half: 2 * 0.5 * cos(pi / 2001)."""
    M = sparse.diags_array([np.full(1999, 0.5)] * 2, offsets=[-1, 1], format="csr")
    low, high, _ = spectral_radius(M)
    assert low <= np.cos(np.pi / 2001) <= high
    assert f"radius between {low:.6g} and {high:.6g}" in describe_cycles(M)
