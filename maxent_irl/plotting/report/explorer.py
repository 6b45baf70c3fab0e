"""A map to explore: SVG whose cells, links or places tell their name and values, in colours of one quantity at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ..colours import colour_scale, error_colour_map
from ..fitted import has_errors
from ..layouts import Layout
from ..quantities import QUANTITIES, quantity
from ..shapes import Shapes
from .page import clean, element
from .subject import Subject

MOST_PLACES = 4000  # maps of more places are pictures
LETTERS = "abcd"  # of the colours of each quantity in the style sheet
STOPS = 11  # of the colours in the key
WALL, GRID, MARK = "#5d6166", "#dcdbd8", "#1a1a1a"
STAR = "M0-1 .24-.31 .95-.31 .38.12 .59.81 0 .4-.59.81-.38.12-.95-.31-.24-.31Z"


@dataclass(frozen=True, eq=False)
class Shown:
    """One quantity on the map.

    Attributes
    ----------
    name : str
        On its button.
    words : str
        What a number of it is, after the number's name of the place.
    values : (N,) array
    scale : dict with ``cmap`` and ``norm``
    """

    name: str
    words: str
    values: NDArray  # (N,)
    scale: dict[str, Any]

    def colours(self) -> list[str]:
        """Hexadecimal colour of each place; grey where there is no value."""
        from matplotlib.colors import to_hex

        finite = np.isfinite(self.values)
        colours = self.scale["cmap"](self.scale["norm"](np.where(finite, self.values, 0.0)))
        return [to_hex(colour) if there else "#ececea" for colour, there in zip(colours, finite, strict=True)]


def explorer(subject: Subject, layout: Layout) -> ET.Element | None:
    """The map of a fit as an element of the page; None where the layout has no outlines or very many places."""
    shapes = layout.shapes()
    if shapes is None or len(shapes.places) > MOST_PLACES:
        return None
    return draw(shapes, quantities_of(subject, layout), subject.place_names, layout.unit)


def quantities_of(subject: Subject, layout: Layout) -> list[Shown]:
    """Reward, standard error and expected visits as far as the fit has them, and what was seen."""
    estimator, shown = subject.estimator, []
    names = {"reward": ("Reward", "reward"), "standard_error": ("Standard error", "standard error")}
    if not estimator.fit_.has_goals or layout.sums_goals:
        names["visitations"] = ("Expected visits", "expected visits")
    for show, (name, words) in names.items():
        if show == "standard_error" and not has_errors(estimator):
            continue
        found, meta = quantity(estimator, layout, show), QUANTITIES[show]
        values = layout.per_place(found.values, total=found.total)
        scale = colour_scale(values, signed=meta.signed, from_zero=meta.from_zero, root=meta.root)
        if show == "standard_error":
            scale["cmap"] = error_colour_map()
        shown.append(Shown(name, words, values, scale))
    data, mdp = subject.demonstrations, estimator.mdp
    counts = layout.per_place(data.state_action_counts(mdp.n_states, mdp.n_actions), total=True)
    scale = colour_scale(counts, signed=False, from_zero=True, root=True)
    return [*shown, Shown("Seen", "decisions seen", counts, scale)]


def draw(shapes: Shapes, shown: Sequence[Shown], names: Sequence[str], unit: str) -> ET.Element:
    """The map with its buttons and colour keys."""
    left, top, width, height = shapes.box
    grain = 10 ** np.ceil(-np.log10(max(width, height) / 2000))  # coordinates need no more digits
    svg = element(
        "svg",
        viewBox=" ".join(_number(value, grain) for value in (left, top, width, height)),
        role="group",
        aria_label=f"Map of the recovered reward; each {unit} tells its values",
        style=f"--edge:{_number(shapes.size * 0.08, 1e4)}",
    )
    line_width = shapes.size if shapes.kind == "line" else 0.18 * shapes.size
    if len(shapes.lines):
        path = "".join(f"M{_pair(a, grain)}L{_pair(b, grain)}" for a, b in shapes.lines)
        svg.append(element("path", d=path, stroke="#b4b4b2", stroke_width=_number(line_width, 1e4), fill="none"))
    side = _number(shapes.size, 1e4)
    if len(shapes.blocks):
        corners = shapes.blocks - shapes.size / 2
        path = "".join(f"M{_pair(corner, grain)}h{side}v{side}h-{side}z" for corner in corners)
        svg.append(element("path", d=path, fill=WALL))
    svg.append(_places(shapes, shown, names, grain))
    for name, places in shapes.marks.items():
        for place in np.atleast_2d(places):
            move = (
                f"translate({_number(place[0], 1e3)} {_number(place[1], 1e3)}) scale({_number(0.3 * shapes.size, 1e4)})"
            )
            style = {"fill": "#fff", "stroke": MARK, "stroke_width": ".12", "pointer-events": "none", "transform": move}
            is_goal = name.startswith("goal")
            svg.append(element("path", d=STAR, **style) if is_goal else element("circle", r=".7", **style))
    buttons = [
        element("button", one.name, type="button", aria_pressed="true" if i == 0 else "false")
        for i, one in enumerate(shown)
    ]
    bars = [_key(one, i) for i, one in enumerate(shown)]
    return element(
        "div",
        element("div", *buttons, class_="choice"),
        svg,
        element("output", f"Point at a {unit} to read its values.", aria_live="off"),
        *bars,
        class_="map",
        data_show="0",
    )


def _places(shapes: Shapes, shown: Sequence[Shown], names: Sequence[str], grain: float) -> ET.Element:
    group = element("g", stroke=GRID, stroke_width=_number(0.02 * shapes.size, 1e4))
    if shapes.kind == "line":
        group = element("g", stroke_width=_number(shapes.size, 1e4), stroke_linecap="round")
    colours = [one.colours() for one in shown]
    side, half = _number(shapes.size, 1e4), shapes.size / 2
    on_map = np.isfinite(shapes.places).reshape(len(shapes.places), -1).all(axis=1)
    for i in np.flatnonzero(on_map).tolist():
        style = ";".join(f"--{LETTERS[k]}:{colour[i]}" for k, colour in enumerate(colours))
        words = ", ".join(f"{one.words} {_value(one.values[i])}" for one in shown)
        title = element("title", f"{names[i]}: {words}")
        x = shapes.places[i]
        if shapes.kind == "square":
            place = {"x": _number(x[0] - half, grain), "y": _number(x[1] - half, grain), "width": side, "height": side}
            group.append(element("rect", title, class_="p", style=style, **place))
        elif shapes.kind == "disc":
            place = {"cx": _number(x[0], grain), "cy": _number(x[1], grain), "r": _number(half, 1e4)}
            group.append(element("circle", title, class_="p", style=style, **place))
        else:
            group.append(
                element("path", title, class_="l", style=style, d=f"M{_pair(x[0], grain)}L{_pair(x[1], grain)}")
            )
    return group


def _key(one: Shown, which: int) -> ET.Element:
    """The colours of a quantity from its smallest to its largest value."""
    from matplotlib.colors import to_hex

    norm, cmap = one.scale["norm"], one.scale["cmap"]
    values = np.linspace(norm.vmin, norm.vmax, STOPS)
    stops = ",".join(to_hex(cmap(norm(value))) for value in values)
    return element(
        "div",
        element("span", _value(norm.vmin)),
        element("i", style=f"background:linear-gradient(90deg,{stops})"),
        element("span", f"{_value(norm.vmax)} {one.words}"),
        class_=f"bar bar{which}",
    )


def _value(value: float) -> str:
    return "unknown" if np.isnan(value) else clean(f"{value:.3g}").replace("-", "\N{MINUS SIGN}")


def _number(value: float, grain: float) -> str:
    return f"{round(float(value) * grain) / grain:g}"


def _pair(point: NDArray, grain: float) -> str:
    return f"{_number(point[0], grain)} {_number(point[1], grain)}"
