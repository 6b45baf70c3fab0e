"""Wrong demonstrations, and the offender that each error has to name."""

from types import SimpleNamespace

import numpy as np
import pytest

from maxent_irl.demonstrations import Demonstrations, Trajectory
from maxent_irl.mdp import MDP

GOOD = ([0, 1, 2], [1, 1])


def labelled(*trajectories, **options):
    return Demonstrations(list(trajectories), **options)


@pytest.mark.parametrize(
    ("trajectories", "message"),
    [
        ([], "there are no trajectories"),
        ([GOOD, ([], [])], "trajectory 1 has no decisions: leave it out"),
        ([GOOD, ([3], [])], "trajectory 1 has no decisions"),
        ([GOOD, np.empty((0, 2), dtype=int)], "trajectory 1 has no decisions"),
        ([GOOD, ([0, 1, 2, 3], [0])], "trajectory 1 has 4 states but 1 actions"),
        ([GOOD, ([0], [0, 1])], "trajectory 1 has 1 states but 2 actions"),
        ([GOOD, np.zeros((4, 3), dtype=int)], r"trajectory 1 has shape \(4, 3\)"),
        (np.array([[0, 1], [1, 0]]), r"trajectory 0 has shape \(2,\).*a single trajectory goes into a list"),
        ([([0, -1], [0, 0])], "the state at trajectory 0, step 1 is -1"),
        ([GOOD, ([0, 1], [0, -3])], "the action at trajectory 1, step 1 is -3"),
        ([GOOD, np.array([[0, 1.5]])], "the action at trajectory 1, step 0 is 1.5: actions are finite in number"),
        ([([0, np.inf], [0, 0])], "the state at trajectory 0, step 1 is inf"),
        ([GOOD, np.array([[0, 1], [np.nan, 1]])], r"the state at trajectory 1, step 1 is missing \(NaN\)"),
        ([(["a", None], [0, 0])], r"the state at trajectory 0, step 1 is missing \(None\)"),
        ([(["a", float("nan")], [0, 0])], "the state at trajectory 0, step 1 is missing"),
        ([(["a", ["b"]], [0, 0])], "the state at trajectory 0, step 1 is a list, which cannot be a label"),
        ([GOOD, "LRLR"], "trajectory 1 is of type str"),
        ([GOOD, 7], "trajectory 1 is of type int"),
        ([GOOD, ("ab", [0, 1])], "the states of trajectory 1 are a str"),
        ([(np.zeros((2, 2)), [0, 1])], r"the states of trajectory 0 are a ndarray of shape \(2, 2\)"),
        ([GOOD, (1, 2, 3)], "trajectory 1 is a tuple of 3"),
        ([[np.array([0, 1]), np.array([1, 0])]], r"trajectory 0, step 0 is array.*as a tuple \(states, actions\)"),
        ([[0, 1, 2]], "trajectory 0, step 0 is 0"),
        ([Trajectory([0], [0]), GOOD], "trajectory 0 is a Trajectory, but others are not"),
        ({"state": [0]}, "trajectories is a dict.*from_table"),
    ],
)
def test_lists_that_are_refused(trajectories, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations(trajectories)


def test_data_frame_is_sent_to_from_table():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="trajectories is a DataFrame.*from_table"):
        Demonstrations(pandas.DataFrame({"s": [0], "a": [1]}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [1, -2]}, "the weight of trajectory 1 is -2.0"),
        ({"weights": [np.nan, 1]}, "the weight of trajectory 0 is nan"),
        ({"weights": [1, np.inf]}, "the weight of trajectory 1 is inf"),
        ({"weights": [0, 0]}, "all weights are zero"),
        ({"weights": [1]}, r"weights must have shape \(2,\).*got \(1,\)"),
        ({"goals": [2]}, "goals must hold one state per trajectory, 2 in all; got 1"),
        ({"goals": 2}, "goals must hold one state per trajectory, 2 in all; got 2"),
        ({"goals": [2, -1]}, "the state at the goal of trajectory 1 is -1"),
        ({"goals": [2, None]}, "the state at the goal of trajectory 1 is missing"),
        ({"terminated": [True]}, r"terminated must be a boolean array of shape \(2,\)"),
        ({"terminated": [0, 1]}, "terminated must be a boolean array.*got int64"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations([GOOD, GOOD], **options)
    with pytest.raises(ValueError, match=message):
        Demonstrations(Demonstrations([GOOD, GOOD]), **options)


def test_goals_that_do_not_fit_the_labels():
    with pytest.raises(ValueError, match="goal of trajectory 0, 'nowhere', is none of the 1 state labels"):
        Demonstrations(labelled((["a"], [0])), goals=["nowhere"])
    with pytest.raises(ValueError, match="goals are labels such as 'a', but the states are integers"):
        Demonstrations(labelled(([0], [0])), goals=["a"])


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, IndexError, "there is no trajectory 3: there are 3"),
        (-4, IndexError, "there is no trajectory -4"),
        ([0, 5], IndexError, "there is no trajectory 5"),
        ([True, False], IndexError, r"a boolean index must have shape \(3,\)"),
        (True, IndexError, "a boolean index"),
        ([0.0, 1.0], IndexError, "index trajectories by integers"),
        ("a", IndexError, "index trajectories by integers"),
        (slice(3, 3), ValueError, "selects no trajectories"),
        ([], ValueError, "selects no trajectories"),
        ([False] * 3, ValueError, "selects no trajectories"),
    ],
)
def test_indices_that_are_refused(key, error, message):
    with pytest.raises(error, match=message):
        labelled(GOOD, GOOD, GOOD)[key]


def test_joining_what_does_not_agree():
    with pytest.raises(ValueError, match="different state_labels"):
        labelled((["a"], [0])) + labelled((["b"], [0]))
    with pytest.raises(ValueError, match="one has goals and the other has none"):
        labelled(GOOD) + labelled(GOOD, goals=[2])
    with pytest.raises(ValueError, match="trajectory 1 has other state_labels than trajectory 0"):
        Demonstrations([labelled((["a"], [0]))[0], labelled((["b"], [0]))[0]])
    with pytest.raises(ValueError, match="trajectory 1 has no goal but another has"):
        Demonstrations([labelled(GOOD, goals=[2])[0], labelled(GOOD)[0]])
    with pytest.raises(TypeError):
        labelled(GOOD) + [GOOD]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"states": [0, 1, 2], "actions": [0]}, "the trajectory has 3 states but 1 actions"),
        ({"states": [0.5], "actions": [0]}, "states of a Trajectory must be a 1-D integer array; got float64"),
        ({"states": [0], "actions": [[0]]}, r"actions of a Trajectory.*got int64 \(1, 1\)"),
    ],
)
def test_trajectories_that_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Trajectory(**fields)


@pytest.mark.parametrize(
    ("episode", "message"),
    [
        ({"observations": np.arange(3)}, r"episode 0 \(SimpleNamespace\) has neither .actions nor .acts"),
        ({"actions": np.arange(3)}, "has neither .observations nor .obs"),
        ({"obs": np.arange(5), "acts": np.arange(2)}, "trajectory 0 has 5 states but 2 actions"),
        ({"obs": np.ones((3, 2)) / 3, "acts": np.arange(2)}, "the observations of episode 0 are float64.*not discrete"),
        ({"obs": np.arange(3), "acts": np.ones(2) / 3}, "the actions of episode 0 are float64.*not discrete"),
        ({"obs": {"x": np.ones(3) / 3}, "acts": np.arange(2)}, r"the observations of episode 0 \('x'\) are float64"),
        (
            {"observations": np.arange(3), "actions": np.arange(2), "terminations": np.array([True, False])},
            "episode 0 is marked as terminated at step 0 but goes on",
        ),
    ],
)
def test_episodes_that_are_refused(episode, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_episodes([SimpleNamespace(**episode)])


# Three states; action 0 stays or moves on (half each), action 1 moves on, action 2 (only in state 0) moves on too.
TRANSITIONS = np.zeros((3, 3, 3))
TRANSITIONS[0, 0, [0, 1]] = TRANSITIONS[1, 0, [1, 2]] = 0.5
TRANSITIONS[[0, 1, 0], [1, 1, 2], [1, 2, 1]] = 1.0
AVAILABLE = np.array([[True, True, True], [True, True, False], [False, False, False]])


def small(**options):
    return MDP(TRANSITIONS, **({"available": AVAILABLE, "terminal": [2], "discount": 0.9} | options))


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "there are no trajectories"),
        ([[0, 0], [1]], r"trajectory 1 visits 1 state\(s\), so it has no decisions"),
        ([[0, 0], [1, 1, 3]], "trajectory 1, step 2 visits state 3; the MDP has states 0..2"),
        ([[0, 0], [1, 1, 0]], "trajectory 1, step 1 goes from state 1 to state 0, which no available action can do"),
        ([[0, 0, 1]], r"trajectory 0, step 1 goes from state 0 to state 1, which actions \[0, 1, 2\] can all do"),
        ([[2, 2]], r"trajectory 0, step 0 goes from state 2 to state 2.*\(state is terminal\)"),
        ([["a", "b"]], "paths hold labels such as 'a'"),
        ([3], "the states of trajectory 0 are a int"),
    ],
)
def test_state_paths_that_are_refused(paths, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations.from_state_paths(paths, small())


def ends_by_action(**options):
    """`small`, but moving on from state 1 ends the episode: nothing leads into state 2."""
    transitions, ending = TRANSITIONS.copy(), np.zeros((3, 3))
    transitions[1, :, 2] = 0
    ending[1, :2] = 0.5, 1.0
    return MDP(transitions, **({"available": AVAILABLE, "terminal": [2], "ending": ending, "discount": 0.9} | options))


FEASIBLE = [
    (small(), [([0, 0, 1, 2], [0, 0, 1]), ([0], [2]), ([1], [0])], {}),
    (small(horizon=2), [([0, 1, 2], [1, 1])], {}),
    (small(horizon=2), [([0, 0], [0, 0])], {"terminated": [True]}),  # over at the horizon
    (small(), [([0, 1, 2], [1, 1])], {"terminated": [True]}),
    (small(), [([0, 1], [1, 1])], {"terminated": [True]}),  # final state not recorded; state 2 is a possible one
    (small(), [([0, 1], [0]), ([0], [1])], {"goals": [1, 1], "terminated": [True, True]}),
    (ends_by_action(), [([0, 1, 2], [1, 1]), ([0, 1], [1, 1])], {"terminated": [True, True]}),
    (
        ends_by_action(),
        [([0, 1, 1, 0], [1, 0, 0])],
        {"terminated": [True]},
    ),  # whatever state was recorded after the end
    (ends_by_action(), [([0, 1, 1], [1, 0])], {}),
]


@pytest.mark.parametrize(("mdp", "trajectories", "options"), FEASIBLE)
def test_what_can_have_happened_is_accepted(mdp, trajectories, options):
    Demonstrations(trajectories, **options).validate_against(mdp)


@pytest.mark.parametrize(
    ("mdp", "trajectories", "options", "message"),
    [
        (small(), [GOOD, ([1, 3], [0, 0])], {}, r"trajectory 1, step 1 is in state 3, but states are 0\.\.2"),
        (small(), [GOOD, ([1, 3], [0])], {}, "trajectory 1 ends in state 3, but states are"),
        (small(), [([0], [0])], {"goals": [7]}, "the goal of trajectory 0 is state 7, but states are"),
        (small(), [GOOD, ([0, 1], [0, 9])], {}, r"trajectory 1, step 1 takes action 9, but actions are 0\.\.2"),
        (small(), [GOOD, ([1, 2], [1, 0])], {}, "trajectory 1, step 1 takes action 0 in state 2, which is terminal"),
        (small(), [([0, 1], [1, 0])], {"goals": [1]}, "trajectory 0, step 1 takes action 0 in state 1, its goal"),
        (
            small(),
            [([0, 1], [1, 2])],
            {},
            r"trajectory 0, step 1 takes action 2 in state 1.*\(available: action 0, action 1\)",
        ),
        (
            small(),
            [([0, 0], [1])],
            {},
            "trajectory 0, step 0 goes from state 0 by action 1 to state 0, .*probability 0",
        ),
        (small(horizon=1), [([0, 1, 2], [1, 1])], {}, "trajectory 0 has 2 decisions, more than the horizon of 1"),
        (
            small(),
            [GOOD, ([0, 1], [1])],
            {"terminated": [True, True]},
            "trajectory 1 is marked as terminated after step 0",
        ),
        (small(), [([0], [0])], {"terminated": [True]}, r"terminated after step 0 \(action 0 in state 0\)"),
        (small(), [([0], [0])], {"goals": [2], "terminated": [True]}, "terminated after step 0"),
        (ends_by_action(), [([0, 1, 2], [1, 1])], {}, "to state 2.*if it did, mark the trajectory as terminated"),
        (ends_by_action(), [([0, 1, 2, 2], [1, 1, 0])], {"terminated": [True]}, "in state 2, which is terminal"),
        (ends_by_action(), [([0, 1], [1])], {"terminated": [True]}, "but the MDP does not end in state 1 there"),
    ],
)
def test_what_cannot_have_happened_is_named(mdp, trajectories, options, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations(trajectories, **options).validate_against(mdp)


def test_errors_name_labels():
    demos = labelled((["hall", "home", "hall"], ["go", "wait"]))
    with pytest.raises(
        ValueError, match=r"step 0 goes from state 'hall' \(index 0\) by action 'go' \(index 0\) to state 'home'"
    ):
        demos.validate_against(MDP(np.eye(2)[:, None, :].repeat(2, axis=1), discount=0.5))


def test_counts_outside_are_named():
    demos = labelled(GOOD, ([0, 5], [0, 1]))
    with pytest.raises(ValueError, match=r"trajectory 1, step 1 is in state 5, but states are 0\.\.4"):
        demos.state_action_counts(5, 2)
    with pytest.raises(ValueError, match=r"trajectory 0, step 0 takes action 1, but actions are 0\.\.0"):
        demos.state_action_counts(6, 1)
    with pytest.raises(ValueError, match="trajectory 0 ends in state 2, but states are"):
        labelled(GOOD).transition_counts(2, 2)


# Files.


def test_truncated_and_foreign_files(tmp_path):
    path = tmp_path / "demos.npz"
    labelled(GOOD).save(path)
    whole = path.read_bytes()
    for kept in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=r"demos.npz is not a readable .npz file"):
            Demonstrations.load(path)
    path.write_bytes(whole[:200] + bytes(40) + whole[240:])
    with pytest.raises(ValueError, match=r"demos.npz"):
        Demonstrations.load(path)
    path.write_text("seq,state,action\n")
    with pytest.raises(ValueError, match=r"demos.npz is not a readable .npz file"):
        Demonstrations.load(path)
    np.savez(path, states=np.arange(3))
    with pytest.raises(ValueError, match=r"demos.npz holds no Demonstrations of version 2"):
        Demonstrations.load(path)
    with pytest.raises(FileNotFoundError):
        Demonstrations.load(tmp_path / "absent.npz")


def test_files_are_not_executed(tmp_path):
    path = tmp_path / "demos.npz"
    np.savez(path, format=np.array(["maxent_irl.Demonstrations 1", print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Demonstrations.load(path)


def test_labels_that_no_file_can_hold(tmp_path):
    with pytest.raises(ValueError, match=r"the state label frozenset\(\) \(frozenset\) cannot be written"):
        labelled(([frozenset()], [0])).save(tmp_path / "x")
    assert not (tmp_path / "x").exists()
