"""Bins of a clock: when, in a trajectory or in a lifetime, each decision was taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count
from ..demonstrations import Demonstrations

STEP = "step"


def clock_of(demonstrations: Demonstrations, clock: str) -> NDArray:
    """Time of every decision, (N,) float: its step, or a column of the decisions or trajectories; dates count in days.

    Raises
    ------
    ValueError
        For a column that is not there, that holds neither numbers nor dates, and for missing times, naming trajectory and step.
    """
    if clock == STEP:
        return demonstrations.times.astype(float)
    columns = demonstrations.columns
    if clock in columns.decisions:
        values = columns.decisions[clock]
    elif clock in columns.trajectories:
        values = columns.trajectories[clock][demonstrations.trajectory_ids]
    else:
        known = ", ".join(map(repr, [STEP, *columns.decisions, *columns.trajectories]))
        raise ValueError(
            f"clock={clock!r} is no column of the demonstrations (there are {known}): pass decision_columns= or "
            "trajectory_columns= when you build them"
        )
    if values.dtype.kind == "M":
        days = values.astype("datetime64[us]")
        time = np.where(np.isnat(days), np.nan, (days - np.datetime64(0, "D")).astype(float) / 86_400e6)
    else:
        try:
            time = values.astype(float)
        except (TypeError, ValueError):
            raise ValueError(
                f"clock={clock!r} holds neither numbers nor dates, such as {values.tolist()[0]!r}"
            ) from None
    bad = np.flatnonzero(~np.isfinite(time))
    if bad.size:
        i = int(bad[0])
        raise ValueError(
            f"clock={clock!r} is {values[i]} at trajectory {demonstrations.trajectory_ids[i]}, step {demonstrations.times[i]}: "
            "every decision needs a time; fill it in, or leave the decision out"
        )
    return time


def edges_of(time: NDArray, n_bins: int, bins: ArrayLike | None) -> NDArray:
    """Edges of the bins, (B + 1,): those given, or `n_bins` of equal width over the times.

    Raises
    ------
    ValueError
        For edges that do not increase, and for times before the first or after the last.
    """
    if bins is None:
        n = check_count("n_bins", n_bins)
        low, high = float(time.min()), float(time.max())
        return np.linspace(low, high if high > low else low + 1.0, n + 1)
    edges: Any = np.asarray(bins)
    edges = (
        (edges.astype("datetime64[us]") - np.datetime64(0, "D")).astype(float) / 86_400e6
        if edges.dtype.kind == "M"
        else edges
    )
    edges = np.asarray(edges, dtype=float)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"bins must be increasing edges, one more than there are bins; got {bins!r:.80}")
    outside = np.flatnonzero((time < edges[0]) | (time > edges[-1]))
    if outside.size:
        raise ValueError(
            f"bins reach from {edges[0]:g} to {edges[-1]:g}, and decision {outside[0]} was taken at {time[outside[0]]:g}: "
            "widen them"
        )
    return edges


def bin_of(time: NDArray, edges: NDArray) -> NDArray:
    """The bin of each time, (N,) int; the nearest one outside the edges, as a random walk expects it to stay where it was."""
    return np.clip(np.searchsorted(edges, time, side="right") - 1, 0, len(edges) - 2)
