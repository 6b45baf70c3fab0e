"""A small world, demonstrations of an agent in it, and the same as users write them."""

import numpy as np
import pytest
from oracles import problem_of_kind
from packaged import as_mdp

from maxent_irl import MDP, soft_value_iteration
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.demonstrations.sampling import sample_demonstrations


@pytest.fixture(scope="module")
def mdp() -> MDP:
    return as_mdp(problem_of_kind("discounted"))


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 3, 2))


@pytest.fixture(scope="module")
def demos(mdp, features) -> Demonstrations:
    policy = soft_value_iteration(mdp, features @ [1.0, -1.0]).policy
    return sample_demonstrations(mdp, policy, 60, max_steps=10, random_state=0)


@pytest.fixture(scope="module")
def as_list(demos) -> list:
    """The same as users write it: one (T, 2) array per trajectory."""
    return [np.column_stack([path.states[: len(path.actions)], path.actions]) for path in demos]
