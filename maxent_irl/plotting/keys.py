"""What explains a picture around it: the key and the title above, the note below."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from .axes import points_of, widest
from .colours import MUTED
from .style import KEY_POINTS, NOTE_POINTS, SUBTITLE_POINTS

LETTER_POINTS, HANDLE_POINTS = 5.4, 34.0  # width of a small letter, and of the sign before a name in a key
NOTE_LETTER_POINTS = 5.8
SMALL_PRINT = "small print"  # marks the lines under a title, so that a new title replaces them


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
    handle_points = HANDLE_POINTS + KEY_POINTS * (options.get("handlelength", 2.0) - 2.0)
    widths = [handle_points + LETTER_POINTS * len(handle.get_label()) for handle in handles]
    columns = len(handles)
    while columns > 1 and sum(max(column) for column in np.array_split(widths, columns)) > room:
        columns -= 1
    key = ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=KEY_POINTS,
        labelcolor=MUTED,
        borderaxespad=0.2,
        **options,
    )
    key.n_lines = -(-len(handles) // columns)
    for text in key.get_texts():
        text.set_parse_math(False)
    return key


def title_above(ax: Any, title: str, key: Any = None, *, below: str = "", **options: Any) -> None:
    """Set the title at the left, above the key if there is one; its first line is the title, `below` is small print under it."""
    lines = 0 if key is None else key.n_lines
    for old in [text for text in ax.texts if text.get_gid() == SMALL_PRINT]:
        old.remove()
    start = 3 + 15 * lines  # points above the axes
    if below:
        ax.annotate(
            below,
            (0.0, 1.0),
            (0, start + 1),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize=SUBTITLE_POINTS,
            color=MUTED,
            parse_math=False,
            linespacing=1.25,
            gid=SMALL_PRINT,
        )
        start += 4 + 14 * (1 + below.count("\n"))
    ax.set_title(title, loc="center", pad=start + 4, x=0.0, ha="left", **options)
    room = points_of(ax)[0] * (1.0 if ax.child_axes else 1.1)
    if title and widest([ax.title]) > room:  # folded at the letters that fit, in the mean
        lines = [textwrap.wrap(line, max(12, int(len(line) * room / widest([ax.title])))) for line in title.split("\n")]
        ax.title.set_text("\n".join(folded for part in lines for folded in part))


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
            fontsize=NOTE_POINTS,
            color=MUTED,
        )
        if ax.get_legend() is None:  # the title makes room for the line
            ax.set_title(ax.get_title(), pad=7 + 13, fontsize=ax.title.get_fontsize())
        return
    folded = textwrap.fill(words, max(16, int(points_of(ax)[0] / NOTE_LETTER_POINTS)))
    ax.set_xlabel(f"{ax.get_xlabel()}\n{folded}")
