"""What a chapter is: a question, the fields of its screen, what can be computed of them, and an exercise that is checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..fields import BadRequest, Field, State

Answer = dict[str, Any]  # JSON
Operation = Callable[[State], Answer]
Emit = Callable[[Answer], None]


@dataclass(frozen=True)
class Exercise:
    """A question to answer before the figure is shown.

    Attributes
    ----------
    text : str
    kind : "number", "choice", "place" or "check"
        "place": the answer is the selected place; "check": the screen itself is the answer.
    check : callable
        ``check(state, answer)`` gives whether it is right, and a sentence that says why or why not.
    low, high, step : float
        Of a number.
    options : tuple of str
        Of a choice; the answer is the position.
    """

    text: str
    kind: str
    check: Callable[[State, Any], tuple[bool, str]]
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    options: tuple[str, ...] = ()

    def described(self) -> Answer:
        """What the page has to know to ask: JSON, without the answer."""
        kept = {name: getattr(self, name) for name in ("text", "kind", "low", "high", "step")}
        return {**kept, "options": list(self.options)}

    def verdict(self, state: State, answer: Any) -> Answer:
        """Check an answer.

        Raises
        ------
        BadRequest
            If it is no number or option at all.
        """
        if self.kind in ("number", "choice", "place"):
            top = len(self.options) - 1 if self.kind == "choice" else 1e6
            if isinstance(answer, bool) or not isinstance(answer, int | float) or not -1e6 <= answer <= top:
                raise BadRequest(f"the answer must be a number; got {str(answer)[:40]!r}")
            if self.kind != "number" and (answer % 1 or answer < 0):
                raise BadRequest(f"the answer must be a position; got {answer!r}")
        right, why = self.check(state, answer)
        return {"right": bool(right), "text": why}


@dataclass(frozen=True)
class Chapter:
    """One screen.

    Attributes
    ----------
    name : str
        In addresses.
    title, question : str
    fields : tuple of Field
    exercise : Exercise
    operations : mapping of str to callables
        ``operation(state)`` gives JSON.
    streams : mapping of str to callables
        ``stream(state, emit)`` gives many, by calling `emit`.
    code : callable
        Python that reproduces the screen with public names, as text.
    facts : dict
        What else the page has to know; JSON.
    """

    name: str
    title: str
    question: str
    fields: tuple[Field, ...]
    exercise: Exercise
    operations: Mapping[str, Operation]
    code: Callable[[State], str]
    streams: Mapping[str, Callable[[State, Emit], None]] = field(default_factory=dict)
    facts: Answer = field(default_factory=dict)

    def described(self) -> Answer:
        """What the page has to know to build the screen; JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "question": self.question,
            "fields": [entry.described() for entry in self.fields],
            "exercise": self.exercise.described(),
            "facts": self.facts,
        }


def numbers(values: ArrayLike) -> Any:
    """Nested lists of an array, None where it is not finite: JSON has no NaN and no infinity."""
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        return array.tolist()
    finite = np.isfinite(array)
    if finite.all():
        return array.tolist()
    listed = array.astype(object)
    listed[~finite] = None
    return listed.tolist()


def number(value: float) -> float | None:
    """A float, None where it is not finite."""
    return float(value) if math.isfinite(value) else None
