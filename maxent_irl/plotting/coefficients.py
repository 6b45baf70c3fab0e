"""Coefficients with their intervals: a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame
from .colours import ACCENT, CONTRAST, FAINT, PAPER
from .fitted import summary_of
from .intervals import interval_name, normal_quantile
from .keys import key_above, title_above
from .names import label_ticks
from .style import house_style

MOST_ROWS = 40
DASHES = (0, (3, 1.5))


@dataclass(eq=False, repr=False)
class CoefficientsDisplay(BriefRepr):
    """One line per coefficient: its estimate and its confidence interval, about a line at zero.

    Make one with `from_values` or `from_estimator`. Of more than 40 coefficients the 40 farthest from zero (in standard errors,
    if known) are shown, and the figure says so. An interval that excludes zero has a filled dot, one that does not a hollow one.
    A coefficient that the demonstrations do not determine has a grey dot at the answer of least norm. Its interval is dashed: it
    is that of the part that they determine, and there is none where they determine no part.

    Parameters
    ----------
    estimates : (K,) array
    errors : (K,) array or None
        Standard errors; NaN where there is none.
    names : sequence of K str
    truth : (K,) array or None
        Values to compare with, marked by crosses.
    determined : (K,) bool array or None
        Whether the demonstrations determine each coefficient. None: all.
    confidence : float
    label, title : str
    n_hidden : int
        How many coefficients were left out.

    Attributes
    ----------
    estimates_ : PathCollection, the dots
    intervals_ : LineCollection of determined coefficients, or None
    partial_ : LineCollection of the others, dashed, or None
    truth_ : PathCollection or None
    zero_ : Line2D
    key_ : Legend or None
    ax_, figure_ : Axes, Figure
    """

    estimates: NDArray  # (K,)
    errors: NDArray | None = None  # (K,)
    _: KW_ONLY
    names: Sequence[str]  # K
    truth: NDArray | None = None  # (K,)
    determined: NDArray | None = None  # (K,) bool
    confidence: float = 0.95
    label: str = "coefficient"
    title: str = "Coefficients"
    n_hidden: int = 0

    @classmethod
    def from_values(
        cls,
        estimates: ArrayLike,
        errors: ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
        truth: ArrayLike | None = None,
        determined: ArrayLike | None = None,
        **options: Any,
    ) -> CoefficientsDisplay:
        """Show given coefficients.

        Parameters
        ----------
        estimates, errors, names, truth, determined
            As for the class, one entry per coefficient.
        **options
            confidence, label and title, as for the class.

        Raises
        ------
        ValueError
            If errors, names, truth or determined do not have one entry per coefficient.
        """
        estimates = np.asarray(estimates, dtype=float)
        K = len(estimates)
        named = [f"feature {k}" for k in range(K)] if names is None else [str(name) for name in names]
        errors, truth = (None if given is None else np.asarray(given, dtype=float) for given in (errors, truth))
        determined = None if determined is None else np.asarray(determined, dtype=bool)
        columns = {"errors": errors, "truth": truth, "determined": determined, "names": np.empty(len(named))}
        for name, column in columns.items():
            if column is not None and column.shape != (K,):
                raise ValueError(f"{name} must have one entry for each of the {K} coefficients; got {column.shape}")
        shown = np.arange(K)
        if K > MOST_ROWS:
            distance = np.abs(estimates)
            if errors is not None:
                distance = np.divide(distance, errors, out=np.zeros(K), where=errors > 0)
            shown = np.sort(np.argsort(-distance, kind="stable")[:MOST_ROWS])
        return cls(
            estimates[shown],
            None if errors is None else errors[shown],
            names=[named[k] for k in shown],
            truth=None if truth is None else truth[shown],
            determined=None if determined is None else determined[shown],
            n_hidden=K - len(shown),
            **options,
        )

    @classmethod
    def from_estimator(cls, estimator: Any, **options: Any) -> CoefficientsDisplay:
        """Show the coefficients of a fitted estimator with its standard errors.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        **options
            `truth`, `confidence`, `label`, `title` as for `from_values`; `errors`, `names` and `determined` default to those of
            the estimator's `summary`.
        """
        if not {"errors", "names"} <= set(options):
            found = summary_of(estimator).coefficients
            determined, errors = np.array(found["determined"]), np.array(found["standard_error"])
            nothing = ~determined & (errors == 0)  # the demonstrations determine no part of these
            defaults = {
                "errors": np.where(nothing, np.nan, errors),
                "names": found["feature"],
                "determined": determined,
            }
            options = {**defaults, **options}
        return cls.from_values(estimator.coef_, **options)

    @property
    def margins(self) -> NDArray:
        """Half widths of the intervals, (K,); NaN where there is none."""
        if self.errors is None:
            return np.full(len(self.estimates), np.nan)
        return normal_quantile(self.confidence) * self.errors

    @property
    def height(self) -> float:
        """Inches that the rows want."""
        return 1.4 + 0.28 * len(self.estimates)

    @house_style()
    def plot(self, ax: Any = None) -> CoefficientsDisplay:
        """Draw the coefficients, the first on top.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        K = len(self.estimates)
        self.figure_, self.ax_ = figure_and_axes(ax, size=(6.0, self.height))
        y, margins = np.arange(K), self.margins
        sure = np.ones(K, dtype=bool) if self.determined is None else self.determined
        self.zero_ = self.ax_.axvline(0.0, color=FAINT, linewidth=0.9, zorder=0)
        self.intervals_ = self._draw_intervals(sure, colors=ACCENT, linewidths=1.8)
        self.partial_ = self._draw_intervals(~sure, colors=FAINT, linewidths=1.4, linestyles=DASHES)
        self.truth_: Any = None
        filled = ~(np.abs(self.estimates) <= margins) & sure
        faces = [ACCENT if full else PAPER for full in filled]
        edges = [ACCENT if known else FAINT for known in sure]
        self.estimates_ = self.ax_.scatter(
            self.estimates, y, 34, faces, marker="o", edgecolors=edges, linewidths=1.4, zorder=2, label="estimate"
        )
        if self.truth is not None:
            self.truth_ = self.ax_.scatter(
                self.truth, y, 44, CONTRAST, marker="x", linewidths=1.8, zorder=3, label="true value"
            )
        label_ticks(self.ax_.yaxis, y, self.names)
        self.ax_.set(ylim=(K - 0.4, -0.6), xlabel=self.label)
        self.ax_.margins(x=0.06)
        self.ax_.autoscale_view(scaley=False)
        hidden = f"{K} farthest from zero of {K + self.n_hidden}" if self.n_hidden else ""
        self.key_ = self._draw_key()
        title_above(self.ax_, self.title, self.key_, below=hidden)
        self.ax_.tick_params(axis="y", length=0)
        plain_frame(self.ax_)
        self.ax_.spines["left"].set_visible(False)
        return self

    def _draw_intervals(self, of: NDArray, **style: Any) -> Any:
        """Lines for the coefficients `of`, (K,) bool, that have an interval; None where none has."""
        from matplotlib.collections import LineCollection

        rows = np.flatnonzero(of & np.isfinite(self.margins))
        if not len(rows):
            return None
        ends = self.estimates[rows, None] + self.margins[rows, None] * (-1, 1)
        lines = LineCollection(list(np.stack([ends, np.stack([rows, rows], axis=1)], axis=2)), zorder=1, **style)
        self.ax_.add_collection(lines)
        return lines

    def _draw_key(self) -> Any:
        """Name dots, lines and crosses above the axes, where there is more than dots."""
        from matplotlib.lines import Line2D

        words = interval_name(self.confidence)
        dot: dict[str, Any] = {
            "color": ACCENT,
            "marker": "o",
            "markersize": 5.5,
            "markeredgewidth": 1.4,
            "linewidth": 1.8,
        }
        hollow = {**dot, "markerfacecolor": PAPER}
        handles: list[Any] = []
        if self.intervals_ is not None:
            crosses = (np.abs(self.estimates) <= self.margins).any()
            handles = [Line2D([], [], **dot, label=f"{words} excludes 0" if crosses else words)]
            handles += [Line2D([], [], **hollow, label="includes 0")] if crosses else []
        if self.partial_ is not None:
            dashed = {**hollow, "color": FAINT, "linestyle": DASHES}
            handles.append(Line2D([], [], **dashed, label=f"{words} of the determined part"))
        if self.errors is not None and self.determined is not None and (np.isnan(self.errors) & ~self.determined).any():
            handles.append(Line2D([], [], **{**hollow, "color": FAINT, "linewidth": 0}, label="not determined"))
        if self.truth_ is not None:
            handles += [self.truth_] if handles else [self.estimates_, self.truth_]
        return key_above(self.ax_, handles, columnspacing=1.2)
