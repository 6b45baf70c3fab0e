import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from maxent_irl import soft_value_iteration
from maxent_irl.worlds import BinaryWorld, GridWorld


@settings(max_examples=25, deadline=None)
@given(shape=st.tuples(st.integers(1, 7), st.integers(1, 7)), seed=st.integers(0, 2**31))
def test_inputs_and_reward_cell_by_cell(shape, seed):
    world = BinaryWorld(shape, random_state=seed)
    blue = {tuple(cell) for cell, colour in zip(world.cells.tolist(), world.blue, strict=True) if colour}
    names = world.feature_names()
    inputs = world.features()
    assert inputs.shape == (world.n_states, 9)
    for state, (row, column) in enumerate(world.cells.tolist()):
        around = {(i, j): (row + i, column + j) in blue for i in (-1, 0, 1) for j in (-1, 0, 1)}
        assert world.reward[state] == {4: 1.0, 5: -1.0}.get(sum(around.values()), 0.0)
        for (i, j), colour in around.items():
            assert inputs[state, names.index(f"blue at ({i:+d}, {j:+d})")] == colour


def test_half_of_the_cells_are_blue_and_rewards_are_as_frequent_as_binomial_counts():
    world = BinaryWorld(100, random_state=0)
    assert world.blue.mean() == pytest.approx(0.5, abs=0.02)
    inside = world.to_grid(world.reward)[1:-1, 1:-1]
    for paid in (1.0, -1.0):  # 9 choose 4 of 2^9, and 9 choose 5
        assert (inside == paid).mean() == pytest.approx(126 / 512, abs=0.03)


def test_single_inputs_are_hardly_correlated_with_the_reward():
    world = BinaryWorld(200, random_state=1)
    inside = world.to_grid(np.arange(world.n_states), fill=-1)[1:-1, 1:-1].ravel()
    correlation = np.corrcoef(world.features()[inside].T, world.reward[inside])[-1, :-1]
    # Of the 512 patches, 56 have the input among 4 blue cells and 70 have it among 5.
    expected = (56 - 70) / 512 / (0.5 * np.sqrt(252 / 512))
    assert np.abs(correlation - expected).max() < 0.02


def test_moves_are_those_of_a_gridworld():
    world = BinaryWorld(6, random_state=0)
    plain = GridWorld(6, discount=0.9)
    assert_array_equal(world.mdp.transitions.toarray(), plain.mdp.transitions.toarray())
    assert_array_equal(world.features("smooth"), plain.features("smooth"))
    assert world.feature_names("coordinates") == ("row", "column")
    assert world.mdp.discount == 0.9


def test_the_seed_decides():
    first, again, other = (BinaryWorld(9, random_state=seed).blue for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert (first != other).any()
    rng = np.random.default_rng(1)
    assert_array_equal(BinaryWorld(9, random_state=rng).blue, first)
    assert (BinaryWorld(9, random_state=rng).blue != first).any()  # the next draw of the same generator


def test_the_best_policy_is_paid_in_most_steps():
    """At discount .9 a reward of 1 in every step has the value 10; the optimal value is 8.55 on average over states."""
    values = [soft_value_iteration(w.mdp, w.reward, temperature=0.0).V.mean() for w in map(_seeded, range(3))]
    assert np.mean(values) == pytest.approx(8.55, abs=0.1)


def _seeded(seed):
    return BinaryWorld(random_state=seed)


def test_wrong_shapes_say_what():
    with pytest.raises(ValueError, match="two positive integers, got 0"):
        BinaryWorld(0)
