"""The command line on tables as people have them: what it finds, what it is told, and what it says of both."""

import csv
import json

import numpy as np
import pytest

from maxent_irl import MDP
from maxent_irl.cli import main

MAZE = """# animal, session, when, where
animal,session,when,place,weight,goal
ann,1,2019-09-29T23:30,den,21.5,none
ann,1,2019-10-01T00:30,den,21.5,none
ann,1,2019-09-30T00:00,hall,21.5,none
ann,2,2019-09-30T00:00,hall,21.4,none
ann,2,2019-09-30T00:01,attic,21.4,none
bob,1,2019-09-30T00:00,den,19,none
bob,1,2019-09-30T00:01,hall,19,none
bob,1,2019-09-30T00:02,den,19,none
"""
COLUMNS = ["--id", "animal", "--id", "session", "--state", "place", "--time", "when"]


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def recover(tmp_path, capsys):
    """Write a table, run the command on it, and return the status, what was printed, and what was said on stderr."""

    def call(text, *arguments, name="maze.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        status = main(["recover", str(path), *map(str, arguments), "--l2", "1", "--out", str(tmp_path / "out")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_a_table_of_places_from_file_to_policy(recover, tmp_path):
    status, out, _ = recover(MAZE, *COLUMNS)
    assert status == 0
    assert "columns   id 'animal' + 'session', state 'place', time 'when'; no actions: an action is which" in out
    assert "3 trajectories, 5 decisions" in out
    policy = {(row["state"], row["action"]) for row in rows(tmp_path / "out" / "policy.csv")}
    assert policy == {("den", "to hall"), ("hall", "to attic"), ("hall", "to den")}


def test_columns_are_used_only_when_they_are_asked_for(recover, tmp_path):
    """A column that happens to be called weight is grams here, and the goal a word."""
    recover(MAZE, *COLUMNS)
    with np.load(tmp_path / "out" / "model.npz") as plain:
        reward = plain["reward"]
        assert json.loads(str(plain["feature_names"]))[0] == "state attic"
    without = "\n".join(line.rsplit(",", 2)[0] for line in MAZE.splitlines())
    recover(without, *COLUMNS)
    with np.load(tmp_path / "out" / "model.npz") as model:
        np.testing.assert_array_equal(model["reward"], reward)
    status, out, _ = recover(MAZE, *COLUMNS, "--weight", "weight")
    assert status == 0
    assert "time 'when', weight 'weight'" in out
    assert "weights 19 to 21.5" in out


@pytest.mark.parametrize("option", ["--time", "--discount=0.5", "--mdp", "--ties=error", "--weight", "--out"])
def test_an_option_of_one_value_is_not_repeated(option, capsys):
    given = [option] if "=" in option else [option, "x"]
    with pytest.raises(SystemExit) as stopped:
        main(["recover", "maze.csv", *given, *given])
    assert stopped.value.code == 2
    assert f"{option.partition('=')[0]} is given twice, and takes one value" in capsys.readouterr().err


def test_times_ties_missing_short_and_terminated(recover):
    written = MAZE.replace("2019-09-29T23:30", "29/09/2019 23:30").replace("2019-09-30T", "30/09/2019 ")
    written = written.replace("2019-10-01T", "01/10/2019 ")
    status, _, err = recover(written, *COLUMNS)
    assert status == 2
    assert "holds '29/09/2019 23:30' in line 3, neither a number" in err
    status, out, _ = recover(written, *COLUMNS, "--time-format", "%d/%m/%Y %H:%M")
    assert (status, "3 trajectories, 5 decisions" in out) == (0, True)

    tied = MAZE.replace("bob,1,2019-09-30T00:02", "bob,1,2019-09-30T00:01")
    status, _, err = recover(tied, *COLUMNS)
    assert (status, "in line 9 and line 10" in err) == (2, True)
    assert recover(tied, *COLUMNS, "--ties", "file-order")[0] == 0

    lost = MAZE.replace("attic", "lost")
    assert "state lost" in recover(lost, *COLUMNS)[1]
    status, _, err = recover(lost, *COLUMNS, "--missing", "lost", "--missing", "NA")
    assert (status, "step 1 (line 7) is missing" in err) == (2, True)

    short = MAZE + "cid,1,2019-09-30T00:00,den,1,none\n"
    status, _, err = recover(short, *COLUMNS)
    assert (status, "trajectory ('cid', 1) has no decisions" in err) == (2, True)
    out = recover(short, *COLUMNS, "--short", "drop")[1]
    assert "3 trajectories" in out
    assert "; 1 trajectories without a decision left out" in out

    ended = MAZE.replace(",none", ",0").replace("attic,21.4,0", "attic,21.4,1")
    status, out, _ = recover(ended, *COLUMNS, "--terminated", "goal")
    assert (status, "1 terminated" in out) == (0, True)


def test_other_files(recover):
    tabs = MAZE.replace(",", "\t").replace("# animal\t session\t when\t where", "# a maze")
    assert recover(tabs, *COLUMNS, name="maze.tsv")[0] == 0
    assert recover(MAZE.encode("utf-16"), *COLUMNS)[0] == 0
    status, _, err = recover(b"\x1f\x8b" + bytes(50), *COLUMNS, name="maze.csv.gz")
    assert (status, err.count("\n"), "maze.csv.gz is damaged" in err) == (2, 1, True)
    status, _, err = recover(MAZE.splitlines(keepends=True)[2] * 2, *COLUMNS)
    assert (status, "begins with 'ann,1,2019-09-29T23:30,den,21.5,none'" in err) == (2, True)


def test_numbers_that_name_make_as_many_states_as_occur(recover):
    ring = [20001 + 997 * i for i in range(50)] * 2
    status, out, _ = recover("id,state\n" + "".join(f"1,{link}\n" for link in [*ring, ring[1], ring[0]]))
    assert status == 0
    assert "MDP(n_states=50, n_actions=2" in out


def test_an_mdp_makes_indices_of_integers_and_actions_of_steps(recover, tmp_path):
    MDP.from_successors([[1, 0], [2, 0], [3, 1], [4, 2], [0, 3]], discount=0.9).save(tmp_path / "ring.npz")
    status, out, err = recover("id,state\n1,0\n1,1\n1,0\n2,3\n2,4\n", "--mdp", tmp_path / "ring.npz")
    assert (status, err) == (0, "")
    assert len(rows(tmp_path / "out" / "reward.csv")) == 5
    status, _, err = recover("id,state\n1,0.0\n1,1.0\n", "--mdp", tmp_path / "ring.npz")
    assert (status, "write plain integers" in err) == (2, True)
    status, _, err = recover("id,state\n1,0\n1,5\n", "--mdp", tmp_path / "ring.npz")
    assert (status, "(line 3) is 5, but states are 0..4" in err) == (2, True)


# Features files.

TABLE = "id,state,action\n1,a,0\n1,b,1\n1,a,1\n1,c,1\n"


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (",state,x\n0,a,1\n1,b,2\n2,c,3\n", "column 1 has no name, as the row numbers that pandas writes"),
        ("state,state,x\na,a,1\n", "has 2 columns called 'state'"),
        ("state,x,x\na,1,1\n", "has 2 columns called 'x'"),
        ("state,x\na,nan\na,1\nb,1\nc,1\n", "line 3: a second row for state a"),
        ("state,x\na,1_0\nb,1\nc,1\n", "line 2, column 'x': '1_0' is no number"),
        ("state,x\na,\uff11\nb,1\nc,1\n", "line 2, column 'x': '\uff11' is no number"),
        ('state,x\n"a"2,1\n', "cannot be read after line 1"),
        ("state,x\n,1\na,1\nb,1\nc,1\n", "line 2: state is missing"),
        ("state,x\na,1\nb,NA\nc,1\n", "no (or not all) features for state b"),
    ],
)
def test_features_that_are_refused(features, message, recover, tmp_path):
    path = tmp_path / "features.csv"
    path.write_text(features, encoding="utf-8")
    status, _, err = recover(TABLE, "--features", path)
    assert status == 2
    assert message in err


@pytest.mark.parametrize("states", [("a", "b", "c"), ("0.0", "1.0", "2.0"), ("07", "7", "1_1"), (10, 20, 30)])
def test_features_match_states_as_the_table_writes_them(states, recover, tmp_path):
    table = TABLE
    for old, new in zip("abc", states, strict=True):
        table = table.replace(f",{old},", f",{new},")
    path = tmp_path / "features.csv"
    path.write_text("# features\nstate,x\n" + "".join(f"{s},{k}\n" for k, s in enumerate(states)) + "\n")
    assert recover(table, "--features", path)[0] == 0
