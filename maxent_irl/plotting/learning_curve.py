"""Log-likelihood of held-out demonstrations over the number of demonstrations fitted."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame, value_axis, whole_ticks
from .colours import ACCENT, CONTRAST, FAINT
from .intervals import draw_band
from .keys import key_above, title_above
from .style import house_style


@dataclass(eq=False, repr=False)
class LearningCurveDisplay(BriefRepr):
    """Log-likelihood per decision of fitted and of held-out demonstrations over the number fitted.

    Make one with `from_scores` or `from_estimator`. Lines are means over the splits, bands one standard deviation.

    Parameters
    ----------
    sizes : (n,) array
        Demonstrations fitted.
    train_scores, test_scores : (n, splits) arrays
        Nats per decision.
    reference : float or None
        Log-likelihood per decision to compare with, such as that of the true reward or of random choice.
    reference_name : str

    Attributes
    ----------
    train_, test_ : Line2D
    bands_ : list of fill-betweens
    reference_ : Line2D or None
    key_ : Legend
    ax_, figure_ : Axes, Figure
    """

    sizes: NDArray  # (n,)
    train_scores: NDArray  # (n, splits)
    test_scores: NDArray  # (n, splits)
    _: KW_ONLY
    reference: float | None = None
    reference_name: str = "choosing at random"

    @classmethod
    def from_scores(
        cls,
        sizes: ArrayLike,
        train_scores: ArrayLike,
        test_scores: ArrayLike,
        *,
        reference: float | None = None,
        reference_name: str = "choosing at random",
    ) -> LearningCurveDisplay:
        """Show given scores, such as those of `sklearn.model_selection.learning_curve`; arguments as for the class.

        Raises
        ------
        ValueError
            For shapes that do not fit.
        """
        sizes, train, test = np.asarray(sizes), np.asarray(train_scores, float), np.asarray(test_scores, float)
        for name, scores in (("train_scores", train), ("test_scores", test)):
            if scores.ndim != 2 or len(scores) != len(sizes):
                raise ValueError(f"{name} must have shape ({len(sizes)}, splits), one row per size; got {scores.shape}")
        return cls(sizes, train, test, reference=reference, reference_name=reference_name)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        demonstrations: Any,
        *,
        train_sizes: ArrayLike = (0.1, 0.25, 0.5, 0.75, 1.0),
        cv: Any = 5,
        random_state: int | None = 0,
        n_jobs: int | None = None,
        reference: float | None = None,
        reference_name: str = "choosing at random",
    ) -> LearningCurveDisplay:
        """Fit to more and more demonstrations.

        Parameters
        ----------
        estimator : MaxEntIRL, fitted or not
        demonstrations : Demonstrations
        train_sizes : increasing fractions of the largest training set, or numbers
        cv, random_state, n_jobs
            As for `sklearn.model_selection.learning_curve`, which does the work; demonstrations are shuffled.
        reference, reference_name : as for the class
        """
        from sklearn.model_selection import learning_curve

        sizes, train, test = learning_curve(
            estimator,
            demonstrations,
            None,
            train_sizes=np.asarray(train_sizes),
            cv=cv,
            shuffle=True,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        return cls.from_scores(sizes, train, test, reference=reference, reference_name=reference_name)

    @house_style()
    def plot(self, ax: Any = None) -> LearningCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=(5.6, 4.0))
        self.bands_: list[Any] = []
        self.train_ = self._draw(self.train_scores, CONTRAST, "--", "s", "demonstrations fitted")
        self.test_ = self._draw(self.test_scores, ACCENT, "-", "o", "held-out demonstrations")
        self.reference_: Any = None
        if self.reference is not None:
            style = {"color": FAINT, "linewidth": 1.0, "linestyle": ":", "label": self.reference_name}
            self.reference_ = self.ax_.axhline(self.reference, **style)
        self.ax_.set(
            xscale="log" if self.sizes[-1] > 20 * self.sizes[0] else "linear",
            xlabel="number of demonstrations fitted",
            ylabel="log-likelihood (nats per decision)",
        )
        if self.ax_.get_xscale() == "log":
            self.ax_.xaxis.set_major_formatter("{x:,.0f}")
        else:
            whole_ticks(self.ax_.xaxis)
        self.bands_[-1].set_label("± 1 standard deviation")
        lines = [self.test_, self.train_, *([] if self.reference_ is None else [self.reference_])]
        self.key_ = key_above(self.ax_, [*lines, self.bands_[-1]], columnspacing=1.2)
        title_above(self.ax_, "Learning curve", self.key_)
        value_axis(self.ax_)
        plain_frame(self.ax_)
        return self

    def _draw(self, scores: NDArray, colour: str, dash: str, marker: str, name: str) -> Any:
        mean, spread = scores.mean(axis=1), scores.std(axis=1)
        band = draw_band(self.ax_, self.sizes, mean - spread, mean + spread, colour)
        self.bands_.append(band)
        (line,) = self.ax_.plot(self.sizes, mean, color=colour, linestyle=dash, marker=marker, markersize=5, label=name)
        return line
