"""Episode objects of other libraries, and arrays that are not quite arrays."""

from types import SimpleNamespace

import numpy as np
import pytest

from maxent_irl import Demonstrations


def episode(**fields):
    return SimpleNamespace(**({"observations": np.arange(3), "actions": np.array([0, 1])} | fields))


@pytest.mark.parametrize(
    ("flag", "ended"),
    [
        ({}, False),
        ({"terminations": np.array([False, True]), "truncations": np.array([False, False])}, True),  # gymnasium, minari
        ({"terminations": np.array([False, False]), "truncations": np.array([False, True])}, False),
        ({"terminated": True}, True),  # d3rlpy
        ({"terminated": np.False_}, False),
        ({"terminals": np.array([[0.0], [1.0]])}, True),  # d3rlpy's columns of floats
        ({"terminal": 1}, True),  # imitation
        ({"terminated": "False"}, False),
    ],
)
def test_flags_of_libraries_are_respected(flag, ended):
    assert Demonstrations.from_episodes([episode(**flag)]).terminated.tolist() == [ended]
    assert Demonstrations.from_episodes([vars(episode(**flag))]).terminated.tolist() == [ended]


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        (np.nan, r"the end of episode 0 is missing \(NaN\)"),
        (np.array([0.0, np.nan]), r"the end of episode 0 is missing \(NaN\)"),
        ("perhaps", "the end of episode 0, step 0: 'perhaps' is neither true nor false"),
        (0.5, "the end of episode 0, step 0: 0.5 is neither true nor false"),
        ([True, False], "episode 0 is marked as terminated at step 0 but goes on after it"),
    ],
)
def test_flags_that_say_nothing_clear_are_refused(flag, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_episodes([episode(terminated=flag)])


def test_tuple_and_dict_spaces_are_labels():
    row, column = np.array([0, 0, 1]), np.array([2, 3, 3])
    in_tuple = Demonstrations.from_episodes([episode(observations=(row, column))])
    assert in_tuple.state_labels == ((0, 2), (0, 3), (1, 3))
    in_dict = Demonstrations.from_episodes([episode(observations={"row": row, "column": column})])
    assert in_dict.state_labels == ((2, 0), (3, 0), (3, 1))  # in the order of the sorted keys
    nested = Demonstrations.from_episodes([episode(observations={"at": (row, column), "fuel": np.array([9, 8, 7])})])
    assert nested.state_labels == (((0, 2), 9), ((0, 3), 8), ((1, 3), 7))
    moves = Demonstrations.from_episodes([episode(actions=(np.array([0, 1]), np.array([1, 1])))])
    assert moves.action_labels == ((0, 1), (1, 1))
    with pytest.raises(ValueError, match=r"the parts of the observations of episode 0 have \[2, 3\] entries"):
        Demonstrations.from_episodes([episode(observations=(row, column[:2]))])
    with pytest.raises(ValueError, match=r"the observations of episode 0 \(part 1\) are float64 .*not discrete"):
        Demonstrations.from_episodes([episode(observations=(row, column / 3))])


def test_whole_numbers_are_integers_whatever_their_type():
    plain = Demonstrations.from_episodes([episode()])
    for kind in (np.float32, np.float64, np.uint8, np.int16):
        observations = np.arange(3, dtype=kind)
        assert Demonstrations.from_episodes([episode(observations=observations)]) == plain
        assert Demonstrations.from_episodes([episode(observations=observations[:, None])]) == plain
        assert Demonstrations([(observations, np.array([0, 1], dtype=kind))]) == Demonstrations([([0, 1, 2], [0, 1])])
    pairs = np.array([[0, 1], [0, 2], [1, 1]], dtype=np.float32)
    assert Demonstrations.from_episodes([episode(observations=pairs)]).state_labels == ((0, 1), (0, 2), (1, 1))


# Arrays that hide something.


def test_masked_values_are_missing():
    states = np.ma.masked_array([0, 1, 2], [False, True, False])
    with pytest.raises(ValueError, match="trajectory 0, step 1 is masked, which means missing"):
        Demonstrations([(states, [0, 1])])
    with pytest.raises(ValueError, match="trajectory 'x', step 1 is masked"):
        Demonstrations([([0, 1], np.ma.masked_array([0, 1], [False, True]))], ids=["x"])
    with pytest.raises(ValueError, match="trajectory 0, step 1 is masked"):
        Demonstrations([np.ma.masked_array([[0, 0], [1, 0]], [[False, False], [True, False]])])
    with pytest.raises(ValueError, match="the observations of episode 0 are masked at step 1"):
        Demonstrations.from_episodes([episode(observations=states)])
    unmasked = np.ma.masked_array([0, 1, 2], False)
    assert Demonstrations([(unmasked, [0, 1])]) == Demonstrations([([0, 1, 2], [0, 1])])
    walks = [([0, 1], [0]), ([1, 0], [0])]
    masked = np.ma.masked_array([1, 1], [False, True])
    for option in ("weights", "goals", "terminated"):
        with pytest.raises(ValueError, match="masked"):
            Demonstrations(walks, **{option: masked.astype(bool) if option == "terminated" else masked})


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_an_array():
    walk = np.asmatrix([[0, 1], [2, 0]])
    assert Demonstrations([walk]) == Demonstrations([np.asarray(walk)])
    with pytest.raises(ValueError, match=r"states of trajectory 0 are a ndarray of shape \(1, 2\)"):
        Demonstrations([(np.asmatrix([0, 1]), [0, 1])])


@pytest.mark.parametrize("given", [["False"], [float("nan")], [1], "T"])
def test_what_is_no_flag_does_not_count_as_terminated(given):
    with pytest.raises(ValueError, match=r"terminated must be a boolean array of shape \(1,\)"):
        Demonstrations([([0, 1], [0])], terminated=given)
