"""What all maps of values share: the words on them and the choice of their colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from ..inference.brief_repr import BriefRepr
from .colour_bar import add_colour_bar
from .colours import colour_scale


@dataclass(eq=False, repr=False, kw_only=True)
class ValueMap(BriefRepr):
    """Base of the displays that show values by colours.

    Parameters
    ----------
    label : str
        Quantity and unit, for the colour bar.
    title, subtitle : str
        What the map shows, in bold, and small print under it.
    signed : bool, optional
        Whether zero is the middle of the scale. None: if there are values of both signs.
    from_zero : bool
        Whether a one-sided scale starts at zero.
    root : bool
        Whether the colours of a one-sided scale follow the square root, so that a few large values do not hide the rest.
    cmap, norm : matplotlib colour map and norm, optional
        To use in place of those chosen by these rules.
    vmin, vmax : float, optional
        Limits to use in place of those of the values.
    """

    label: str
    title: str = ""
    subtitle: str = ""
    signed: bool | None = None
    from_zero: bool = False
    root: bool = False
    cmap: Any = None
    norm: Any = None
    vmin: float | None = None
    vmax: float | None = None

    def default_scale(self, *arrays: ArrayLike, **options: Any) -> dict[str, Any]:
        """The kind of colour scale that the display takes by itself."""
        return colour_scale(*arrays, **options)

    def colours(self, values: ArrayLike, scale: dict[str, Any] | None = None) -> dict[str, Any]:
        """Dict with ``cmap`` and ``norm``: those given, or those that fit the values."""
        if scale is not None:
            return scale
        limits = {"vmin": self.vmin, "vmax": self.vmax}
        chosen = self.default_scale(values, signed=self.signed, from_zero=self.from_zero, root=self.root, **limits)
        fixed = {"cmap": self.cmap, "norm": self.norm}
        return chosen | {name: value for name, value in fixed.items() if value is not None}

    def draw_colour_bar(self, mappable: Any, ax: Any, *, below: bool = False) -> Any:
        """Draw the colour bar with its label."""
        return add_colour_bar(mappable, ax, self.label, below=below)
