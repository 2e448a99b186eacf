"""What a service in the test's own process logs, as the JSON objects that its operator would see."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from service.observability.log_lines import json_lines
from tests.serving import TIMEOUT


class Heard(logging.Handler):
    """Formats each record where it is logged, as the service's own handler does."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self.setFormatter(json_lines(whole=whole))
        self.lines: list[str] = []
        self._more = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._more:
            self.lines.append(self.format(record))
            self._more.notify_all()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.lines]

    @property
    def closing(self) -> list[dict[str, Any]]:
        """The closing lines of runs."""
        return self.told("run ended")

    def told(self, event: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["event"] == event]

    def until_told(self, event: str, times: int) -> list[dict[str, Any]]:
        """The lines of this event, once there are so many: a client hears of it a moment before."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.told(event)) >= times, TIMEOUT)
        return self.told(event)

    def until_closed(self, runs: int) -> list[dict[str, Any]]:
        """The closing lines, once there are so many."""
        return self.until_told("run ended", runs)


@contextmanager
def heard(*, whole: bool = False, level: int = logging.INFO) -> Iterator[Heard]:
    root, ours, handler = logging.getLogger(), logging.getLogger("service"), Heard(whole=whole)
    before = root.level, ours.level, root.handlers
    root.handlers = [handler]  # those of pytest raise where a text and its arguments do not fit
    root.setLevel(level)
    ours.setLevel(level)
    try:
        yield handler
    finally:
        root.setLevel(before[0])
        ours.setLevel(before[1])
        root.handlers = before[2]
