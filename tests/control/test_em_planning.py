import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import problem_of_kind

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import em_planning, uniform_prior

KINDS = ["discounted", "discounted, terminal", "discounted, ending", "discounted, masked"]


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed)
    reward = np.random.default_rng(seed).normal(size=problem.shape)
    return problem, MDP(problem.P, **problem.keywords()), reward


@pytest.mark.parametrize("m_step", ["accelerated", "full", "greedy"])
@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_only_rises_and_the_policy_becomes_optimal(kind, m_step):
    _, mdp, reward = case(kind)
    plan = em_planning(mdp, reward, m_step=m_step)
    best = soft_value_iteration(mdp, reward, temperature=0.0)
    assert plan.converged
    assert plan.error_bound <= 1e-6
    assert_allclose(plan.V, best.V, atol=1e-6)
    assert (np.diff(plan.likelihood_curve) >= -1e-15).all()
    assert plan.likelihood_curve[-1] > plan.likelihood_curve[0]
    assert 0 <= plan.likelihood <= 1
    assert len(plan.likelihood_curve) == plan.n_iter + 1


def scaled(problem, reward):
    earned = [*reward[problem.open], *([0.0] if problem.over.any() or problem.stop.any() else [])]
    low, span = min(earned), max(earned) - min(earned)
    return (reward - low) / span, -low / span


def test_the_full_m_step_is_the_posterior_of_the_action():
    """One iteration by the definition of EM: expected counts of every action before the event, over all lengths."""
    problem, mdp, reward = case("discounted")
    chance, _ = scaled(problem, reward)
    policy, gamma = uniform_prior(mdp), problem.discount
    flow = np.einsum("sa,sat->st", policy, problem.P)
    counts = np.zeros(problem.shape)
    now = np.array(problem.initial)
    tail = np.linalg.solve(np.eye(len(now)) - gamma * flow, (policy * chance).sum(axis=1))
    for t in range(400):  # p(action a in s at time t, event at any T >= t)
        counts += now[:, None] * policy * gamma**t * (chance + gamma * problem.P @ tail)
        now = now @ flow
    step = em_planning(mdp, reward, m_step="full", max_iter=1)
    assert_allclose(step.policy, counts / counts.sum(axis=1, keepdims=True), rtol=1e-8)


def test_a_capped_run_says_so_and_constant_rewards_are_done_at_once():
    _, mdp, reward = case("discounted")
    assert not em_planning(mdp, reward, max_iter=1).converged
    constant = em_planning(mdp, np.full(mdp.n_states, 2.0))
    assert constant.converged
    assert constant.n_iter == 0
    assert_allclose(constant.V, 20.0)


def test_what_makes_no_mixture_is_refused():
    _, mdp, reward = case("discounted")
    with pytest.raises(ValueError, match="mixture of finite-time problems needs an infinite horizon"):
        em_planning(mdp.replace(horizon=3), reward)
    dead = MDP.from_successors([[1], [-1]], discount=0.9)
    with pytest.raises(ValueError, match="state 0 is a dead end|state 1 is a dead end"):
        em_planning(dead, [0.0, 0.0])
    with pytest.raises(ValueError, match="m_step must be one of"):
        em_planning(mdp, reward, m_step="soft")


@pytest.mark.parametrize("discount", [0.9, 0.99, 0.9999])
def test_the_accelerated_m_step_needs_tens_of_iterations_at_any_discount(discount):
    _, mdp, reward = case("discounted")
    mdp = mdp.replace(discount=discount)
    plan = em_planning(mdp, reward)
    assert plan.converged
    assert plan.n_iter < 60
    assert (np.diff(plan.likelihood_curve) >= -1e-14).all()
    assert_allclose(plan.V, soft_value_iteration(mdp, reward, temperature=0.0).V, atol=1e-6)


def test_the_full_m_step_that_is_too_slow_gives_advice():
    _, mdp, reward = case("discounted")
    plan = em_planning(mdp.replace(discount=0.99), reward, m_step="full", max_iter=50)
    assert not plan.converged
    assert "use m_step='accelerated'" in plan.message
