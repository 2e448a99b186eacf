"""The network between client and server: a TCP proxy that a test holds at marks in the stream, and cuts."""

import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from tests.serving import TIMEOUT


class Wire:
    """What the server sends passes up to a mark; from there it waits for the test.

    Marks are parts of a single frame, since the server sends a frame in one piece.
    """

    def __init__(self, port: int, server_port: int) -> None:
        self.port = port
        self._server_port = server_port
        self._changed = threading.Condition()
        self._marks: deque[bytes] = deque()
        self._held = False
        self._answers: deque[bytes] = deque()
        self._lengths: deque[int] = deque()
        self.passed = 0  # bytes of what the server sent, on all connections
        self._open: set[socket.socket] = set()
        self._closed = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- what a test does --------------------------------------------------------------------------

    def hold_before(self, *marks: bytes) -> None:
        """Let pass what comes before the first of these marks; each `let_go` goes on to the next."""
        with self._changed:
            self._marks.extend(marks)

    def wait_until_held(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._held, TIMEOUT):
                raise TimeoutError(f"nothing reached the mark {self._marks[0]!r}")

    def let_go(self) -> None:
        """Let pass what is held, up to the next mark if there is one."""
        self.wait_until_held()
        with self._changed:
            self._marks.popleft()
            self._held = False
            self._changed.notify_all()

    def cut(self, *marks: bytes) -> None:
        """Break every connection; what was held is lost. Those that come next are held before these marks."""
        with self._changed:
            self._marks = deque(marks)
            self._held = False
            connections, self._open = self._open, set()
            self._changed.notify_all()
        for connection in connections:
            _close(connection)

    def cut_next_after(self, *lengths: int) -> None:
        """Break the next connections off after so many bytes of what the server sends, one each."""
        self._lengths.extend(lengths)

    @property
    def cuts_to_come(self) -> int:
        """How many of these lengths no connection has had yet."""
        return len(self._lengths)

    def answer_next(self, *answers: bytes) -> None:
        """Answer the next connections with these bytes in the server's place."""
        self._answers.extend(answers)

    def close(self) -> None:
        self._closed = True
        self.cut()

    # --- the proxy ---------------------------------------------------------------------------------

    def serve(self, browser: socket.socket) -> None:
        """A browser's connection, from here on in threads of its own."""
        if self._answers:
            browser.recv(65536)
            browser.sendall(self._answers.popleft())
            _close(browser)
            return
        server = socket.create_connection(("127.0.0.1", self._server_port))
        for connection in (browser, server):  # else pieces wait for acknowledgements
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            self._open |= {browser, server}
            is_late = self._closed
        if is_late:
            self.cut()
        length = self._lengths.popleft() if self._lengths else None
        threading.Thread(target=self._pump, args=(browser, server, False), daemon=True).start()
        threading.Thread(target=self._pump, args=(server, browser, True, length), daemon=True).start()

    def _pump(
        self, source: socket.socket, target: socket.socket, holding: bool, length: int | None = None
    ) -> None:
        """Until the source ends, or so many bytes of it have passed."""
        waiting, left = b"", length
        with suppress(OSError):
            while got := source.recv(65536 if left is None else min(left, 65536)):
                left = None if left is None else left - len(got)
                self.passed += len(got) if holding else 0
                waiting = self._pass_on(waiting + got, source, target) if holding else _send(target, got)
            _send(target, waiting)
        with self._changed:
            self._open -= {source, target}
        _close(source)
        _close(target)

    def _pass_on(self, data: bytes, source: socket.socket, target: socket.socket) -> bytes:
        """Send what may pass; returns what waits to be known for or against a mark."""
        passed = 0
        while True:
            with self._changed:
                mark = self._marks[0] if self._marks else None
            if mark is None:
                return _send(target, data[passed:])
            found = data.find(mark, passed)
            if found < 0:
                waits = _beginning(data[passed:], mark)
                _send(target, data[passed : len(data) - waits])
                return data[len(data) - waits :]
            _send(target, data[passed:found])
            passed = found
            self._hold(source, mark)

    def _hold(self, source: socket.socket, mark: bytes) -> None:
        """Wait for the test, unless it has let the mark go since it was read, for another connection. Raises
        OSError where it cut the connection instead of letting it go on."""
        with self._changed:
            if source not in self._open:
                raise ConnectionAbortedError
            if mark not in self._marks:
                return
            self._held = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: not self._held, TIMEOUT):
                raise TimeoutError("no test let this connection go on")
            if source not in self._open:
                raise ConnectionAbortedError


class Doorway:
    """Where browsers connect: one port for many wires, one after the other."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listening.getsockname()[1]
        self._wire: Wire | None = None
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        _close(self._listening)

    @contextmanager
    def wired_to(self, server_port: int) -> Iterator[Wire]:
        """A wire that has nothing of the one before, neither marks nor connections."""
        wire = self._wire = Wire(self._port, server_port)
        try:
            yield wire
        finally:
            self._wire = None
            wire.close()

    def _accept(self) -> None:
        while not self._closed:
            with suppress(OSError):
                browser = self._listening.accept()[0]
                if wire := self._wire:
                    wire.serve(browser)
                else:
                    _close(browser)


@contextmanager
def wired_to(port: int) -> Iterator[Wire]:
    with Doorway() as doorway, doorway.wired_to(port) as wire:
        yield wire


def _beginning(data: bytes, mark: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of the mark."""
    sizes = range(min(len(mark) - 1, len(data)), 0, -1)
    return next((size for size in sizes if data.endswith(mark[:size])), 0)


def _send(target: socket.socket, data: bytes) -> bytes:
    if data:
        target.sendall(data)
    return b""


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
