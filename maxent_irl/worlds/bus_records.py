"""Tables of months of machines: usage frequencies, demonstrations, and the usage beside each decision."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..demonstrations import Demonstrations
from .bus_engine import KEEP, REPLACE


def usage_frequencies(usage: ArrayLike) -> NDArray:
    """Estimate usage probabilities: how often the mileage grew by 0, 1, 2, ... bins.

    Parameters
    ----------
    usage : (N,) array
        Bins of each month; NaN where there was no month before.

    Returns
    -------
    (J,) array that sums to 1, the maximum-likelihood estimate

    Raises
    ------
    ValueError
        For entries that are no whole numbers from 0 on, naming the first, and where no month is known.
    """
    months = np.asarray(usage, dtype=float)
    months = months[~np.isnan(months)]
    wrong = np.flatnonzero((months < 0) | (months != np.floor(months)))
    if len(wrong):
        raise ValueError(f"usage counts bins, so whole numbers from 0 on; entry {wrong[0]} is {months[wrong[0]]}")
    if not len(months):
        raise ValueError("usage holds no month to count")
    return np.bincount(months.astype(int)) / len(months)


def bus_demonstrations(bus: ArrayLike, period: ArrayLike, state: ArrayLike, replaced: ArrayLike) -> Demonstrations:
    """Turn a table of months into one demonstration per bus.

    The decisions of period 0 are dropped, as Rust does: the usage before them is not observed.

    Parameters
    ----------
    bus : (N,) array
        Which bus the row is about, any sortable values.
    period : (N,) int array
        Month, counted from 0, without gaps within a bus; rows may come in any order.
    state, replaced : (N,) int arrays
        Mileage bin at the beginning of the month, and whether the engine was replaced in it (0 or 1).

    Returns
    -------
    Demonstrations
        Ordered by bus. The last month of a bus has no known next state: recording was cut, not ended.

    Raises
    ------
    ValueError
        Naming the bus and period where a month is missing or occurs twice, or a decision is neither 0 nor 1; if no bus
        has a month after period 0.
    """
    buses, periods, states, decisions = (np.asarray(column) for column in (bus, period, state, replaced))
    wrong = np.flatnonzero((decisions != KEEP) & (decisions != REPLACE))
    if len(wrong):
        row = wrong[0]
        raise ValueError(f"bus {buses[row]}, period {periods[row]}: replaced must be 0 or 1, got {decisions[row]}")
    kept = _kept_months(buses, periods)
    columns = {"bus": buses[kept], "period": periods[kept], "state": states[kept], "replaced": decisions[kept]}
    n_states = int(np.max(columns["state"], initial=0)) + 1
    return Demonstrations.from_table(
        columns, id="bus", time="period", state="state", action="replaced", n_states=n_states, n_actions=2
    )


def bus_usage(bus: ArrayLike, period: ArrayLike, usage: ArrayLike) -> NDArray:
    """Usage in the order of the decisions of `bus_demonstrations`, (n_decisions,) float; NaN where it is unknown.

    Parameters
    ----------
    bus, period : (N,) arrays
        As for `bus_demonstrations`.
    usage : (N,) array
        Bins by which the mileage grew in the month before.
    """
    return np.asarray(usage, dtype=float)[_kept_months(np.asarray(bus), np.asarray(period))]


def _kept_months(bus: NDArray, period: NDArray) -> NDArray:
    """Rows of the months after period 0, ordered by bus and period; raise where a month is missing."""
    order = np.lexsort((period, bus))
    gap = np.flatnonzero((bus[order][1:] == bus[order][:-1]) & (np.diff(period[order]) > 1))
    if len(gap):
        before, after = order[gap[0] : gap[0] + 2]
        raise ValueError(
            f"bus {bus[before]}: period {period[before]} is followed by {period[after]}; every month in between must "
            "be there, because the state moves every month"
        )
    return order[period[order] > 0]
