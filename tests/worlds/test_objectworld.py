import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from maxent_irl.worlds import GridWorld, ObjectWorld


def slow_distance(world, colors, color):
    """Distance of every cell to the nearest object of a colour, pair by pair."""
    diagonal = np.hypot(*world.shape)
    return np.array(
        [
            min(
                [np.hypot(*(cell - place)) for place, c in zip(world.objects, colors, strict=True) if c == color],
                default=diagonal,
            )
            for cell in world.cells
        ]
    )


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(3, 8), st.integers(3, 8)),
    n_objects=st.integers(1, 9),
    n_colors=st.integers(2, 4),
    seed=st.integers(0, 2**31),
)
def test_features_and_reward_pair_by_pair(shape, n_objects, n_colors, seed):
    world = ObjectWorld(shape, n_objects=n_objects, n_colors=n_colors, random_state=seed)
    distances = np.stack(
        [
            slow_distance(world, colors, color)
            for colors in (world.outer_colors, world.inner_colors)
            for color in range(n_colors)
        ],
        axis=1,
    )
    assert_allclose(world.features("continuous"), distances)
    near_0, near_1 = distances[:, 0] <= 3, distances[:, 1] <= 2
    assert_array_equal(world.reward, [(1 if b else -1) if a else 0 for a, b in zip(near_0, near_1, strict=True)])
    binned = world.features("binned")
    assert binned.shape == (world.n_states, 2 * n_colors * max(shape))
    column = world.feature_names("binned").index("distance to inner colour 1 < 3")
    assert_array_equal(binned[:, column], distances[:, n_colors + 1] < 3)
    assert len(world.feature_names("binned")) == binned.shape[1]
    assert len(world.feature_names("continuous")) == distances.shape[1]


def test_moves_are_those_of_a_gridworld():
    world = ObjectWorld(6, n_objects=5, slip=0.3, random_state=0)
    plain = GridWorld(6, slip=0.3)
    assert_array_equal(world.mdp.transitions.toarray(), plain.mdp.transitions.toarray())
    assert_array_equal(world.features("smooth"), plain.features("smooth"))
    assert world.feature_names("coordinates") == ("row", "column")


def test_the_seed_decides():
    first, same, other = (ObjectWorld(12, random_state=seed) for seed in (3, 3, 4))
    assert_array_equal(first.objects, same.objects)
    assert_array_equal(first.reward, same.reward)
    assert (first.reward != other.reward).any()
    assert len({tuple(place) for place in first.objects.tolist()}) == 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_colors": 1}, "n_colors must be at least 2, got 1"),
        ({"n_objects": 10}, r"n_objects must lie in 1..9, one object per cell, got 10"),
        ({"n_objects": 0}, r"n_objects must lie in 1..9"),
        ({"shape": 0}, "two positive integers"),
    ],
)
def test_wrong_arguments_say_what(options, message):
    with pytest.raises(ValueError, match=message):
        ObjectWorld(**({"shape": 3, "n_objects": 2} | options))
