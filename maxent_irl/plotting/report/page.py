"""HTML: elements, tables, figures, and the page around them.

Everything is built as a tree and written by the standard library, which escapes text. Markup in labels is shown as it is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

LARGE = 700  # CSS pixels

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; color: #1a1a1a; background: #fff;
       font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 2px solid #0a5ea2; }
p { max-width: 44rem; }
a { color: #0a5ea2; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .5rem 0; padding: 0; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: #555; padding-bottom: .3rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { border-bottom: 1px solid #1a1a1a; }
tbody tr { border-bottom: 1px solid #e3e3e0; }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.wide { overflow-x: auto; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #555; max-width: 44rem; }
pre { background: #f7f7f5; border: 1px solid #e3e3e0; padding: .7rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.good { border-left: 5px solid #0a5ea2; padding-left: .8rem; }
.bad { border-left: 5px solid #c8820a; padding-left: .8rem; background: #fdf6ea; }
@page { margin: 16mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  h2 { break-after: avoid; }
  figure, tr, pre, table.facts { break-inside: avoid; }
  figure img { max-height: 85mm; width: auto; }
  figure.large img { max-height: 160mm; }
  thead { display: table-header-group; }
  a { color: inherit; text-decoration: none; }
}
"""


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
    made = element(
        "table", element("caption", caption), element("thead", element("tr", *head)), element("tbody", *body)
    )
    return element("div", made, class_="wide")


def picture(png: bytes, width: int, *, alt: str, caption: str) -> ET.Element:
    """A figure whose image is in the page itself; `width` in CSS pixels, of which large ones keep their size in print."""
    data = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    image = element("img", src=data, alt=alt, width=str(width))
    large = {"class_": "large"} if width > LARGE else {}
    return element("figure", image, element("figcaption", caption), **large)


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
    )
    return "<!DOCTYPE html>\n" + ET.tostring(element("html", head, body, lang="en"), encoding="unicode", method="html")
