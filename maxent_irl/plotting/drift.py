"""How coefficients drifted, with bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame
from .colours import FAINT, STYLES
from .intervals import interval_name, normal_quantile
from .keys import key_above, title_above
from .style import house_style


@dataclass(eq=False, repr=False)
class DriftDisplay(BriefRepr):
    """A curve per feature over the clock, with the band of its interval.

    Make one with `from_values` or `from_estimator`. Of more than 5 features those that change most, in standard errors, are
    shown, and the figure says so.

    Parameters
    ----------
    times : (B,) array
        Middles of the bins.
    path, errors : (B, K) arrays
    names : sequence of K str
    truth : (B, K) array or None
        Drawn dotted.
    confidence : float
    label, clock, title : str
    n_hidden : int

    Attributes
    ----------
    curves_ : list of Line2D
    bands_ : list of PolyCollection
    key_ : Legend
    ax_, figure_ : Axes, Figure
    """

    times: NDArray  # (B,)
    path: NDArray  # (B, K)
    errors: NDArray  # (B, K)
    _: KW_ONLY
    names: Sequence[str]  # K
    truth: NDArray | None = None  # (B, K)
    confidence: float = 0.95
    label: str = "coefficient"
    clock: str = "step"
    title: str = "How the reward drifted"
    n_hidden: int = 0

    @classmethod
    def from_values(cls, times: ArrayLike, path: ArrayLike, errors: ArrayLike, **options: Any) -> DriftDisplay:
        """Show given paths; `options` as for the class.

        Raises
        ------
        ValueError
            For arrays that do not fit together.
        """
        times, path, errors = (np.asarray(values, dtype=float) for values in (times, path, errors))
        if path.ndim != 2 or path.shape != errors.shape or times.shape != path.shape[:1]:
            raise ValueError(
                f"times (B,), path and errors (B, K) do not fit: {times.shape}, {path.shape}, {errors.shape}"
            )
        names = options.pop("names", None) or [f"feature {k}" for k in range(path.shape[1])]
        truth = options.pop("truth", None)
        change = np.ptp(path, axis=0) / np.where(errors.mean(axis=0) > 0, errors.mean(axis=0), np.inf)
        shown = np.sort(np.argsort(-change, kind="stable")[: len(STYLES)])
        return cls(
            times,
            path[:, shown],
            errors[:, shown],
            names=[names[k] for k in shown],
            truth=None if truth is None else np.asarray(truth, dtype=float)[:, shown],
            n_hidden=path.shape[1] - len(shown),
            **options,
        )

    @classmethod
    def from_estimator(cls, estimator: Any, *, maps: bool | None = None, **options: Any) -> DriftDisplay:
        """Show the coefficients of a fitted `DriftingIRL`, or the weights of its maps.

        Parameters
        ----------
        estimator : fitted DriftingIRL
        maps : bool, optional
            Whether to show the weights of the maps. None: where there are maps.
        **options
            As for the class.
        """
        middles = (estimator.edges_[1:] + estimator.edges_[:-1]) / 2
        if estimator.n_maps is not None if maps is None else maps:
            names = [f"map {k}" for k in range(estimator.n_maps)]
            options = {"names": names, "label": "weight of the map", "clock": estimator.clock, **options}
            return cls.from_values(middles, estimator.map_weights_, estimator.map_weight_errors_, **options)
        options = {"names": estimator.components_[0].names, "clock": estimator.clock, **options}
        return cls.from_values(middles, estimator.coef_path_, estimator.standard_errors_, **options)

    @house_style()
    def plot(self, ax: Any = None) -> DriftDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=(6.5, 4.0))
        reach = normal_quantile(self.confidence) * self.errors
        self.curves_, self.bands_ = [], []
        self.ax_.axhline(0.0, color=FAINT, linewidth=0.9, zorder=0)
        for k, (name, (colour, dashes)) in enumerate(zip(self.names, STYLES, strict=False)):
            (curve,) = self.ax_.plot(
                self.times, self.path[:, k], color=colour, linestyle=dashes, linewidth=1.8, label=name
            )
            low, high = self.path[:, k] - reach[:, k], self.path[:, k] + reach[:, k]
            self.bands_.append(self.ax_.fill_between(self.times, low, high, color=colour, alpha=0.18, linewidth=0))
            self.curves_.append(curve)
            if self.truth is not None:
                self.ax_.plot(self.times, self.truth[:, k], color=colour, linestyle=(0, (1, 2)), linewidth=1.2)
        self.ax_.set(xlabel=self.clock, ylabel=f"{self.label} ({interval_name(self.confidence)})")
        self.key_ = key_above(self.ax_, self.curves_)
        hidden = f"\n({len(self.names)} of {len(self.names) + self.n_hidden} that change most)" if self.n_hidden else ""
        title_above(self.ax_, self.title + hidden, self.key_)
        plain_frame(self.ax_)
        return self
