"""Wires at one doorway, one after the other."""

import socket

from tests.page.wire import Doorway
from tests.serving import TIMEOUT, Served, request_bytes


def connected_to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)


def test_a_wire_has_nothing_of_the_one_before_but_its_address(served: Served) -> None:
    with Doorway() as doorway:
        with doorway.wired_to(served.port) as first:
            first.hold_before(b"HTTP/1.1", b"more")
            with connected_to(first.port) as held:
                held.sendall(request_bytes("GET", "/health", b"", {}))
                first.wait_until_held()
                first.answer_next(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                first.close()
                assert held.recv(1) == b""
        with doorway.wired_to(served.port) as second:
            assert second.port == first.port
            assert Served(second.port, served.app).get("/health").status == 200


def test_between_two_wires_nobody_is_served(served: Served) -> None:
    with Doorway() as doorway:
        with doorway.wired_to(served.port) as wire:
            pass
        with connected_to(wire.port) as connection:
            assert connection.recv(1) == b""
