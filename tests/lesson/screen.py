"""One tab of the lesson's page, and what tests ask of it again and again."""

import json
import time
from urllib.parse import unquote

import pytest

from maxent_irl.lesson.answers import Lesson
from maxent_irl.lesson.recording import built_in

CHAPTERS = ("decision", "sweeps", "optimism", "visits", "inverse", "priors", "data")
WIDTHS = {1280: 720, 768: 1024, 390: 844}
LESSON = Lesson(built_in())
PROGRESS = "document.querySelector('.progress').textContent"
MAP = "....f/...../..m../G...."


class Screen:
    """One tab, and what is asked of it again and again."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.errors, self.outside, self.weight = [], [], 0
        page.on("console", lambda message: message.type in ("error", "warning") and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)

    def _request(self, request):
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.outside.append(request.url)

    def open(self, chapter, query="seen=1"):
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#/{chapter}?{query}")
        self.page.wait_for_selector(".screen")
        self.settle()
        return self

    def until(self, condition, seconds=30):
        """Wait for a condition in JavaScript. Not playwright's own wait: the page's policy forbids what it evaluates."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < end, f"after {seconds} seconds still not: {condition}"
            self.page.wait_for_timeout(30)

    @property
    def drawn(self):
        return int(self.page.evaluate("document.getElementById('lesson').dataset.drawn || 0"))

    def settle(self):
        """Wait until nothing has been drawn for a moment."""
        self.until("document.getElementById('lesson').dataset.drawn > 0")
        before = -1
        while before != (before := self.drawn) or self.page.evaluate(
            "'busy' in document.getElementById('lesson').dataset"
        ):
            self.page.wait_for_timeout(120)

    def does(self, act):
        """Act, and wait for the new picture."""
        before = self.drawn
        act()
        self.until(f"document.getElementById('lesson').dataset.drawn > {before}")
        self.settle()

    def click(self, tool):
        self.does(self.page.locator(f"[data-tool={tool}]").click)

    @property
    def hash(self):
        return unquote(self.page.evaluate("location.hash"))

    @property
    def answer(self):
        return self.page.evaluate("document.getElementById('lesson').answer")

    @property
    def state(self):
        """The state in the address, read in Python."""
        chapter, _, query = self.hash.removeprefix("#/").partition("?")
        fields = {field.name: field for field in LESSON.chapters[chapter].fields}
        state = {}
        for part in filter(None, query.split("&")):
            name, _, text = part.partition("=")
            if name in fields:
                kind = fields[name].kind
                state[name] = text
                if kind in ("number", "whole"):
                    state[name] = float(text)
                elif kind == "flag":
                    state[name] = text == "1"
                elif kind in ("numbers", "places"):
                    state[name] = [float(number) for number in text.split(",") if number]
        return chapter, state

    def check_numbers(self):
        """Compare what is on the screen with what the package says of the state in the address."""
        chapter, state = self.state
        same(self.answer, LESSON.answer(chapter, "solve", {"state": state}))

    def canvas(self, name):
        return self.page.locator(f"canvas[data-figure={name}]")

    def cell(self, name, row, column):
        """Centre of a cell of a map on the page."""
        box = self.canvas(name).bounding_box()
        size = float(self.canvas(name).get_attribute("data-cell"))
        return box["x"] + 1 + (column + 0.5) * size, box["y"] + 22 + (row + 0.5) * size

    def stroke(self, name, cells):
        """Draw through cells with the mouse."""
        self.canvas(name).scroll_into_view_if_needed()
        places = [self.cell(name, *cell) for cell in cells]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()


def same(shown, computed, path="answer"):
    """The page's numbers and the package's agree to 1e-6."""
    if isinstance(computed, dict):
        assert set(shown) == set(computed), path
        for name in computed:
            same(shown[name], computed[name], f"{path}.{name}")
    elif isinstance(computed, list | tuple):
        assert len(shown) == len(computed), path
        for i, (a, b) in enumerate(zip(shown, computed, strict=True)):
            same(a, b, f"{path}[{i}]")
    elif isinstance(computed, float):
        assert shown == pytest.approx(computed, rel=1e-6, abs=1e-6), path
    else:
        assert shown == computed, path


def fitted(screen):
    """The coefficients on the screen after Newton's method."""
    screen.page.locator("[data-tool=newton]").click()
    screen.until(f"{PROGRESS}.includes('Newton steps')")
    return json.loads(screen.page.locator(".report").get_attribute("data-coef"))
