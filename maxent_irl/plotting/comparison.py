"""True against recovered reward, on one colour scale, after removing what cannot be known."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..inference.brief_repr import BriefRepr
from ..metrics import AlignedRewards, align_rewards
from ..uncertainty.maps import constant_is_free
from .axes import figure_and_axes, figure_and_axes_array, plain_frame, plain_numbers
from .colours import ACCENT, FAINT
from .keys import title_above
from .layouts import Layout, layout_of, panel_of
from .limits import shown_range, value_range
from .quantities import reward_label
from .style import house_style


@dataclass(eq=False, repr=False)
class RewardComparisonDisplay(BriefRepr):
    """The true and the recovered reward side by side, or one over the other where there is no map.

    Make one with `from_rewards` or `from_estimator`. The figure says what was added to the recovered reward before the
    comparison, and how far off it still is: the root mean square (r.m.s.) difference.

    Parameters
    ----------
    aligned : AlignedRewards
        Both rewards, made comparable.
    layout : Layout or None
        Where the states lie; None: no map.

    Attributes
    ----------
    true_, recovered_ : GridMapDisplay, NetworkMapDisplay or whatever the layout makes
        With a layout: the two maps, which share one colour scale.
    points_, diagonal_ : PathCollection, Line2D
        Without a layout: one point per state or state-action pair, and where they would lie if recovered exactly.
    axes_ : array of Axes
    ax_ : the first
    figure_ : Figure
    """

    aligned: AlignedRewards
    _: KW_ONLY
    layout: Layout | None = None

    @classmethod
    def from_rewards(
        cls,
        true_reward: ArrayLike,
        recovered: ArrayLike,
        world: Any = None,
        *,
        mdp: Any = None,
        remove: str = "auto",
    ) -> RewardComparisonDisplay:
        """Compare two rewards.

        Parameters
        ----------
        true_reward, recovered : (S,) or (S, A) arrays
        world : GridWorld, shape (rows, columns), bool array of free cells, RoadNetwork, Labyrinth or `MapLayout`, optional
            None: rewards are drawn against each other, without a map.
        mdp : MDP, optional
            Default: that of the world, if it has one.
        remove : "auto", "constant", "shaping" or "nothing"
            What may be added to the recovered reward to bring it nearest to the true one: one number; also a potential
            shaping ``discount * E[Phi(s')] - Phi(s)``, which changes no policy either. "auto" is the constant where it is
            free, because episodes do not end by themselves, and nothing elsewhere.

        Raises
        ------
        ValueError
            For shapes that do not fit, and for shaping without an MDP.
        """
        mdp = getattr(world, "mdp", None) if mdp is None else mdp
        aligned = align_rewards(true_reward, recovered, mdp, remove=remove)
        return cls(aligned, layout=None if world is None else layout_of(world))

    @classmethod
    def from_estimator(
        cls, estimator: Any, true_reward: ArrayLike, world: Any = None, *, remove: str = "auto"
    ) -> RewardComparisonDisplay:
        """Compare the reward of a fitted estimator with the true one; arguments as for `from_rewards`."""
        if remove == "auto":
            remove = "constant" if constant_is_free(estimator) else "nothing"
        return cls.from_rewards(true_reward, estimator.reward_, world, mdp=estimator.mdp, remove=remove)

    @house_style()
    def plot(self, ax: Any = None) -> RewardComparisonDisplay:
        """Draw the comparison.

        Parameters
        ----------
        ax : pair of Axes (without a map one) or empty Figure, optional

        Returns
        -------
        self
        """
        if self.layout is None:
            self._plot_scatter(ax)
        else:
            self._plot_maps(ax)
        self.ax_ = self.axes_[0]
        return self

    @property
    def verdict(self) -> str:
        """The numbers of the comparison, in words."""
        words = self.distance
        if np.isfinite(self.aligned.correlation):
            words += f"; correlation {self.aligned.correlation:.3f}"
        return words

    @property
    def distance(self) -> str:
        """How far off the recovered reward is, in words."""
        low, high = value_range(self.aligned.true)
        share = f", {self.aligned.rms / (high - low):.0%} of the range" if high > low else ""
        return f"off by {self.aligned.rms:.2g} on average (r.m.s.){share}"

    def maps(self) -> tuple[Any, Any, dict[str, Any]]:
        """The two maps, undrawn, and the colour scale they share."""
        layout, (true, recovered) = self.layout, (self.aligned.true, self.aligned.recovered)
        if layout is None:
            raise ValueError("there is no map: give a world to compare the rewards on")
        label = reward_label(true, layout)
        scale = layout.scale(*(layout.per_place(reward) for reward in (true, recovered)))
        return (
            layout.map(true, label=label, title="True reward"),
            layout.map(recovered, label=label, title="Recovered reward"),
            scale,
        )

    def _plot_maps(self, ax: Any) -> None:
        self.true_, self.recovered_, scale = self.maps()
        width, height = panel_of(self.true_)
        size = (2 * max(width, 4.2) - 0.7, height + 0.5)  # there are two lines of small print
        self.figure_, axes = figure_and_axes_array(ax, (1, 2), size=size)
        self.axes_ = axes.ravel()
        self.true_.plot(self.axes_[0], scale=scale, colour_bar=False)
        self.recovered_.plot(self.axes_[1], scale=scale, key=False)
        title_above(self.axes_[1], "Recovered reward", below=f"{self.distance};\n{self.aligned.note}")
        self.axes_[1].set_ylabel("")

    def _plot_scatter(self, ax: Any) -> None:
        self.figure_, axes = figure_and_axes(ax, size=(5.0, 5.4))
        self.axes_ = np.array([axes])
        x, y = self.aligned.true.ravel(), self.aligned.recovered.ravel()
        low, high = shown_range(*value_range(x, y))
        margin = 0.06 * (high - low)
        ends = (low - margin, high + margin)
        (self.diagonal_,) = axes.plot(ends, ends, color=FAINT, linewidth=0.9, label="recovered = true")
        self.points_ = axes.scatter(x, y, 16, ACCENT, marker="o", alpha=0.7, linewidths=0, zorder=3)
        unit = "state" if self.aligned.true.ndim == 1 else "state and action"
        axes.set(xlabel=f"true reward, one point per {unit}", ylabel="recovered reward")
        axes.set(xlim=ends, ylim=ends, aspect="equal")
        title_above(axes, "True and recovered reward", below="\n".join([*self.verdict.split("; "), self.aligned.note]))
        axes.legend(frameon=False, loc="upper left")
        plain_numbers(axes.xaxis)
        plain_numbers(axes.yaxis)
        plain_frame(axes)
