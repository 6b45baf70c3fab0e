"""What the cells of tables mean: labels as written, numbers that name or count, words for nothing, several columns at once."""

import csv
import random

import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations, MaxEntIRL
from maxent_irl.worlds import RoadNetwork

ROLES = {"id": "id", "state": "s", "action": "a"}


def from_rows(folder, rows, header=("id", "s", "a"), **options):
    path = folder / "table.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return Demonstrations.from_csv(path, **(ROLES | options))


@pytest.mark.parametrize(
    "names",
    [
        ("1_11", "11_1"),
        ("1.1", "1.10"),
        ("7", "07"),
        ("7", "7.0"),
        ("7", "+7"),
        ("7", " 7"),
        ("7", "\uff17"),  # fullwidth
        ("7", "\u0667"),  # Arabic
        ("0", "-0"),
        ("1e3", "1000"),
        ("inf", "Infinity"),
        ("True", "true"),
        ("a", "a\x00"),
        ("\t", "\u2028"),
        ("9007199254740993", "9007199254740992"),
        ("99999999999999999999", "99999999999999999998"),
        ("0x10", "16"),
    ],
)
def test_cells_that_differ_name_different_things(tmp_path, names):
    first, second = names
    demos = from_rows(tmp_path, [(first, first, first), (second, second, second)])
    assert len(demos) == 2
    assert len(set(demos.states)) == len(set(demos.actions)) == 2
    assert [str(demos.state_labels[s]) for s in demos.states] == list(names)
    assert [str(name) for name in demos.ids] == list(names)


def test_a_thousand_tables_say_what_they_said(tmp_path):
    """Random cells come back as they were written, as integers only where every cell is the decimal of one."""
    draw = random.Random(0)
    pieces = ["0", "1", "7", "-", "+", ".", "_", "e", " ", "a", "\u0661", "\uff11", "\x00", '"', ",", "\n", "\t", "nan"]
    for _ in range(1000):
        alphabet = draw.choice([pieces, pieces[:3], pieces[:7]])
        cells = ["".join(draw.choices(alphabet, k=draw.randint(1, 4))) for _ in range(draw.randint(2, 6))]
        demos = from_rows(tmp_path, [(0, cell, 0) for cell in cells], missing=[])
        plain = all(cell.isascii() and cell.removeprefix("-").isdecimal() and str(int(cell)) == cell for cell in cells)
        labels = range(max(demos.states) + 1) if demos.state_labels is None else demos.state_labels
        assert [labels[s] for s in demos.states] == ([int(cell) for cell in cells] if plain else cells)


def test_columns_of_one_kind_are_read_alike(tmp_path):
    """A goal that is a word makes names of all states; 7 is then the text "7"."""
    demos = from_rows(tmp_path, [(1, 7, 0, "end"), (1, 8, 0, "end")], ("id", "s", "a", "g"), goal="g")
    assert demos.state_labels == ("7", "8", "end")
    message = "column 'n' is '8.0' at .* the next row is '8'.*as pandas writes integers"
    with pytest.raises(ValueError, match=message):
        from_rows(tmp_path, [(1, 7, 0, "8.0"), (1, 8, 0, "")], ("id", "s", "a", "n"), next_state="n")


# Integers: indices where it is known how many there are, names where the table alone says what there is.

GAPS = [(1, 0, 90), (1, 1, 270000), (1, 3, 90)]


def test_integers_are_names_where_only_the_table_says_what_there_is(tmp_path):
    demos = from_rows(tmp_path, GAPS)
    assert (demos.state_labels, demos.states.tolist()) == ((0, 1, 3), [0, 1, 2])
    assert (demos.action_labels, demos.actions.tolist()) == ((90, 270000), [0, 1, 0])
    mdp = MDP.from_demonstrations(demos, discount=0.9)
    assert (mdp.n_states, mdp.n_actions) == (3, 2)
    links = [20001 + 997 * i for i in range(50)]
    ring = Demonstrations.from_table({"id": [1] * 100, "s": links * 2, "a": [0] * 100}, **ROLES)
    assert ring.state_labels == tuple(links)
    assert MDP.from_demonstrations(ring, discount=0.9).n_states == 50
    assert from_rows(tmp_path, [(1, s, 0) for s in (2, 0, 1)]).state_labels is None  # the names are the indices


def test_integers_are_indices_where_the_number_of_states_is_known(tmp_path):
    mdp = MDP(np.full((5, 2, 5), 0.2), discount=0.9)
    rows = [(i, s, s % 2) for i, s, _ in GAPS]
    for options in ({"n_states": 5, "n_actions": 2}, {"mdp": mdp}, {"mdp": mdp, "n_states": 5}):
        demos = from_rows(tmp_path, rows, **options)
        assert (demos.state_labels, demos.states.tolist()) == (None, [0, 1, 3])
        assert demos.action_labels is None
        demos.validate_against(mdp)
    with pytest.raises(ValueError, match=r"the state at trajectory 1, step 2 \(line 4\) is 3, but states are 0\.\.2"):
        from_rows(tmp_path, rows, n_states=3)
    with pytest.raises(ValueError, match=r"the action at trajectory 1, step 1 \(line 3\) is 1, but actions are 0\.\.0"):
        from_rows(tmp_path, rows, n_actions=1)
    with pytest.raises(ValueError, match="n_states=4, but the MDP has 5: leave n_states= out"):
        from_rows(tmp_path, rows, mdp=mdp, n_states=4)
    with pytest.raises(ValueError, match="if these are indices, read the table with n_states=5 or mdp="):
        from_rows(tmp_path, rows).validate_against(mdp)


def test_numbers_as_text_are_no_indices(tmp_path):
    """By the alphabet 10.0 would come before 2.0."""
    with pytest.raises(ValueError, match=r"is '0\.0', and states are 0\.\.4: write plain integers"):
        from_rows(tmp_path, [(1, "0.0", 0), (1, "1.0", 0)], n_states=5)
    assert from_rows(tmp_path, [(1, "b", 0), (1, "a", 0)], n_states=2).state_labels == ("a", "b")


def test_a_fit_to_indices_scores_tables_of_numbers_by_index():
    rng = np.random.default_rng(0)
    states = rng.integers(4, size=50)
    ring = MDP.from_successors([[(s + 1) % 4, s] for s in range(4)], discount=0.5)
    walks = [([s, (s + 1) % 4], [0]) for s in states[:40]] + [([s, s], [1]) for s in states[40:]]
    model = MaxEntIRL(ring, l2=0.1, objective="likelihood").fit(walks)
    table = {"id": [0, 1], "s": [1, 3], "a": [1, 0], "n": [1, 0]}
    named = Demonstrations.from_table(table, id="id", state="s", action="a", next_state="n")
    assert named.state_labels == (0, 1, 3)
    assert model.score(named) == model.score([([1, 1], [1]), ([3, 0], [0])])
    far = Demonstrations.from_table(
        {"id": [0], "s": [2**60], "a": [1], "n": [1]}, id="id", state="s", action="a", next_state="n"
    )
    with pytest.raises(ValueError, match=f"trajectory 0, step 0 is in state {2**60}, but states are"):
        model.score(far)


def test_numbers_that_are_clearly_no_indices_are_named():
    with pytest.raises(ValueError, match=r"the largest state is 68854, but only 2 .* n_states="):
        MDP.from_demonstrations(Demonstrations([([20001, 68854], [0])]), discount=0.9)
    with pytest.raises(ValueError, match=r"the largest action is 1000000000, but only 2 .* n_actions="):
        MDP.from_demonstrations(Demonstrations([([0, 1], [0, 10**9])]), discount=0.9)
    with pytest.raises(ValueError, match="the state at trajectory 0, step 0 is 9007199254740992, stored as a float"):
        Demonstrations([(np.array([2.0**53, 1.0]), [0, 0])])
    assert Demonstrations([([2**70, 1], [0, 0])]).state_labels == (1, 2**70)
    assert Demonstrations([(np.array([2**63, 1], dtype=np.uint64), [0, 0])]).state_labels == (1, 2**63)


# Missing values.


@pytest.mark.parametrize(
    "word", ["", " ", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None", "nan", "NaN", "NaT"]
)
def test_missing_values_as_other_programs_write_them(tmp_path, word):
    with pytest.raises(ValueError, match=r"the state at trajectory 1, step 1 \(line 3\) is missing"):
        from_rows(tmp_path, [(1, "a", 0), (1, word, 0)])
    with pytest.raises(ValueError, match="column 'id' is missing in line 3"):
        from_rows(tmp_path, [("a", 1, 0), ("a", word, 0)], ("s", "id", "a"))
    assert from_rows(tmp_path, [(1, "a", 0), (1, "b", word)]).final_states.tolist() == [1]  # no action: the final state
    with pytest.raises(ValueError, match=r"the state at trajectory 1, step 1 \(row 1\) is missing"):
        Demonstrations.from_table({"id": [1, 1], "s": ["a", word], "a": [0, 0]}, **ROLES)


def test_other_words_for_missing(tmp_path):
    rows = [(1, "NA", 0), (1, "-9", "-9")]
    with pytest.raises(ValueError, match=r"step 0 \(line 2\) is missing: .* missing= says which words"):
        from_rows(tmp_path, rows)
    demos = from_rows(tmp_path, [(1, "NA", 0), (1, "x", "-9")], missing=["-9"])
    assert (demos.state_labels, demos.final_states.tolist()) == (("NA", "x"), [1])
    with pytest.raises(ValueError, match="missing must be a list of the words"):
        from_rows(tmp_path, rows, missing="NA")
    with pytest.raises(ValueError, match=r"is -9: integers count from 0; .* say missing=\['-9'\]"):
        from_rows(tmp_path, [(1, -9, 0)])


def test_numbers_in_columns_of_numbers_are_read_strictly(tmp_path):
    rows, header = [(1, "a", 0, "1_0")], ("id", "s", "a", "w")
    with pytest.raises(
        ValueError, match=r"column 'w' must hold numbers at trajectory 1, step 0 \(line 2\): '1_0' is no"
    ):
        from_rows(tmp_path, rows, header, weight="w")
    assert from_rows(tmp_path, rows, header).weights.tolist() == [1.0]  # a column that nobody asked for
    assert from_rows(tmp_path, [(1, "a", 0, "2.5e1")], header, weight="w").weights.tolist() == [25.0]


# Several columns.


def test_several_columns_are_one_name(tmp_path):
    header = ("animal", "session", "x", "y", "a")
    rows = [("ann", 1, 0, 1, "l"), ("ann", 2, 0, 1, "l"), ("bob", 1, 2, 0, "r"), ("ann", 1, 1, 1, "r")]
    demos = from_rows(tmp_path, rows, header, id=["animal", "session"], state=["x", "y"])
    assert demos.ids == (("ann", 1), ("ann", 2), ("bob", 1))
    assert demos.state_labels == ((0, 1), (1, 1), (2, 0))
    assert demos.lengths.tolist() == [2, 1, 1]
    demos.save(tmp_path / "demos.npz")
    again = Demonstrations.load(tmp_path / "demos.npz")
    assert (again, again.ids) == (demos, demos.ids)
    with pytest.raises(ValueError, match=r"trajectory \('bob', 1\) is -1"):
        Demonstrations(demos, weights=[1, 1, -1])
    with pytest.raises(ValueError, match=r"the state at trajectory \('ann', 2\), step 0 \(line 3\) is missing"):
        from_rows(tmp_path, [rows[0], ("ann", 2, 0, "NA", "l")], header, id=["animal", "session"], state=["x", "y"])
    with pytest.raises(ValueError, match="as many for each: state= has 2, next_state= has 1"):
        from_rows(tmp_path, rows, header, id="animal", state=["x", "y"], next_state="x")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": []}, r"id=\[\] names no column"),
        ({"state": []}, r"state=\[\] names no column"),
        ({"time": ["s", "a"]}, r"time=\['s', 'a'\]: give one column"),
        ({"weight": ["s"]}, r"weight=\['s'\]: give one column"),
        ({"state": ["s", "t"]}, r"the table has no column 't' \(given as state=\)"),
    ],
)
def test_columns_that_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_table({"id": [1], "s": [0], "a": [0]}, **(ROLES | columns))


# Road networks name their nodes and links by the same rule.


def test_nodes_of_a_network_are_as_written(tmp_path):
    roads, trips = tmp_path / "roads.csv", tmp_path / "trips.csv"
    roads.write_text("from,to,km\n1_11,11_1,1.5\n11_1,07,2\n07,7,1e1\n7,1_11,1\n")
    network = RoadNetwork.from_csv(roads, attributes=["km"], states="nodes")
    assert network.nodes.tolist() == ["07", "11_1", "1_11", "7"]
    assert network.attributes["km"].tolist() == [1.5, 2.0, 10.0, 1.0]
    trips.write_text("trip,node\n1,11_1\n1,07\n2,7\n2,1_11\n")
    assert [path.tolist() for path in network.paths(network.trips_from_csv(trips, node="node"))] == [
        ["11_1", "07"],
        ["7", "1_11"],
    ]
    trips.write_text("trip,node\n1,7\n1,8\n")  # all are integers here, and text in the network
    with pytest.raises(ValueError, match="node '8' is not in the network"):
        network.trips_from_csv(trips, node="node")
    roads.write_text("from,to,km\n1,2,1.5\n2,,2\n")
    with pytest.raises(ValueError, match=r"roads\.csv: column 'to' is missing in line 3"):
        RoadNetwork.from_csv(roads)
    roads.write_text("from,to,km\n1,2,1.5\n2,1,1_0\n")
    with pytest.raises(ValueError, match=r"roads\.csv, line 3, column 'km': '1_0' is no number"):
        RoadNetwork.from_csv(roads, attributes=["km"])
