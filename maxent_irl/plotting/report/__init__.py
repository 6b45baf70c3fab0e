"""One self-contained HTML page about a fit, or about several: what was recovered, how sure, and how to do it again.

Reading order: `sections` (what the page says), `plain_words` (its summary), `pictures` (its figures, with texts for those who
cannot see them), `explorer` (the map whose places tell their values), `subject` (what all are about), `page` and `page_style`
(HTML itself). `comparison` is a report on several fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ...demonstrations.labelled import demonstrations_for
from .comparison import write_comparison_report
from .page import whole_page
from .sections import all_sections
from .subject import Subject

__all__ = ["write_comparison_report", "write_report"]


def write_report(
    path: str | PathLike,
    estimator: Any,
    demonstrations: Any,
    *,
    world: Any = None,
    true_reward: ArrayLike | None = None,
    title: str = "Recovered reward",
    source: str = "",
    dynamics: str = "",
    command: str = "",
    warnings: Sequence[str] = (),
    state_names: Sequence[Any] | None = None,
    action_names: Sequence[Any] | None = None,
    steps: ArrayLike | None = None,
) -> None:
    """Write a report as one HTML file that needs no network, script or style sheet.

    Parameters
    ----------
    path : path of the HTML file
    estimator : fitted MaxEntIRL
    demonstrations : Demonstrations it was fitted to, or what their constructor takes
    world : GridWorld, shape (rows, columns), bool array of free cells, RoadNetwork, Labyrinth or `MapLayout`, optional
        None: there is no map.
    true_reward : (S,) or (S, A) array, optional
        As for `maxent_irl.plotting.plot_recovery`.
    title : str
    source, dynamics : str
        Where the demonstrations and the MDP came from, in words.
    command : str
        What to run to get the same again.
    warnings : sequence of str
        What was warned about on the way.
    state_names : sequence of S labels, optional
    action_names : sequence of A labels, optional
        Default of both: the labels that the demonstrations were read with.
    steps : (A, 2) array, optional
        Row and column step of each action of the grid. Default: those of the world.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    demonstrations = demonstrations_for(estimator, demonstrations)
    subject = Subject(
        estimator=estimator,
        demonstrations=demonstrations,
        world=world,
        true_reward=true_reward,
        source=source,
        dynamics=dynamics,
        command=command,
        warnings=tuple(warnings),
        state_names=state_names,
        action_names=action_names,
        steps=steps,
    )
    Path(path).write_text(whole_page(title, all_sections(subject)), encoding="utf-8")
