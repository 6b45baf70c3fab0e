import copy
import pickle
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, learning_curve, train_test_split

from maxent_irl.demonstrations import Demonstrations, Trajectory
from maxent_irl.mdp import MDP

ARRAYS = ("states", "actions", "offsets", "final_states", "terminated", "weights")
DERIVED = ("lengths", "times", "trajectory_ids", "next_states")


def labelled():
    """Three trajectories with labels, goals, weights, one of known end and one terminated."""
    return Demonstrations(
        [(["home", "road", "work"], ["go", "go"]), (["road", "home"], ["stay", "go"]), (["home"], ["stay"])],
        goals=["work", "shop", "shop"],
        weights=[1.0, 0.5, 2.0],
    )


@st.composite
def demonstrations(draw):
    labels = draw(st.sampled_from(["integer", "string", "tuple"]))
    convert = {"integer": int, "string": lambda v: f"s{v}", "tuple": lambda v: (v // 3, "xyz"[v % 3])}[labels]
    n = draw(st.integers(1, 6))
    states, actions = st.integers(0, 8), st.integers(0, 3)
    trajectories = []
    for _ in range(n):
        steps = draw(st.lists(st.tuples(states, actions), min_size=1, max_size=5))
        path = [convert(s) for s, _ in steps] + [convert(s) for s in draw(st.lists(states, max_size=1))]
        trajectories.append((path, [a if labels == "integer" else f"a{a}" for _, a in steps]))
    options = {}
    if draw(st.booleans()):
        options["goals"] = [convert(v) for v in draw(st.lists(states, min_size=n, max_size=n))]
    if draw(st.booleans()):
        options["weights"] = draw(st.lists(st.sampled_from([0.25, 1.0, 3.0]), min_size=n, max_size=n))
    if draw(st.booleans()):
        options["terminated"] = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return Demonstrations(trajectories, **options)


# Formats.

STEPS = [[(0, 1), (2, 0), (1, 1)], [(2, 2)]]
FORMATS = {
    "arrays": [np.array(steps) for steps in STEPS],
    "one array per dtype": [np.array(steps, dtype=dtype) for steps, dtype in zip(STEPS, ("u1", "i4"), strict=True)],
    "whole floats": [np.array(steps, dtype=float) for steps in STEPS],
    "lists of steps": STEPS,
    "lists of lists": [[list(step) for step in steps] for steps in STEPS],
    "pairs of lists": [tuple(map(list, zip(*steps, strict=True))) for steps in STEPS],
    "pairs of arrays": [tuple(map(np.array, zip(*steps, strict=True))) for steps in STEPS],
    "pairs of numpy integers": [([np.int64(0), np.int8(2), np.int64(1)], (1, 0, 1)), ((2,), [2])],
    "booleans": [([False, 2, True], [True, False, True]), ([2], [2])],
    "objects": [np.array(steps, dtype=object) for steps in STEPS],
    "generator": (steps for steps in STEPS),
    "trajectories": [Trajectory([0, 2, 1], [1, 0, 1]), Trajectory([2], [2])],
}


@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_give_the_same(name):
    demos = Demonstrations(FORMATS[name])
    assert demos.states.tolist() == [0, 2, 1, 2]
    assert demos.actions.tolist() == [1, 0, 1, 2]
    assert demos.offsets.tolist() == [0, 3, 4]
    assert demos.final_states.tolist() == [-1, -1]
    assert demos.state_labels is None
    assert demos.action_labels is None
    assert not demos.terminated.any()
    assert demos.weights.tolist() == [1, 1]
    assert demos.goals is None


def test_three_dimensional_array_is_a_stack_of_trajectories():
    demos = Demonstrations(np.array([[[0, 1], [1, 0]], [[1, 1], [2, 0]]]))
    assert demos.lengths.tolist() == [2, 2]
    assert demos.states.tolist() == [0, 1, 1, 2]


def test_two_steps_as_a_list_and_as_a_pair_are_told_apart_by_type():
    assert Demonstrations([[[0, 1], [2, 3]]]).states.tolist() == [0, 2]
    assert Demonstrations([([0, 1], [2, 3])]).states.tolist() == [0, 1]


def test_derived_arrays():
    demos = Demonstrations([([3, 1, 4], [0, 1]), ([1, 5, 9], [2, 0, 1]), ([2], [0])])
    assert demos.n_decisions == 6
    assert demos.lengths.tolist() == [2, 3, 1]
    assert demos.times.tolist() == [0, 1, 0, 1, 2, 0]
    assert demos.trajectory_ids.tolist() == [0, 0, 1, 1, 1, 2]
    assert demos.next_states.tolist() == [1, 4, 5, 9, -1, -1]
    assert demos.final_states.tolist() == [4, -1, -1]


def test_dtypes():
    demos = Demonstrations([np.array([[0, 1]], dtype="i2")], goals=[3])
    kinds = {name: getattr(demos, name).dtype for name in (*ARRAYS, *DERIVED, "goals")}
    assert kinds.pop("terminated") == np.bool_
    assert kinds.pop("weights") == np.float64
    assert set(kinds.values()) == {np.dtype(np.int64)}


def test_goals_share_the_labels_of_states():
    demos = labelled()
    assert demos.state_labels == ("home", "road", "shop", "work")
    assert demos.goals.tolist() == [3, 2, 2]
    assert demos.action_labels == ("go", "stay")


def test_reaching_the_goal_terminates():
    assert labelled().terminated.tolist() == [True, False, False]
    assert Demonstrations([([0, 1], [0])], terminated=[True]).terminated.tolist() == [True]


def test_goals_and_weights_can_be_replaced():
    demos = Demonstrations(labelled(), goals=["shop", "home", "work"], weights=[0, 1, 4])
    assert demos.goals.tolist() == [2, 0, 3]
    assert demos.weights.tolist() == [0, 1, 4]
    assert demos.states is not None
    assert (demos.states == labelled().states).all()


# Episodes and state paths.


def minari_episode(**changes):
    fields = {"observations": np.array([0, 1, 2]), "actions": np.array([1, 0])}
    fields |= {"terminations": np.array([False, True]), "truncations": np.array([False, False])}
    return SimpleNamespace(**(fields | changes))


def test_episodes_of_minari():
    cut = minari_episode(terminations=np.array([False, False]), truncations=np.array([False, True]))
    demos = Demonstrations.from_episodes([minari_episode(), cut])
    assert demos.states.tolist() == [0, 1, 0, 1]
    assert demos.final_states.tolist() == [2, 2]
    assert demos.terminated.tolist() == [True, False]


def test_episodes_of_imitation():
    episode = SimpleNamespace(obs=np.array([[0], [1], [2]]), acts=np.array([1, 0]), infos=None, terminal=True)
    assert Demonstrations.from_episodes([episode]) == Demonstrations.from_episodes([minari_episode()])


def test_episode_with_several_integers_per_observation_gives_tuples():
    demos = Demonstrations.from_episodes([minari_episode(observations=np.array([[0, 1], [0, 2], [1, 1]]))])
    assert demos.state_labels == ((0, 1), (0, 2), (1, 1))


def test_episode_objects_of_minari_itself():
    minari, gymnasium = pytest.importorskip("minari"), pytest.importorskip("gymnasium")
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    episodes = []
    for i, actions in enumerate(([1, 1, 2, 2, 1, 2], [2, 2, 1, 1, 1, 2], [0, 0])):
        observations, steps = [env.reset(seed=i)[0]], [env.step(action) for action in actions]
        observations += [step[0] for step in steps]
        rewards, terminations, truncations = (np.array([step[k] for step in steps]) for k in (1, 2, 3))
        episodes.append(
            minari.EpisodeData(i, np.array(observations), np.array(actions), rewards, terminations, truncations, {})
        )
    demos = Demonstrations.from_episodes(episodes)
    assert demos.actions.tolist()[:6] == [1, 1, 2, 2, 1, 2]
    assert demos.final_states.tolist() == [15, 15, 0]
    assert demos.terminated.tolist() == [True, True, False]
    # gymnasium's tables put the step onto the goal into `ending`: an episode may end there, in a state P never leads to.
    demos.validate_against(MDP.from_gymnasium(env, discount=0.9))


def corridor(**options):
    """Five states in a row, actions left and right (none off the ends), the last one terminal."""
    successors = np.array([[-1, 1], [0, 2], [1, 3], [2, 4], [-1, -1]])
    return MDP.from_successors(successors, **({"terminal": [4], "discount": 0.9} | options))


def test_actions_are_inferred_from_state_paths():
    demos = Demonstrations.from_state_paths([[0, 1, 2, 1], np.array([3, 4])], corridor())
    assert demos.actions.tolist() == [1, 1, 0, 1]
    assert demos.states.tolist() == [0, 1, 2, 3]
    assert demos.final_states.tolist() == [1, 4]
    goals = Demonstrations.from_state_paths([[0, 1, 2]], corridor(), goals=[2], weights=[3.0])
    assert goals.goals.tolist() == [2]
    assert goals.weights.tolist() == [3]
    assert goals.terminated.all()


# A sequence of trajectories.


def test_indexing():
    demos = labelled()
    assert demos[-1] == demos[2]
    assert demos[np.int64(1)].actions.tolist() == [1, 0]
    for key in ([2, 0], np.array([2, 0], dtype="u1"), (2, 0), [-1, -3]):
        assert demos[key].states.tolist() == [0, 0, 1]
        assert demos[key].weights.tolist() == [2, 1]
        assert demos[key].goals.tolist() == [2, 3]
    for key in (slice(1, None), [1, 2], np.array([False, True, True]), [False, True, True]):
        assert demos[key] == Demonstrations([demos[1], demos[2]])
    assert demos[[0, 0]].offsets.tolist() == [0, 2, 4]
    assert demos[::-1][::-1] == demos
    assert list(reversed(demos))[0] == demos[2]
    assert demos[1] in demos
    assert demos.index(demos[1]) == 1


def test_trajectory_holds_what_belongs_to_it():
    first, second, third = labelled()
    assert first.states.tolist() == [0, 1, 3]
    assert (first.terminated, first.goal, first.weight) == (True, 3, 1.0)
    assert second.states.tolist() == [1, 0]
    assert len(second.states) == len(second.actions)
    assert third.state_labels == ("home", "road", "shop", "work")
    assert repr(first) == "Trajectory(2 decisions, states [0, 1, 3], actions [0, 0], terminated, goal 3, id 0)"


@given(demonstrations(), st.data())
@settings(max_examples=60, deadline=None)
def test_everything_round_trips(demos, data):
    assert Demonstrations(list(demos)) == demos
    assert Demonstrations([demos[i] for i in range(len(demos))]) == demos
    assert Demonstrations(demos) == demos
    assert pickle.loads(pickle.dumps(demos)) == demos
    assert copy.deepcopy(demos) == demos
    assert [pickle.loads(pickle.dumps(t)) for t in demos] == list(demos)
    assert demos[:] == demos
    chosen = data.draw(st.lists(st.integers(-len(demos), len(demos) - 1), min_size=1, max_size=8))
    assert demos[chosen] == Demonstrations([demos[i] for i in chosen])
    assert (demos + demos[chosen])[len(demos) :] == demos[chosen]
    assert demos + demos[chosen] == Demonstrations([*demos, *demos[chosen]])


@given(demos=demonstrations())
@settings(max_examples=30, deadline=None)
def test_files_round_trip(demos, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "demos"
    demos.save(path)
    assert Demonstrations.load(path) == demos


@given(demonstrations())
@settings(max_examples=40, deadline=None)
def test_flat_arrays_agree_with_the_trajectories(demos):
    for i, trajectory in enumerate(demos):
        here = demos.trajectory_ids == i
        n = len(trajectory.actions)
        assert demos.times[here].tolist() == list(range(n))
        assert demos.states[here].tolist() == trajectory.states[:n].tolist()
        following = trajectory.states[1:].tolist()
        assert demos.next_states[here].tolist() == following + [-1] * (n - len(following))
        assert demos.final_states[i] == (trajectory.states[-1] if len(trajectory.states) > n else -1)


def test_equality_is_by_content():
    demos = labelled()
    assert demos == labelled()
    assert demos != Demonstrations(demos, weights=[1, 1, 1])
    assert demos != demos[:2]
    assert demos != list(demos)
    assert demos[0] != demos[1]
    assert Demonstrations([(["a"], [0])]) != Demonstrations([(["b"], [0])])
    with pytest.raises(TypeError, match="unhashable"):
        hash(demos)


def test_nothing_can_be_changed():
    given_array = np.array([[0, 1], [1, 0]])
    for demos in (
        Demonstrations([given_array], goals=[1], weights=[2.0]),
        pickle.loads(pickle.dumps(Demonstrations([given_array], goals=[1]))),
    ):
        for name in (*ARRAYS, *DERIVED, "goals"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(demos, name)[0] = 0
        with pytest.raises(AttributeError, match="immutable"):
            demos.weights = np.ones(1)
        for trajectory in (demos[0], pickle.loads(pickle.dumps(demos[0]))):
            with pytest.raises(ValueError, match="read-only"):
                trajectory.states[0] = 3
    given_array[0, 0] = 7
    assert demos.states[0] == 0


def test_it_is_no_array():
    assert not hasattr(labelled(), "shape")
    assert not hasattr(labelled(), "__array__")


@pytest.mark.parametrize(
    ("demos", "text"),
    [
        (
            labelled(),
            "3 trajectories, 5 decisions, 3 distinct states, 2 distinct actions, lengths 1/2/2 (min/median/max), ",
        ),
        (labelled(), "2 goals, 1 terminated, weights 0.5 to 2>"),
        (
            Demonstrations([[(0, 1)]]),
            "<Demonstrations: 1 trajectory, 1 decision, 1 distinct state, 1 distinct action, all of length 1>",
        ),
        (Demonstrations([(range(2000), [0] * 2000)]), "2,000 decisions, 2,000 distinct states, 1 distinct action, "),
    ],
)
def test_repr(demos, text):
    assert text in repr(demos)
    assert "\n" not in repr(demos)


# Under scikit-learn.


class MeanAction(BaseEstimator):
    """The smallest estimator: remembers the mean action and scores how near others are."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y=None):
        self.mean_ = Demonstrations(X).actions.mean() + self.shift
        return self

    def score(self, X, y=None):
        return -abs(Demonstrations(X).actions.mean() - self.mean_)


@pytest.fixture
def many():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 6, size=30)
    pairs = [(rng.integers(0, 9, n + 1), rng.integers(0, 4, n)) for n in lengths]
    return Demonstrations(pairs, weights=rng.random(30) + 0.1)


def test_cross_validation_and_grid_search(many):
    scores = cross_val_score(MeanAction(), many, cv=KFold(5, shuffle=True, random_state=0))
    assert scores.shape == (5,)
    assert (scores == cross_val_score(MeanAction(), list(many), cv=KFold(5, shuffle=True, random_state=0))).all()
    search = GridSearchCV(MeanAction(), {"shift": [0.0, 1.0, 5.0]}, cv=3).fit(many)
    assert search.best_params_ == {"shift": 0.0}
    sizes, train_scores, _ = learning_curve(MeanAction(), many, None, train_sizes=[0.5, 1.0], cv=3)
    assert sizes.tolist() == [10, 20]
    assert np.isfinite(train_scores).all()


def test_splitting_loses_nothing(many):
    train, test, train_ids, test_ids = train_test_split(many, np.arange(30), random_state=0)
    assert Demonstrations(train) == many[train_ids]
    assert Demonstrations(test) == many[test_ids]
    for rest, held_out in KFold(4, shuffle=True, random_state=1).split(many):
        assert len(many[rest]) + len(many[held_out]) == 30


def test_processes_receive_the_same(many):
    counts = joblib.Parallel(n_jobs=2, max_nbytes=100)(
        joblib.delayed(Demonstrations.state_action_counts)(demos, 9, 4) for demos in (many, many[:3])
    )
    assert (counts[0] == many.state_action_counts(9, 4)).all()
    assert (counts[1] == many[:3].state_action_counts(9, 4)).all()


# Counts.


@given(demonstrations(), st.sampled_from([1.0, 0.5, 0.0]))
@settings(max_examples=40, deadline=None)
def test_counts_are_those_of_a_loop(demos, discount):
    S, A = 10, 4
    pairs, moves = np.zeros((S, A)), np.zeros((A * S, S))
    for trajectory in demos:
        for t, (s, a) in enumerate(zip(trajectory.states, trajectory.actions, strict=False)):
            pairs[s, a] += trajectory.weight * discount**t
            if t + 1 < len(trajectory.states):
                moves[a * S + s, trajectory.states[t + 1]] += trajectory.weight
    counts = demos.state_action_counts(S, A, discount=discount)
    np.testing.assert_allclose(counts, pairs)
    assert counts.flags.f_contiguous
    np.testing.assert_allclose(demos.transition_counts(S, A).toarray(), moves)


def test_weightless_transitions_are_not_stored():
    demos = Demonstrations([([0, 1], [0]), ([1, 0], [0])], weights=[1, 0])
    assert demos.transition_counts(2, 1).nnz == 1
