"""Rewards linear in features: every format is the same linear map, and its adjoint is its transpose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import random_problem
from scipy import sparse

from maxent_irl import MDP
from maxent_irl.rewards import LinearReward


@pytest.fixture
def mdp() -> MDP:
    problem = random_problem(np.random.default_rng(0), n_states=5, n_actions=2, discount=0.9)
    return MDP(problem.P, **problem.keywords())


def models(mdp, features):
    """The same features in every format that LinearReward takes."""
    yield LinearReward(mdp, features)
    yield LinearReward(mdp, features.tolist())
    yield LinearReward(mdp, np.asfortranarray(features))
    yield LinearReward(mdp, sparse.coo_array(features))
    if features.ndim == 2:
        yield LinearReward(mdp, sparse.csc_matrix(features))
    else:
        yield LinearReward(mdp, [sparse.csr_array(features[:, a]) for a in range(mdp.n_actions)])
        yield LinearReward(mdp, tuple(sparse.csc_matrix(features[:, a]) for a in range(mdp.n_actions)))


@pytest.mark.parametrize("per_state", [True, False])
def test_every_format_is_the_same_map(mdp, per_state, rng):
    features = rng.normal(size=(5, 3) if per_state else (5, 2, 3))
    features[rng.random(features.shape) < 0.4] = 0.0
    coef, policy = rng.normal(size=3), rng.dirichlet(np.ones(2), size=5).T
    mass = rng.normal(size=(2, 5))
    full = np.repeat(features[:, None], 2, axis=1) if per_state else features
    for model in models(mdp, features):
        assert model.n_parameters == 3
        assert model.features.per_state is per_state
        reward = np.broadcast_to(model(coef), (2, 5))
        np.testing.assert_allclose(reward, (full @ coef).T, atol=1e-14)
        given = mass.sum(axis=0) if per_state else mass
        np.testing.assert_allclose(model.vjp(coef, given), np.einsum("as,sak->k", mass, full), atol=1e-13)
        for a in range(2):
            np.testing.assert_array_equal(model.features.of_action(a), full[:, a])
        np.testing.assert_allclose(model.features.averaged(policy), np.einsum("as,sak->sk", policy, full), atol=1e-14)


def test_no_features_is_one_reward_per_state(mdp, rng):
    model, coef = LinearReward(mdp), rng.normal(size=5)
    assert model.n_parameters == 5
    np.testing.assert_array_equal(model(coef), coef)
    assert sparse.issparse(model.features.matrix)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.booleans())
def test_adjoint_is_the_transpose(seed, per_state, packed):
    rng = np.random.default_rng(seed)
    S, A, K = rng.integers(1, 6, size=3)
    problem = random_problem(rng, n_states=S, n_actions=A, discount=0.5)
    features = rng.normal(size=(S, K) if per_state else (S, A, K))
    model = LinearReward(MDP(problem.P, discount=0.5), sparse.coo_array(features) if packed else features)
    coef, mass = rng.normal(size=K), rng.normal(size=model.features.shape)
    assert (mass * model(coef)).sum() == pytest.approx(model.vjp(coef, mass) @ coef, abs=1e-10)


@pytest.mark.parametrize("per_state", [True, False])
def test_features_that_are_never_read_may_be_anything(per_state):
    mdp = MDP.from_successors([[1, -1], [2, 0], [-1, -1]], terminal=[2])
    features = np.arange(6.0).reshape(3, 2) if per_state else np.arange(12.0).reshape(3, 2, 2)
    features[2] = np.nan
    if not per_state:
        features[0, 1] = np.inf
    model = LinearReward(mdp, features)
    reward = np.broadcast_to(model(np.array([1.0, 10.0])), (2, 3))
    assert np.isfinite(reward).all()
    assert reward[0, 0] == 10.0
    assert (np.isnan(features[2])).all(), "the caller's array was written to"


def test_features_are_kept_as_they_were_given_and_not_written_to(mdp, rng):
    features = rng.normal(size=(5, 2, 3))
    before = features.copy()
    model = LinearReward(mdp, features)
    model(np.ones(3)), model.vjp(np.ones(3), np.ones((2, 5)))
    np.testing.assert_array_equal(features, before)
    read_only = features.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(LinearReward(mdp, read_only)(np.ones(3)), model(np.ones(3)))


def test_as_many_features_as_states_or_actions_do_not_confuse_the_axes():
    """S = A = K: the number of dimensions tells what an array is, not its lengths."""
    problem = random_problem(np.random.default_rng(1), n_states=3, n_actions=3, discount=0.9)
    mdp = MDP(problem.P, discount=0.9)
    per_state, per_pair = np.arange(9.0).reshape(3, 3), np.arange(27.0).reshape(3, 3, 3)
    coef = np.array([1.0, 10.0, 100.0])
    np.testing.assert_array_equal(LinearReward(mdp, per_state)(coef), per_state @ coef)
    np.testing.assert_array_equal(LinearReward(mdp, per_pair)(coef), (per_pair @ coef).T)
