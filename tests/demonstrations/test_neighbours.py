"""Tables of places without actions, trajectories without a decision, and marks of where episodes ended."""

import time

import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations, MaxEntIRL
from maxent_irl.worlds import RoadNetwork

WALKS = {"id": [1, 1, 1, 1, 2, 2, 2], "s": ["den", "hall", "attic", "hall", "hall", "den", "den"]}
ROLES = {"id": "id", "state": "s"}


def test_an_action_is_which_neighbour_was_entered():
    """hall leads to attic and to den, in this order; den to itself and to hall."""
    demos = Demonstrations.from_table(WALKS, **ROLES)
    assert demos.state_labels == ("attic", "den", "hall")
    assert demos.action_labels is None
    assert [trip.states.tolist() for trip in demos] == [[1, 2, 0, 2], [2, 1, 1]]
    assert [trip.actions.tolist() for trip in demos] == [[1, 0, 0], [1, 0]]
    mdp = MDP.from_demonstrations(demos, discount=0.9)
    assert mdp.structure.deterministic
    assert mdp.available.sum(axis=1).tolist() == [1, 2, 2]
    demos.validate_against(mdp)


def test_the_next_state_alone_suffices():
    rows = {
        "id": [1, 1, 1, 2, 2],
        "s": ["den", "hall", "attic", "hall", "den"],
        "n": ["hall", "attic", "hall", "den", "den"],
    }
    demos = Demonstrations.from_table(rows, **ROLES, next_state="n")
    assert demos == Demonstrations.from_table(WALKS, **ROLES)


def test_with_an_mdp_the_action_is_the_one_that_leads_there():
    mdp = MDP.from_successors([[1, 0], [2, 0], [2, 1]], discount=0.9)
    table = {"id": [1, 1, 1, 1], "s": [0, 1, 2, 1]}
    demos = Demonstrations.from_table(table, **ROLES, mdp=mdp)
    assert demos.actions.tolist() == [0, 0, 1]
    assert demos == Demonstrations.from_state_paths([[0, 1, 2, 1]], mdp)
    with pytest.raises(
        ValueError, match=r"trajectory 1, step 1 \(row 1\) goes from state 1 to state 1, which no available"
    ):
        Demonstrations.from_table({"id": [1, 1, 1], "s": [0, 1, 1]}, **ROLES, mdp=mdp)


def test_five_thousand_links_take_seconds():
    """As many actions as the busiest crossing has ways on, not as many as there are links."""
    network, rng = RoadNetwork.grid(36), np.random.default_rng(0)
    link = rng.integers(network.n_links, size=1000)
    path = [link]
    for _ in range(30):
        ways = network.entered[link]
        link = ways[np.arange(len(link)), rng.integers((ways >= 0).sum(axis=1))]
        path.append(link)
    table = {"id": np.repeat(np.arange(1000), 31), "s": 20001 + 997 * np.stack(path, axis=1).ravel()}
    start = time.perf_counter()
    demos = Demonstrations.from_table(table, **ROLES)
    mdp = MDP.from_demonstrations(demos, discount=0.9)
    assert time.perf_counter() - start < 10
    assert (mdp.n_actions, mdp.n_states) == (4, len(np.unique(table["s"])))


def test_walks_without_actions_recover_what_was_liked():
    """From a table of places to the right conclusion: of three rooms around a hall, one is visited most."""
    rng = np.random.default_rng(1)
    rooms = rng.choice(["attic", "den", "kitchen"], p=[0.2, 0.6, 0.2], size=400)
    places = np.stack([np.full(400, "hall"), rooms], axis=1).ravel()
    table = {"id": np.repeat(np.arange(20), 40), "s": places}
    demos = Demonstrations.from_table(table, **ROLES)
    mdp = MDP.from_demonstrations(demos, discount=0.5)
    coef = MaxEntIRL(mdp, l2=0.01, objective="likelihood").fit(demos).coef_
    assert demos.state_labels[int(np.argmax(coef))] == "den"


# Trajectories without a decision.


def test_short_trajectories_are_refused_or_dropped():
    table = {"id": ["a", "a", "b", "c", "c", "d"], "s": ["x", "y", "z", "y", "x", "w"]}
    with pytest.raises(ValueError, match="trajectory 'b' has no decisions: .* short='drop' leaves out all 2 such"):
        Demonstrations.from_table(table, **ROLES)
    demos = Demonstrations.from_table(table, **ROLES, short="drop")
    assert (demos.ids, demos.state_labels) == (("a", "c"), ("x", "y"))  # z and w are seen nowhere else
    with pytest.raises(ValueError, match="no trajectory has a decision, so that short='drop' leaves nothing"):
        Demonstrations.from_table({"id": [1, 2], "s": ["x", "y"]}, **ROLES, short="drop")
    with pytest.raises(ValueError, match="short must be 'error' or 'drop'; got 'leave'"):
        Demonstrations.from_table(table, **ROLES, short="leave")


def test_trips_that_never_leave_their_goal_are_short():
    table = {"id": [1, 1, 2, 2, 3], "s": ["x", "y", "y", "y", "y"], "g": ["y"] * 5}
    demos = Demonstrations.from_table(table, **ROLES, goal="g", short="drop")
    assert (demos.ids, demos.terminated.tolist()) == ((1,), [True])


# Where episodes ended.


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([False, True, False, False], [True, False]),
        ([1, 1, 0, 0], [True, False]),  # the same on all rows
        (["false", "TRUE", "0", "1"], [True, True]),
        ([0.0, 0.0, None, 1.0], [False, True]),
    ],
)
def test_a_column_says_which_trajectories_ended(ends, expected):
    table = {"id": [1, 1, 2, 2], "s": [0, 1, 1, 0], "a": [0, 0, 0, 0], "e": ends}
    demos = Demonstrations.from_table(table, **ROLES, action="a", terminated="e")
    assert demos.terminated.tolist() == expected


def test_the_row_of_the_final_state_may_be_unmarked():
    table = {"id": [1, 1, 1], "s": [0, 1, 2], "a": [0, 0, None], "e": [False, True, None]}
    demos = Demonstrations.from_table(table, **ROLES, action="a", terminated="e")
    assert (demos.terminated.tolist(), demos.final_states.tolist()) == ([True], [2])


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (
            [True, False, False],
            r"column 'e' marks an end at trajectory 1, step 0 \(row 0\), but the trajectory goes on",
        ),
        (["yes", "no", "no"], r"column 'e' at trajectory 1, step 0 \(row 0\): 'yes' is neither true nor false"),
        ([0, 0, 2], r"column 'e' at trajectory 1, step 2 \(row 2\): 2 is neither true nor false"),
    ],
)
def test_marks_of_ends_that_are_refused(ends, message):
    table = {"id": [1, 1, 1], "s": [0, 1, 1], "a": [0, 0, 0], "e": ends}
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_table(table, **ROLES, action="a", terminated="e")
