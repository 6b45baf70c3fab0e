"""Commands on a saved model, trips on a road network, groups: from files to files."""

import csv

import numpy as np
import pytest

import maxent_irl
from maxent_irl import MaxEntIRL
from maxent_irl.cli import main
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import RoadNetwork


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Run a command in a folder of its own; returns status, what it printed, and its errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


MAZE = "animal,when,where\n" + "".join(
    f"{who},2019-09-29T0{t}:00,{place}\n"
    for who, path in (
        ("ann", "den hall den hall loft hall den"),
        ("bob", "hall loft hall den hall loft"),
        ("cid", "loft hall den hall den"),
        ("dot", "den hall loft hall loft"),
        ("eve", "hall den hall loft hall den"),
    )
    for t, place in enumerate(path.split())
)


@pytest.fixture
def maze(command, tmp_path):
    """A model of a table without actions, saved."""
    (tmp_path / "maze.csv").write_text(MAZE)
    columns = ("--id", "animal", "--state", "where", "--time", "when")
    status, out, err = command("recover", "maze.csv", *columns, "--l2", 1, "--out", "out")
    assert (status, err) == (0, "")
    return columns


def test_score_reads_a_table_in_the_labels_and_moves_of_the_model(command, maze, tmp_path):
    later = "animal,when,where\nfay,2019-09-30T00:00,hall\nfay,2019-09-30T01:00,loft\nfay,2019-09-30T02:00,hall\n"
    (tmp_path / "later.csv").write_text(later)
    status, out, err = command("score", "out/model.npz", "later.csv", *maze, "--out", "scores.csv")
    assert (status, err) == (0, "")
    model = maxent_irl.load("out/model.npz")
    labels = model.fit_.demonstrations.state_labels
    hall, loft = labels.index("hall"), labels.index("loft")
    up = int(np.flatnonzero(model.mdp.transitions[:, [loft]].toarray().ravel().reshape(-1, 3)[:, hall])[0])
    down = int(np.flatnonzero(model.mdp.transitions[:, [hall]].toarray().ravel().reshape(-1, 3)[:, loft])[0])
    wanted = np.log(model.policy_[hall, up]) + np.log(model.policy_[loft, down])
    assert f"log-likelihood per decision {wanted / 2:.6f}" in out
    (row,) = rows(tmp_path / "scores.csv")
    assert row["id"] == "fay"
    assert float(row["log_likelihood"]) == pytest.approx(wanted)
    (tmp_path / "alien.csv").write_text(later.replace("loft", "cellar"))
    status, _, err = command("score", "out/model.npz", "alien.csv", *maze)
    assert (status, "state 'cellar' is none of the model's 3 states" in err) == (2, True)


def test_predict(command, maze, tmp_path):
    status, out, _ = command("predict", "out/model.npz", "--state", "hall")
    assert status == 0
    lines = list(csv.DictReader(out.splitlines()))
    assert {line["action"] for line in lines} == {"to den", "to loft"}
    assert sum(float(line["probability"]) for line in lines) == pytest.approx(1)
    command("predict", "out/model.npz", "--out", "all.csv")
    assert len(rows(tmp_path / "all.csv")) == 4
    status, _, err = command("predict", "out/model.npz", "--state", "attic")
    assert (status, "state 'attic' is none of the 3 states of the model" in err) == (2, True)


def test_what_is_simulated_can_be_recovered(command, tmp_path):
    command("recover", "gridworld", "--out", "out")
    assert command("simulate", "out/model.npz", "-n", 300, "--seed", 1, "--out", "walks.csv")[0] == 0
    table = rows(tmp_path / "walks.csv")
    assert len({row["id"] for row in table}) == 300
    model = maxent_irl.load("out/model.npz")
    walks = maxent_irl.Demonstrations.from_csv(
        "walks.csv", id="id", state="state", action="action", time="time", next_state="next_state", mdp=model.mdp
    )
    again = MaxEntIRL(model.mdp, model.features).fit(walks)
    assert (np.abs(again.coef_ - model.coef_) < 4 * (again.standard_errors_ + model.standard_errors_)).all()
    first = command("simulate", "out/model.npz", "-n", 2, "--seed", 1)[1]
    assert command("simulate", "out/model.npz", "-n", 2, "--seed", 1)[1] == first


def test_compare(command, tmp_path):
    command("recover", "gridworld", "--out", "full")
    full = maxent_irl.load("full/model.npz")
    small = MaxEntIRL(full.mdp, full.features[:, [0, 2]], feature_names=["flowers", "goal"])
    small.fit(full.fit_.demonstrations).save("small.npz")
    status, out, err = command("compare", "small.npz", "full/model.npz", "--folds", 3)
    assert (status, err) == (0, "")
    assert f"{full.summary().statistics['aic']:,.2f}" in out
    assert "small.npz in full/model.npz: likelihood-ratio test: chi-squared(1) = " in out
    assert "mean score of 3 folds" in out
    assert out.splitlines()[1].split()[-1] < "0"
    small.fit(full.fit_.demonstrations[:20]).save("small.npz")
    status, _, err = command("compare", "small.npz", "full/model.npz")
    assert (status, "other demonstrations" in err) == (2, True)


def test_report(command, maze, tmp_path):
    status, out, _ = command("report", "out/model.npz", "--out", "pages/report.html")
    assert (status, "wrote" in out) == (0, True)
    page = (tmp_path / "pages" / "report.html").read_text(encoding="utf-8")
    assert "Share of data" in page
    assert "loft" in page
    assert "maxent-irl recover maze.csv" in page
    command("recover", "gridworld", "--out", "grid")
    command("report", "grid/model.npz", "--out", "grid.html")
    assert "Map of the recovered reward" in (tmp_path / "grid.html").read_text(encoding="utf-8")


def test_no_model(command, tmp_path):
    (tmp_path / "m.npz").write_bytes(b"nothing")
    for arguments in (("report", "m.npz"), ("predict", "m.npz"), ("predict", "n.npz")):
        status, _, err = command(*arguments)
        assert (status, err.count("\n")) == (2, 1)


@pytest.mark.parametrize("name", ["recover", "score", "predict", "simulate", "compare", "report"])
def test_every_command_has_a_manual_with_an_example(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    assert f"\n  maxent-irl {name} " in capsys.readouterr().out


def test_groups_are_clusters(command, tmp_path):
    walks = ["trip,animal,state,action"]
    rng = np.random.default_rng(0)
    for trip in range(40):
        place = 0
        for _ in range(10):
            action = int(rng.integers(2))
            walks.append(f"{trip},{'abcd'[trip % 4]},p{place},{'lr'[action]}")
            place = (place + (1 if action else -1)) % 4
    (tmp_path / "walks.csv").write_text("\n".join(walks) + "\n")
    status, out, _ = command(
        "recover", "walks.csv", "--id", "trip", "--groups", "animal", "--l2", 1, "--n-jobs", 2, "--out", "o"
    )
    assert status == 0
    assert "clustered: sandwich, scores of 4 groups of trajectories" in out
    assert maxent_irl.load("o/model.npz").fit_.groups.tolist()[:5] == ["a", "b", "c", "d", "a"]
    (tmp_path / "torn.csv").write_text("\n".join([*walks, "39,zebra,p0,l"]) + "\n")
    status, _, err = command("recover", "torn.csv", "--id", "trip", "--groups", "animal")
    assert (status, "a trajectory has one group" in err) == (2, True)


def roads(tmp_path, n_trips=120):
    """Files of a town and of trips in it, one of them with a gap."""
    network = RoadNetwork.grid((4, 5), irregularity=0.2, random_state=0)
    length = network.attributes["length"]
    lines = ["link,from,to,km,name"]
    lines += [
        f"L{20001 + 997 * i},{network.nodes[network.tail[i]]},{network.nodes[network.head[i]]},{float(length[i])!r},street {i}"
        for i in range(network.n_links)
    ]
    (tmp_path / "links.csv").write_text("\n".join(lines) + "\n")
    features = network.features("length", "constant", "u-turn")
    rng = np.random.default_rng(1)
    first, goals = rng.integers(network.n_links, size=n_trips), rng.choice([3, 17, 30], n_trips)
    first[first == goals] += 1
    trips = GoalPolicies(network.mdp, features @ [-2.0, -0.5, -2.0]).sample(first, goals, random_state=2)
    out = ["trip,step,link"]
    for i, path in enumerate(network.paths(trips)):
        path = np.delete(path, 1) if i == 5 else path
        out += [f"t{i},{step},L{20001 + 997 * link}" for step, link in enumerate(path)]
    (tmp_path / "trips.csv").write_text("\n".join(out) + "\n")


def test_trips_on_a_road_network(command, tmp_path):
    roads(tmp_path)
    arguments = ("recover", "trips.csv", "--links", "links.csv", "--out", "out")
    status, _, err = command(*arguments)
    assert (status, "trip 't5'" in err) == (2, True)
    status, out, err = command(*arguments, "--gaps", "split")
    assert (status, err) == (0, "")
    assert "of links.csv: km (no numbers, left out: name)" in out
    table = {row["feature"]: row for row in rows(tmp_path / "out" / "coefficients.csv")}
    for name, truth in (("km", -2.0), ("constant", -0.5), ("u-turn", -2.0)):
        assert abs(float(table[name]["coefficient"]) - truth) < 4 * float(table[name]["standard_error"])
    status, out, _ = command("predict", "out/model.npz", "--goal", "L22992", "--state", "L20001")
    assert status == 0
    chances = [float(line["probability"]) for line in csv.DictReader(out.splitlines())]
    assert sum(chances) == pytest.approx(1)
    assert command("simulate", "out/model.npz", "-n", 3)[1].startswith("id,time,state,action,next_state,goal\n")
    status, _, err = command(*arguments, "--discount", 0.9)
    assert (status, "--discount does not go with --links" in err) == (2, True)
    status, _, err = command("recover", "trips.csv", "--gaps", "split", "--state", "link", "--id", "trip")
    assert (status, "--gaps is about the trips of a road network" in err) == (2, True)
