"""A network that breaks: a TCP proxy that cuts each connection after a random number of bytes."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random

from tests.serving import TIMEOUT

ASKED_PAUSE, SHORT_PAUSE = b"retry: 500", b"retry: 001"  # what the service asks for is too long for a test
NOW = struct.pack("ii", 1, 0)  # SO_LINGER: closed with a reset


class Cutting:
    """No connection lives longer than `most` of the server's bytes. Every other one ends with a reset."""

    def __init__(self, server_port: int, most: int, seed: str) -> None:
        self.cuts = 0
        self._server_port = server_port
        self._most = most
        self._random = Random(seed)
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listening.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._server_port), TIMEOUT)
                for connection in (client, server):  # else pieces wait for acknowledgements
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while got := client.recv(65536):
                server.sendall(got)
        _close(server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        left = self._length()
        with suppress(OSError):
            while got := server.recv(65536):
                got = got.replace(ASKED_PAUSE, SHORT_PAUSE)
                client.sendall(got[:left])
                left -= len(got)
                if left <= 0:
                    self._cut(client)
                    break
        _close(client)
        _close(server)

    def _length(self) -> int:
        with self._lock:
            return self._random.randint(1, self._most)

    def _cut(self, client: socket.socket) -> None:
        with self._lock:
            self.cuts += 1
            reset = self.cuts % 2
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
            client.shutdown(socket.SHUT_RD)  # else whoever reads it in the other thread keeps it open
            client.close()


@contextmanager
def cutting(server_port: int, most: int, seed: str) -> Iterator[Cutting]:
    cutter = Cutting(server_port, most, seed)
    try:
        yield cutter
    finally:
        cutter.close()


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
