import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.control import LinearQuadratic

ALPHA = 0.4


def random_problem(seed, n=3, m=2, discount=0.9):
    rng = np.random.default_rng(seed)
    roots = [rng.normal(size=(k, k)) for k in (n, m, n)]
    Q, R, W = (root @ root.T + 0.1 * np.eye(len(root)) for root in roots)
    A, B, N = 0.6 * rng.normal(size=(n, n)), rng.normal(size=(n, m)), 0.1 * rng.normal(size=(n, m))
    return LinearQuadratic(A, B, Q, R, cross_cost=N, noise=0.1 * W, discount=discount)


def action_value(problem, solution, s, a):
    """Q of one state and one action, by the soft Bellman equation."""
    mean = problem.dynamics @ s + problem.control @ a
    ahead = solution.value(mean[None])[0] - 0.5 * np.trace(solution.P @ problem.noise)
    return problem.reward(s[None], a[None])[0] + problem.discount * ahead


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_value_and_policy_solve_the_soft_bellman_equation(seed, discount):
    problem = random_problem(seed, discount=discount)
    solution = problem.solve(ALPHA)
    rng = np.random.default_rng(seed)
    for s in rng.normal(size=(4, problem.n_states)):
        for a in rng.normal(size=(3, problem.n_actions)):
            deviation = a - solution.gain @ s
            log_policy = -0.5 * deviation @ np.linalg.solve(solution.covariance, deviation)
            log_policy -= 0.5 * np.linalg.slogdet(2 * math.pi * solution.covariance)[1]
            # pi = exp((Q - V) / alpha) for every action, normalised: V is the soft maximum of Q.
            expected = (action_value(problem, solution, s, a) - solution.value(s[None])[0]) / ALPHA
            assert_allclose(log_policy, expected, rtol=1e-8, atol=1e-8)


def test_soft_maximum_by_quadrature():
    problem = LinearQuadratic([[0.9]], [[0.5]], [[1.0]], [[0.3]], noise=[[0.2]], discount=0.8)
    solution = problem.solve(ALPHA)
    s = np.array([0.7])
    total, _ = quad(lambda a: math.exp(action_value(problem, solution, s, np.array([a])) / ALPHA), -20, 20)
    assert_allclose(solution.value(s[None])[0], ALPHA * math.log(total), rtol=1e-7)


def test_a_single_choice_is_the_limit_of_many_actions():
    best, curvature = 0.5, 2.0
    solution = LinearQuadratic.single_choice([best], [[curvature]]).solve(ALPHA)
    grid = np.linspace(-5, 6, 2001)
    width = grid[1] - grid[0]
    n = len(grid)
    mdp = MDP.from_successors(np.array([[1] * n, [-1] * n]), terminal=[1])
    reward = np.vstack([-0.5 * curvature * (grid - best) ** 2, np.zeros(n)])
    tabular = soft_value_iteration(mdp, reward, temperature=ALPHA)
    assert_allclose(tabular.V[0] + ALPHA * math.log(width), solution.value(np.ones((1, 1)))[0], atol=1e-10)
    mean = tabular.policy[0] @ grid
    assert_allclose(mean, solution.gain[0, 0], atol=1e-10)
    assert_allclose(tabular.policy[0] @ (grid - mean) ** 2, solution.covariance[0, 0], rtol=1e-8)


def test_samples_of_the_dynamics_have_their_moments():
    problem = random_problem(0)
    s, a = np.tile([1.0, -1.0, 0.5], (100_000, 1)), np.tile([0.3, -0.2], (100_000, 1))
    following = problem.step(s, a, np.random.default_rng(0))
    assert_allclose(following.mean(axis=0), problem.dynamics @ s[0] + problem.control @ a[0], atol=0.01)
    assert_allclose(np.cov(following.T), problem.noise, atol=0.02)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dynamics": np.eye(3)}, r"dynamics must have shape \(2, 2\)"),
        ({"control": [0.0, 1.0]}, r"control must have shape \(n, m\).*got \(2,\)"),
        ({"control": "ab"}, "control must hold numbers"),
        ({"action_cost": [[0.0]]}, "action_cost must be positive definite"),
        ({"action_cost": [[np.inf]]}, "action_cost must be finite; it is inf at row 0, column 0"),
        ({"dynamics": [[1.0, np.nan], [0.0, 1.0]]}, "dynamics must be finite; it is nan at row 0, column 1"),
        ({"state_cost": [[1.0, 1.0], [0.0, 1.0]]}, r"state_cost must be symmetric; \[0, 1\] is 1 and \[1, 0\] is 0"),
        ({"state_cost": np.full((2, 2), np.nan)}, "state_cost must be finite"),
        ({"noise": np.diag([1.0, -0.5])}, "noise must be a covariance.* smallest eigenvalue is -0.5"),
        ({"discount": 1.0}, r"discount must lie in \[0, 1\)"),
        ({"discount": "high"}, r"discount must lie in \[0, 1\); got 'high'"),
    ],
)
def test_wrong_problems_are_refused(changes, message):
    right = {"dynamics": np.eye(2), "control": [[0.0], [1.0]], "state_cost": np.eye(2), "action_cost": [[1.0]]}
    with pytest.raises(ValueError, match=message):
        LinearQuadratic(**{**right, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"state_cost": -5 * np.eye(2)},
        {"state_cost": -0.5 * np.eye(2), "discount": 0.5},
        {"cross_cost": [[5.0], [5.0]]},
        {"dynamics": 2 * np.eye(2), "control": np.zeros((2, 1))},
    ],
)
def test_problems_without_a_best_value_say_so(changes):
    right = {"dynamics": 0.9 * np.eye(2), "control": [[0.0], [1.0]], "state_cost": np.eye(2), "action_cost": [[1.0]]}
    with pytest.raises(ValueError, match=r"no finite best value. \(a\) The state grows .* \(b\) The cost matrix"):
        LinearQuadratic(**{**right, **changes}).solve(ALPHA)


@pytest.mark.parametrize(
    ("best", "curvature", "message"),
    [
        (1.0, 1.0, r"best must have shape \(m,\) and curvature \(m, m\).*got \(\) and \(\)"),
        ([1.0, 2.0], np.eye(3), r"got \(2,\) and \(3, 3\)"),
        ([np.nan], [[1.0]], "best must be finite; it is nan at action 0"),
        ([1.0], [[np.nan]], "curvature must be finite"),
        ([1.0], [[-1.0]], "action_cost must be positive definite"),
    ],
)
def test_wrong_single_choices_are_refused(best, curvature, message):
    with pytest.raises(ValueError, match=message):
        LinearQuadratic.single_choice(best, curvature)
