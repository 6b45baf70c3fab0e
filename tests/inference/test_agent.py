"""Agents: checked once, the same in every front; rewards that change over time; probabilities that underflow."""

import math
import pickle

import numpy as np
import pytest
from oracles import KINDS, objective, problem_of_kind, random_demos, random_prior, soft_bellman
from packaged import as_demonstrations, as_mdp, posed

from maxent_irl import MDP, SoftAgent, expected_visitations, policy_value, soft_value_iteration
from maxent_irl.likelihood import TaskObjective, sufficient_statistics
from maxent_irl.rewards import LinearReward

INFERENCES = ("variational", "exact")
FINITE = [kind for kind in KINDS if "horizon" in KINDS[kind]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inference", INFERENCES)
def test_the_function_is_a_front_of_the_agent(kind, inference):
    problem, reward, prior = posed(kind, with_prior=True)
    mdp = as_mdp(problem)
    one = soft_value_iteration(mdp, reward, temperature=0.7, action_prior=prior, inference=inference)
    other = SoftAgent(mdp, 0.7, prior, inference).solve(reward)
    for name in ("V", "Q", "policy"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.mdp, one.temperature, one.inference) == (mdp, 0.7, inference)
    assert other.message == "converged"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "temperature must be a number >= 0"),
        ({"inference": "hopeful"}, "inference must be one of"),
        ({"action_prior": [0.5, 0.2]}, "action_prior must sum to 1 in every state; in state 0"),
    ],
)
def test_an_agent_checks_its_arguments_once(arguments, message):
    mdp = MDP.from_successors([[1, 0], [0, 1]], discount=0.9)
    with pytest.raises(ValueError, match=message):
        SoftAgent(mdp, **arguments)
    with pytest.raises(ValueError, match="mdp must be an MDP; got str"):
        SoftAgent("mdp")


def test_an_agent_on_its_way_to_a_goal():
    mdp = MDP.from_successors([[1, 0], [2, 0], [2, 2]], terminal=[])
    agent, reward = SoftAgent(mdp, 0.5, [0.7, 0.3]), -np.ones(3)
    found = agent.with_goal(2).solve(reward)
    prior = np.array([[0.7, 0.3], [0.7, 0.3], [0.0, 0.0]])
    wanted = soft_value_iteration(mdp.with_goal(2), reward, temperature=0.5, action_prior=prior)
    np.testing.assert_allclose(found.V, wanted.V, atol=1e-12)
    assert agent.mdp is mdp


@pytest.mark.parametrize("kind", FINITE)
@pytest.mark.parametrize("inference", INFERENCES)
def test_rewards_by_time(kind, inference, rng):
    problem = problem_of_kind(kind)
    mdp, prior = as_mdp(problem), random_prior(rng, problem)
    reward = rng.normal(size=(problem.horizon, *problem.shape))
    solution = SoftAgent(mdp, 0.8, prior, inference).solve(reward)
    V, Q, policy = soft_bellman(problem, reward, alpha=0.8, prior=prior, inference=inference)
    for name, wanted in (("V", V), ("Q", Q), ("policy", policy)):
        np.testing.assert_allclose(getattr(solution, name), wanted, atol=1e-12, err_msg=name)
    if inference == "variational":  # what the policy earns is what its visitations earn
        total = (expected_visitations(mdp, solution) * np.where(problem.open, reward, 0.0)).sum()
        value = policy_value(mdp, solution, np.where(problem.open, reward, 0.0))[0] @ mdp.initial_distribution
        assert total == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("kind", FINITE)
@pytest.mark.parametrize("inference", INFERENCES)
@pytest.mark.parametrize("weighting", ["likelihood", "feature-matching"])
def test_the_objective_of_a_reward_by_time(kind, inference, weighting, rng):
    problem = problem_of_kind(kind)
    features, coef = rng.normal(size=(problem.horizon, *problem.shape, 2)), np.array([0.4, -0.7])
    mdp, demos = as_mdp(problem), random_demos(rng, problem, 5, 4)
    statistics = sufficient_statistics(mdp, as_demonstrations(demos), weighting)
    task = TaskObjective(SoftAgent(mdp, 0.8, None, inference), LinearReward(mdp, features), statistics)
    point = task.at(coef)
    assert point.value == pytest.approx(
        objective(problem, features @ coef, demos, weighting, alpha=0.8, inference=inference), abs=1e-10
    )
    step = 1e-5 * np.eye(2)
    slope = [(task.at(coef + e).value - task.at(coef - e).value) / 2e-5 for e in step]
    np.testing.assert_allclose(point.gradient, slope, atol=1e-7)
    bend = [(task.at(coef + e).gradient - task.at(coef - e).gradient) / 2e-5 for e in step]
    np.testing.assert_allclose(point.hessian, bend, atol=1e-6)
    np.testing.assert_allclose(point.step_hessian, point.hessian, atol=1e-8)
    np.testing.assert_allclose(point.hessian_product(coef), point.hessian @ coef, atol=1e-9)
    np.testing.assert_allclose(point.unit_scores().sum(axis=0), point.gradient, atol=1e-9)


@pytest.mark.parametrize("horizon", [None, 4])
def test_wrong_shapes_of_rewards_are_named(horizon):
    mdp = MDP.from_successors([[1, 0, 0], [0, 1, 1]], discount=0.9, horizon=horizon)
    with pytest.raises(ValueError, match=r"reward must have shape \(2,\).*got \(5, 2, 3\)"):
        SoftAgent(mdp).solve(np.zeros((5, 2, 3)))
    if horizon:
        bad = np.zeros((4, 2, 3))
        bad[3, 1, 2] = np.inf
        with pytest.raises(ValueError, match="reward must be finite; it is inf at time 3, state 1, action 2"):
            SoftAgent(mdp).solve(bad)


def test_probabilities_that_underflow_keep_their_logarithm():
    mdp = MDP.from_successors([[1, 0], [1, 1]], terminal=[1])
    for alpha, gap in ((1.0, 2000.0), (1e-3, 5.0)):
        solution = SoftAgent(mdp, alpha).solve([[0.0, -gap], [0.0, 0.0]])
        assert solution.policy[0, 1] == 0.0
        log_p = solution.log_probabilities(np.array([0, 0]), np.array([0, 1]))
        assert log_p[0] == pytest.approx(0.0, abs=1e-12)
        assert log_p[1] == pytest.approx(-gap / alpha, rel=1e-12)
    prior = SoftAgent(mdp, 1.0, [[0.25, 0.75], [0.0, 0.0]]).solve([[0.0, -2000.0], [0.0, 0.0]])
    assert prior.log_probabilities(np.array([0]), np.array([1]))[0] == pytest.approx(
        -2000.0 + math.log(0.75), rel=1e-12
    )


def test_what_is_impossible_has_no_logarithm():
    mdp = MDP.from_successors([[1, -1], [1, 1]], discount=0.9)
    assert SoftAgent(mdp).solve(np.zeros(2)).log_probabilities(np.array([0]), np.array([1]))[0] == -math.inf
    finite = SoftAgent(mdp.replace(horizon=2)).solve(np.zeros(2))
    with pytest.raises(ValueError, match="pass times="):
        finite.log_probabilities(np.array([0]), np.array([0]))
    assert finite.log_probabilities(np.array([0]), np.array([0]), np.array([1]))[0] == pytest.approx(0.0)


@pytest.mark.parametrize("kind", ["discounted", "undiscounted, terminal", "finite"])
def test_a_solution_travels_without_its_factorisation(kind):
    problem, reward, _ = posed(kind)
    solution = SoftAgent(as_mdp(problem)).solve(reward)
    visitations = expected_visitations(solution.mdp, solution)
    there = pickle.loads(pickle.dumps(solution))
    np.testing.assert_allclose(expected_visitations(there.mdp, there), visitations, rtol=1e-12)
    np.testing.assert_array_equal(there.Q, solution.Q)
    freed = solution.released()
    np.testing.assert_array_equal(freed.V, solution.V)
    if kind == "discounted":
        solution.linearisation.prepare(5)
        assert solution.linearisation.system.factorised
        assert not solution.released().linearisation.system.factorised
