"""Trajectories go by the names that their owner gave them, in every message, through everything that is done to them."""

import pickle

import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.metrics import log_likelihood_per_decision
from maxent_irl.worlds import RoadNetwork

TABLE = {"bird": ["B7", "B7", "B9", "B9"], "place": [0, 1, 1, 0], "move": [1, 0, 0, 1]}
ROLES = {"id": "bird", "state": "place", "action": "move"}
STAY = MDP(np.eye(2)[:, None, :].repeat(2, axis=1), discount=0.5)


def birds():
    return Demonstrations.from_table(TABLE, **ROLES)


def test_reading_and_checking_say_the_same_name():
    with pytest.raises(ValueError, match=r"the state at trajectory 'B9', step 1 \(row 3\) is missing"):
        Demonstrations.from_table(TABLE | {"place": [0, 1, 1, None]}, **ROLES)
    with pytest.raises(ValueError, match="trajectory 'B7', step 0 goes from state 0 by action 1 to state 1"):
        birds().validate_against(STAY)
    with pytest.raises(ValueError, match="trajectory 'B9', step 0 goes"):
        birds()[1:].validate_against(STAY)
    with pytest.raises(ValueError, match="trajectory 'B7' has 2 decisions, more than the horizon"):
        birds().validate_against(MDP.from_successors([[0, 1], [0, 1]], horizon=1))
    with pytest.raises(ValueError, match="the weight of trajectory 'B9' is -1"):
        Demonstrations(birds(), weights=[1, -1])
    with pytest.raises(ValueError, match="the state at trajectory 'x', step 1 is -1"):
        Demonstrations([([0, -1], [0])], ids=["x"])
    with pytest.raises(ValueError, match="trajectory 'x' visits 1 state"):
        Demonstrations.from_state_paths([[0]], STAY, ids=["x"])


def test_ids_are_kept(tmp_path):
    demos = birds()
    assert demos.ids == ("B7", "B9")
    assert (demos.name_of(1), demos.place_of(3)) == ("'B9'", "trajectory 'B9', step 1")
    assert demos[[1, 1, 0]].ids == ("B9", "B9", "B7")
    assert (demos + demos[:1]).ids == ("B7", "B9", "B7")
    assert Demonstrations(list(demos)).ids == demos.ids
    assert Demonstrations(demos, weights=[1, 2]).ids == demos.ids
    assert Demonstrations(demos, ids=["a", "b"]).ids == ("a", "b")
    assert pickle.loads(pickle.dumps(demos)).ids == demos.ids
    assert demos[1].id == "B9"
    demos.save(tmp_path / "birds.npz")
    assert Demonstrations.load(tmp_path / "birds.npz").ids == demos.ids


def test_without_names_they_are_counted():
    walks = [([0, 1], [0]), ([1], [0])]
    demos = Demonstrations(walks)
    assert demos.ids == (0, 1)
    assert demos[1:].ids == (1,)
    assert (demos + demos).ids == (0, 1, 2, 3)
    assert (demos[1:] + demos[1:]).ids == (1, 1)
    drawn = sample_demonstrations(STAY, soft_value_iteration(STAY, [0, 0]).policy, 3, max_steps=2, random_state=0)
    assert drawn.ids == (0, 1, 2)


def test_ids_do_not_count_in_comparisons():
    assert birds() == Demonstrations(birds(), ids=[1, 2])
    assert birds()[0] == Demonstrations(birds(), ids=[1, 2])[0]


def test_trips_go_by_their_names(tmp_path):
    network = RoadNetwork(["a", "b"], ["b", "c"], states="nodes")
    path = tmp_path / "trips.csv"
    path.write_text("trip,node\nhome,a\nhome,b\nback,b\nback,c\n")
    assert network.trips_from_csv(path, node="node").ids == ("home", "back")
    path.write_text("trip,node\nhome,a\nhome,b\nback,c\nback,b\n")
    with pytest.raises(ValueError, match="trip 'back', step 0, goes from node 'c' to node 'b', which no link joins"):
        network.trips_from_csv(path, node="node")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a"], "ids must hold one name per trajectory, 2 in all"),
        ("ab", "ids must hold one name per trajectory"),
        (["a", None], "ids holds None at position 1"),
    ],
)
def test_ids_that_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations(birds(), ids=ids)


def test_long_names_are_shortened():
    demos = Demonstrations([([0, 1], [1])], ids=["x" * 100_000])
    with pytest.raises(ValueError, match="goes from state 0") as raised:
        demos.validate_against(STAY)
    assert len(str(raised.value)) < 300


def test_what_no_reward_explains_is_named():
    dead_end = MDP.from_successors([[0, 1], [-1, -1]], discount=0.9)
    demos = Demonstrations([([0, 0], [0]), ([0, 1], [1])], ids=["B7", "B9"])
    with pytest.raises(ValueError, match="trajectory 'B9', step 0: action 1 in state 0 leads"):
        MaxEntIRL(dead_end, np.ones((2, 1))).fit(demos)
    with pytest.raises(ValueError, match="which trajectory 'B7' takes at step 0"):
        MaxEntIRL(STAY, np.ones((2, 1)), action_prior=[0, 1]).fit(demos[:1])
    with pytest.raises(ValueError, match="trajectory 'B7' has 2 decisions, but the policy is given for 1 times"):
        log_likelihood_per_decision(np.full((1, 2, 2), 0.5), birds())
