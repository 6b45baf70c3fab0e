"""Kinds of places are read from features that mark them, and from nothing else."""

import numpy as np
import pytest

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_gridworld
from maxent_irl.plotting.kinds import Kind, finding, kinds_of, truth_of


@pytest.fixture(scope="module")
def rooms():
    data = load_gridworld()
    return data, MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)


def test_kinds_have_the_rewards_of_their_places(rooms):
    data, fit = rooms
    kinds = kinds_of(fit)
    assert [kind.name for kind in kinds] == ["flowers", "mud", "goal"]
    for kind in kinds:
        np.testing.assert_allclose(fit.reward_[kind.places], kind.reward)
    np.testing.assert_allclose(truth_of(kinds, data.true_reward + 7), data.true_coef)


@pytest.mark.parametrize("case", ["overlap", "several values", "many", "none"])
def test_other_features_mark_no_kinds(rooms, case):
    data, _ = rooms
    features = {
        "overlap": np.column_stack([data.features[:, :2], np.ones(len(data.features))]),
        "several values": data.world.features("coordinates"),
        "many": data.world.features("smooth", n_features=8),
        "none": None,
    }[case]
    fit = MaxEntIRL(data.mdp, features, l2=1.0).fit(data.demonstrations)
    assert kinds_of(fit) == []


def kind(name, reward, error):
    return Kind(name, np.array([True]), reward, error)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([kind("mud", -2.0, 0.3), kind("goal", 3.0, 0.1)], "Seeks goal, avoids mud"),
        ([kind("mud", -2.0, 1.5), kind("goal", 3.0, 0.1)], "Seeks goal"),
        ([kind("mud", -2.0, 0.1)], "Avoids mud"),
        ([kind("mud", 0.1, 0.3)], ""),
        ([], ""),
    ],
)
def test_the_finding_names_only_what_is_known(kinds, words):
    assert finding(kinds) == words


@pytest.mark.parametrize(
    ("reward", "error", "words"),
    [
        (-2.0877, 0.2969, "mud \N{MINUS SIGN}2.1 ± 0.6"),
        (0.4922, 0.039, "mud +0.49 ± 0.08"),
        (123.4, np.nan, "mud +123"),
        (0.0, 0.0, "mud +0"),
    ],
)
def test_numbers_have_as_many_digits_as_their_margin(reward, error, words):
    assert kind("mud", reward, error).words == words
