import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import problem_of_kind

from maxent_irl import MDP, Demonstrations, policy_value, sample_demonstrations, soft_value_iteration
from maxent_irl.control import demonstrated_prior, reward_divergence

ALPHA = 0.6
KINDS = ["discounted", "discounted, terminal", "discounted, ending", "discounted, masked"]


def case(kind):
    problem = problem_of_kind(kind)
    theirs, own = np.random.default_rng(0).normal(size=(2, *problem.shape))
    return MDP(problem.P, **problem.keywords()), theirs, own


def test_shares_of_what_was_seen_and_uniform_elsewhere():
    mdp = MDP.from_successors([[1, 2, -1], [0, 1, 2], [-1, -1, -1]], terminal=[2], discount=0.9)
    demos = Demonstrations([([0, 1, 0, 2], [0, 0, 1]), ([0, 1, 0, 2], [0, 0, 1])], weights=[1.0, 3.0])
    prior = demonstrated_prior(mdp, demos, pseudo_count=2.0)
    assert_allclose(prior, [[0.5, 0.5, 0], [(4 + 2 / 3) / 6, 1 / 9, 1 / 9], [0, 0, 0]])
    assert_allclose(demonstrated_prior(mdp, [([0, 2], [1])])[1], 1 / 3)
    nearly_counts = demonstrated_prior(mdp, demos[:1], pseudo_count=1e-9)
    assert_allclose(nearly_counts[:2], [[0.5, 0.5, 0], [1, 0, 0]], atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_soft_optimal_prior_is_one_more_reward(kind):
    mdp, theirs, own = case(kind)
    demonstrators = soft_value_iteration(mdp, theirs, temperature=ALPHA)
    both = soft_value_iteration(mdp, theirs + own, temperature=ALPHA)
    improved = soft_value_iteration(mdp, own, temperature=ALPHA, action_prior=demonstrators.policy)
    assert_allclose(improved.policy, both.policy, atol=1e-9)
    assert_allclose(improved.V, both.V - demonstrators.V, atol=1e-9)
    # So it is with the policy counted from many demonstrations, nearly.
    demos = sample_demonstrations(mdp, demonstrators.policy, 20_000, max_steps=30, random_state=0)
    prior = demonstrated_prior(mdp, demos)
    assert_allclose(prior, demonstrators.policy, atol=0.02)
    found = soft_value_iteration(mdp, own, temperature=ALPHA, action_prior=prior)
    assert_allclose(found.policy, both.policy, atol=0.03)


@pytest.mark.parametrize("n_demonstrations", [3, 300])
def test_improvement_starts_from_imitation(n_demonstrations):
    mdp, theirs, own = case("discounted")
    policy = soft_value_iteration(mdp, theirs, temperature=ALPHA).policy
    prior = demonstrated_prior(mdp, sample_demonstrations(mdp, policy, n_demonstrations, max_steps=20, random_state=0))
    imitation = soft_value_iteration(mdp, own, temperature=math.inf, action_prior=prior)
    assert_allclose(imitation.policy, prior)
    before = policy_value(mdp, prior, own)
    earned, moved = [], []
    for alpha in (10.0, 1.0, 0.1):
        improved = soft_value_iteration(mdp, own, temperature=alpha, action_prior=prior).policy
        after = policy_value(mdp, improved, own)
        assert (after > before).all()  # in every state
        reward, divergence = reward_divergence(mdp, own, improved, prior)
        earned.append(reward)
        moved.append(divergence)
    assert (np.diff(earned) > 0).all()
    assert (np.diff(moved) > 0).all()
    best = soft_value_iteration(mdp, own, temperature=0.0)
    assert_allclose(
        policy_value(mdp, soft_value_iteration(mdp, own, temperature=1e-3, action_prior=prior).policy, own),
        best.V,
        atol=0.01,
    )


def test_wrong_input_is_named():
    mdp, *_ = case("discounted")
    with pytest.raises(ValueError, match="pseudo_count must be a number > 0"):
        demonstrated_prior(mdp, [([0, 1], [0])], pseudo_count=0.0)
    with pytest.raises(ValueError, match="no common policy: select those of one goal"):
        demonstrated_prior(mdp, Demonstrations([([0, 1], [0])], goals=[1]))
    with pytest.raises(ValueError, match="trajectory 0"):
        demonstrated_prior(mdp, [([0, 99], [0])])
