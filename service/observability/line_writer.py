"""Writes lines to the process's standard streams on a thread: a pipe that nobody empties holds up no run."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

MOST_LINES = 10_000  # that wait to be written; over it they are lost, and counted
PATIENCE = 1.0  # seconds that the process's end gives to what is left


class LineWriter:
    """`lost` makes the line that tells how many could not be kept."""

    def __init__(self, lost: Callable[[int], str]) -> None:
        self._lines: SimpleQueue[tuple[int, str] | None] = SimpleQueue()
        self._line_of_lost = lost
        self._lost = 0
        self._thread = threading.Thread(target=self._write_on, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, stream: int, line: str) -> None:
        """Give a line to write to this file descriptor; waits for nothing."""
        if self._lines.qsize() < MOST_LINES:
            self._lines.put((stream, line))
        else:
            self._lost += 1

    def close(self) -> None:
        """Once all is written, or that has taken too long."""
        self._lines.put(None)
        self._thread.join(PATIENCE)

    def _write_on(self) -> None:
        while (given := self._lines.get()) is not None:
            stream, line = given
            _write(stream, line)
            if self._lost and self._lines.qsize() < MOST_LINES // 2:
                lost, self._lost = self._lost, 0
                _write(stream, self._line_of_lost(lost))


def _write(stream: int, line: str) -> None:
    data = f"{line}\n".encode(errors="replace")
    with suppress(OSError):  # nobody is there to read it any more
        while data:
            data = data[os.write(stream, data) :]
