"""How much of a route was predicted: the shares by which route predictions are compared.

Source: Ziebart, B. D., Maas, A., Bagnell, J. A. & Dey, A. K. (2008), Maximum entropy inverse reinforcement learning, AAAI,
table 1 ("Matching": route distance shared between prediction and route; "90% match": routes of which at least 90% was predicted).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._labelled import in_common_labels
from ..demonstrations import Demonstrations


class PathMatch(NamedTuple):
    """Shares of path length predicted.

    Attributes
    ----------
    mean : float
        Share predicted, averaged over paths by their weight ("Matching").
    at_least_90 : float
        Share of paths of which at least 90% was predicted ("90% match").
    shares : (n,) array
        Share of each path's length that lies on its prediction.
    """

    mean: float
    at_least_90: float
    shares: NDArray


def path_match(actual: Any, predicted: Any, *, lengths: ArrayLike | None = None) -> PathMatch:
    """Compare predicted paths with the ones taken.

    Parameters
    ----------
    actual, predicted : Demonstrations, or what its constructor takes
        One prediction per path, in the same order. The weights of `actual` count.
    lengths : (S, A) array, optional
        Length of each decision's step. None: every decision counts 1.

    Returns
    -------
    PathMatch
        A step taken n times and predicted m times is shared min(n, m) times.

    Raises
    ------
    ValueError
        If the numbers of paths differ, and for negative lengths or a path of length 0, naming it.

    Examples
    --------
    >>> from maxent_irl.metrics import path_match
    >>> taken = [([0, 1, 2, 3], [0, 0, 0]), ([0, 1, 3], [0, 1])]
    >>> guess = [([0, 1, 2, 3], [0, 0, 0]), ([0, 1, 2, 3], [0, 0, 0])]
    >>> result = path_match(taken, guess)
    >>> result.mean, result.at_least_90
    (0.75, 0.5)
    """
    actual, predicted = in_common_labels(actual, predicted)
    if len(actual) != len(predicted):
        raise ValueError(f"there are {len(actual)} paths and {len(predicted)} predictions: give one for each")
    S = int(max(actual.states.max(), predicted.states.max())) + 1
    A = int(max(actual.actions.max(), predicted.actions.max())) + 1
    step = np.ones((S, A)) if lengths is None else np.asarray(lengths, dtype=float)
    if step.ndim != 2 or step.shape[0] < S or step.shape[1] < A or not (step >= 0).all():
        raise ValueError(f"lengths must be numbers >= 0 of shape (S, A), at least ({S}, {A}); got shape {step.shape}")
    keys, counts = zip(*(_counted(paths, S, A) for paths in (actual, predicted)), strict=True)
    taken = step[keys[0] % (S * A) // A, keys[0] % A]
    place = np.minimum(np.searchsorted(keys[1], keys[0]), len(keys[1]) - 1)
    guessed = np.where(keys[1][place] == keys[0], counts[1][place], 0)
    path = keys[0] // (S * A)
    total = np.bincount(path, weights=taken * counts[0], minlength=len(actual))
    shared = np.bincount(path, weights=taken * np.minimum(counts[0], guessed), minlength=len(actual))
    if not (total > 0).all():
        raise ValueError(f"path {int(np.flatnonzero(total <= 0)[0])} has length 0: no share of it can be predicted")
    shares = shared / total
    weights = actual.weights / actual.weights.sum()
    return PathMatch(float(weights @ shares), float(weights @ (shares >= 0.9 - 1e-12)), shares)


def _counted(paths: Demonstrations, S: int, A: int) -> tuple[NDArray, NDArray]:
    """Sorted codes of (path, state, action), and how often each occurs."""
    return np.unique((paths.trajectory_ids * S + paths.states) * A + paths.actions, return_counts=True)
