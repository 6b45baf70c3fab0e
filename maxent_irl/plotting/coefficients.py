"""Coefficients with their intervals: a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame
from .colours import ACCENT, CONTRAST, FAINT, MUTED, PAPER
from .fitted import summary_of
from .intervals import UNDETERMINED_DASHES, draw_arrow, interval_name, normal_quantile
from .keys import key_above, title_above
from .names import label_ticks
from .style import NOTE_POINTS, house_style

MOST_ROWS = 40
UNITS = ("raw", "standardised", "own")
ARROW = 0.12  # length of an arrow, in widths of the axes


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
    unbounded : (K,) int array or None
        1 or -1 where nothing bounds a coefficient from above or below: an arrow instead of an interval. 0 elsewhere.
    own_axes : bool
        Whether each row has a scale of its own, from zero to the farther end of its interval, for coefficients of different
        units; estimates and margins are then written beside the rows.
    label, title, subtitle : str
    n_hidden : int
        How many coefficients were left out.

    Attributes
    ----------
    estimates_ : PathCollection, the dots
    intervals_ : LineCollection of determined coefficients, or None
    partial_ : LineCollection of the others, dashed, or None
    truth_ : PathCollection or None
    zero_ : Line2D
    arrows_ : list of Annotations
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
    unbounded: NDArray | None = None  # (K,) int
    own_axes: bool = False
    label: str = "coefficient"
    title: str = "Coefficients"
    subtitle: str = ""
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
        unbounded: ArrayLike | None = None,
        **options: Any,
    ) -> CoefficientsDisplay:
        """Show given coefficients.

        Parameters
        ----------
        estimates, errors, names, truth, determined, unbounded
            As for the class, one entry per coefficient.
        **options
            confidence, own_axes, label, title and subtitle, as for the class.

        Raises
        ------
        ValueError
            If errors, names, truth, determined or unbounded do not have one entry per coefficient.
        """
        estimates = np.asarray(estimates, dtype=float)
        K = len(estimates)
        named = [f"feature {k}" for k in range(K)] if names is None else [str(name) for name in names]
        errors, truth = (None if given is None else np.asarray(given, dtype=float) for given in (errors, truth))
        determined = None if determined is None else np.asarray(determined, dtype=bool)
        unbounded = None if unbounded is None else np.asarray(unbounded, dtype=int)
        columns = {
            "errors": errors,
            "truth": truth,
            "determined": determined,
            "unbounded": unbounded,
            "names": np.empty(len(named)),
        }
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
            unbounded=None if unbounded is None else unbounded[shown],
            n_hidden=K - len(shown),
            **options,
        )

    @classmethod
    def from_estimator(cls, estimator: Any, *, units: str = "raw", **options: Any) -> CoefficientsDisplay:
        """Show the coefficients of a fitted estimator with its standard errors.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        units : "raw", "standardised" or "own"
            "raw": one axis, reward per unit of each feature. "standardised": one axis, reward per standard deviation of each
            feature over the demonstrated decisions, so that features of different units can be compared. "own": a scale of its
            own for each. The figure says which.
        **options
            `truth`, `confidence`, `label`, `title` as for `from_values`; `errors`, `names`, `determined` and `unbounded` default
            to those of the estimator's `summary`.

        Raises
        ------
        ValueError
            For unknown units.
        """
        if units not in UNITS:
            raise ValueError(f"units must be one of {', '.join(UNITS)}; got {units!r}")
        if not {"errors", "names"} <= set(options):
            found = summary_of(estimator).coefficients
            defaults = {
                "errors": found["standard_error"],
                "names": found["feature"],
                "determined": found["determined"],
                "unbounded": found["unbounded"],
            }
            options = {**defaults, **options}
        estimates = np.asarray(estimator.coef_, dtype=float)
        if units == "standardised":
            spread = demonstrated_spread(estimator)
            estimates = estimates * spread
            options |= {name: spread * np.asarray(options[name]) for name in ("errors", "truth") if name in options}
            options.setdefault("label", "reward per standard deviation of the feature")
        elif units == "own":
            options.setdefault("own_axes", True)
        return cls.from_values(estimates, **options)

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
        self.scales_ = self._scales()
        sure = np.ones(K, dtype=bool) if self.determined is None else self.determined
        bounded = np.ones(K, dtype=bool) if self.unbounded is None else self.unbounded == 0
        self.zero_ = self.ax_.axvline(0.0, color=FAINT, linewidth=0.9, zorder=0)
        self.intervals_ = self._draw_intervals(sure & bounded, colors=ACCENT, linewidths=1.8)
        self.partial_ = self._draw_intervals(
            ~sure & bounded, colors=FAINT, linewidths=1.4, linestyles=UNDETERMINED_DASHES
        )
        self.truth_: Any = None
        filled = ~(np.abs(self.estimates) <= margins) & sure & bounded
        faces = [ACCENT if full else PAPER for full in filled]
        edges = [ACCENT if known else FAINT for known in sure]
        self.estimates_ = self.ax_.scatter(
            self.estimates / self.scales_,
            y,
            34,
            faces,
            marker="o",
            edgecolors=edges,
            linewidths=1.4,
            zorder=2,
            label="estimate",
        )
        if self.truth is not None:
            self.truth_ = self.ax_.scatter(
                self.truth / self.scales_, y, 44, CONTRAST, marker="x", linewidths=1.8, zorder=3, label="true value"
            )
        label_ticks(self.ax_.yaxis, y, self.names)
        self.ax_.set(ylim=(K - 0.4, -0.6), xlabel=self.label)
        self.ax_.margins(x=0.06)
        self.ax_.autoscale_view(scaley=False)
        self._draw_arrows()
        if self.own_axes:
            self._write_numbers()
        hidden = f"{K} farthest from zero of {K + self.n_hidden}" if self.n_hidden else ""
        self.key_ = self._draw_key()
        title_above(self.ax_, self.title, self.key_, below="\n".join(filter(None, [self.subtitle, hidden])))
        self.ax_.tick_params(axis="y", length=0)
        plain_frame(self.ax_)
        self.ax_.spines["left"].set_visible(False)
        return self

    def _scales(self) -> NDArray:
        """What a unit of the axis is for each row, (K,)."""
        if not self.own_axes:
            return np.ones(len(self.estimates))
        reach = np.abs(self.estimates) + np.nan_to_num(self.margins)
        return np.where(reach > 0, reach, 1.0)

    def _draw_arrows(self) -> None:
        """An arrow for each coefficient that nothing bounds."""
        self.arrows_: list[Any] = []
        if self.unbounded is None or not self.unbounded.any():
            return
        low, high = self.ax_.get_xlim()
        length = ARROW * (high - low)
        for k in np.flatnonzero(self.unbounded):
            place = (float(self.estimates[k] / self.scales_[k]), float(k))
            self.arrows_.append(draw_arrow(self.ax_, place, float(self.unbounded[k]) * length, ACCENT))
        self.ax_.set_xlim(low - length, high + length)

    def _write_numbers(self) -> None:
        """Estimates and margins at the right of rows with scales of their own."""
        self.ax_.set(xticks=[], xlabel="each row has a scale of its own")
        transform = self.ax_.get_yaxis_transform()
        for k, (estimate, margin) in enumerate(zip(self.estimates, self.margins, strict=True)):
            words = f"{estimate:.3g}" + ("" if np.isnan(margin) else f" ± {margin:.2g}")
            words = words.replace("-", "\N{MINUS SIGN}")
            self.ax_.text(1.02, k, words, transform=transform, va="center", fontsize=NOTE_POINTS, color=MUTED)

    def _draw_intervals(self, of: NDArray, **style: Any) -> Any:
        """Lines for the coefficients `of`, (K,) bool, that have an interval; None where none has."""
        from matplotlib.collections import LineCollection

        rows = np.flatnonzero(of & np.isfinite(self.margins))
        if not len(rows):
            return None
        ends = (self.estimates[rows, None] + self.margins[rows, None] * (-1, 1)) / self.scales_[rows, None]
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
        if self.arrows_:
            handles.append(Line2D([], [], **{**hollow, "linewidth": 1.8}, label="arrow: not bounded on that side"))
        if self.partial_ is not None:
            dashed = {**hollow, "color": FAINT, "linestyle": UNDETERMINED_DASHES}
            handles.append(Line2D([], [], **dashed, label=f"{words} of the determined part"))
        if self.errors is not None and self.determined is not None and (np.isnan(self.errors) & ~self.determined).any():
            handles.append(Line2D([], [], **{**hollow, "color": FAINT, "linewidth": 0}, label="not determined"))
        if self.truth_ is not None:
            handles += [self.truth_] if handles else [self.estimates_, self.truth_]
        return key_above(self.ax_, handles, columnspacing=1.2)


def demonstrated_spread(estimator: Any) -> NDArray:
    """Standard deviation of each feature over the demonstrated decisions, weighted as the demonstrations are, (K,)."""
    fit = estimator.fit_
    data, features = fit.demonstrations, fit.point.features
    rows = features.of_pairs(data.actions, data.states)
    table = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
    weights = np.repeat(data.weights, np.diff(data.offsets))
    mean = np.average(table, axis=0, weights=weights)
    return np.sqrt(np.average((table - mean) ** 2, axis=0, weights=weights))
