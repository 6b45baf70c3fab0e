"""Coefficients with their intervals: a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ._axes import figure_and_axes, key_above, label_ticks, plain_frame, title_above
from ._colours import ACCENT, CONTRAST, FAINT

MOST_ROWS = 40


class CoefficientsDisplay:
    """One line per coefficient: its estimate and its confidence interval, about a line at zero.

    Make one with `from_values` or `from_estimator`. Of more than 40 coefficients the 40 farthest from zero (in standard errors,
    if known) are shown, and the figure says so. An interval that excludes zero has a filled dot, one that does not a hollow one.

    Parameters
    ----------
    estimates : (K,) array
    errors : (K,) array or None
        Standard errors; NaN where there is none.
    names : sequence of K str
    truth : (K,) array or None
        Values to compare with, marked by crosses.
    confidence : float
    label, title : str
    n_hidden : int
        How many coefficients were left out.

    Attributes
    ----------
    estimates_ : PathCollection, the dots
    intervals_ : LineCollection or None
    truth_ : PathCollection or None
    zero_ : Line2D
    ax_, figure_ : Axes, Figure
    """

    def __init__(
        self,
        estimates: NDArray,
        errors: NDArray | None,
        *,
        names: Sequence[str],
        truth: NDArray | None,
        confidence: float,
        label: str,
        title: str,
        n_hidden: int,
    ) -> None:
        self.estimates = estimates
        self.errors = errors
        self.names = names
        self.truth = truth
        self.confidence = confidence
        self.label = label
        self.title = title
        self.n_hidden = n_hidden

    @classmethod
    def from_values(
        cls,
        estimates: ArrayLike,
        errors: ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
        truth: ArrayLike | None = None,
        confidence: float = 0.95,
        label: str = "coefficient",
        title: str = "Coefficients",
    ) -> CoefficientsDisplay:
        """Show given coefficients; arguments as for the class.

        Raises
        ------
        ValueError
            If errors, names or truth do not have one entry per coefficient.
        """
        estimates = np.asarray(estimates, dtype=float)
        K = len(estimates)
        names = tuple(names) if names is not None else tuple(f"feature {k}" for k in range(K))
        given = {"errors": errors, "truth": truth}
        arrays = {name: None if values is None else np.asarray(values, dtype=float) for name, values in given.items()}
        for name, values in {**arrays, "names": np.array(names, dtype=object)}.items():
            if values is not None and values.shape != (K,):
                raise ValueError(f"{name} must have one entry for each of the {K} coefficients; got {values.shape}")
        shown = np.arange(K)
        if K > MOST_ROWS:
            distance = np.abs(estimates)
            if errors is not None:
                distance = np.divide(distance, arrays["errors"], out=np.zeros(K), where=arrays["errors"] > 0)
            shown = np.sort(np.argsort(-distance, kind="stable")[:MOST_ROWS])
        return cls(
            estimates[shown],
            None if errors is None else arrays["errors"][shown],
            names=[names[k] for k in shown],
            truth=None if truth is None else arrays["truth"][shown],
            confidence=confidence,
            label=label,
            title=title,
            n_hidden=K - len(shown),
        )

    @classmethod
    def from_estimator(cls, estimator: Any, **options: Any) -> CoefficientsDisplay:
        """Show the coefficients of a fitted estimator with its standard errors.

        Coefficients that the demonstrations do not determine have no interval.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        **options
            `truth`, `confidence`, `label`, `title` as for `from_values`; `errors` and `names` default to those of the
            estimator's `summary`.
        """
        if not {"errors", "names"} <= set(options):
            found = estimator.summary().coefficients
            errors = np.where(found["determined"], found["standard_error"], np.nan)
            options = {"errors": errors, "names": found["feature"], **options}
        return cls.from_values(estimator.coef_, **options)

    @property
    def margins(self) -> NDArray:
        """Half widths of the intervals, (K,); NaN where there is none."""
        if self.errors is None:
            return np.full(len(self.estimates), np.nan)
        return float(ndtri(0.5 + self.confidence / 2)) * self.errors

    @property
    def height(self) -> float:
        """Inches that the rows want."""
        return 1.4 + 0.28 * len(self.estimates)

    def plot(self, ax: Any = None) -> CoefficientsDisplay:
        """Draw the coefficients, the first on top.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        from matplotlib.collections import LineCollection

        K = len(self.estimates)
        self.figure_, self.ax_ = figure_and_axes(ax, size=(6.0, self.height))
        y = np.arange(K)
        self.zero_ = self.ax_.axvline(0.0, color=FAINT, linewidth=0.9, zorder=0)
        self.intervals_ = self.truth_ = None
        margins = self.margins
        known = np.isfinite(margins)
        if known.any():
            ends = self.estimates[:, None] + margins[:, None] * (-1, 1)
            lines = np.stack([ends, np.stack([y, y], axis=1)], axis=2)[known]
            label = f"{self.confidence:.0%} interval"
            self.intervals_ = LineCollection(lines, colors=ACCENT, linewidths=1.8, zorder=1, label=label)
            self.ax_.add_collection(self.intervals_)
        clear = ~(np.abs(self.estimates) <= margins)
        faces = [ACCENT if filled else "white" for filled in clear]
        self.estimates_ = self.ax_.scatter(
            self.estimates, y, 34, faces, marker="o", edgecolors=ACCENT, linewidths=1.4, zorder=2, label="estimate"
        )
        if self.truth is not None:
            self.truth_ = self.ax_.scatter(
                self.truth, y, 44, CONTRAST, marker="x", linewidths=1.8, zorder=3, label="true value"
            )
        label_ticks(self.ax_.yaxis, y, self.names)
        self.ax_.set(ylim=(K - 0.4, -0.6), xlabel=self.label)
        self.ax_.margins(x=0.06)
        self.ax_.autoscale_view(scaley=False)
        hidden = f"\n({K} farthest from zero of {K + self.n_hidden})" if self.n_hidden else ""
        title_above(self.ax_, self.title + hidden, self._draw_key())
        self.ax_.tick_params(axis="y", length=0)
        plain_frame(self.ax_)
        self.ax_.spines["left"].set_visible(False)
        return self

    def _draw_key(self) -> Any:
        """Name dots, lines and crosses above the axes, where there is more than dots."""
        from matplotlib.lines import Line2D

        dot = {"color": ACCENT, "marker": "o", "markersize": 5.5, "markeredgewidth": 1.4}
        handles = []
        if self.intervals_ is not None:
            words = f"{self.confidence:.0%} interval"
            handles = [
                Line2D([], [], **dot, linewidth=1.8, label=f"{words} excludes 0"),
                Line2D([], [], **dot, linewidth=1.8, markerfacecolor="white", label="includes 0"),
            ]
        if self.truth_ is not None:
            handles += [self.truth_] if handles else [self.estimates_, self.truth_]
        return key_above(self.ax_, handles, columnspacing=1.2)
