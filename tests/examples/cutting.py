"""A proxy that ends streams after some bytes: cleanly, as load balancers do, or amid their transfer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

from tests.serving import TIMEOUT

HOPS = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Cutting:
    """Lets through as many bytes of each stream as `lengths` says next, and all of other answers.

    `clean` ends it as HTTP says, so that it looks whole; else its reader is told that it is not.
    """

    def __init__(self, server_port: int, lengths: Iterator[int], *, clean: bool) -> None:
        self.cuts = 0
        self.server_port = server_port
        self.clean = clean
        self._lengths = lengths
        self._lock = threading.Lock()

    def next_length(self) -> int:
        with self._lock:
            return next(self._lengths)


def random_lengths(seed: int, most: int = 2_500) -> Iterator[int]:
    """As often nothing at all as any other length; the longest are over any frame, so that all get on."""
    random = Random(seed)
    while True:
        yield random.randint(0, most)


@contextmanager
def cutting(server_port: int, lengths: Iterator[int], *, clean: bool) -> Iterator[tuple[str, Cutting]]:
    """The proxy's address, and what it has done."""
    cutter = Cutting(server_port, lengths, clean=clean)

    class Handler(_Handler):
        def handle_one_request(self) -> None:
            self.cutter = cutter
            super().handle_one_request()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", cutter
        finally:
            server.shutdown()
            thread.join(TIMEOUT)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cutter: Cutting
    _chunked = False

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        server = HTTPConnection("127.0.0.1", self.cutter.server_port, timeout=TIMEOUT)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOPS}
        server.request(self.command, self.path, body or None, headers)
        with server.getresponse() as answer, suppress(ConnectionError):
            self._pass_on(answer)
        server.close()
        self.close_connection = True

    do_POST = do_GET

    def _pass_on(self, answer: HTTPResponse) -> None:
        streams = (answer.getheader("content-type") or "").startswith("text/event-stream")
        self._chunked = streams and not self.cutter.clean
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOPS:
                self.send_header(name, value)
        self.send_header("connection", "close")
        if self._chunked:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if streams:
            self._cut(answer)
        else:
            self.wfile.write(answer.read())

    def _cut(self, answer: HTTPResponse) -> None:
        left = self.cutter.next_length()
        while left and (piece := answer.read1(left)):
            self._write(piece)
            left -= len(piece)
        if left:  # the stream was shorter
            self._write(b"")
        else:
            self.cutter.cuts += 1

    def _write(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is for failures."""
