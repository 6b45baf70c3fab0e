"""The figure of `plot_recovery`: its panels, their shared scale, and files written without a window."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from maxent_irl import MaxEntIRL, sample_demonstrations
from maxent_irl.datasets import load_machines
from maxent_irl.plotting import GridMapDisplay, GridPlan, PathsDisplay, plot_recovery
from maxent_irl.worlds import GridWorld, RoadNetwork


def titles_of(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def words_of(axes):
    return " ".join(text.get_text() for text in axes.texts)


def test_grid_with_known_reward_says_what_was_seen_found_and_how_sure_on_one_scale(recovered, nothing_is_cut_off):
    world, _, estimator = recovered
    true_reward = np.asarray(estimator.features) @ [3.0, 2.0]
    figure = plot_recovery(estimator, world, true_reward=true_reward)
    assert list(figure.displays) == ["seen", "recovered", "error", "visitations", "true", "difference", "policy"]
    true, found = figure.displays["true"], figure.displays["recovered"]
    assert true.image_.norm is found.image_.norm
    assert figure.displays["error"].image_.cmap.name == "errors"
    assert figure.comparison.aligned.note == "not shifted"  # episodes end at the goal
    assert "% of the range" in words_of(figure.displays["difference"].ax_)
    assert titles_of(figure) == [
        "What was seen",
        "What is sought and avoided",
        "How sure that is",
        "What it predicts",
        "The true reward",
        "How far off",
    ]
    assert nothing_is_cut_off(figure)


def test_truth_comes_from_the_world_when_it_has_one(recovered):
    world, _, estimator = recovered
    assert "true" not in plot_recovery(estimator, world).displays  # a world of zero reward knows no truth
    rewarding = GridWorld.from_text(world.draw(), rewards={"m": -2.0})
    assert "true" in plot_recovery(estimator, rewarding).displays
    assert "true" not in plot_recovery(estimator, GridPlan.of(rewarding)).displays


def test_bare_figures_need_no_window(recovered, tmp_path):
    world, _, estimator = recovered
    figure = plot_recovery(estimator, world, figure=Figure())
    figure.savefig(tmp_path / "reward.png")
    assert (tmp_path / "reward.png").read_bytes().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


@pytest.mark.parametrize("with_truth", [True, False])
def test_elsewhere_reward_coefficients_and_convergence(with_truth, nothing_is_cut_off):
    data = load_machines()
    estimator = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)
    figure = plot_recovery(estimator, true_reward=data.true_reward if with_truth else None, figure=Figure())
    wanted = {"reward", "coefficients", "convergence"} | ({"comparison"} if with_truth else set())
    assert set(figure.displays) == wanted
    assert nothing_is_cut_off(figure)


def test_actions_are_called_by_their_names():
    data = load_machines()
    estimator = MaxEntIRL(data.mdp, data.features).fit(data.demonstrations)
    figure = plot_recovery(estimator, action_names=data.world.action_names, figure=Figure())
    shown = [text.get_text() for text in figure.displays["reward"].ax_.get_legend().get_texts()]
    assert shown == ["keep", "replace"]


def test_state_indicators_are_shown_once_by_label():
    world = GridWorld((1, 4), starts=[(0, 0)])
    policy = np.tile([0.5, 0.0, 0.1, 0.0, 0.4], (4, 1))
    demonstrations = sample_demonstrations(world.mdp, policy, 20, max_steps=20, random_state=0)
    estimator = MaxEntIRL(world.mdp, l2=1.0).fit(demonstrations)
    figure = plot_recovery(estimator, state_names=["a", "b", "c", "d"], figure=Figure())
    assert "coefficients" not in figure.displays
    shown = [label.get_text() for label in figure.displays["reward"].ax_.get_yticklabels()]
    assert shown == [name for _, name in sorted(zip(-estimator.reward_, "abcd", strict=True))]


def test_demonstrations_with_goals_of_their_own_have_no_policy_panel():
    world = GridWorld((3, 3))
    target = world.mdp.replace(discount=0.9)
    policy = np.full((9, 5), 0.2)
    demonstrations = sample_demonstrations(target, policy, 6, goals=[0, 8, 0, 8, 0, 8], random_state=0)
    estimator = MaxEntIRL(target, world.features("smooth", n_features=2), l2=1.0).fit(demonstrations)
    figure = plot_recovery(estimator, world)
    assert list(figure.displays) == ["seen", "recovered", "error"]


def test_road_networks_have_maps_by_link(travelled, nothing_is_cut_off):
    network, _, estimator = travelled("links")
    assert list(plot_recovery(estimator, network).displays) == ["seen", "recovered", "error", "visitations"]
    figure = plot_recovery(estimator, network, true_reward=-2 * network.features("length")[..., 0])
    assert list(figure.displays) == ["seen", "recovered", "error", "visitations", "true", "difference"]
    true, found = figure.displays["true"], figure.displays["recovered"]
    np.testing.assert_allclose(true.values, -2 * network.attributes["length"])
    assert true.edges_.norm is found.edges_.norm
    assert "correlation" in words_of(figure.displays["difference"].ax_)
    assert nothing_is_cut_off(figure)


def test_road_networks_without_positions_are_laid_out_and_say_so(travelled, nothing_is_cut_off):
    network, _, estimator = travelled()
    bare = RoadNetwork(network.tail, network.head, attributes=network.attributes, states="nodes")
    figure = plot_recovery(estimator, bare)
    assert "estimated" in figure.displays["recovered"].ax_.get_xlabel()
    assert nothing_is_cut_off(figure)


def test_finite_horizons_sum_visits_and_show_the_first_step():
    world = GridWorld((2, 3), goals=[(1, 2)], terminal_goals=False, horizon=4, discount=1.0, rewards={"G": 1.0})
    policy = np.full((4, 6, 5), 0.2)
    demonstrations = sample_demonstrations(world.mdp, policy, 30, random_state=0)
    estimator = MaxEntIRL(world.mdp, world.features("coordinates")).fit(demonstrations)
    figure = plot_recovery(estimator, world)
    assert figure.displays["visitations"].grid.sum() == pytest.approx(4)
    np.testing.assert_allclose(figure.displays["policy"].probabilities, estimator.policy_[0])


def test_displays_draw_on_figures_of_any_kind(recovered, nothing_is_cut_off):
    world, demonstrations, estimator = recovered
    whole = Figure(layout="constrained")
    left, right = whole.subfigures(1, 2)
    whole.set_size_inches(10, 4)
    reward = GridMapDisplay.from_estimator(estimator, world).plot(left)
    paths = PathsDisplay.from_demonstrations(demonstrations, world).plot(right)
    assert (reward.figure_, paths.figure_) == (left, right)
    assert nothing_is_cut_off(whole)
    alone = Figure()
    GridMapDisplay.from_estimator(estimator, world).plot(alone)
    assert nothing_is_cut_off(alone)
    assert plt.get_fignums() == []
