"""EPIC and alignment: zero for equivalent rewards, one for opposite ones, a metric in between."""

import numpy as np
import pytest

from maxent_irl import MDP
from maxent_irl.metrics import align_rewards, epic_distance
from maxent_irl.worlds import GridWorld


@pytest.fixture
def world():
    return GridWorld(3, slip=0.3, discount=0.9).mdp


def shaping(mdp, potential):
    """Per transition, (S, A, S)."""
    change = mdp.discount * potential[None, :] - potential[:, None]
    return np.broadcast_to(change[:, None, :], (mdp.n_states, mdp.n_actions, mdp.n_states))


@pytest.mark.parametrize("transitions", ["any", "possible"])
def test_epic_ignores_scale_constant_and_shaping(world, rng, transitions):
    reward = rng.normal(size=(9, 5, 9))
    same = 3.0 * reward + 2.0 + shaping(world, rng.normal(size=9))
    weights = {"state_distribution": np.arange(1, 10) / 45, "action_distribution": np.array([1, 1, 1, 1, 4]) / 8}
    for options in ({}, weights):
        found = epic_distance(world, reward, same, transitions=transitions, **options)
        assert found == pytest.approx(0, abs=1e-7)
        opposite = epic_distance(world, reward, -same, transitions=transitions, **options)
        assert opposite == pytest.approx(1)


def test_epic_by_monte_carlo(world, rng):
    """The definition, with expectations replaced by averages over many draws."""
    one, other = rng.normal(size=(9, 5)), rng.normal(size=9)
    n = 400_000
    s, s_next, S, S_next = rng.integers(9, size=(4, n))
    a, A = rng.integers(5, size=(2, n))

    def canonical(R):
        R = R if R.ndim == 2 else np.repeat(R[:, None], 5, axis=1)
        mean = R.mean(axis=1)  # over A; the successor does not enter
        return R[s, a] + 0.9 * mean[s_next] - mean[s] - 0.9 * R[S, A].mean()

    rho = np.corrcoef(canonical(one), canonical(other))[0, 1]
    assert epic_distance(world, one, other) == pytest.approx(np.sqrt((1 - rho) / 2), abs=3e-3)


def test_epic_is_a_pseudometric(world, rng):
    a, b, c = rng.normal(size=(3, 9, 5))
    ab, bc, ac = (epic_distance(world, x, y) for x, y in ((a, b), (b, c), (a, c)))
    assert ab == pytest.approx(epic_distance(world, b, a))
    assert ac <= ab + bc
    assert 0 < ab < 1


def test_epic_of_nothing_is_undefined(world, rng):
    assert np.isnan(epic_distance(world, np.ones(9), rng.normal(size=9)))
    assert np.isnan(epic_distance(world, shaping(world, rng.normal(size=9)), rng.normal(size=9)))


def test_epic_refuses_what_it_cannot_compare(world):
    with pytest.raises(ValueError, match=r"shape \(9,\), \(9, 5\) or \(9, 5, 9\); got \(5,\)"):
        epic_distance(world, np.ones(5), np.ones(9))
    with pytest.raises(ValueError, match=r"nan at \(2,\)"):
        epic_distance(world, np.where(np.arange(9) == 2, np.nan, 1.0), np.ones(9))
    with pytest.raises(ValueError, match="transitions must be one of"):
        epic_distance(world, np.ones(9), np.ones(9), transitions="all")


def test_alignment_removes_expected_shaping_exactly(world, rng):
    true = rng.normal(size=(9, 5))
    h = rng.normal(size=9)
    recovered = true + h[:, None] - 0.9 * (world.transitions @ h).reshape(5, 9).T + 4.0
    aligned = align_rewards(true, recovered, world, remove="shaping")
    assert aligned.rms == pytest.approx(0, abs=1e-6)
    assert aligned.correlation == pytest.approx(1)
    assert align_rewards(true, true + 2.0, world).rms == pytest.approx(0, abs=1e-12)
    assert align_rewards(true, recovered, world).rms > 0.1


def test_alignment_at_a_goal_keeps_its_potential_zero():
    mdp = MDP.from_successors([[1, 2], [2, 0], [-1, -1]], terminal=[2])
    h = np.array([1.0, -2.0, 0.0])
    ahead = (mdp.transitions @ h).reshape(2, 3).T
    recovered = np.where(mdp.available, h[:, None] - ahead, 0.0)
    assert align_rewards(np.zeros((3, 2)), recovered, mdp, remove="shaping").rms == pytest.approx(0, abs=1e-6)
