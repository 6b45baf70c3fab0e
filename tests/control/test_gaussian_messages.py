import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import difference_jacobian

from maxent_irl.control import GaussianActor, GaussianMixture, LinearQuadratic, geometric_prior


def two_dimensional(seed=0):
    rng = np.random.default_rng(seed)
    n, m = 2, 2
    cost = rng.normal(size=(4, 4))
    cost = cost @ cost.T / 4
    problem = LinearQuadratic(
        rng.normal(size=(n, n)) / 2,
        rng.normal(size=(n, m)),
        cost[:n, :n],
        cost[n:, n:] + np.eye(m),
        cost[:n, n:],
        noise=np.diag([0.2, 0.0]),
    )
    actor = GaussianActor(rng.normal(size=(m, n)) / 2, np.array([[0.6, 0.0], [0.2, 0.4]]))
    return problem, actor, rng.normal(size=n), np.diag([0.3, 0.1])


def joint_trajectory(problem, actor, mean, covariance, T):
    """Mean and covariance of (x_0, u_0, ..., x_T, u_T), by writing every variable as a function of the noise."""
    n, m = problem.n_states, problem.n_actions
    roots = [np.linalg.cholesky(covariance)]
    for _ in range(T + 1):
        values, vectors = np.linalg.eigh(problem.noise)
        roots += [actor.factor, vectors * np.sqrt(np.maximum(values, 0))]
    sizes = [root.shape[1] for root in roots]
    at = np.cumsum([0, *sizes])
    x, x_mean, rows, means = np.zeros((n, at[-1])), mean, [], []
    x[:, : at[1]] = roots[0]
    for t in range(T + 1):
        u, u_mean = actor.gain @ x, actor.gain @ x_mean
        u[:, at[2 * t + 1] : at[2 * t + 2]] += roots[2 * t + 1]
        rows += [x, u]
        means += [x_mean, u_mean]
        x, x_mean = problem.dynamics @ x + problem.control @ u, problem.dynamics @ x_mean + problem.control @ u_mean
        x[:, at[2 * t + 2] : at[2 * t + 3]] += roots[2 * t + 2]
    A = np.vstack(rows)
    return np.concatenate(means), A @ A.T, n + m


def test_messages_against_the_joint_gaussian_of_the_trajectory():
    """The whole trajectory is one Gaussian; conditioning on the event at T is one dense solve."""
    problem, actor, mean, covariance = two_dimensional()
    prior = np.array([0.2, 0.1, 0.3, 0.4])
    messages = GaussianMixture(problem, mean, covariance, prior).messages(actor)
    cost = np.block([[problem.state_cost, problem.cross_cost], [problem.cross_cost.T, problem.action_cost]])
    moments, likelihoods, length = np.zeros((4, 4)), [], 0.0
    for T, p in enumerate(prior):
        mu, C, d = joint_trajectory(problem, actor, mean, covariance, T)
        H = np.zeros((len(mu), len(mu)))
        H[-d:, -d:] = cost
        through = np.eye(len(mu)) + C @ H
        post = np.linalg.solve(through, mu)
        spread = np.linalg.solve(through, C)
        likelihoods.append(np.exp(-0.5 * mu @ H @ post) / np.sqrt(np.linalg.det(through)))
        second = spread + np.outer(post, post)
        for t in range(T + 1):
            block = slice(t * d, (t + 1) * d)
            moments += p * likelihoods[-1] * second[block, block]
        length += p * likelihoods[-1] * (T + 1)
    total = prior @ likelihoods
    assert_allclose(np.exp(messages.log_likelihood_at), likelihoods, rtol=1e-10)
    assert_allclose(np.exp(messages.log_likelihood), total, rtol=1e-10)
    assert_allclose(messages.moments, moments / total, rtol=1e-9)
    assert_allclose(messages.n_decisions, length / total, rtol=1e-10)


def test_messages_against_sums_on_a_grid():
    problem = LinearQuadratic([[0.9]], [[0.7]], [[1.0]], [[0.2]], noise=[[0.1]])
    prior, x = geometric_prior(0.8, tol=1e-3), np.linspace(-8, 8, 161)
    step = x[1] - x[0]

    def density(y, mean, variance):
        return np.exp(-0.5 * (y - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance) * step

    P = density(x, 0.9 * x[:, None, None] + 0.7 * x[None, :, None], 0.1)
    policy, event = density(x, -0.4 * x[:, None], 0.25), np.exp(-0.5 * (x[:, None] ** 2 + 0.2 * x**2))
    b, value = (policy * event).sum(axis=1), np.zeros(len(x))
    for p in prior:
        value += p * b
        b = (policy * (P @ b)).sum(axis=1)
    mixture = GaussianMixture(problem, [1.5], [[0.3]], prior)
    messages = mixture.messages(GaussianActor(np.array([[-0.4]]), np.array([[0.5]])))
    inner = np.abs(x) < 3
    assert_allclose(messages.value(x[inner, None], prior), value[inner], rtol=1e-6)
    assert_allclose(np.exp(messages.log_likelihood), density(x, 1.5, 0.3) @ value, rtol=1e-8)


@pytest.mark.parametrize("accelerate", [True, False])
def test_em_never_lowers_the_likelihood_and_ends_where_its_derivative_vanishes(accelerate):
    problem, actor, mean, covariance = two_dimensional(1)
    mixture = GaussianMixture(problem, mean, covariance, geometric_prior(0.6, tol=1e-4))
    plan = mixture.plan(start=actor, adapt_noise=False, accelerate=accelerate, tol=1e-5, max_iter=3000)
    assert plan.converged
    assert (np.diff(plan.likelihood_curve) >= -1e-12).all()
    assert_allclose(plan.actor.factor, actor.factor)

    def log_likelihood(x):
        return np.array([mixture.messages(GaussianActor(x.reshape(2, 2), actor.factor)).log_likelihood])

    assert np.abs(difference_jacobian(log_likelihood, plan.actor.gain.ravel())).max() < 1e-4
    assert plan.messages.log_likelihood > mixture.messages(actor).log_likelihood


def test_noise_that_does_not_help_goes_away():
    problem = LinearQuadratic([[1.0]], [[1.0]], [[1.0]], [[0.2]], noise=[[0.1]])
    mixture = GaussianMixture(problem, [1.5], [[0.3]], geometric_prior(0.8, tol=1e-5))
    plan = mixture.plan()
    assert plan.converged
    assert plan.actor.deviation[0] < 0.01
    assert (np.diff(plan.likelihood_curve) >= 0).all()
    assert plan.likelihood_curve[-1] > mixture.plan(adapt_noise=False).likelihood_curve[-1]
    capped = mixture.plan(accelerate=False, max_iter=5)
    assert not capped.converged
    assert capped.n_iter == 5


def test_a_state_that_is_constantly_1_gives_the_policy_an_offset():
    """Where the goal is at 2 and every step can reach it, the best policy without noise of the dynamics goes there at once."""
    goal = np.array([[1.0, -2.0], [-2.0, 4.0]])
    problem = LinearQuadratic(np.eye(2), [[1.0], [0.0]], goal, [[1e-3]])
    mixture = GaussianMixture(problem, [0.0, 1.0], np.diag([0.5, 0.0]), np.eye(2)[1])
    plan = mixture.plan(tol=1e-7)
    assert plan.converged
    assert_allclose(plan.actor.gain, [[-1.0, 2.0]], atol=0.02)


def test_what_makes_no_probability_is_refused():
    problem, actor, mean, covariance = two_dimensional()
    paid = LinearQuadratic([[0.5]], [[1.0]], [[-1.0]], [[1.0]])
    with pytest.raises(ValueError, match="exp\\(reward / temperature\\) is no probability.*eigenvalue -1"):
        GaussianMixture(paid, [0.0], [[1.0]], [1.0])
    with pytest.raises(ValueError, match="mean must have shape \\(2,\\)"):
        GaussianMixture(problem, [0.0], covariance, [1.0])
    with pytest.raises(ValueError, match="covariance must be symmetric and positive semidefinite.*eigenvalue -1"):
        GaussianMixture(problem, mean, -np.eye(2), [1.0])
    with pytest.raises(ValueError, match="problem must be a LinearQuadratic; got str"):
        GaussianMixture("lq", mean, covariance, [1.0])
    with pytest.raises(ValueError, match=r"start must have a gain of shape \(2, 2\)"):
        GaussianMixture(problem, mean, covariance, [1.0]).plan(start=GaussianActor.standard(1, 1))
    with pytest.raises(ValueError, match="time_prior is -0.5 at time 1"):
        GaussianMixture(problem, mean, covariance, [1.0, -0.5])
