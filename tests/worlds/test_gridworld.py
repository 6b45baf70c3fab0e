import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from maxent_irl.worlds import GridWorld
from maxent_irl.worlds._grid_moves import ACTIONS

MAP = """
    S.#G
    .mm.
    #..S
"""


def slow_transitions(free, slip):
    """P[s, a, s'] of a grid of free cells, move by move."""
    cells = [tuple(cell) for cell in np.argwhere(free)]
    index = {cell: state for state, cell in enumerate(cells)}
    P = np.zeros((len(cells), 5, len(cells)))
    for (row, column), state in index.items():
        for action in range(5):
            for happens in range(5):
                probability = (1 - slip) * (happens == action) + slip / 4 * (happens < 4)
                target = (row + ACTIONS[happens][0], column + ACTIONS[happens][1])
                P[state, action, index.get(target, state)] += probability
    return P


def dense_transitions(mdp):
    return mdp.transitions.toarray().reshape(mdp.n_actions, mdp.n_states, mdp.n_states).transpose(1, 0, 2)


@settings(max_examples=60, deadline=None)
@given(
    free=hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)).filter(np.any),
    slip=st.sampled_from([0.0, 0.3, 1.0]),
    data=st.data(),
)
def test_transitions_follow_the_moves(free, slip, data):
    goals = data.draw(hnp.arrays(bool, free.shape)) & free
    terminal_goals = data.draw(st.booleans()) and bool((free & ~goals).any())
    world = GridWorld(free.shape, walls=~free, goals=goals, slip=slip, terminal_goals=terminal_goals)
    expected = slow_transitions(free, slip)
    terminal = goals[free] if terminal_goals else np.zeros(world.n_states, dtype=bool)
    expected[terminal] = 0
    assert_allclose(dense_transitions(world.mdp), expected, atol=1e-15)
    assert_array_equal(world.mdp.terminal, terminal)
    assert_array_equal(world.mdp.available, np.repeat(~terminal[:, None], 5, axis=1))
    assert_array_equal(world.states[tuple(world.cells.T)], np.arange(world.n_states))


def test_from_text_reads_every_letter():
    world = GridWorld.from_text(MAP, discount=0.9, horizon=7)
    assert world.shape == (3, 4)
    assert world.n_states == 10
    assert_array_equal(world.goals, [world.state(0, 3)])
    assert_array_equal(world.starts, [world.state(0, 0), world.state(2, 3)])
    assert_array_equal(np.flatnonzero(world.tiles == "m"), [world.state(1, 1), world.state(1, 2)])
    assert (world.mdp.discount, world.mdp.horizon) == (0.9, 7)
    assert_array_equal(world.mdp.initial[world.starts], [0.5, 0.5])
    assert world.mdp.initial.sum() == 1


def test_drawing_reads_back():
    world = GridWorld.from_text(MAP)
    again = GridWorld.from_text(world.draw())
    assert world.draw() == "S.#G\n.mm.\n#..S"
    assert_array_equal(again.mdp.transitions.toarray(), world.mdp.transitions.toarray())
    assert_array_equal(again.tiles, world.tiles)


def test_without_starts_every_cell_that_decides_is_one():
    world = GridWorld.from_text("..G")
    assert_array_equal(world.mdp.initial, [0.5, 0.5, 0])
    world = GridWorld.from_text("..G", terminal_goals=False)
    assert_allclose(world.mdp.initial, 1 / 3)


def test_repr_draws_the_map_unless_it_is_huge():
    assert repr(GridWorld.from_text("S.#G", slip=0.1, discount=0.5)) == (
        "GridWorld 1 x 4, 3 states, slip 0.1, discount 0.5, terminal goals\nS.#G"
    )
    assert repr(GridWorld(200, discount=0.5)) == "GridWorld 200 x 200, 40000 states, slip 0, discount 0.5"


def test_rewards_by_tile_goal_and_cell():
    rewards = {(0, 1): 7, "m": -2, "G": 5, (1, 2): -3, ".": -0.5}
    world = GridWorld.from_text(MAP, rewards=rewards, terminal_goals=False)
    expected = [[-0.5, 7, np.nan, 5], [-0.5, -2, -3, -0.5], [np.nan, -0.5, -0.5, -0.5]]
    assert_array_equal(world.to_grid(world.reward), expected)
    as_array = GridWorld.from_text(MAP, rewards=expected, terminal_goals=False)
    assert_array_equal(as_array.reward, world.reward)


def test_reward_on_arrival_pays_at_terminal_goals():
    world = GridWorld.from_text("S.G", rewards={"G": 8.0, (0, 0): -1.0}, reward_on="next_state", slip=0.5)
    assert world.reward.shape == (3, 5)
    # right from the middle: 1/2 by choice, 1/8 by slipping right; slipping left 1/8 of the way to the start.
    assert_allclose(world.reward[1], [8 * 0.625 - 0.125, 8 / 8 - 1 / 8, 8 / 8 - 0.625, 8 / 8 - 1 / 8, 8 / 8 - 1 / 8])
    assert_array_equal(world.reward[2], 0)
    assert_allclose(world.cell_rewards, [-1, 0, 8])


@pytest.mark.parametrize("terminal_goals", [True, False])
def test_arrival_is_the_expectation_over_the_next_state(terminal_goals):
    world = GridWorld.from_text(MAP, slip=0.2, terminal_goals=terminal_goals)
    P = dense_transitions(world.mdp)
    features = np.random.default_rng(0).normal(size=(world.n_states, 3))
    expected = np.einsum("sat,tk->sak", P, features)
    assert_allclose(world.arrival(features), expected, atol=1e-14)
    assert_allclose(world.arrival(features[:, 0]), expected[:, :, 0], atol=1e-14)
    arrived = world.arrival(sparse.csr_array(features))
    assert arrived.shape == expected.shape
    assert_allclose(arrived.toarray(), expected, atol=1e-14)


def test_to_grid_and_back():
    world = GridWorld.from_text(MAP)
    values = np.arange(10)
    assert_array_equal(world.to_grid(values, fill=-1), world.states)
    assert_array_equal(world.from_grid(world.to_grid(values)), values)
    stacked = np.random.default_rng(0).normal(size=(10, 2, 3))
    assert world.to_grid(stacked).shape == (3, 4, 2, 3)
    assert_array_equal(world.from_grid(world.to_grid(stacked)), stacked)
    assert np.isnan(world.to_grid(values > 3)[0, 2])


def test_indicator_and_coordinate_features():
    world = GridWorld.from_text(MAP)
    indicators = world.features("indicators")
    assert sparse.issparse(indicators)
    assert_array_equal(indicators.toarray(), np.eye(10))
    assert world.feature_names("indicators")[3] == "cell (1, 0)"
    assert_allclose(world.features("coordinates")[world.state(2, 1)], [1, 1 / 3])
    assert_array_equal(GridWorld((1, 3)).features("coordinates"), [[0, 0], [0, 0.5], [0, 1]])


def test_tile_and_distance_features():
    world = GridWorld.from_text("""
        b.#G
        ...m
    """)
    assert world.feature_names("tiles") == ("tile b", "tile m", "goal")
    assert_array_equal(world.to_grid(world.features("tiles") @ [1, 2, 4], fill=-1), [[1, 0, -1, 4], [0, 0, 0, 2]])
    assert world.feature_names("distances") == ("steps to tile b", "steps to tile m", "steps to goal")
    to_goal = world.features("distances")[:, 2]  # the wall has to be walked around
    assert_array_equal(world.to_grid(to_goal, fill=-1), [[5, 4, -1, 0], [4, 3, 2, 1]])


@pytest.mark.parametrize("shape", [(6, 6), (3, 11), (1, 12)])
def test_smooth_features_are_orthogonal_cosines(shape):
    world = GridWorld(shape)
    features = world.features("smooth", n_features=8)
    names = world.feature_names("smooth", n_features=8)
    assert features.shape == (world.n_states, 8)
    assert len(set(names)) == 8
    gram = features.T @ features
    assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-9)
    assert_allclose(features.sum(axis=0), 0, atol=1e-9)
    assert (np.diag(gram) > 0).all()


def test_a_large_grid():
    world = GridWorld(512, slip=0.3)
    assert world.features("smooth").shape == (512 * 512, 8)
    assert_allclose(world.mdp.transitions.sum(axis=1), 1)
    assert world.mdp.transitions.nnz <= 5 * 5 * 512 * 512


def test_arrays_are_read_only():
    world = GridWorld.from_text(MAP)
    for array in (world.cells, world.states, world.goals, world.starts, world.tiles, world.reward):
        assert not array.flags.writeable


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("...\n..", r"row 1 \('\.\.'\) has 2 cells, row 0 has 3"),
        ("..\n.X", "unknown character 'X' at row 1, column 1"),
        (".+", r"unknown character '\+' at row 0, column 1"),
        ("\n\n", "the map is empty"),
        ("##\n##", "every cell of the 2 x 2 grid is a wall"),
        ("GG", "no decision would ever be taken"),
    ],
)
def test_wrong_maps_say_where(text, message):
    with pytest.raises(ValueError, match=message):
        GridWorld.from_text(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (2, 0)}, "two positive integers"),
        ({"shape": (2, 2, 2)}, "two positive integers"),
        ({"slip": 1.5}, "slip is a probability"),
        ({"slip": float("nan")}, "slip is a probability"),
        ({"goals": [(0, 1)], "walls": [(0, 1)]}, r"goal at cell \(0, 1\) stands on a wall"),
        ({"starts": [(1, 2)], "walls": [(1, 2)]}, r"start at cell \(1, 2\) stands on a wall"),
        ({"goals": [(5, 1)]}, r"goal at cell \(5, 1\) is off the 2 x 3 grid"),
        ({"walls": [(0, -1)]}, r"wall at cell \(0, -1\) is off the 2 x 3 grid"),
        ({"walls": np.zeros((3, 3), bool)}, r"wall mask must have shape \(2, 3\), got \(3, 3\)"),
        ({"tiles": np.full((2, 2), ".")}, "tiles must be one character per cell"),
        ({"tiles": [[".", "a", "."], [".", "?", "."]]}, r"tile '\?' at cell \(1, 1\)"),
        ({"rewards": {"q": 1}}, "rewards names tile 'q'"),
        ({"rewards": {"G": 1}}, "the map has no goal"),
        ({"rewards": {(4, 4): 1}}, r"cell \(4, 4\) is off the grid"),
        ({"rewards": {(0, 1): 1}, "walls": [(0, 1)]}, r"cell \(0, 1\) is a wall"),
        ({"rewards": {(0, 1): np.inf}}, r"reward at cell \(0, 1\) is inf"),
        ({"rewards": np.zeros((2, 2))}, r"one entry per cell, shape \(2, 3\)"),
        (
            {"goals": [(1, 1)], "rewards": {"G": 3}},
            r"reward 3 at the terminal goal in cell \(1, 1\) is never earned",
        ),
        ({"goals": [(0, 0)], "starts": [(0, 0)]}, "every start is a terminal goal"),
        ({"reward_on": "arrival"}, "reward_on must be"),
    ],
)
def test_wrong_arguments_say_what(options, message):
    with pytest.raises(ValueError, match=message):
        GridWorld(**({"shape": (2, 3)} | options))


@pytest.mark.parametrize(
    ("text", "kind", "n_features", "message"),
    [
        ("..", "tile", 8, "features must be one of indicators, coordinates, distances, tiles, smooth"),
        ("..", "tiles", 8, "neither goals nor lettered tiles"),
        (".#G", "distances", 8, r"no path leads from cell \(0, 0\) to any goal"),
        ("....", "smooth", 4, "must lie in 1..3, got 4"),
        ("....", "smooth", 0, "must lie in 1..3, got 0"),
        ("...#....", "smooth", 6, None),
    ],
)
def test_wrong_features_say_what(text, kind, n_features, message):
    world = GridWorld.from_text(text)
    if message is None:
        assert world.features(kind, n_features=n_features).shape == (world.n_states, n_features)
        return
    with pytest.raises(ValueError, match=message):
        world.features(kind, n_features=n_features)


def test_wrong_shapes_for_the_grid():
    world = GridWorld((2, 2), walls=[(0, 0)])
    with pytest.raises(ValueError, match=r"one entry per state, \(3, ...\), got \(4,\)"):
        world.to_grid(np.zeros(4))
    with pytest.raises(ValueError, match="the grid must be 2 x 2"):
        world.from_grid(np.zeros(4))
    with pytest.raises(ValueError, match="3 rows, one per state"):
        world.arrival(np.zeros((4, 2)))


@pytest.mark.parametrize("radius", [0, 1, 2])
@pytest.mark.parametrize("channels", [None, 2])
def test_patches_cell_by_cell(radius, channels):
    world = GridWorld.from_text("""
        S.#.
        ..m.
        #..G
    """)
    rng = np.random.default_rng(0)
    values = rng.normal(size=world.n_states if channels is None else (world.n_states, channels))
    found = world.patches(values, radius, outside=-7.0)
    names = world.patch_names(["value"] if channels is None else ["first", "second"], radius)
    assert found.shape == (world.n_states, len(names)) == (world.n_states, (2 * radius + 1) ** 2 * (channels or 1))
    around = range(-radius, radius + 1)
    for state, (row, column) in enumerate(world.cells.tolist()):
        wanted = []
        for i in around:
            for j in around:
                inside = 0 <= row + i < 3 and 0 <= column + j < 4 and world.states[row + i, column + j] >= 0
                there = values[world.states[row + i, column + j]] if inside else np.full_like(values[0], -7.0)
                wanted += np.atleast_1d(there).tolist()
        assert found[state].tolist() == wanted
    if radius == 1 and channels:
        assert names[:3] == ("first at (-1, -1)", "second at (-1, -1)", "first at (-1, +0)")


def test_patches_of_tiles_are_inputs_for_a_transfer():
    """A reward that is a function of patches has the same value wherever the surroundings are the same."""
    here, there = (GridWorld.from_text(text, rewards={"m": -1.0}) for text in ("S.m.G", "S.m.mG"))
    patches, others = (world.patches(world.features("tiles")) for world in (here, there))
    assert (patches[here.state(0, 1)] == others[there.state(0, 1)]).all()
    assert (patches[here.state(0, 3)] != others[there.state(0, 3)]).any()


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros(3), {}, r"values must have shape \(4,\) or \(4, C\), got \(3,\)"),
        (np.zeros((4, 1, 1)), {}, r"or \(4, C\), got \(4, 1, 1\)"),
        ([0.0, 1.0, np.nan, 0.0], {}, "values must be finite; it is nan at state 2"),
        ([[0.0]] * 3 + [[np.inf]], {}, "it is inf at state 3, channel 0"),
        ("abcd", {}, "values must hold numbers"),
        (np.zeros(4), {"radius": -1}, "radius must be"),
        (np.zeros(4), {"radius": 0.5}, "radius must be"),
    ],
)
def test_wrong_patches_say_what(values, options, message):
    with pytest.raises(ValueError, match=message):
        GridWorld(2).patches(values, **options)
