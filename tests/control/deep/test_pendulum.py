import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control.deep import pendulum_returns, solve_pendulum
from maxent_irl.control.deep.pendulum import PendulumStates


@pytest.fixture(scope="module")
def coarse():
    return solve_pendulum(0.2, n_cells=61, n_torques=11)


def test_many_pendulums_move_as_single_ones_do(rng):
    pendulums = PendulumStates.starts(3, seed=5)
    torques = rng.uniform(-2, 2, size=(4, 3, 1))
    rewards = [pendulums.step(torque) for torque in torques]
    for episode in range(3):
        env = gymnasium.make("Pendulum-v1")
        env.reset(seed=5 + episode)
        for t, torque in enumerate(torques):
            observation, reward, *_ = env.step(torque[episode])
            assert reward == pytest.approx(rewards[t][episode])
        np.testing.assert_allclose(pendulums.observations[episode], observation, atol=1e-6)


def test_the_value_is_an_integral_over_torques_and_the_policy_its_density(coarse, rng):
    corners = np.stack(np.meshgrid(coarse.angles[::9], coarse.speeds[::9], indexing="ij"), axis=-1).reshape(-1, 2)
    observations = np.stack([np.cos(corners[:, 0]), np.sin(corners[:, 0]), corners[:, 1]], axis=1)
    Q = coarse.Q[::9, ::9].reshape(len(corners), -1)
    scaled = np.linspace(-1, 1, 11)
    value = 0.2 * np.log(np.trapezoid(np.exp((Q - Q.max(axis=1, keepdims=True)) / 0.2), scaled, axis=1))
    np.testing.assert_allclose(coarse.value(observations), value + Q.max(axis=1), atol=1e-6)
    chance = coarse.probabilities(observations)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0)
    # Value = expected action value plus temperature times entropy.
    np.testing.assert_allclose(
        (chance * Q).sum(axis=1) + 0.2 * coarse.entropy(observations), value + Q.max(axis=1), atol=1e-5
    )


def test_the_soft_policy_swings_up_and_earns_what_its_value_says(coarse):
    """The value of a finer grid is within a few percent of what its policy earns on gymnasium's own dynamics."""
    rng = np.random.default_rng(0)
    assert pendulum_returns(coarse.actor(rng), 50).mean() > -200.0
    fine = solve_pendulum(0.2, n_cells=121, n_torques=11)
    pendulums = PendulumStates.starts(100)
    promised, earned, actor = fine.value(pendulums.observations), 0.0, fine.actor(rng)
    for t in range(900):
        observations = pendulums.observations
        bonus = 0.2 * fine.entropy(observations)
        earned = earned + 0.99**t * (pendulums.step(actor(observations)) + bonus)
    assert earned.mean() == pytest.approx(promised.mean(), rel=0.05)


def test_value_wraps_around_with_the_angle(coarse):
    just_left, just_right = [[np.cos(a), np.sin(a), 0.3] for a in (np.pi - 1e-6, -np.pi + 1e-6)]
    assert coarse.value(np.array([just_left])) == pytest.approx(coarse.value(np.array([just_right])), abs=1e-3)


def test_counts_are_checked():
    with pytest.raises(ValueError, match="n_cells"):
        solve_pendulum(0.2, n_cells=2)
