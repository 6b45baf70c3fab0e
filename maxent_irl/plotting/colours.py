"""Colours of maps: which colour map a quantity gets, and between which limits.

Two colour maps serve everything. Quantities of one sign get viridis, which is perceptually uniform and safe for colour-blind
readers. Signed quantities get a map from blue over grey to gold, centred on zero. Its lightness rises all the way, so that
negative and positive can be told apart in a grey print too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .limits import rounding, shown_range, value_range

SEQUENTIAL = "viridis"
# CIELAB: lightness 18 to 88 in equal steps; blue (hue 275) falls to grey and rises to gold (hue 70 to 95).
SIGNED_COLOURS = (
    "#002d54",
    "#014173",
    "#035595",
    "#4c6a97",
    "#7f7f7e",
    "#b19065",
    "#d0a655",
    "#e8c045",
    "#f8dd32",
)
INK = "#1a1a1a"  # lines and markers
FAINT = "#8c8c8c"  # reference lines
ACCENT = "#0a5ea2"  # the one curve that matters
CONTRAST = "#c8820a"  # the second curve, lighter than ACCENT also in grey
PAPER = "white"  # inside of marks, and around words on a map
STYLES: tuple[tuple[str, Any], ...] = (  # curves told apart by lightness and by dashes, not by hue alone
    (ACCENT, "-"),
    (CONTRAST, "--"),
    ("#3d3d3d", ":"),
    ("#5c9f6e", "-."),
    ("#8a4f8f", (0, (5, 1, 1, 1, 1, 1))),
)
FLOOR_COLOUR, WALL_COLOUR, HATCH_COLOUR = "#f7f7f5", "#d4d4d4", "#9c9c9c"  # of grids
STAYING_COLOUR = "#a8a8a8"  # arrows over it and the floor under it are told from it
CORRIDOR_COLOUR = "#e3e3e0"  # of mazes
UNKNOWN_COLOUR = "#c8c8c8"  # links without a value


def colour_map(signed: bool) -> Any:
    """Return the matplotlib colour map for signed or for one-sided quantities."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blue-grey-gold", SIGNED_COLOURS) if signed else colormaps[SEQUENTIAL]


def line_colour_map() -> Any:
    """Return the colour map of one-sided quantities for lines on paper: much is dark, and little is not yet white."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[SEQUENTIAL](np.linspace(0.82, 0.0, 256)), name="viridis-on-paper")


def line_scale(*arrays: ArrayLike, signed: bool | None = None, **options: Any) -> dict[str, Any]:
    """`colour_scale` for lines on paper."""
    scale = colour_scale(*arrays, signed=signed, **options)
    if not signed and scale["norm"].vmin >= 0:
        scale["cmap"] = line_colour_map()
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
