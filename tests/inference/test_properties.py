"""Soft value iteration: what holds for every problem, tried on random ones."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    KINDS,
    random_prior,
    random_problem,
    soft_bellman,
)
from packaged import as_mdp, posed

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.inference.backup import SoftBackup

INFERENCES = ("variational", "exact")
STATIONARY = [kind for kind in KINDS if "horizon" not in KINDS[kind]]


problems = st.builds(
    lambda seed, n_states, n_actions, discount, masked, ending, deterministic: random_problem(
        np.random.default_rng(seed),
        n_states=n_states,
        n_actions=n_actions,
        discount=discount,
        masked=masked,
        ending=ending,
        deterministic=deterministic,
    ),
    seed=st.integers(0, 2**31),
    n_states=st.integers(1, 7),
    n_actions=st.integers(1, 4),
    discount=st.sampled_from([0.0, 0.3, 0.9, 0.97]),
    masked=st.booleans(),
    ending=st.booleans(),
    deterministic=st.booleans(),
)
temperatures = st.sampled_from([0.0, 0.05, 0.5, 1.0, 3.0, math.inf])


@settings(max_examples=60, deadline=None)
@given(problems, temperatures, st.sampled_from(INFERENCES), st.integers(0, 2**31))
def test_backup_is_a_monotone_contraction(problem, alpha, inference, seed):
    rng = np.random.default_rng(seed)
    mdp = as_mdp(problem)
    reward = np.ascontiguousarray(rng.normal(size=problem.shape).T)
    backup = SoftBackup(mdp, reward, alpha, None, inference)
    V, W = 3 * rng.normal(size=(2, mdp.n_states))
    TV, TW = backup(V)[0], backup(W)[0]
    assert np.abs(TV - TW).max() <= mdp.discount * np.abs(V - W).max() + 1e-12
    higher = backup(np.maximum(V, W))[0]
    assert (higher >= np.maximum(TV, TW) - 1e-12).all()


@settings(max_examples=60, deadline=None)
@given(problems, temperatures, st.sampled_from(INFERENCES), st.integers(0, 2**31))
def test_policy_iteration_climbs(problem, alpha, inference, seed):
    reward = np.random.default_rng(seed).normal(size=problem.shape)
    options = {"temperature": alpha, "inference": inference, "method": "policy-iteration"}
    mdp, last = as_mdp(problem), None
    backup = SoftBackup(mdp, np.ascontiguousarray(reward.T), alpha, None, inference)
    V = backup.start(None)
    for _ in range(5):
        V = backup.newton_step(V, backup.measure(V)[0])
        assert last is None or (V >= last - 1e-9 * (1 + np.abs(last))).all()
        last = V
    best = soft_value_iteration(mdp, reward, **options).V
    assert (last <= best + 1e-8 * (1 + np.abs(best))).all()


@settings(max_examples=60, deadline=None)
@given(problems, temperatures, st.sampled_from(INFERENCES), st.integers(0, 2**31), st.integers(0, 60), st.booleans())
def test_error_bound_bounds_the_error(problem, alpha, inference, seed, max_iter, newton):
    reward = np.random.default_rng(seed).normal(size=problem.shape)
    options = {"temperature": alpha, "inference": inference}
    mdp = as_mdp(problem)
    best = soft_value_iteration(mdp, reward, tol=1e-13, **options)
    method = "policy-iteration" if newton else "value-iteration"
    early = soft_value_iteration(mdp, reward, max_iter=max_iter // (10 if newton else 1), method=method, **options)
    assert np.abs(early.V - best.V).max() <= early.error_bound + 1e-11 * (1 + np.abs(best.V).max())
    assert early.n_iter <= max_iter
    if early.converged:
        assert early.error_bound <= 1e-10 * max(1.0, np.abs(best.V).max()) * 1.01


@pytest.mark.parametrize("kind", [kind for kind in STATIONARY if "undiscounted" in kind])
@pytest.mark.parametrize("method", ["value-iteration", "policy-iteration"])
def test_undiscounted_error_bound_holds_to_first_order(kind, method):
    problem, reward, _ = posed(kind)
    best = soft_bellman(problem, reward)[0]
    for max_iter in range(1, 12):
        early = soft_value_iteration(as_mdp(problem), reward, method=method, max_iter=max_iter)
        error = np.abs(early.V - best).max()
        assert error <= 1.5 * early.error_bound + 1e-13
        if early.converged:
            assert error <= 1e-10 * max(1.0, np.abs(best).max())


def test_undiscounted_value_iteration_stops_only_where_long_episodes_are_right_too():
    # A corridor of 60 cells walked at random: a residual of 1e-10 would leave an error a thousand times larger.
    successors = np.column_stack([np.maximum(np.arange(60) - 1, 0), np.minimum(np.arange(60) + 1, 59)])
    mdp = MDP.from_successors(successors, terminal=[59])
    solution = soft_value_iteration(mdp, np.full(60, -0.7), method="value-iteration")
    newton = soft_value_iteration(mdp, np.full(60, -0.7), tol=1e-13)
    assert solution.converged
    np.testing.assert_allclose(solution.V, newton.V, rtol=0, atol=2e-10 * np.abs(newton.V).max())


@settings(max_examples=50, deadline=None)
@given(problems, st.sampled_from([0.1, 1.0, 5.0]), st.integers(0, 2**31))
def test_soft_value_is_near_the_hard_one(problem, alpha, seed):
    reward = np.random.default_rng(seed).normal(size=problem.shape)
    soft = soft_value_iteration(as_mdp(problem), reward, temperature=alpha).V
    hard = soft_value_iteration(as_mdp(problem), reward, temperature=0).V
    assert (soft >= hard - 1e-9).all()
    assert (soft <= hard + alpha * math.log(problem.shape[1]) / (1 - problem.discount) + 1e-9).all()
    exact = soft_value_iteration(as_mdp(problem), reward, temperature=alpha, inference="exact").V
    assert (exact >= soft - 1e-9).all()


@settings(max_examples=50, deadline=None)
@given(problems, st.sampled_from(INFERENCES), st.integers(0, 2**31))
def test_scaling_reward_and_temperature_together_scales_the_value(problem, inference, seed):
    reward = np.random.default_rng(seed).normal(size=problem.shape)
    mdp = as_mdp(problem)
    one = soft_value_iteration(mdp, reward, temperature=0.7, inference=inference, tol=1e-13)
    ten = soft_value_iteration(mdp, 10 * reward, temperature=7.0, inference=inference, tol=1e-13)
    np.testing.assert_allclose(ten.V, 10 * one.V, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ten.policy, one.policy, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(problems, st.integers(0, 2**31), st.sampled_from([0.0, 0.5, 1.0, math.inf]))
def test_potential_shaping_leaves_the_policy(problem, seed, alpha):
    rng = np.random.default_rng(seed)
    reward, potential = rng.normal(size=problem.shape), rng.normal(size=problem.shape[0])
    shaped = reward + problem.discount * problem.P @ potential - potential[:, None]
    plain = soft_value_iteration(as_mdp(problem), reward, temperature=alpha)
    moved = soft_value_iteration(as_mdp(problem), shaped, temperature=alpha)
    np.testing.assert_allclose(moved.V, plain.V - potential, atol=1e-8)
    np.testing.assert_allclose(moved.policy, plain.policy, atol=1e-8)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "undiscounted" in kind])
def test_potential_shaping_where_the_potential_of_the_end_is_zero(kind, rng):
    problem, reward, _ = posed(kind)
    potential = np.where(problem.over, 0.0, rng.normal(size=4))
    shaped = reward + problem.P @ potential - potential[:, None]
    plain, moved = (soft_value_iteration(as_mdp(problem), r) for r in (reward, shaped))
    np.testing.assert_allclose(moved.V, plain.V - potential, atol=1e-8)
    np.testing.assert_allclose(moved.policy, plain.policy, atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(problems, st.sampled_from([0.0, 1.0]), st.sampled_from(INFERENCES), st.integers(0, 2**31))
def test_relabelling_states_and_actions_commutes(problem, alpha, inference, seed):
    rng = np.random.default_rng(seed)
    S, A = problem.shape
    reward = rng.normal(size=(S, A))
    i, j = rng.permutation(S), rng.permutation(A)
    pick = np.ix_(i, j)
    renamed = problem.with_(
        P=problem.P[pick][:, :, i],
        initial=problem.initial[i],
        available=None if problem.available is None else problem.available[pick],
        ending=None if problem.ending is None else problem.ending[pick],
    )
    options = {"temperature": alpha, "inference": inference, "tol": 1e-12}
    plain = soft_value_iteration(as_mdp(problem), reward, **options)
    other = soft_value_iteration(as_mdp(renamed), reward[pick], **options)
    np.testing.assert_allclose(other.V, plain.V[i], atol=1e-9)
    np.testing.assert_allclose(other.Q, plain.Q[pick], atol=1e-9)
    np.testing.assert_allclose(other.policy, plain.policy[pick], atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(problems, st.integers(0, 2**31), st.sampled_from(INFERENCES))
def test_a_long_horizon_approaches_the_infinite_one(problem, seed, inference):
    reward = np.random.default_rng(seed).normal(size=problem.shape)
    T = 1 if problem.discount == 0 else math.ceil(math.log(1e-9) / math.log(problem.discount))
    infinite = soft_value_iteration(as_mdp(problem), reward, inference=inference)
    finite = soft_value_iteration(as_mdp(problem.with_(horizon=T)), reward, inference=inference)
    np.testing.assert_allclose(finite.V[0], infinite.V, atol=1e-7 * (1 + np.abs(infinite.V).max()))
    np.testing.assert_allclose(finite.policy[0], infinite.policy, atol=1e-6)


@settings(max_examples=80, deadline=None)
@given(problems, st.integers(0, 2**31), st.sampled_from(INFERENCES), st.sampled_from([None, 1, 4]))
def test_dead_ends_and_zero_priors_anywhere_equal_dense_sweeps(problem, seed, inference, horizon):
    rng = np.random.default_rng(seed)
    can = problem.open & (rng.random(problem.shape) < 0.75)
    stop = np.where(can, problem.stop, 0.0)
    problem = problem.with_(P=np.where(can[:, :, None], problem.P, 0.0), available=can, ending=stop, horizon=horizon)
    prior = random_prior(rng, problem)
    thin = prior * (rng.random(prior.shape) < 0.75)
    total = thin.sum(axis=1, keepdims=True)
    prior = np.where(total > 0, thin / np.where(total > 0, total, 1.0), prior)
    reward = rng.normal(size=problem.shape)
    expected = soft_bellman(problem, reward, alpha=0.5, prior=prior, inference=inference)
    options = {"temperature": 0.5, "action_prior": prior, "inference": inference}
    for method in ("value-iteration", "policy-iteration"):
        solution = soft_value_iteration(as_mdp(problem), reward, method=method, **options)
        assert solution.converged
        np.testing.assert_allclose(solution.V, expected[0], rtol=0, atol=1e-8)
        np.testing.assert_allclose(solution.policy, expected[2], rtol=0, atol=1e-8)
