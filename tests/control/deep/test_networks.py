import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control.deep.networks import Critics, Perceptrons, SquashedGaussian
from maxent_irl.control.deep.replay import Replay, box_spaces, seeded


def test_members_are_perceptrons_of_their_own():
    both = Perceptrons(2, (3, 5, 1))
    inputs = torch.randn(7, 3)
    for member in range(2):
        x = (inputs @ both.weights[0][member] + both.biases[0][member]).relu()
        torch.testing.assert_close(both(inputs)[member], x @ both.weights[1][member] + both.biases[1][member])


def test_units_standardise_inputs_and_scale_outputs():
    critics = Critics(2, 1, (4,))
    observations, actions = torch.randn(6, 2), torch.rand(6, 1)
    plain = critics(observations, actions)
    critics.set_units(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), 10.0)
    moved = observations * torch.tensor([3.0, 4.0]) + torch.tensor([1.0, 2.0])
    torch.testing.assert_close(critics(moved, actions), 10.0 * plain)


def test_the_squashed_density_integrates_to_one_and_is_that_of_the_draws():
    torch.manual_seed(0)
    actor = SquashedGaussian(2, 1, (8,)).double()
    observation = torch.tensor([[0.3, -1.0]], dtype=torch.float64)
    noise = torch.linspace(-7, 7, 4001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        actions, log_density = actor(observation.expand(len(noise), -1), noise)
    assert float(torch.trapezoid(log_density.exp(), actions[:, 0])) == pytest.approx(1.0, abs=1e-4)
    # The chance of an action below the one at noise 0.35 is the normal distribution's.
    below = slice(0, 2101)
    assert noise[2100].item() == pytest.approx(0.35)
    chance = float(torch.trapezoid(log_density.exp()[below], actions[below, 0]))
    assert chance == pytest.approx(0.5 * (1 + math.erf(0.35 / math.sqrt(2))), abs=1e-4)


def test_the_density_stays_finite_where_tanh_rounds_to_one():
    actor = SquashedGaussian(1, 1, (4,))
    with torch.no_grad():
        actor.body.biases[-1][..., 0] = 50.0
        actions, log_density = actor(torch.zeros(1, 1), torch.zeros(1, 1))
    assert actions.item() == 1.0
    assert math.isfinite(log_density.item())


def test_a_full_ring_forgets_the_oldest():
    replay = Replay(3, 2, 1)
    for i in range(5):
        replay.add(np.array([i, i]), np.array([0.5]), float(i), i == 4, np.array([i + 1, i + 1]))
    assert len(replay) == 3
    assert sorted(replay.rewards().tolist()) == [2.0, 3.0, 4.0]
    observations, actions, rewards, ended, following = replay.draw(50, seeded(0))
    torch.testing.assert_close(following, observations + 1)
    torch.testing.assert_close(ended, (rewards == 4.0).float())
    assert actions.unique().tolist() == [0.5]


@pytest.mark.parametrize("name", ["CartPole-v1", "FrozenLake-v1"])
def test_environments_without_box_actions_are_refused(name):
    with pytest.raises(ValueError, match="must be a Box of one dimension"):
        box_spaces(gymnasium.make(name))


def test_unbounded_actions_are_refused_by_number():
    env = gymnasium.Env()
    env.observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    env.action_space = gymnasium.spaces.Box(np.array([-1.0, -np.inf]), np.array([1.0, np.inf]), dtype=np.float64)
    with pytest.raises(ValueError, match="action 1 runs from -inf to inf"):
        box_spaces(env)
