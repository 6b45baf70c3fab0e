"""Synthetic trips on real networks: the route choice that the benchmarks share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maxent_irl import Demonstrations
from maxent_irl.datasets import load_road_network
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import RoadNetwork

QUIET = ("pedestrian", "footway", "path", "steps", "track", "cycleway", "bridleway", "living_street")
MAJOR = ("motorway", "trunk", "primary", "secondary")
COEF = {"length": -6.0, "quiet": -2.0, "major": 1.0, "constant": -1.2, "u-turn": -3.0}  # lengths in km


@dataclass(frozen=True)
class RoadProblem:
    """A network, features of its link pairs, and trips drawn from the model.

    Attributes
    ----------
    world : RoadNetwork
        States are links.
    features : (S, A, 5) array
    coef : (5,) array
        True coefficients.
    trips : Demonstrations
    """

    world: RoadNetwork
    features: NDArray
    coef: NDArray
    trips: Demonstrations

    @property
    def n_link_pairs(self) -> int:
        """Moves from one link to the next."""
        return int((self.world.entered >= 0).sum())


def road_problem(place: str, n_trips: int, n_goals: int, *, seed: int = 0) -> RoadProblem:
    """Draw trips between random links of the largest strongly connected part of the whole network."""
    world = load_road_network(place).world
    length = world.attributes["length"]
    major = np.isin(world.road_class, MAJOR + tuple(f"{kind}_link" for kind in MAJOR))
    world = world.with_attributes(quiet=length * np.isin(world.road_class, QUIET), major=length * major)
    features, coef = world.features(*COEF), np.array(list(COEF.values()))
    rng = np.random.default_rng(seed)
    connected = world.largest_component().links
    goals = rng.choice(connected, n_goals, replace=False)
    goal_of = np.concatenate([goals, rng.choice(goals, n_trips - n_goals)])
    first = rng.choice(connected, n_trips)
    first[first == goal_of] = connected[0] if connected[0] not in goals else np.setdiff1d(connected, goals)[0]
    trips = GoalPolicies(world.mdp, features @ coef).sample(first, goal_of, random_state=rng)
    return RoadProblem(world, features, coef, trips)
