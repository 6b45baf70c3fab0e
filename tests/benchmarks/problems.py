"""The gridworlds that all benchmarks share: true reward linear in smooth features, demonstrations drawn from the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maxent_irl import MDP, Demonstrations, sample_demonstrations, soft_value_iteration
from maxent_irl.worlds import GridWorld

N_FEATURES = 8
N_DEMONSTRATIONS = 200
N_STEPS = 100


@dataclass(frozen=True)
class Problem:
    """One gridworld with demonstrations.

    Attributes
    ----------
    mdp : MDP
    features : (S, K) array
    coef : (K,) array
        True coefficients.
    demonstrations, held_out : Demonstrations
        Drawn from the soft policy of the true reward.
    """

    mdp: MDP
    features: NDArray
    coef: NDArray
    demonstrations: Demonstrations
    held_out: Demonstrations

    @property
    def reward(self) -> NDArray:
        """(S,)."""
        return self.features @ self.coef


def grid_problem(
    side: int, *, discount: float, slip: float, horizon: int | None = None, n_steps: int = N_STEPS, seed: int = 0
) -> Problem:
    """Build a side x side grid without walls or goals, five actions, `N_DEMONSTRATIONS` paths from uniform starts."""
    world = GridWorld(side, slip=slip, discount=discount, horizon=horizon)
    features = world.features("smooth", n_features=N_FEATURES)
    coef = 0.5 * np.random.default_rng(seed).normal(size=N_FEATURES)
    policy = soft_value_iteration(world.mdp, features @ coef).policy
    drawn = [
        sample_demonstrations(world.mdp, policy, N_DEMONSTRATIONS, max_steps=n_steps, random_state=(seed, part))
        for part in range(2)
    ]
    return Problem(world.mdp, features, coef, *drawn)


def unused(mdp: MDP) -> MDP:
    """Return the same MDP with nothing cached: what a program that has just built it would have."""
    return mdp.replace(discount=mdp.discount)
