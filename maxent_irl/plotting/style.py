"""The house style: fonts, sizes and lines of every figure, and how to switch it off.

`plot` of every display draws in the house style, whatever the settings of matplotlib are. `plain_style` switches it off, so that
figures follow the settings of a journal or a talk. `HOUSE_STYLE` is a plain dict of matplotlib settings; figures
of your own look alike after ``matplotlib.pyplot.style.use(HOUSE_STYLE)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .colours import FRAME, INK, MUTED, STYLES

HOUSE_STYLE: dict[Any, Any] = {  # str to value; matplotlib types its keys one by one
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that figures are the same everywhere
    "font.size": 11.0,
    "text.color": INK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 150,
    "axes.facecolor": "white",
    "axes.edgecolor": FRAME,
    "axes.linewidth": 0.8,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10.5,
    "axes.titlesize": 12.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 8.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler('color', {[colour for colour, _ in STYLES]})",
    "xtick.color": FRAME,
    "ytick.color": FRAME,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "patch.edgecolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 10.0,
    "hatch.linewidth": 0.7,
}
SUBTITLE_POINTS, KEY_POINTS, NOTE_POINTS = 10.0, 9.5, 9.5

_plain: ContextVar[bool] = ContextVar("_plain", default=False)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, unless within `plain_style`; also a decorator.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from maxent_irl.plotting import house_style
    >>> with house_style():
    ...     figure, axes = plt.subplots()
    """
    if _plain.get():
        yield
        return
    from matplotlib import rc_context

    with rc_context(HOUSE_STYLE):
        yield


@contextmanager
def plain_style() -> Iterator[None]:
    """Within this context displays follow the settings of matplotlib instead of the house style.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from maxent_irl.plotting import GridMapDisplay, plain_style
    >>> with plt.style.context("ggplot"), plain_style():
    ...     display = GridMapDisplay.from_values([[0.0, 1.0]], label="reward").plot()
    """
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def dress(ax: Any) -> None:
    """Fix what matplotlib reads from its settings only when it draws, ticks, and what given axes have otherwise: frames."""
    import matplotlib as mpl

    settings: Any = mpl.rcParams
    ax.spines[:].set(edgecolor=settings["axes.edgecolor"], linewidth=settings["axes.linewidth"])
    for axis in ("x", "y"):
        colour, words = settings[f"{axis}tick.color"], settings[f"{axis}tick.labelcolor"]
        ax.tick_params(
            axis=axis,
            labelsize=settings[f"{axis}tick.labelsize"],
            color=colour,
            labelcolor=colour if words == "inherit" else words,
        )
