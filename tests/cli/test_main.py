"""The command line: what it reads, prints, writes, and the exit status that says how it went."""

import csv
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from maxent_irl import MDP, Demonstrations, MaxEntIRL
from maxent_irl.cli import main
from maxent_irl.cli.main import parser
from maxent_irl.cli.recovery import read
from maxent_irl.plotting import plot_recovery
from maxent_irl.worlds import GridWorld
from maxent_irl.worlds.gridworld import ACTIONS

TABLE = """id,time,state,action
a,0,home,walk
a,1,road,walk
a,2,shop,buy
b,0,home,walk
b,1,road,rest
b,2,road,walk
b,3,shop,buy
c,0,home,rest
c,1,home,walk
c,2,road,walk
c,3,shop,buy
"""


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "walks.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def run(*arguments):
    return main(["recover", *map(str, arguments)])


def test_builtin_gridworld(tmp_path, capsys):
    assert run("gridworld", "--out", tmp_path / "out") == 0
    said = capsys.readouterr().out
    for expected in ("200 trajectories", "iteration   0", "converged in", "of uniform choice -1.609438", "mud"):
        assert expected in said
    for name in ("reward.csv", "coefficients.csv", "policy.csv", "model.npz", "reward.png"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    policy = rows(tmp_path / "out" / "policy.csv")
    total = {}
    for row in policy:
        total[row["state"]] = total.get(row["state"], 0.0) + float(row["probability"])
    np.testing.assert_allclose(list(total.values()), 1.0, atol=1e-12)
    with np.load(tmp_path / "out" / "model.npz", allow_pickle=False) as model:
        reward = {row["state"]: float(row["reward"]) for row in rows(tmp_path / "out" / "reward.csv")}
        np.testing.assert_array_equal(list(reward.values()), model["reward"])


def test_table_alone_keeps_the_users_labels(table, tmp_path, capsys):
    assert run(table, "--discount", 0.9, "--out", tmp_path / "out") == 0
    assert "estimated from the table" in capsys.readouterr().out
    reward = {row["state"]: float(row["reward"]) for row in rows(tmp_path / "out" / "reward.csv")}
    assert set(reward) == {"home", "road", "shop"}
    policy = {(r["state"], r["action"]): float(r["probability"]) for r in rows(tmp_path / "out" / "policy.csv")}
    assert set(policy) == {("home", "walk"), ("home", "rest"), ("road", "walk"), ("road", "rest"), ("shop", "buy")}
    assert policy["home", "walk"] > 0.5


def test_mdp_and_features_from_files_give_the_same_fit_as_the_library(table, tmp_path, capsys):
    demonstrations = Demonstrations.from_csv(table, id="id", state="state", action="action", time="time")
    mdp = MDP.from_demonstrations(demonstrations, discount=0.9)
    mdp.save(tmp_path / "mdp.npz")
    features = tmp_path / "features.csv"
    features.write_text(
        "state,action,effort,rest\nhome,walk,1,0\nhome,rest,0,1\nroad,walk,2,0\nroad,rest,0,1\nshop,buy,0,0\n"
    )
    status = run(
        table,
        "--mdp",
        tmp_path / "mdp.npz",
        "--features",
        features,
        "--l2",
        0.5,
        "--out",
        tmp_path / "out",
        "--tol",
        1e-9,
    )
    assert status == 0
    actions = {label: i for i, label in enumerate(demonstrations.action_labels)}
    states = {label: i for i, label in enumerate(demonstrations.state_labels)}
    phi = np.zeros((mdp.n_states, mdp.n_actions, 2))
    for row in rows(features):
        phi[states[row["state"]], actions[row["action"]]] = float(row["effort"]), float(row["rest"])
    expected = MaxEntIRL(mdp, phi, l2=0.5, tol=1e-9).fit(demonstrations)
    with np.load(tmp_path / "out" / "model.npz", allow_pickle=False) as model:
        np.testing.assert_allclose(model["coef"], expected.coef_, rtol=1e-10)
        assert json.loads(str(model["feature_names"])) == ["effort", "rest"]


def test_not_converged_is_said_and_everything_written(tmp_path, capsys):
    assert run("gridworld", "--max-iter", 1, "--out", tmp_path) == 1
    said = capsys.readouterr()
    assert "NOT CONVERGED" in said.err
    assert "NOT converged in 1 iterations" in said.out
    assert (tmp_path / "reward.png").stat().st_size > 0


FEATURES = "state,x\nhome,0\nroad,1\nshop,2\n"


@pytest.mark.parametrize(
    ("arguments", "features", "message"),
    [
        (["nowhere.csv"], None, "nowhere.csv does not exist, and is no built-in set (those are gridworld, machines)"),
        (["TABLE", "--state", "place"], None, "place"),
        (["TABLE", "--discount", "1.5"], None, "discount must be a number in [0, 1]; got 1.5"),
        (["TABLE", "--temperature", "-1"], None, "temperature must be a number >= 0"),
        (["TABLE", "--l2", "-1"], None, "l2 must be a number >= 0; got -1.0"),
        (["TABLE", "--mdp", "TABLE"], None, "not a readable .npz file"),
        (["gridworld", "--mdp", "TABLE"], None, "brings its own --mdp and --features"),
        (["TABLE", "--mdp", "TABLE", "--smoothing", "1"], None, "--smoothing is for dynamics estimated from the table"),
        (["gridworld", "--id", "trip"], None, "--id is for tables, and 'gridworld' is a built-in set; leave it out"),
        (["machines", "--next-state", "then"], None, "--next-state is for tables, and 'machines' is a built-in set"),
        (["gridworld", "--delimiter", ";"], None, "--delimiter is for tables"),
        (["gridworld", "--smoothing", "0"], None, "--smoothing is for tables"),
        (["gridworld", "--grid", "8x8"], None, "--grid is for tables"),
        (["TABLE"], FEATURES.replace("shop,2\n", ""), "no (or not all) features for state shop"),
        (["TABLE"], FEATURES + "road,3\n", "line 5: a second row for state road"),
        (["TABLE"], FEATURES.replace("road", "raod"), "line 3: state 'raod' is not one of the problem's states"),
        (["TABLE"], FEATURES.replace("2", "two"), "line 4, column 'x': 'two' is no number"),
        (["TABLE"], FEATURES.replace("home,0", "home"), "line 2 has 1 fields where the header has 2"),
        (["TABLE"], FEATURES.replace("state", "place"), "needs a header with a column 'state'"),
        (["TABLE"], "state\nhome\n", "no feature columns"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(arguments, features, message, table, tmp_path, capsys):
    arguments = [str(table) if argument == "TABLE" else argument for argument in arguments]
    if features is not None:
        path = tmp_path / "features.csv"
        path.write_text(features, encoding="utf-8")
        arguments += ["--features", str(path)]
    assert run(*arguments, "--out", tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labels_of_a_table_that_are_fewer_than_the_states_of_the_mdp(tmp_path, capsys):
    MDP.from_successors([[1], [2], [0]], discount=0.9).save(tmp_path / "mdp.npz")
    table = tmp_path / "walks.csv"
    table.write_text("id,state,action,next_state\na,home,0,shop\n", encoding="utf-8")
    assert run(table, "--mdp", tmp_path / "mdp.npz", "--out", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert "name 2 states" in said.err
    assert said.out == ""  # before anything else
    assert not (tmp_path / "out").exists()


def test_a_byte_order_mark_hides_no_column(tmp_path, capsys):
    """Spreadsheets begin UTF-8 files with one; the rows here are out of order, which the first column tells."""
    turned = [f"{t},{i},{s},{a}" for i, t, s, a in (line.split(",") for line in TABLE.splitlines())]
    path = tmp_path / "walks.csv"
    path.write_text("\n".join([turned[0], *reversed(turned[1:])]), encoding="utf-8-sig")
    assert run(path, "--out", tmp_path / "out") == 0
    with np.load(tmp_path / "out" / "model.npz", allow_pickle=False) as marked:
        path.write_text(TABLE, encoding="utf-8")
        assert run(path, "--out", tmp_path / "plain") == 0
        with np.load(tmp_path / "plain" / "model.npz", allow_pickle=False) as plain:
            np.testing.assert_array_equal(marked["reward"], plain["reward"])


def test_other_delimiters(tmp_path, capsys):
    path, features = tmp_path / "walks.csv", tmp_path / "features.csv"
    path.write_text(TABLE.replace(",", ";"), encoding="utf-8")
    features.write_text("state;far\nhome;0\nroad;1\nshop;2\n", encoding="utf-8-sig")
    assert run(path, "--out", tmp_path / "out") == 2
    assert "separated by ';'? Then say delimiter=';'" in capsys.readouterr().err
    assert run(path, "--delimiter", ";", "--features", features, "--l2", 1, "--out", tmp_path / "out") == 0
    features.write_text("state,far\nhome,0\nroad,1\nshop,2\n", encoding="utf-8")  # need not be as the table is
    assert run(path, "--delimiter", ";", "--features", features, "--l2", 1, "--out", tmp_path / "out") == 0
    features.write_text("state|far\nhome|0\n", encoding="utf-8")
    assert run(path, "--delimiter", ";", "--features", features, "--out", tmp_path / "out") == 2
    assert "separated by commas or as --delimiter says" in capsys.readouterr().err
    path.write_text(TABLE.replace(",", "\t"), encoding="utf-8")
    assert run(path, "--delimiter", "tab", "--out", tmp_path / "out") == 0
    with pytest.raises(SystemExit) as stopped:
        run(path, "--delimiter", "::")
    assert stopped.value.code == 2


def test_identifiers_that_are_no_indices(tmp_path, capsys):
    """Numbers of stations or crossings are names: as indices they would make a problem of a thousand million states."""
    path = tmp_path / "walks.csv"
    path.write_text(TABLE.replace("home", "1000000000").replace("road", "7").replace("shop", "8"), encoding="utf-8")
    assert run(path, "--out", tmp_path / "out") == 0
    assert [row["state"] for row in rows(tmp_path / "out" / "reward.csv")] == ["7", "8", "1000000000"]
    longer = TABLE.replace("home", "99999999999999999999").replace("road", "7").replace("shop", "8")
    path.write_text(longer, encoding="utf-8")
    assert run(path, "--out", tmp_path / "out") == 0
    assert [row["state"] for row in rows(tmp_path / "out" / "reward.csv")] == ["7", "8", "99999999999999999999"]


def test_help_names_what_there_is(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["recover", "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    for expected in ("gridworld", "--discount", "--features", "reward.png", "exit status"):
        assert expected in said


def test_trips_with_goals_and_a_report(tmp_path):
    moves = {("home", "left"): "mall", ("home", "right"): "park", ("mall", "left"): "shop", ("park", "right"): "work"}
    moves |= {("mall", "right"): "work", ("park", "left"): "shop"}
    lines = ["id,time,state,action,next_state,goal"]
    for trip, turns in enumerate((("left", "right"), ("right", "left"), ("left", "left"), ("left", "right"))):
        middle = moves["home", turns[0]]
        goal = moves[middle, turns[1]]
        lines += [f"{trip},0,home,{turns[0]},{middle},{goal}", f"{trip},1,{middle},{turns[1]},{goal},{goal}"]
    table = tmp_path / "trips.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = tmp_path / "out" / "report.html"
    assert run(table, "--goal", "goal", "--out", tmp_path / "out", "--report", report) == 0
    policy = {
        (r["goal"], r["state"], r["action"]): float(r["probability"]) for r in rows(tmp_path / "out" / "policy.csv")
    }
    assert policy["work", "home", "left"] > policy["work", "home", "right"]
    assert {goal for goal, _, _ in policy} == {"shop", "work"}
    html = report.read_text(encoding="utf-8")
    assert f"--report {report}" in html  # the command to repeat it
    assert "state mall" in html


CELLS = """id,time,state,action,next_state
a,0,0,east,1
a,1,1,east,2
a,2,2,south,5
b,0,0,south,3
b,1,3,south,3
b,2,3,east,2
c,0,1,east,2
c,1,2,wait,2
c,2,2,south,5
"""


@pytest.fixture
def cells(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text(CELLS, encoding="utf-8")
    return path


def test_states_of_a_table_can_be_cells_of_a_grid(cells, tmp_path):
    """State 4 is never seen, 6 to 8 are beyond the last that is; 5 is where paths stop."""
    problem = read(parser().parse_args(["recover", str(cells), "--grid", "3x3"]))
    assert problem.demonstrations.action_labels == ("east", "south", "wait")
    np.testing.assert_array_equal(problem.map.steps, [[0, 1], [1, 0], [0, 0]])
    fit = MaxEntIRL(problem.mdp, l2=1.0).fit(problem.demonstrations)
    figure = plot_recovery(fit, problem.map, figure=Figure())
    shown = figure.displays["recovered"].grid
    np.testing.assert_allclose(shown[0], fit.reward_[:3])
    assert np.isfinite(shown).tolist() == [[True] * 3, [True, False, False], [False] * 3]
    visits = figure.displays["visitations"].grid
    assert np.isfinite(visits).tolist() == [[True] * 3, [True, False, True], [False] * 3]
    arrows = figure.displays["policy"].arrows_
    assert (arrows.U > 0).any()
    assert (arrows.V > 0).any()
    key = [text.get_text() for text in figure.displays["recovered"].key_.get_texts()]
    assert key == ["never seen or no value"]
    report = tmp_path / "out" / "report.html"
    assert run(cells, "--grid", "3x3", "--out", tmp_path / "out", "--report", report) == 0
    assert "It is lowest at row 0, column" in report.read_text(encoding="utf-8")


def test_states_of_an_mdp_have_their_cells_whether_demonstrated_or_not(cells, tmp_path):
    GridWorld((2, 3), slip=0.2, discount=0.9, goals=[(1, 2)]).mdp.save(tmp_path / "mdp.npz")
    table = tmp_path / "moves.csv"
    table.write_text("id,state,action,next_state\na,0,0,1\na,1,0,2\na,2,1,5\n", encoding="utf-8")
    options = ["recover", str(table), "--mdp", str(tmp_path / "mdp.npz"), "--grid", "2X3"]
    problem = read(parser().parse_args(options))
    assert problem.map.drawn.all()
    np.testing.assert_array_equal(problem.map.steps, ACTIONS)


@pytest.mark.parametrize(
    ("old", "new", "grid", "message"),
    [
        ("3", "3", "1x5", "the state at trajectory 'a', step 2 (line 4) is 5, but states are 0..4"),
        ("3", "three", "3x3", "state 'three' is no cell of a grid of 3 x 3"),
        ("3", "03z", "3x3", "state '03z' is no cell"),
    ],
)
def test_states_that_are_no_cells_are_named(old, new, grid, message, cells, tmp_path, capsys):
    cells.write_text(CELLS.replace(old, new), encoding="utf-8")
    assert run(cells, "--grid", grid, "--out", tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_grid_smaller_than_the_mdp_names_a_state_that_has_no_cell(tmp_path, capsys):
    GridWorld((5, 5), discount=0.9).mdp.save(tmp_path / "mdp.npz")
    table = tmp_path / "moves.csv"
    table.write_text("id,state,action,next_state\na,0,0,1\na,1,0,2\n", encoding="utf-8")
    status = run(table, "--mdp", tmp_path / "mdp.npz", "--grid", "2x3", "--out", tmp_path / "out")
    assert status == 2
    assert "state '6' is no cell of a grid of 2 x 3: with --grid states are" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("grid", ["3", "0x3", "3x3x3", "axb", "-1x3"])
def test_a_grid_is_two_numbers(grid, cells, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(cells, f"--grid={grid}")
    assert stopped.value.code == 2
    assert f"two numbers, such as 8x12; got {grid!r}" in capsys.readouterr().err


def test_a_grid_too_large_to_be_drawn_is_refused_before_anything_is_read(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("nowhere.csv", "--grid", "99999x99999")
    assert stopped.value.code == 2
    assert "at most 1,000,000 cells; got '99999x99999', which is 9,999,800,001" in capsys.readouterr().err


def test_figures_call_the_actions_of_a_built_in_set_by_their_names():
    options = parser().parse_args(["recover", "machines"])
    assert read(options).action_names_to_show == ("keep", "replace")
    assert read(parser().parse_args(["recover", "gridworld"])).action_names_to_show is None
