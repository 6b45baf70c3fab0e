"""A reward while it is being learnt, as an animated GIF."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..inference.brief_repr import BriefRepr
from ..worlds import GridGeometry
from .colours import colour_scale
from .grid_map import GridLayout, GridMapDisplay
from .keys import title_above
from .quantities import earned, reward_label

MOST_FRAMES = 100


@dataclass(eq=False, repr=False)
class RewardAnimation(BriefRepr):
    """Maps of the reward over the steps of a fit, all on one colour scale.

    Make one with `from_rewards` or `from_estimator`; `plot` draws one frame, `save` writes the GIF (through Pillow).

    Parameters
    ----------
    rewards : (F, S) array
        Reward of each state in each frame.
    plan : GridGeometry
    titles : list of F str
    label : str
        Of the colour bar.

    Attributes
    ----------
    map_ : GridMapDisplay, with the frame drawn last
    ax_, figure_ : Axes, Figure
    """

    rewards: NDArray  # (F, S)
    _: KW_ONLY
    plan: GridGeometry
    titles: list[str]
    label: str

    @classmethod
    def from_rewards(
        cls, rewards: ArrayLike, world: Any, *, titles: list[str] | None = None, label: str = "reward per decision"
    ) -> RewardAnimation:
        """Animate given rewards.

        Parameters
        ----------
        rewards : (F, S) array
        world : GridWorld, shape (rows, columns), or bool array of free cells
        titles : list of F str, optional
        label : str

        Raises
        ------
        ValueError
            For shapes that do not fit.
        """
        plan, rewards = GridGeometry.of(world), np.asarray(rewards, dtype=float)
        if rewards.ndim != 2 or not len(rewards) or rewards.shape[1] != plan.n_states:
            raise ValueError(f"rewards must have shape (frames, {plan.n_states}); got {rewards.shape}")
        titles = [f"frame {i}" for i in range(len(rewards))] if titles is None else list(titles)
        if len(titles) != len(rewards):
            raise ValueError(f"{len(titles)} titles for {len(rewards)} frames")
        return cls(rewards, plan=plan, titles=titles, label=label)

    @classmethod
    def from_estimator(cls, estimator: Any, world: Any) -> RewardAnimation:
        """Animate the iterates of a fit with ``record_iterates=True``; of many, at most 100 evenly spaced in number.

        Parameters
        ----------
        estimator : fitted MaxEntIRL
        world : as for `from_rewards`

        Raises
        ------
        ValueError
            If the fit did not record its iterates.
        """
        if not hasattr(estimator, "coef_path_"):
            raise ValueError("the fit kept no iterates: fit with record_iterates=True")
        path = np.asarray(estimator.coef_path_)
        chosen = np.unique(np.linspace(0, len(path) - 1, MOST_FRAMES).round().astype(int))
        layout, model = GridLayout(GridGeometry.of(world)), estimator.fit_.reward_model
        tables = [np.asarray(model(coef)).T for coef in path[chosen]]  # action-major becomes (S,) or (S, A)
        log_likelihood = -np.asarray(estimator.loss_curve_)[chosen]
        titles = [f"step {i}: {value:.4f} nats per decision" for i, value in zip(chosen, log_likelihood, strict=True)]
        rewards = np.stack([layout.per_place(earned(table, estimator.mdp)) for table in tables])
        return cls.from_rewards(rewards, world, titles=titles, label=reward_label(tables[0], layout))

    def plot(self, ax: Any = None, *, frame: int = -1) -> RewardAnimation:
        """Draw one frame, the last by default.

        Parameters
        ----------
        ax : Axes or empty Figure, optional
        frame : int

        Returns
        -------
        self
        """
        self.map_ = GridMapDisplay.from_values(self.rewards[frame], self.plan, label=self.label)
        self.map_.plot(ax, scale=colour_scale(self.rewards))
        self.ax_, self.figure_ = self.map_.ax_, self.map_.figure_
        self._title(frame)
        return self

    def save(
        self,
        path: str | PathLike,
        *,
        frames_per_second: float = 8,
        hold: float = 1.5,
        dpi: int = 90,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write the animation.

        Parameters
        ----------
        path : path of the GIF
        frames_per_second : float
        hold : float
            Seconds for which the last frame stays.
        dpi : int
            Dots per inch.
        progress : callable, optional
            Called with the number of frames written and their total. Notebooks show a progress bar if tqdm is installed.
        """
        import matplotlib.pyplot as plt
        from matplotlib.animation import PillowWriter

        self.plot(frame=0)
        last = len(self.rewards) - 1
        frames = [*range(last + 1), *[last] * round(hold * frames_per_second)]
        writer = PillowWriter(fps=frames_per_second)  # type: ignore[arg-type]  # it divides by it
        with writer.saving(self.figure_, Path(path), dpi):
            for done, frame in enumerate(frames, start=1):
                self.map_.image_.set_data(np.ma.masked_invalid(self.plan.to_grid(self.rewards[frame])))
                self._title(frame)
                writer.grab_frame()
                if progress is not None:
                    progress(done, len(frames))
        plt.close(self.figure_)

    def _repr_html_(self) -> str:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "reward.gif"
            self.save(path, dpi=72, progress=_bar())
            data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f'<img alt="the reward over {len(self.rewards)} frames" src="data:image/gif;base64,{data}">'

    def _title(self, frame: int) -> None:
        title_above(self.ax_, self.titles[frame], self.map_.key_, fontsize="medium")


def _bar() -> Callable[[int, int], None] | None:
    """A progress bar for `save` where tqdm is installed and somebody watches: in a notebook, or on a terminal."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bar = tqdm(desc="frames", leave=False, disable=None)

    def advance(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return advance
