"""Episode objects of discrete environments turned into flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .cells import flags
from .flat import Flat
from .formats import from_pairs

# How libraries call what an episode holds.
OBSERVATIONS, ACTIONS = ("observations", "obs"), ("actions", "acts")
ENDS = ("terminations", "terminated", "terminals", "terminal")  # minari, d3rlpy, imitation: one flag, or one per step


def read_episodes(episodes: Iterable[Any]) -> Flat:
    """Flat arrays of the episode objects of minari, imitation and d3rlpy, or of mappings with the same names."""
    states, actions, terminated = [], [], []
    for i, episode in enumerate(episodes):
        name = f"episode {i}"
        states.append(_discrete(_entry(episode, OBSERVATIONS, name), f"observations of {name}"))
        actions.append(_discrete(_entry(episode, ACTIONS, name), f"actions of {name}"))
        terminated.append(_ended(episode, name))
    return from_pairs(states, actions, terminated=np.array(terminated, dtype=bool))


def _ended(episode: Any, name: str) -> bool:
    """Whether the episode ended rather than being cut; what has no flag was cut."""
    given = next((value for key in ENDS if (value := _get(episode, key)) is not None), False)
    marks = np.atleast_1d(np.asarray(given))
    if marks.ndim == 2 and marks.shape[1] == 1:
        marks = marks[:, 0]
    if marks.dtype.kind == "f" and np.isnan(marks).any():
        raise ValueError(f"the end of {name} is missing (NaN): say whether it terminated, or leave the flags out")
    ended = flags(marks, lambda step: f"the end of {name}, step {step}")
    if ended[:-1].any():
        step = int(np.flatnonzero(ended)[0])
        raise ValueError(f"{name} is marked as terminated at step {step} but goes on after it: split it there")
    return bool(ended.size and ended[-1])


def _discrete(values: Any, what: str) -> Any:
    """Observations or actions as a 1-D sequence of integers or labels.

    Rows of several integers become tuples; so do the entries of Tuple spaces, and those of Dict spaces in the order of the
    sorted keys.
    """
    if isinstance(values, Mapping):
        return _side_by_side([_discrete(values[key], f"{what} ({key!r})") for key in sorted(values)], what)
    if isinstance(values, tuple):
        return _side_by_side([_discrete(part, f"{what} (part {k})") for k, part in enumerate(values)], what)
    if not isinstance(values, np.ndarray | list):
        raise ValueError(
            f"the {what} are a {type(values).__name__}: only discrete spaces can be read; map them to integers first"
        )
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise ValueError(
            f"the {what} are masked at step {int(np.argwhere(np.ma.getmaskarray(values))[0][0])}: fill them in"
        )
    array = np.asarray(values)
    if array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.floor(array)).all():
        array = array.astype(np.int64)
    if array.ndim > 1 and array.shape[1:] == (1,) * (array.ndim - 1):
        array = array.reshape(len(array))
    if array.ndim == 2 and array.dtype.kind in "iub":
        return list(map(tuple, array.tolist()))
    if array.ndim != 1 or array.dtype.kind not in "iubUO" and array.size:
        raise ValueError(
            f"the {what} are {array.dtype} of shape {array.shape}, not discrete: map them to integers first"
        )
    return array


def _side_by_side(parts: list[Any], what: str) -> list[tuple]:
    lengths = {len(part) for part in parts}
    if len(lengths) != 1:
        raise ValueError(f"the parts of the {what} have {sorted(lengths)} entries: there must be one of each per step")
    return list(zip(*(part.tolist() if isinstance(part, np.ndarray) else part for part in parts), strict=True))


def _get(episode: Any, key: str) -> Any:
    return episode.get(key) if isinstance(episode, Mapping) else getattr(episode, key, None)


def _entry(episode: Any, names: tuple[str, str], name: str) -> Any:
    for key in names:
        if (value := _get(episode, key)) is not None:
            return value
    raise ValueError(f"{name} ({type(episode).__name__}) has neither .{names[0]} nor .{names[1]}: it is no episode")
