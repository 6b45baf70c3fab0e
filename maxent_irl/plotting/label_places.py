"""Names beside points, none over another: the side of each is chosen in turn, and names without room are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axes import points_of
from .colours import PAPER
from .names import SHARE_LEFT, short

SIDES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)])
MARGIN = 1.5  # points between boxes


def label_places(
    ax: Any,
    positions: NDArray,
    names: Sequence[Any],
    priority: ArrayLike,
    *,
    away: ArrayLike,
    size: float = 9.0,
    most: int = 120,
    limits: NDArray,
) -> list[Any]:
    """Write names beside places without covering places or other names; return the annotations.

    Parameters
    ----------
    ax : Axes of equal aspect
    positions : (N, 2) array
    names : N names
    priority : (N,) array
        Names of larger priority get their room first.
    away : (N,) array
        Points from a place to its name: the radius of what is drawn there.
    size : float
        Points of the font.
    most : int
        How many names are tried.
    limits : (2, 2) array
        Low and high ends, x and y, of what the axes show.
    """
    from matplotlib.patheffects import withStroke

    width, height = SHARE_LEFT * np.array(points_of(ax))
    scale = float((np.array([width, height]) / (limits[1] - limits[0])).min())  # points per unit of position
    spots, away = positions * scale, np.broadcast_to(np.asarray(away, dtype=float), len(positions))
    taken = [np.concatenate([spot - radius, spot + radius]) for spot, radius in zip(spots, away, strict=True)]
    boxes = np.array(taken).reshape(-1, 4)
    low, high = limits * scale
    labels: list[Any] = []
    for i in np.argsort(-np.asarray(priority, dtype=float), kind="stable")[:most]:
        if not np.isfinite(spots[i]).all():
            continue
        text = short(names[i])
        wide, tall = _size(ax, text, size)
        first = spots[i] + np.where(
            SIDES > 0,
            SIDES * (away[i] + 2),
            np.where(SIDES < 0, SIDES * (away[i] + 2) - (wide, tall), [-wide / 2, -tall / 2]),
        )
        for side, corner in zip(SIDES, first, strict=True):
            box = np.concatenate([corner, corner + (wide, tall)])
            others = np.delete(boxes, i, axis=0)
            clear = ((box[2:] + MARGIN <= others[:, :2]) | (box[:2] - MARGIN >= others[:, 2:])).any(axis=1).all()
            if clear and (box[:2] >= low).all() and (box[2:] <= high).all():
                boxes = np.concatenate([boxes, box[None]])
                labels.append(
                    ax.annotate(
                        text,
                        positions[i],
                        side * (away[i] + 2),
                        textcoords="offset points",
                        ha=("center", "left", "right")[side[0]],
                        va=("center", "bottom", "top")[side[1]],
                        fontsize=size,
                        parse_math=False,
                        zorder=6,
                        path_effects=[withStroke(linewidth=2.0, foreground=PAPER)],
                    )
                )
                break
    return labels


def _size(ax: Any, text: str, size: float) -> tuple[float, float]:
    """Width and height of a text in points, measured by the renderer."""
    from matplotlib.text import Text

    probe = Text(0, 0, text, fontsize=size, parse_math=False, figure=ax.figure)
    box = probe.get_window_extent()
    return float(box.width * 72 / ax.figure.dpi), float(box.height * 72 / ax.figure.dpi)
