"""Names that users gave, on axes and beside marks: cut where too long, never read as mathematics, and given room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .axes import points_of
from .colour_bar import BAR_BELOW

LONGEST_NAME = 40  # characters
FRAME_POINTS = 4.0  # about the label of a point
SHARE_LEFT = 0.85  # of axes, at least, once a layout engine has made room for what is written around them


def short(name: Any) -> str:
    """A name in at most 40 characters and one line."""
    words = " ".join(str(name).split())
    words = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
    return words if len(words) <= LONGEST_NAME else words[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def label_ticks(axis: Any, positions: ArrayLike, names: Iterable[Any], **options: Any) -> None:
    """Label ticks with names that users gave: cut where too long, and never read as mathematics."""
    axis.set_ticks(positions, [short(name) for name in names], parse_math=False, **options)


def make_room(ax: Any, labels: list[Any], *, below: bool = False) -> None:
    """Widen the limits of axes of equal aspect until the annotations of points lie within.

    Otherwise they would cover the colour bar, which lies beside the axes or below. The size of an annotation does not change with
    the limits, so that the right limits are found by iteration.
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
