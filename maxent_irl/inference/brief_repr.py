"""How results show themselves: numbers as they are, arrays that do not fit on a line by their shapes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from ..mdp import html

MOST = 8  # entries of an array that are shown


class BriefRepr:
    """Mixin of dataclasses that hold arrays; they say ``@dataclass(repr=False)``."""

    def __repr__(self) -> str:
        shown_fields: Any = fields(self)  # type: ignore[arg-type]  # a mixin of dataclasses
        shown = (f"{field.name}={_brief(getattr(self, field.name))}" for field in shown_fields if field.repr)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        shown_fields: Any = fields(self)  # type: ignore[arg-type]  # a mixin of dataclasses
        rows = [(field.name, _brief(getattr(self, field.name))) for field in shown_fields if field.repr]
        return html.facts(type(self).__name__, rows)


def _brief(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size > MOST or value.ndim > 1:
        return f"<array {value.shape}>"
    return np.array2string(value, separator=", ", precision=6, max_line_width=1000)
