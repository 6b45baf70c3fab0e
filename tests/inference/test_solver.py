"""Soft value iteration at the edges: huge rewards, no temperature, dead ends, improper problems, caps and warm starts."""

import math

import numpy as np
import pytest
from oracles import (
    KINDS,
    problem_of_kind,
    soft_bellman,
)
from packaged import as_mdp, posed

from maxent_irl import MDP, ImproperProblemError, SoftAgent, soft_value_iteration

INFERENCES = ("variational", "exact")
STATIONARY = [kind for kind in KINDS if "horizon" not in KINDS[kind]]


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


def test_an_improper_problem_names_its_spectral_radius_and_cycle():
    mdp = MDP.from_successors([[1, 2], [0, 2], [-1, -1]], terminal=[2])
    radius = math.exp(0.3 / 0.5)
    named = rf"radius {radius:.6g}.* cycle 0 -> 1 -> 0 alone weighs {radius**2:.6g}"
    with pytest.raises(ImproperProblemError, match=named):
        soft_value_iteration(mdp, np.full((3, 2), 0.3), temperature=0.5)
    stay = MDP.from_successors([[0, 1, 0], [-1, -1, -1]], terminal=[1])
    with pytest.raises(ImproperProblemError, match=r"cycle 0 -> 0 alone weighs 1\.21306"):
        soft_value_iteration(stay, np.full((2, 3), -0.5))  # two ways to stay, each worth exp(-0.5)
    # One action stays, the other stays or goes on with equal probability: by exact inference alone a linear equation.
    onward = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    by_chance = MDP([np.eye(3), onward], terminal=[2])
    with pytest.raises(ImproperProblemError, match="spectral radius"):
        soft_value_iteration(by_chance, np.full((3, 2), 1.0), inference="exact")
    with pytest.raises(ImproperProblemError, match=r"spectral radius 1, .*cycle (0 -> 0|1 -> 1) pays 1\."):
        soft_value_iteration(by_chance, np.full((3, 2), 1.0))


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


@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("kind", STATIONARY)
def test_a_solution_nearby_lends_its_factorisation(kind, inference, rng):
    problem, reward, _ = posed(kind)
    mdp = as_mdp(problem)
    agent = SoftAgent(mdp, inference=inference)
    near = agent.solve(reward)
    near.linearisation.prepare(6)
    close, far = (reward - size * rng.uniform(size=reward.shape) for size in (0.02, 20.0))
    source = rng.normal(size=(1, mdp.n_states))
    for moved in (close, far):
        alone = agent.solve(moved)
        helped = agent.solve(moved, reuse=near, start=near.V)
        np.testing.assert_allclose(helped.V, alone.V, atol=1e-8)
        for name in ("flow", "accumulate"):
            found, wanted = (getattr(solution.linearisation, name)(source) for solution in (helped, alone))
            np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)
        if moved is close:
            assert not helped.linearisation.system.factorised
