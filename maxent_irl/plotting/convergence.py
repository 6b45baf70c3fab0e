"""How a fit went: the log-likelihood step by step, and the feature gap that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes_array, plain_frame, value_axis, whole_ticks
from .colours import ACCENT, CONTRAST, FAINT
from .keys import title_above
from .names import label_ticks
from .style import house_style

MOST_NAMES = 25


@dataclass(eq=False, repr=False)
class ConvergenceDisplay(BriefRepr):
    """Log-likelihood per decision at each step, beside the feature gap at the end.

    Make one with `from_values` or `from_estimator`. The feature gap is demonstrated minus expected features per decision; a
    fit has converged when none exceeds the tolerance. With a penalty the gap is nonzero at the optimum: no tolerance is drawn.

    Parameters
    ----------
    log_likelihood : (n + 1,) array
        Nats per decision, from the start on.
    gap : (K,) array
    tol : float or None
        Tolerance of the gap.
    names : sequence of K str or None
    uniform : float or None
        Log-likelihood of choosing at random, to compare with.
    converged : bool or None
    label : str
        Of the first axis.
    gap_title : str

    Attributes
    ----------
    curve_ : Line2D
    uniform_ : Line2D or None
    gaps_ : LineCollection
    band_ : Polygon or None
    axes_ : array of two Axes
    ax_ : the first
    figure_ : Figure
    """

    log_likelihood: NDArray  # (n + 1,)
    gap: NDArray  # (K,)
    _: KW_ONLY
    tol: float | None = None
    names: Sequence[str] | None = None  # K
    uniform: float | None = None
    converged: bool | None = None
    label: str = "log-likelihood (nats per decision)"
    gap_title: str = "Feature gap at the end"

    @classmethod
    def from_values(
        cls,
        log_likelihood: ArrayLike,
        gap: ArrayLike,
        **options: Any,
    ) -> ConvergenceDisplay:
        """Show a given history; `options` are the other arguments of the class.

        Raises
        ------
        ValueError
            For an empty history, or names that do not fit the gap.
        """
        log_likelihood, gap = np.asarray(log_likelihood, dtype=float), np.asarray(gap, dtype=float)
        if log_likelihood.ndim != 1 or not len(log_likelihood) or gap.ndim != 1:
            raise ValueError(
                f"a history has shape (n,) with n >= 1 and a gap (K,); got {log_likelihood.shape}, {gap.shape}"
            )
        names = options.get("names")
        if names is not None and len(names) != len(gap):
            raise ValueError(f"{len(names)} names for a gap in {len(gap)} features")
        return cls(log_likelihood, gap, **options)

    @classmethod
    def from_estimator(cls, estimator: Any, *, uniform: float | None = None) -> ConvergenceDisplay:
        """Show the steps of a fitted estimator.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        uniform : float, optional
            Log-likelihood per decision of choosing at random among the available actions.
        """
        matching = estimator.objective == "feature-matching" and estimator.mdp.discount < 1
        weighted = "discount-weighted " if matching else ""
        penalised = "penalised " if estimator.fit_.l2 > 0 else ""
        title = "Feature gap at the end" + (
            f",\nnonzero with a penalty\n(l2 = {estimator.fit_.l2:g})" if penalised else ""
        )
        return cls.from_values(
            -np.asarray(estimator.loss_curve_),
            estimator.feature_gap_,
            tol=None if penalised else estimator.tol * estimator.temperature,
            names=estimator.fit_.names,
            uniform=uniform if not matching else None,
            converged=estimator.converged_,
            label=f"{weighted}{penalised}log-likelihood\n(nats per decision)",
            gap_title=title,
        )

    @house_style()
    def plot(self, ax: Any = None) -> ConvergenceDisplay:
        """Draw the history.

        Parameters
        ----------
        ax : pair of Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, axes = figure_and_axes_array(ax, (1, 2), size=(9.0, 3.6))
        self.axes_ = axes.ravel()
        self.ax_ = self.axes_[0]
        self._draw_history(self.axes_[0])
        self._draw_gap(self.axes_[1])
        for axes in self.axes_:
            plain_frame(axes)
        return self

    def _draw_history(self, ax: Any) -> None:
        steps = np.arange(len(self.log_likelihood))
        few = len(steps) <= 40
        (self.curve_,) = ax.plot(
            steps, self.log_likelihood, color=ACCENT, linewidth=1.8, marker="o" if few else None, markersize=4
        )
        self.uniform_: Any = None
        if self.uniform is not None:
            self.uniform_ = ax.axhline(
                self.uniform, color=FAINT, linestyle="--", linewidth=1, label="choosing at random"
            )
            ax.legend(frameon=False, loc="lower right")
        status = "Fit" if self.converged is None else "Converged" if self.converged else "Not converged"
        n = len(steps) - 1  # a rejected step has a point too, equal to the one before
        title = f"{status} in {n} step{'s' if n != 1 else ''}"
        ax.set(xlabel="step", ylabel=self.label)
        title_above(ax, title)
        ax.margins(y=0.08)
        value_axis(ax)
        whole_ticks(ax.xaxis)

    def _draw_gap(self, ax: Any) -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        K = len(self.gap)
        index = np.arange(K)
        names = self.names if K <= MOST_NAMES else None
        named = names is not None
        ax.axvline(0.0, color=FAINT, linewidth=0.9) if named else ax.axhline(0.0, color=FAINT, linewidth=0.9)
        self.band_: Any = None
        if self.tol is not None:
            span = ax.axvspan if named else ax.axhspan
            self.band_ = span(
                -self.tol, self.tol, color=CONTRAST, alpha=0.18, linewidth=0, label=f"tolerance ± {self.tol:.0e}"
            )
        if names is not None:
            self.gaps_ = ax.hlines(index, 0, self.gap, color=ACCENT, linewidth=2.5)
            ax.plot(self.gap, index, "o", color=ACCENT, markersize=5)
            label_ticks(ax.yaxis, index, names)
            ax.set(ylim=(K - 0.4, -0.6), xlabel="demonstrated − expected,\nper decision")
        else:
            self.gaps_ = ax.vlines(
                index, 0, self.gap, color=ACCENT, linewidth=float(np.clip(150 / max(K, 1), 0.5, 2.5))
            )
            ax.set(xlabel="feature", ylabel="demonstrated − expected,\nper decision")
            whole_ticks(ax.xaxis)
        values = ax.xaxis if named else ax.yaxis
        values.set_major_locator(MaxNLocator(4))
        values.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}".replace("-", "\N{MINUS SIGN}")))
        title, _, small = self.gap_title.partition("\n")
        title_above(ax, title, below=small)
        if self.band_ is not None:
            ax.legend(frameon=False, loc="upper right", fontsize="small")
