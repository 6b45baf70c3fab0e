"""Maps of several rewards side by side on one colour scale, such as those of several models, animals or intents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes_array
from .layouts import Layout, is_stacked, layout_of, panel_of
from .names import short
from .style import house_style

MOST_COLUMNS = 3


@dataclass(eq=False, repr=False)
class SideBySideDisplay(BriefRepr):
    """Maps of several quantities of one unit, which share one colour scale.

    Parameters
    ----------
    values : dict of str to (S,) or (S, A) array
        One map each, by its title.
    layout : Layout
    label : str
        Of the colour bars.
    signed : bool, optional
        As for `colour_scale`.
    subtitles : dict of str to str
        Small print under some titles, such as the share of a component.

    Attributes
    ----------
    maps_ : dict of displays
    axes_ : array of Axes
    figure_ : Figure
    """

    values: dict[str, NDArray]
    _: KW_ONLY
    layout: Layout
    label: str = "reward per decision"
    signed: bool | None = None
    subtitles: Mapping[str, str] | None = None

    @classmethod
    def from_values(cls, values: Mapping[str, ArrayLike], world: Any, **options: Any) -> SideBySideDisplay:
        """Show given values on the map of a world.

        Parameters
        ----------
        values : dict of str to (S,) or (S, A) array
        world : as for `layout_of`
        **options
            label, signed and subtitles, as for the class.

        Raises
        ------
        ValueError
            Without values.
        """
        if not values:
            raise ValueError("there is nothing to show: give at least one map")
        return cls(
            {name: np.asarray(table, dtype=float) for name, table in values.items()}, layout=layout_of(world), **options
        )

    @house_style()
    def plot(self, ax: Any = None) -> SideBySideDisplay:
        """Draw the maps.

        Parameters
        ----------
        ax : as many Axes as maps, or empty Figure, optional

        Returns
        -------
        self
        """
        places = {name: self.layout.per_place(table) for name, table in self.values.items()}
        scale = self.layout.scale(*places.values(), signed=self.signed)
        self.maps_ = {
            name: self.layout.map(values, label=self.label, title=short(name)) for name, values in places.items()
        }
        first, n = next(iter(self.maps_.values())), len(self.maps_)
        columns = 1 if is_stacked(first) else min(n, MOST_COLUMNS)
        rows = -(-n // columns)
        width, height = panel_of(first)
        given = ax is not None and not hasattr(ax, "subplots")
        shape = (1, n) if given else (rows, columns)
        self.figure_, axes = figure_and_axes_array(ax, shape, size=(width * columns, height * rows))
        self.axes_ = axes.ravel()[:n]
        for spare in axes.ravel()[n:]:
            spare.remove()
        for i, (name, display) in enumerate(self.maps_.items()):
            display.subtitle = (self.subtitles or {}).get(name, "")
            display.plot(self.axes_[i], scale=scale, key=i == 0)
        self.ax_ = self.axes_[0]
        return self
