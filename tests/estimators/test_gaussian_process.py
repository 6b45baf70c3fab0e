"""Gaussian processes: the evidence against differences, Laplace's approximation written densely, calibration under the prior."""

import numpy as np
import pytest
from oracles import KINDS, costly_features, problem_of_kind, random_demos, random_prior
from packaged import as_demonstrations, as_mdp
from scipy.optimize import approx_fprime
from scipy.special import expit
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, RationalQuadratic

from maxent_irl import MDP, Demonstrations, sample_demonstrations, soft_value_iteration
from maxent_irl.estimators import GaussianProcessIRL

EVIDENCE_TABLE = [(kind, inference) for kind in KINDS for inference in ("variational", "exact")]


@pytest.mark.parametrize(("kind", "inference"), EVIDENCE_TABLE)
def test_gradient_of_the_evidence(kind, inference):
    """Every horizon and inference; sparse inducing inputs; kernels of scikit-learn with several hyperparameters."""
    rng = np.random.default_rng(1)
    problem = problem_of_kind(kind)
    inputs, _ = costly_features(rng, problem, per_state=kind.startswith("d"))
    prior = random_prior(rng, problem)
    demonstrations = as_demonstrations(random_demos(rng, problem, 8, 4))
    kernel = ConstantKernel(2.0) * RBF([1.0, 2.0, 0.8]) + ConstantKernel(0.5) * RationalQuadratic(1.5, 2.0)
    model = GaussianProcessIRL(
        as_mdp(problem),
        inputs,
        kernel,
        inducing=4,
        optimizer=None,
        random_state=0,
        inference=inference,
        action_prior=prior,
        temperature=0.7,
        tol=1e-10,
    ).fit(demonstrations)
    value, gradient = model.log_marginal_likelihood(kernel.theta, eval_gradient=True)
    assert value == pytest.approx(model.log_marginal_likelihood_, abs=1e-7)
    expected = [
        (model.log_marginal_likelihood(kernel.theta + step) - model.log_marginal_likelihood(kernel.theta - step)) / 2e-4
        for step in 1e-4 * np.eye(len(kernel.theta))
    ]
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_gradient_of_the_evidence_with_goals():
    ring = np.stack([(np.arange(7) + step) % 7 for step in (1, -1)], axis=1)
    inputs = np.stack([np.arange(7.0), np.arange(7.0) % 3], axis=1)
    trips = [([0, 1, 2], [0, 0]), ([3, 2, 1, 0], [1, 1, 1]), ([4, 5, 6], [0, 0])]
    for discount, terminal in ((0.8, None), (1.0, [])):
        mdp = MDP.from_successors(ring, discount=discount, terminal=terminal)
        kernel = ConstantKernel(4.0) * RBF([1.5, 1.0])
        model = GaussianProcessIRL(mdp, inputs, kernel, optimizer=None, tol=1e-10)
        model.fit(Demonstrations(trips, goals=[2, 0, 6]))
        _, gradient = model.log_marginal_likelihood(kernel.theta, eval_gradient=True)
        expected = approx_fprime(kernel.theta, model.log_marginal_likelihood, 1e-5)
        np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-3)


def dense_laplace(K, first, second, y):
    """Laplace's approximation for two actions with the logits f[first] - f[second]; Rasmussen & Williams, section 3.4.

    Returns mode (n,), evidence and posterior covariance (n, n) of f ~ N(0, K).
    """
    D = np.zeros((len(y), len(K)))
    D[np.arange(len(y)), first] += 1
    D[np.arange(len(y)), second] -= 1
    f = np.zeros(len(K))
    for _ in range(100):
        p = expit(D @ f)
        W = D.T @ ((p * (1 - p))[:, None] * D)
        f = np.linalg.solve(np.eye(len(K)) + K @ W, K @ (W @ f + D.T @ (y - p)))
    p = expit(D @ f)
    W = D.T @ ((p * (1 - p))[:, None] * D)
    log_likelihood = np.log(np.where(y == 1, p, 1 - p)).sum()
    evidence = log_likelihood - f @ np.linalg.solve(K, f) / 2 - np.linalg.slogdet(np.eye(len(K)) + K @ W)[1] / 2
    return f, evidence, np.linalg.inv(np.linalg.inv(K) + W)


def test_without_a_future_it_is_the_laplace_approximation_of_a_classifier():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(5, 2, 2))
    mdp = MDP(np.full((5, 2, 5), 0.2), discount=0.0)
    kernel = ConstantKernel(1.7) * Matern(1.3, nu=1.5)
    states, y = rng.integers(5, size=60), (rng.random(60) < 0.6).astype(int)
    demonstrations = Demonstrations([([s], [1 - choice]) for s, choice in zip(states, y, strict=True)])
    model = GaussianProcessIRL(mdp, inputs, kernel, inducing=inputs, optimizer=None, tol=1e-12).fit(demonstrations)
    K = kernel(inputs.reshape(10, 2))
    f, evidence, covariance = dense_laplace(K, 2 * states, 2 * states + 1, y)
    np.testing.assert_allclose(model.reward_.ravel(), f, atol=1e-6)
    assert model.log_marginal_likelihood_ == pytest.approx(evidence, abs=1e-6)
    centre = np.eye(10) - 0.1
    np.testing.assert_allclose(
        model.reward_std_.ravel(), np.sqrt(np.diag(centre @ covariance @ centre)), rtol=0, atol=1e-6
    )
    new = rng.normal(size=(3, 2))
    across = kernel(new, inputs.reshape(10, 2))
    mean, std = model.predict_reward(new, return_std=True)
    np.testing.assert_allclose(mean, across @ np.linalg.solve(K, f), atol=1e-6)
    weights = across @ np.linalg.inv(K)
    relative = weights - 0.1
    variance = np.diag(relative @ covariance @ relative.T) + kernel.diag(new) - np.diag(weights @ across.T)
    np.testing.assert_allclose(std, np.sqrt(variance), atol=1e-6)


def test_a_linear_kernel_is_a_linear_fit():
    """Hyperparameters fixed and few inducing inputs: the dot product of features is the prior N(0, I) of coefficients."""
    from sklearn.gaussian_process.kernels import DotProduct

    from maxent_irl import MaxEntIRL

    rng = np.random.default_rng(2)
    problem = problem_of_kind("discounted")
    features = rng.normal(size=(4, 2))
    demonstrations = as_demonstrations(random_demos(rng, problem, 20, 5))
    mdp = as_mdp(problem)
    kernel = DotProduct(1e-3, "fixed")
    process = GaussianProcessIRL(mdp, features, kernel, inducing=np.eye(2), tol=1e-10).fit(demonstrations)
    linear = MaxEntIRL(mdp, features, objective="likelihood", l2=1.0, tol=1e-10).fit(demonstrations)
    np.testing.assert_allclose(process.reward_, linear.reward_, atol=1e-4)


def world_from_prior(rng, kernel, side=5):
    cells = np.stack(np.divmod(np.arange(side * side), side), axis=1).astype(float)
    y, x = cells.T.astype(int)
    moves = [(y, x)] + [
        (np.clip(y + dy, 0, side - 1), np.clip(x + dx, 0, side - 1)) for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))
    ]
    mdp = MDP.from_successors(np.stack([a * side + b for a, b in moves], axis=1), discount=0.8)
    K = kernel(cells) + 1e-9 * np.eye(len(cells))
    return mdp, cells, np.linalg.cholesky(K) @ rng.normal(size=len(cells))


@pytest.mark.slow
def test_intervals_cover_what_is_drawn_from_the_prior():
    rng = np.random.default_rng(0)
    kernel = ConstantKernel(1.0) * RBF(1.5)
    covered = []
    for seed in range(200):
        mdp, cells, reward = world_from_prior(rng, kernel)
        policy = soft_value_iteration(mdp, reward).policy
        demonstrations = sample_demonstrations(mdp, policy, 30, max_steps=6, random_state=seed)
        model = GaussianProcessIRL(mdp, cells, kernel, optimizer=None, inducing=25).fit(demonstrations)
        assert not model.constant_determined_
        error = (model.reward_ - model.reward_.mean()) - (reward - reward.mean())
        covered.append((np.abs(error) <= 1.6449 * model.reward_std_).mean())
    assert 0.86 <= np.mean(covered) <= 0.94


def test_hyperparameters_are_found_and_more_evidence_than_at_the_start(rng):
    kernel = ConstantKernel(1.0) * RBF(1.5)
    mdp, cells, reward = world_from_prior(rng, kernel)
    policy = soft_value_iteration(mdp, 3 * reward).policy
    demonstrations = sample_demonstrations(mdp, policy, 60, max_steps=6, random_state=0)
    start = ConstantKernel(0.1, (1e-2, 1e2)) * RBF(0.5, (0.1, 20.0))
    fixed = GaussianProcessIRL(mdp, cells, start, optimizer=None).fit(demonstrations)
    found = GaussianProcessIRL(mdp, cells, start, n_restarts_optimizer=1, random_state=0).fit(demonstrations)
    assert found.log_marginal_likelihood_ > fixed.log_marginal_likelihood_ + 5
    assert 0.5 < found.kernel_.k2.length_scale < 5
    assert np.corrcoef(found.reward_, reward)[0, 1] > 0.9


def test_a_determined_constant_is_not_projected_out():
    mdp = MDP.from_successors([[0, 1], [1, 2], [-1, -1]], terminal=[2], discount=0.9)
    paths = [([0, 1, 2], [1, 1]), ([0, 0, 1, 2], [0, 1, 1])]
    model = GaussianProcessIRL(mdp, np.arange(3.0)[:, None], ConstantKernel(1.0, "fixed") * RBF(1.0, "fixed"))
    assert model.fit(paths).constant_determined_
    assert (model.reward_std_[:2] > 0).all()
