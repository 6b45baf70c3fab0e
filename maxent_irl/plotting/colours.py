"""Colours of maps: which colour map a quantity gets, and between which limits.

Three colour maps serve everything, all near white where there is little and dark where there is much:

- signed quantities, such as rewards: blue below zero, near white at zero, orange and brown above. At the same distance from
  zero blue is always darker than orange, so that the sides differ in a grey print too;
- amounts, such as counts and values of one sign: green;
- errors: purple.

They were chosen in CIELAB (D65). Lightness changes in equal steps on either side of the middle, from 97 at zero to 22 (blue),
45 (brown), 25 (green) and 22 (purple). `tests/plotting/test_colours.py` measures them, for colour-blind readers and in grey too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .limits import rounding, shown_range, value_range

SIGNED_COLOURS = (
    "#023564",
    "#055a94",
    "#0c82c4",
    "#4fabe9",
    "#a8d1f3",
    "#f7f6f4",
    "#f0d5b0",
    "#e9b26a",
    "#dc8f2e",
    "#c86d04",
    "#ab5103",
)
AMOUNT_COLOURS = ("#f2f8f3", "#b6dec4", "#72c39c", "#2ea583", "#018471", "#04625d", "#004345")
ERROR_COLOURS = ("#faf5fa", "#e3cce6", "#cca2d6", "#b17bc6", "#9058af", "#6b3b90", "#452566")
FAINTEST_LINE = 0.25  # of a colour map: what lies below is too pale for lines on paper
INK = "#1a1a1a"  # lines, markers and titles
MUTED = "#555555"  # words that are not titles
FAINT = "#8c8c8c"  # reference lines
FRAME = "#b4b4b2"  # frames and ticks
ACCENT = "#0b6cae"  # the one curve that matters
CONTRAST = "#e08a1e"  # the second curve, lighter than ACCENT also in grey
PAPER = "white"  # inside of marks, and around words on a map
STYLES: tuple[tuple[str, Any], ...] = (  # curves told apart by lightness and by dashes, not by hue alone
    (ACCENT, "-"),
    (CONTRAST, "--"),
    ("#3d3d3d", ":"),
    ("#2a9d78", "-."),
    ("#7d4a9c", (0, (5, 1, 1, 1, 1, 1))),
)
FLOOR_COLOUR, WALL_COLOUR, CELL_EDGE_COLOUR = "#f7f6f4", "#5d6166", "#dcdbd8"  # of grids
GAP_COLOUR, HATCH_COLOUR = "#ececea", "#a3a3a0"  # of cells without a value
STAYING_COLOUR = "#a8a8a8"  # arrows over it and the floor under it are told from it
CORRIDOR_COLOUR = "#e3e3e0"  # of mazes
UNKNOWN_COLOUR = "#c8c8c8"  # links without a value


def colour_map(signed: bool) -> Any:
    """Return the matplotlib colour map for signed quantities, or for amounts."""
    return _map("signed", SIGNED_COLOURS) if signed else _map("amounts", AMOUNT_COLOURS)


def error_colour_map() -> Any:
    """Return the colour map of errors, which is told from those of rewards and of amounts."""
    return _map("errors", ERROR_COLOURS)


def line_colour_map(cmap: Any = None) -> Any:
    """Return the part of a colour map that shows as lines on paper; default: that of amounts."""
    from matplotlib.colors import ListedColormap

    whole = colour_map(signed=False) if cmap is None else cmap
    return ListedColormap(whole(np.linspace(FAINTEST_LINE, 1.0, 256)), name=f"{whole.name}-on-paper")


def _map(name: str, colours: tuple[str, ...]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, colours)


def line_scale(*arrays: ArrayLike, signed: bool | None = None, **options: Any) -> dict[str, Any]:
    """`colour_scale` for lines on paper."""
    scale = colour_scale(*arrays, signed=signed, **options)
    if not signed and scale["norm"].vmin >= 0:
        scale["cmap"] = line_colour_map()
    elif not signed and scale["norm"].vmax <= 0:  # costs: the farther below zero, the darker
        scale["cmap"] = line_colour_map().reversed("amounts-on-paper-reversed")
    return scale


def colour_scale(
    *arrays: ArrayLike,
    signed: bool | None = None,
    from_zero: bool = False,
    root: bool = False,
    vmin: float | None = None,
    vmax: float | None = None,
) -> dict[str, Any]:
    """One colour scale for maps that are to be compared.

    Parameters
    ----------
    *arrays : arrays of any shape
        Values that are not finite do not count.
    signed : bool, optional
        True: the diverging map, limits symmetric about zero. None: whether the values have both signs.
    from_zero : bool
        Make the scale of a one-sided quantity start at zero, as counts and errors want it.
    root : bool
        Let colours follow the square root, so that a few large counts do not hide all others.
    vmin, vmax : float, optional
        Limits to use in place of those of the values.

    Returns
    -------
    dict with ``cmap`` and ``norm``, keywords of matplotlib's images and collections.
    """
    from matplotlib.colors import Normalize, PowerNorm

    low, high = value_range(*arrays)
    if signed is None:
        signed = min(-low, high) > rounding(low, high)
    if signed:
        reach = max(-low, high)
        low, high = -reach, reach
    elif from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    low, high = low if vmin is None else vmin, high if vmax is None else vmax
    low, high = shown_range(low, high)  # one value is one colour, in the middle of its bar
    norm = PowerNorm(0.5, low, high) if root and not signed else Normalize(low, high)
    return {"cmap": colour_map(signed), "norm": norm}
