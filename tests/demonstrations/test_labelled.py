"""Labels and the MDP's indices: which index a label has must never depend on which other labels happen to be seen."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.control import Comparisons, PreferenceIRL
from maxent_irl.demonstrations.joined import join
from maxent_irl.demonstrations.labelled import in_common_labels
from maxent_irl.metrics import PathMatchScorer, feature_gap_scorer, log_likelihood_per_decision, path_match
from maxent_irl.plotting import CalibrationDisplay

ROOMS, MOVES = ("attic", "bath", "cellar", "den", "entry"), ("stay", "right", "left")


@pytest.fixture(scope="module")
def ring() -> MDP:
    here = np.arange(5)
    return MDP.from_successors(np.stack([here, (here + 1) % 5, (here - 1) % 5], axis=1), discount=0.9)


@pytest.fixture(scope="module")
def walks(ring) -> list:
    policy = soft_value_iteration(ring, [0, 0, 1.0, 0, 0.5]).policy
    drawn = sample_demonstrations(ring, policy, 30, max_steps=6, random_state=0)
    return [(trajectory.states, trajectory.actions) for trajectory in drawn]


def named(walks: list) -> list:
    return [([ROOMS[s] for s in states], [MOVES[a] for a in actions]) for states, actions in walks]


def without_attic(walks: list) -> list:
    return [walk for walk in walks if 0 not in walk[0]]


@pytest.mark.parametrize(
    ("states", "labels"),
    [
        (["b", "a", "b"], ("a", "b")),
        (np.array(["b", "a", "b"]), ("a", "b")),
        (np.array(["b", "a", "b"], dtype=object), ("a", "b")),
        ([(1, 0), (0, 1), (1, 0)], ((0, 1), (1, 0))),
        ([frozenset("a"), 3, frozenset("a")], (frozenset("a"), 3)),  # does not sort: as first seen
        ([np.str_("b"), "a", "b"], ("a", "b")),
        (["10", "9", "10"], ("10", "9")),  # strings sort as strings
        ([1, "a", 1], (1, "a")),  # a mixture is not coerced to strings
    ],
)
def test_labels_map_to_indices_and_back(states, labels):
    demos = Demonstrations([(states, [5, 6, 7])])
    assert demos.state_labels == labels
    assert [demos.state_labels[s] for s in demos.states] == list(states)
    assert demos.action_labels is None
    assert demos.actions.tolist() == [5, 6, 7]


def test_given_labels_are_in_the_order_of_the_indices(walks):
    few = without_attic(walks)[:2]
    demos = Demonstrations(named(few), goals=["attic", "den"], state_labels=ROOMS, action_labels=MOVES)
    expected = Demonstrations(few, goals=[0, 3])
    assert demos.state_labels == ROOMS
    assert demos.action_labels == MOVES
    for name in ("states", "actions", "final_states", "goals", "terminated"):
        np.testing.assert_array_equal(getattr(demos, name), getattr(expected, name))
    assert Demonstrations(Demonstrations(named(few)), state_labels=ROOMS)[1].state_labels == ROOMS


def test_a_final_state_that_is_unknown_stays_so():
    demos = Demonstrations([(["b"], ["x"])], state_labels=["a", "b"], action_labels=["w", "x"])
    assert (demos.final_states[0], demos.states[0], demos.actions[0]) == (-1, 1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state_labels": ["a", "c"]}, "the end of trajectory 0, 'b', is none of the 2 state labels"),
        ({"action_labels": ["y"]}, "'x', is none of the 1 action labels"),
        ({"state_labels": ["a", "b", "a"]}, "state_labels lists 'a' twice"),
    ],
)
def test_labels_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations([(["a", "b"], ["x"])], **options)
    with pytest.raises(ValueError, match="the states are integers, which are indices already"):
        Demonstrations([([0, 1], [0])], state_labels=["a", "b"])


def test_fewer_names_than_states_or_actions_are_refused(ring, walks):
    model = MaxEntIRL(ring, l2=0.1, objective="likelihood")
    part = named(without_attic(walks))
    with pytest.raises(ValueError, match=r"name 4 states \('bath', .*but there are 5.*state_labels=\[\.\.\.\]"):
        model.fit(part)
    still = [(["attic", "bath", "cellar", "den", "entry"] * 2, ["right"] * 9)]
    with pytest.raises(ValueError, match=r"name 1 actions \('right'\), but there are 3.*action_labels"):
        model.fit(still)
    with pytest.raises(ValueError, match="name 4 states"):
        log_likelihood_per_decision(np.full((5, 3), 1 / 3), part)
    with pytest.raises(ValueError, match="name 4 states"):
        cross_val_score(model, part, cv=2)


def test_an_estimator_reads_labels_as_those_of_its_fit(ring, walks):
    few = without_attic(walks)
    # Not in sorted order, so that a plain list by itself would be numbered otherwise.
    fitted = Demonstrations(named(walks), state_labels=ROOMS, action_labels=MOVES)
    model = MaxEntIRL(ring, l2=0.1, objective="likelihood").fit(fitted)
    reference = MaxEntIRL(ring, l2=0.1, objective="likelihood").fit(walks)
    np.testing.assert_array_equal(model.coef_, reference.coef_)
    assert model.score(named(few)) == reference.score(few)
    assert model.score(few) == reference.score(few)
    assert PathMatchScorer()(model, named(few)) == PathMatchScorer()(reference, few)
    np.testing.assert_array_equal(cross_val_score(model, fitted, cv=3), cross_val_score(reference, walks, cv=3))
    with pytest.raises(ValueError, match="trajectory 0, step 0, 'garage', is none of the 5 state labels"):
        model.score([(["garage", "bath"], ["left"])])


def test_labels_given_to_a_fit_without_any_must_name_all_states(ring, walks):
    model, part = MaxEntIRL(ring, l2=0.1).fit(walks), named(without_attic(walks))
    calls = (model.score, partial(feature_gap_scorer, model), partial(PathMatchScorer(), model))
    for call in (*calls, partial(CalibrationDisplay.from_estimator, model)):
        with pytest.raises(ValueError, match="name 4 states"):
            call(part)


def test_only_labels_that_occur_are_looked_up_and_the_place_is_named():
    both = Demonstrations([(["a", "b"], ["x"]), (["b", "c"], ["y"])], goals=["b", "c"])
    assert Demonstrations(both[[0]], state_labels=["b", "a"]).states.tolist() == [1]
    for labels, place in ((["b", "c"], "trajectory 0, step 0, 'a'"), (["a", "b"], "the end of trajectory 1, 'c'")):
        with pytest.raises(ValueError, match=f"the state at {place}, is none of the 2 state labels"):
            Demonstrations(both, state_labels=labels)
    with pytest.raises(ValueError, match="the action at trajectory 1, step 0, 'y', is none of the 1 action labels"):
        Demonstrations(both, action_labels=["x"])
    with pytest.raises(ValueError, match="the state at the goal of trajectory 0, 'd'"):
        Demonstrations(Demonstrations([(["a"], ["x"])], goals=["d"]), state_labels=["a"])


def test_goals_may_have_labels_that_only_the_list_knows():
    walks, names = [(["b", "a"], ["x"])], ["a", "b", "c"]
    for given in (walks, Demonstrations(walks), list(Demonstrations(walks))):
        demos = Demonstrations(given, goals=["c"], state_labels=names)
        assert (demos.states.tolist(), demos.goals.tolist()) == ([1], [2])


def test_labels_may_come_from_an_iterator_and_from_numpy(tmp_path):
    walks = [(["a", "b"], [("x", 1)])]
    for labels in (iter(["b", "a"]), np.array(["b", "a"]), {"b": 0, "a": 1}):
        demos = Demonstrations(walks, state_labels=labels)
        assert demos.state_labels == ("b", "a")
        assert {type(label) for label in demos.state_labels} == {str}
    demos.save(tmp_path / "walks.npz")
    assert Demonstrations.load(tmp_path / "walks.npz") == demos


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("ab", "state_labels must be a list of labels; got 'ab'"),
        (5, "state_labels must be a list of labels; got 5"),
        ([["a"], "b"], r"state_labels holds \['a'\], which cannot be a label"),
        (["a", None], "state_labels holds None at index 1"),
        (np.eye(2), "which cannot be a label"),
    ],
)
def test_what_is_no_list_of_labels_is_named(labels, message):
    with pytest.raises(ValueError, match=message):
        Demonstrations([(["a", "b"], ["x"])], state_labels=labels)


def test_parts_that_are_joined_must_name_all_their_states(ring, walks):
    both = join([ring, ring])
    with pytest.raises(ValueError, match="demonstrations of part 1 do not fit it: the demonstrations name 4 states"):
        both.demonstrations([walks, named(without_attic(walks))])


def test_the_likelihood_under_a_policy_needs_demonstrations_within_it():
    with pytest.raises(ValueError, match=r"trajectory 0 ends in state 5, but states are 0\.\.2"):
        log_likelihood_per_decision(np.full((3, 2), 0.5), [([0, 5], [1])])
    with pytest.raises(ValueError, match="trajectory 1 has 2 decisions, but the policy is given for 1 times"):
        log_likelihood_per_decision(np.full((1, 3, 2), 0.5), [([0], [1]), ([0, 1], [1, 0])])


def test_preferences_read_labels_as_those_of_their_fit(ring, walks):
    order = Demonstrations(named(walks), state_labels=ROOMS, action_labels=MOVES)
    pairs, first = [[0, 1], [2, 3], [4, 5], [6, 7]], [1, 0, 1, 0]
    model = PreferenceIRL(ring, l2=1.0).fit(Comparisons(order, pairs), first)
    assert model.returns(named(walks)).tolist() == model.returns(walks).tolist()
    again = Comparisons(Demonstrations(named(walks)), pairs)
    assert model.score(again, first) == model.score(Comparisons(walks, pairs), first)


def test_scorers_take_estimators_that_are_not_ours(ring, walks):
    """What they read is public: mdp, features and policy_."""
    theirs = SimpleNamespace(mdp=ring, features=None, policy_=np.full((5, 3), 1 / 3))
    assert feature_gap_scorer(theirs, walks) < 0
    assert PathMatchScorer(lambda estimator, data: data)(theirs, walks) == pytest.approx(1.0)


def test_paths_are_compared_by_their_labels():
    taken, predicted = [(["a", "b"], ["go"])], [(["c", "d"], ["go"])]
    assert path_match(taken, predicted).mean == 0.0
    assert path_match(taken, [(["a", "b"], ["go"])]).mean == 1.0
    assert in_common_labels(taken, predicted)[1].state_labels == ("a", "b", "c", "d")
    assert path_match(taken, [([0, 1], [0])]).mean == 1.0  # integers are indices


def test_estimated_dynamics_have_a_state_for_every_label(walks):
    demos = Demonstrations(named(walks), state_labels=[*ROOMS, "garden"], action_labels=[*MOVES, "climb"])
    mdp = MDP.from_demonstrations(demos, discount=0.9)
    assert (mdp.n_states, mdp.n_actions) == (6, 4)
    assert not mdp.available[5].any()
    assert MaxEntIRL(mdp, l2=1.0).fit(demos).summary().coefficients["feature"][5] == "garden"
