import os
from pathlib import Path

import numpy as np
import pytest
from make_datasets import csv_of, sha256
from numpy.testing import assert_allclose, assert_array_equal

from maxent_irl import datasets
from maxent_irl.estimators import MaxEntIRL

NAMES = sorted(datasets.BUILT_IN)
needs_real_data = pytest.mark.skipif(
    not os.environ.get(datasets.DATA_VARIABLE), reason=f"{datasets.DATA_VARIABLE} is not set"
)


def text_of(name):
    return (datasets.data_folder() / name).read_bytes().decode()


@pytest.mark.parametrize("name", NAMES)
def test_regenerating_gives_the_same_bytes(name):
    assert csv_of(name) == text_of(f"{name}.csv")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_cards_carry_the_checksums(name, ending):
    card = text_of(f"{name}.md")
    assert f"sha256 of `{name}.{ending}`: `{sha256(text_of(f'{name}.{ending}'))}`" in card


def test_every_file_belongs_to_a_loader():
    found = {path.name for path in datasets.data_folder().iterdir() if not path.name.startswith("__")}
    assert found == {f"{name}.{ending}" for name in NAMES for ending in ("csv", "json", "md")}


@pytest.mark.parametrize("name", NAMES)
def test_bunches_fit_together(name):
    data = datasets.BUILT_IN[name]()
    demos, mdp = data.demonstrations, data.mdp
    assert mdp is data.world.mdp
    assert len(data.feature_names) == len(data.true_coef) == data.features.shape[-1]
    assert_allclose(data.features @ data.true_coef, data.true_reward)
    assert data.DESCR == text_of(f"{name}.md")
    assert mdp.transitions[demos.actions * mdp.n_states + demos.states, demos.next_states].min() > 0
    assert (mdp.initial[demos.states[demos.offsets[:-1]]] > 0).all()
    assert not demos.terminated.any()
    assert (demos.final_states >= 0).all()


def test_the_cards_numbers():
    data = datasets.load_gridworld()
    demos = data.demonstrations
    assert (len(demos), demos.n_decisions, data.mdp.n_states) == (200, 8000, 158)
    assert data.world.shape == (12, 15)
    visits = np.bincount(demos.states, minlength=158)
    assert (visits[data.world.goals].sum(), (visits == 0).sum()) == (2178, 22)
    data = datasets.load_machines()
    demos = data.demonstrations
    assert (len(demos), demos.n_decisions, data.mdp.n_states) == (60, 7200, 40)
    assert demos.states.max() == 15


@pytest.mark.parametrize(("name", "estimate"), [("gridworld", [0.496, -1.778, 2.995]), ("machines", [8.44, 221.6])])
def test_the_estimates_that_the_cards_state(name, estimate):
    data = datasets.BUILT_IN[name]()
    fit = MaxEntIRL(data.mdp, data.features, objective="likelihood").fit(data.demonstrations)
    assert_allclose(fit.coef_, estimate, rtol=1e-3)


@pytest.mark.parametrize(
    ("load", "folder"),
    [
        (datasets.load_mouse_labyrinth, "mouse_labyrinth"),
        (datasets.load_bus_engine, "rust_bus_group4"),
        (lambda: datasets.load_road_network("porto"), "road_networks"),
    ],
)
def test_real_data_that_are_not_there(load, folder, monkeypatch, tmp_path):
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    with pytest.raises(FileNotFoundError, match=f"set the environment variable MAXENT_IRL_DATA to the .* {folder}/"):
        load()
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"holds no folder {folder}/"):
        load()


@needs_real_data
def test_mouse_labyrinth():
    data = datasets.load_mouse_labyrinth(discount=0.5)
    assert (data.train.n_decisions, data.test.n_decisions) == (94_810, 23_952)
    assert len(data.demonstrations) == 238
    assert_array_equal(data.test[1].states, data.demonstrations[5].states)
    assert (data.mdp.n_states, data.mdp.n_actions, data.mdp.discount) == (127, 4, 0.5)
    assert data.features.shape == (127, 127)
    # The first rows of the file: node 57, then 116, the water port; the first step is dropped.
    assert_array_equal(data.demonstrations[0].states[:3], [116, 57, 28])
    assert data.water == 116
    demos = data.demonstrations
    assert_array_equal(data.world.next_node[demos.states, demos.actions], demos.next_states)


@needs_real_data
def test_bus_engine():
    data = datasets.load_bus_engine()
    table = np.genfromtxt(
        Path(os.environ[datasets.DATA_VARIABLE]) / "rust_bus_group4" / "bus_group4.csv", delimiter=",", names=True
    )
    demos = data.demonstrations
    assert len(demos) == 37
    assert demos.n_decisions == 4329 - 37
    assert demos.actions.sum() == table["replaced"][table["period"] > 0].sum() == 33
    assert_allclose(data.world.usage_probabilities, np.array([1682, 2555, 55]) / 4292)
    counts = demos.state_action_counts(90, 2)
    expected = np.zeros((90, 2))
    later = table["period"] > 0
    np.add.at(expected, (table["state"][later].astype(int), table["replaced"][later].astype(int)), 1)
    assert_array_equal(counts, expected)
    assert_allclose(data.features @ data.published_coef, data.world.reward)
    assert_array_equal(np.bincount(data.usage.astype(int)), [1682, 2555, 55])
    assert set(data.bus_groups) == {4}


@needs_real_data
def test_bus_engines_of_several_groups():
    data = datasets.load_bus_engine(groups=[4, 1, 2, 3], discount=0.5)
    assert_array_equal(np.bincount(data.bus_groups), [0, 15, 4, 48, 37])
    assert len(data.demonstrations) == len(data.bus_groups)
    assert data.published_coef is None  # Rust has no estimates at this discount
    # Where the engine was kept, the state follows from the state before and the month's usage.
    for bus in range(len(data.demonstrations)):
        rows = slice(*data.demonstrations.offsets[bus : bus + 2])
        trip, usage = data.demonstrations[bus], data.usage[rows]
        kept = np.flatnonzero(trip.actions[:-1] == 0)
        assert_array_equal(np.minimum(trip.states[kept] + usage[kept + 1], 89), trip.states[kept + 1])
    for groups, named in ((5, "got 5"), ([1, 7], "got 7"), ([], "got none")):
        with pytest.raises(ValueError, match=named):
            datasets.load_bus_engine(groups=groups)


@needs_real_data
def test_road_network():
    data = datasets.load_road_network("monaco", destinations="exits")
    assert (data.world.n_nodes, data.world.n_links) == (4770, 9069)
    assert data.world.destinations == "exits"
    assert data.mdp.n_states == 2 * 9069
    assert data.world.attributes["length"][0] == pytest.approx(0.04195)
    assert "residential" in data.world.road_class
    assert data.world.largest_component().n_nodes == 4580
    with pytest.raises(FileNotFoundError, match="holds no network osm_atlantis"):
        datasets.load_road_network("atlantis")
