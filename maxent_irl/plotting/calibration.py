"""Do actions that are given a probability of 30 percent happen 30 percent of the time?"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..demonstrations.labelled import demonstrations_for
from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame
from .colours import ACCENT, FAINT
from .intervals import interval_name, normal_quantile
from .keys import key_above, title_above
from .style import house_style


@dataclass(eq=False, repr=False)
class CalibrationDisplay(BriefRepr):
    """Predicted choice probabilities against how often such choices were made.

    Make one with `from_predictions` or `from_estimator`. Every decision contributes one prediction per action; predictions are
    put into bins of equal counts, and each bin is one point with its Wilson interval.

    Parameters
    ----------
    predicted, observed : (B,) arrays
        Mean prediction and share of choices in each bin.
    lower, upper : (B,) arrays
        Ends of the intervals.
    counts : (B,) array
        Predictions per bin.
    confidence : float
        Level of the intervals.

    Attributes
    ----------
    points_ : PathCollection
    intervals_ : LineCollection
    diagonal_ : Line2D
    key_ : Legend
    ax_, figure_ : Axes, Figure

    References
    ----------
    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference, JASA 22(158), 209-212.
    """

    predicted: NDArray  # (B,)
    observed: NDArray  # (B,)
    _: KW_ONLY
    lower: NDArray  # (B,)
    upper: NDArray  # (B,)
    counts: NDArray  # (B,)
    confidence: float = 0.95

    @classmethod
    def from_predictions(
        cls, probabilities: ArrayLike, actions: ArrayLike, *, n_bins: int = 10, confidence: float = 0.95
    ) -> CalibrationDisplay:
        """Bin given predictions.

        Parameters
        ----------
        probabilities : (N, A) array
            Predicted for each decision; zero where an action is unavailable.
        actions : (N,) int array
            Chosen.
        n_bins : int
            At most that many bins; predictions that are equal share one.
        confidence : float
            Level of the intervals, which take predictions as independent.

        Raises
        ------
        ValueError
            For shapes that do not fit, or no decision.
        """
        probabilities, actions = np.asarray(probabilities, dtype=float), np.asarray(actions)
        if probabilities.ndim != 2 or actions.shape != probabilities.shape[:1] or not len(actions):
            raise ValueError(
                f"probabilities must have shape (N, A) and actions (N,), N >= 1; got {probabilities.shape}, {actions.shape}"
            )
        chosen = np.zeros(probabilities.shape)
        chosen[np.arange(len(actions)), actions] = 1.0
        offered = probabilities > 0
        p, y = probabilities[offered], chosen[offered]
        edges = np.unique(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1]))
        bins = np.searchsorted(edges, p, side="right")
        counts = np.bincount(bins, minlength=len(edges) + 1)
        full = counts > 0
        counts = counts[full]
        predicted, observed = (
            np.bincount(bins, weights=values, minlength=len(edges) + 1)[full] / counts for values in (p, y)
        )
        z = normal_quantile(confidence)
        centre = (observed + z**2 / (2 * counts)) / (1 + z**2 / counts)
        half = z / (1 + z**2 / counts) * np.sqrt(observed * (1 - observed) / counts + z**2 / (4 * counts**2))
        return cls(predicted, observed, lower=centre - half, upper=centre + half, counts=counts, confidence=confidence)

    @classmethod
    def from_estimator(cls, estimator: Any, demonstrations: Any, *, n_bins: int = 10) -> CalibrationDisplay:
        """Compare a fitted estimator with demonstrations, preferably ones that it was not fitted to.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        demonstrations : Demonstrations, or what its constructor takes
            Labels stand for what they stood for in the fit. With goals, each decision is predicted on the way to its own.
        n_bins : int

        Raises
        ------
        ValueError
            For demonstrations without goals and an estimator that was fitted to goals.
        """
        demonstrations = demonstrations_for(estimator, demonstrations)
        if demonstrations.goals is None and estimator.fit_.has_goals:
            raise ValueError(
                "the estimator was fitted to demonstrations with goals and these have none: build them with "
                "Demonstrations(..., goals=...)"
            )
        times = demonstrations.times if estimator.mdp.horizon is not None else None
        goals = None if demonstrations.goals is None else demonstrations.goals[demonstrations.trajectory_ids]
        predicted = estimator.predict_proba(demonstrations.states, times, goals=goals)
        return cls.from_predictions(predicted, demonstrations.actions, n_bins=n_bins)

    @house_style()
    def plot(self, ax: Any = None) -> CalibrationDisplay:
        """Draw the points about the diagonal.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=(4.8, 5.0))
        (self.diagonal_,) = self.ax_.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, label="perfectly calibrated")
        self.intervals_ = self.ax_.vlines(
            self.predicted,
            self.lower,
            self.upper,
            color=ACCENT,
            linewidth=1.6,
            label=interval_name(self.confidence),
            zorder=2,
        )
        self.points_ = self.ax_.scatter(
            self.predicted, self.observed, 26, ACCENT, marker="o", zorder=3, label="predictions, in bins"
        )
        self.ax_.set(
            xlim=(-0.03, 1.03),
            ylim=(-0.03, 1.03),
            aspect="equal",
            xlabel="predicted probability of an action",
            ylabel="share of decisions that took it",
        )
        self.key_ = key_above(self.ax_, [self.diagonal_, self.points_, self.intervals_], columnspacing=1.2)
        title_above(self.ax_, "Calibration of predicted choices", self.key_)
        plain_frame(self.ax_)
        return self
