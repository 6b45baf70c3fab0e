"""The same page in a notebook: the kernel answers instead of a server, and the address stays inside the widget."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from .answers import Lesson, without_warnings
from .fields import BadRequest
from .recording import best_available

ENTRY = "notebook.js"
STATIC = "static"

_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|(\w+)) from "(\.[^"]*)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|const|let|class) (\w+)", re.MULTILINE)


def bundle(entry: str = ENTRY) -> str:
    """All modules of the page as one, which is what a widget can carry: each in a function of its own, in order of need.

    It reads only the few forms that the page's own modules use: imports on one line, and exports before a declaration.
    """
    folder = files("maxent_irl.lesson") / STATIC / "js"
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in parts:
            return
        source = folder.joinpath(*name.split("/")).read_text(encoding="utf-8")

        def link(found: re.Match[str]) -> str:
            names, default, path = found.groups()
            other = _resolved(name, path)
            add(other)
            return (
                f"const {{{names}}} = modules[{other!r}];"
                if names
                else f"const {default} = modules[{other!r}].default;"
            )

        body = _IMPORT.sub(link, source)
        exported = [found.group(2) for found in _EXPORT.finditer(body)]
        body = _EXPORT.sub(r"\1 \2", body).replace("export default ", "exports.default = ")
        parts[name] = (
            f"modules[{name!r}] = (() => {{\nconst exports = {{}};\n{body}\n"
            f"return Object.assign(exports, {{ {', '.join(exported)} }});\n}})();"
        )

    add(entry)
    return "\n".join(["const modules = {};", *parts.values(), f"export default modules[{entry!r}].default;"])


def _resolved(importer: str, path: str) -> str:
    """Name below js/ of a module that another imports by a relative path."""
    folder = importer.split("/")[:-1]
    for step in path.split("/"):
        if step == "..":
            folder.pop()
        elif step != ".":
            folder.append(step)
    return "/".join(folder)


def style() -> str:
    """The page's style without what it says of the whole document."""
    text = (files("maxent_irl.lesson") / STATIC / "lesson.css").read_text(encoding="utf-8")
    return re.sub(r"^body \{[^}]*\}\n", "", text, flags=re.MULTILINE)


def reply(lesson: Lesson, message: Any, send: Callable[[dict[str, Any]], None]) -> None:
    """Answer one message of the widget by one message or, for a stream, by many; each carries the number of the first."""
    if not isinstance(message, dict):
        return
    number = message.get("id")
    chapter, operation, body = (message.get(name) for name in ("chapter", "operation", "body"))

    def carry_out() -> None:
        if operation == "lesson":
            send({"id": number, "answer": lesson.described()})
        elif isinstance(operation, str) and lesson.is_stream(chapter, operation):
            lesson.stream(chapter, operation, body, lambda frame: send({"id": number, "frame": frame}))
            send({"id": number, "end": True})
        else:
            send({"id": number, "answer": lesson.answer(chapter, operation, body)})

    try:
        without_warnings(carry_out)
    except BadRequest as error:
        send({"id": number, "error": str(error)})


def make_widget(*, chapter: str, height: int) -> Any:
    """Build the widget; see `maxent_irl.lesson.widget`."""
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError("the lesson in a notebook needs anywidget: pip install 'maxent-irl[notebook]'") from error
    lesson = Lesson(best_available())
    if chapter not in lesson.chapters:
        raise ValueError(f"there is no chapter {chapter!r}; there are {', '.join(lesson.chapters)}")

    class LessonWidget(anywidget.AnyWidget):
        """The lesson; `hash` is its address."""

        _esm = bundle()
        _css = style()
        hash = traitlets.Unicode(f"#/{chapter}").tag(sync=True)
        height = traitlets.Int(760).tag(sync=True)

    made = LessonWidget(height=height)
    made.on_msg(lambda widget, message, buffers: reply(lesson, message, widget.send))
    return made
