import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

from maxent_irl.control import GaussianActor, LinearQuadratic, fit_gaussian_actor, soft_actor_critic_continuous
from maxent_irl.control.continuous_actor_critic import QuadraticCritic, quadratic_features
from maxent_irl.control.gaussian_actor import ActorObjective, matched_noise

BEST, CURVATURE, ALPHA = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 1.0]]), 0.5


def quadratic_reward(states, actions):
    away = actions - BEST
    return -0.5 * np.einsum("ki,ij,kj->k", away, CURVATURE, away), -away @ CURVATURE


def wavy_value(states, actions):
    """A critic that is not quadratic, with its gradient."""
    mixed = actions + 0.5 * states[:, :1]
    return np.cos(mixed).sum(axis=1) - 0.1 * (actions**2).sum(axis=1), -np.sin(mixed) - 0.2 * actions


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
@pytest.mark.parametrize("value", [quadratic_reward, wavy_value])
def test_gradient_through_the_reparameterisation(value, covariance):
    rng = np.random.default_rng(0)
    objective = ActorObjective(value, rng.normal(size=(50, 3)), rng.normal(size=(50, 2)), ALPHA, covariance)
    n_parameters = 2 * 3 + 2 + (covariance == "full")
    for _ in range(5):
        x = rng.normal(size=n_parameters)
        error = check_grad(lambda x: objective(x)[0], lambda x: objective(x)[1], x)
        assert error < 1e-5 * max(1.0, np.abs(objective(x)[1]).max())


def test_gradient_agrees_with_the_score_function_estimate():
    """The other unbiased gradient, E[(log pi - Q / alpha) d log pi], from many samples: the same number, far noisier."""
    rng = np.random.default_rng(1)
    k = 400_000
    actor = GaussianActor(np.array([[0.3], [-1.5]]), np.array([[0.8, 0.0], [0.2, 0.6]]))
    states, noise = np.ones((k, 1)), rng.normal(size=(k, 2))
    objective = ActorObjective(quadratic_reward, states, noise, ALPHA, "full")
    _, gradient = objective(objective.parameters.pack(actor))
    actions = actor.act(states, noise)
    value, _ = quadratic_reward(states, actions)
    signal = ALPHA * actor.log_density(states, actions) - value
    score = np.linalg.solve(actor.factor.T, noise.T).T  # d log pi / d mean
    estimate = ((signal - signal.mean())[:, None] * score).mean(axis=0)
    assert_allclose(gradient[:2], estimate, atol=0.03)


def test_density_entropy_and_samples_of_an_actor():
    rng = np.random.default_rng(0)
    actor = GaussianActor(rng.normal(size=(2, 3)), np.array([[0.8, 0.0], [-0.3, 0.5]]))
    states = rng.normal(size=(6, 3))
    actions = actor.act(states, rng.normal(size=(6, 2)))
    expected = [
        multivariate_normal(actor.gain @ s, actor.covariance).logpdf(a) for s, a in zip(states, actions, strict=True)
    ]
    assert_allclose(actor.log_density(states, actions), expected)
    assert_allclose(actor.entropy, multivariate_normal(np.zeros(2), actor.covariance).entropy())
    drawn = actor.act(np.zeros((200_000, 3)), rng.normal(size=(200_000, 2)))
    assert_allclose(np.cov(drawn.T), actor.covariance, atol=0.01)
    assert_allclose(drawn.std(axis=0), actor.deviation, rtol=0.01)


def test_quadratic_reward_gives_the_boltzmann_posterior():
    closed = LinearQuadratic.single_choice(BEST, CURVATURE).solve(ALPHA)
    fit = fit_gaussian_actor(quadratic_reward, np.ones((20_000, 1)), 2, temperature=ALPHA, random_state=0)
    assert fit.converged
    assert_allclose(fit.actor.gain[:, 0], closed.gain[:, 0], rtol=1e-5)
    assert_allclose(closed.gain[:, 0], BEST)
    assert_allclose(fit.actor.covariance, closed.covariance, atol=0.02)
    assert_allclose(fit.actor.deviation, np.sqrt(np.diag(closed.covariance)), rtol=0.01)
    assert (np.diff(fit.loss_curve) <= 0).all()
    # J at the posterior is minus the soft value: the log-sum-exp over actions.
    assert_allclose(fit.loss, -0.5 * ALPHA * np.linalg.slogdet(2 * math.pi * closed.covariance)[1], atol=0.02)


def test_matched_noise_leaves_nothing_of_a_quadratic_to_chance():
    noise = matched_noise(np.random.default_rng(0), 50, 2)
    assert_allclose(noise.T @ noise / 50, np.eye(2), atol=1e-12)
    closed = LinearQuadratic.single_choice(BEST, CURVATURE).solve(ALPHA)
    for seed in range(3):
        fit = fit_gaussian_actor(quadratic_reward, np.ones((50, 1)), 2, temperature=ALPHA, random_state=seed)
        assert_allclose(fit.actor.covariance, closed.covariance, rtol=1e-4)
    many = matched_noise(np.random.default_rng(0), 100_000, 2)
    assert_allclose([(many**4).mean(), (many[:, 0] ** 2 * many[:, 1] ** 2).mean()], [3.0, 1.0], rtol=0.03)


def test_a_diagonal_actor_has_the_conditional_variances():
    fit = fit_gaussian_actor(
        quadratic_reward, np.ones((20_000, 1)), 2, temperature=ALPHA, covariance="diagonal", random_state=0
    )
    assert_allclose(fit.actor.covariance, np.diag(ALPHA / np.diag(CURVATURE)), rtol=0.02)


def test_posterior_of_a_reward_that_depends_on_the_state():
    rng = np.random.default_rng(0)
    G = np.array([[1.0, -0.5]])

    def value(states, actions):
        away = actions - states @ G.T
        return -1.5 * (away**2).sum(axis=1), -3.0 * away

    fit = fit_gaussian_actor(value, rng.normal(size=(20_000, 2)), 1, temperature=ALPHA, random_state=0)
    assert_allclose(fit.actor.gain, G, rtol=1e-4)
    assert_allclose(fit.actor.deviation, math.sqrt(ALPHA / 3.0), rtol=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_actor_critic_reaches_the_regulator(seed):
    problem = LinearQuadratic(
        [[1.0, 0.5], [0.0, 1.0]],
        [[0.125], [0.5]],
        np.diag([1.0, 0.1]),
        [[0.5]],
        noise=0.0025 * np.eye(2),
        discount=0.8,
    )
    learnt = soft_actor_critic_continuous(problem, temperature=0.3, random_state=seed)
    closed = problem.solve(0.3)
    assert learnt.converged
    assert_allclose(learnt.actor.gain, closed.gain, rtol=0.01)
    assert_allclose(learnt.actor.deviation, np.sqrt(np.diag(closed.covariance)), rtol=0.01)
    assert len(learnt.gain_curve) == len(learnt.deviation_curve) == learnt.n_iter + 1
    assert_array_equal(learnt.gain_curve[0], 0.0)
    s = np.array([[0.5, -1.0]])
    critic = QuadraticCritic(learnt.critic, 2, 1)
    value = critic(s, learnt.actor.act(s, np.zeros((1, 1))))[0]
    mode = closed.value(s) + 0.3 * -0.5 * np.linalg.slogdet(2 * math.pi * closed.covariance)[1]
    assert_allclose(value, mode, atol=0.03)  # Q at the mean is V + alpha log pi(mean)


def test_without_noise_and_spread_the_actor_is_deterministic_and_exact():
    problem = LinearQuadratic([[0.9]], [[0.5]], [[1.0]], [[0.3]], discount=0.8)
    learnt = soft_actor_critic_continuous(problem, temperature=1e-4, n_samples=2000, random_state=0)
    assert_allclose(learnt.actor.gain, problem.solve(1e-4).gain, rtol=1e-3)
    again = soft_actor_critic_continuous(problem, temperature=1e-4, n_samples=2000, random_state=0)
    assert_array_equal(learnt.critic, again.critic)


def test_a_capped_run_says_so():
    problem = LinearQuadratic([[0.9]], [[0.5]], [[1.0]], [[0.3]], discount=0.8)
    assert not soft_actor_critic_continuous(problem, n_samples=500, max_iter=2, random_state=0).converged
    assert not fit_gaussian_actor(wavy_value, np.ones((20, 1)), 2, max_iter=1, random_state=0).converged


def test_quadratic_critic_and_its_gradient():
    rng = np.random.default_rng(0)
    s, a = rng.normal(size=(7, 2)), rng.normal(size=(7, 2))
    coef = rng.normal(size=quadratic_features(s, a).shape[1])
    value, slope = QuadraticCritic(coef, 2, 2)(s, a)
    assert_allclose(value, quadratic_features(s, a) @ coef)
    for j in range(2):
        step = 1e-6 * np.eye(2)[j]
        ahead, behind = (quadratic_features(s, a + sign * step) @ coef for sign in (1, -1))
        assert_allclose(slope[:, j], (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"covariance": "round"}, "covariance must be one of"),
        ({"states": np.ones(3)}, r"states must have shape \(k, n\)"),
        ({"states": np.ones((1, 1))}, "1 draws of noise do not span 2 dimensions"),
    ],
)
def test_wrong_options_are_named(changes, message):
    options = {"states": np.ones((3, 1)), **changes}
    with pytest.raises(ValueError, match=message):
        fit_gaussian_actor(quadratic_reward, n_actions=2, **options)
