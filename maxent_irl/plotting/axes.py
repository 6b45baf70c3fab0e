"""Axes to draw on, their frame, and the numbers along them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .limits import shown_range
from .style import dress

BETWEEN_NUMBERS = 8.0  # points between the numbers of an axis


def figure_and_axes(ax: Any = None, *, size: tuple[float, float] = (5.0, 4.0)) -> tuple[Any, Any]:
    """Return the figure and axes to draw on.

    Parameters
    ----------
    ax : Axes, or an empty Figure or SubFigure, optional
        A Figure is given the size; None makes a new one with pyplot.
    size : (width, height), inches
    """
    figure, axes = figure_and_axes_array(ax, (1, 1), size=size)
    return figure, axes[0, 0]


def figure_and_axes_array(
    ax: Any, shape: tuple[int, int], *, size: tuple[float, float], **options: Any
) -> tuple[Any, NDArray]:
    """Return the figure and a (rows, columns) array of axes: like `figure_and_axes`, but `ax` may be an array of Axes."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure()
    if hasattr(ax, "subplots"):
        fit_page(ax, size)
        made = ax.subplots(*shape, squeeze=False, **options)
        for one in made.flat:
            dress(one)
        return ax, made
    axes = np.asarray(ax, dtype=object)
    if axes.size != shape[0] * shape[1]:
        raise ValueError(f"this display draws on {shape[0] * shape[1]} axes; got {axes.size}")
    for one in axes.flat:
        dress(one)
    return axes.flat[0].figure, axes.reshape(shape)


def fit_page(figure: Any, size: tuple[float, float]) -> None:
    """Give a figure its size in inches and the layout that keeps texts apart; a part of a figure keeps those of the whole."""
    if hasattr(figure, "set_size_inches"):
        figure.set_size_inches(size)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)


def plain_numbers(axis: Any) -> None:
    """Write the numbers of an axis without an offset to be added to them.

    A power of ten common to all is written beyond the corner, where it covers neither key nor title.
    """
    axis.get_major_formatter().set_useOffset(False)
    if axis.axis_name == "y":
        axis.offsetText.set_horizontalalignment("right" if axis.get_label_position() == "left" else "left")


def value_axis(ax: Any) -> None:
    """Set up the vertical axis of curves, so that values that differ by rounding alone look constant."""
    low, high = ax.dataLim.intervaly
    if np.isfinite([low, high]).all() and (limits := shown_range(low, high)) != (low, high):
        ax.set_ylim(limits)
    plain_numbers(ax.yaxis)


def whole_ticks(axis: Any, most: float = 7) -> None:
    """Put ticks at integers only, at most about `most` of them."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(max(1, int(min(most, 7))), integer=True, min_n_ticks=1))


def points_of(ax: Any) -> tuple[float, float]:
    """Width and height of axes in points, before a layout engine moves them."""
    box = ax.get_position(original=True).transformed(ax.figure.transSubfigure)
    return float(box.width * 72 / ax.figure.dpi), float(box.height * 72 / ax.figure.dpi)


def widest(texts: Iterable[Any]) -> float:
    """Width in points of the widest of the texts as they are drawn."""
    return max((72 * text.get_window_extent().width / text.figure.dpi for text in texts), default=0.0)


def plain_frame(ax: Any) -> None:
    """Leave the left and bottom edge of the frame only."""
    ax.spines[["top", "right"]].set_visible(False)
