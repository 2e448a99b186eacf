"""A real uvicorn on a real socket, in a thread of the test's process, and raw reading of its streams."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.http_protocol import bounded
from service.settings import Settings
from service.websocket_protocol import LeavingProtocol
from tests.served_chains import SERVED

TIMEOUT = 20  # seconds; on any socket, so that a hang is a failure


@dataclass(frozen=True)
class Answer:
    """A response as it came over the socket; `whole` says whether it ended as HTTP says it must."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Served:
    """A running service."""

    port: int
    app: FastAPI

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: dict[str, str] | None = None, cut_after: int | None = None) -> Answer:
        """A GET on a connection of its own; with `cut_after`, broken off after so many bytes of the body."""
        return self.ask("GET", path, b"", headers, cut_after)

    def post(
        self, path: str, body: bytes, headers: dict[str, str] | None = None, cut_after: int | None = None
    ) -> Answer:
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.ask("POST", path, body, headers, cut_after)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str] | None,
        cut_after: int | None = None,
    ) -> Answer:
        with self.connected() as connection:
            connection.sendall(request_bytes(method, path, body, headers or {}))
            return read_answer(connection, cut_after)

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as connection:
            yield connection


def request_bytes(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    path = quote(path, safe="/?&=%.,:+-_~[]")
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_answer(connection: socket.socket, cut_after: int | None = None, head: bytes = b"") -> Answer:
    """Reads to the end; `head` is what was read before."""
    raw = head
    while b"\r\n\r\n" not in raw:
        got = connection.recv(65536)
        if not got:
            raise ConnectionError(f"the server closed the connection after {raw!r}")
        raw += got
    head, _, rest = raw.partition(b"\r\n\r\n")
    status, headers = _head(head)
    chunked = headers.get("transfer-encoding") == "chunked"
    expected = int(headers.get("content-length", 0)) if not chunked else None
    while True:
        body, whole = _dechunked(rest) if chunked else (rest, len(rest) == expected)
        if cut_after is not None and len(body) >= cut_after:
            return Answer(status, headers, body[:cut_after], whole=False)
        got = b"" if whole else connection.recv(65536)
        if not got:
            return Answer(status, headers, body, whole)
        rest += got


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _dechunked(raw: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size, line_end, raw = raw.partition(b"\r\n")
        if not line_end:
            return body, False
        length = int(size, 16)
        if length == 0:
            return body, True
        body += raw[:length]
        if len(raw) < length + 2:
            return body, False
        raw = raw[length + 2 :]


@contextmanager
def serving(**settings: Any) -> Iterator[Served]:
    """Serve with these settings beside the tests' own."""
    chosen: dict[str, Any] = {
        "chains": SERVED,
        "offline": "model" not in settings,  # whatever keys are in the environment
        "offline_tokens_per_second": 0,
        "shutdown_grace_seconds": 0,
    } | settings
    made = Settings(_env_file=None, **chosen)
    app = create_app(made)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=2,
        proxy_headers=False,
        http=bounded(made.max_headers, made.max_header_bytes),
        ws=LeavingProtocol,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield Served(listening.getsockname()[1], app)
    finally:
        if services := getattr(app.state, "services", None):
            services.drain.set()
        server.should_exit = True
        thread.join(TIMEOUT)
        listening.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        thread.join(0.01)
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
