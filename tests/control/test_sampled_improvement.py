from itertools import product
from math import factorial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.stats import norm

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import (
    LinearQuadratic,
    asymptotic_variance,
    improve,
    sampled_action_weights,
    sampled_improvement,
    sampled_policy_iteration,
)
from maxent_irl.control.sampled_improvement import OPERATORS

ALPHA = 0.5


def case(seed=0, A=4):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(A)), rng.normal(size=A), rng.dirichlet(5 * np.ones(A))


def test_the_operators_maximise_what_they_say():
    policy, Q, _ = case()

    def softmax(x):
        return np.exp(x - x.max()) / np.exp(x - x.max()).sum()

    def maximiser(penalty):
        found = minimize(lambda x: -(softmax(x) @ Q - ALPHA * penalty(softmax(x))), np.zeros(4), tol=1e-12)
        return softmax(found.x)

    reverse = maximiser(lambda q: q @ np.log(q / policy))
    forward = maximiser(lambda q: policy @ np.log(policy / q))
    assert_allclose(improve(policy, Q, ALPHA, "exponential"), reverse, atol=1e-5)
    assert_allclose(improve(policy, Q, ALPHA, "regularised"), forward, atol=1e-5)


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_mean_over_samples_by_enumeration_of_all_samples(operator):
    policy, Q, proposal = case()
    K, mean = 3, np.zeros(4)
    for counts in product(range(K + 1), repeat=4):
        if sum(counts) != K:
            continue
        chance = factorial(K) * np.prod([p**c / factorial(c) for p, c in zip(proposal, counts, strict=True)])
        shares = np.array(counts) / K
        if operator == "exponential":
            f = shares / proposal * policy * np.exp(Q / ALPHA)
            mean += chance * f / f.sum()
        else:
            mean += chance * improve(shares / proposal * policy, Q, ALPHA, operator)
    drawn = sampled_improvement(
        np.broadcast_to(policy, (200_000, 4)),
        Q,
        K,
        temperature=ALPHA,
        proposal=proposal,
        operator=operator,
        random_state=0,
    )
    assert_allclose(drawn.sum(axis=1), 1.0)
    assert_allclose(drawn.mean(axis=0), mean, atol=0.005)
    assert ((drawn > 0).sum(axis=1) <= K).all()


@pytest.mark.parametrize("operator", OPERATORS)
def test_errors_fall_like_one_over_the_square_root(operator):
    policy, Q, proposal = case()
    exact = improve(policy, Q, ALPHA, operator)
    rows = np.broadcast_to(policy, (4000, 4))
    options = {"temperature": ALPHA, "proposal": proposal, "operator": operator, "random_state": 0}
    errors = [
        np.sqrt(K * ((sampled_improvement(rows, Q, K, **options) - exact) ** 2).sum(axis=1).mean())
        for K in (1000, 10_000)
    ]
    assert_allclose(errors[0], errors[1], rtol=0.1)
    if operator == "exponential":
        assert_allclose(
            errors[1] ** 2, asymptotic_variance(policy, Q, temperature=ALPHA, proposal=proposal).sum(), rtol=0.1
        )


def test_without_the_proposal_in_the_weights_the_limit_is_another():
    """The factor beta_hat / beta matters: where it is left out, the limit improves the proposal."""
    policy, Q, proposal = case()
    exact = improve(policy, Q, ALPHA)
    right = sampled_improvement(policy, Q, 10**7, temperature=ALPHA, proposal=proposal, random_state=0)
    wrong = improve(proposal * policy, Q, ALPHA)
    assert np.abs(right - exact).max() < 0.002
    assert np.abs(wrong - exact).max() > 0.02


def test_continuous_actions_against_the_closed_form():
    problem = LinearQuadratic.single_choice([1.0], [[2.0]])
    closed = problem.solve(ALPHA)
    rng = np.random.default_rng(0)
    actions = rng.normal(0.5, 1.5, size=(1, 200_000))
    weights = sampled_action_weights(
        np.zeros(actions.shape), norm.logpdf(actions, 0.5, 1.5), -((actions - 1.0) ** 2), temperature=ALPHA
    )
    mean = (weights * actions).sum()
    assert_allclose(mean, closed.gain[0, 0], atol=0.01)
    assert_allclose((weights * (actions - mean) ** 2).sum(), closed.covariance[0, 0], rtol=0.02)


def test_policy_iteration_tends_to_the_soft_policy():
    rng = np.random.default_rng(0)
    mdp = MDP(rng.dirichlet(np.ones(4), (4, 3)), discount=0.8)
    reward = rng.normal(size=(4, 3))
    prior = np.full((4, 3), 1 / 3)
    exact = soft_value_iteration(mdp, reward, temperature=ALPHA, action_prior=prior)
    missed = [
        np.abs(exact.V - sampled_policy_iteration(mdp, reward, K, temperature=ALPHA, random_state=0).V).max()
        for K in (2, 8, 128)
    ]
    assert missed[0] > missed[1] > missed[2]
    assert missed[2] < 1e-3


def test_wrong_input_is_named():
    policy, Q, _ = case()
    with pytest.raises(ValueError, match=r"proposal never samples action 2 \(row \[\]\)"):
        sampled_improvement(policy, Q, 5, proposal=np.array([0.5, 0.25, 0.0, 0.25]))
    with pytest.raises(ValueError, match="operator must be one of 'exponential', 'regularised'; got 'puct'"):
        improve(policy, Q, ALPHA, "puct")
    with pytest.raises(ValueError, match="weight must be >= 0, with a positive entry"):
        improve(np.zeros(4), Q, ALPHA)
    with pytest.raises(ValueError, match="n_samples must be a positive integer; got 0"):
        sampled_improvement(policy, Q, 0)
