"""HTML: elements, tables, figures, and the page around them.

Everything is built as a tree and written by the standard library, which escapes text. Markup in labels is shown as it is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from .page_style import SCRIPT, STYLE

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

LARGE = 700  # CSS pixels


class Section(NamedTuple):
    """One section of the page."""

    name: str
    title: str
    parts: list[ET.Element]


def clean(text: object) -> str:
    """Text without the control characters that HTML forbids."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def element(tag: str, *children: object, **attributes: str) -> ET.Element:
    """An element with text and elements inside; ``class_`` stands for class, ``aria_label`` for aria-label."""
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): clean(value) for name, value in attributes.items()})
    last = None
    for child in children:
        if isinstance(child, ET.Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + clean(child)
        else:
            last.tail = (last.tail or "") + clean(child)
    return made


def paragraph(*children: object, kind: str = "") -> ET.Element:
    """A paragraph; `kind` "good" or "bad" marks it."""
    return element("p", *children, **({"class_": kind} if kind else {}))


def facts(caption: str, rows: Iterable[tuple[str, object]]) -> ET.Element:
    """A table of names and values."""
    body = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in rows]
    return element("table", element("caption", caption), element("tbody", *body), class_="facts")


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> ET.Element:
    """A table whose first column names the rows and whose other columns are numbers."""
    head = [element("th", name, scope="col", **({"class_": "number"} if i else {})) for i, name in enumerate(header)]
    body = [
        element(
            "tr",
            element("th", first, scope="row"),
            *(element("td", value, class_="number") for value in values),
        )
        for first, *values in rows
    ]
    sortable = {"class_": "sortable"} if len(body) > 1 else {}
    parts = element("thead", element("tr", *head)), element("tbody", *body)
    # A box that scrolls can be reached by the keyboard.
    return element(
        "div",
        element("table", element("caption", caption), *parts, **sortable),
        class_="wide",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def picture(png: bytes, width: int, *, alt: str, caption: str) -> ET.Element:
    """A figure whose image is in the page itself; `width` in CSS pixels, of which large ones keep their size in print."""
    data = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    image = element("img", src=data, alt=alt, width=str(width))
    large = {"class_": "large"} if width > LARGE else {}
    return element("figure", image, element("figcaption", caption), **large)


def fold_out(title: str, *children: object) -> ET.Element:
    """Text that opens when asked for."""
    parts = [child if isinstance(child, ET.Element) else paragraph(child) for child in children]
    return element("details", element("summary", title), *parts)


def whole_page(title: str, sections: Sequence[Section]) -> str:
    """The whole document."""
    links = [element("li", element("a", section.title, href=f"#{section.name}")) for section in sections]
    bodies = [element("section", element("h2", section.title), *section.parts, id=section.name) for section in sections]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", STYLE),
    )
    body = element(
        "body",
        element("header", element("h1", title), element("nav", element("ul", *links), aria_label="Sections")),
        element("main", *bodies),
        element("script", SCRIPT),
    )
    return "<!DOCTYPE html>\n" + ET.tostring(element("html", head, body, lang="en"), encoding="unicode", method="html")
