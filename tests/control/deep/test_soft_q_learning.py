import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control.deep import MultiGoal, soft_q_learning, solve_multigoal
from maxent_irl.control.deep.multigoal import FOUR_GOALS, action_cells, boltzmann_actor, goal_shares
from maxent_irl.control.deep.replay import seeded
from maxent_irl.control.deep.soft_q_learning import _uniform_actions, stein_direction


@pytest.fixture(scope="module")
def four():
    return solve_multigoal(MultiGoal(), 0.2, n_cells=41, n_actions=9)


def test_the_environment_pays_what_it_says():
    env = MultiGoal(spread=0.0)
    env.reset(seed=0)
    following, reward, *_ = env.step(np.array([1.0, 0.5]))
    np.testing.assert_allclose(following, [1.0, 0.5])
    assert reward == pytest.approx(-0.1 * 16 - 0.2 * 1.25)
    env.position = np.array([4.8, 0.0])
    assert env.step(np.array([1.0, 0.0]))[0][0] == pytest.approx(5.0)


def test_the_grid_satisfies_its_own_integral_equation(four):
    fine = np.linspace(-1, 1, 41)
    actions = np.stack(np.meshgrid(fine, fine, indexing="ij"), axis=-1)
    for position in ([0.0, 0.0], [2.0, -1.0], [-4.0, 3.0]):
        Q = four.action_value(np.array(position), actions)
        value = 0.2 * np.log(np.trapezoid(np.trapezoid(np.exp(Q / 0.2), fine), fine))
        assert four.value(np.array([position]))[0] == pytest.approx(value, abs=0.03)


def test_four_goals_are_four_modes(four):
    cells = action_cells(four.action_value, [0.0, 0.0], 0.2)
    np.testing.assert_allclose(cells, cells.T, atol=1e-6)
    np.testing.assert_allclose(cells, cells[::-1], atol=1e-6)
    assert cells.sum() == pytest.approx(1.0)
    assert cells[0, 3] > 3 * cells[3, 3]
    shares = goal_shares(four.actor(np.random.default_rng(0)), 1000)
    np.testing.assert_allclose(shares, 0.25, atol=0.05)


def test_the_mean_of_soft_action_values_is_at_least_that_of_the_mean_reward():
    right, up, left, _ = FOUR_GOALS
    options = {"n_cells": 31, "n_actions": 7}
    each = [solve_multigoal(MultiGoal((goals,)), 0.2, **options) for goals in ((left, right), (left, up))]
    both = solve_multigoal(MultiGoal(((left, right), (left, up))), 0.2, **options)
    mean = np.mean([one.V for one in each], axis=0)
    assert (mean >= both.V - 1e-6).all()
    assert goal_shares(both.actor(np.random.default_rng(0)), 300)[2] > 0.95
    mean_value = lambda x, a: np.mean([one.action_value(x, a) for one in each], axis=0)  # noqa: E731
    composed = goal_shares(boltzmann_actor(mean_value, 0.2, np.random.default_rng(0)), 300)
    assert 0.75 < composed[2] < 0.95


def test_stein_particles_at_rest_have_the_moments_of_the_density():
    """Particles moved without a network find the mean and deviation of a Gaussian."""
    particles = torch.randn(1, 60, 2, generator=seeded(0)) * 0.1
    mean, deviation = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 1.5])
    for _ in range(1500):
        slopes = (mean - particles) / deviation.square()
        particles = particles + 0.1 * stein_direction(particles, slopes, particles)
    torch.testing.assert_close(particles[0].mean(dim=0), mean, atol=0.05, rtol=0)
    torch.testing.assert_close(particles[0].std(dim=0), deviation, atol=0.25, rtol=0)


def test_importance_draws_integrate():
    actions = _uniform_actions(2, 256, seeded(3))
    assert float(actions.abs().max()) <= 1.0
    assert 4 * float(actions.square().sum(dim=1).exp().mean()) == pytest.approx((2 * 1.4626517) ** 2, rel=0.02)


@pytest.mark.slow
def test_a_short_run_learns_where_to_go():
    env = MultiGoal((((4.0, 0.0),),))
    learnt = soft_q_learning(env, temperature=0.2, n_steps=2500, n_random=500, random_state=0)
    exact = solve_multigoal(env, 0.2, n_cells=41, n_actions=9)
    positions = np.random.default_rng(0).uniform(-5, 5, size=(100, 2))
    gap = learnt.value(positions) - exact.value(positions)
    assert np.sqrt((gap**2).mean()) < 0.1 * np.sqrt((exact.value(positions) ** 2).mean())
    assert learnt.act(np.zeros((500, 2)), random_state=0)[:, 0].mean() > 0.3
