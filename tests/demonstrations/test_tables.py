"""Long tables of every library, and CSV files."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maxent_irl.demonstrations import Demonstrations

# Two interleaved trajectories, rows out of order in time.
TABLE = {
    "who": ["ann", "bob", "ann", "bob", "ann"],
    "hour": [2, 0, 1, 5, 3],
    "state": [1, 4, 0, 3, 2],
    "action": ["left", "right", "right", "left", "left"],
    "after": [2.0, 3.0, 1.0, 0.0, None],
    "weight": [0.5, 2.0, 0.5, 2.0, 0.5],
    "goal": [7, 0, 7, 0, 7],
}
NAMES = {"id": "who", "state": "state", "action": "action", "time": "hour"}
ALL = NAMES | {"next_state": "after", "weight": "weight", "goal": "goal"}


def as_structured(table):
    columns = {k: np.array([np.nan if v is None else v for v in values]) for k, values in table.items()}
    array = np.empty(len(table["who"]), dtype=[(k, v.dtype) for k, v in columns.items()])
    for name, values in columns.items():
        array[name] = values
    return array


def as_masked(table):
    columns = dict(table)
    columns["after"] = np.ma.masked_array(
        [v or 0 for v in table["after"]], [v is None for v in table["after"]], dtype=int
    )
    return columns


FRAMES = {
    "dict of lists": dict,
    "dict of arrays": lambda t: {k: np.array(v, dtype=float if k == "after" else None) for k, v in t.items()},
    "masked arrays": as_masked,
    "structured array": as_structured,
    "pandas": lambda t: pytest.importorskip("pandas").DataFrame(t),
    "pandas, other index": lambda t: pytest.importorskip("pandas").DataFrame(t, index=[9, 3, 3, 1, 0]),
    "pandas, nullable": lambda t: pytest.importorskip("pandas").DataFrame(t).convert_dtypes(),
    "pandas, categories": lambda t: pytest.importorskip("pandas").DataFrame(t).astype({"action": "category"}),
    "polars": lambda t: pytest.importorskip("polars").DataFrame(t),
    "pyarrow": lambda t: pytest.importorskip("pyarrow").table(t),
}


@pytest.mark.parametrize("library", FRAMES)
def test_frames_of_all_libraries_give_the_same(library):
    demos = Demonstrations.from_table(FRAMES[library](TABLE), n_states=8, **ALL)
    assert demos.states.tolist() == [0, 1, 2, 4, 3]
    assert demos.actions.tolist() == [1, 0, 0, 1, 0]
    assert demos.offsets.tolist() == [0, 3, 5]
    assert demos.final_states.tolist() == [-1, 0]
    assert demos.weights.tolist() == [0.5, 2.0]
    assert demos.goals.tolist() == [7, 0]
    assert demos.terminated.tolist() == [False, True]
    assert demos.state_labels is None
    assert demos.action_labels == ("left", "right")


def test_pyarrow_record_batches_are_tables():
    pyarrow = pytest.importorskip("pyarrow")
    for states in (["a", "b", "a"], [0, 1, 0], [True, False, True]):
        columns = {"i": [0, 0, 1], "s": states, "a": ["x", "y", "x"]}
        batch = pyarrow.RecordBatch.from_pydict(columns)
        roles = {"id": "i", "state": "s", "action": "a"}
        assert Demonstrations.from_table(batch, **roles) == Demonstrations.from_table(columns, **roles)


def test_columns_may_be_called_what_tables_call_their_own():
    names = {"id": "columns", "state": "column_names", "action": "collect"}
    frame = pytest.importorskip("pandas").DataFrame({name: [0, 1] for name in names.values()})
    assert Demonstrations.from_table(frame, **names).states.tolist() == [0, 1]


def test_a_query_that_has_not_been_run_is_named():
    frame = pytest.importorskip("polars").DataFrame({"i": [0], "s": [0], "a": [0]}).lazy()
    with pytest.raises(ValueError, match=r"a LazyFrame is a query that has not been run: .*collect\(\)"):
        Demonstrations.from_table(frame, id="i", state="s", action="a")


def test_without_time_rows_come_in_order():
    demos = Demonstrations.from_table(TABLE, id="who", state="state", action="action")
    assert demos.states.tolist() == [1, 0, 2, 4, 3]
    assert demos.final_states.tolist() == [-1, -1]


def test_last_row_without_action_is_the_final_state():
    table = {"i": [1, 1, 0, 0], "s": ["a", "b", "b", "c"], "a": [0.0, np.nan, 1.0, 0.0]}
    demos = Demonstrations.from_table(table, id="i", state="s", action="a")
    assert demos == Demonstrations([(["a", "b"], [0]), (["b", "c"], [1, 0])])


def test_labels_of_states_next_states_and_goals_are_one_set():
    table = {"i": [0, 0], "s": ["b", "c"], "a": [0, 0], "n": ["c", "d"], "g": ["a", "a"]}
    demos = Demonstrations.from_table(table, id="i", state="s", action="a", next_state="n", goal="g")
    assert demos.state_labels == ("a", "b", "c", "d")
    assert demos.final_states.tolist() == [3]
    assert demos.goals.tolist() == [0]


def test_tuples_in_columns_are_labels():
    table = {"i": [("x", 1), ("x", 1)], "s": [(0, 1), (1, 1)], "a": [0, 1]}
    assert Demonstrations.from_table(table, id="i", state="s", action="a").state_labels == ((0, 1), (1, 1))


@pytest.mark.parametrize(
    "times",
    [
        [10, 9],
        [10.5, -1.0],
        ["10", "9"],  # numbers, though written as strings
        ["2024-02-01", "2024-01-31"],
        [np.datetime64("2024-02-01"), np.datetime64("2024-01-31")],
        [(2, 0), (1, 9)],
        np.array(["2024-02-01", "2024-01-31"], dtype="datetime64[D]"),
    ],
)
def test_times_of_all_kinds_order_the_rows(times):
    demos = Demonstrations.from_table(
        {"i": [0, 0], "s": [1, 0], "a": [0, 1], "t": times}, id="i", state="s", action="a", time="t"
    )
    assert demos.states.tolist() == [0, 1]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=6), min_size=1, max_size=6),
    st.randoms(),
)
@settings(max_examples=50, deadline=None)
def test_shuffled_rows_round_trip(trajectories, random):
    rows = [(i, t, s, a) for i, steps in enumerate(trajectories) for t, (s, a) in enumerate(steps)]
    random.shuffle(rows)
    table = dict(zip("itsa", map(np.array, zip(*rows, strict=True)), strict=True))
    first_seen = list(dict.fromkeys(table["i"].tolist()))
    demos = Demonstrations.from_table(table, id="i", time="t", state="s", action="a", n_states=6, n_actions=3)
    assert demos == Demonstrations([trajectories[i] for i in first_seen])


def changed(**columns):
    return TABLE | columns


@pytest.mark.parametrize(
    ("table", "names", "message"),
    [
        (TABLE, {"state": "place"}, r"the table has no column 'place' \(given as state=\); it has 'who', 'hour'"),
        (TABLE, {"id": None}, "id=None: name the column that holds the trajectory of each row"),
        (TABLE, {"state": None}, "state=None: name the column that holds the state"),
        (TABLE, {"time": "minute"}, r"no column 'minute' \(given as time=\)"),
        ([1, 2], {}, "a list has no named columns"),
        (changed(hour=[2, 0, 1, 5]), {}, "the columns differ in length: 'who' has 5, .*'hour' has 4"),
        ({name: [] for name in TABLE}, {}, "the table has no rows"),
        (changed(hour=[2, 0, 1, 5, 1]), {}, "trajectory 'ann' has hour=1 twice, in row 2 and row 4"),
        (changed(hour=[2, 0, 1, 5, None]), {}, r"column 'hour' is missing in row 4 \(trajectory 'ann'\)"),
        (changed(hour=[2, 0, 1, 5, "x"]), {}, "column 'hour' holds text such as 'x' and int: give one kind"),
        (changed(hour=[2, 0, 1, 5, 1j]), {}, "column 'hour' cannot be put in order"),
        (changed(who=["ann", "bob", None, "bob", "ann"]), {}, "column 'who' is missing in row 2"),
        (changed(who=[["ann"], 1, 1, 1, 1]), {}, "column 'who' holds values that cannot name a trajectory"),
        (changed(state=[1, 4, None, 3, 2]), {}, r"the state at trajectory 'ann', step 0 \(row 2\) is missing"),
        (changed(state=[1, 4, 0, 3.5, 2]), {}, r"the state at trajectory 'bob', step 1 \(row 3\) is 3.5"),
        (changed(state=[1, -4, 0, 3, 2]), {}, r"the state at trajectory 'bob', step 0 \(row 1\) is -4"),
        (changed(action=[0, None, 0, 0, 0]), {}, r"'action' is missing at trajectory 'bob', step 0 \(row 1\): only the last"),
        (changed(action=[0, 0, 0, 0, -1]), {}, r"the action at trajectory 'ann', step 2 \(row 4\) is -1"),
        (changed(action=[0, 0, 0, 0, None]), {"next_state": "after"}, "every row is a decision"),
        (changed(after=[2, 3, 5, 0, 1]), {"next_state": "after"}, r"is 5 at trajectory 'ann', step 0 \(row 2\), but .* is 1"),
        (changed(after=[2, None, 1, 0, 1]), {"next_state": "after"}, r"'after' is missing at trajectory 'bob', step 0 \(row 1\)"),
        (changed(after=[2, 3, 1, 0.5, 1]), {"next_state": "after"}, r"the state at trajectory 'bob', step 1 \(row 3\) is 0.5"),
        (changed(weight=[0.5, 2, 1, 2, 0.5]), {"weight": "weight"}, "changes from 1 to 0.5 at trajectory 'ann', step 1"),
        (changed(weight=[0.5, 2, np.nan, 2, 0.5]), {"weight": "weight"}, "'weight' is missing at trajectory 'ann', step 0"),
        (changed(weight=[0.5, -2, 0.5, -2, 0.5]), {"weight": "weight"}, "the weight of trajectory 'bob' is -2"),
        (changed(weight=["a", "a", "a", "a", "a"]), {"weight": "weight"}, "column 'weight' must hold numbers"),
        (changed(goal=[7, 0, 7, 1, 7]), {"goal": "goal"}, "column 'goal' changes from 0 to 1 at trajectory 'bob', step 1"),
        (changed(state=np.zeros((5, 2))), {}, r"column 'state' has shape \(5, 2\)"),
        ({"who": [0], "hour": [0], "state": [0], "action": [None]}, {}, "trajectory 0 has no decisions"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(table, names, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_table(table, **(NAMES | names))


# CSV files.

LINES = ["seq,t,state,action,extra", "a,0,3,1,x", "a,1,4,,", "b,1,1,0,y", "b,0,0,1,z"]
COLUMNS = {"id": "seq", "time": "t", "state": "state", "action": "action"}
EXPECTED = Demonstrations([([3, 4], [1]), ([0, 1], [1, 0])])


def test_csv(tmp_path):
    path = tmp_path / "demos.csv"
    for ending in ("\n", "\r\n"):
        path.write_bytes(ending.join(LINES).encode())
        assert Demonstrations.from_csv(path, n_states=5, **COLUMNS) == EXPECTED
    path.write_text("\n\n".join([*LINES, ""]), encoding="utf-8-sig")  # blank lines and a byte-order mark
    assert Demonstrations.from_csv(str(path), n_states=5, **COLUMNS) == EXPECTED
    path.write_text("\n".join(LINES).replace(",", ";"))
    assert Demonstrations.from_csv(path, delimiter=";", n_states=5, **COLUMNS) == EXPECTED
    packed = tmp_path / "demos.csv.gz"
    packed.write_bytes(gzip.compress("\n".join(LINES).encode()))
    assert Demonstrations.from_csv(packed, n_states=5, **COLUMNS) == EXPECTED


def test_csv_keeps_strings(tmp_path):
    path = tmp_path / "demos.csv"
    path.write_text('seq,state,action\n1,"a, b",up\n1,7,down\n')
    demos = Demonstrations.from_csv(path, id="seq", state="state", action="action")
    assert demos.state_labels == ("7", "a, b")
    assert demos.action_labels == ("down", "up")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "demos.csv is empty"),
        (b"seq,t,state,action\n", "the table has no rows"),
        (b"seq,t,state\na,0,3\n", r"demos.csv has no column 'action' \(given as action=\)"),
        (b"seq,t,state,state,action\na,0,3,3,1\n", "demos.csv has 2 columns called 'state'"),
        (b"seq,t,state,action\na,0,3,1\nb,0,3", "demos.csv, line 3 has 3 fields where the header has 4"),
        (b"seq,t,state,action\na,0,3,1\nb,0,3,1,9\n", "demos.csv, line 3 has 5 fields"),
        (b'seq,t,state,action\na,0,3,1\nb,0,3,"1', "demos.csv cannot be read after line 2"),
        (b"seq,t,state,action\na,0,3,1\nb,0,\xff,1", "demos.csv is no UTF-8 text"),
    ],
)
def test_csv_that_is_refused(tmp_path, content, message):
    path = tmp_path / "demos.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_csv(path, **COLUMNS)


def test_truncated_gz_is_refused(tmp_path):
    path = tmp_path / "demos.csv.gz"
    rng = np.random.default_rng(0)
    rows = "".join(f"{i},{rng.integers(9)},{rng.integers(3)}\n" for i in range(20_000))
    packed = gzip.compress(("seq,state,action\n" + rows).encode())
    for content in (packed[: len(packed) // 2], packed[:-3], b"seq,state,action\n1,2,3\n"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"demos.csv.gz is damaged or was cut after line \d+"):
            Demonstrations.from_csv(path, id="seq", state="state", action="action")


def test_missing_csv_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Demonstrations.from_csv(tmp_path / "absent.csv", **COLUMNS)
