"""Where states lie: grids by shape, mask and cells, links of networks by states and moves, junctions of mazes."""

from types import SimpleNamespace

import numpy as np
import pytest

from maxent_irl.worlds import (
    GridGeometry,
    GridWorld,
    Labyrinth,
    NetworkGeometry,
    ObjectWorld,
    RoadNetwork,
    TreeGeometry,
)
from maxent_irl.worlds.gridworld import ACTIONS

MAP = "S.#\n..G"


def test_a_grid_world_says_where_its_states_starts_and_goals_lie():
    world = GridWorld.from_text(MAP)
    geometry = world.geometry
    assert geometry.shape == (2, 3)
    np.testing.assert_array_equal(geometry.cells, world.cells)
    assert (geometry.starts.tolist(), geometry.goals.tolist()) == ([[0, 0]], [[1, 2]])
    np.testing.assert_array_equal(geometry.steps, ACTIONS)
    np.testing.assert_array_equal(geometry.to_grid(np.arange(5.0)), world.to_grid(np.arange(5.0)))
    assert np.argwhere(geometry.gaps).tolist() == [[0, 2]]
    assert ObjectWorld(4, n_objects=2, random_state=0).geometry.n_states == 16


@pytest.mark.parametrize("grid", [(2, 3), [2, 3], np.array([2, 3]), np.ones((2, 3), dtype=bool)], ids=str)
def test_a_grid_can_be_given_by_its_shape_or_mask(grid):
    geometry = GridGeometry.of(grid)
    assert geometry.shape == (2, 3)
    assert geometry.cells.tolist() == [[row, column] for row in range(2) for column in range(3)]
    assert GridGeometry.of(geometry) is geometry


def test_values_go_to_the_grid_and_back(rng):
    world = SimpleNamespace(shape=(2, 2), cells=[(1, 0), (-1, -1), (0, 1)], goals=[1, 2])
    geometry = GridGeometry.of(world)
    assert geometry.goals.tolist() == [[0, 1]]
    values = rng.normal(size=3)
    back = geometry.from_grid(geometry.to_grid(values))
    np.testing.assert_array_equal(back, [values[0], np.nan, values[2]])


@pytest.mark.parametrize("destinations", ["absorbing", "exits"])
@pytest.mark.parametrize("states", ["nodes", "links"])
def test_moves_and_states_belong_to_links(states, destinations, rng):
    network = RoadNetwork.grid((2, 3), states=states, destinations=destinations)
    geometry = network.geometry
    table = rng.normal(size=(network.mdp.n_states, network.mdp.n_actions))
    table[0] = np.nan
    moves = [[] for _ in range(network.n_links)]
    for place in range(1, network.n_places):
        for action in range(network.entered.shape[1]):
            if network.entered[place, action] >= 0:
                moves[network.entered[place, action]].append(table[place, action])
    np.testing.assert_allclose(geometry.per_link(table), [np.mean(found) if found else np.nan for found in moves])
    np.testing.assert_allclose(geometry.per_link(table, total=True), [sum(found) for found in moves])
    values = rng.normal(size=network.mdp.n_states)
    expected = [values[link if states == "links" else network.tail[link]] for link in range(network.n_links)]
    np.testing.assert_array_equal(geometry.per_link(values), expected)


@pytest.mark.parametrize("destinations", ["absorbing", "exits"])
@pytest.mark.parametrize("states", ["nodes", "links"])
def test_a_goal_lies_at_its_node(states, destinations):
    tail, head = ["home", "shop", "shop"], ["shop", "home", "work"]
    network = RoadNetwork(tail, head, states=states, destinations=destinations, links=["out", "back", "on"])
    goal = network.goal("on" if states == "links" else "work")
    geometry = network.geometry
    assert geometry.nodes[geometry.node_of_state(goal)] == "work"
    assert geometry.node("work") == geometry.node_of_state(goal)
    assert geometry.nodes[geometry.node(["work", "home"])].tolist() == ["work", "home"]
    with pytest.raises(ValueError, match="node 'school' is not in the network"):
        geometry.node("school")
    with pytest.raises(ValueError, match="goal 99 is no state"):
        geometry.node_of_state(99)


def test_a_labyrinth_says_where_its_nodes_lie():
    world = Labyrinth([[1, 2, 0], [1, 1, 0], [2, 2, 0]])
    geometry = world.geometry
    assert geometry.parents.tolist() == [-1, 0, 0]
    assert geometry.names == ("node 0", "node 1", "node 2")
    np.testing.assert_array_equal(geometry.positions, world.positions)


@pytest.mark.parametrize(
    ("kind", "message"),
    [(GridGeometry, "a grid is given by"), (NetworkGeometry, "a network is"), (TreeGeometry, "a tree is")],
)
def test_what_is_something_else_is_named(kind, message):
    with pytest.raises(ValueError, match=message):
        kind.of("a town")
