"""A reward while it is being learnt, as a film: GIF or MP4."""

from __future__ import annotations

import base64
import sys
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
from .style import house_style

MOST_FRAMES = 100


@dataclass(eq=False, repr=False)
class RewardAnimation(BriefRepr):
    """Maps of the reward over the steps of a fit, all on one colour scale.

    Make one with `from_rewards` or `from_estimator`; `plot` draws one frame, `save` writes a GIF or an
    MP4 film, and notebooks show the film by themselves.

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

    @house_style()
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
        progress: Callable[[int, int], None] | bool | None = None,
    ) -> None:
        """Write the animation.

        Parameters
        ----------
        path : path of the film
            Its ending says what is written: ``.gif``, or ``.mp4`` where the program ffmpeg is installed.
        frames_per_second : float
        hold : float
            Seconds for which the last frame stays.
        dpi : int
            Dots per inch.
        progress : callable or bool, optional
            Called with the number of frames written and their total. True: a line on the error stream counts them. None: that
            line if the error stream is a terminal. False: nothing.

        Raises
        ------
        ValueError
            For another ending, and for MP4 without ffmpeg.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        writer, path = _writer(Path(path), frames_per_second), Path(path)
        progress = sys.stderr.isatty() if progress is None else progress
        report = _count if progress is True else progress or None
        figure = Figure()
        FigureCanvasAgg(figure)
        self._freeze(figure, dpi)
        last = len(self.rewards) - 1
        frames = [*range(last + 1), *[last] * round(hold * frames_per_second)]
        with writer.saving(figure, path, dpi):
            for done, frame in enumerate(frames, start=1):
                self._show(frame)
                writer.grab_frame()
                if report is not None:
                    report(done, len(frames))

    def to_gif(self, **options: Any) -> bytes:
        """The film as the bytes of a GIF; options as for `save`."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "reward.gif"
            self.save(path, **options)
            return path.read_bytes()

    def _repr_html_(self) -> str:
        """What notebooks show: the film itself."""
        film = base64.b64encode(self.to_gif(dpi=70, progress=False)).decode("ascii")
        return f'<img src="data:image/gif;base64,{film}" alt="The reward in {len(self.rewards)} steps of the fit">'

    def _freeze(self, figure: Any, dpi: int) -> None:
        """Draw the first frame with the longest title and fix the layout: it takes longer than all drawing of a frame."""
        figure.set_dpi(dpi)
        self.plot(figure, frame=int(np.argmax([len(title) for title in self.titles])))
        figure.draw_without_rendering()
        figure.set_layout_engine("none")

    def _show(self, frame: int) -> None:
        """Put another frame on the map that is drawn."""
        self.map_.image_.set_data(np.ma.masked_invalid(self.plan.to_grid(self.rewards[frame])))
        self.ax_.title.set_text(self.titles[frame])

    def _title(self, frame: int) -> None:
        title_above(self.ax_, self.titles[frame], self.map_.key_)


def _writer(path: Path, frames_per_second: float) -> Any:
    """The writer of films with the ending of the path."""
    from matplotlib.animation import FFMpegWriter, PillowWriter

    ending = path.suffix.lower()
    if ending == ".gif":
        return PillowWriter(fps=frames_per_second)  # type: ignore[arg-type]  # it divides by it
    if ending != ".mp4":
        raise ValueError(f"films end in .gif or .mp4; got {path.name!r}")
    if not FFMpegWriter.isAvailable():
        raise ValueError(f"{path.name}: MP4 needs the program ffmpeg, which was not found; install it, or write a .gif")
    even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"]  # what every player can show
    return FFMpegWriter(fps=frames_per_second, extra_args=even)  # type: ignore[arg-type]


def _count(done: int, total: int) -> None:
    """Count frames in one line of the error stream."""
    print(f"\rframe {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
