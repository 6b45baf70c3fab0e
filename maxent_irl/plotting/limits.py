"""Between which limits values are shown, on colour bars and on axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RELATIVE = 1e-8  # of the largest value: solvers leave differences of that size, and few would read as many digits
ABSOLUTE = 1e-13  # rewards and log-likelihoods are sums of numbers near 1 that may cancel; this is their rounding


def value_range(*arrays: ArrayLike) -> tuple[float, float]:
    """Smallest and largest finite value of all arrays together; (0, 0) where there is none."""
    finite = np.concatenate([_finite(array) for array in arrays])
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def rounding(low: float, high: float) -> float:
    """Differences up to this are nothing but rounding where values lie between `low` and `high`."""
    return max(RELATIVE * max(abs(low), abs(high)), ABSOLUTE)


def shown_range(low: float, high: float) -> tuple[float, float]:
    """The range itself. Where it is no more than rounding: a wide range about its value, so that all values look the same."""
    if high - low > rounding(low, high):
        return low, high
    middle = (low + high) / 2
    margin = 0.5 * abs(middle) if abs(middle) > ABSOLUTE else 0.5
    return middle - margin, middle + margin


def _finite(array: ArrayLike) -> NDArray:
    values = np.asarray(array, dtype=float).ravel()
    return values[np.isfinite(values)]
