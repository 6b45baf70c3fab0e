import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import problem_of_kind, random_prior

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import temperature_sweep, uniform_prior, uniform_prior_cost

TEMPERATURES = np.logspace(-4, 4, 9)


@pytest.mark.parametrize("with_prior", [True, False])
@pytest.mark.parametrize("kind", ["discounted", "discounted, ending", "discounted, masked", "finite, everything"])
def test_both_limits_come_within_their_bounds(kind, with_prior):
    problem = problem_of_kind(kind)
    rng = np.random.default_rng(0)
    mdp, reward = MDP(problem.P, **problem.keywords()), rng.normal(size=problem.shape)
    prior = random_prior(rng, problem) if with_prior else None
    sweep = temperature_sweep(mdp, reward, TEMPERATURES, action_prior=prior)
    rounding = 1e-9
    assert (sweep.cold_distance <= sweep.cold_bound + rounding).all()
    assert (sweep.hot_distance <= sweep.hot_bound + rounding).all()
    assert sweep.cold_distance[0] < 1e-2
    assert sweep.hot_distance[-1] < 1e-2
    wanted = uniform_prior(mdp) if prior is None else prior
    assert_allclose(sweep.prior.policy, np.broadcast_to(wanted, sweep.prior.policy.shape))
    # V decreases with temperature from the hard value to the mean return under the prior.
    V = np.array([sweep.hard.V, *(solution.V for solution in sweep.solutions), sweep.prior.V])
    assert (np.diff(V, axis=0) <= rounding).all()


@pytest.mark.parametrize("kind", ["discounted", "discounted, ending", "discounted, masked", "finite, everything"])
def test_uniform_prior_is_no_prior_with_less_reward(kind):
    problem = problem_of_kind(kind)
    mdp = MDP(problem.P, **problem.keywords())
    reward = np.random.default_rng(1).normal(size=problem.shape)
    with_prior = soft_value_iteration(mdp, reward, temperature=0.3, action_prior=uniform_prior(mdp))
    cost = uniform_prior_cost(mdp, 0.3)
    without = soft_value_iteration(mdp, reward - cost[:, None], temperature=0.3)
    assert_allclose(with_prior.V, without.V, atol=1e-9)
    assert_allclose(with_prior.policy, without.policy, atol=1e-9)


@pytest.mark.parametrize(("kind", "total"), [("discounted", 10.0), ("finite", 5.0)])
def test_the_lessons_constant_shifts_values_and_no_policy(kind, total):
    problem = problem_of_kind(kind)
    mdp = MDP(problem.P, **problem.keywords())
    reward = np.random.default_rng(1).normal(size=problem.shape)
    alpha = 0.3
    uniform = soft_value_iteration(mdp, reward, temperature=alpha, action_prior=uniform_prior(mdp))
    without = soft_value_iteration(mdp, reward, temperature=alpha)
    shift = without.V - uniform.V
    assert_allclose(shift if kind == "discounted" else shift[0], total * alpha * math.log(problem.shape[1]))
    assert_allclose(without.policy, uniform.policy, atol=1e-10)


def test_where_the_agent_can_end_the_episode_the_constant_matters():
    # Stay or stop, nothing to earn. The uniform prior is indifferent; without a prior staying is worth entropy.
    mdp = MDP.from_successors([[0, 1], [-1, -1]], terminal=[1], discount=0.9)
    alone = soft_value_iteration(mdp, [0.0, 0.0], temperature=100.0)
    uniform = soft_value_iteration(mdp, [0.0, 0.0], temperature=100.0, action_prior=uniform_prior(mdp))
    assert_allclose(uniform.policy[0], 0.5)
    assert alone.policy[0, 0] > 0.7


def test_undiscounted_without_horizon_has_no_bound():
    with pytest.raises(ValueError, match="discount < 1 or a horizon"):
        temperature_sweep(MDP.from_successors([[1], [-1]], terminal=[1]), [-1.0, 0.0], [1.0])
