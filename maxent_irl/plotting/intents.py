"""Which intent a demonstrator had when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from .axes import figure_and_axes, plain_frame, whole_ticks
from .colours import PAPER, STYLES
from .keys import key_above, title_above
from .style import house_style

MOST_ROWS = 40


@dataclass(eq=False, repr=False)
class IntentsDisplay(BriefRepr):
    """A row per trajectory, a colour per intent, time to the right.

    Make one with `from_values` or `from_estimator`. Up to 5 intents can be told apart. Of more than 40 trajectories the first
    40 are shown, and the figure says so.

    Parameters
    ----------
    intents : (n, T) int array
        -1 after the end of a trajectory.
    names : sequence of C str
    title : str
    n_hidden : int
        How many trajectories were left out.

    Attributes
    ----------
    image_ : AxesImage
    key_ : Legend
    ax_, figure_ : Axes, Figure
    """

    intents: NDArray  # (n, T)
    _: KW_ONLY
    names: Sequence[str]  # C
    title: str = "Decoded intents"
    n_hidden: int = 0

    @classmethod
    def from_values(cls, intents: ArrayLike, offsets: ArrayLike, **options: Any) -> IntentsDisplay:
        """Show given intents.

        Parameters
        ----------
        intents : (N,) int array
            Of every decision, trajectories end to end.
        offsets : (n + 1,) int array
            As `Demonstrations.offsets`.
        **options
            names and title, as for the class.

        Raises
        ------
        ValueError
            If the offsets do not divide the intents, or there are more than 5 intents.
        """
        intents, offsets = np.asarray(intents), np.asarray(offsets)
        if intents.ndim != 1 or offsets[-1] != len(intents):
            raise ValueError(f"offsets end at {offsets[-1]}, and there are {intents.shape} intents")
        C = int(intents.max()) + 1
        if C > len(STYLES):
            raise ValueError(f"{C} intents cannot be told apart by colour: at most {len(STYLES)} can")
        n, lengths = len(offsets) - 1, np.diff(offsets)
        shown = min(n, MOST_ROWS)
        table = np.full((shown, int(lengths[:shown].max())), -1)
        for i in range(shown):
            table[i, : lengths[i]] = intents[offsets[i] : offsets[i + 1]]
        options.setdefault("names", [f"intent {c}" for c in range(C)])
        return cls(table, n_hidden=n - shown, **options)

    @classmethod
    def from_estimator(cls, estimator: Any, demonstrations: Any, **options: Any) -> IntentsDisplay:
        """Show the most likely intents.

        Parameters
        ----------
        estimator : fitted SwitchingIRL
        demonstrations : what its `predict` takes
        **options
            names and title, as for the class.
        """
        intents, offsets = estimator.predict(demonstrations), demonstrations.offsets
        if estimator.history:  # the first decision of each trajectory is left out
            offsets = offsets - np.arange(len(offsets))
        options.setdefault("names", [f"intent {c}" for c in range(len(estimator.coefs_))])
        return cls.from_values(intents, offsets, **options)

    @house_style()
    def plot(self, ax: Any = None) -> IntentsDisplay:
        """Draw the rows, the first on top.

        Parameters
        ----------
        ax : Axes or empty Figure, optional

        Returns
        -------
        self
        """
        from matplotlib.colors import BoundaryNorm, ListedColormap
        from matplotlib.patches import Patch

        n, T = self.intents.shape
        colours = [PAPER, *(colour for colour, _ in STYLES[: len(self.names)])]
        self.figure_, self.ax_ = figure_and_axes(ax, size=(8.0, 1.2 + 0.16 * n))
        self.image_ = self.ax_.imshow(
            self.intents,
            cmap=ListedColormap(colours),
            norm=BoundaryNorm(np.arange(-1.5, len(self.names)), len(colours)),
            aspect="auto",
            interpolation="nearest",
            extent=(0, T, n - 0.5, -0.5),
        )
        whole_ticks(self.ax_.yaxis, n)
        self.ax_.set(xlabel="decision", ylabel="trajectory")
        handles = [Patch(color=colour, label=name) for colour, name in zip(colours[1:], self.names, strict=True)]
        self.key_ = key_above(self.ax_, handles)
        hidden = f" (the first {n} of {n + self.n_hidden} trajectories)" if self.n_hidden else ""
        title_above(self.ax_, self.title + hidden, self.key_)
        plain_frame(self.ax_)
        return self
