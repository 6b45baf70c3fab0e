"""Paths as they are recorded: with gaps, places repeated by a GPS, too short, links with names of their own."""

import numpy as np
import pytest

from maxent_irl.worlds import RoadNetwork

#: a -> b -> c -> d -> a, and b -> d
TAIL, HEAD = list("abcdb"), list("bcdad")


def ring(**options):
    return RoadNetwork(TAIL, HEAD, **options)


def names_of(network, trips):
    return [path.tolist() for path in network.paths(trips)]


@pytest.mark.parametrize("states", ["links", "nodes"])
def test_gaps_cut_or_drop_a_trip(states):
    network = ring(states=states)
    paths, ids = [[0, 1, 2], [0, 1, 3, 0, 1], [4, 0, 4]], ["whole", "cut", "in bits"]
    with pytest.raises(
        ValueError, match="trip 'cut', step 1: link 3 does not start where link 1 ends; .*2 of 3 trips have"
    ):
        network.trips(paths, of="links", ids=ids)
    dropped = network.trips(paths, of="links", ids=ids, gaps="drop", weights=[1, 2, 3])
    assert (dropped.ids, dropped.weights.tolist()) == (("whole",), [1.0])
    split = network.trips(paths, of="links", ids=ids, gaps="split", weights=[1, 2, 3])
    pieces = [[0, 1, 2], [0, 1], [3, 0, 1], [4], [0, 4]]
    if states == "links":  # a trip of one link decides nothing
        assert names_of(network, split) == [[0, 1, 2], [0, 1], [3, 0, 1], [0, 4]]
        assert split.ids == ("whole", ("cut", 0), ("cut", 1), ("in bits", 0))
        assert split.weights.tolist() == [1.0, 2.0, 2.0, 3.0]
    else:
        by_nodes = [[TAIL[k] for k in piece] + [HEAD[piece[-1]]] for piece in pieces]
        assert names_of(network, split) == by_nodes
        assert split.ids[3:] == (("in bits", 0), ("in bits", 1))
    assert split.terminated.all()


def test_gaps_between_nodes():
    network = ring(states="nodes")
    paths = [["a", "b", "c"], ["a", "c", "d", "b", "c", "d"]]
    with pytest.raises(
        ValueError, match="trip 1, step 0, goes from node 'a' to node 'c', which no link joins; trip 1, step 2"
    ):
        network.trips(paths)
    split = network.trips(paths, gaps="split")
    assert names_of(network, split) == [["a", "b", "c"], ["c", "d"], ["b", "c", "d"]]
    assert split.ids == (0, (1, 0), (1, 1))
    assert network.trips(paths, gaps="drop").ids == (0,)
    with pytest.raises(ValueError, match="no trip is left"):
        network.trips(paths[1:], gaps="drop")


def test_the_first_five_gaps_are_shown_and_all_are_counted():
    with pytest.raises(ValueError, match=r"trip 4, step 0.*\.\.\. \(7 gaps in all\): 7 of 8 trips have gaps") as raised:
        ring().trips([[0, 3]] * 7 + [[0, 1]])
    assert "trip 5" not in str(raised.value)
    assert "say gaps='split' or gaps='drop'" in str(raised.value)


def test_a_place_repeated_by_a_gps_counts_once():
    network = ring()
    recorded = [[0, 0, 0, 1, 1, 2], [1, 2, 2]]
    with pytest.raises(ValueError, match="trip 0, step 0: link 0 does not start where link 0 ends"):
        network.trips(recorded)
    assert network.trips(recorded, repeats="collapse") == network.trips([[0, 1, 2], [1, 2]])
    by_nodes = network.trips([["a", "a", "b", "c"]], of="nodes", repeats="collapse")
    assert names_of(network, by_nodes) == [[0, 1]]
    with pytest.raises(
        ValueError, match="trip 0 lists 1 links; a decision takes at least 2; short='drop' leaves out all 1"
    ):
        network.trips([[0, 0], [0, 1]], repeats="collapse")
    assert network.trips([[0, 0], [0, 1]], repeats="collapse", short="drop").ids == (1,)


@pytest.mark.parametrize("option", ["gaps", "repeats", "short"])
def test_options_are_one_of_a_few(option):
    with pytest.raises(ValueError, match=f"{option} must be one of 'error'"):
        ring().trips([[0, 1]], **{option: "ignore"})


def test_names_of_links_in_files(tmp_path):
    roads, trips = tmp_path / "roads.csv", tmp_path / "trips.csv"
    lines = [f"{name},{t},{h}" for name, t, h in zip((20001, 7, 90, 12, 5), TAIL, HEAD, strict=True)]
    roads.write_text("\n".join(["link,from,to", *lines]) + "\n")
    network = RoadNetwork.from_csv(roads, link="link")
    trips.write_text("trip,link,when\nx,20001,10:00\nx,20001,10:01\nx,7,10:02\ny,7,10:00\ny,12,10:05\ny,20001,10:09\n")
    read = network.trips_from_csv(
        trips, link="link", step="when", time_format="%H:%M", repeats="collapse", gaps="split"
    )
    assert names_of(network, read) == [[20001, 7], [12, 20001]]
    assert read.ids == ("x", ("y", 0))
    roads.write_text("link,from,to\n1,a,b\n,b,a\n")
    with pytest.raises(ValueError, match="column 'link' is missing in line 3"):
        RoadNetwork.from_csv(roads, link="link")


def test_links_may_be_named_by_their_ends():
    pairs = list(zip(TAIL, HEAD, strict=True))
    network = ring(links=pairs)
    trips = network.trips([[("a", "b"), ("b", "d")], [("c", "d"), ("d", "a")]])
    assert names_of(network, trips) == [[("a", "b"), ("b", "d")], [("c", "d"), ("d", "a")]]
    with pytest.raises(ValueError, match=r"link \('a', 'd'\) is not in the network"):
        network.trips([[("a", "d")]])


def test_pieces_are_what_is_left_between_gaps():
    """Against a plain loop, on random paths."""
    network, rng = ring(), np.random.default_rng(0)
    for _ in range(50):
        paths = [rng.integers(5, size=rng.integers(2, 9)).tolist() for _ in range(4)]
        expected, ids = [], []
        for i, path in enumerate(paths):
            pieces = [[path[0]]]
            for here, after in zip(path, path[1:], strict=False):
                if HEAD[here] == TAIL[after]:
                    pieces[-1].append(after)
                else:
                    pieces.append([after])
            long = [piece for piece in pieces if len(piece) > 1]
            expected += long
            ids += [i] if len(pieces) == 1 else [(i, k) for k in range(len(long))]
        kept = [k for k, piece in enumerate(expected) if piece[-1] not in piece[:-1]]
        if len(kept) == len(expected) > 0:  # an absorbing destination is not passed through
            trips = network.trips(paths, gaps="split")
            assert names_of(network, trips) == expected
            assert list(trips.ids) == ids
