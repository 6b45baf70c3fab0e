"""What every display needs of matplotlib: axes to draw on, a labelled colour bar, whole-numbered ticks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._limits import shown_range

BAR_WIDTH, BAR_GAP, BAR_BELOW = 0.13, 0.08, 0.68  # inches; the last from axes to the lower side of a bar below them
LONGEST_NAME = 40  # characters
LETTER_POINTS, HANDLE_POINTS = 4.6, 32.0  # width of a small letter, and of the sign before a name in a key
NOTE_LETTER_POINTS = 5.2
BETWEEN_NUMBERS = 8.0  # points between the numbers of an axis
FRAME_POINTS = 4.0  # about the label of a point
SHARE_LEFT = 0.85  # of axes, at least, once a layout engine has made room for what is written around them


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
        return ax, ax.subplots(*shape, squeeze=False, **options)
    axes = np.asarray(ax, dtype=object)
    if axes.size != shape[0] * shape[1]:
        raise ValueError(f"this display draws on {shape[0] * shape[1]} axes; got {axes.size}")
    return axes.flat[0].figure, axes.reshape(shape)


def fit_page(figure: Any, size: tuple[float, float]) -> None:
    """Give a figure its size in inches and the layout that keeps texts apart; a part of a figure keeps those of the whole."""
    if hasattr(figure, "set_size_inches"):
        figure.set_size_inches(size)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)


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
    bar.outline.set_linewidth(0.5)
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


def plain_numbers(axis: Any) -> None:
    """Write the numbers of an axis without an offset to be added to them.

    A power of ten common to all is written beyond the corner, where it covers neither key nor title.
    """
    axis.get_major_formatter().set_useOffset(False)
    if axis.axis_name == "y":
        axis.offsetText.set_horizontalalignment("right" if axis.get_label_position() == "left" else "left")


def value_axis(ax: Any) -> None:
    """Set up the vertical axis of curves: differences that are rounding are not drawn as if they were any."""
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


def key_above(ax: Any, handles: list[Any], **options: Any) -> Any:
    """Explain artists above the axes, in one line where there is room and in columns where there is not.

    Returns
    -------
    Legend, its attribute ``n_lines`` the number of lines; None where there is nothing to explain
    """
    if not handles:
        return None
    width, height = points_of(ax)
    names = 1.2 * LETTER_POINTS * max((len(label.get_text()) for label in ax.get_yticklabels()), default=0)
    left = 72 * ax.get_position(original=True).x0 * ax.figure.bbox.width / ax.figure.dpi
    room = 1.15 * (width - max(0.0, names - left))  # long names on the left push the axes to the right
    if ax.get_aspect() == 1:  # a tall map stands in the middle of its place, and its key begins where it does
        across, up = abs(np.subtract(*ax.get_xlim())), abs(np.subtract(*ax.get_ylim()))
        room -= (width - across * min(width / across, height / up)) / 2
    widths = [HANDLE_POINTS + LETTER_POINTS * len(handle.get_label()) for handle in handles]
    columns = len(handles)
    while columns > 1 and sum(max(column) for column in np.array_split(widths, columns)) > room:
        columns -= 1
    key = ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize="small",
        borderaxespad=0.2,
        **options,
    )
    key.n_lines = -(-len(handles) // columns)
    for text in key.get_texts():
        text.set_parse_math(False)
    return key


def title_above(ax: Any, title: str, key: Any = None, **options: Any) -> None:
    """Set the title, above the key if there is one."""
    ax.set_title(title, pad=6 if key is None else 7 + 13 * key.n_lines, **options)


def note_below(ax: Any, words: str) -> None:
    """Say something under the map, folded where the map is narrow; beside the key where a colour bar lies below."""
    if any(child.get_position().y1 < ax.get_position().y0 for child in ax.child_axes):
        ax.annotate(
            words,
            (1.0, 1.0),
            (0, 3),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize="small",
        )
        if ax.get_legend() is None:  # the title makes room for the line
            ax.set_title(ax.get_title(), pad=7 + 13, fontsize=ax.title.get_fontsize())
        return
    folded = textwrap.fill(words, max(16, int(points_of(ax)[0] / NOTE_LETTER_POINTS)))
    ax.set_xlabel(f"{ax.get_xlabel()}\n{folded}")


def widest(texts: Iterable[Any]) -> float:
    """Width in points of the widest of the texts as they are drawn."""
    return max((72 * text.get_window_extent().width / text.figure.dpi for text in texts), default=0.0)


def make_room(ax: Any, labels: list[Any], *, below: bool = False) -> None:
    """Widen the limits of axes of equal aspect until the annotations of points, whose size is no matter of scale, lie within.

    They would cover the colour bar otherwise, which lies beside the axes or below.
    """
    base = np.array([ax.get_xlim(), ax.get_ylim()]).T  # (low or high, x or y)
    labels = [label for label in labels if np.isfinite(label.xy).all()]
    if not labels:
        return
    places = np.array([label.xy for label in labels], dtype=float)
    boxes = np.array([label.get_window_extent().get_points() for label in labels])
    boxes = (boxes - ax.transData.transform(places)[:, None]) * 72 / ax.figure.dpi  # about their points
    boxes += [[-FRAME_POINTS], [FRAME_POINTS]]
    width, height = points_of(ax)
    room, limits = SHARE_LEFT * np.array([width, height - 72 * BAR_BELOW * below]), base
    smallest = (room / (base[1] - base[0])).min() / 4
    for _ in range(30):  # the more is to be shown, the more a point on paper is
        scale = max((room / (limits[1] - limits[0])).min(), smallest)
        ends = places[:, None] + boxes / scale
        limits = np.array([np.minimum(base[0], ends[:, 0].min(axis=0)), np.maximum(base[1], ends[:, 1].max(axis=0))])
    ax.set(xlim=limits[:, 0], ylim=limits[:, 1])


def label_ticks(axis: Any, positions: ArrayLike, names: Iterable[Any], **options: Any) -> None:
    """Label ticks with names that users gave: cut where too long, and never read as mathematics."""
    axis.set_ticks(positions, [short(name) for name in names], parse_math=False, **options)


def short(name: Any) -> str:
    """A name in at most 40 characters and one line."""
    words = " ".join(str(name).split())
    words = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
    return words if len(words) <= LONGEST_NAME else words[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def plain_frame(ax: Any) -> None:
    """Leave the left and bottom edge of the frame only."""
    ax.spines[["top", "right"]].set_visible(False)
