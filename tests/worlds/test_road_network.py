import numpy as np
import pytest

from maxent_irl import soft_value_iteration
from maxent_irl.worlds import RoadNetwork
from maxent_irl.worlds._road_links import turning_angles

#   c --- d      a crossing b with arms: a to the west, c to the north, d to the north-east, e to the east
#   |   /
#   a - b - e
POSITIONS = {"a": (0, 0), "b": (10, 0), "c": (10, 10), "d": (20, 10), "e": (20, 0)}
ARCS = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("b", "d"), ("b", "e"), ("e", "b"), ("d", "e")]


def crossing(**options) -> RoadNetwork:
    tail, head = zip(*ARCS, strict=True)
    options = {"positions": POSITIONS, "attributes": {"length": np.arange(1.0, 9.0)}} | options
    return RoadNetwork(tail, head, **options)


def test_links_follow_links():
    network = crossing()
    for link, row in enumerate(network.entered):
        after = [ARCS[k] for k in row[row >= 0]]
        assert after == [arc for arc in ARCS if arc[0] == ARCS[link][1]]
    assert network.mdp.n_states == 8
    assert network.mdp.n_actions == 4
    assert not network.mdp.terminal.any()


def test_nodes_as_states():
    network = crossing(states="nodes")
    assert network.mdp.n_states == 5
    assert [ARCS[k][1] for k in network.entered[network.place("b")]] == ["a", "c", "d", "e"]


def test_turns_by_angle():
    network = crossing()
    turns = {name: network.features(name)[..., 0] for name in ("left", "right", "u-turn")}
    kind = {}
    for link, row in enumerate(network.entered):
        for action, after in enumerate(row):
            if after >= 0:
                kind[ARCS[link] + ARCS[after][1:]] = [name for name, table in turns.items() if table[link, action]]
    assert kind["a", "b", "c"] == ["left"]
    assert kind["a", "b", "d"] == ["left"]  # 45 degrees
    assert kind["a", "b", "e"] == []
    assert kind["a", "b", "a"] == ["u-turn"]
    assert kind["c", "b", "e"] == ["left"]
    assert kind["c", "b", "a"] == ["right"]
    assert kind["c", "b", "d"] == ["left"]  # 135 degrees
    assert kind["b", "d", "e"] == ["right"]
    assert kind["e", "b", "d"] == ["right"]  # 135 degrees


def test_u_turns_need_no_coordinates_but_left_turns_do():
    network = crossing(positions=None)
    assert network.features("u-turn").sum() == 6  # each of the three two-way roads, at both ends
    with pytest.raises(ValueError, match="give the network positions="):
        network.features("left")
    with pytest.raises(ValueError, match=r"no feature 'left'; there are: length, constant"):
        crossing(states="nodes").features("left")


def test_angles_are_between_minus_and_plus_180():
    heading = np.array([170.0, -170.0, 0.0, 180.0, 90.0])
    link, after = np.array([0, 1, 2, 3, 4]), np.array([1, 0, 3, 2, 2])
    np.testing.assert_allclose(turning_angles(heading, link, after), [20.0, -20.0, 180.0, 180.0, -90.0])


def test_features_are_those_of_the_link_entered():
    network = crossing(road_class=["road"] * 4 + ["path"] * 4)
    features = network.features("length", "class", "constant")
    assert network.feature_names("length", "class", "constant") == ("length", "class path", "class road", "constant")
    there = network.entered >= 0
    entered = network.entered[there]
    np.testing.assert_array_equal(features[there][:, 0], entered + 1.0)
    np.testing.assert_array_equal(features[there][:, 1], entered >= 4)
    np.testing.assert_array_equal(features[there][:, 2], entered < 4)
    assert not features[~there].any()


@pytest.mark.parametrize("states", ["links", "nodes"])
@pytest.mark.parametrize("destinations", ["absorbing", "exits"])
@pytest.mark.parametrize("of", ["links", "nodes"])
def test_trips_take_the_links_they_list(states, destinations, of):
    network = crossing(states=states, destinations=destinations)
    walk = ["a", "b", "d", "e", "b", "c"]
    links = [ARCS.index(arc) for arc in zip(walk[:-1], walk[1:], strict=True)]
    trips = network.trips([links if of == "links" else walk] * 2, of=of)
    trips.validate_against(network.mdp)
    for trip in trips:
        actions = trip.actions if destinations == "absorbing" else trip.actions[:-1]
        taken = network.entered[trip.states[: len(actions)], actions].tolist()
        assert taken == (links[1:] if states == "links" else links)
    end = "c" if states == "nodes" else links[-1]
    assert trips.goals.tolist() == [network.goal(end)] * 2
    assert trips.terminated.all()


def test_trips_from_csv(tmp_path):
    network = crossing()
    rows = ["trip,step,link", "x,1,4", "y,0,0", "x,0,0", "x,2,7", "y,1,2"]
    (tmp_path / "trips.csv").write_text("\n".join(rows) + "\n")
    trips = network.trips_from_csv(tmp_path / "trips.csv", link="link", step="step")
    assert trips == network.trips([[0, 4, 7], [0, 2]])
    with pytest.raises(ValueError, match="name one column"):
        network.trips_from_csv(tmp_path / "trips.csv")


def test_edge_list_from_csv(tmp_path):
    (tmp_path / "roads.csv").write_text("from,to,length_m,highway\n7,3,12.5,path\n3,7,12.5,path\n3,9,80,road\n")
    network = RoadNetwork.from_csv(tmp_path / "roads.csv", attributes={"length": "length_m"}, road_class="highway")
    assert network.nodes.tolist() == [3, 7, 9]
    np.testing.assert_array_equal(network.attributes["length"], [12.5, 12.5, 80.0])
    assert network.feature_names("class") == ("class path", "class road")
    part = network.largest_component()
    assert part.n_links == 2
    assert part.links.tolist() == [0, 1]


@pytest.mark.parametrize("states", ["links", "nodes"])
def test_exits_lead_out_for_nothing(states):
    network = crossing(states=states, destinations="exits")
    place = network.place("e" if states == "nodes" else ARCS.index(("b", "e")))
    goal = network.goal("e" if states == "nodes" else ARCS.index(("b", "e")))
    assert goal == place + network.n_places
    reward = network.features("length")[..., 0] * -1.0
    solution = soft_value_iteration(network.mdp.with_goal(goal), reward)
    assert solution.V[goal] == 0
    assert solution.V[place] > 0  # going round and coming back is worth something too
    others = np.setdiff1d(np.arange(network.n_places, 2 * network.n_places), goal)
    assert (solution.V[others] == -np.inf).all()
    assert solution.policy[: network.n_places, -1].sum() == solution.policy[place, -1]


def test_dead_ends_are_never_entered():
    network = RoadNetwork([0, 1, 1, 2], [1, 2, 3, 1], attributes={"length": [1.0] * 4}, states="nodes")
    solution = soft_value_iteration(network.mdp.with_goal(2), -network.features("length")[..., 0])
    assert solution.V[3] == -np.inf
    assert solution.policy[1].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("path", "of", "complaint"),
    [
        ([0, 3], "links", r"trip 0, step 0: link 3 does not start where link 0 ends"),
        ([0, 2, 3, 3], "links", r"trip 0, step 2: link 3 does not start where link 3 ends"),
        ([0], "links", r"trip 0 lists 1 links; a decision takes at least 2"),
        (["a", "b"], "nodes", r"trip 0 lists 2 nodes; a decision takes at least 3"),
        ([0, 11], "links", r"link 11 is not in the network"),
        (["a", "b", "z"], "nodes", r"node 'z' is not in the network"),
        (["a", "b", "c", "d"], "nodes", r"trip 0, step 2, goes from node 'c' to node 'd', which no link joins"),
        ([0, 2, 3, 2], "links", r'passes through its destination at step 1.*destinations="exits"'),
    ],
)
def test_paths_that_are_no_trips(path, of, complaint):
    with pytest.raises(ValueError, match=complaint):
        crossing().trips([path], of=of)


def test_parallel_links_cannot_be_told_from_nodes():
    network = RoadNetwork([0, 0, 1], [1, 1, 2], states="nodes")
    with pytest.raises(ValueError, match="2 links join: give the trip as links"):
        network.trips([[0, 1, 2]])
    assert network.trips([[1, 2]], of="links")[0].actions.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"attributes": {"length": [1.0]}}, r"length must have one entry per link, shape \(8,\)"),
        ({"attributes": {"length": [np.nan] * 8}}, r"attribute 'length' of link 0 is nan"),
        ({"positions": {"a": (0, 0)}}, "no entry for node 'b'"),
        ({"positions": [[0, 0]]}, r"5 finite pairs"),
        ({"links": [0, 1, "b", 2, "b", 3, "b", 0]}, "link '0' 2 times, at positions 0 and 7"),
        ({"links": [5, 4, 7, 3, 7, 2, 1, 7]}, "link 7 3 times, at positions 2 and 4"),
        ({"states": "edges"}, "'links' or 'nodes'"),
        ({"destinations": "sinks"}, "'absorbing' or 'exits'"),
    ],
)
def test_bad_networks(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        crossing(**options)


def test_grid_of_streets():
    town = RoadNetwork.grid((2, 3))
    assert (town.n_nodes, town.n_links) == (6, 14)
    assert (town.attributes["length"] == 1.0).all()
    turns = town.features("left", "right", "u-turn")
    assert turns.sum(axis=(0, 1)).tolist() == [8, 8, 14]
    bent = RoadNetwork.grid(4, irregularity=0.1, random_state=3, states="nodes")
    assert bent.mdp.n_states == 16
    gaps = bent.positions[bent.head] - bent.positions[bent.tail]
    np.testing.assert_allclose(bent.attributes["length"], np.hypot(*gaps.T))
    assert len(np.unique(bent.attributes["length"].round(6))) == 24  # each street both ways


def test_wrong_edge_lists_are_named():
    with pytest.raises(ValueError, match="head is missing at link 1: fill it in"):
        RoadNetwork(["a", "b"], np.array(["b", None], dtype=object))
    with pytest.raises(ValueError, match="tail names no links"):
        RoadNetwork([], [])
    with pytest.raises(ValueError, match="attribute 'length' must hold numbers: .*'far'"):
        RoadNetwork(["a", "b"], ["b", "a"], attributes={"length": [1, "far"]})


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((0, 1, 1), "trajectory 7 has step='1' twice, in line 3 and line 4"),
        ((0, 1, ""), "column 'step' is missing in line 4"),
        (("s9", "s10", "s11"), "column 'step' holds 's9' in line 2, neither a number nor a time"),
    ],
)
def test_steps_of_trips_have_an_order(tmp_path, steps, message):
    network = RoadNetwork(["a", "b", "c"], ["b", "c", "a"], states="nodes")
    rows = [f"7,{step},{node}" for step, node in zip(steps, "abc", strict=True)]
    (tmp_path / "trips.csv").write_text("\n".join(["trip,step,node", *rows]), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        network.trips_from_csv(tmp_path / "trips.csv", node="node", step="step")
    with pytest.raises(ValueError, match=r"no column 'place' \(given as node=\)"):
        network.trips_from_csv(tmp_path / "trips.csv", node="place")
