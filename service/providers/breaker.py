"""Circuit breakers, one for each provider: who failed several times in a row is passed over for a while.

They refuse nothing: they say who had better not be asked first. Calls come from threads too, hence the lock.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

BreakerState = Literal["closed", "open", "probing"]
_Event = Literal["asked", "answered", "failed", "left"]

# What a breaker becomes; where nothing stands, it stays as it is. A closed one counts failures before it
# opens. It is asked while open once its time is over, or since nobody else is left: then that call is the
# probe. `left` is a probe that was cancelled, or refused by the client's fault: it told nothing.
_NEXT: Mapping[tuple[BreakerState, _Event], BreakerState] = {
    ("closed", "failed"): "open",
    ("open", "asked"): "probing",
    ("open", "answered"): "closed",
    ("probing", "answered"): "closed",
    ("probing", "failed"): "open",
    ("probing", "left"): "open",
}


class Breaker:
    """Opens after `failures` in a row, for `seconds`; `clock` tells them."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        self._bound = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._lock = threading.Lock()
        self.state: BreakerState = "closed"

    @property
    def admits(self) -> bool:
        """Whether its provider may be asked before others: not while it is open, and one call to probe it."""
        with self._lock:
            is_over = self._clock() - self._opened_at >= self._seconds
            return self.state == "closed" or (self.state == "open" and is_over)

    def ask(self) -> bool:
        """A call begins; returns whether it is the probe, which must end by `answer`, `fail` or `leave`."""
        with self._lock:
            was_open = self.state == "open"
            self._become("asked")
            return was_open

    def answer(self) -> None:
        with self._lock:
            self._failures = 0
            self._become("answered")

    def fail(self) -> None:
        with self._lock:
            self._failures += 1
            if self.state == "probing" or self._failures >= self._bound:
                self._opened_at = self._clock()
                self._become("failed")

    def leave(self) -> None:
        """Of a probe alone."""
        with self._lock:
            self._become("left")

    def _become(self, event: _Event) -> None:
        self.state = _NEXT.get((self.state, event), self.state)


class Breakers:
    """One for each provider that was ever asked, made when it is."""

    def __init__(
        self, failures: int = 5, seconds: float = 30, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    def of(self, provider: str) -> Breaker:
        return self._breakers.setdefault(provider, Breaker(self._failures, self._seconds, self._clock))

    @property
    def states(self) -> dict[str, BreakerState]:
        return {provider: breaker.state for provider, breaker in sorted(self._breakers.items())}
