"""The scipy baseline of the benchmarks is an independent implementation, so that it is also an oracle."""

import numpy as np
import pytest
from benchmarks import baseline

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld


def demonstrated(world: GridWorld, features: np.ndarray):
    policy = soft_value_iteration(world.mdp, features @ [0.8, -0.5, 0.3]).policy
    return sample_demonstrations(world.mdp, policy, 40, max_steps=20, random_state=0)


@pytest.mark.parametrize(("discount", "horizon"), [(0.9, None), (0.9, 20), (1.0, 20)])
def test_the_baseline_finds_the_same_coefficients(discount, horizon):
    world = GridWorld(5, slip=0.2, discount=discount, horizon=horizon)
    features = world.features("smooth", n_features=3)
    demos = demonstrated(world, features)
    coef, n_evaluations = baseline.fit(
        world.mdp.transitions, features, discount, demos, horizon=horizon, gradient=1e-7, accuracy=1e-12
    )
    model = MaxEntIRL(world.mdp, features, objective="feature-matching", tol=1e-9).fit(demos)
    np.testing.assert_allclose(coef, model.coef_, atol=1e-5)
    assert n_evaluations > 3


def test_the_baseline_says_where_it_was_stopped():
    world = GridWorld(5, slip=0.2, discount=0.99)
    features = world.features("smooth", n_features=3)
    with pytest.raises(baseline.TimeUp) as stopped:
        baseline.fit(world.mdp.transitions, features, 0.99, demonstrated(world, features), limit=-1.0)
    coef, n_evaluations = stopped.value.args
    assert coef.shape == (3,)
    assert n_evaluations == 1
