"""Maps that are no grids: road networks as coloured lines, labyrinths as trees."""

import numpy as np
import pytest

from maxent_irl.plotting import NetworkMapDisplay, TreeMapDisplay, network_positions
from maxent_irl.routes import expected_flows
from maxent_irl.worlds import RoadNetwork
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


def test_names_at_the_edge_of_a_network_keep_off_its_colour_bar(nothing_is_cut_off):
    edges, positions = lattice(5)
    display = NetworkMapDisplay.from_edges(
        edges, np.ones(80), positions, label="x", marks={"a": 0, "the works": 4}
    ).plot()
    assert nothing_is_cut_off(display.figure_)
    bar = display.colour_bar_.ax.get_window_extent()
    assert not any(label.get_window_extent().overlaps(bar) for label in display.labels_)


def test_a_figure_is_the_wider_the_longer_the_names_on_it():
    edges, positions = lattice(5)
    widths = []
    for marks in ({}, {"a": 0}, {"the old works": 0}, {"the old works": [0, 1]}):
        display = NetworkMapDisplay.from_edges(edges, np.ones(80), positions, label="x", marks=marks)
        widths.append(display.size[0])
    bare, short, long, in_a_key = widths
    assert bare < short < long
    assert in_a_key == bare


def test_a_network_in_a_line_has_height_and_its_colour_bar_below(nothing_is_cut_off):
    display = NetworkMapDisplay.from_edges(
        [[0, 1], [1, 2]], [1.0, 2.0], [[0, 0], [1, 0], [9, 0]], label="trips", marks={"home": 0}
    ).plot()
    bottom, top = display.ax_.get_ylim()
    assert bottom < 0 < top
    assert nothing_is_cut_off(display.figure_)
    bar = display.colour_bar_.ax.get_window_extent()
    assert bar.width > 5 * bar.height
    assert bar.y1 < display.ax_.bbox.y0


def test_several_places_of_one_name_are_explained_in_a_key():
    edges, positions = lattice(5)
    marks = {"home": 0, "shops": [3, 7], "schools": np.array([20, 21, 22])}
    display = NetworkMapDisplay.from_edges(edges, np.ones(80), positions, label="x", title="Trips", marks=marks).plot()
    assert [label.get_text() for label in display.labels_] == ["home"]
    assert [text.get_text() for text in display.key_.get_texts()] == ["shops", "schools"]
    np.testing.assert_array_equal(display.groups_[1].get_offsets(), positions[[20, 21, 22]])
    assert len({group.get_paths()[0].vertices.tobytes() for group in display.groups_}) == 2  # other markers


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_a_network_without_values_has_no_colour_bar(values):
    edges = np.zeros((len(values), 2), dtype=int)
    display = NetworkMapDisplay.from_edges(edges, values, [[0.0, 0.0]], label="trips").plot()
    assert display.colour_bar_ is None
    assert display.edges_.get_array().size == 0


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


def test_a_road_network_brings_its_links_and_positions():
    network = RoadNetwork(
        ["b", "a", "b"], ["a", "c", "c"], positions={"a": (0, 0), "b": (1, 0), "c": (1, 2)}, states="nodes"
    )
    display = NetworkMapDisplay.from_network(network, [1.0, 3.0, 2.0], marks={"home": "c"}, label="trips").plot()
    np.testing.assert_array_equal(display.segments[0], [[1, 0], [0, 0]])
    np.testing.assert_array_equal(display.points["home"], [1, 2])
    ends = NetworkMapDisplay.from_network(network, [1.0, 3.0, 2.0], marks={"ends": ["b", "c"]}, label="trips")
    np.testing.assert_array_equal(ends.points["ends"], [[1, 0], [1, 2]])
    assert display.edges_.get_array().tolist() == [1.0, 2.0, 3.0]
    assert display.note == ""
    bare = RoadNetwork([0, 1], [1, 0], attributes={"length": [2.0, 2.0]})
    assert "estimated" in NetworkMapDisplay.from_network(bare, [1.0, 2.0], label="trips").note
    with pytest.raises(ValueError, match="one entry for each of the 3 edges"):
        NetworkMapDisplay.from_network(network, [1.0], label="trips")
    with pytest.raises(ValueError, match="give the positions"):
        NetworkMapDisplay.from_network(RoadNetwork([0, 1], [1, 0]), [1.0, 2.0], label="trips")


@pytest.mark.parametrize("destinations", ["absorbing", "exits"])
@pytest.mark.parametrize("states", ["nodes", "links"])
def test_rewards_of_moves_and_of_states_belong_to_links(travelled, states, destinations):
    network, _, estimator = travelled(states, destinations)
    display = NetworkMapDisplay.from_estimator(estimator, network)
    np.testing.assert_allclose(display.values, -estimator.coef_[0] * network.attributes["length"])
    network, _, estimator = travelled(states, destinations, per_state=True)
    display = NetworkMapDisplay.from_estimator(estimator, network)
    place = np.arange(network.n_links) if states == "links" else network.tail
    np.testing.assert_allclose(display.values, estimator.reward_[place])
    errors = NetworkMapDisplay.from_estimator(estimator, network, show="standard_error")
    np.testing.assert_allclose(errors.values, (estimator.features[:, 0] * -estimator.standard_errors_[0])[place])


@pytest.mark.parametrize("states", ["nodes", "links"])
def test_visits_of_links_are_the_expected_flows_of_the_trips(travelled, states):
    network, trips, estimator = travelled(states)
    first, policies = trips.states[trips.offsets[:-1]], estimator.goal_policies()
    flows = network.link_flows(expected_flows(policies, first, trips.goals)) / len(trips)
    display = NetworkMapDisplay.from_estimator(estimator, network, show="visitations").plot()
    np.testing.assert_allclose(display.values, flows)
    goal = int(trips.goals[0])
    mine = trips.goals == goal
    flows = network.link_flows(expected_flows(policies, first[mine], goal)) / mine.sum()
    display = NetworkMapDisplay.from_estimator(estimator, network, show="visitations", goal=goal).plot()
    np.testing.assert_allclose(display.values, flows)
    node = network.head[goal] if states == "links" else goal
    np.testing.assert_array_equal(display.points["goal"], network.positions[node])
    value = NetworkMapDisplay.from_estimator(estimator, network, show="value", goal=goal)
    place = np.arange(network.n_links) if states == "links" else network.tail
    np.testing.assert_allclose(value.values, policies.values(goal)[place])


def test_an_estimator_of_another_network_is_named(travelled):
    with pytest.raises(ValueError, match="the estimator has 12 states, RoadNetwork 4 nodes"):
        NetworkMapDisplay.from_estimator(travelled()[2], RoadNetwork.grid(2, states="nodes"))


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


NAMES = ["Central Station", "an extraordinarily long name of one place", "h"]


def covers_the_bar(display):
    display.figure_.draw_without_rendering()
    bar = display.colour_bar_.ax.get_tightbbox()
    return any(label.get_window_extent().overlaps(bar) for label in display.labels_)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(8, 2), (5, 7), (2, 12), (1, 2)], ids=str)
def test_names_of_places_do_not_cover_the_colour_bar(shape, name, rng, nothing_is_cut_off):
    network = RoadNetwork.grid(shape, irregularity=0.1, random_state=0)
    for node in (0, shape[1] - 1, network.n_nodes - 1):
        values = rng.random(network.n_links)
        display = NetworkMapDisplay.from_network(network, values, label="trips", marks={name: node}).plot()
        assert nothing_is_cut_off(display.figure_)
        assert not covers_the_bar(display)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [3, 127])
def test_names_of_junctions_do_not_cover_the_colour_bar(n, name, nothing_is_cut_off):
    for junction in (0, 1, 2, n - 1):
        display = TreeMapDisplay.from_values(np.ones(n), label="reward", marks={name: junction}).plot()
        assert nothing_is_cut_off(display.figure_)
        assert not covers_the_bar(display)


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


@pytest.mark.parametrize("home", [0, 12, 62, 116, 126])
def test_labels_of_junctions_cover_neither_junctions_nor_the_colour_bar(home):
    display = TreeMapDisplay.from_values(np.ones(127), label="reward", marks={"home": home}).plot()
    display.figure_.draw_without_rendering()
    words = display.labels_[0].get_bbox_patch().get_window_extent()
    x, y = display.ax_.transData.transform(h_tree(127)).T
    reach = np.sqrt(display.junctions_.get_sizes()) / 2 * display.figure_.dpi / 72
    assert not ((x > words.x0 - reach) & (x < words.x1 + reach) & (y > words.y0 - reach) & (y < words.y1 + reach)).any()
    assert not words.overlaps(display.colour_bar_.ax.get_window_extent())


def test_three_junctions_in_a_line_leave_room_for_names_and_whole_discs():
    display = TreeMapDisplay.from_values([1.0, 2.0, 3.0], label="reward", marks={"home": 0, "end": 2}).plot()
    display.figure_.draw_without_rendering()
    bar = display.colour_bar_.ax.get_window_extent()
    assert not any(label.get_window_extent().overlaps(bar) for label in display.labels_)
    left, right = display.ax_.get_xlim()
    assert right - left > 0.5 * np.ptp(h_tree(3)[:, 1])


def test_trees_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="parents must have one entry"):
        TreeMapDisplay.from_values(np.zeros(3), [-1, 0], positions=np.zeros((3, 2)), label="x")
    with pytest.raises(ValueError, match="give the positions too"):
        TreeMapDisplay.from_values(np.zeros(3), [-1, 0, 1], label="x")
    with pytest.raises(ValueError, match="sizes must have one entry"):
        TreeMapDisplay.from_values(np.zeros(3), sizes=[1.0], label="x")


def street(n=30):
    """Edges along a line, the values of three of them far from zero."""
    places = np.stack([np.arange(n + 1.0), np.sin(np.arange(n + 1.0))], axis=1)
    values = np.zeros(n)
    values[[10, 11, 12]] = [1.0, -2.0, 0.5]
    return np.stack([np.arange(n), np.arange(1, n + 1)], axis=1), values, places


def test_a_zoom_to_what_changed_shows_where_it_is_and_names_what_matters(nothing_is_cut_off):
    edges, values, places = street()
    names = [f"Lane {i // 3}" for i in range(len(edges))]
    display = NetworkMapDisplay.from_edges(
        edges,
        values,
        places,
        label="change of trips",
        title="Lanes",
        zoom="changes",
        names=names,
        closed=[11],
        signed=True,
    ).plot()
    (left, right), inset = display.ax_.get_xlim(), display.inset_
    assert left <= 10
    assert 13 <= right < 20
    low, high = inset.get_xlim()
    assert low <= 0
    assert high >= 30
    assert {label.get_text() for label in display.named_} == {"Lane 3", "Lane 4"}
    np.testing.assert_allclose(display.closed_.get_offsets(), [places[[11, 12]].mean(axis=0)])
    assert [text.get_text() for text in display.key_.get_texts()] == ["closed"]
    assert nothing_is_cut_off(display.figure_)


def test_there_is_no_zoom_where_everything_changed():
    edges, _, places = street()
    display = NetworkMapDisplay.from_edges(edges, np.ones(len(edges)), places, label="x", zoom="changes").plot()
    assert display.inset_ is None
    assert display.ax_.get_xlim()[1] >= 30


def test_no_line_is_narrower_than_can_be_seen(rng):
    n = 20_000
    edges = np.stack([np.arange(n), np.arange(1, n + 1)], axis=1)
    values = rng.gamma(0.1, size=n)
    display = NetworkMapDisplay.from_edges(edges, values, rng.normal(size=(n + 1, 2)), label="x").plot()
    assert np.min(display.edges_.get_linewidths()) >= 0.35


def test_closed_links_zooms_and_names_that_do_not_fit_are_refused():
    edges, values, places = street()
    for options, words in (
        ({"closed": [30]}, "closed edge 30 is not among the 30 edges"),
        ({"zoom": "near"}, 'zoom must be "changes" or low and high ends'),
        ({"names": ["a"]}, "1 names for 30 edges"),
    ):
        with pytest.raises(ValueError, match=words):
            NetworkMapDisplay.from_edges(edges, values, places, label="x", **options)
