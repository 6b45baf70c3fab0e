"""The rewards of several classes or intents side by side, with their shares and errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes_array
from .coefficients import CoefficientsDisplay
from .colours import colour_scale
from .layouts import layout_of, mean_over_actions, panel_of
from .style import house_style


@dataclass(eq=False, repr=False)
class ComponentsDisplay(BriefRepr):
    """One panel per class: its reward on a map, or its coefficients with intervals; all on one scale.

    Make one with `from_values` or `from_estimator`.

    Parameters
    ----------
    values : (C, S) array on a map, (C, K) otherwise
        Rewards less their mean, or coefficients.
    errors : (C, K) array or None
        Standard errors of the coefficients.
    titles : sequence of C str
    world : anything with a map, or None
    names : sequence of K str or None
        Of the coefficients.
    label : str

    Attributes
    ----------
    displays_ : list of the panels' displays
    axes_ : array of C Axes
    figure_ : Figure
    """

    values: NDArray  # (C, S) or (C, K)
    errors: NDArray | None = None  # (C, K)
    _: KW_ONLY
    titles: Sequence[str]  # C
    world: Any = None
    names: Sequence[str] | None = None  # K
    label: str = "reward per visit, mean removed"

    @classmethod
    def from_values(cls, values: ArrayLike, errors: ArrayLike | None = None, **options: Any) -> ComponentsDisplay:
        """Show given rewards or coefficients; `options` as for the class.

        Raises
        ------
        ValueError
            For errors or titles that do not fit the values.
        """
        values = np.asarray(values, dtype=float)
        errors = None if errors is None else np.asarray(errors, dtype=float)
        titles = options.setdefault("titles", [f"class {c}" for c in range(len(values))])
        if values.ndim != 2 or len(titles) != len(values):
            raise ValueError(
                f"values need a row per class and titles one name each; got {values.shape} and {len(titles)}"
            )
        if errors is not None and errors.shape != values.shape:
            raise ValueError(f"errors must have the shape of the values, {values.shape}; got {errors.shape}")
        return cls(values, errors, **options)

    @classmethod
    def from_estimator(cls, estimator: Any, world: Any = None, **options: Any) -> ComponentsDisplay:
        """Show what an estimator with several rewards found.

        Parameters
        ----------
        estimator : fitted MixtureIRL or SwitchingIRL
        world : GridWorld, Labyrinth, RoadNetwork, ..., optional
            Where to draw rewards by state. None: coefficients with intervals.
        **options
            As for the class.
        """
        shares = getattr(estimator, "weights_", None)
        if shares is None:
            titles = [f"intent {c}: {share:.0%} of decisions" for c, share in enumerate(estimator.shares_)]
        else:
            errors = estimator.weight_errors_
            titles = [
                f"class {c}: {share:.0%}" + ("" if np.isnan(error) else f" ± {error:.0%}")
                for c, (share, error) in enumerate(zip(shares, errors, strict=True))
            ]
        options = {"titles": titles, **options}
        if world is None:
            errors = getattr(estimator, "standard_errors_", None)
            names = estimator.components_[0].names
            return cls.from_values(estimator.coefs_, errors, **{"names": names, "label": "coefficient", **options})
        rewards = [fit.reward for fit in estimator.components_]
        by_state = np.stack([r if r.ndim == 1 else mean_over_actions(r) for r in rewards])
        now = getattr(getattr(estimator, "history_", None), "now", None)
        if now is not None:  # of each state, the mean reward of the pairs that end in it, by how often they occur
            visits = np.bincount(estimator.demonstrations_.states, minlength=len(now)).astype(float)
            total = np.bincount(now, visits)
            sums = np.stack([np.bincount(now, visits * r) for r in by_state])
            by_state = np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)
        means = np.nanmean(by_state, axis=1, keepdims=True)
        return cls.from_values(by_state - means, world=world, **options)

    @house_style()
    def plot(self, ax: Any = None) -> ComponentsDisplay:
        """Draw the panels in a row.

        Parameters
        ----------
        ax : array of C Axes or empty Figure, optional

        Returns
        -------
        self
        """
        C = len(self.values)
        if self.world is None:
            quantities = {"names": self.names, "label": self.label}
            self.displays_: list[Any] = [
                CoefficientsDisplay.from_values(
                    row, None if self.errors is None else self.errors[c], title=self.titles[c], **quantities
                )
                for c, row in enumerate(self.values)
            ]
            size = (5.0 * C, max(display.height for display in self.displays_))
            self.figure_, axes = figure_and_axes_array(ax, (1, C), size=size, sharex=True)
            for display, panel in zip(self.displays_, axes.ravel(), strict=True):
                display.plot(panel)
        else:
            layout, scale = layout_of(self.world), colour_scale(self.values)
            self.displays_ = [
                layout.map(row, label=self.label, title=title)
                for row, title in zip(self.values, self.titles, strict=True)
            ]
            width, height = panel_of(self.displays_[0])
            self.figure_, axes = figure_and_axes_array(ax, (1, C), size=(width * C, height))
            for display, panel in zip(self.displays_, axes.ravel(), strict=True):
                display.plot(panel, scale=scale)
        self.axes_ = axes.ravel()
        return self
