"""The client server of examples/ before a service, as one process has it."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from examples.example_streaming_chain_server import create_app
from tests.serving import TIMEOUT, Served

MARK = re.compile(rb": client-server \d+\.\d\n\n")


@contextmanager
def chained(service_url: str, *, key: str = "", chain: str | None = None) -> Iterator[Served]:
    """What a browser sees: the client server, which asks the service at this address."""
    app = create_app(service_url, key, chain)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the client server did not start"
        yield Served(listening.getsockname()[1], app)
    finally:
        server.should_exit = True
        thread.join(TIMEOUT)
        listening.close()
