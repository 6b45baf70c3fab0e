"""How objects show themselves in notebooks: small tables in plain HTML, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MONOSPACED = "margin:0; white-space:pre-wrap; line-height:1.35; text-align:left"


def facts(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values under a title."""
    body = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in rows
    )
    return f"<table><caption><b>{escape(title)}</b></caption><tbody>{body}</tbody></table>"


def columns(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class ShownAsText:
    """Mixin of reports that are text already: notebooks show it with its line breaks."""

    def _repr_html_(self) -> str:
        return f'<pre style="{MONOSPACED}">{escape(str(self))}</pre>'
