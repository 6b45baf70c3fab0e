"""Maps that are no grids: road networks as coloured lines, labyrinths as trees."""

import numpy as np
import pytest

from maxent_irl.plotting import NetworkMapDisplay, TreeMapDisplay, network_positions
from maxent_irl.worlds.labyrinth import h_tree


def lattice(side):
    """Edges, both ways, and positions of a square lattice."""
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], 1), np.stack([node[:-1].ravel(), node[1:].ravel()], 1)]
    )
    positions = np.stack(np.divmod(np.arange(side * side), side)[::-1], axis=1).astype(float)
    return np.concatenate([pairs, pairs[:, ::-1]]), positions


def test_edges_are_coloured_and_widened_by_their_values(nothing_is_cut_off):
    positions = [[0, 0], [1, 0], [1, 1]]
    display = NetworkMapDisplay.from_edges(
        [[0, 1], [1, 2], [2, 0]], [5.0, np.nan, 1.0], positions, label="trips", title="Trips", marks={"home": 0}
    ).plot()
    assert display.edges_.get_array().tolist() == [1.0, 5.0]  # the busiest on top
    np.testing.assert_array_equal(display.edges_.get_segments()[1], [[0, 0], [1, 0]])
    narrow, wide = display.edges_.get_linewidths()
    assert narrow < wide
    assert len(display.missing_.get_segments()) == 1
    assert display.labels_[0].get_text() == "home"
    assert display.ax_.get_aspect() == 1
    assert display.colour_bar_.ax.get_ylabel() == "trips"
    assert nothing_is_cut_off(display.figure_)


def test_signed_edges_have_a_scale_about_zero():
    display = NetworkMapDisplay.from_edges([[0, 1], [1, 0]], [-2.0, 1.0], np.eye(2), label="reward").plot()
    assert (display.edges_.norm.vmin, display.edges_.norm.vmax) == (-2, 2)
    assert display.edges_.get_array().tolist() == [1.0, -2.0]


def test_root_scale_gives_small_counts_colour_and_width():
    edges, places = [[0, 1], [1, 2]], np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    plain, root = (
        NetworkMapDisplay.from_edges(edges, [1.0, 100.0], places, label="trips", root=root).plot()
        for root in (False, True)
    )
    assert root.edges_.get_linewidths()[0] > plain.edges_.get_linewidths()[0]
    assert root.edges_.norm(25.0) > plain.edges_.norm(25.0)


def test_labels_stand_on_the_side_away_from_other_marks():
    places = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 5.0]])
    display = NetworkMapDisplay.from_edges(
        [[0, 1], [1, 2]], [1.0, 2.0], places, label="x", marks={"left": 0, "right": 1, "top": 2}
    ).plot()
    left, right, top = (label.xyann for label in display.labels_)
    assert left[0] < 0 < right[0]
    assert top[1] > 0


def test_two_hundred_thousand_edges_are_one_picture(tmp_path, rng):
    edges, positions = lattice(225)
    assert len(edges) > 200_000
    values = rng.exponential(size=len(edges))
    display = NetworkMapDisplay.from_edges(edges, values, positions, label="trips").plot()
    display.figure_.savefig(tmp_path / "map.png", dpi=100)
    assert len(display.edges_.get_segments()) == len(edges)
    assert (tmp_path / "map.png").stat().st_size > 50_000


def test_positions_from_lengths_keep_distances():
    edges, positions = lattice(6)
    stretch = np.linalg.norm(positions[edges[:, 0]] - positions[edges[:, 1]], axis=1)
    rng = np.random.default_rng(0)
    more = rng.choice(36, size=(200, 2))
    edges = np.concatenate([edges, more[more[:, 0] != more[:, 1]]])  # beelines, so that paths are about straight
    stretch = np.linalg.norm(positions[edges[:, 0]] - positions[edges[:, 1]], axis=1)
    laid = network_positions(edges, stretch)
    distance = np.linalg.norm(laid[:, None] - laid[None], axis=-1)
    truth = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    assert np.corrcoef(distance.ravel(), truth.ravel())[0, 1] > 0.98


def test_a_layout_is_said_and_separate_parts_are_left_out():
    edges = [[0, 1], [1, 2], [3, 4]]
    assert np.isnan(network_positions(edges, [1.0, 1.0, 1.0])[3:]).all()
    display = NetworkMapDisplay.from_edges(edges[:2], [1.0, 2.0], lengths=[1.0, 1.0], label="x").plot()
    assert "estimated" in display.ax_.get_xlabel()


def test_of_parallel_edges_the_shortest_counts():
    laid = network_positions([[0, 1], [1, 0], [0, 1]], [5.0, 2.0, 9.0])
    assert np.linalg.norm(laid[0] - laid[1]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": [1.0, 2.0]}, "one entry for each of the 1 edges"),
        ({"edges": [[0, 5]]}, "node 5, but there are 2"),
        ({"positions": None}, "give the positions"),
        ({"edges": [[0.0, 1.0]]}, "array of integers"),
        ({"positions": None, "lengths": [1.0, 2.0]}, "lengths must have one entry"),
    ],
)
def test_networks_that_do_not_fit_are_named(options, message):
    given = {"edges": [[0, 1]], "values": [1.0], "positions": np.eye(2), "label": "x", **options}
    with pytest.raises(ValueError, match=message):
        NetworkMapDisplay.from_edges(**given)


@pytest.mark.parametrize("n", [1, 3, 127, 1023])
def test_junctions_stand_on_the_corridors_of_the_labyrinth(n, rng, nothing_is_cut_off):
    values = rng.normal(size=n)
    display = TreeMapDisplay.from_values(values, label="reward", title="Labyrinth", marks={"home": 0}).plot()
    np.testing.assert_array_equal(display.junctions_.get_array(), values)
    np.testing.assert_array_equal(display.junctions_.get_offsets(), h_tree(n))
    assert len(display.corridors_.get_segments()) == n - 1
    assert display.labels_[0].get_text() == "home"
    assert nothing_is_cut_off(display.figure_)


def test_sizes_are_areas_and_missing_values_have_no_disc():
    display = TreeMapDisplay.from_values(
        [1.0, np.nan, 3.0], sizes=[10.0, 7.0, 40.0], label="reward", size_label="area: visits"
    ).plot()
    small, large = display.junctions_.get_sizes()
    assert large == pytest.approx(4 * small)
    assert display.ax_.get_xlabel() == "area: visits"


def test_trees_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="parents must have one entry"):
        TreeMapDisplay.from_values(np.zeros(3), [-1, 0], positions=np.zeros((3, 2)), label="x")
    with pytest.raises(ValueError, match="give the positions too"):
        TreeMapDisplay.from_values(np.zeros(3), [-1, 0, 1], label="x")
    with pytest.raises(ValueError, match="sizes must have one entry"):
        TreeMapDisplay.from_values(np.zeros(3), sizes=[1.0], label="x")
