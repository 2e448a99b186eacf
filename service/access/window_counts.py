"""Counts of what was done in a sliding window, in memory, in place of the storage that `limits` has.

That of `limits` looks at every count at each hit, in a task of its own, and has no bound. This one has a row
for each party, the windows before and now, and at `MOST` forgets the one that asked longest ago.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import floor

from limits.aio.storage import SlidingWindowCounterSupport

MOST = 100_000


@dataclass(slots=True)
class _Counts:
    window: int
    before: int = 0
    now: int = 0


class WindowCounts(SlidingWindowCounterSupport):
    """Nothing here waits, so that no other request comes between looking and counting."""

    base_exceptions = ()  # those that `limits` would wrap

    def __init__(self, clock: Callable[[], float] = time.time, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._counts: OrderedDict[str, _Counts] = OrderedDict()

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count, unless that were over the limit."""
        before, left, now, _ = self._looked_up(key, expiry)
        if floor(before * left / expiry + now) + amount > limit:
            return False
        self.add(key, expiry, amount)
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The count of the window before, seconds that it still counts, the count now, and the same of it."""
        return self._looked_up(key, expiry)

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        self._counts.pop(key, None)

    def add(self, key: str, expiry: int, amount: int) -> None:
        """Count what has been done, whether it is over a limit or not."""
        window = int(self._clock() // expiry)
        before, _, now, _ = self._looked_up(key, expiry)
        self._counts[key] = _Counts(window, before, now + amount)
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)

    def _looked_up(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        window, into = divmod(self._clock(), expiry)
        counts = self._counts.get(key)
        left = expiry - into
        if counts is None or counts.window < window - 1:
            return 0, 0.0, 0, left + expiry
        if counts.window < window:
            return counts.now, left, 0, left + expiry
        return counts.before, left if counts.before else 0.0, counts.now, left + expiry
