"""A real Redis for tests: started when the first of them asks, gone with the session.

Each of pytest-xdist's processes has its own. It listens on loopback with a password, and writes no file.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from tests.ports import unused_port

PASSWORD = "p@ss:w/o%rd?#"  # noqa: S105 - of a server that lives as long as the tests
QUOTED = "p%40ss%3Aw%2Fo%25rd%3F%23"
PATIENCE = 20  # seconds
# Ends the server when it is told to, and also where this process is killed: then the pipe closes.
KEEPER = '"$@" & cat; kill -KILL $!; wait'


class RedisServer:
    """One server, which may be stopped, started again, and held."""

    def __init__(self, folder: Path) -> None:
        self.port = unused_port()
        self._folder = folder
        self._keeper: subprocess.Popen[str] | None = None
        self._pid = 0

    @property
    def url(self) -> str:
        return f"redis://:{QUOTED}@127.0.0.1:{self.port}/0"

    @property
    def runs(self) -> bool:
        return self._keeper is not None

    @contextmanager
    def client(self) -> Iterator["Redis"]:
        with Redis(port=self.port, password=PASSWORD, decode_responses=True) as client:
            yield client

    def start(self) -> None:
        """With nothing in it."""
        options = {"bind": "127.0.0.1", "port": str(self.port), "requirepass": PASSWORD}
        options |= {"save": "", "appendonly": "no", "dir": str(self._folder)}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "sh", "redis-server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        for line in self._keeper.stdout:
            if found := re.search(r"pid=(\d+)", line):
                self._pid = int(found[1])
            if "Ready to accept connections" in line:
                return
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        """As by a crash: its clients see their connections end."""
        assert self._keeper is not None
        self._keeper.communicate(timeout=PATIENCE)
        self._keeper = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """It accepts connections, and answers nobody."""
        os.kill(self._pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._pid, signal.SIGCONT)


@pytest.fixture(scope="session")
def _redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis_of_session: RedisServer) -> Iterator[RedisServer]:
    """With nothing in it. To be asked for by tests with `@pytest.mark.needs("redis")`."""
    with _redis_of_session.client() as client:
        client.flushall()
    yield _redis_of_session
    if not _redis_of_session.runs:
        _redis_of_session.start()
