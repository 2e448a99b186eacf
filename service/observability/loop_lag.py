"""How late the event loop comes to what is due: one timer that looks at the clock each time it is called."""

import asyncio
from collections import deque
from collections.abc import Callable

EVERY_SECONDS = 0.5
RECENT = 10  # looks


class LoopLag:
    """Measures the running loop from `with` to its end, and reports each look's lag in seconds."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._looks: deque[float] = deque(maxlen=RECENT)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> "LoopLag":
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @property
    def recent(self) -> float:
        """The worst of the last looks, in seconds; also of one that is overdue now."""
        overdue = self._loop.time() - self._due
        return max((*self._looks, overdue, 0.0))

    def _wait(self) -> None:
        self._due = self._loop.time() + EVERY_SECONDS
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        lag = max(0.0, self._loop.time() - self._due)
        self._looks.append(lag)
        self._report(lag)
        self._wait()
