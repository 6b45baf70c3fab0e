"""Colour bars: as long as their axes, with a label, and with numbers that stand apart."""

from __future__ import annotations

from typing import Any

from .axes import BETWEEN_NUMBERS, plain_numbers, points_of, widest
from .style import dress

BAR_WIDTH, BAR_GAP, BAR_BELOW = 0.13, 0.08, 0.68  # inches; the last from axes to the lower side of a bar below them
WIDE = 3.0  # maps that many times wider than tall get their colour bar below


def is_wide(width: float, height: float) -> bool:
    """Whether a map of these proportions has its colour bar below."""
    return width > WIDE * height


def add_colour_bar(mappable: Any, ax: Any, label: str, *, below: bool = False) -> Any:
    """Attach a colour bar that is as long as the axes are after their aspect is applied, and say what it shows.

    Parameters
    ----------
    mappable : matplotlib ScalarMappable
    ax : Axes
    label : str
        Quantity and unit.
    below : bool
        Lay the bar under the axes, for maps much wider than tall.
    """
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    inches = ax.figure.dpi_scale_trans
    if below:
        place = blended_transform_factory(ax.transAxes, inches + ScaledTranslation(0, 0, ax.transAxes))
        cax = ax.inset_axes((0.0, -BAR_BELOW, 1.0, BAR_WIDTH), transform=place)
    else:
        place = blended_transform_factory(inches + ScaledTranslation(1, 0, ax.transAxes), ax.transAxes)
        cax = ax.inset_axes((BAR_GAP, 0.0, BAR_WIDTH, 1.0), transform=place)
    bar = ax.figure.colorbar(mappable, cax=cax, orientation="horizontal" if below else "vertical")
    bar.set_label(label)
    bar.outline.set_visible(False)
    dress(bar.ax)
    plain_numbers(bar.ax.xaxis if below else bar.ax.yaxis)
    if below:
        _thin_out(bar.ax.xaxis, points_of(ax)[0])
    return bar


def _thin_out(axis: Any, length: float) -> None:
    """Keep so few numbers under a bar of this length in points that they stand apart."""
    from matplotlib.ticker import MaxNLocator

    labels = axis.get_ticklabels()
    fitting = int(length / (widest(labels) + BETWEEN_NUMBERS))
    if len(labels) > fitting:
        axis.set_major_locator(MaxNLocator(max(1, fitting - 1)))
