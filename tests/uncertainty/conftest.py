"""One small fit shared by the tests of this folder."""

import numpy as np
import pytest

from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld

NAMES = ["north", "east", "centre"]


@pytest.fixture(scope="session")
def world():
    return GridWorld(5, slip=0.1, discount=0.9)


@pytest.fixture(scope="session")
def features(world):
    return world.features("smooth", n_features=3)


@pytest.fixture(scope="session")
def demos(world, features):
    policy = soft_value_iteration(world.mdp, features @ np.array([1.0, -0.5, 0.0])).policy
    return sample_demonstrations(world.mdp, policy, 400, max_steps=20, random_state=3)


@pytest.fixture(scope="session")
def fitted(world, features, demos):
    return MaxEntIRL(world.mdp, features, objective="likelihood", feature_names=NAMES).fit(demos)


@pytest.fixture(scope="session")
def matched(world, features, demos):
    return MaxEntIRL(world.mdp, features, objective="feature-matching", feature_names=NAMES).fit(demos)
