"""The lesson as a widget: the same page with the kernel behind it, and messages instead of requests."""

import builtins
import json

import numpy as np
import pytest

from maxent_irl.lesson import widget
from maxent_irl.lesson.answers import Lesson
from maxent_irl.lesson.notebook import bundle, reply, style
from maxent_irl.lesson.recording import built_in

LESSON = Lesson(built_in())


def replies(message):
    sent = []
    reply(LESSON, message, sent.append)
    return sent


def test_messages_are_answered_like_requests():
    (answer,) = replies({"id": 3, "chapter": "decision", "operation": "solve", "body": {"state": {}}})
    assert answer["id"] == 3
    assert answer["answer"]["policy"][0] == pytest.approx(0.731059, abs=1e-6)
    (described,) = replies({"id": 1, "operation": "lesson"})
    assert len(described["answer"]["chapters"]) == 7
    stream = replies({"id": 4, "chapter": "inverse", "operation": "ascend", "body": {"state": {"drawn": "0.0rrss"}}})
    assert stream[0]["frame"]["iteration"] == 0
    assert stream[-1] == {"id": 4, "end": True}


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1, "chapter": "decision", "operation": "solve", "body": {"state": {"alpha": float("nan")}}},
        {"id": 1, "chapter": "inverse", "operation": "ascend", "body": {"state": {}}},
        {"id": 1, "chapter": ["x"], "operation": {}, "body": None},
        {"id": 1},
    ],
)
def test_bad_messages_are_answered_with_words(message):
    (answer,) = replies(message)
    assert set(answer) == {"id", "error"}


def test_what_is_no_message_is_left_alone():
    assert replies("hello") == []


def test_widget_holds_page_style_and_chapter():
    pytest.importorskip("anywidget", reason="anywidget is not installed: the extra [notebook] brings it")
    made = widget(chapter="inverse", height=500)
    assert made.hash == "#/inverse"
    assert made.height == 500
    with pytest.raises(ValueError, match="no chapter 'nowhere'"):
        widget(chapter="nowhere")


def test_without_anywidget_it_says_what_to_install(monkeypatch):
    imported = builtins.__import__

    def missing(name, *rest):
        if name == "anywidget":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"maxent-irl\[notebook\]"):
        widget()


def test_bundle_has_no_import_left_and_style_no_rule_for_the_document():
    source = bundle()
    assert "\nimport " not in source
    assert source.count("export ") == 1
    assert "body {" not in style()
    assert style().count("{") == style().count("}")


HARNESS = """
<!DOCTYPE html><html><head><style>STYLE</style></head><body><div id="cell" style="width: 900px"></div>
<script type="module">
BUNDLE_WITH_NAME
const listeners = {};
const values = { hash: "#/inverse?grid=....f/...../..m../G....&seen=1", height: 700 };
const model = {
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; },
  save_changes: () => {},
  on: (name, listener) => { listeners[name] = listener; },
  send: async (message) => { for (const answer of await window.kernel(message)) listeners["msg:custom"](answer); },
};
window.values = values;
lesson.render({ model, el: document.getElementById("cell") });
</script></body></html>
"""


def test_page_runs_on_messages_alone(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 760})
    page = context.new_page()
    errors, requests = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    page.expose_function("kernel", replies)
    named = bundle().replace("export default ", "const lesson = ")
    page.set_content(HARNESS.replace("STYLE", style()).replace("BUNDLE_WITH_NAME", named))
    page.wait_for_selector("canvas[data-figure=draw]")
    page.wait_for_function("document.querySelector('.lesson').dataset.drawn > 0")
    canvas = page.locator("canvas[data-figure=draw]")
    box, size = canvas.bounding_box(), float(canvas.get_attribute("data-cell"))
    page.mouse.move(box["x"] + size / 2, box["y"] + 22 + size / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 3.5 * size, box["y"] + 22 + size / 2, steps=8)
    page.mouse.up()
    page.wait_for_function("/converged/.test(document.querySelector('.progress').textContent)")
    page.locator("[data-tool=newton]").click()
    page.wait_for_function("document.querySelector('.report').dataset.coef")
    shown = json.loads(page.locator(".report").get_attribute("data-coef"))
    state = {"grid": "....f/...../..m../G....", "drawn": "0.0rrrssss"}
    np.testing.assert_allclose(shown, LESSON.answer("inverse", "newton", {"state": state})["coef"], atol=1e-6)
    assert "drawn=0.0rrrssss" in page.evaluate("values.hash")
    assert errors == []
    assert all(url.startswith(("about:", "data:", "blob:")) for url in requests)
    context.close()
