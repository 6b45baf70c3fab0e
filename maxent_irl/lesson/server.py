"""The server of the lesson: this machine only, nothing kept, nothing written, everything bounded.

Every request carries the whole state of its screen, so the server keeps none: visitors cannot disturb one another. Requests are
answered only where ``Host`` is a loopback name with this port and ``Origin``, if there is one, is this server; those that
compute carry the token of this run, which only the page of this server holds. Connections, the time they may take, the
size of requests, their rate and the number of computations at a time are all limited.
"""

from __future__ import annotations

import contextlib
import hmac
import io
import json
import re
import secrets
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from .answers import Lesson
from .fields import BadRequest
from .visitors import Visitors

LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 64
MOST_BYTES = 128 * 1024  # of a request
REQUEST_SECONDS = 15.0  # from the first look for a request to its last byte
COMPUTING, STREAMING = 2, 4  # requests at a time
WAIT_SECONDS = 8.0  # for one's turn
CLOSING_SECONDS = 2.0
FRAMES_PER_SECOND, UNHURRIED = 40.0, 80  # the first frames of a stream come so often; later ones three times as often

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
TOKEN_MARK = "{{token}}"


class Refused(Exception):
    """A request that is not answered: a status and a sentence."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def page_files() -> dict[str, tuple[str, bytes]]:
    """Type and bytes of every file of the page by its address; what is not in it does not exist."""
    found = {}
    folders = [("", files("maxent_irl.lesson") / "static")]
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.iterdir():
            kind = TYPES.get(entry.name.rpartition(".")[2])
            if entry.is_dir():
                folders.append((f"{prefix}/{entry.name}", entry))
            elif kind is not None:
                found[f"{prefix}/{entry.name}"] = (kind, entry.read_bytes())
    found["/"] = found.pop("/index.html")
    return found


class LessonServer(ThreadingHTTPServer):
    """Serves one lesson on a port of the loopback interface.

    Parameters
    ----------
    lesson : Lesson
    port : int
        0: any free one.

    Attributes
    ----------
    address : str
        Of the page.
    token : str
        Of this run.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, lesson: Lesson, port: int = 0) -> None:
        self.lesson, self.token = lesson, secrets.token_urlsafe(24)
        self.files = page_files()
        kind, page = self.files["/"]
        self.files["/"] = (kind, page.replace(TOKEN_MARK.encode(), self.token.encode()))
        self.described = dumps(lesson.described())
        self.visitors = Visitors()
        self.connections = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.computing = threading.BoundedSemaphore(COMPUTING)
        self.streaming = threading.BoundedSemaphore(STREAMING)
        self._open: set[socket.socket] = set()
        super().__init__((LOOPBACK, port), Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}
        self.address = f"http://{LOOPBACK}:{self.server_port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread of its own, or refuse it where there are too many."""
        if self.connections.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        try:
            request.settimeout(0.2)
            request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            pass
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)
            self.connections.release()

    def server_close(self) -> None:
        """Close the port and all connections, and give their threads a moment to end."""
        super().server_close()
        for request in tuple(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + CLOSING_SECONDS
        while self._open and time.monotonic() < until:
            time.sleep(0.01)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong here; that somebody left or was too slow is nothing wrong."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            traceback.print_exc()


class TimedReader(io.RawIOBase):
    """Bytes of a socket until a deadline, however slowly they come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; TimeoutError after the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """One connection: files and the description of the lesson by GET, computations by POST."""

    server: LessonServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "maxent-irl-lesson", ""

    def setup(self) -> None:
        """Read with a deadline."""
        super().setup()
        self._reader = TimedReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def handle_one_request(self) -> None:
        """Read and answer one request."""
        self._reader.deadline = time.monotonic() + REQUEST_SECONDS
        super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a terminal full of requests helps nobody."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the HTTP parser refuses."""
        self.close_connection = True
        self._send(HTTPStatus(code), "application/json", dumps({"error": message or HTTPStatus(code).phrase}))

    def do_GET(self) -> None:
        """Send a file of the page, or the description of the lesson."""
        self._answered(self._get)

    def do_HEAD(self) -> None:
        """Send the headers of what GET sends."""
        self._answered(self._get)

    def do_POST(self) -> None:
        """Compute."""
        self._answered(self._post)

    def _answered(self, answer: Callable[[], None]) -> None:
        """Answer, or say why not; the rest of a refused request is not read, so the connection ends with it."""
        try:
            self._check_origin()
            answer()
        except Refused as refusal:
            self.close_connection = True
            self._send(refusal.status, "application/json", dumps({"error": refusal.message}))

    def _check_origin(self) -> None:
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise Refused(HTTPStatus.FORBIDDEN, f"only {self.server.address} is answered here")
        if any(origin.lower().removeprefix("http://") not in self.server.hosts for origin in origins):
            raise Refused(HTTPStatus.FORBIDDEN, "requests of other pages are not answered")

    def _get(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/api/lesson":
            self._send(HTTPStatus.OK, "application/json", self.server.described)
        elif path in self.server.files:
            self._send(HTTPStatus.OK, *self.server.files[path])
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")

    def _post(self) -> None:
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Refused(HTTPStatus.FORBIDDEN, "requests of other pages are not answered")
        given = self.headers.get("X-Lesson-Token", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self.server.token.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "this page belongs to an earlier run of the lesson: reload it")
        route = re.fullmatch(r"/api/([a-z]{1,20})/([a-z]{1,20})", self.path)
        if route is None:
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        tab = self.headers.get("X-Lesson-Tab", "")
        if not self.server.visitors.allow(tab if re.fullmatch("[0-9a-f]{8,32}", tab) else ""):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too many requests: wait a second")
        body = self._body()
        chapter, operation = route.groups()
        try:
            if self.server.lesson.is_stream(chapter, operation):
                self._stream(chapter, operation, body)
                return
            if not self.server.computing.acquire(timeout=WAIT_SECONDS):
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy with other requests: try again")
            try:
                answer = dumps(self.server.lesson.answer(chapter, operation, body))
            finally:
                self.server.computing.release()
        except BadRequest as error:
            # What was asked for was read to its end: the connection may go on.
            self._send(HTTPStatus.BAD_REQUEST, "application/json", dumps({"error": str(error)}))
        else:
            self._send(HTTPStatus.OK, "application/json", answer)

    def _body(self) -> Any:
        """The JSON of a request."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") is not None or not re.fullmatch("[0-9]{1,9}", length):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "a request must say how long it is")
        if int(length) > MOST_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {MOST_BYTES:,} bytes")
        raw = self.rfile.read(int(length))
        if len(raw) < int(length):
            raise Refused(HTTPStatus.BAD_REQUEST, "the request ended early")
        try:
            return json.loads(raw.decode(), parse_constant=_no_constant, parse_int=_short_int)
        except (ValueError, RecursionError):
            raise Refused(HTTPStatus.BAD_REQUEST, "the request is no JSON that can be read here") from None

    def _stream(self, chapter: str, operation: str, body: Any) -> None:
        """Send one line of JSON after another, as they come."""
        if not self.server.streaming.acquire(blocking=False):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy with other requests: try again")
        sent, began = 0, time.monotonic()

        def emit(frame: Any) -> None:
            nonlocal sent, began
            if not sent:
                self._head(HTTPStatus.OK, "application/x-ndjson", {"Transfer-Encoding": "chunked"})
            line = dumps(frame) + b"\n"
            self.connection.settimeout(REQUEST_SECONDS)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            sent += 1
            rate = FRAMES_PER_SECOND * (1.0 if sent < UNHURRIED else 3.0)
            time.sleep(max(0.0, 1.0 / rate - (time.monotonic() - began)))
            began = time.monotonic()

        try:
            try:
                self.server.lesson.stream(chapter, operation, body, emit)
            except BadRequest as error:
                if not sent:
                    raise
                emit({"done": True, "error": str(error)})
            self.wfile.write(b"0\r\n\r\n")
        finally:
            self.server.streaming.release()

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self._head(status, kind, {"Content-Length": str(len(content))})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.connection.settimeout(REQUEST_SECONDS)
        self.send_response(status)
        text = kind.startswith("text/")
        for name, value in {"Content-Type": f"{kind}; charset=utf-8" if text else kind, **HEADERS, **more}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()


def dumps(content: Any) -> bytes:
    """JSON without NaN or infinity."""
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _short_int(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("too many digits")
    return int(digits)
