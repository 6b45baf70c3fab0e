import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control import LinearQuadratic
from maxent_irl.control.deep import Regulator, soft_actor_critic

CHOICE = LinearQuadratic([[0.0]], [[0.0]], [[0.0]], [[1.0]], discount=0.0)  # reward -a^2 / 2, whatever the state


@pytest.fixture(scope="module")
def chosen():
    return soft_actor_critic(
        Regulator(CHOICE, reach=3.0),
        discount=0.0,
        temperature=0.2,
        n_steps=2500,
        n_random=300,
        batch_size=128,
        random_state=0,
    )


def test_a_single_choice_is_the_gaussian_posterior(chosen):
    closed = CHOICE.solve(0.2)
    actions = chosen.act(np.zeros((4000, 1)), random_state=0)
    assert actions.mean() == pytest.approx(0.0, abs=0.08)
    assert actions.std() == pytest.approx(np.sqrt(closed.covariance[0, 0]), rel=0.1)
    env = Regulator(CHOICE, reach=3.0)
    true = env.scaled_value(closed, np.zeros((1, 1)), 0.2)
    assert chosen.value(np.zeros((1, 1)))[0] == pytest.approx(true[0], abs=0.03)


def test_scaled_values_are_integrals_over_scaled_actions():
    env, scaled = Regulator(CHOICE, reach=3.0), np.linspace(-1, 1, 2001)
    reward = CHOICE.reward(np.zeros((2001, 1)), 3.0 * scaled[:, None])
    true = 0.2 * np.log(np.trapezoid(np.exp(reward / 0.2), scaled))
    assert env.scaled_value(CHOICE.solve(0.2), np.zeros((1, 1)), 0.2)[0] == pytest.approx(true, abs=1e-6)


def test_the_same_seed_gives_the_same_actor():
    runs = [
        soft_actor_critic(
            Regulator(CHOICE, reach=3.0), discount=0.5, n_steps=150, n_random=100, batch_size=16, random_state=3
        )
        for _ in range(2)
    ]
    states = np.zeros((5, 1))
    np.testing.assert_array_equal(runs[0].act(states, random_state=1), runs[1].act(states, random_state=1))
    assert (runs[0].steps_curve == np.arange(5, 151, 5)).all()


def test_the_temperature_rises_where_entropy_is_short_of_its_target():
    options = {"discount": 0.0, "n_steps": 800, "n_random": 200, "batch_size": 64, "random_state": 0}
    env = Regulator(CHOICE, reach=3.0)
    high = soft_actor_critic(env, target_entropy=0.6, **options)
    low = soft_actor_critic(env, target_entropy=-2.0, **options)
    assert low.temperature < 1.0
    assert high.temperature > low.temperature


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"discount": 1.0}, "discount"),
        ({"temperature": -1.0}, "temperature"),
        ({"n_steps": 0}, "n_steps"),
        ({"settle": 2.0}, "settle"),
    ],
)
def test_wrong_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        soft_actor_critic(Regulator(CHOICE, reach=3.0), **{"n_steps": 10, **options})
