"""One request of the page, whoever carries it: a server or a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .chapters import all_chapters
from .chapters.chapter import Answer, Emit
from .fields import BadRequest, State, read
from .recording import Recording


class Lesson:
    """All chapters about one recording, and the operations that the page may ask for.

    Holds no state of anybody: every request brings the state of its screen with it.

    Parameters
    ----------
    recording : Recording
        What chapter 7 shows.
    """

    def __init__(self, recording: Recording) -> None:
        self.chapters = all_chapters(recording)

    def described(self) -> Answer:
        """What the page is built from; JSON."""
        return {"chapters": [chapter.described() for chapter in self.chapters.values()]}

    def answer(self, chapter: Any, operation: Any, body: Any) -> Answer:
        """Carry out an operation: one of the chapter's own, "check" (the exercise) or "code" (the export).

        Parameters
        ----------
        chapter, operation : str
        body : dict
            JSON: "state" and, for "check", "answer".

        Raises
        ------
        BadRequest
            For whatever is wrong with the request, and for problems that have no answer, in the package's own words.
        """
        found, state, answer = self._read(chapter, body)
        with _explained():
            if operation == "check":
                return found.exercise.verdict(state, answer)
            if operation == "code":
                return {"code": found.code(state)}
            if operation not in found.operations:
                raise BadRequest(f"chapter {chapter} has no operation {str(operation)[:40]!r}")
            return found.operations[operation](state)

    def stream(self, chapter: Any, operation: Any, body: Any, emit: Emit) -> None:
        """Carry out an operation that answers many times. Errors as `answer`'s; those of `emit` end it."""
        streamed = self.is_stream(chapter, operation)
        found, state, _ = self._read(chapter, body)
        if not streamed:
            raise BadRequest(f"chapter {chapter} has no operation {str(operation)[:40]!r}")
        with _explained():
            found.streams[operation](state, emit)

    def is_stream(self, chapter: Any, operation: Any) -> bool:
        """Whether an operation answers many times."""
        return chapter in self.chapters and operation in self.chapters[chapter].streams

    def _read(self, chapter: Any, body: Any) -> tuple[Any, State, Any]:
        if not isinstance(chapter, str) or chapter not in self.chapters:
            raise BadRequest(f"there is no chapter {str(chapter)[:40]!r}; there are {', '.join(self.chapters)}")
        if not isinstance(body, dict):
            raise BadRequest("a request is an object with the state of the screen")
        unknown = sorted(set(body) - {"state", "answer"})
        if unknown:
            raise BadRequest(f"a request holds 'state' and 'answer'; got {str(unknown[0])[:40]!r}")
        found = self.chapters[chapter]
        return found, read(found.fields, body.get("state", {})), body.get("answer")


class _explained:
    """Turn what the package refuses into BadRequest: its message names what is wrong and what to do."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, BadRequest):
            return
        if isinstance(error, ValueError | ArithmeticError | np.linalg.LinAlgError):
            raise BadRequest(str(error)) from error


def without_warnings(call: Callable[[], None]) -> None:
    """Run something whose warnings the page shows in its own way, in a process with one thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        call()
