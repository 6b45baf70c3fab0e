"""Displays call states, actions and coefficients what the summary calls them."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from maxent_irl import MDP, Demonstrations, MaxEntIRL
from maxent_irl.plotting import (
    ConvergenceDisplay,
    GridMapDisplay,
    PathsDisplay,
    StateCurveDisplay,
    StateRewardsDisplay,
    plot_recovery,
)
from maxent_irl.report import write_report

ROOMS = ("attic", "bath", "cellar")


@pytest.fixture(scope="module")
def at_home():
    """(demonstrations in labels, estimator of one reward per state fitted to them)"""
    walks = [(["attic", "bath", "cellar", "attic"], ["down", "down", "up"]), (["bath", "attic"], ["up"])] * 10
    demonstrations = Demonstrations(walks)
    mdp = MDP.from_demonstrations(demonstrations, smoothing=0.5, discount=0.9)
    return demonstrations, MaxEntIRL(mdp, l2=1.0).fit(demonstrations)


def test_rewards_of_states_carry_their_labels(at_home):
    _, estimator = at_home
    assert tuple(estimator.summary().coefficients["feature"]) == ROOMS
    display = StateRewardsDisplay.from_estimator(estimator).plot()
    assert sorted(label.get_text() for label in display.ax_.get_yticklabels()) == list(ROOMS)
    figure = plot_recovery(estimator, figure=Figure())
    assert tuple(figure.displays["reward"].names) == ROOMS


def test_feature_gaps_carry_the_names_of_the_coefficients(at_home):
    demonstrations, estimator = at_home
    display = ConvergenceDisplay.from_estimator(estimator).plot()
    assert tuple(label.get_text() for label in display.axes_[1].get_yticklabels()) == ROOMS
    plain = MaxEntIRL(estimator.mdp, np.eye(3)[:, :2], l2=1.0).fit(demonstrations)
    assert list(ConvergenceDisplay.from_estimator(plain).names) == plain.summary().coefficients["feature"]


def test_actions_carry_their_labels(at_home):
    demonstrations, estimator = at_home
    assert tuple(StateCurveDisplay.from_estimator(estimator).action_names) == ("down", "up")
    features = np.zeros((3, 2, 1))
    features[:, 0] = 1.0
    each = MaxEntIRL(estimator.mdp, features, l2=1.0).fit(demonstrations)
    display = StateRewardsDisplay.from_estimator(each).plot()
    assert [text.get_text() for text in display.key_.get_texts()] == ["down", "up"]
    assert list(StateRewardsDisplay.from_estimator(each, action_names=["a", "b"]).action_names) == ["a", "b"]


def test_a_report_names_the_states_by_their_labels(at_home, tmp_path):
    demonstrations, estimator = at_home
    write_report(tmp_path / "report.html", estimator, demonstrations)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    lowest = ROOMS[int(np.argmin(estimator.reward_))]
    assert f"It is lowest at {lowest} (" in text


class Row:
    """A map whose places are the states."""

    unit, place_names = "room", None

    def map(self, values, **options):
        return GridMapDisplay.from_values(values[None], **options)


def test_a_map_that_names_no_places_has_the_labels_of_the_states(at_home, tmp_path):
    demonstrations, estimator = at_home
    lowest = ROOMS[int(np.argmin(estimator.reward_))]
    for given, wanted in ((None, lowest), (["A", "B", "C"], lowest[0].upper())):
        write_report(tmp_path / "report.html", estimator, demonstrations, world=Row(), state_names=given)
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert f"Map of the recovered reward. It is lowest at {wanted} (" in text


def test_states_without_labels_are_numbered():
    walks = Demonstrations([([0, 1, 0, 0], [0, 0, 1])] * 5)
    estimator = MaxEntIRL(MDP.from_demonstrations(walks, discount=0.9), l2=1.0).fit(walks)
    assert list(StateRewardsDisplay.from_estimator(estimator).names) == ["state 0", "state 1"]


def test_a_state_that_is_off_the_grid_is_named_by_its_label():
    with pytest.raises(ValueError, match="visits state 'cellar', but the grid has 2 states"):
        PathsDisplay.from_demonstrations(Demonstrations([(["attic", "bath", "cellar"], [0, 0])]), (1, 2))
