"""What changes over time: curves with bands, and shares that add up to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame, value_axis
from .colours import FAINT, PAPER, STYLES
from .intervals import UNDETERMINED_DASHES, draw_band, interval_name, normal_quantile
from .keys import key_above, title_above
from .names import short
from .style import house_style

SIZE = (6.4, 3.6)  # inches


@dataclass(eq=False, repr=False)
class BandsDisplay(BriefRepr):
    """Quantities over a clock, such as coefficients that drift, each a curve with a band for its interval.

    Make one with `from_values`. Stretches that the demonstrations do not determine are grey and dashed, without a band.

    Parameters
    ----------
    x : (n,) array
        The clock.
    middle : (n, C) array
        A column per curve.
    low, high : (n, C) arrays or None
        Ends of the intervals.
    names : sequence of C str
    determined : (n, C) bool array or None
        None: everywhere.
    confidence : float
    x_label, label, title : str

    Attributes
    ----------
    curves_, bands_, undetermined_ : lists of Line2D, PolyCollection and Line2D
    key_ : Legend or None
    ax_, figure_ : Axes, Figure

    Examples
    --------
    >>> import numpy as np
    >>> from maxent_irl.plotting import BandsDisplay
    >>> day = np.arange(10.0)
    >>> display = BandsDisplay.from_values(day, np.sqrt(day), errors=0.1 * np.ones(10), names=["water"])
    >>> display.high.shape
    (10, 1)
    """

    x: NDArray  # (n,)
    middle: NDArray  # (n, C)
    low: NDArray | None = None  # (n, C)
    high: NDArray | None = None  # (n, C)
    _: KW_ONLY
    names: Sequence[str]  # C
    determined: NDArray | None = None  # (n, C) bool
    confidence: float = 0.95
    x_label: str = "time"
    label: str = "coefficient"
    title: str = ""

    @classmethod
    def from_values(
        cls,
        x: ArrayLike,
        middle: ArrayLike,
        *,
        errors: ArrayLike | None = None,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
        names: Sequence[Any] | None = None,
        determined: ArrayLike | None = None,
        confidence: float = 0.95,
        **options: Any,
    ) -> BandsDisplay:
        """Show given curves.

        Parameters
        ----------
        x : (n,) array
        middle : (n,) or (n, C) array
        errors : array of that shape, optional
            Standard errors, from which bands are made; or give `low` and `high`.
        names, determined, confidence
            As for the class.
        **options
            x_label, label and title, as for the class.

        Raises
        ------
        ValueError
            For shapes that do not fit, and for more than five curves.
        """
        x, middle = np.asarray(x, dtype=float), _columns(middle)
        if x.ndim != 1 or len(middle) != len(x):
            raise ValueError(f"x has shape {x.shape}, the curves have {len(middle)} rows")
        if middle.shape[1] > len(STYLES):
            raise ValueError(f"at most {len(STYLES)} curves can be told apart; got {middle.shape[1]}")
        if errors is not None:
            margin = normal_quantile(confidence) * _columns(errors)
            low, high = middle - margin, middle + margin
        bounds = [None if given is None else _columns(given) for given in (low, high)]
        sure = None if determined is None else np.asarray(determined, dtype=bool).reshape(middle.shape)
        for name, table in (("low", bounds[0]), ("high", bounds[1])):
            if table is not None and table.shape != middle.shape:
                raise ValueError(f"{name} has shape {table.shape}, the curves have {middle.shape}")
        named = [f"curve {c}" for c in range(middle.shape[1])] if names is None else [str(name) for name in names]
        if len(named) != middle.shape[1]:
            raise ValueError(f"{len(named)} names for {middle.shape[1]} curves")
        return cls(x, middle, *bounds, names=named, determined=sure, confidence=confidence, **options)

    @house_style()
    def plot(self, ax: Any = None) -> BandsDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=SIZE)
        self.curves_: list[Any] = []
        self.bands_: list[Any] = []
        self.undetermined_: list[Any] = []
        self.ax_.axhline(0.0, color=FAINT, linewidth=0.9, zorder=1)
        for c, name in enumerate(self.names):
            colour, dash = STYLES[c]
            sure = np.ones(len(self.x), dtype=bool) if self.determined is None else self.determined[:, c]
            y = np.where(sure, self.middle[:, c], np.nan)
            self.curves_ += self.ax_.plot(self.x, y, color=colour, linestyle=dash, label=short(name), zorder=3)
            if self.low is not None and self.high is not None:
                low, high = (np.where(sure, end[:, c], np.nan) for end in (self.low, self.high))
                self.bands_.append(draw_band(self.ax_, self.x, low, high, colour))
            if not sure.all():
                near = ~sure | ~np.roll(sure, 1) | ~np.roll(sure, -1)
                y = np.where(near, self.middle[:, c], np.nan)
                style = {"color": FAINT, "linestyle": UNDETERMINED_DASHES, "linewidth": 1.4, "label": "not determined"}
                self.undetermined_ += self.ax_.plot(self.x, y, zorder=2, **style)
        handles = [*self.curves_] if len(self.curves_) > 1 or self.bands_ else []
        if self.bands_:
            self.bands_[0].set_label(interval_name(self.confidence))
            handles.append(self.bands_[0])
        self.ax_.set(xlabel=self.x_label, ylabel=self.label)
        value_axis(self.ax_)
        self.key_ = key_above(self.ax_, [*handles, *self.undetermined_[:1]], columnspacing=1.2)
        title_above(self.ax_, self.title, self.key_)
        plain_frame(self.ax_)
        return self


@dataclass(eq=False, repr=False)
class SharesDisplay(BriefRepr):
    """Probabilities that add up to one over a clock, such as which intent an animal has, as stacked areas.

    Parameters
    ----------
    x : (n,) array
    shares : (n, C) array
        Rows add up to one.
    names : sequence of C str
    x_label, label, title : str

    Attributes
    ----------
    areas_ : list of PolyCollections
    key_ : Legend
    ax_, figure_ : Axes, Figure
    """

    x: NDArray  # (n,)
    shares: NDArray  # (n, C)
    _: KW_ONLY
    names: Sequence[str]  # C
    x_label: str = "time"
    label: str = "probability"
    title: str = ""

    @classmethod
    def from_values(
        cls, x: ArrayLike, shares: ArrayLike, *, names: Sequence[Any] | None = None, **options: Any
    ) -> SharesDisplay:
        """Show given shares; raise a ValueError where shapes do not fit or a row does not add up to one."""
        x, shares = np.asarray(x, dtype=float), _columns(shares)
        if shares.shape[0] != len(x) or shares.shape[1] > len(STYLES):
            raise ValueError(f"shares must have shape ({len(x)}, at most {len(STYLES)}); got {shares.shape}")
        wrong = np.flatnonzero(np.abs(shares.sum(axis=1) - 1) > 1e-6)
        if len(wrong):
            raise ValueError(f"row {wrong[0]} of the shares adds up to {shares[wrong[0]].sum():g}, not to 1")
        named = [f"component {c}" for c in range(shares.shape[1])] if names is None else [str(name) for name in names]
        if len(named) != shares.shape[1]:
            raise ValueError(f"{len(named)} names for {shares.shape[1]} columns of shares")
        return cls(x, shares, names=named, **options)

    @house_style()
    def plot(self, ax: Any = None) -> SharesDisplay:
        """Draw the areas; `ax` as for `BandsDisplay.plot`."""
        self.figure_, self.ax_ = figure_and_axes(ax, size=(SIZE[0], 2.6))
        self.areas_ = self.ax_.stackplot(
            self.x,
            self.shares.T,
            labels=[short(name) for name in self.names],
            colors=[colour for colour, _ in STYLES],
            edgecolor=PAPER,
            linewidth=0.5,
        )
        self.ax_.set(xlabel=self.x_label, ylabel=self.label, ylim=(0, 1), xlim=(self.x.min(), self.x.max()))
        self.key_ = key_above(self.ax_, self.areas_)
        title_above(self.ax_, self.title, self.key_)
        plain_frame(self.ax_)
        return self


def _columns(table: ArrayLike) -> NDArray:
    array = np.asarray(table, dtype=float)
    return array[:, None] if array.ndim == 1 else array
