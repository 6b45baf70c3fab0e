"""Reward by state where there is no map: a bar for each labelled state, or a point for each of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame, points_of, value_axis, whole_ticks, widest
from .colours import ACCENT, FAINT, STYLES
from .fitted import action_names as names_of_actions
from .fitted import state_names
from .keys import key_above, title_above
from .layouts import mean_over_actions
from .names import label_ticks, short
from .quantities import earned
from .style import house_style

MOST_BARS = 30
SHORT_NAME = 12  # characters; longer ones stand upright under the points and get more height
MARKERS = "os^Dv"  # as many actions as STYLES tells apart


@dataclass(eq=False, repr=False)
class StateRewardsDisplay(BriefRepr):
    """Reward of every state of an MDP that is no grid.

    Make one with `from_values` or `from_estimator`. Up to 30 states with one reward each are bars with their labels, the
    highest on top. More states, or rewards that depend on the action, are points over the state, a colour and marker per action;
    of more than 5 actions the mean is shown.

    Parameters
    ----------
    values : (S, C) array
        One column per action, or one for all; NaN where there is none.
    names : sequence of S str
    action_names : sequence of C str
    label, title : str

    Attributes
    ----------
    bars_ : BarContainer or None
    points_ : list of Line2D, one per column, empty with bars
    key_ : Legend or None
    ax_, figure_ : Axes, Figure
    """

    values: NDArray  # (S, C)
    _: KW_ONLY
    names: Sequence[str]  # S
    action_names: Sequence[str]  # C
    label: str
    title: str

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        *,
        names: Sequence[Any] | None = None,
        action_names: Sequence[Any] | None = None,
        label: str = "reward per decision",
        title: str = "Reward by state",
    ) -> StateRewardsDisplay:
        """Show given values.

        Parameters
        ----------
        values : (S,) or (S, A) array
        names, action_names, label, title : as for the class

        Raises
        ------
        ValueError
            If names do not fit the values.
        """
        values = np.asarray(values, dtype=float)
        if values.ndim not in (1, 2):
            raise ValueError(f"values must have shape (S,) or (S, A); got {values.shape}")
        if values.ndim == 1:
            values = values[:, None]
        if values.shape[1] > len(MARKERS):
            values, label = mean_over_actions(values)[:, None], f"{label},\nmean over actions"
        S, C = values.shape
        names = [f"state {i}" for i in range(S)] if names is None else [str(name) for name in names]
        if action_names is None or C == 1:
            action_names = [f"action {i}" for i in range(C)]
        if len(names) != S or len(action_names) != C:
            raise ValueError(f"{len(names)} names for {S} states, {len(action_names)} names for {C} actions")
        return cls(values, names=names, action_names=[str(name) for name in action_names], label=label, title=title)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        names: Sequence[Any] | None = None,
        action_names: Sequence[Any] | None = None,
        title: str = "Recovered reward",
    ) -> StateRewardsDisplay:
        """Show the reward of a fitted estimator.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        names, action_names : as for the class
            Default: the labels that the demonstrations were read with.
        title : str
        """
        names = state_names(estimator) if names is None else names
        action_names = names_of_actions(estimator) if action_names is None else action_names
        values = earned(estimator.reward_, estimator.mdp)
        return cls.from_values(values, names=names, action_names=action_names, title=title)

    @property
    def height(self) -> float:
        """Inches that the states want."""
        if self._as_bars:
            return max(2.4, 1.2 + 0.24 * len(self._shown))
        written = self.names if len(self.values) <= MOST_BARS else []
        return 3.6 + 0.08 * max(0, max((len(short(name)) for name in written), default=0) - SHORT_NAME)

    @property
    def _shown(self) -> NDArray:
        return np.flatnonzero(np.isfinite(self.values).any(axis=1))

    @property
    def _as_bars(self) -> bool:
        return self.values.shape[1] == 1 and len(self._shown) <= MOST_BARS

    @house_style()
    def plot(self, ax: Any = None) -> StateRewardsDisplay:
        """Draw the rewards.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = figure_and_axes(ax, size=(6.0, self.height))
        self.bars_: Any = None
        self.points_: list[Any] = []
        self.key_: Any = None
        if self._as_bars:
            self._draw_bars()
        else:
            self._draw_points()
        title_above(self.ax_, self.title, self.key_)
        plain_frame(self.ax_)
        return self

    def _draw_bars(self) -> None:
        reward = self.values[:, 0]
        order = self._shown[np.argsort(-reward[self._shown], kind="stable")]
        rows = np.arange(len(order))
        self.bars_ = self.ax_.barh(rows, reward[order], 0.7, color=ACCENT)
        self.ax_.axvline(0.0, color=FAINT, linewidth=0.9)
        label_ticks(self.ax_.yaxis, rows, [self.names[i] for i in order])
        self.ax_.set(ylim=(len(order) - 0.4, -0.6), xlabel=self.label)
        self.ax_.tick_params(axis="y", length=0)

    def _draw_points(self) -> None:
        states = np.arange(len(self.values))
        size = float(np.clip(300 / len(states), 1.5, 4.5))
        self.ax_.axhline(0.0, color=FAINT, linewidth=0.9)
        for i, name in enumerate(self.action_names):
            (points,) = self.ax_.plot(
                states, self.values[:, i], MARKERS[i], color=STYLES[i][0], markersize=size, label=short(name)
            )
            self.points_.append(points)
        self.ax_.set(xlabel="state", ylabel=self.label)
        value_axis(self.ax_)
        if len(states) <= MOST_BARS:
            label_ticks(self.ax_.xaxis, states, self.names)
            if widest(self.ax_.get_xticklabels()) > 0.85 * points_of(self.ax_)[0] / len(states):
                self.ax_.tick_params(axis="x", rotation=90)
        else:
            whole_ticks(self.ax_.xaxis)
        if len(self.points_) > 1:
            self.key_ = key_above(self.ax_, self.points_)
