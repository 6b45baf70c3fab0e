"""The server under attack: what is refused, with which status, and that it is still there afterwards."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from maxent_irl.lesson import main
from maxent_irl.lesson import server as serving
from maxent_irl.lesson.arguments import BAD_INPUT
from maxent_irl.lesson.visitors import BURST, IDLE_SECONDS, MOST_TABS, Visitors

from .conftest import start, stop

DEEP = b"[" * 50_000
SOLVE = "/api/decision/solve"
EMPTY = {"state": {}}

# What is tried, and which status answers it. None of it may end the server.
ATTACKS = [
    ("another Host", "POST", SOLVE, EMPTY, {"Host": "evil.example"}, 403),
    ("another Host for the page", "GET", "/", None, {"Host": "evil.example:80"}, 403),
    ("our address with another port", "GET", "/", None, {"Host": "127.0.0.1:1"}, 403),
    ("another Origin", "POST", SOLVE, EMPTY, {"Origin": "https://evil.example"}, 403),
    ("an Origin that begins like ours", "POST", SOLVE, EMPTY, {"Origin": "http://127.0.0.1.evil.example"}, 403),
    ("no Origin at all: null", "POST", SOLVE, EMPTY, {"Origin": "null"}, 403),
    ("a cross-site fetch", "POST", SOLVE, EMPTY, {"Sec-Fetch-Site": "cross-site"}, 403),
    ("no token", "POST", SOLVE, EMPTY, {"X-Lesson-Token": ""}, 403),
    ("a wrong token", "POST", SOLVE, EMPTY, {"X-Lesson-Token": "x" * 32}, 403),
    ("a token of other letters", "POST", SOLVE, EMPTY, {"X-Lesson-Token": "ÿ" * 32}, 403),
    ("huge JSON", "POST", SOLVE, b"[" + b"0," * 200_000 + b"0]", {}, 413),
    ("a length of a terabyte", "POST", SOLVE, b"{}", {"Content-Length": "1000000000000"}, 411),
    ("a negative length", "POST", SOLVE, b"{}", {"Content-Length": "-5"}, 411),
    ("chunks without a length", "POST", SOLVE, b"2\r\n{}\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}, 411),
    ("deep JSON", "POST", SOLVE, DEEP, {}, 400),
    ("broken JSON", "POST", SOLVE, b'{"state": ', {}, 400),
    ("no text", "POST", SOLVE, b"\xff\xfe\x00", {}, 400),
    ("NaN", "POST", SOLVE, b'{"state": {"alpha": NaN}}', {}, 400),
    ("Infinity", "POST", SOLVE, b'{"state": {"alpha": Infinity}}', {}, 400),
    ("1e308", "POST", SOLVE, b'{"state": {"r1": 1e308}}', {}, 400),
    ("1e999", "POST", SOLVE, b'{"state": {"r1": 1e999}}', {}, 400),
    ("a number of a thousand digits", "POST", SOLVE, b'{"state": {"r1": ' + b"9" * 1000 + b"}}", {}, 400),
    ("a list for a state", "POST", SOLVE, [], {}, 400),
    ("an unknown field", "POST", SOLVE, {"state": {"__class__": 1}}, {}, 400),
    ("an unknown chapter", "POST", "/api/secrets/solve", EMPTY, {}, 400),
    ("an unknown operation", "POST", "/api/decision/launch", EMPTY, {}, 400),
    ("a private name", "POST", "/api/decision/__init__", EMPTY, {}, 404),
    ("path traversal", "GET", "/../server.py", None, {}, 404),
    ("encoded traversal", "GET", "/%2e%2e/%2e%2e/etc/passwd", None, {}, 404),
    ("a file of the machine", "GET", "//etc/passwd", None, {}, 404),
    ("traversal below a folder", "GET", "/js/../../arguments.py", None, {}, 404),
    ("a null byte", "GET", "/index.html%00", None, {}, 404),
    ("another method", "PUT", SOLVE, EMPTY, {}, 501),
    ("a preflight", "OPTIONS", SOLVE, None, {"Origin": "https://evil.example"}, 501),
    ("a grid too large", "POST", "/api/sweeps/solve", {"state": {"grid": "/".join(["." * 41] * 3)}}, {}, 400),
    ("sweeps without end", "POST", "/api/sweeps/solve", {"state": {"sweeps": 10**9}}, {}, 400),
    ("too many demonstrations", "POST", "/api/inverse/ascend", {"state": {"drawn": ";".join(["0.0r"] * 61)}}, {}, 400),
    ("an ascent without demonstrations", "POST", "/api/inverse/ascend", EMPTY, {}, 400),
]


def alive(running) -> bool:
    return running.ask("decision", "solve")["policy"][0] == pytest.approx(0.731059, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"), [a[1:] for a in ATTACKS], ids=[a[0] for a in ATTACKS]
)
def test_attack_is_refused(server, method, path, body, headers, status):
    got, content = server.request(
        method, path, body, **{name.replace("-", "_"): value for name, value in headers.items()}
    )
    assert got == status
    assert set(json.loads(content)) == {"error"}
    assert alive(server)


def test_page_is_served_with_its_safeguards(server):
    host, port = server.place
    with socket.create_connection((host, port)) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    head, _, page = answer.partition("\r\n\r\n")
    assert "default-src 'none'" in head
    assert "frame-ancestors 'none'" in head
    assert "nosniff" in head
    assert server.token in page
    assert "{{token}}" not in page


def test_every_file_is_served_and_nothing_else_is_needed(server):
    status, page = server.request("GET", "/")
    assert status == 200
    weight = len(page)
    for path in server_files():
        status, content = server.request("GET", path)
        assert status == 200
        assert b"http://" not in content.replace(b"http://www.w3.org/", b"")
        assert b"https://" not in content
        weight += len(content)
    status, description = server.request("GET", "/api/lesson")
    assert status == 200
    assert weight + len(description) < 300_000


def server_files() -> list[str]:
    return [path for path in serving.page_files() if path != "/"]


def test_garbage_instead_of_http(server):
    for garbage in (
        b"\x00" * 1000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"A" * 70_000,
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n",
    ):
        with socket.create_connection(server.place, timeout=20) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    assert alive(server)


def test_two_hosts_are_refused(server):
    host, port = server.place
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nHost: evil.example\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.slow
def test_two_hundred_connections_at_once(server):
    statuses = []

    def ask(tab: int) -> None:
        with contextlib.suppress(OSError):
            statuses.append(server.request("POST", "/api/sweeps/solve", EMPTY, X_Lesson_Tab=f"{tab:08x}")[0])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 30
    assert alive(server)


@pytest.mark.slow
def test_slow_clients_are_let_go():
    running = start()
    try:
        host, port = running.place
        held = [socket.create_connection((host, port), timeout=60) for _ in range(serving.MOST_CONNECTIONS)]
        for connection in held:
            connection.sendall(b"POST /api/decision/solve HTTP/1.1\r\n")
        began = time.monotonic()
        open_ = list(held)
        while open_ and time.monotonic() - began < 2 * serving.REQUEST_SECONDS:
            time.sleep(1.0)
            for connection in list(open_):
                try:  # a byte a second: each resets a plain timeout, and none moves the deadline
                    connection.sendall(b"x")
                    connection.setblocking(False)
                    if connection.recv(1000) == b"":
                        open_.remove(connection)
                except BlockingIOError:
                    pass
                except OSError:
                    open_.remove(connection)
                finally:
                    with contextlib.suppress(OSError):
                        connection.setblocking(True)
        assert not open_
        assert time.monotonic() - began < serving.REQUEST_SECONDS + 6
        for connection in held:
            connection.close()
        assert alive(running)
    finally:
        stop(running)


def test_somebody_who_leaves_ends_the_ascent(server):
    host, port = server.place
    body = json.dumps({"state": {"sampled": 50, "features": "indicators", "l2": 0.0}}).encode()
    for _ in range(3 * 4):  # three times as many as may run at a time
        with socket.create_connection((host, port), timeout=30) as connection:
            head = f"POST /api/inverse/ascend HTTP/1.1\r\nHost: {host}:{port}\r\nX-Lesson-Token: {server.token}\r\n"
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert connection.recv(1000)
        time.sleep(0.15)
    for _ in range(50):
        status, content = server.request("POST", "/api/inverse/ascend", {"state": {"drawn": "0.0rr"}})
        if status == 200:
            break
        time.sleep(0.2)
    assert status == 200
    assert json.loads(content.splitlines()[-1])["done"]


def test_one_tab_that_asks_too_often_waits_and_others_do_not(server):
    statuses = {server.request("POST", SOLVE, EMPTY, X_Lesson_Tab="aaaaaaaa")[0] for _ in range(int(BURST) + 200)}
    assert statuses <= {200, 429}
    assert server.request("POST", SOLVE, EMPTY, X_Lesson_Tab="bbbbbbbb")[0] == 200


class TestVisitors:
    def test_a_bucket_empties_and_fills(self):
        now = [0.0]
        visitors = Visitors(lambda: now[0])
        taken = [visitors.allow("a") for _ in range(int(BURST) + 5)]
        assert taken == [True] * int(BURST) + [False] * 5
        assert visitors.allow("b")
        now[0] += 1.0
        assert visitors.allow("a")

    def test_a_thousand_visitors_are_bounded(self):
        now = [0.0]
        visitors = Visitors(lambda: now[0])
        for i in range(1000):
            now[0] += 0.01
            visitors.allow(f"{i:08x}")
        assert len(visitors) <= MOST_TABS

    def test_all_together_are_bounded(self):
        visitors = Visitors(lambda: 0.0)
        allowed = sum(visitors.allow(f"{i:08x}") for i in range(1000))
        assert allowed == 4 * BURST

    def test_idle_ones_are_forgotten(self):
        now = [0.0]
        visitors = Visitors(lambda: now[0])
        visitors.allow("a")
        now[0] += IDLE_SECONDS + 1
        visitors.allow("b")
        assert len(visitors) == 1


def test_it_listens_on_this_machine_only_writes_nothing_and_ends_cleanly(tmp_path):
    running = start(cwd=tmp_path)
    own = next(
        (name for _, _, _, _, (name, *_) in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)), "127.0.0.1"
    )
    if not own.startswith("127."):
        with pytest.raises(OSError), socket.create_connection((own, running.place[1]), timeout=2):
            pass
    running.ask("inverse", "newton", {"drawn": "0.0rrss"})
    said, complained = stop(running)
    assert "has ended" in said
    assert complained == ""
    assert running.process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_and_bad_data_are_said(tmp_path, capsys, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--no-browser", "--port", str(taken.getsockname()[1])]) == BAD_INPUT
    assert "in use" in capsys.readouterr().err
    assert main(["--no-browser", "--data", str(tmp_path / "none.csv")]) == BAD_INPUT
    assert "none.csv" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--port", "many"])


def test_the_command_line_has_it(tmp_path):
    from maxent_irl import cli

    assert cli.main(["lesson", "--no-browser", "--data", str(tmp_path / "none.csv")]) == BAD_INPUT


def test_own_data_from_the_command_line(tmp_path):
    table = tmp_path / "walks.csv"
    table.write_text("trip;state;action\na;0;go\na;1;go\na;2;rest\nb;1;go\nb;2;rest\n", encoding="utf-8")
    running = start("--data", str(table), "--id", "trip", "--delimiter", ";", "--grid", "1x3")
    try:
        assert running.ask("data", "solve")["layout"]["states"] == [[0, 1, 2]]
        assert "walks.csv" in running.ask("data", "code")["code"]
    finally:
        stop(running)


def test_importing_the_package_does_not_import_the_lesson():
    code = "import maxent_irl, sys; sys.exit(any(m.startswith('maxent_irl.lesson') for m in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
