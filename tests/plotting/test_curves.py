"""Curves and points: state variables, coefficients, convergence, calibration, learning."""

import numpy as np
import pytest
from sklearn.base import clone

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.datasets import load_machines
from maxent_irl.plotting import (
    CalibrationDisplay,
    CoefficientsDisplay,
    ConvergenceDisplay,
    LearningCurveDisplay,
    StateCurveDisplay,
    StateRewardsDisplay,
)
from maxent_irl.worlds import GridWorld


@pytest.fixture(scope="module")
def machines():
    data = load_machines()
    estimator = MaxEntIRL(data.mdp, data.features, objective="likelihood", feature_names=data.feature_names)
    return data, estimator.fit(data.demonstrations)


@pytest.fixture(scope="module")
def named(machines):
    """(paths plainly listed, estimator fitted to them), with labels that sort otherwise than what they stand for."""
    data, estimator = machines
    states, actions = [f"wear {99 - s}" for s in range(data.mdp.n_states)], ["use", "replace"]
    paths = [([states[s] for s in d.states], [actions[a] for a in d.actions]) for d in data.demonstrations]
    return paths, clone(estimator).fit(Demonstrations(paths, state_labels=states, action_labels=actions))


@pytest.mark.parametrize("n", [1, 21, 40_000])
def test_state_curves_of_every_length(n, rng, nothing_is_cut_off):
    reward, share = rng.normal(size=(n, 2)), rng.dirichlet([1.0, 1.0], size=n)
    display = StateCurveDisplay.from_values(
        np.arange(n), reward, errors=np.full((n, 2), 0.5), probabilities=share, observed=rng.poisson(3, (n, 2)) + 1
    ).plot()
    np.testing.assert_array_equal(display.curves_[1].get_ydata(), reward[:, 1])
    np.testing.assert_array_equal(display.choices_[0].get_ydata(), share[:, 0])
    low, high = (f(display.bands_[0].get_paths()[0].vertices[:, 1]) for f in (np.min, np.max))
    assert high == pytest.approx(reward[:, 0].max() + 1.959964 * 0.5)
    assert low == pytest.approx(reward[:, 0].min() - 1.959964 * 0.5)
    assert nothing_is_cut_off(display.figure_)


def test_choices_of_very_many_states_are_summed_over_stretches(rng):
    counts = rng.poisson(0.2, (40_000, 2))
    counts[10_000:20_000] = 0  # nobody was there
    counts[[0, -1]] = 1
    x = 0.5 * np.arange(40_000)
    display = StateCurveDisplay.from_values(x, np.zeros(40_000), observed=counts).plot()
    points, share = display.shares_[1].get_offsets().T
    assert 70 < len(points) < 80
    assert not ((points > 5100) & (points < 9900)).any()
    first = counts[:400].sum(axis=0)
    assert share[0] == pytest.approx(first[1] / first.sum())
    assert 0 < points[0] < 200


def test_keys_lie_above_the_curves_they_explain(rng):
    display = StateCurveDisplay.from_values(
        np.arange(21), rng.normal(size=(21, 2)), errors=np.ones((21, 2)), probabilities=np.full((21, 2), 0.5), title="T"
    ).plot()
    learning = LearningCurveDisplay.from_scores([1, 100], -np.ones((2, 3)), -np.ones((2, 3)), reference=-2).plot()
    calibration = CalibrationDisplay.from_predictions(np.full((2, 2), 0.5), [0, 1]).plot()
    for ax in (*display.axes_, learning.ax_, calibration.ax_):
        ax.figure.draw_without_rendering()
        assert ax.get_legend().get_window_extent().y0 >= ax.bbox.y1 - 1


@pytest.mark.parametrize("unit", [1e-7, 1e6])
def test_powers_of_ten_stand_clear_of_the_key(unit, rng):
    reward = unit * rng.normal(size=(21, 2))
    curves = StateCurveDisplay.from_values(np.arange(21), reward, errors=0.1 * np.abs(reward)).plot()
    points = StateRewardsDisplay.from_values(reward).plot()
    scores = unit * rng.normal(size=(2, 3))
    learning = LearningCurveDisplay.from_scores([1, 2], scores, scores).plot()
    for display in (curves, points, learning):
        display.figure_.draw_without_rendering()
        power = display.ax_.yaxis.offsetText
        assert "1e" in power.get_text()
        assert not power.get_window_extent().overlaps(display.ax_.get_legend().get_window_extent())


def test_rounding_is_no_curve(nothing_is_cut_off):
    noise = 1e-12 * np.array([[0.0, 1.0], [1.0, 0.5], [-1.0, 0.0]])
    learning = LearningCurveDisplay.from_scores([1, 2, 3], noise - 1.609437912, noise - 1.609437912).plot()
    states = StateCurveDisplay.from_values([0, 1, 2], 0.125 + noise).plot()
    constant = ConvergenceDisplay.from_values(-1.609437912 + noise[:, 1], [0.0]).plot()
    certain = ConvergenceDisplay.from_values([0.0, -1e-15, -3e-15], [0.0]).plot()
    for display in (learning, states, constant, certain):
        assert nothing_is_cut_off(display.figure_)
        assert display.ax_.yaxis.offsetText.get_text() == ""
        low, high = display.ax_.get_ylim()
        assert high - low > 0.1
    small = StateCurveDisplay.from_values([0, 1], [1e-6, 2e-6]).plot()
    assert np.ptp(small.ax_.get_ylim()) < 2e-6


def test_the_bands_of_a_learning_curve_are_explained_and_its_sizes_are_numbers():
    display = LearningCurveDisplay.from_scores([1, 100, 10_000], -np.ones((3, 3)), -np.ones((3, 3))).plot()
    assert "± 1 standard deviation" in [text.get_text() for text in display.key_.get_texts()]
    display.figure_.draw_without_rendering()
    assert "10,000" in [tick.get_text() for tick in display.ax_.get_xticklabels()]
    few = LearningCurveDisplay.from_scores([1, 2], -np.ones((2, 3)), -np.ones((2, 3))).plot()
    np.testing.assert_array_equal(few.ax_.get_xticks() % 1, 0)


def test_state_curves_of_an_estimator_show_shares_of_what_was_done(machines):
    data, estimator = machines
    display = StateCurveDisplay.from_estimator(
        estimator, demonstrations=data.demonstrations, errors=None, action_names=["keep", "replace"]
    ).plot()
    counts = data.demonstrations.state_action_counts(data.mdp.n_states, 2)
    seen = counts.sum(axis=1) > 0
    x, y = display.shares_[1].get_offsets().T
    np.testing.assert_array_equal(x, np.flatnonzero(seen))
    np.testing.assert_allclose(y, counts[seen, 1] / counts[seen].sum(axis=1))
    np.testing.assert_allclose(display.choices_[0].get_ydata(), estimator.policy_[:, 0])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["keep", "replace"]


def test_displays_of_demonstrations_read_labels_as_those_of_the_fit(machines, named):
    (data, estimator), (paths, fitted) = machines, named
    for make in (StateCurveDisplay, CalibrationDisplay):
        expected = make.from_estimator(estimator, demonstrations=data.demonstrations).observed
        for given in (paths, Demonstrations(paths), data.demonstrations):
            np.testing.assert_allclose(make.from_estimator(fitted, demonstrations=given).observed, expected)


def test_state_curves_have_the_errors_of_the_fit_by_default(machines):
    data, estimator = machines
    display = StateCurveDisplay.from_estimator(estimator)
    wear = 1e-3 * np.arange(data.mdp.n_states)
    np.testing.assert_allclose(display.errors[:, 0], wear * estimator.standard_errors_[1])
    np.testing.assert_allclose(display.errors[:, 1], estimator.standard_errors_[0])


def test_state_curves_on_the_way_to_a_goal(towards):
    _, demonstrations, estimator = towards
    display = StateCurveDisplay.from_estimator(estimator, goal=3, demonstrations=demonstrations)
    np.testing.assert_allclose(display.probabilities, estimator.solve(3).policy)
    mine = demonstrations[np.flatnonzero(demonstrations.goals == 3)]
    np.testing.assert_array_equal(display.observed, mine.state_action_counts(11, 5))
    assert StateCurveDisplay.from_estimator(estimator, goal=7, demonstrations=demonstrations).plot().shares_ == []


def test_state_curves_are_drawn_in_the_order_of_the_variable():
    display = StateCurveDisplay.from_values([2.0, 0.0, 1.0], [20.0, 0.0, 10.0]).plot()
    assert display.curves_[0].get_xydata().tolist() == [[0, 0], [1, 10], [2, 20]]
    assert len(display.axes_) == 1


def test_state_curves_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="probabilities must have one row"):
        StateCurveDisplay.from_values([0, 1], [0.0, 1.0], probabilities=[[1.0]])
    with pytest.raises(ValueError, match="errors have shape"):
        StateCurveDisplay.from_values([0, 1], [0.0, 1.0], errors=np.ones((2, 2)))
    with pytest.raises(ValueError, match="curve names"):
        StateCurveDisplay.from_values([0, 1], [0.0, 1.0], curve_names=["a", "b"])


def test_forest_plot_shows_estimates_intervals_and_truth(nothing_is_cut_off):
    display = CoefficientsDisplay.from_values(
        [1.0, -0.1], [0.1, 0.2], names=["length", "left turns"], truth=[1.1, 0.0]
    ).plot()
    np.testing.assert_allclose(display.estimates_.get_offsets(), [[1.0, 0], [-0.1, 1]])
    np.testing.assert_allclose(display.truth_.get_offsets(), [[1.1, 0], [0.0, 1]])
    segments = np.array(display.intervals_.get_segments())
    np.testing.assert_allclose(segments[:, :, 0], [[1 - 0.196, 1 + 0.196], [-0.1 - 0.392, -0.1 + 0.392]], atol=1e-3)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["length", "left turns"]
    filled, hollow = display.estimates_.get_facecolors()[:, :3]
    assert hollow.tolist() == [1, 1, 1]
    assert filled.tolist() != [1, 1, 1]
    assert nothing_is_cut_off(display.figure_)


def test_forest_plot_without_errors_has_no_intervals(machines):
    _, estimator = machines
    display = CoefficientsDisplay.from_estimator(estimator, errors=None).plot()
    assert display.intervals_ is None
    np.testing.assert_allclose(display.estimates_.get_offsets()[:, 0], estimator.coef_)


def test_forest_plot_of_many_shows_the_clearest_and_says_so(rng, nothing_is_cut_off):
    estimates, errors = rng.normal(size=300), rng.uniform(0.1, 2, size=300)
    display = CoefficientsDisplay.from_values(estimates, errors).plot()
    kept = np.sort(np.argsort(-np.abs(estimates) / errors)[:40])
    np.testing.assert_array_equal(display.estimates_.get_offsets()[:, 0], estimates[kept])
    assert display.names[0] == f"feature {kept[0]}"
    assert "40 farthest from zero of 300" in [text.get_text() for text in display.ax_.texts]
    assert nothing_is_cut_off(display.figure_)


def test_unidentified_coefficients_have_no_interval():
    display = CoefficientsDisplay.from_values([1.0, 2.0], [np.nan, 0.1]).plot()
    assert len(display.intervals_.get_segments()) == 1


def drawn_rows(lines):
    return [] if lines is None else [int(segment[0, 1]) for segment in lines.get_segments()]


def test_where_a_direction_is_flat_the_determined_coefficients_keep_their_intervals(machines, nothing_is_cut_off):
    data, _ = machines
    replacing, wear = data.features[..., 0], data.features[..., 1]
    nowhere = np.zeros(replacing.shape)
    features = np.stack([replacing, wear, wear, nowhere], axis=-1)
    names = ["replacement", "wear", "wear again", "nothing"]
    estimator = MaxEntIRL(data.mdp, features, objective="likelihood", feature_names=names)
    with pytest.warns(UserWarning, match="do not determine"):
        estimator.fit(data.demonstrations)
    assert estimator.summary().coefficients["determined"] == [True, False, False, False]
    display = CoefficientsDisplay.from_estimator(estimator).plot()
    assert drawn_rows(display.intervals_) == [0]
    assert drawn_rows(display.partial_) == [1, 2]  # of their sum, which is determined
    np.testing.assert_allclose(display.margins[:3], 1.959964 * estimator.standard_errors_[:3])
    assert np.isnan(display.margins[3])
    words = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert words[-2:] == ["95% interval of the determined part", "not determined"]
    assert nothing_is_cut_off(display.figure_)


def test_rewards_per_state_are_known_up_to_a_constant_and_have_dashed_intervals():
    chain = MDP.from_successors([[0, 1], [0, 2], [1, 2]], discount=0.9)
    policy = soft_value_iteration(chain, [0.0, 0.2, 0.4]).policy
    demonstrations = sample_demonstrations(chain, policy, 200, max_steps=20, random_state=0)
    estimator = MaxEntIRL(chain, objective="likelihood").fit(demonstrations)
    assert not any(estimator.summary().coefficients["determined"])
    display = CoefficientsDisplay.from_estimator(estimator).plot()
    assert display.intervals_ is None
    assert drawn_rows(display.partial_) == [0, 1, 2]
    assert (display.estimates_.get_facecolors()[:, :3] == 1).all()
    np.testing.assert_allclose(display.errors, estimator.standard_errors_)


def test_forest_plot_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="names must have one entry"):
        CoefficientsDisplay.from_values([1.0], names=["a", "b"])
    with pytest.raises(ValueError, match="errors must have one entry"):
        CoefficientsDisplay.from_values([1.0], [0.1, 0.2])


@pytest.mark.parametrize(("n", "K"), [(1, 1), (30, 8), (2000, 500)])
def test_convergence_shows_the_history_and_the_gap(n, K, rng, nothing_is_cut_off):
    history, gap = -1 - 1 / np.arange(1, n + 1), 1e-6 * rng.normal(size=K)
    names = [f"feature {k}" for k in range(K)] if K == 8 else None
    display = ConvergenceDisplay.from_values(
        history, gap, tol=1e-6, names=names, uniform=-2.0, converged=n < 2000
    ).plot()
    np.testing.assert_array_equal(display.curve_.get_ydata(), history)
    assert len(display.gaps_.get_segments()) == K
    along = 0 if names else 1
    np.testing.assert_allclose([segment[1, along] for segment in display.gaps_.get_segments()], gap)
    title = {1: "Converged in 0 steps", 30: "Converged in 29 steps", 2000: "Not converged in 1999 steps"}[n]
    assert display.ax_.get_title() == title
    assert nothing_is_cut_off(display.figure_)


def test_a_penalty_that_holds_the_gap_open_is_said_and_no_tolerance_is_drawn(machines):
    data, _ = machines
    estimator = MaxEntIRL(data.mdp, data.features, l2=0.5, objective="likelihood").fit(data.demonstrations)
    assert estimator.converged_
    assert np.abs(estimator.feature_gap_).max() > estimator.tol
    display = ConvergenceDisplay.from_estimator(estimator).plot()
    assert display.band_ is None
    assert "nonzero with a penalty\n(l2 = 0.5)" in [text.get_text() for text in display.axes_[1].texts]


def test_long_names_of_features_leave_room_for_title_and_label(machines, nothing_is_cut_off):
    data, _ = machines
    names = ["the cost of replacing one engine by another", "the cost of keeping an engine for one month more"]
    estimator = MaxEntIRL(data.mdp, data.features, l2=0.5, feature_names=names).fit(data.demonstrations)
    assert nothing_is_cut_off(ConvergenceDisplay.from_estimator(estimator).plot().figure_)


def test_convergence_of_an_estimator(machines):
    _, estimator = machines
    display = ConvergenceDisplay.from_estimator(estimator, uniform=-np.log(2)).plot()
    np.testing.assert_allclose(display.curve_.get_ydata()[-1], estimator.log_likelihood_ / estimator.n_decisions_)
    assert display.uniform_.get_ydata()[0] == pytest.approx(-np.log(2))
    assert display.ax_.get_title() == f"Converged in {estimator.n_iter_} steps"


@pytest.mark.parametrize("n", [1, 10, 20_000])
def test_calibration_of_a_true_model_lies_on_the_diagonal(n, rng, nothing_is_cut_off):
    probabilities = rng.dirichlet([1.0, 2.0, 3.0], size=n)
    actions = (probabilities.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    display = CalibrationDisplay.from_predictions(probabilities, actions).plot()
    assert display.counts.sum() == 3 * n
    assert (display.lower <= display.observed + 1e-12).all()
    assert (display.observed <= display.upper + 1e-12).all()
    np.testing.assert_allclose(display.points_.get_offsets()[:, 0], display.predicted)
    if n == 20_000:
        np.testing.assert_allclose(display.observed, display.predicted, atol=0.02)
        assert ((display.lower < display.predicted) & (display.predicted < display.upper)).mean() >= 0.8
    assert nothing_is_cut_off(display.figure_)


def test_calibration_leaves_out_what_could_not_be_chosen():
    display = CalibrationDisplay.from_predictions([[0.5, 0.5, 0.0]] * 4, [0, 1, 0, 0])
    assert display.counts.tolist() == [8]
    assert display.observed.tolist() == [0.5]


def test_calibration_interval_is_wilsons():
    display = CalibrationDisplay.from_predictions(np.full((10, 1), 0.3), np.zeros(10, dtype=int))
    # Wilson's 95% interval for 10 of 10, to the digits of published tables.
    assert display.lower[0] == pytest.approx(0.7225, abs=1e-4)
    assert display.upper[0] == pytest.approx(1.0)


def test_calibration_of_an_estimator(machines):
    data, estimator = machines
    display = CalibrationDisplay.from_estimator(estimator, data.demonstrations)
    assert np.abs(display.predicted - display.observed).max() < 0.05


@pytest.mark.parametrize("fitted_to_goals", [True, False])
def test_calibration_predicts_decisions_on_the_way_to_their_goals(fitted_to_goals):
    world = GridWorld((3, 3), discount=0.9)
    policy = soft_value_iteration(world.mdp, np.arange(9) / 9).policy
    wandering = sample_demonstrations(world.mdp, policy, 30, max_steps=10, random_state=0)
    estimator = MaxEntIRL(world.mdp, l2=0.1).fit(wandering)
    trips = estimator.goal_policies().sample(np.zeros(40, int), [8, 6] * 20, max_steps=50, random_state=0)
    if fitted_to_goals:
        estimator.fit(trips)
    display = CalibrationDisplay.from_estimator(estimator, trips)
    predicted = estimator.predict_proba(trips.states, goals=trips.goals[trips.trajectory_ids])
    expected = CalibrationDisplay.from_predictions(predicted, trips.actions)
    np.testing.assert_array_equal(display.predicted, expected.predicted)
    np.testing.assert_array_equal(display.observed, expected.observed)
    if fitted_to_goals:
        with pytest.raises(ValueError, match="these have none"):
            CalibrationDisplay.from_estimator(estimator, wandering)


def test_calibration_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"actions \(N,\)"):
        CalibrationDisplay.from_predictions([[0.5, 0.5]], [0, 1])


def test_learning_curve_fits_more_and_more_demonstrations(machines, nothing_is_cut_off):
    data, estimator = machines
    display = LearningCurveDisplay.from_estimator(
        estimator, data.demonstrations, train_sizes=[10, 48], cv=5, reference=-np.log(2)
    ).plot()
    assert display.sizes.tolist() == [10, 48]
    assert display.test_scores.shape == (2, 5)
    np.testing.assert_allclose(display.test_.get_ydata(), display.test_scores.mean(axis=1))
    assert (display.test_.get_ydata() > -np.log(2)).all()
    assert nothing_is_cut_off(display.figure_)


def test_learning_curve_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="train_scores must have shape"):
        LearningCurveDisplay.from_scores([1, 2], np.zeros((3, 2)), np.zeros((2, 2)))


def test_state_rewards_are_bars_while_few_and_points_when_many(rng, nothing_is_cut_off):
    few = StateRewardsDisplay.from_values([1.0, np.nan, 3.0], names=["a", "b", "c"]).plot()
    assert [bar.get_width() for bar in few.bars_] == [3.0, 1.0]
    assert [label.get_text() for label in few.ax_.get_yticklabels()] == ["c", "a"]
    values = rng.normal(size=5000)
    many = StateRewardsDisplay.from_values(values).plot()
    np.testing.assert_array_equal(many.points_[0].get_ydata(), values)
    for display in (few, many):
        assert nothing_is_cut_off(display.figure_)


def test_state_rewards_per_action_have_a_marker_each_and_many_actions_a_mean(rng):
    table = rng.normal(size=(12, 3))
    display = StateRewardsDisplay.from_values(table, action_names=["left", "right", "stay"]).plot()
    np.testing.assert_array_equal(display.points_[2].get_ydata(), table[:, 2])
    assert len({points.get_marker() for points in display.points_}) == 3
    wide = rng.normal(size=(12, 9))
    mean = StateRewardsDisplay.from_values(wide).plot()
    np.testing.assert_allclose(sorted(bar.get_width() for bar in mean.bars_), np.sort(wide.mean(axis=1)))
    assert "mean over actions" in mean.ax_.get_xlabel()


@pytest.mark.parametrize("n", [3, 8, 20])
@pytest.mark.parametrize("name", ["a", "waiting room", "a kitchen to the left of the second stair"])
def test_names_of_states_under_points_do_not_overlap(n, name, rng, nothing_is_cut_off):
    display = StateRewardsDisplay.from_values(rng.normal(size=(n, 2)), names=[name] * n).plot()
    assert nothing_is_cut_off(display.figure_)
    places = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert all(first.x1 < second.x0 for first, second in zip(places[:-1], places[1:], strict=True))
    assert display.ax_.bbox.height > 1.2 * display.figure_.dpi
    if name == "a":
        assert display.ax_.get_xticklabels()[0].get_rotation() == 0


def test_state_rewards_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="1 names for 2 states"):
        StateRewardsDisplay.from_values([1.0, 2.0], names=["a"])


def test_the_key_of_coefficients_with_long_names_stays_within_the_figure():
    names = ["a kilometre", "a kilometre on foot, besides", "a junction", "turning back"]
    display = CoefficientsDisplay(
        np.array([-10.7, -3.5, -1.0, -3.0]),
        np.array([0.8, 0.7, 0.1, 0.1]),
        names=names,
        truth=np.array([-12.0, -4.0, -1.0, -3.0]),
        confidence=0.95,
        label="coefficient: reward for each",
        title="What a trip costs",
        n_hidden=0,
    ).plot()
    display.figure_.canvas.draw()
    key = display.ax_.get_legend().get_window_extent()
    assert key.x1 <= display.figure_.bbox.x1
