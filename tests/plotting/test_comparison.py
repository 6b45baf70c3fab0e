"""True against recovered reward: what is removed, what the figure says, and that both share a scale."""

import numpy as np
import pytest

from maxent_irl.metrics import align_rewards
from maxent_irl.plotting import RewardComparisonDisplay
from maxent_irl.worlds import GridWorld


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (200, 200)], ids=str)
def test_the_free_constant_is_removed_and_said(shape, rng, nothing_is_cut_off):
    free = rng.random(shape) > 0.2
    free.flat[0] = True
    truth = rng.normal(size=int(free.sum()))
    display = RewardComparisonDisplay.from_rewards(truth, truth - 1.25, free).plot()
    small_print = " ".join(text.get_text() for text in display.axes_[1].texts)
    assert "shifted by +1.25, which changes no decision" in small_print
    np.testing.assert_allclose(display.recovered_.grid, display.true_.grid)
    assert display.true_.image_.norm is display.recovered_.image_.norm
    assert display.aligned.rms == pytest.approx(0, abs=1e-12)
    assert nothing_is_cut_off(display.figure_)


@pytest.mark.parametrize("remove", ["constant", "shaping"])
def test_what_rounding_leaves_is_no_difference_to_be_seen(remove):
    world = GridWorld((1, 1), discount=0.9)
    display = RewardComparisonDisplay.from_rewards([0.1257302], [3.1257302 + 4e-16], world, remove=remove).plot()
    shades = [map_.image_.norm(map_.image_.get_array()).item() for map_ in (display.true_, display.recovered_)]
    np.testing.assert_allclose(shades, 0.5, atol=1e-6)
    display.figure_.draw_without_rendering()
    bar = display.recovered_.colour_bar_.ax.yaxis
    assert bar.offsetText.get_text() == ""
    assert len([label for label in bar.get_ticklabels() if label.get_text()]) > 2


def test_what_was_removed_has_a_real_minus_sign():
    display = RewardComparisonDisplay.from_rewards([1.0, 2.0], [3.5, 4.5])
    assert display.aligned.note == "shifted by \N{MINUS SIGN}2.5, which changes no decision"


@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_shaping_is_removed_where_asked(discount, rng, nothing_is_cut_off):
    world = GridWorld.from_text("S..#.\n..#..\n....G", slip=0.2, discount=discount)
    mdp = world.mdp
    truth = rng.normal(size=(world.n_states, world.n_actions))
    potential = np.where(mdp.terminal, 0.0, rng.normal(size=world.n_states))
    ahead = (mdp.transitions @ potential).reshape(world.n_actions, -1).T
    shaped = truth + discount * ahead - potential[:, None]
    display = RewardComparisonDisplay.from_rewards(truth, shaped, world, remove="shaping").plot()
    assert "a constant and a potential shaping" in " ".join(text.get_text() for text in display.axes_[1].texts)
    assert "mean over actions" in display.recovered_.label
    assert display.aligned.rms < 1e-6
    assert display.aligned.correlation == pytest.approx(1)
    kept = RewardComparisonDisplay.from_rewards(truth, shaped, world)
    assert kept.aligned.rms > 0.1
    assert nothing_is_cut_off(display.figure_)


def test_where_episodes_end_no_constant_is_free_unless_asked():
    world = GridWorld.from_text("S.G", discount=0.9)
    truth = np.array([-1.0, -2.0, 0.0])
    kept = RewardComparisonDisplay.from_rewards(truth, truth + 0.5, world)
    assert kept.aligned.note == "not shifted"
    assert kept.aligned.rms == pytest.approx(0.5)
    asked = RewardComparisonDisplay.from_rewards(truth, truth + 0.5, world, remove="constant")
    assert asked.aligned.rms == pytest.approx(0, abs=1e-12)


def test_nothing_removed():
    aligned = align_rewards([0.0, 1.0], [1.0, 2.0], remove="nothing")
    assert (aligned.note, aligned.rms) == ("not shifted", 1.0)


def test_terminal_states_do_not_count(recovered):
    world, _, estimator = recovered
    display = RewardComparisonDisplay.from_estimator(estimator, estimator.reward_ - 3.0, world, remove="constant")
    assert np.isnan(display.aligned.true[world.goals]).all()
    assert display.aligned.rms == pytest.approx(0, abs=1e-9)


def test_without_a_map_rewards_are_points_about_the_diagonal(rng, nothing_is_cut_off):
    truth = rng.normal(size=30)
    display = RewardComparisonDisplay.from_rewards(truth, 2 * truth).plot()
    x, y = display.points_.get_offsets().T
    np.testing.assert_allclose(x, truth)
    np.testing.assert_allclose(y - 2 * x, (y - 2 * x).mean())
    assert display.ax_.get_aspect() == 1
    assert nothing_is_cut_off(display.figure_)


def test_constant_rewards_have_no_correlation():
    display = RewardComparisonDisplay.from_rewards([1.0, 1.0], [0.0, 1.0]).plot()
    assert np.isnan(display.aligned.correlation)
    assert "correlation" not in display.ax_.get_title()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"remove": "shaping"}, "pass mdp="),
        ({"recovered": np.zeros((2, 3))}, "pass mdp="),
        ({"remove": "scale"}, "remove must be one of"),
        ({"recovered": [np.nan, np.nan]}, "no state has both"),
        ({"recovered": [0.0, 1.0], "world": (2, 2)}, "4 states"),
    ],
)
def test_what_does_not_fit_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        RewardComparisonDisplay.from_rewards(**{"true_reward": [0.0, 1.0], "recovered": [0.0, 1.0], **options}).plot()
