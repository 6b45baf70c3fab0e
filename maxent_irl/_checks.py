"""Checks of arguments that know no class of the package: every error names the offending entry, and says what to do."""

from __future__ import annotations

import math
import sys
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

INFERENCES = ("variational", "exact")
LARGEST_REWARD = 1e290  # sums of rewards over an episode stay below what a float can hold
LARGEST_FEATURE = 1e140  # and so do sums of squares of features
PROBABILITY_TOLERANCE = 1e-6  # rows of float32 tables sum to 1 within this; nothing is renormalised


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``; otherwise say which there are."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")
    return value


def check_discount(discount: float) -> float:
    """Return the discount as a float in [0, 1]."""
    if not isinstance(discount, int | float | np.number) or not 0.0 <= float(discount) <= 1.0:
        raise ValueError(f"discount must be a number in [0, 1]; got {discount!r}")
    return float(discount)


def check_horizon(horizon: int | None) -> int | None:
    """Return the horizon as a positive int, or None for an infinite one."""
    if horizon is None:
        return None
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise ValueError(f"horizon counts decisions: a positive integer, or None for no end; got {horizon!r}")
    return int(horizon)


def check_temperature(temperature: float, *, finite_positive: bool = False) -> float:
    """Return the temperature as a float: 0 is the hard limit, ``math.inf`` the prior policy."""
    if not isinstance(temperature, int | float | np.number) or math.isnan(temperature) or temperature < 0:
        raise ValueError(f"temperature must be a number >= 0 (math.inf for the prior); got {temperature!r}")
    if finite_positive and not 0 < temperature < math.inf:
        raise ValueError(
            f"temperature must be finite and positive to have a likelihood; got {temperature!r}: "
            "at 0 demonstrations that are not optimal are impossible, at infinity no reward matters"
        )
    return float(temperature)


def check_positive(name: str, value: float, *, or_zero: bool = False) -> float:
    """Return a finite number > 0 (or >= 0) as a float."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < 0 or (value == 0 and not or_zero):
        raise ValueError(f"{name} must be a number {'>= 0' if or_zero else '> 0'}; got {value!r}")
    return float(value)


def check_interval(
    name: str, value: float, low: float, high: float, *, closed: str = "neither", why: str = ""
) -> float:
    """Return a number between two others as a float; `closed` says which ends belong: "neither", "left", "right", "both"."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    left, right = closed in ("left", "both"), closed in ("right", "both")
    if not number or not (low < value < high or (left and value == low) or (right and value == high)):
        interval = f"{'[' if left else '('}{low:.4g}, {high:.4g}{']' if right else ')'}"
        raise ValueError(f"{name} must lie in {interval}{why}; got {value!r}")
    return float(value)


def check_count(name: str, value: int, *, at_least: int = 1) -> int:
    """Return a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        kind = "a positive integer" if at_least == 1 else f"an integer, {at_least} or more"
        raise ValueError(f"{name} must be {kind}; got {value!r}")
    return int(value)


def check_n_jobs(n_jobs: int | None) -> int | None:
    """Return a number of workers as joblib counts them."""
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or n_jobs == 0):
        raise ValueError(
            f"n_jobs must be a number of workers, -1 for one per processor, or None for one; got {n_jobs!r}"
        )
    return n_jobs


def check_max_iter(max_iter: int | None, default: int) -> int:
    """Return the cap on iterations, `default` for None."""
    if max_iter is None:
        return default
    if isinstance(max_iter, bool) or not isinstance(max_iter, int | np.integer) or max_iter < 0:
        raise ValueError(f"max_iter must be an integer >= 0, or None for the default; got {max_iter!r}")
    return int(max_iter)


def check_indices(name: str, values: ArrayLike, n: int, *, n_entries: int | None = None) -> NDArray:
    """Return a 1-D array of integers in [0, n), as many as `n_entries` if that is given."""
    check_unmasked(name, values)
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ValueError(
            f"{name} must be a 1-D array of integers in 0..{n - 1}; got {array.dtype} {array.shape}{label_hint(array)}"
        )
    if n_entries is not None and len(array) != n_entries:
        raise ValueError(f"{name} must have one entry per state, {n_entries} in all; got {len(array)}")
    outside = np.flatnonzero((array < 0) | (array >= n))
    if outside.size:
        raise ValueError(f"{name}[{outside[0]}] is {array[outside[0]]}; {name} are 0..{n - 1}")
    return array.astype(np.int64)


def check_goal(goal: int, n_states: int) -> int:
    """Return the goal if it is one of so many states."""
    integer = isinstance(goal, int | np.integer) and not isinstance(goal, bool)
    if not integer or not 0 <= goal < n_states:
        raise ValueError(f"goal {goal!r} is no state; states are 0..{n_states - 1}")
    return int(goal)


def label_hint(array: NDArray) -> str:
    """How labels of states become indices, if that is what the array holds, for errors."""
    if array.dtype.kind not in "OUS":
        return ""
    return ": demonstrations.state_labels lists the labels by index, so pass demonstrations.state_labels.index(label)"


def column_names(frame: Any) -> list | None:
    """Names of the columns of a data frame of any library; None for what has none."""
    if hasattr(type(frame), "column_names"):  # pyarrow, whose `columns` are the data; not a column of that name
        return list(frame.column_names)
    return list(frame.columns) if hasattr(frame, "columns") else None


def check_unmasked(name: str, values: Any) -> None:
    """Raise where something is masked, which is how numpy marks missing values."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        place = ", ".join(map(str, np.argwhere(np.ma.getmaskarray(values))[0]))
        raise ValueError(f"{name} is masked at {place}, which means missing: fill it in")


def check_numbers(name: str, values: ArrayLike) -> NDArray:
    """Return the values as an array of floats."""
    check_unmasked(name, values)
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from None


def check_distribution(name: str, values: ArrayLike, n: int, *, what: str = "state") -> NDArray:
    """Return ``values`` as a read-only probability vector of length ``n``."""
    array = check_numbers(name, values).copy()
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one probability per {what}; got {array.shape}")
    check_finite(name, array, (what,))
    if (array < 0).any():
        worst = int(np.flatnonzero(array < 0)[0])
        raise ValueError(f"{name} is negative at {what} {worst}: {array[worst]:g}; probabilities are >= 0")
    if abs(array.sum() - 1) > PROBABILITY_TOLERANCE:
        raise ValueError(f"{name} must sum to 1; it sums to {array.sum():.10g}")
    array.flags.writeable = False
    return array


def within(array: NDArray, largest: float) -> bool:
    """Whether no entry is NaN or beyond ``largest`` in size."""
    return bool(-largest <= array.min(initial=0.0) and array.max(initial=0.0) <= largest)


def check_finite(name: str, array: NDArray, axes: tuple[str, ...], *, largest: float = sys.float_info.max) -> None:
    """Raise if any entry is NaN, infinite or beyond ``largest``, naming the first by its position along ``axes``."""
    if within(array, largest):
        return
    where = np.argwhere(~(np.abs(array) <= largest))[0]
    place = ", ".join(f"{axis} {int(i)}" for axis, i in zip(axes, where, strict=True))
    raise_not_finite(name, array[tuple(where)], place, largest)


def raise_not_finite(name: str, value: float, place: str, largest: float) -> NoReturn:
    """Say of one entry that it is not finite, or that it is too large."""
    if math.isfinite(value):
        raise ValueError(
            f"{name} must not exceed {largest:g} in size, or sums of it overflow; it is {value:g} at {place}: measure it in a "
            "larger unit"
        )
    raise ValueError(f"{name} must be finite; it is {value} at {place}")
