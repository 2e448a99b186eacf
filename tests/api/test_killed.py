"""A service that is killed in the middle of runs: what it had acknowledged is there when it is back."""

import random
import signal
import socket
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from tests.amounts import KILLS
from tests.api.event_streams import frames_of
from tests.api.test_start_and_stop import process
from tests.serving import Answer, read_answer, request_bytes

RUNS = 8
MOST_LOST = 1000  # milliseconds of a run


class Reader(threading.Thread):
    """Starts a run and reads it until its connection breaks."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.got = b""
        self.start()

    def run(self) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=20) as connection:
            path = "/stream?chain=chat&format=events&query=Tell me a long story about a knight"
            connection.sendall(request_bytes("GET", path, b"", {}))
            while piece := connection.recv(65536):
                self.got += piece

    @property
    def run_id(self) -> str | None:
        """Once it is acknowledged."""
        head, end, _ = self.got.partition(b"\r\n\r\n")
        lines = dict(line.partition(": ")[::2] for line in head.decode().split("\r\n"))
        return lines.get("x-run-id") if end else None

    def last_t(self) -> int:
        """Of the last event that came whole."""
        data = [line for line in self.got.split(b"\n") if line.startswith(b"data: {") and line.endswith(b"}")]
        return max((orjson.loads(line[6:])["t"] for line in data), default=0)


@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_acknowledged_is_lost_but_a_second_of_text(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    address = f"sqlite:///{tmp_path}/kept.db"
    with process(DATABASE_URL=address, OFFLINE_TOKENS_PER_SECOND="60") as (running, port, _):
        readers = [Reader(port) for _ in range(RUNS)]
        enough = chance.randint(1, 20_000)  # bytes
        while sum(len(reader.got) for reader in readers) < enough:
            assert running.poll() is None
        running.send_signal(signal.SIGKILL)
        running.wait()
        for reader in readers:
            reader.join()
    with process(DATABASE_URL=address) as (_, port, _):
        for reader in readers:
            if reader.run_id is not None:
                check(reader, asked(port, f"/runs/{reader.run_id}/events"))
    with sqlite3.connect(tmp_path / "kept.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def check(reader: Reader, kept: Answer) -> None:
    assert kept.status == 200
    frames = frames_of(kept.body)
    assert [frame.id for frame in frames] == [f"{reader.run_id}.1.{seq}" for seq in range(1, len(frames) + 1)]
    last = frames[-1]
    assert last.event == "done" or (last.event, last.json["code"]) == ("error", "owner_lost")
    assert last.json["t"] >= reader.last_t() - MOST_LOST  # type: ignore[operator]  # any JSON


def asked(port: int, path: str) -> Answer:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request_bytes("GET", path, b"", {}))
        return read_answer(connection)
