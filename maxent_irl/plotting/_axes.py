"""What every display needs of matplotlib: axes to draw on, a labelled colour bar, whole-numbered ticks."""

from __future__ import annotations

from typing import Any

BAR_WIDTH, BAR_GAP = 0.13, 0.08  # inches


def figure_and_axes(ax: Any = None, *, size: tuple[float, float] = (5.0, 4.0)) -> tuple[Any, Any]:
    """Return the figure and axes to draw on: those given, or new ones of `size` inches."""
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(figsize=size, layout="constrained")
    return ax.figure, ax


def figure_and_axes_array(
    axes: Any, shape: tuple[int, int], *, size: tuple[float, float], **options: Any
) -> tuple[Any, Any]:
    """Return the figure and a (rows, columns) array of axes: those given, or new ones of `size` inches."""
    import numpy as np

    if axes is None:
        import matplotlib.pyplot as plt

        return plt.subplots(*shape, figsize=size, layout="constrained", squeeze=False, **options)
    axes = np.asarray(axes, dtype=object)
    if axes.size != shape[0] * shape[1]:
        raise ValueError(f"this display draws on {shape[0] * shape[1]} axes; got {axes.size}")
    return axes.flat[0].figure, axes.reshape(shape)


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
        cax = ax.inset_axes((0.0, -0.55 - BAR_WIDTH, 1.0, BAR_WIDTH), transform=place)
    else:
        place = blended_transform_factory(inches + ScaledTranslation(1, 0, ax.transAxes), ax.transAxes)
        cax = ax.inset_axes((BAR_GAP, 0.0, BAR_WIDTH, 1.0), transform=place)
    bar = ax.figure.colorbar(mappable, cax=cax, orientation="horizontal" if below else "vertical")
    bar.set_label(label)
    bar.outline.set_linewidth(0.5)
    return bar


def whole_ticks(axis: Any, most: int = 7) -> None:
    """Put ticks at integers only, at most about `most` of them."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=True, min_n_ticks=1))


def plain_frame(ax: Any) -> None:
    """Leave the left and bottom edge of the frame only."""
    ax.spines[["top", "right"]].set_visible(False)
