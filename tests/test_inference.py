"""Soft value iteration against closed forms, enumeration of all paths, dense sweeps and published numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    KINDS,
    costly_features,
    enumerated_messages,
    problem_of_kind,
    random_prior,
    random_problem,
    soft_bellman,
)

from maxent_irl import MDP, ImproperProblemError, soft_value_iteration
from maxent_irl._soft_backup import SoftBackup

INFERENCES = ("variational", "exact")
STATIONARY = [kind for kind in KINDS if "horizon" not in KINDS[kind]]


def as_mdp(problem) -> MDP:
    return MDP(problem.P, **problem.keywords())


def posed(kind: str, *, seed: int = 0, with_prior: bool = False, **changes):
    """A problem of this kind with a reward for which it has a finite value, and a prior or None."""
    problem = problem_of_kind(kind, seed, **changes)
    rng = np.random.default_rng(seed)
    features, coef = costly_features(rng, problem)
    return problem, features @ coef, random_prior(rng, problem) if with_prior else None


def assert_same(solution, expected, *, atol: float = 1e-10) -> None:
    for name, wanted in zip(("V", "Q", "policy"), expected, strict=True):
        np.testing.assert_allclose(getattr(solution, name), wanted, rtol=0, atol=atol, err_msg=name)


# Closed forms ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lesson() -> MDP:
    """The lesson's worked example: one state, two actions that end the episode, rewards 1 and 0."""
    return MDP.from_successors([[1, 1], [-1, -1]], terminal=[1])


LESSON_REWARD = [[1.0, 0.0], [0.0, 0.0]]


def test_lesson_worked_example(lesson):
    solution = soft_value_iteration(lesson, LESSON_REWARD)
    assert solution.V[0] == pytest.approx(math.log(math.e + 1), abs=1e-12)
    np.testing.assert_allclose(solution.Q[0], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(solution.policy[0], [math.e / (math.e + 1), 1 / (math.e + 1)], rtol=0, atol=1e-12)
    np.testing.assert_allclose(solution.policy[0], [0.731059, 0.268941], atol=5e-7)


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("method", ["auto", "value-iteration", "policy-iteration"])
def test_lesson_over_temperatures(lesson, inference, method):
    def first_action(alpha):
        solution = soft_value_iteration(lesson, LESSON_REWARD, temperature=alpha, inference=inference, method=method)
        return solution.policy[0, 0]

    assert round(first_action(100.0), 3) == 0.502
    assert first_action(0.01) == pytest.approx(1.0, abs=1e-12)
    assert first_action(0) == 1.0
    assert first_action(math.inf) == 0.5
    assert first_action(1e9) == pytest.approx(0.5, abs=1e-9)


def test_limits_of_the_value(lesson):
    hard = soft_value_iteration(lesson, LESSON_REWARD, temperature=0)
    assert hard.V[0] == 1.0
    blind = soft_value_iteration(lesson, LESSON_REWARD, temperature=math.inf)
    assert blind.V[0] == 0.5
    prior = soft_value_iteration(lesson, LESSON_REWARD, temperature=math.inf, action_prior=[0.9, 0.1])
    assert prior.V[0] == pytest.approx(0.9, abs=1e-15)
    np.testing.assert_allclose(prior.policy[0], [0.9, 0.1], atol=1e-15)


def test_uniform_prior_costs_alpha_log_n(lesson):
    plain = soft_value_iteration(lesson, LESSON_REWARD, temperature=2.0)
    uniform = soft_value_iteration(lesson, LESSON_REWARD, temperature=2.0, action_prior=[0.5, 0.5])
    assert uniform.V[0] == pytest.approx(plain.V[0] - 2.0 * math.log(2), abs=1e-12)
    np.testing.assert_allclose(uniform.policy, plain.policy, atol=1e-15)


def test_prior_multiplies_the_odds(lesson):
    solution = soft_value_iteration(lesson, LESSON_REWARD, action_prior=[0.2, 0.8])
    odds = solution.policy[0, 0] / solution.policy[0, 1]
    assert odds == pytest.approx(math.e * 0.2 / 0.8, rel=1e-12)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.99, 0.9999])
@pytest.mark.parametrize("n_actions", [1, 4])
def test_one_state(discount, n_actions):
    rewards = np.linspace(-1.0, 1.0, n_actions)
    mdp = MDP(np.ones((1, n_actions, 1)), discount=discount)
    solution = soft_value_iteration(mdp, rewards[None], temperature=0.5)
    wanted = 0.5 * np.log(np.exp(rewards / 0.5).sum()) / (1 - discount)
    assert solution.V[0] == pytest.approx(wanted, rel=1e-10)
    assert solution.converged


def test_geometric_end():
    mdp = MDP([[[0.75]]], ending=[[0.25]])
    assert soft_value_iteration(mdp, [-2.0]).V[0] == pytest.approx(-8.0, rel=1e-12)
    # Exact inference conditions on luck too: exp(V) = exp(-2) (3/4 exp(V) + 1/4).
    wanted = math.log(0.25 * math.exp(-2) / (1 - 0.75 * math.exp(-2)))
    assert soft_value_iteration(mdp, [-2.0], inference="exact").V[0] == pytest.approx(wanted, abs=1e-12)


def test_exact_inference_is_optimistic_about_a_lottery():
    # From 0 one action: to 1 (worth 3, then the end) or to 2 (worth -3) with even odds.
    P = np.zeros((4, 1, 4))
    P[0, 0, 1:3] = 0.5
    P[1:, 0, 3] = 1.0
    mdp, reward = MDP(P, terminal=[3]), [0.0, 3.0, -3.0, 0.0]
    assert soft_value_iteration(mdp, reward).V[0] == pytest.approx(0.0, abs=1e-12)
    for alpha in (0.5, 1.0, 20.0):
        exact = soft_value_iteration(mdp, reward, temperature=alpha, inference="exact")
        assert exact.V[0] == pytest.approx(alpha * math.log(math.cosh(3 / alpha)), abs=1e-12)
        odds = math.exp(3 / alpha) / (math.exp(3 / alpha) + math.exp(-3 / alpha))
        np.testing.assert_allclose(exact.transitions.toarray()[0], [0, odds, 1 - odds, 0], atol=1e-12)
    lucky = soft_value_iteration(mdp, reward, temperature=0, inference="exact")
    assert lucky.V[0] == 3.0
    np.testing.assert_array_equal(lucky.transitions.toarray()[0], [0, 1, 0, 0])
    blind = soft_value_iteration(mdp, reward, temperature=math.inf, inference="exact")
    assert blind.V[0] == pytest.approx(0.0, abs=1e-12)


def test_random_walk_takes_the_square_of_the_distance():
    # Symmetric walk on 0..10, absorbed at both ends: expected time s (10 - s).
    successors = np.column_stack([np.arange(-1, 10), np.arange(1, 12)])
    successors[[0, 10]] = -1
    mdp = MDP.from_successors(successors, terminal=[0, 10])
    blind = soft_value_iteration(mdp, np.full(11, -1.0), temperature=math.inf)
    s = np.arange(11)
    np.testing.assert_allclose(blind.V, -(s * (10 - s)), rtol=1e-10)


def test_an_absorbing_state_that_keeps_its_actions_is_worth_its_entropy():
    mdp = MDP.from_successors([[0, 0, 0]], discount=0.9)
    assert soft_value_iteration(mdp, [0.0]).V[0] == pytest.approx(math.log(3) / 0.1, rel=1e-10)
    assert soft_value_iteration(MDP.from_successors([[0, 0, 0]], terminal=[0]), [0.0]).V[0] == 0.0


# Enumeration of all paths ---------------------------------------------------------------------------------------------

ENUMERATED = {
    "exact": {},
    "exact, ending": {"ending": True},
    "exact, terminal": {"terminal": True},
    "exact, masked": {"masked": True, "terminal": True, "ending": True},
    "variational": {"deterministic": True},
    "variational, terminal": {"deterministic": True, "terminal": True},
    "variational, masked": {"deterministic": True, "masked": True},
}


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("case", ENUMERATED)
@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_messages_and_policies_equal_sums_over_all_paths(case, with_prior, alpha):
    inference, T = case.split(",")[0], 5
    for seed in range(2):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng, n_actions=2, n_successors=2, horizon=T, **ENUMERATED[case])
        reward = rng.normal(size=problem.shape)
        prior = random_prior(rng, problem) if with_prior else None
        options = {"temperature": alpha, "action_prior": prior, "inference": inference}
        solution = soft_value_iteration(as_mdp(problem), reward, **options)
        for t in range(T + 1):
            paths = enumerated_messages(problem, reward, T - t, alpha=alpha, prior=prior)
            np.testing.assert_allclose(solution.V[t], paths.V, rtol=0, atol=1e-10)
            if t < T:
                np.testing.assert_allclose(solution.Q[t], paths.Q, rtol=0, atol=1e-10)
                np.testing.assert_allclose(solution.policy[t], paths.policy, rtol=0, atol=1e-10)


@pytest.mark.parametrize("inference", INFERENCES)
def test_undiscounted_values_equal_sums_over_all_paths_to_the_end(inference, rng):
    # Every action leads to a higher state, so all paths end; exact: stochastic, variational: deterministic.
    P = np.triu(np.ones((5, 5)), 1)
    P[4, 4] = 1.0
    if inference == "exact":
        P = np.stack([rng.gamma(1.0, size=(5, 5)) * P for _ in range(2)], axis=1)
        P /= P.sum(axis=2, keepdims=True)
        problem_P = P
    else:
        problem_P = np.eye(5)[np.minimum(np.arange(5)[:, None] + [[1, 2]], 4)]
    problem = random_problem(rng, n_states=5, n_actions=2, terminal=True).with_(P=problem_P)
    reward = rng.normal(size=(5, 2))
    solution = soft_value_iteration(as_mdp(problem), reward, inference=inference)
    assert_same(solution, enumerated_messages(problem, reward, 10))


def test_posterior_dynamics_equal_ratios_of_path_sums(rng):
    T = 4
    problem = random_problem(rng, n_actions=2, horizon=T, ending=True)
    reward = rng.normal(size=problem.shape)
    solution = soft_value_iteration(as_mdp(problem), reward, inference="exact", temperature=0.7)
    for t, tilted in enumerate(solution.transitions):
        future = np.exp(enumerated_messages(problem, reward, T - t - 1, alpha=0.7).V / 0.7)
        weight = problem.P * future
        wanted = weight / (weight.sum(axis=2) + problem.stop)[:, :, None]
        np.testing.assert_allclose(tilted.toarray().reshape(2, 4, 4).swapaxes(0, 1), wanted, atol=1e-12)


# Dense sweeps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_problem_equals_dense_sweeps(kind, inference, with_prior):
    problem, reward, prior = posed(kind, with_prior=with_prior)
    expected = soft_bellman(problem, reward, alpha=0.8, prior=prior, inference=inference)
    methods = ("value-iteration", "policy-iteration") if problem.horizon is None else ("auto",)
    for method in methods:
        options = {"temperature": 0.8, "action_prior": prior, "inference": inference, "method": method}
        solution = soft_value_iteration(as_mdp(problem), reward, tol=1e-13, **options)
        assert solution.converged
        assert_same(solution, expected)


@pytest.mark.parametrize("temperature", [0.0, math.inf])
@pytest.mark.parametrize("kind", STATIONARY)
def test_limits_agree_between_methods_and_with_extreme_temperatures(kind, temperature):
    problem, reward, prior = posed(kind, with_prior=True)
    mdp = as_mdp(problem)
    near = 1e-7 if temperature == 0.0 else 1e9
    for inference in INFERENCES:
        options = {"action_prior": prior, "inference": inference}
        newton = soft_value_iteration(mdp, reward, temperature=temperature, method="policy-iteration", **options)
        sweeps = soft_value_iteration(mdp, reward, temperature=temperature, method="value-iteration", **options)
        close = soft_value_iteration(mdp, reward, temperature=near, **options)
        np.testing.assert_allclose(newton.V, sweeps.V, atol=1e-8)
        np.testing.assert_allclose(newton.policy, sweeps.policy, atol=1e-8)
        np.testing.assert_allclose(newton.V, close.V, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(newton.policy, close.policy, atol=1e-6)


def test_reward_per_state_is_the_same_for_every_action(rng):
    problem, _, _ = posed("discounted, masked")
    reward = rng.normal(size=4)
    per_state = soft_value_iteration(as_mdp(problem), reward)
    per_pair = soft_value_iteration(as_mdp(problem), np.repeat(reward[:, None], 3, axis=1))
    np.testing.assert_array_equal(per_state.V, per_pair.V)


def test_krylov_solves_of_large_problems_agree_with_value_iteration():
    # More states than are factorised outright, and a third action that is not everywhere available.
    rng = np.random.default_rng(5)
    S = 2000
    successors = (np.arange(S)[:, None] + rng.integers(1, 40, size=(S, 3))) % S
    successors[rng.random(S) < 0.3, 2] = -1
    mdp = MDP.from_successors(successors, discount=0.98)
    reward = rng.normal(size=(S, 3))
    newton = soft_value_iteration(mdp, reward, tol=1e-12)
    sweeps = soft_value_iteration(mdp, reward, tol=1e-12, method="value-iteration")
    np.testing.assert_allclose(newton.V, sweeps.V, rtol=0, atol=1e-9)
    assert newton.n_iter < 12 < sweeps.n_iter


# The result -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_result_has_the_promised_shapes_and_rows(kind):
    problem, reward, _ = posed(kind)
    mdp = as_mdp(problem)
    solution = soft_value_iteration(mdp, reward)
    lead = () if mdp.horizon is None else (mdp.horizon,)
    assert solution.Q.shape == solution.policy.shape == (*lead, 4, 3)
    assert solution.V.shape == ((4,) if mdp.horizon is None else (mdp.horizon + 1, 4))
    if mdp.horizon is None:
        assert solution.Q.flags.f_contiguous
        assert solution.policy.flags.f_contiguous
    np.testing.assert_allclose(solution.policy.sum(axis=-1), np.broadcast_to(~mdp.terminal, (*lead, 4)), atol=1e-12)
    assert (solution.Q[..., ~mdp.available] == -np.inf).all()
    assert (solution.policy[..., ~mdp.available] == 0).all()
    assert (solution.V[..., mdp.terminal] == 0).all()
    assert solution.converged is True
    assert solution.mdp is mdp


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_posterior_dynamics_are_distributions(kind, inference):
    problem, reward, _ = posed(kind)
    mdp = as_mdp(problem)
    dynamics = soft_value_iteration(mdp, reward, inference=inference).transitions
    for P in dynamics if isinstance(dynamics, list) else [dynamics]:
        sums = P.sum(axis=1).reshape(3, 4).T
        certain = mdp.available & (problem.stop == 0)
        np.testing.assert_allclose(sums[certain], 1.0, atol=1e-12)
        assert (sums <= 1 + 1e-12).all()
        if inference == "variational":
            assert abs(P - mdp.transitions).max() == 0


# Properties -----------------------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "horizon" in KINDS[kind] or "undiscounted" in kind])
def test_potential_shaping_with_an_end(kind, rng):
    """The potential is zero where the episode is over; with a horizon it is paid out at the last step."""
    problem, reward, _ = posed(kind)
    potential = np.where(problem.over, 0.0, rng.normal(size=4))
    shaped = reward + problem.discount * problem.P @ potential - potential[:, None]
    plain = soft_value_iteration(as_mdp(problem), reward)
    if problem.horizon is None:
        moved = soft_value_iteration(as_mdp(problem), shaped)
        np.testing.assert_allclose(moved.V, plain.V - potential, atol=1e-8)
        np.testing.assert_allclose(moved.policy, plain.policy, atol=1e-8)
        return
    expected = soft_bellman(problem, shaped)
    moved = soft_value_iteration(as_mdp(problem), shaped)
    assert_same(moved, expected)  # all but the last step telescopes:
    assert not np.allclose(moved.policy[-1], plain.policy[-1], atol=1e-3) or problem.discount == 0


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


# Edges ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("alpha", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("scale", [1e6, -1e6])
@pytest.mark.parametrize("kind", ["discounted", "discounted, ending", "finite, everything", "deterministic"])
def test_huge_rewards_and_tiny_temperatures_give_finite_right_answers(kind, scale, alpha, inference):
    problem = problem_of_kind(kind)
    if problem.horizon is None:
        problem = problem.with_(discount=0.97)
    reward = scale * np.random.default_rng(1).random(problem.shape)
    expected = soft_bellman(problem, reward, alpha=alpha, inference=inference)
    solution = soft_value_iteration(as_mdp(problem), reward, temperature=alpha, inference=inference)
    assert solution.converged
    assert np.isfinite(solution.V).all()
    size = np.abs(expected[0]).max()
    np.testing.assert_allclose(solution.V, expected[0], rtol=0, atol=1e-10 * size)
    # Probabilities resolve differences of Q / alpha down to its rounding, 1e-16 * |Q| / alpha.
    np.testing.assert_allclose(solution.policy, expected[2], rtol=0, atol=1e-9 + 4e-16 * size / alpha)
    dynamics = solution.transitions
    for P in dynamics if isinstance(dynamics, list) else [dynamics]:
        assert P.sum(axis=1).max() <= 1 + 1e-12


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1e-3, 0.01, 0.05, 0.3, 2.0])
@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("initial_values", [None, np.zeros(3), np.array([1e3, -1e3, 0.0])])
def test_undiscounted_where_the_greedy_first_step_never_ends(alpha, inference, initial_values):
    """Staying costs 1, getting on costs 5: judged by the next reward alone, nobody would ever leave."""
    P = np.zeros((3, 2, 3))
    P[[0, 1], 0, [0, 1]] = 1.0
    P[0, 1], P[1, 1] = [0.0, 0.9, 0.1], [0.1, 0.0, 0.9]
    P[2, :, 2] = 1.0
    mdp, reward = MDP(P, terminal=[2]), np.array([[-1.0, -5.0], [-1.0, -5.0], [0.0, 0.0]])
    options = {"temperature": alpha, "inference": inference, "initial_values": initial_values}
    newton = soft_value_iteration(mdp, reward, **options)
    sweeps = soft_value_iteration(mdp, reward, method="value-iteration", **options)
    np.testing.assert_allclose(newton.V, sweeps.V, atol=1e-8)
    np.testing.assert_allclose(newton.policy, sweeps.policy, atol=1e-8)
    if alpha == 0.0 and inference == "variational":
        # V0 = -5 + .9 V1, V1 = -5 + .1 V0
        assert newton.V[0] == pytest.approx(-9.5 / 0.91, rel=1e-12)


IMPROPER = {
    "staying is free": ([[0, 1], [-1, -1]], [0.0, 0.0], 1.0),
    "staying pays": ([[0, 1], [-1, -1]], [1.0, 0.0], 1.0),
    "staying pays, hard": ([[0, 1], [-1, -1]], [1.0, 0.0], 0.0),
    "costs less than the choice is worth": ([[0, 0, 1], [-1, -1, -1]], [-0.5, 0.0], 1.0),
    "a cycle of two": ([[1, 2], [0, 2], [-1, -1]], [0.1, 0.1, 0.0], 1.0),
    "hot": ([[0, 0, 1], [-1, -1, -1]], [-1.0, 0.0], 50.0),
}


@pytest.mark.parametrize("case", IMPROPER)
@pytest.mark.parametrize("inference", INFERENCES)
def test_improper_problems_are_recognised(case, inference):
    successors, reward, alpha = IMPROPER[case]
    mdp = MDP.from_successors(successors, terminal=[len(successors) - 1])
    reward = np.repeat(np.array(reward)[:, None], len(successors[0]), axis=1)
    reward[0, -1] = -1.0
    with pytest.raises(ImproperProblemError, match="(?s)cycles pay more than they cost.*temperature"):
        soft_value_iteration(mdp, reward, temperature=alpha, inference=inference)
    for height in (25.0, 1e9, -1e9):  # from so high up that the end is lost in rounding, too
        with pytest.raises(ImproperProblemError):
            soft_value_iteration(
                mdp, reward, temperature=alpha, inference=inference, initial_values=[height] * mdp.n_states
            )


def test_barely_proper_problems_are_solved():
    # exp(V) = exp(V + stay) + exp(-1), so V = -1 - log(1 - exp(stay)).
    mdp = MDP.from_successors([[0, 1], [-1, -1]], terminal=[1])
    for stay in (-1e-3, -1e-6, -1e-9):
        solution = soft_value_iteration(mdp, [[stay, -1.0], [0.0, 0.0]])
        wanted = -1 - math.log(-math.expm1(stay))
        assert abs(solution.V[0] - wanted) <= solution.error_bound + 1e-9
        assert solution.error_bound < 1e-3


def test_dead_ends_are_worth_minus_infinity_and_never_entered():
    # 0 may go to 1 (fine) or 2 (which leads only to the dead end 3).
    mdp = MDP.from_successors([[1, 2], [0, 0], [3, 3], [-1, -1]], discount=0.9)
    for method in ("value-iteration", "policy-iteration"):
        solution = soft_value_iteration(mdp, np.zeros(4), method=method)
        assert solution.converged
        np.testing.assert_array_equal(np.isneginf(solution.V), [False, False, True, True])
        np.testing.assert_array_equal(solution.policy, [[1, 0], [0.5, 0.5], [0, 0], [0, 0]])
        assert solution.V[0] == pytest.approx(0.9 * math.log(2) / (1 - 0.81), rel=1e-9)
        assert solution.Q[0, 1] == -np.inf


def test_variational_inference_shuns_what_might_be_a_dead_end_and_exact_hopes():
    P = np.zeros((3, 2, 3))
    P[0, 0, 0] = 1.0
    P[0, 1, 1:] = 0.5
    P[1, :, 0] = 1.0
    available = np.array([[True, True], [True, True], [False, False]])
    mdp = MDP(P, discount=0.5, available=available)
    assert soft_value_iteration(mdp, np.zeros(3)).Q[0, 1] == -np.inf
    exact = soft_value_iteration(mdp, np.zeros(3), inference="exact")
    assert exact.Q[0, 1] == pytest.approx(0.5 * (math.log(0.5) + exact.V[1]), abs=1e-9)
    np.testing.assert_allclose(exact.transitions.toarray()[3], [0, 1, 0])


def test_with_a_horizon_a_dead_end_matters_only_while_decisions_are_left():
    mdp = MDP.from_successors([[1], [2], [-1]], horizon=3)
    expected = np.array([[-np.inf] * 3, [2.0, -np.inf, -np.inf], [1.0, 1.0, -np.inf], [0.0, 0.0, 0.0]])
    for inference in INFERENCES:
        solution = soft_value_iteration(mdp, np.ones(3), inference=inference)
        np.testing.assert_array_equal(solution.V, expected)
        myopic = soft_value_iteration(mdp.replace(discount=0.0), np.ones(3), inference=inference)
        np.testing.assert_array_equal(myopic.V, np.minimum(expected, 1.0))


@pytest.mark.parametrize("inference", INFERENCES)
def test_a_dead_end_is_one_at_discount_zero_too(inference):
    mdp = MDP.from_successors([[1, 2], [0, 0], [-1, -1]], discount=0.0)
    np.testing.assert_array_equal(soft_value_iteration(mdp, np.ones(3)).V, [1.0, 1 + math.log(2), -np.inf])


@pytest.mark.parametrize("options", [{"discount": 0.9}, {"terminal": [3]}, {"terminal": [3], "horizon": 4}])
@pytest.mark.parametrize("inference", INFERENCES)
def test_a_prior_can_make_a_dead_end(options, inference):
    """State 2 is a trap; the prior allows nothing else from state 0, and state 1 has a way around."""
    mdp = MDP.from_successors([[3, 2], [0, 3], [-1, -1], [-1, -1]], **{"terminal": [3], **options})
    prior = [[0.0, 1.0], [0.5, 0.5], [0.0, 0.0], [0.0, 0.0]]
    solution = soft_value_iteration(mdp, -np.ones(4), action_prior=prior, inference=inference)
    assert solution.converged
    V = solution.V if mdp.horizon is None else solution.V[0]
    np.testing.assert_allclose(V, [-np.inf, -1 + math.log(0.5), -np.inf, 0.0], atol=1e-10)


def test_a_prior_of_zero_removes_an_action(rng):
    problem = problem_of_kind("discounted")
    reward = rng.normal(size=problem.shape)
    prior = np.array([[0.5, 0.5, 0.0]] * 4)
    fewer = problem.with_(P=problem.P[:, :2])
    with_zero = soft_value_iteration(as_mdp(problem), reward, action_prior=prior)
    without = soft_value_iteration(as_mdp(fewer), reward[:, :2], action_prior=[0.5, 0.5])
    np.testing.assert_allclose(with_zero.V, without.V, atol=1e-9)
    np.testing.assert_array_equal(with_zero.policy[:, 2], 0)


@pytest.mark.parametrize("placeholder", [-1e15, 1e15, np.nan, -np.inf])
def test_rewards_of_unavailable_actions_are_not_read(placeholder):
    mdp = MDP.from_successors([[1, -1], [0, 1], [-1, -1]], discount=0.9, terminal=[2])
    reward = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.0]])
    plain = soft_value_iteration(mdp, reward)
    reward[0, 1], reward[2] = placeholder, placeholder
    other = soft_value_iteration(mdp, reward)
    np.testing.assert_array_equal(other.V, plain.V)
    np.testing.assert_array_equal(other.policy, plain.policy)


def test_an_action_that_is_never_worth_it_does_not_blur_the_rest():
    mdp = MDP.from_successors([[1, 0], [0, 1]], discount=0.9)
    reward = np.array([[1.0, -1e14], [0.0, 0.5]])
    barred = MDP.from_successors([[1, -1], [0, 1]], discount=0.9)
    np.testing.assert_allclose(
        soft_value_iteration(mdp, reward).V, soft_value_iteration(barred, reward).V, rtol=0, atol=1e-8
    )


def test_state_rewards_of_terminal_states_are_not_read():
    mdp = MDP.from_successors([[1], [-1]], terminal=[1])
    np.testing.assert_array_equal(soft_value_iteration(mdp, [-1.0, np.nan]).V, [-1.0, 0.0])


def test_ties_share_the_probability_at_temperature_zero():
    mdp = MDP(np.ones((1, 4, 1)), discount=0.9)
    reward = np.array([[1.0, 0.7 + 0.2 + 0.1, 1.0, 0.0]])
    np.testing.assert_allclose(soft_value_iteration(mdp, reward, temperature=0).policy, [[1 / 3, 1 / 3, 1 / 3, 0]])
    prior = [0.2, 0.6, 0.1, 0.1]
    hard = soft_value_iteration(mdp, reward, temperature=0, action_prior=prior)
    np.testing.assert_allclose(hard.policy, [[2 / 9, 6 / 9, 1 / 9, 0]])


def test_discount_zero_sees_the_next_reward_alone(rng):
    problem = problem_of_kind("discount 0")
    reward = rng.normal(size=problem.shape)
    solution = soft_value_iteration(as_mdp(problem), reward)
    np.testing.assert_allclose(solution.V, np.log(np.exp(reward).sum(axis=1)), atol=1e-14)


def test_all_states_terminal():
    solution = soft_value_iteration(MDP(np.ones((1, 1, 1)), terminal=[0]), [1.0])
    assert solution.V.tolist() == [0.0]
    assert solution.policy.tolist() == [[0.0]]


# Iterations -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["value-iteration", "policy-iteration"])
def test_a_capped_run_says_that_it_did_not_converge(method):
    problem, reward, _ = posed("discounted")
    for max_iter in (0, 1):
        solution = soft_value_iteration(as_mdp(problem), reward, method=method, max_iter=max_iter)
        assert not solution.converged
        assert solution.n_iter == max_iter
        assert solution.residual > 0


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", STATIONARY)
def test_warm_starts_save_iterations_and_change_nothing(kind, inference):
    problem, reward, _ = posed(kind)
    mdp = as_mdp(problem)
    cold = soft_value_iteration(mdp, reward, inference=inference)
    warm = soft_value_iteration(mdp, reward, inference=inference, initial_values=cold.V)
    assert warm.n_iter <= min(1, cold.n_iter)
    np.testing.assert_allclose(warm.V, cold.V, atol=1e-9)
    far = np.full(mdp.n_states, 100.0)
    np.testing.assert_allclose(
        soft_value_iteration(mdp, reward, inference=inference, initial_values=far).V, cold.V, atol=1e-8
    )
    assert (far == 100.0).all()


def test_warm_starts_from_dead_ends_and_nonsense():
    mdp = MDP.from_successors([[1, 2], [0, 0], [-1, -1]], discount=0.9)
    cold = soft_value_iteration(mdp, np.zeros(3))
    for start in (cold.V, [np.nan, np.inf, 5.0], [-np.inf] * 3):
        warm = soft_value_iteration(mdp, np.zeros(3), initial_values=start)
        np.testing.assert_allclose(warm.V, cold.V, atol=1e-9)


def test_policy_iteration_needs_few_steps_at_any_discount(rng):
    problem, reward, _ = posed("discounted", n_states=30)
    for discount in (0.9, 0.999, 0.999999):
        mdp = as_mdp(problem.with_(discount=discount))
        assert soft_value_iteration(mdp, reward).n_iter <= 8


# Published numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["reasonable", "random0", "random1", "random2"])
def test_finite_horizon_reference(model, real_data):
    with np.load(real_data / "finite_horizon_reference" / "mce_fh_reference.npz", allow_pickle=False) as file:
        reference = {key: file[key] for key in file.files if key.startswith(f"{model}|")}
    H = int(reference[f"{model}|H"])
    discounts = sorted({key.split("|")[1] for key in reference if key.count("|") == 2})
    assert len(discounts) == 5
    for discount in discounts:
        P, mu = reference[f"{model}|T"], reference[f"{model}|mu"]
        mdp = MDP(P, initial=mu, discount=float(discount), horizon=H)
        solution = soft_value_iteration(mdp, reference[f"{model}|R"])
        np.testing.assert_allclose(solution.V[:H], reference[f"{model}|{discount}|V"], rtol=0, atol=1e-8)
        np.testing.assert_allclose(solution.policy, reference[f"{model}|{discount}|pi"], rtol=0, atol=1e-8)


def test_bus_engine_reference(real_data):
    folder = real_data / "bus_engine_reference"
    keep, cost = np.loadtxt(folder / "trans_mat.txt"), np.loadtxt(folder / "myop_cost.txt")
    replace = np.repeat(keep[:1], 90, axis=0)
    mdp = MDP([keep, replace], discount=0.9999)
    solution = soft_value_iteration(mdp, -cost)
    np.testing.assert_allclose(keep @ solution.V, np.loadtxt(folder / "fixp.txt"), rtol=0, atol=1e-6)
    np.testing.assert_allclose(solution.policy, np.loadtxt(folder / "choice_prob.txt"), rtol=0, atol=1e-10)
