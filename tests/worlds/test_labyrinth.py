import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from maxent_irl.datasets import load_mouse_labyrinth
from maxent_irl.worlds import Labyrinth
from maxent_irl.worlds.labyrinth import ACTION_NAMES, h_tree

# Home, two children and four dead ends; columns are the actions: in left, in right, out right, out left.
NEXT_NODE = np.array([[1, 2, 0, 0], [3, 4, 0, 1], [6, 5, 2, 0], [3, 3, 1, 3], [4, 4, 4, 1], [5, 5, 5, 2], [6, 6, 2, 6]])


def long_table(next_node):
    node, action = np.indices(next_node.shape)
    return node.ravel(), action.ravel(), next_node.ravel()


def test_transitions_are_the_table():
    labyrinth = Labyrinth.from_table(*long_table(NEXT_NODE), discount=0.8)
    P = labyrinth.mdp.transitions.toarray().reshape(4, 7, 7)
    for action in range(4):
        assert_array_equal(P[action], np.eye(7)[NEXT_NODE[:, action]])
    assert labyrinth.mdp.discount == 0.8
    assert labyrinth.mdp.initial[labyrinth.home] == 1
    assert_array_equal(labyrinth.levels, [0, 1, 1, 2, 2, 2, 2])
    assert_array_equal(labyrinth.features.toarray(), np.eye(7))
    assert repr(labyrinth) == "Labyrinth 7 nodes on 3 levels, 4 actions, discount 0.8"


def test_demonstrations_drop_the_first_step_and_know_the_last_node():
    labyrinth = Labyrinth(NEXT_NODE)
    # sequence 9: 0 -> 1 -> 3 -> (1); sequence 2: 2 -> 6 -> (6), rows shuffled
    table = {
        "sequence": [9, 2, 9, 2, 9],
        "time": [1, 1, 0, 0, 2],
        "node": [1, 6, 0, 2, 3],
        "action": [0, 0, 0, 0, 2],
    }
    demonstrations = labyrinth.demonstrations(**table)
    assert_array_equal(demonstrations.states, [1, 3, 6])
    assert_array_equal(demonstrations.actions, [0, 2, 0])
    assert_array_equal(demonstrations.final_states, [1, 6])
    assert_array_equal(demonstrations.offsets, [0, 2, 3])
    assert labyrinth.demonstrations(**table, skip=0).n_decisions == 5


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([4, 4, 4], [0, 1, 2], [0, 1, 1], [0, 2, 0]), r"'reached' is 0 at trajectory 4, step 0 .* next row is 1"),
        (([4, 4], [0, 1], [0, 7], [0, 0]), "sequence 4, step 1: there is no node 7"),
        (([4, 4], [0, 1], [0, 1], [0, -1]), "sequence 4, step 1: there is no action -1"),
    ],
)
def test_wrong_visits_say_where(rows, message):
    with pytest.raises(ValueError, match=message):
        Labyrinth(NEXT_NODE).demonstrations(*rows)


def test_wrong_tables_say_where():
    wrong = NEXT_NODE.copy()
    wrong[2, 1] = 4
    with pytest.raises(ValueError, match=r"node 2 leads to \[0, 2, 4, 6\].* parent 0 and its children \[5, 6\]"):
        Labyrinth(wrong)
    node, action, next_node = long_table(NEXT_NODE)
    with pytest.raises(ValueError, match="node 6, action 3 occurs 0 times"):
        Labyrinth.from_table(node[:-1], action[:-1], next_node[:-1])
    with pytest.raises(ValueError, match="node 0, action 0 occurs 2 times"):
        Labyrinth.from_table(np.append(node, 0), np.append(action, 0), np.append(next_node, 1))


@pytest.mark.parametrize("n_levels", [1, 2, 3, 6, 7])
def test_h_tree_corridors_are_straight_and_never_cross(n_levels):
    n_nodes = 2**n_levels - 1
    positions = h_tree(n_nodes)
    walked = {(0.0, 0.0)}
    for node in range(1, n_nodes):
        start, end = positions[(node - 1) // 2], positions[node]
        steps = np.abs(end - start).sum()
        assert np.count_nonzero(end - start) == 1
        # Corridors have whole lengths from 1 on, so two that meet share a point of the half-integer lattice.
        points = {tuple(start + (end - start) * i / (2 * steps)) for i in range(1, int(2 * steps) + 1)}
        assert not points & walked
        walked |= points


def check_turns(labyrinth):
    """In actions turn left or right into a corridor; out actions walk back and turn into the corridor before."""
    positions, next_node = labyrinth.positions, labyrinth.next_node
    heading_in = {0: np.array([1.0, 0.0])}
    for node in range(1, labyrinth.n_states):
        heading_in[node] = positions[node] - positions[(node - 1) // 2]

    def turn(before, after):
        return "left" if before[0] * after[1] - before[1] * after[0] > 0 else "right"

    moves = 0
    for node in range(labyrinth.n_states):
        for action, name in enumerate(ACTION_NAMES):
            reached = next_node[node, action]
            if reached > node:
                assert name == "in, turning " + turn(heading_in[node], heading_in[reached])
            elif reached < node:
                assert name == "out, turning " + turn(-heading_in[node], -heading_in[reached])
            moves += reached != node
    assert moves == 2 * (labyrinth.n_states - 1)


def test_actions_turn_the_way_they_say():
    check_turns(Labyrinth(NEXT_NODE))


@pytest.mark.skipif(not os.environ.get("MAXENT_IRL_DATA"), reason="MAXENT_IRL_DATA is not set")
def test_actions_turn_the_way_they_say_in_the_real_labyrinth():
    check_turns(load_mouse_labyrinth().world)
