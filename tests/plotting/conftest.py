"""Pictures are drawn without a window."""

from functools import cache

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")


from maxent_irl import MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import GridWorld, RoadNetwork


@pytest.fixture
def nothing_is_cut_off():
    """A check that everything a figure shows lies within it."""

    def check(figure):
        figure.draw_without_rendering()
        shown, page = figure.get_tightbbox(), figure.bbox_inches
        slack = 0.02  # inches
        return shown.x0 >= -slack and shown.y0 >= -slack and shown.x1 <= page.x1 + slack and shown.y1 <= page.y1 + slack

    return check


@pytest.fixture(scope="session")
def towards():
    """(world, demonstrations, estimator fitted to them) where demonstrations head for one of two goals."""
    world = GridWorld.from_text("S...\n.#..\n....", discount=0.9)
    policies = GoalPolicies(world.mdp, np.full(world.n_states, -3.0))
    goals = [10, 3] * 30
    demonstrations = policies.sample(np.repeat([0, 1], [40, 20]), goals, max_steps=30, random_state=0)
    return world, demonstrations, MaxEntIRL(world.mdp, l2=0.5).fit(demonstrations)


@pytest.fixture(scope="session")
def travelled():
    """A function of the kind of states and destinations: (network, trips, estimator fitted to them)."""

    @cache
    def make(states="nodes", destinations="absorbing", per_state=False):
        network = RoadNetwork.grid((3, 4), irregularity=0.1, random_state=0, states=states, destinations=destinations)
        features = -network.features("length")
        if per_state:
            features = -1 - np.arange(network.mdp.n_states)[:, None] / network.mdp.n_states
        goals = [network.goal(name) for name in (network.links if states == "links" else network.nodes)[[7, 10]]] * 20
        policies = GoalPolicies(network.mdp, features @ [2.0])
        trips = policies.sample(np.arange(40) % 5, goals, random_state=0)
        return network, trips, MaxEntIRL(network.mdp, features).fit(trips)

    return make


@pytest.fixture(scope="session")
def recovered():
    """(world, demonstrations, fitted estimator) on a small map with walls, a start and a terminal goal."""
    world = GridWorld.from_text(
        """
        S..#m
        .#.m.
        ....G
        """,
        slip=0.1,
        discount=0.9,
    )
    features = -np.stack([np.ones(world.n_states), world.tiles == "m"], axis=1)
    true_reward = features @ [3.0, 2.0]
    solution = soft_value_iteration(world.mdp, true_reward)
    demonstrations = sample_demonstrations(world.mdp, solution.policy, 60, max_steps=40, random_state=0)
    estimator = MaxEntIRL(world.mdp, features, feature_names=("effort", "mud"), record_iterates=True)
    return world, demonstrations, estimator.fit(demonstrations)
