"""The lesson in a browser: seven screens of control as inference and its inverse, computed by this package.

``maxent-irl lesson`` or ``python -m maxent_irl.lesson`` serves it on this machine; `widget` shows it in a notebook.
Reading order: `fields` (what a screen is made of), `chapters` (what is computed), `recording` (the data of chapter 7), `answers`
(one request), `visitors` (rates), `server`, `arguments` (the command). The page is in ``static/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["main", "widget"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``maxent-irl lesson`` and return its exit status."""
    from .arguments import main

    return main(arguments)


def widget(*, chapter: str = "decision", height: int = 760) -> Any:
    """Show the lesson in a notebook; needs the extra ``[notebook]``.

    Parameters
    ----------
    chapter : str
        Name of the chapter to begin with: "decision", "sweeps", "optimism", "visits", "inverse", "priors" or "data".
    height : int
        In pixels.

    Returns
    -------
    anywidget.AnyWidget

    Raises
    ------
    ImportError
        If anywidget is not installed, saying what to install.
    ValueError
        For a chapter that does not exist.
    """
    from .notebook import make_widget

    return make_widget(chapter=chapter, height=height)
