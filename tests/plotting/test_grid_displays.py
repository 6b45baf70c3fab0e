"""Displays over the cells of a grid: what is drawn is the data, on grids of one cell and of many."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from maxent_irl import MDP, Demonstrations, MaxEntIRL, soft_value_iteration
from maxent_irl.plotting import ActionValueDisplay, GridMapDisplay, GridPlan, PolicyDisplay, RewardComparisonDisplay
from maxent_irl.worlds import GridWorld

SHAPES = [(1, 1), (3, 7), (200, 200), (1, 30), (30, 1)]


def draw(display, **options):
    display.plot(**options)
    display.figure_.canvas.draw()
    return display


def walls(shape, rng):
    free = rng.random(shape) > 0.2
    free.flat[0] = True
    return free


@pytest.mark.parametrize("shape", SHAPES, ids=str)
class TestEveryShape:
    def test_map_shows_the_values_and_masks_walls(self, shape, rng, nothing_is_cut_off):
        free = walls(shape, rng)
        values = rng.normal(size=int(free.sum()))
        display = draw(GridMapDisplay.from_values(values, free, label="reward", title="Reward"))
        shown = display.image_.get_array()
        np.testing.assert_array_equal(shown.mask, ~free)
        np.testing.assert_array_equal(shown.data[free], values)
        assert display.ax_.get_aspect() == 1
        assert display.colour_bar_.ax.get_ylabel() + display.colour_bar_.ax.get_xlabel() == "reward"
        assert nothing_is_cut_off(display.figure_)

    def test_policy_arrows_are_as_long_as_probable(self, shape, rng, nothing_is_cut_off):
        free = walls(shape, rng)
        policy = rng.dirichlet(np.ones(5), size=int(free.sum()))
        display = draw(PolicyDisplay.from_policy(policy, free))
        lengths = np.hypot(display.arrows_.U, display.arrows_.V)
        if max(shape) <= 30:
            moves = policy[:, :4]
            assert display.longest_ == moves.max()
            np.testing.assert_allclose(np.sort(lengths), np.sort(0.48 * moves[moves >= 0.02] / moves.max()))
            assert f"probability {display.longest_:.2f}" in " ".join(display.ax_.get_xlabel().split())
        else:
            assert lengths.max() == pytest.approx(0.9 * display.block)
            assert f"longest: {display.longest_:.2f} cells" in " ".join(display.ax_.get_xlabel().split())
        assert nothing_is_cut_off(display.figure_)

    def test_action_values_draw_a_piece_per_available_action(self, shape, rng, nothing_is_cut_off):
        free = walls(shape, rng)
        Q = rng.normal(size=(int(free.sum()), 5))
        Q[rng.random(Q.shape) < 0.3] = -np.inf
        Q[0, 0] = 1.0
        display = draw(ActionValueDisplay.from_values(Q, free))
        drawn = display.cells_.get_array()
        assert len(drawn) == np.isfinite(Q).sum() == len(display.cells_.get_paths())
        np.testing.assert_array_equal(drawn, Q[tuple(display.drawn_.T)])
        assert nothing_is_cut_off(display.figure_)


def test_triangles_lie_on_the_side_their_action_leads_to():
    display = draw(ActionValueDisplay.from_values(np.arange(5.0)[None], (1, 1)))
    centroids = {
        int(action): path.vertices[:4].mean(axis=0)
        for (_, action), path in zip(display.drawn_, display.cells_.get_paths(), strict=True)
    }
    right, down, left, up, stay = (centroids[action] for action in range(5))
    assert right[0] > 0 > left[0]
    assert down[1] > 0 > up[1]  # rows grow downwards
    np.testing.assert_allclose(stay, 0, atol=1e-12)


def test_rows_run_downwards_and_marks_stand_on_their_cells():
    world = GridWorld.from_text("S.#\n..G")
    display = draw(GridMapDisplay.from_values(np.arange(5.0), world, label="index"))
    bottom, top = display.ax_.get_ylim()
    assert bottom > top
    assert display.marks_["start"].get_offsets().tolist() == [[0, 0]]
    assert display.marks_["goal"].get_offsets().tolist() == [[2, 1]]
    assert [text.get_text() for text in display.key_.get_texts()] == ["start", "goal", "wall"]


def test_few_marks_can_be_seen_on_large_grids_and_many_do_not_cover_them():
    plan = GridPlan.of((200, 200))
    corner = np.array([[0, 0]])
    few = draw(GridMapDisplay.from_values(np.zeros(40_000), replace(plan, starts=corner, goals=corner), label="x"))
    many = draw(GridMapDisplay.from_values(np.zeros(40_000), replace(plan, starts=plan.cells[:200]), label="x"))
    assert np.sqrt(few.marks_["start"].get_sizes()[0]) > 4.5  # points
    assert np.sqrt(many.marks_["start"].get_sizes()[0]) < 3


def test_signed_values_are_centred_on_zero_and_others_are_not():
    signed = draw(GridMapDisplay.from_values([[-1.0, 3.0]], label="reward"))
    assert (signed.image_.norm.vmin, signed.image_.norm.vmax) == (-3, 3)
    assert signed.image_.cmap.name == "signed"
    positive = draw(GridMapDisplay.from_values([[1.0, 3.0]], label="reward"))
    assert (positive.image_.norm.vmin, positive.image_.norm.vmax) == (1, 3)
    assert positive.image_.cmap.name == "amounts"
    errors = draw(GridMapDisplay.from_values([[1.0, 3.0]], label="error", from_zero=True))
    assert errors.image_.norm.vmin == 0


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0])
def test_a_constant_map_has_a_scale_about_its_value(value):
    norm = draw(GridMapDisplay.from_values(np.full((2, 2), value), label="reward")).image_.norm
    assert norm.vmin < value < norm.vmax


def test_a_map_without_any_value_is_drawn():
    display = draw(GridMapDisplay.from_values(np.full((2, 3), np.nan), label="reward"))
    assert display.image_.get_array().mask.all()


def test_large_policies_are_averaged_by_block_and_say_so(rng):
    policy = rng.dirichlet(np.ones(5), size=200 * 200)
    display = PolicyDisplay.from_policy(policy, (200, 200))
    assert display.block == 7
    assert len(display.centres) == 29 * 29
    np.testing.assert_allclose(display.probabilities.sum(axis=1), 1)
    corner = policy.reshape(200, 200, 5)[:7, :7].reshape(-1, 5).mean(axis=0)
    np.testing.assert_allclose(display.probabilities[0], corner)
    np.testing.assert_allclose(display.centres[0], [3, 3])
    assert "mean step over 7 × 7 cells" in display.plot().ax_.get_xlabel()
    right, down, left, up, _ = display.probabilities.T
    mean = np.stack([right - left, down - up], axis=1)
    seen = np.linalg.norm(mean, axis=1) >= 0.02
    drawn = np.stack([display.arrows_.U, display.arrows_.V], axis=1)
    np.testing.assert_allclose(drawn, 0.9 * 7 * mean[seen] / display.longest_)


def test_masked_actions_have_no_arrow():
    policy = np.array([[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5, 0.5]])
    display = draw(PolicyDisplay.from_policy(policy, (2, 1)))
    np.testing.assert_allclose(np.stack([display.arrows_.U, display.arrows_.V], axis=1), [[0, 0.48], [0, -0.24]])
    assert display.stays_.get_offsets().tolist() == [[0, 1]]


def test_arrows_lie_over_the_dot_of_staying_and_are_told_from_it():
    policy = np.tile([0.1, 0.1, 0.1, 0.1, 0.6], (9, 1))
    policy[0] = [0.9, 0.0, 0.0, 0.0, 0.1]  # so that the others' arrows are shorter than their dots are wide
    display = draw(PolicyDisplay.from_policy(policy, (3, 3)))
    assert display.arrows_.zorder > display.stays_.zorder
    arrow, dot = (artist.get_facecolor()[0, :3].mean() for artist in (display.arrows_, display.stays_))
    assert dot - arrow > 0.4
    floor = display.ax_.images[0].cmap(0)[:3]
    assert np.mean(floor) - dot > 0.25


def test_arrows_and_dots_are_explained_under_the_map():
    display = draw(PolicyDisplay.from_policy([[0.75, 0.0, 0.0, 0.0, 0.25]] * 12, (2, 6)))
    words = " ".join(display.ax_.get_xlabel().split())
    assert words == "column longest arrow: probability 0.75; dot: staying, up to 0.25"
    without = draw(PolicyDisplay.from_policy([[0.75, 0.25, 0.0, 0.0, 0.0]] * 12, (2, 6)))
    assert without.ax_.get_xlabel() == "column\nlongest arrow: probability 0.75"
    nothing = draw(PolicyDisplay.from_policy(np.zeros((12, 5)), (2, 6)))
    assert nothing.ax_.get_xlabel() == "column"


def test_the_words_under_a_narrow_map_are_folded(nothing_is_cut_off):
    display = PolicyDisplay.from_policy(np.tile([0.2, 0.4, 0.2, 0.0, 0.2], (40, 1)), (40, 1)).plot()
    assert nothing_is_cut_off(display.figure_)
    assert display.ax_.get_xlabel().count("\n") > 1


def test_the_words_of_a_policy_over_a_wide_map_keep_off_its_colour_bar():
    base = GridMapDisplay.from_values(np.arange(24.0), (2, 12), label="value").plot()
    PolicyDisplay.from_policy([[0.75, 0.0, 0.0, 0.0, 0.25]] * 24, (2, 12)).plot(base.ax_)
    (note,) = base.ax_.texts
    assert note.get_text() == "longest arrow: probability 0.75; dot: staying, up to 0.25"
    base.figure_.draw_without_rendering()
    assert note.get_window_extent().y0 > base.ax_.bbox.y1
    assert base.ax_.get_xlabel() == "column"


@pytest.mark.parametrize("shape", [(2, 18), (2, 60), (60, 2), (1, 100), (12, 12)], ids=str)
def test_numbers_along_maps_and_bars_do_not_overlap(shape, rng):
    values = 1000 + 1e-3 * rng.uniform(-1, 1, size=(np.prod(shape), 5))
    displays = (
        GridMapDisplay.from_values(values[:, 0], shape, label="reward"),
        PolicyDisplay.from_policy(rng.dirichlet(np.ones(5), size=len(values)), shape),
        ActionValueDisplay.from_values(values, shape),
        RewardComparisonDisplay.from_rewards(values[:, 0], values[:, 1], shape),
    )
    for display in displays:
        display.plot()
        display.figure_.draw_without_rendering()
        for ax in display.figure_.axes:
            for axis in (axis for part in (ax, *ax.child_axes) for axis in (part.xaxis, part.yaxis)):
                low, high = sorted(axis.get_view_interval())
                seen = (axis.get_ticklocs() >= low) & (axis.get_ticklocs() <= high)
                places = [axis.get_ticklabels()[i].get_window_extent() for i in np.flatnonzero(seen)]
                assert not any(a.overlaps(b) for i, a in enumerate(places) for b in places[i + 1 :])


def test_the_title_of_a_wide_map_makes_room_for_the_words_above_it():
    display = draw(ActionValueDisplay.from_values(np.zeros((24, 5)), (2, 12)))
    (note,) = display.ax_.texts
    assert not note.get_window_extent().overlaps(display.ax_.title.get_window_extent())


def test_triangles_and_hatching_of_action_values_are_explained():
    values = np.arange(15.0).reshape(3, 5)
    walled = np.array([[True, True], [False, True]])
    display = draw(ActionValueDisplay.from_values(values, walled))
    assert "triangle: moving to that side; diamond: staying" in " ".join(display.ax_.get_xlabel().split())
    assert [text.get_text() for text in display.key_.get_texts()] == ["wall"]
    values[0, 0] = np.nan
    display = draw(ActionValueDisplay.from_values(values, walled))
    assert [text.get_text() for text in display.key_.get_texts()] == ["wall", "no action"]
    four = draw(ActionValueDisplay.from_values(values[:, :4], (1, 3), steps=[(0, 1), (1, 0), (0, -1), (-1, 0)]))
    assert four.ax_.get_xlabel().endswith("moving to that side")
    assert [text.get_text() for text in four.key_.get_texts()] == ["no action"]


def test_actions_of_other_worlds_are_given_by_their_steps():
    steps = [(0, -1), (1, 0), (0, 1), (-1, 0)]  # gymnasium's FrozenLake: left, down, right, up
    display = draw(PolicyDisplay.from_policy([[1.0, 0.0, 0.0, 0.0]], (1, 1), steps=steps))
    assert display.arrows_.U[0] < 0
    assert display.stays_ is None


def test_diagonal_steps_have_arrows_as_long_as_others_of_their_probability():
    display = draw(PolicyDisplay.from_policy([[0.5, 0.5]], (1, 1), steps=[(1, 1), (0, 1)]))
    assert display.longest_ == 0.5
    np.testing.assert_allclose(np.hypot(display.arrows_.U, display.arrows_.V), 0.48)


def test_states_without_a_cell_have_neither_arrows_nor_triangles():
    plan = GridPlan.of(SimpleNamespace(shape=(1, 2), cells=[(0, 0), (0, 1), (-1, -1)]))
    policy = draw(PolicyDisplay.from_policy(np.full((3, 5), 0.2), plan))
    assert np.unique(policy.arrows_.XY, axis=0).tolist() == [[0, 0], [1, 0]]
    assert policy.stays_.get_offsets().tolist() == [[0, 0], [1, 0]]
    values = draw(ActionValueDisplay.from_values(np.ones((3, 5)), plan))
    assert set(values.drawn_[:, 0]) == {0, 1}


def test_terminal_states_have_no_arrows_and_a_policy_of_zeros_draws_nothing():
    display = draw(PolicyDisplay.from_policy(np.zeros((4, 5)), (2, 2)))
    assert display.arrows_ is None
    assert display.stays_ is None


def test_overlays_keep_the_map_beneath_them(rng):
    base = GridMapDisplay.from_values(rng.normal(size=(3, 4)), label="reward").plot()
    over = PolicyDisplay.from_policy(rng.dirichlet(np.ones(5), size=12), (3, 4)).plot(base.ax_)
    over.figure_.canvas.draw()
    assert over.ax_ is base.ax_
    assert list(over.ax_.images) == [base.image_]


def test_estimator_maps(recovered):
    world, _, estimator = recovered
    reward = draw(GridMapDisplay.from_estimator(estimator, world))
    goal = tuple(world.cells[world.goals[0]])
    assert reward.image_.get_array().mask[goal]  # nothing is earned there
    np.testing.assert_allclose(reward.grid[0, 0], estimator.reward_[world.state(0, 0)])
    value = draw(GridMapDisplay.from_estimator(estimator, world, show="value"))
    np.testing.assert_allclose(world.from_grid(value.grid), estimator.value_)
    visits = draw(GridMapDisplay.from_estimator(estimator, world, show="visitations"))
    np.testing.assert_allclose(world.from_grid(visits.grid), estimator.visitations_.sum(axis=1))
    assert visits.image_.norm.vmin == 0
    assert "discounted" in visits.label


def test_a_state_in_which_nothing_is_decided_has_no_reward():
    """Nobody was ever seen in state 2, so that the dynamics know no action there, nor that anything ends."""
    walks = Demonstrations([([0, 1, 3], [0, 0]), ([1, 0, 3], [1, 2])])
    mdp = MDP.from_demonstrations(walks, discount=0.9)
    assert not mdp.terminal[2]
    display = GridMapDisplay.from_estimator(MaxEntIRL(mdp, l2=1.0).fit(walks), (1, 4))
    assert np.isfinite(display.grid).tolist() == [[True, True, False, False]]


def test_standard_errors_of_the_reward_by_the_delta_method(recovered):
    world, _, estimator = recovered
    display = draw(GridMapDisplay.from_estimator(estimator, world, show="standard_error"))
    features = np.asarray(estimator.features)
    expected = np.sqrt(np.einsum("sk,kl,sl->s", features, estimator.covariance_, features))
    decides = ~world.mdp.terminal
    np.testing.assert_allclose(world.from_grid(display.grid)[decides], expected[decides])
    assert display.image_.norm.vmin == 0
    assert display.label.startswith("standard error of the reward")


def test_estimator_action_values_are_the_soft_ones(recovered):
    world, _, estimator = recovered
    display = ActionValueDisplay.from_estimator(estimator, world)
    decides = world.mdp.available
    expected = soft_value_iteration(world.mdp, estimator.reward_).Q
    np.testing.assert_allclose(display.values[decides], expected[decides], atol=1e-7)
    assert not np.isfinite(display.values[~decides]).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GridMapDisplay.from_values(np.zeros(3), label="x"), r"\(rows, columns\)"),
        (lambda: GridMapDisplay.from_values(np.zeros(5), (2, 3), label="x"), "6 states"),
        (lambda: PolicyDisplay.from_policy(np.zeros((6, 4)), (2, 3)), r"\(6, 5\)"),
        (lambda: ActionValueDisplay.from_values(np.zeros((1, 1)), (1, 1), steps=[(1, 1)]), "action 0 steps by"),
        (lambda: GridPlan.of("world"), "given by a GridWorld"),
        (lambda: GridPlan.of((0, 3)), "given by a GridWorld"),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_estimator_without_the_quantity_is_named(recovered):
    world, _, estimator = recovered
    with pytest.raises(ValueError, match="show must be one of"):
        GridMapDisplay.from_estimator(estimator, world, show="regret")


def test_matplotlib_is_imported_only_when_drawing():
    code = (
        "import sys, numpy as np; from maxent_irl.plotting import *;"
        "d = GridMapDisplay.from_values(np.eye(2), label='x');"
        "assert 'matplotlib' not in sys.modules; d.plot(); assert 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "MPLBACKEND": "agg"})


def test_given_axes_are_drawn_on():
    _, ax = plt.subplots()
    display = GridMapDisplay.from_values(np.eye(3), label="x").plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
