"""Demonstrations over a grid: one by one while few, as traffic when many."""

import numpy as np
import pytest

from maxent_irl import Demonstrations, sample_demonstrations
from maxent_irl.plotting import GridMapDisplay, GridPlan, PathsDisplay
from maxent_irl.worlds import GridWorld


def wander(world, n, steps=12):
    return sample_demonstrations(world.mdp, np.full((world.n_states, 5), 0.2), n, max_steps=steps, random_state=0)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (200, 200)], ids=str)
@pytest.mark.parametrize("n", [1, 10_000])
def test_every_number_of_paths_on_every_grid(shape, n, nothing_is_cut_off):
    world = GridWorld(shape)
    demonstrations = wander(world, n)
    display = PathsDisplay.from_demonstrations(demonstrations, world).plot()
    assert nothing_is_cut_off(display.figure_)
    moved = demonstrations.states != demonstrations.next_states
    if n == 1:
        (line,) = display.paths_.get_segments()
        visited = np.append(demonstrations.states, demonstrations.final_states)
        np.testing.assert_allclose(line, world.cells[visited][:, ::-1])  # the first path is not shifted
        assert display.traffic_ is None
    else:
        assert display.traffic_.get_array().sum() == moved.sum()
        assert display.paths_ is None
    assert display.ax_.get_title() == ("1 demonstration" if n == 1 else "10,000 demonstrations")


def test_traffic_without_moves_has_no_colour_bar_and_says_so():
    display = PathsDisplay.from_demonstrations(wander(GridWorld((1, 1)), 100), (1, 1)).plot()
    assert display.traffic_.get_array().size == 0
    assert display.colour_bar_ is None
    assert display.ax_.get_xlabel() == "column\nno moves between cells"


def test_traffic_counts_moves_in_both_directions_and_widens_with_them():
    world = GridWorld((1, 3))
    there_and_back = Demonstrations([([0, 1, 0, 0], [0, 2, 4])] * 40 + [([1, 2], [0])] * 40)
    display = PathsDisplay.from_demonstrations(there_and_back, world).plot()
    assert display.traffic_.get_array().tolist() == [40, 80]  # the busiest is drawn last; staying is no move
    assert [segment[:, 0].tolist() for segment in display.traffic_.get_segments()] == [[1, 2], [0, 1]]
    narrow, wide = display.traffic_.get_linewidths()
    assert narrow < wide
    assert display.traffic_.norm.vmin == 0


def test_paths_with_the_same_cells_are_shifted_apart_within_their_cells():
    world = GridWorld((3, 7))
    display = PathsDisplay.from_demonstrations(Demonstrations([([0, 1, 2], [0, 0])] * 5), world).plot()
    firsts = np.array([segment[0] for segment in display.paths_.get_segments()])
    assert len(np.unique(firsts.round(6), axis=0)) == 5
    assert np.abs(firsts - [0, 0]).max() < 0.5
    np.testing.assert_allclose(display.first_.get_offsets(), firsts)
    np.testing.assert_allclose(display.last_.get_offsets(), firsts + [2, 0])


def test_unknown_last_states_are_left_out():
    demonstrations = Demonstrations([([0, 1], [0, 0])])
    assert demonstrations.final_states.tolist() == [-1]
    display = PathsDisplay.from_demonstrations(demonstrations, (1, 3))
    assert [path.tolist() for path in display.paths] == [[0, 1]]


@pytest.fixture
def corridor():
    """Three cells in a row and two states that have none."""
    nothing = np.empty((0, 2), dtype=int)
    cells = np.array([(0, 0), (0, 1), (0, 2), (-1, -1), (-1, -1)])
    return GridPlan((1, 3), cells, nothing, nothing)


def test_a_path_has_a_gap_where_it_leaves_the_map(corridor):
    out_and_back, outside = ([3, 0, 1, 3, 2, 4], [0] * 5), ([3, 4], [0])
    display = PathsDisplay.from_demonstrations(Demonstrations([out_and_back, outside]), corridor).plot()
    line, _ = (path.vertices for path in display.paths_.get_paths())
    gap = [np.nan, np.nan]
    np.testing.assert_array_equal(line, [gap, [0, 0], [1, 0], gap, [2, 0], gap])
    assert display.first_.get_offsets().tolist() == [[0, 0]]
    assert display.last_.get_offsets().tolist() == [[2, 0]]
    nowhere = PathsDisplay.from_demonstrations(Demonstrations([outside]), corridor).plot()
    assert len(nowhere.first_.get_offsets()) == 0


def test_traffic_leaves_out_moves_off_the_map(corridor):
    display = PathsDisplay.from_demonstrations(Demonstrations([([0, 1, 3, 2], [0] * 3)] * 100), corridor).plot()
    assert display.traffic_.get_array().tolist() == [100]
    np.testing.assert_array_equal(display.traffic_.get_segments()[0], [[0, 0], [1, 0]])


def test_paths_over_a_map(rng):
    base = GridMapDisplay.from_values(rng.normal(size=(3, 7)), label="reward").plot()
    display = PathsDisplay.from_demonstrations(wander(GridWorld((3, 7)), 5), (3, 7)).plot(base.ax_)
    assert list(display.ax_.images) == [base.image_]
    assert display.key_ is None


def test_a_state_the_grid_does_not_have_is_named():
    with pytest.raises(ValueError, match="trajectory 1 visits state 9"):
        PathsDisplay.from_demonstrations(Demonstrations([([0, 1], [0]), ([3, 9], [0])]), (2, 2))


@pytest.mark.parametrize("shape", [(7, 3), (40, 1)], ids=str)
def test_the_key_of_a_narrow_grid_is_folded_and_its_title_stays_above(shape, nothing_is_cut_off):
    goal, wall = (shape[0] - 1, 0), (2, shape[1] - 1)
    world = GridWorld(shape, starts=[(0, 0)], goals=[goal], walls=[wall], terminal_goals=False)
    display = PathsDisplay.from_demonstrations(wander(world, 3), world).plot()
    assert nothing_is_cut_off(display.figure_)
    names = ["start", "goal", "path starts", "path stops", "wall"]
    assert [text.get_text() for text in display.key_.get_texts()] == names
    assert display.key_.n_lines > 1
    assert display.ax_.title.get_window_extent().y0 >= display.key_.get_window_extent().y1 - 1
