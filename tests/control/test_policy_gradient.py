import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import difference_jacobian, problem_of_kind, random_prior

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import estimate_gradient, evidence_lower_bound, maximum_entropy_policy_gradient

ALPHA = 0.6
KINDS = ["discounted", "discounted, terminal", "discounted, ending", "undiscounted, terminal"]


def case(kind, seed=0):
    problem = problem_of_kind(kind, seed)
    rng = np.random.default_rng(seed)
    return problem, MDP(problem.P, **problem.keywords()), rng.normal(size=problem.shape), random_prior(rng, problem)


def softmax_policy(problem, logits):
    weight = np.where(problem.open, np.exp(logits), 0.0)
    return weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)


@pytest.mark.parametrize("with_baseline", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_sampled_gradient_is_unbiased(kind, with_baseline):
    problem, mdp, reward, prior = case(kind)
    rng = np.random.default_rng(1)
    logits = rng.normal(size=problem.shape) / 2

    def bound(x):
        policy = softmax_policy(problem, x.reshape(problem.shape))
        V = evidence_lower_bound(mdp, reward, policy, temperature=ALPHA, action_prior=prior)
        return np.array([problem.initial @ V])

    exact = difference_jacobian(bound, logits.ravel())[0].reshape(problem.shape)
    baseline = rng.normal(size=len(exact)) if with_baseline else None
    estimates = [
        estimate_gradient(
            mdp,
            reward,
            softmax_policy(problem, logits),
            temperature=ALPHA,
            action_prior=prior,
            baseline=baseline,
            n_trajectories=500,
            random_state=rng,
        )
        for _ in range(60)
    ]
    gradients = np.array([estimate.gradient for estimate in estimates])
    error = gradients.std(axis=0) / np.sqrt(len(gradients))
    assert (np.abs(gradients.mean(axis=0) - exact) <= 4.5 * error + 1e-9).all()
    assert error.max() < 0.2 * np.abs(exact).max()
    objective = np.array([estimate.objective for estimate in estimates])
    assert abs(objective.mean() - bound(logits.ravel())[0]) < 4.5 * objective.std() / np.sqrt(len(objective))


@pytest.mark.parametrize("kind", ["discounted", "discounted, masked"])
def test_the_ascent_ends_near_the_soft_policy(kind):
    problem, mdp, reward, prior = case(kind)
    for action_prior in (None, prior):
        best = soft_value_iteration(mdp, reward, temperature=ALPHA, action_prior=action_prior).V
        run = maximum_entropy_policy_gradient(
            mdp, reward, temperature=ALPHA, action_prior=action_prior, n_iterations=400, random_state=0
        )
        reached = evidence_lower_bound(mdp, reward, run.policy, temperature=ALPHA, action_prior=action_prior)
        assert 0 <= problem.initial @ (best - reached) < 0.02
        assert run.n_samples == 400 * 200
        assert run.objective_curve[-50:].mean() > run.objective_curve[:5].mean()


def test_what_does_not_end_is_refused():
    ring = MDP.from_successors([[1, 0], [0, 1]], discount=0.7)
    with pytest.raises(ValueError, match="maximum-entropy policy gradient needs undiscounted episodes"):
        maximum_entropy_policy_gradient(ring.replace(horizon=3, discount=1.0), [0.0, 0.0])
    with pytest.raises(ValueError, match=r"baseline must have shape \(2,\)"):
        estimate_gradient(ring, [0.0, 0.0], [[0.5, 0.5], [0.5, 0.5]], baseline=[1.0])
    with pytest.raises(ValueError, match="learning_rate must be a number > 0"):
        maximum_entropy_policy_gradient(ring, [0.0, 0.0], learning_rate=0)
    run = maximum_entropy_policy_gradient(ring, [0.0, 1.0], n_iterations=2, tol=0, random_state=0)
    assert not run.converged
    assert_allclose(run.policy.sum(axis=1), 1.0)
