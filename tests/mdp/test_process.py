"""The MDP: what goes in, how it is stored, and that it never changes."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import KINDS, problem_of_kind
from packaged import as_mdp
from scipy import sparse
from sklearn.base import clone

from maxent_irl import MDP, gymnasium_reward, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations


def same(first: MDP, second: MDP) -> bool:
    """Whether two MDPs hold the same numbers."""
    arrays = ("initial", "terminal", "available", "ending")
    return (
        (first.n_states, first.n_actions, first.discount, first.horizon)
        == (second.n_states, second.n_actions, second.discount, second.horizon)
        and abs(first.transitions - second.transitions).max() == 0
        and all(
            (getattr(first, name) is None) == (getattr(second, name) is None)
            and (getattr(first, name) is None or np.array_equal(getattr(first, name), getattr(second, name)))
            for name in arrays
        )
    )


def arrays_of(mdp: MDP) -> dict[str, np.ndarray]:
    """Every array an MDP holds, by name."""
    P = mdp.transitions
    named = {"data": P.data, "indices": P.indices, "indptr": P.indptr, "terminal": mdp.terminal}
    named |= {"available": mdp.available, "initial": mdp.initial, "ending": mdp.ending}
    return {name: array for name, array in named.items() if array is not None}


# Inputs ---------------------------------------------------------------------------------------------------------------


def test_rows_are_action_major(rng):
    P = rng.dirichlet(np.ones(4), size=(4, 3))
    stored = MDP(P, discount=0.9).transitions.toarray()
    for s in range(4):
        for a in range(3):
            assert np.array_equal(stored[a * 4 + s], P[s, a])


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_format_gives_the_same_mdp(kind):
    problem = problem_of_kind(kind)
    P, options, (S, A) = problem.P, problem.keywords(), problem.shape
    dense = MDP(P, **options)
    per_action = [P[:, a] for a in range(A)]
    others = [
        MDP(per_action, **options),
        MDP(tuple(per_action), **options),
        MDP(P.astype(np.longdouble), **options),
        MDP(np.asfortranarray(P), **options),
        MDP([sparse.csr_array(block) for block in per_action], **options),
        MDP([sparse.csc_matrix(block) for block in per_action], **options),
        MDP([sparse.coo_array(per_action[0]), *per_action[1:]], **options),
        MDP(sparse.coo_array(P), **options),
        MDP.from_stacked(sparse.csr_array(np.swapaxes(P, 0, 1).reshape(A * S, S)), A, **options),
    ]
    for other in others:
        assert same(dense, other)


def test_storage_is_canonical():
    duplicated = sparse.coo_array(([0.25, 0.25, 0.5, 0.0, 1.0], ([0, 0, 0, 1, 1], [1, 1, 0, 1, 0])), shape=(2, 2))
    P = MDP([duplicated], discount=0.5).transitions
    assert P.has_canonical_format
    assert P.nnz == 3
    assert (P.data > 0).all()
    assert P.dtype == np.float64
    assert P.indices.dtype == P.indptr.dtype == np.int32
    assert np.array_equal(P.toarray(), [[0.5, 0.5], [1.0, 0.0]])


def test_integer_and_float32_tables_are_read():
    assert MDP(np.ones((1, 1, 1), dtype=int), discount=0.5).transitions.dtype == np.float64
    thirds = np.full((3, 2, 3), 1 / 3, dtype=np.float32)
    assert MDP(thirds, discount=0.5).transitions.nnz == 18


def test_rows_of_terminal_states_and_unavailable_actions_are_not_used():
    P = np.full((2, 2, 2), np.nan)
    P[0, 0] = [0.0, 1.0]
    mdp = MDP(P, terminal=[1], available=np.array([[True, False], [True, True]]))
    assert mdp.transitions.nnz == 1
    assert np.array_equal(mdp.available, [[True, False], [False, False]])


def test_available_is_in_fortran_order_and_closed_in_terminal_states():
    mdp = as_mdp(problem_of_kind("finite, everything"))
    assert mdp.available.flags.f_contiguous
    assert not mdp.available[mdp.terminal].any()


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        ([True, False], [True, False]),
        ([1, 0], [True, True]),  # indices, although as long as a mask
        ([1], [False, True]),
        (1, [False, True]),
        (np.array([0], dtype=np.uint8), [True, False]),
        ([], [False, False]),
        (None, [False, False]),
    ],
)
def test_terminal_masks_and_indices_are_told_apart_by_dtype(terminal, expected):
    mdp = MDP(np.full((2, 1, 2), 0.5), terminal=terminal, discount=0.9)
    assert np.array_equal(mdp.terminal, expected)


def test_initial_distribution_is_uniform_over_states_in_which_something_is_decided():
    mdp = MDP(np.full((3, 1, 3), 1 / 3), terminal=[1], discount=0.9)
    assert mdp.initial is None
    assert np.array_equal(mdp.initial_distribution, [0.5, 0.0, 0.5])
    assert np.array_equal(mdp.replace(initial=[0, 1, 0]).initial_distribution, [0, 1, 0])


def test_from_successors_is_the_deterministic_mdp():
    mdp = MDP.from_successors([[1, -1], [2, 0], [-1, -1]], terminal=[2])
    P = np.zeros((3, 2, 3))
    P[0, 0, 1] = P[1, 0, 2] = P[1, 1, 0] = 1
    available = np.array([[True, False], [True, True], [False, False]])
    assert same(mdp, MDP(P, terminal=[2], available=available))
    assert mdp.structure.deterministic


def test_a_state_of_which_every_action_is_minus_one_is_a_dead_end():
    mdp = MDP.from_successors([[1, 0], [-1, -1]], discount=0.9)
    assert not mdp.terminal.any()
    assert not mdp.available[1].any()


def test_ending_takes_what_the_rows_lack():
    P, ending = np.array([[[0.25, 0.25]], [[0.0, 0.0]]]), np.array([[0.5], [1.0]])
    mdp = MDP(P, ending=ending)
    assert np.array_equal(mdp.ending, ending)
    assert not mdp.terminal.any()
    assert MDP(np.full((2, 1, 2), 0.5), ending=np.zeros((2, 1)), discount=0.5).ending is None


# Estimation from demonstrations ---------------------------------------------------------------------------------------


def test_from_demonstrations_counts():
    demos = Demonstrations([([0, 1, 0, 2], [0, 1, 0]), ([0, 1], [0]), ([1, 2], [0])], weights=[1.0, 2.0, 1.0])
    mdp = MDP.from_demonstrations(demos, discount=0.9)
    P = mdp.transitions.toarray().reshape(2, 3, 3)
    # From 0 by 0: to 1 with weight 1 + 2, to 2 with weight 1.
    np.testing.assert_allclose(P[0, 0], [0.0, 0.75, 0.25])
    np.testing.assert_allclose(P[1, 1], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(P[0, 1], [0.0, 0.0, 1.0])
    assert np.array_equal(mdp.available, [[True, False], [True, True], [False, False]])
    assert np.array_equal(mdp.terminal, [False, False, True])
    demos.validate_against(mdp)


def test_from_demonstrations_smooths_over_the_successors_seen_from_the_state():
    demos = Demonstrations([([0, 1, 0, 2], [0, 1, 0]), ([0, 1], [0]), ([1, 2], [0])])
    P = MDP.from_demonstrations(demos, smoothing=0.5, discount=0.9).transitions.toarray().reshape(2, 3, 3)
    np.testing.assert_allclose(P[0, 0], [0.0, 2.5 / 4, 1.5 / 4])
    np.testing.assert_allclose(P[1, 1], [1.5 / 2, 0.0, 0.5 / 2])  # successors 0 and 2 were seen from 1
    np.testing.assert_allclose(P[0, 1], [0.5 / 2, 0.0, 1.5 / 2])


def test_from_demonstrations_does_not_make_a_state_terminal_that_was_left_or_named_otherwise():
    demos = Demonstrations([([0, 1], [0]), ([1, 0], [0])])
    assert not MDP.from_demonstrations(demos, discount=0.9).terminal.any()
    one_way = Demonstrations([([0, 1], [0])])
    assert MDP.from_demonstrations(one_way).terminal[1]
    assert not MDP.from_demonstrations(one_way, terminal=[], discount=0.9).terminal.any()
    assert MDP.from_demonstrations(one_way, n_states=5, n_actions=3).transitions.shape == (15, 5)


def test_demonstrations_fit_the_mdp_estimated_from_them(rng):
    for _ in range(20):
        demos = Demonstrations([rng.integers(0, 4, size=(5, 2)) for _ in range(3)])
        demos.validate_against(MDP.from_demonstrations(demos, discount=0.9))


# Gymnasium ------------------------------------------------------------------------------------------------------------

ENVIRONMENTS = {
    "FrozenLake_v1": ("FrozenLake-v1", {}),
    "FrozenLake_v1_8x8": ("FrozenLake-v1", {"map_name": "8x8"}),
    "CliffWalking_v1": ("CliffWalking-v1", {}),
    "Taxi_v4": ("Taxi-v4", {}),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_gymnasium_environments_agree_with_the_reference(name, real_data):
    gymnasium = pytest.importorskip("gymnasium")
    env_id, options = ENVIRONMENTS[name]
    env = gymnasium.make(env_id, **options)
    reward = gymnasium_reward(env)
    with np.load(real_data / "tabular_mdps" / f"{name}.npz", allow_pickle=False) as reference:
        S, A = reference["R"].shape
        stored = sparse.coo_array((reference["p"], (reference["a"] * S + reference["s"], reference["s2"])), (A * S, S))
        np.testing.assert_allclose(reward, reference["R"], atol=1e-12)
        for discount in (0.9, 0.99):
            mdp = MDP.from_gymnasium(env, discount=discount)
            assert abs(mdp.transitions - stored.tocsr()).max() < 1e-12
            np.testing.assert_allclose(mdp.initial_distribution, reference["mu"], atol=1e-12)
            soft = soft_value_iteration(mdp, reward)
            np.testing.assert_allclose(soft.V, reference[f"V_soft_{discount}"], atol=1e-8)
            np.testing.assert_allclose(soft.policy, reference[f"pi_soft_{discount}"], atol=1e-8)
            hard = soft_value_iteration(mdp, reward, temperature=0)
            np.testing.assert_allclose(hard.V, reference[f"V_hard_{discount}"], atol=1e-8)


END = [(1.0, 1, 0.0, True)]


def hand_made(table):
    return SimpleNamespace(unwrapped=SimpleNamespace(P=table))


@pytest.mark.parametrize("last", [{}, {0: [], 1: []}])
def test_hand_made_tables_lack_what_cannot_be_done(last):
    """A state without actions is terminal, an action that is not listed unavailable."""
    mdp = MDP.from_gymnasium(
        hand_made({0: {0: [(1.0, 1, 0.5, False)]}, 1: {1: [(1.0, 2, 0.0, False)]}, 2: last}), discount=1.0
    )
    assert mdp.available.tolist() == [[True, False], [False, True], [False, False]]
    assert mdp.terminal.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {0: {0: [(1.0, 7, 0.0, False)]}, 1: {0: END}},
            r"P of state 0, action 0 holds \(1.0, 7.*next state 7 is none of 0..1",
        ),
        (
            {0: {0: [(1.0, 1, 0.0)]}, 1: {0: END}},
            "P of state 0, action 0 holds .*terminated. belongs: not enough values",
        ),
        ({0: {0: [("a", 1, 0.0, False)]}, 1: {0: END}}, "P of state 0, action 0 holds .*could not convert"),
        ({0: {0: [(0.5, 1, 0.0, False)]}, 1: {0: END}}, "transitions from state 0 under action 0 sum to 0.5"),
        ({1: {0: END}, 2: {0: END}}, r"P, states must be numbered 0, 1, 2, ...; got \[1, 2\]"),
        ({0: {"up": END}, 1: {0: END}}, r"P, actions of state 0 must be numbered 0, 1, 2, ...; got \['up'\]"),
        ({0: {}, 1: {}}, "P lists no action in any state"),
    ],
)
def test_hand_made_tables_that_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        MDP.from_gymnasium(hand_made(table), discount=0.9)


def test_a_gymnasium_transition_that_terminates_ends_the_episode():
    class Env:
        # One state: action 0 ends with 3/4 (two duplicate entries), otherwise stays; action 1 stays.
        P = {0: {0: [(0.5, 0, 1.0, True), (0.25, 0, 1.0, True), (0.25, 0, 0.0, False)], 1: [(1.0, 0, -1.0, False)]}}

    mdp = MDP.from_gymnasium(Env(), discount=0.5)
    assert np.array_equal(mdp.ending, [[0.75, 0.0]])
    assert np.array_equal(mdp.transitions.toarray(), [[0.25], [1.0]])
    assert np.array_equal(gymnasium_reward(Env()), [[0.75, -1.0]])


# Immutability ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def full_mdp() -> MDP:
    return as_mdp(problem_of_kind("finite, everything"))


COPIES = {
    "constructor": lambda mdp: mdp,
    "with_goal": lambda mdp: mdp.with_goal(0),
    "replace": lambda mdp: mdp.replace(discount=0.5, initial=np.full(4, 0.25)),
    "pickle": lambda mdp: pickle.loads(pickle.dumps(mdp)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("way", COPIES)
def test_arrays_are_read_only_whatever_the_way_an_mdp_came_to_be(way, full_mdp):
    made = COPIES[way](full_mdp)
    for name, array in arrays_of(made).items():
        assert not array.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_attributes_cannot_be_set(full_mdp):
    with pytest.raises(AttributeError, match="immutable.*discount"):
        full_mdp.discount = 0.5


def test_the_callers_arrays_are_copied_and_stay_writable():
    problem = problem_of_kind("finite, everything")
    mdp = as_mdp(problem)
    before = {name: array.copy() for name, array in arrays_of(mdp).items()}
    for array in (problem.P, problem.initial, problem.terminal, problem.available, problem.ending):
        array[...] = 1 - array
    for name, array in arrays_of(mdp).items():
        assert np.array_equal(array, before[name]), name


def test_a_sparse_matrix_of_the_callers_is_copied_and_stays_writable():
    matrix = sparse.eye_array(3, format="csr")
    mdps = [MDP([matrix], discount=0.5), MDP.from_stacked(matrix, 1, discount=0.5)]
    matrix.data[:] = 7.0
    for mdp in mdps:
        assert (mdp.transitions.data == 1.0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_pickling_keeps_everything(kind):
    mdp = as_mdp(problem_of_kind(kind))
    assert same(mdp, pickle.loads(pickle.dumps(mdp)))


def test_pickles_leave_caches_behind(full_mdp):
    bare = len(pickle.dumps(full_mdp))
    soft_value_iteration(full_mdp.replace(horizon=None), np.zeros(4))
    _ = full_mdp.structure.usable("exact")
    assert len(pickle.dumps(full_mdp)) == bare


def test_clone_returns_the_same_object(full_mdp):
    assert clone(full_mdp) is full_mdp


def test_joblib_shares_the_arrays_read_only():
    joblib = pytest.importorskip("joblib")
    S = 400
    mdp = MDP(np.full((S, 1, S), 1 / S), discount=0.5)

    def inside(mdp, reward):
        return soft_value_iteration(mdp, reward).V, mdp.transitions.data.flags.writeable, type(mdp.transitions.data)

    results = joblib.Parallel(n_jobs=2, max_nbytes="100K")(
        joblib.delayed(inside)(mdp, np.full(S, r)) for r in (1.0, 2.0)
    )
    for r, (V, writeable, kind) in zip((1.0, 2.0), results, strict=True):
        np.testing.assert_allclose(V, 2 * r)
        assert not writeable
        assert issubclass(kind, np.memmap)


# Changed copies, files, text ------------------------------------------------------------------------------------------


def test_with_goal_shares_the_transitions_and_leaves_the_original(full_mdp):
    goal = full_mdp.with_goal(1)
    assert goal.transitions is full_mdp.transitions
    assert goal.terminal[1]
    assert not goal.available[1].any()
    assert not full_mdp.terminal[1]
    assert full_mdp.with_goal(3) is full_mdp  # already terminal


def test_with_goal_solves_like_an_mdp_built_with_that_terminal_state():
    problem = problem_of_kind("discounted")
    over = np.zeros(4, dtype=bool)
    over[2] = True
    reward = np.arange(4.0)
    shared = soft_value_iteration(as_mdp(problem).with_goal(2), reward)
    built = soft_value_iteration(as_mdp(problem.with_(terminal=over)), reward)
    np.testing.assert_allclose(shared.V, built.V, rtol=1e-12)
    np.testing.assert_allclose(shared.policy, built.policy, rtol=1e-12)


def test_replace_shares_the_transitions(full_mdp):
    other = full_mdp.replace(discount=0.25, horizon=7)
    assert (other.discount, other.horizon) == (0.25, 7)
    assert other.transitions is full_mdp.transitions
    assert full_mdp.discount == 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_mdp_is_loaded_as_it_was(kind, tmp_path):
    mdp = as_mdp(problem_of_kind(kind))
    mdp.save(tmp_path / "mdp.npz")
    assert same(mdp, MDP.load(tmp_path / "mdp.npz"))
    with np.load(tmp_path / "mdp.npz", allow_pickle=False) as file:
        assert all(file[key].dtype != object for key in file.files)


def test_repr_says_what_matters(full_mdp):
    text = repr(full_mdp)
    for part in ("n_states=4", "n_actions=3", "discount=0.9", "horizon=4", "1 terminal"):
        assert part in text


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    n_states=st.integers(1, 7),
    n_actions=st.integers(1, 4),
    masked=st.booleans(),
    ending=st.booleans(),
    terminal=st.booleans(),
)
def test_rows_sum_to_one_minus_ending(seed, n_states, n_actions, masked, ending, terminal):
    from oracles import random_problem

    rng = np.random.default_rng(seed)
    terminal = terminal and n_states > 1
    options = {"masked": masked, "ending": ending, "terminal": terminal, "discount": 0.9}
    mdp = as_mdp(random_problem(rng, n_states=n_states, n_actions=n_actions, **options))
    sums = mdp.transitions.sum(axis=1).reshape(n_actions, n_states).T
    wanted = mdp.available - (0.0 if mdp.ending is None else mdp.ending)
    np.testing.assert_allclose(sums, wanted, atol=1e-12)


def test_an_empty_list_of_terminals_says_that_goals_are_to_come():
    chain = MDP.from_successors([[1], [2], [0]], terminal=[])
    assert chain.endless
    assert not chain.with_goal(2).endless
    with pytest.raises(ValueError, match=r"with_goal\(state\)"):
        soft_value_iteration(chain, -np.ones(3))
    np.testing.assert_allclose(soft_value_iteration(chain.with_goal(2), -np.ones(3)).V, [-2.0, -1.0, 0.0])
    with pytest.raises(ValueError, match="without an end"):
        MDP.from_successors([[1], [0]], discount=0.9).replace(discount=1.0)
