"""Share of each travelled path that a prediction contains.

Source: Ziebart, B. D., Maas, A., Bagnell, J. A. & Dey, A. K. (2008), Maximum entropy inverse reinforcement learning, AAAI,
table 1. "Matching" is the share of route distance that prediction and route have in common. "90% match" is the share of routes of
which at least 90% was predicted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_choice, check_numbers
from ..demonstrations import Demonstrations
from ..demonstrations.labelled import in_common_labels

STATES = ("nodes", "links")


class PathMatch(NamedTuple):
    """Shares of path length predicted.

    Attributes
    ----------
    mean : float
        Share predicted, averaged over paths by their weight ("Matching").
    at_least_90 : float
        Share of paths of which at least 90% was predicted ("90% match").
    shares : (n,) array
        Share of each path's length that its prediction contains.
    """

    mean: float
    at_least_90: float
    shares: NDArray  # (n,) float


def path_match(
    actual: Any, predicted: Any, *, states: str | None = None, lengths: ArrayLike | None = None
) -> PathMatch:
    """Compare predicted paths with the paths that were travelled.

    Parameters
    ----------
    actual, predicted : Demonstrations, or what its constructor takes
        One prediction per path, in the same order. The weights of `actual` count.
    states : "nodes" or "links", optional
        What a state is; for a `RoadNetwork` pass ``network.states``. "nodes" (also cells and places): a decision travels from its
        state along its action. "links": a decision travels the link that it enters, wherever it comes from. Default: "links"
        where `lengths` has one entry per state, else "nodes".
    lengths : (S, A) or (S,) array, optional
        (S, A): length that each decision travels, such as ``network.features("length")[..., 0]``. (S,): length of each link,
        where states are links. None: every decision counts 1.

    Returns
    -------
    PathMatch
        A stretch travelled n times and predicted m times is shared min(n, m) times. With links as states the link on which a
        path begins does not count, because no decision entered it.

    Raises
    ------
    ValueError
        If the numbers of paths differ, for negative lengths, and for a path of length 0, naming it. With links as states also
        for a path whose last link is unknown, naming it.

    Examples
    --------
    Two of three decisions were predicted, and the whole of the second path.

    >>> from maxent_irl.metrics import path_match
    >>> taken = [([0, 1, 2, 3], [0, 0, 0]), ([0, 3], [1])]
    >>> guess = [([0, 1, 2, 4], [0, 0, 1]), ([0, 3], [1])]
    >>> path_match(taken, guess).shares.round(2).tolist()
    [0.67, 1.0]

    States are links 0 to 4, and link 4 is 98 km long. The prediction enters it too, although by another way.

    >>> taken, guess = [([0, 1, 4], [0, 0])], [([0, 2, 3, 4], [1, 0, 0])]
    >>> round(path_match(taken, guess, lengths=[1, 1, 1, 1, 98]).mean, 2)
    0.99
    """
    actual, predicted = in_common_labels(actual, predicted)
    if len(actual) != len(predicted):
        raise ValueError(f"there are {len(actual)} paths and {len(predicted)} predictions: give one for each")
    table = None if lengths is None else _checked_lengths(lengths, actual, predicted)
    if states is None:
        states = "links" if table is not None and table.ndim == 1 else "nodes"
    elif check_choice("states", states, STATES) == "nodes" and table is not None and table.ndim == 1:
        raise ValueError(
            'with states="nodes" a length belongs to a decision: give lengths of shape (S, A), or states="links"'
        )
    n_actions = 1 + int(max(actual.actions.max(), predicted.actions.max()))
    travelled, foreseen = (
        paths.states * n_actions + paths.actions if states == "nodes" else _entered(paths, what)
        for paths, what in ((actual, "path"), (predicted, "prediction"))
    )
    base = 1 + int(max(travelled.max(), foreseen.max()))
    taken, where, n_taken = np.unique(actual.trajectory_ids * base + travelled, return_inverse=True, return_counts=True)
    guessed, n_guessed = np.unique(predicted.trajectory_ids * base + foreseen, return_counts=True)
    place = np.minimum(np.searchsorted(guessed, taken), len(guessed) - 1)
    common = np.minimum(n_taken, np.where(guessed[place] == taken, n_guessed[place], 0))
    if table is None:
        length = n_taken.astype(float)
    else:  # of all the times that a stretch was taken
        each = table[travelled] if table.ndim == 1 else table[actual.states, actual.actions]
        length = np.bincount(where, weights=each)
    path = taken // base
    total = np.bincount(path, weights=length, minlength=len(actual))
    shared = np.bincount(path, weights=length * (common / n_taken), minlength=len(actual))
    if not (total > 0).all():
        raise ValueError(f"path {int(np.flatnonzero(total <= 0)[0])} has length 0: no share of it can be predicted")
    shares = shared / total
    weights = actual.weights / actual.weights.sum()
    return PathMatch(float(weights @ shares), float(weights @ (shares >= 0.9 - 1e-12)), shares)


def _checked_lengths(lengths: ArrayLike, actual: Demonstrations, predicted: Demonstrations) -> NDArray:
    """Lengths as numbers >= 0 that cover the states, or the states and actions, of all paths."""
    table = check_numbers("lengths", lengths)
    states, final, actions = (
        1 + int(max(getattr(actual, name).max(), getattr(predicted, name).max()))
        for name in ("states", "final_states", "actions")
    )
    least = (max(states, final),) if table.ndim == 1 else (states, actions)
    if table.ndim not in (1, 2) or any(n < bound for n, bound in zip(table.shape, least, strict=True)):
        raise ValueError(
            f"lengths must have shape (S, A), at least {(states, actions)}, or (S,), at least {(max(states, final),)}; "
            f"got shape {table.shape}"
        )
    if not (table >= 0).all():
        place = tuple(np.argwhere(~(table >= 0))[0].tolist())
        where = f"state {place[0]}" + (f", action {place[1]}" if len(place) == 2 else "")
        raise ValueError(f"lengths must be numbers >= 0; the length of {where} is {table[place]}")
    return table


def _entered(paths: Demonstrations, what: str) -> NDArray:
    """State that each decision enters, (N,) int."""
    entered = paths.next_states
    if (entered < 0).any():
        i = int(paths.trajectory_ids[np.flatnonzero(entered < 0)[0]])
        raise ValueError(f"{what} {i} does not say which link its last decision entered: give its final state")
    return entered
