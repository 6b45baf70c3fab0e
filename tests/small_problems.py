"""Small problems, and fits on them, that wrong input is tried on."""

import math

import numpy as np

from maxent_irl import MDP
from maxent_irl.demonstrations import Demonstrations
from maxent_irl.estimators import MaxEntIRL

NAN, INF = math.nan, math.inf
RING = [[1, 0, -1], [2, 1, -1], [0, 2, 1]]  # forward, stay, and (from state 2) back


def uniform(S: int, A: int = 2) -> np.ndarray:
    return np.full((S, A, S), 1 / S)


def with_entry(array: np.ndarray, at: tuple, value: float) -> np.ndarray:
    changed = array.astype(float, copy=True)
    changed[at] = value
    return changed


def ring(**options) -> MDP:
    return MDP.from_successors(RING, **{"discount": 0.9, **options})


def corridor(**options) -> MDP:
    """0 - 1 - 2 - 3, the end at 3: actions left and right."""
    return MDP.from_successors([[0, 1], [0, 2], [1, 3], [-1, -1]], terminal=[3], **options)


def fit(trajectories, mdp=None, features=None, *, demos=None, **options) -> MaxEntIRL:
    mdp = ring() if mdp is None else mdp
    return MaxEntIRL(mdp, features, **options).fit(Demonstrations(trajectories, **demos) if demos else trajectories)


STAY = [([0, 0], [1])]
FINE = [([0, 1, 1], [0, 1])]
