"""Reward by state where there is no map: a bar for each labelled state, or a line over many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._axes import figure_and_axes, plain_frame, whole_ticks
from ._colours import ACCENT, FAINT
from ._quantities import reward_label, reward_per_state

MOST_BARS = 30


class StateRewardsDisplay:
    """Reward of every state of an MDP that is no grid.

    Make one with `from_values` or `from_estimator`. Up to 30 states are bars with their labels, the highest on top; more are
    one point each over the index of the state.

    Parameters
    ----------
    values : (S,) array
        NaN where there is none.
    names : sequence of S str
    label, title : str

    Attributes
    ----------
    bars_ : BarContainer or None;  points_ : Line2D or None
    ax_, figure_
    """

    def __init__(self, values: NDArray, *, names: Sequence[str], label: str, title: str) -> None:
        self.values = values
        self.names = names
        self.label = label
        self.title = title

    @classmethod
    def from_values(
        cls,
        values: ArrayLike,
        *,
        names: Sequence[Any] | None = None,
        label: str = "reward per decision",
        title: str = "Reward by state",
    ) -> StateRewardsDisplay:
        """Show given values; arguments as for the class.

        Raises
        ------
        ValueError
            If names do not fit the values.
        """
        values = np.asarray(values, dtype=float)
        if values.ndim != 1:
            raise ValueError(f"values must have shape (S,), one per state; got {values.shape}")
        names = [f"state {i}" for i in range(len(values))] if names is None else [str(name) for name in names]
        if len(names) != len(values):
            raise ValueError(f"{len(names)} names for {len(values)} states")
        return cls(values, names=names, label=label, title=title)

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, names: Sequence[Any] | None = None, title: str = "Recovered reward"
    ) -> StateRewardsDisplay:
        """Show the reward of a fitted estimator; one per action is averaged over the available actions."""
        reward = np.asarray(estimator.reward_)
        values = reward_per_state(reward, estimator.mdp)
        return cls.from_values(values, names=names, label=reward_label(reward), title=title)

    def plot(self, ax: Any = None) -> StateRewardsDisplay:
        """Draw the rewards.

        Parameters
        ----------
        ax : Axes, optional

        Returns
        -------
        self
        """
        there = np.flatnonzero(np.isfinite(self.values))
        bars = len(there) <= MOST_BARS
        self.figure_, self.ax_ = figure_and_axes(ax, size=(5.6, 1.2 + 0.24 * len(there) if bars else 3.6))
        self.bars_ = self.points_ = None
        if bars:
            order = there[np.argsort(-self.values[there], kind="stable")]
            self.bars_ = self.ax_.barh(np.arange(len(order)), self.values[order], 0.7, color=ACCENT)
            self.ax_.set_yticks(np.arange(len(order)), [self.names[i] for i in order])
            self.ax_.set(ylim=(len(order) - 0.4, -0.6), xlabel=self.label, title=self.title)
            self.ax_.axvline(0.0, color=FAINT, linewidth=0.9)
            self.ax_.tick_params(axis="y", length=0)
        else:
            size = float(np.clip(300 / len(there), 1.0, 4.0))
            (self.points_,) = self.ax_.plot(there, self.values[there], "o", color=ACCENT, markersize=size)
            self.ax_.axhline(0.0, color=FAINT, linewidth=0.9)
            self.ax_.set(xlabel="state", ylabel=self.label, title=self.title)
            whole_ticks(self.ax_.xaxis)
        plain_frame(self.ax_)
        return self
