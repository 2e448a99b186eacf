"""Writes lines to the process's standard streams on a thread: a pipe that nobody empties holds up no run.

A line that comes alone is written at once. What comes soon after it is written together, since to wake the
thread costs more than a line does.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from select import PIPE_BUF

PAUSE = 0.02  # seconds from the last line's writing until more are asked for
MOST_LINES = 10_000  # that wait to be written; over it they are lost, and counted
PATIENCE = 1.0  # seconds that the process's end gives to what is left

NOTHING = (-1, b"")  # waits to be written


class LineWriter:
    """`lost` makes the line that tells how many could not be kept."""

    def __init__(self, lost: Callable[[int], str]) -> None:
        self._lines: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._line_of_lost = lost
        self._lost = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, stream: int, line: str) -> None:
        """Give a line to write to this file descriptor; waits for nothing.

        Where there is no thread, it is written here: in a forked process, and once the writer was closed by
        whoever configures Python's logging anew, which closes every handler there is.
        """
        if not self._thread.is_alive():
            _write(stream, _encoded(line))
        elif self._lines.qsize() < MOST_LINES:
            self._lines.put((stream, _encoded(line)))
        else:
            self._lost += 1

    def close(self) -> None:
        """Once all is written, or that has taken too long."""
        if not self._thread.is_alive():  # in a forked process locks may be held by threads that it has not
            return
        self._lines.put(None)
        self._closing.set()
        self._thread.join(PATIENCE)

    def _write_on(self) -> None:
        given = self._lines.get()
        while given is not None:
            stream, data = given
            given = self._waiting()
            # Of what other processes write to the same pipe, none comes between so many bytes.
            while given is not None and given[0] == stream and len(data) + len(given[1]) <= PIPE_BUF:
                data += given[1]
                given = self._waiting()
            _write(stream, data)
            if self._lost and self._lines.qsize() < MOST_LINES // 2:
                lost, self._lost = self._lost, 0
                _write(stream, _encoded(self._line_of_lost(lost)))
            if given is NOTHING:
                self._closing.wait(PAUSE)
                given = self._lines.get()

    def _waiting(self) -> tuple[int, bytes] | None:
        try:
            return self._lines.get_nowait()
        except Empty:
            return NOTHING


def _encoded(line: str) -> bytes:
    return f"{line}\n".encode(errors="replace")


def _write(stream: int, data: bytes) -> None:
    with suppress(OSError):  # nobody is there to read it any more
        while data:
            data = data[os.write(stream, data) :]
