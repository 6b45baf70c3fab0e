"""Confidence intervals, as displays draw them: bands along a curve, and arrows where there is no end."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from scipy.special import ndtri

BAND_ALPHA = 0.22
UNDETERMINED_DASHES = (0, (3, 1.5))  # of lines for what the demonstrations do not determine


def normal_quantile(confidence: float) -> float:
    """Half width, in standard errors, of the normal interval that covers with this probability."""
    return float(ndtri(0.5 + confidence / 2))


def interval_name(confidence: float) -> str:
    """What a key calls such an interval."""
    return f"{confidence:.0%} interval"


def draw_band(ax: Any, x: ArrayLike, low: ArrayLike, high: ArrayLike, colour: str, *, linewidth: float = 0.0) -> Any:
    """Shade the interval around a curve; return the collection. Over one point a line width makes the band a bar."""
    return ax.fill_between(x, low, high, color=colour, alpha=BAND_ALPHA, linewidth=linewidth, zorder=2)


def draw_arrow(ax: Any, start: tuple[float, float], length: float, colour: str) -> Any:
    """Draw an arrow to the right, or with a negative length to the left, where the value has no bound; return it."""
    return ax.annotate(
        "",
        (start[0] + length, start[1]),
        start,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0},
        annotation_clip=False,
    )
