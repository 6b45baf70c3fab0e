"""Real demonstrations against published numbers: ten mice in a labyrinth, and Rust's bus engines."""

import csv
import gzip

import numpy as np
import pytest
from scipy import optimize, special

from maxent_irl.estimators import MaxEntIRL
from maxent_irl.worlds import BusEngine, Labyrinth
from maxent_irl.worlds.bus_records import bus_demonstrations, usage_frequencies


def columns(path) -> dict[str, np.ndarray]:
    """Columns of a CSV file of numbers; blank is NaN."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        header, *rows = csv.reader(file)
    table = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows])
    whole = {name: np.isfinite(table[:, k]).all() and (table[:, k] % 1 == 0).all() for k, name in enumerate(header)}
    return {name: table[:, k].astype(int) if whole[name] else table[:, k] for k, name in enumerate(header)}


@pytest.fixture(scope="module")
def labyrinth_tables(real_data):
    folder = real_data / "mouse_labyrinth"
    return columns(folder / "next_node.csv"), columns(folder / "paths.csv.gz")


@pytest.mark.parametrize("discount", [0.5, 0.9, 0.99])
def test_mice_in_the_labyrinth(discount, labyrinth_tables):
    """The best mean log-likelihood per step is the same at every discount, in training and on sequences 0, 5, 10, ...

    Data: Rosenberg, Zhang, Perona & Meister (2021), Mice in a labyrinth, eLife 10:e66175. The scores were computed for this
    split; the next test computes them again without an MDP.
    """
    moves, paths = labyrinth_tables
    labyrinth = Labyrinth.from_table(moves["node"], moves["action"], moves["next_node"], discount=discount)
    demos = labyrinth.demonstrations(paths["seq"], paths["t"], paths["node"], paths["action"])
    held_out = np.arange(len(demos)) % 5 == 0
    train, test = demos[~held_out], demos[held_out]
    assert (train.n_decisions, test.n_decisions) == (94_810, 23_952)
    model = MaxEntIRL(labyrinth.mdp, objective="likelihood").fit(train)
    assert model.score(train) == pytest.approx(-1.305060, abs=1e-5)
    assert model.score(train) == pytest.approx(-1.305059620, abs=1e-8)  # of the best fit, known to more digits
    assert model.score(test) == pytest.approx(-1.309887, abs=1e-5)
    assert model.score(train) > -np.log(4)


def test_scores_of_the_mice_by_a_conditional_logit(labyrinth_tables):
    """With deterministic moves and one reward per node, V absorbs the future: the model is a logit on the next node alone."""
    moves, paths = labyrinth_tables
    kept = paths["t"] > 0
    seq, node, action = (paths[name][kept] for name in ("seq", "node", "action"))
    after = np.empty((127, 4), dtype=int)
    after[moves["node"], moves["action"]] = moves["next_node"]
    counts = [np.zeros((127, 4)), np.zeros((127, 4))]
    for held_out, table in enumerate(counts):
        mine = (seq % 5 == 0) == bool(held_out)
        np.add.at(table, (node[mine], action[mine]), 1.0)

    def loss(u, table):
        logits = u[after] - special.logsumexp(u[after], axis=1, keepdims=True)
        expected = table.sum(axis=1, keepdims=True) * np.exp(logits) - table
        return -(table * logits).sum() / table.sum(), np.bincount(after.ravel(), expected.ravel(), 127) / table.sum()

    best = optimize.minimize(loss, np.zeros(127), (counts[0],), jac=True, options={"maxiter": 5000, "gtol": 1e-10})
    assert best.fun == pytest.approx(1.305059620, abs=1e-8)
    assert loss(best.x, counts[1])[0] == pytest.approx(1.309887, abs=1e-5)


@pytest.mark.parametrize(
    ("discount", "coef", "log_likelihood", "solver"),
    [
        (0.9999, (10.0750, 2.2930), -163.584284, "auto"),
        (0.9999, (10.0750, 2.2930), -163.584284, "lbfgs"),
        (0.0, (7.6358, 71.5133), -165.458522, "auto"),
    ],
)
def test_bus_engines_of_group_4(discount, coef, log_likelihood, solver, real_data):
    """Rust (1987), table IX: RC and theta11."""
    bus = columns(real_data / "rust_bus_group4" / "bus_group4.csv")
    usage = usage_frequencies(bus["usage"])
    np.testing.assert_allclose(usage, np.array([1682, 2555, 55]) / 4292)
    engine = BusEngine(usage, discount=discount)
    demos = bus_demonstrations(bus["bus_id"], bus["period"], bus["state"], bus["replaced"])
    assert (len(demos), demos.n_decisions) == (37, 4329 - 37)
    scale = np.array(
        [1.0, 1.0] if solver == "auto" else [1.0, 10.0]
    )  # costs per bin are small: L-BFGS wants them larger
    model = MaxEntIRL(engine.mdp, engine.features * scale, objective="likelihood", solver=solver).fit(demos)
    np.testing.assert_allclose(model.coef_ * scale, coef, rtol=1e-3)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-4)
