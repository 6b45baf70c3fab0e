"""Layouts: worlds are drawn by where they say their states lie, and a new kind of map is one new class."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest

from maxent_irl import MaxEntIRL, plotting, sample_demonstrations
from maxent_irl.plotting import (
    GridMapDisplay,
    Layout,
    NetworkMapDisplay,
    RewardComparisonDisplay,
    TreeMapDisplay,
    estimator_map,
    is_drawable,
    layout_of,
    plot_recovery,
)
from maxent_irl.plotting.layouts import lay_out
from maxent_irl.report import write_report
from maxent_irl.worlds import BusEngine, GridWorld, Labyrinth, RoadNetwork


def labyrinth(levels=3, **options):
    """A tree whose actions lead to the left, to the right and back."""
    n = 2**levels - 1
    node = np.arange(n)
    children = 2 * node[:, None] + (1, 2)
    after = np.where(children < n, children, node[:, None])
    return Labyrinth(np.column_stack([after, np.maximum(node - 1, 0) // 2]), **options)


@pytest.fixture(scope="module")
def explored():
    """(labyrinth, demonstrations, estimator fitted to them)"""
    world = labyrinth()
    policy = np.full((world.n_states, 3), 1 / 3)
    demonstrations = sample_demonstrations(world.mdp, policy, 20, max_steps=30, random_state=0)
    return world, demonstrations, MaxEntIRL(world.mdp, l2=1.0).fit(demonstrations)


@pytest.mark.parametrize(
    ("world", "unit", "display", "names"),
    [
        (
            GridWorld.from_text("S.\n#G"),
            "cell",
            GridMapDisplay,
            ["row 0, column 0", "row 0, column 1", "row 1, column 1"],
        ),
        ((1, 2), "cell", GridMapDisplay, ["row 0, column 0", "row 0, column 1"]),
        (labyrinth(2), "node", TreeMapDisplay, ["node 0", "node 1", "node 2"]),
        (
            RoadNetwork(["a", "b"], ["b", "a"], positions={"a": (0, 0), "b": (1, 0)}, links=["out", "back"]),
            "link",
            NetworkMapDisplay,
            ["link out", "link back"],
        ),
    ],
    ids=["grid world", "shape", "labyrinth", "road network"],
)
def test_every_world_has_its_map(world, unit, display, names):
    layout = layout_of(world)
    assert (layout.unit, layout.place_names) == (unit, names)
    values = np.arange(layout.n_states, dtype=float)
    drawn = layout.map(values, label="x", title="T", vmin=-1.0, vmax=9.0).plot()
    assert isinstance(drawn, display)
    np.testing.assert_array_equal(drawn.values, values)
    assert (drawn.colour_bar_.norm.vmin, drawn.colour_bar_.norm.vmax) == (-1, 9)
    assert layout_of(layout) is layout
    assert is_drawable(world)


@pytest.mark.parametrize("world", [None, "a town", BusEngine(), [[1, 2], [3]]], ids=str)
def test_what_has_no_map_is_said(world):
    assert not is_drawable(world)
    with pytest.raises(ValueError, match="a grid is given by"):
        layout_of(world)


def test_values_per_action_become_one_per_place():
    layout = layout_of((1, 2))
    table = [[1.0, np.nan, 3.0], [np.nan] * 3]
    np.testing.assert_array_equal(layout.map(table, label="x").values, [2.0, np.nan])
    np.testing.assert_array_equal(layout.map(np.ones((2, 5)), label="x", total=True).values, [5.0, 5.0])


def test_states_without_a_cell_have_no_value_on_the_map():
    world = SimpleNamespace(shape=(1, 2), cells=[(0, 1), (-1, -1)])
    display = layout_of(world).map([1.0, 2.0], label="x")
    np.testing.assert_array_equal(display.grid, [[np.nan, 1.0]])
    np.testing.assert_array_equal(display.values, [1.0, np.nan])


def test_a_labyrinth_has_all_its_maps(explored, nothing_is_cut_off):
    world, demonstrations, estimator = explored
    figure = plot_recovery(estimator, world, true_reward=np.arange(7.0))
    assert list(figure.displays) == ["seen", "recovered", "error", "visitations", "true", "difference"]
    assert nothing_is_cut_off(figure)
    np.testing.assert_allclose(figure.displays["visitations"].values, estimator.visitations_.sum(axis=1))
    reward = TreeMapDisplay.from_estimator(estimator, world, goal=5).plot()
    np.testing.assert_allclose(reward.values, estimator.reward_)
    assert [label.get_text() for label in reward.labels_] == ["goal"]
    counts = layout_of(world).demonstrations(demonstrations, world.mdp).plot()
    np.testing.assert_array_equal(counts.values, np.bincount(demonstrations.states, minlength=7))


class Ring:
    """A user's own map: only what `MapLayout` asks for."""

    unit = "room"
    place_names = None

    def __init__(self):
        self.drawn = []

    def map(self, values, **options):
        def plot(ax=None, *, scale=None, colour_bar=True, key=True):
            angle = np.linspace(0, 2 * np.pi, len(values), endpoint=False)
            ax = ax.subplots() if hasattr(ax, "subplots") else ax
            ax.scatter(np.cos(angle), np.sin(angle), c=values, **(scale or {}))
            self.drawn.append((options["label"], options["title"].split("\n")[0], np.asarray(values)))

        return SimpleNamespace(plot=plot)


def test_a_map_of_ones_own_works_everywhere(explored, tmp_path):
    world, demonstrations, estimator = explored
    ring = Ring()
    figure = plot_recovery(estimator, ring, true_reward=np.arange(7.0))
    assert list(figure.displays) == ["seen", "recovered", "error", "visitations", "true", "difference"]
    maps = {title: values for _, title, values in ring.drawn}
    wanted = [
        "20 demonstrations",
        "Recovered reward",
        "How uncertain: standard error",
        "Expected visits",
        "True reward",
    ]
    assert list(maps) == wanted
    np.testing.assert_allclose(maps["Expected visits"], estimator.visitations_.sum(axis=1))
    RewardComparisonDisplay.from_rewards(np.arange(7.0), estimator.reward_, ring).plot()
    assert ring.drawn[-1][0] == "reward per decision"
    write_report(tmp_path / "report.html", estimator, demonstrations, world=ring)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "how often each room is expected to be visited" in text
    assert "20 demonstrations visited each room; 7 rooms were used" in text


@dataclasses.dataclass(frozen=True)
class ShelfGeometry:
    """Boxes on a shelf."""

    n: int


@lay_out.register
def _(geometry: ShelfGeometry) -> Layout:
    class ShelfLayout(Layout):
        unit = "box"

        def display(self, values, **options):
            return GridMapDisplay.from_values(values[None], **options)

    return ShelfLayout()


def test_a_new_kind_of_map_is_one_class_and_its_registration(explored):
    _, _, estimator = explored
    shelf = SimpleNamespace(geometry=ShelfGeometry(7))
    display = estimator_map(estimator, shelf, show="value")
    np.testing.assert_allclose(display.grid[0], estimator.value_)
    assert list(plot_recovery(estimator, shelf).displays) == ["seen", "recovered", "error", "visitations"]


def test_an_estimator_with_other_states_than_the_map_is_named(explored):
    _, _, estimator = explored
    with pytest.raises(ValueError, match="the estimator has 7 states, this 2 x 3 grid has 6"):
        GridMapDisplay.from_estimator(estimator, (2, 3))
    with pytest.raises(ValueError, match="the estimator has 7 states, this maze of 3 nodes has 3"):
        TreeMapDisplay.from_estimator(estimator, labyrinth(2))
    with pytest.raises(ValueError, match="a network is given by a RoadNetwork"):
        NetworkMapDisplay.from_estimator(estimator, labyrinth())
    with pytest.raises(ValueError, match="a tree is given by a Labyrinth"):
        TreeMapDisplay.from_estimator(estimator, (1, 7))


@pytest.mark.parametrize("name", [name for name in plotting.__all__ if re.search("Display$|Animation$", name)])
def test_displays_are_dataclasses_that_show_arrays_by_their_shape(name):
    display = getattr(plotting, name)
    assert dataclasses.is_dataclass(display)
    assert {"plot"} <= set(vars(display))
    if name == "GridMapDisplay":
        assert "grid=<array (20, 20)>" in repr(display.from_values(np.zeros((20, 20)), label="x"))
