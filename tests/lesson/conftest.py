"""A server of the lesson in a process of its own, and a browser to visit it with."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from .screen import Screen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Running:
    """A server that runs."""

    process: subprocess.Popen
    address: str
    token: str

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(self.address)
        return parts.hostname, parts.port

    def request(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        """Status and content of one request; `body` is JSON unless it is bytes."""
        connection = http.client.HTTPConnection(*self.place, timeout=30)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"X-Lesson-Token": self.token, "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, content, given)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask(self, chapter: str, operation: str, state: dict | None = None, **more: object) -> dict:
        """The answer to an operation."""
        status, content = self.request("POST", f"/api/{chapter}/{operation}", {"state": state or {}, **more})
        answer = json.loads(content)
        assert status == 200, answer
        return answer


def start(*options: str, cwd: object = None) -> Running:
    """Start ``python -m maxent_irl.lesson`` and wait until it says where it is."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("MAXENT_IRL_DATA", None)
    command = [sys.executable, "-m", "maxent_irl.lesson", "--no-browser", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=cwd
    )
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert found, line + process.stderr.read()
    running = Running(process, found.group(), "")
    _, page = running.request("GET", "/")
    running.token = re.search(rb'name="lesson-token" content="([^"]+)"', page).group(1).decode()
    return running


def stop(running: Running) -> tuple[str, str]:
    """End the server as Ctrl-C does; what it said last."""
    running.process.send_signal(signal.SIGINT)
    try:
        return running.process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        running.process.kill()
        raise


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = start(cwd=tmp_path_factory.mktemp("lesson"))
    yield running
    stop(running)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the extra [test] brings it")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def screen(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    made = Screen(context.new_page(), server.address)
    yield made
    assert made.errors == []
    assert made.outside == []
    context.close()
