"""Whether the service can do its work, with each thing that it depends on and how long that takes to answer.

All are asked at once, each for a second at most, and an answer serves everybody who asks within a second: the
question is open to all, and must not be a way to load the database.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
KEPT_SECONDS = 1.0

State = Literal["ok", "degraded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`look` returns where it is well, or the seconds that it lags behind, and raises where it is not.
    What is not `needed` only degrades the service where it is away; above `slow` seconds all do."""

    look: Callable[[], Awaitable[float | None]]
    needed: bool = True
    slow: float | None = None


@dataclass(frozen=True, slots=True)
class Health:
    state: State
    latency_ms: float


class Readiness:
    """`draining` says whether the service takes no more runs, since it is about to end."""

    def __init__(self, dependencies: dict[str, Dependency], draining: Callable[[], bool]) -> None:
        self._dependencies = dependencies
        self._draining = draining
        self._lock = asyncio.Lock()
        self._known: dict[str, Health] = {}
        self._looked = float("-inf")

    @property
    def draining(self) -> bool:
        return self._draining()

    async def look(self) -> dict[str, Health]:
        """The health of each, by its name; at most a second old."""
        async with self._lock:
            if time.monotonic() - self._looked >= KEPT_SECONDS:
                found = await asyncio.gather(*map(_health_of, self._dependencies.values()))
                self._known = dict(zip(self._dependencies, found, strict=True))
                self._looked = time.monotonic()
        return self._known

    async def state(self) -> tuple[State, dict[str, Health]]:
        """Of all together, and of each."""
        each = await self.look()
        states: set[State] = {health.state for health in each.values()}
        if self.draining or "failed" in states:
            return "failed", each
        return ("degraded" if "degraded" in states else "ok"), each


async def _health_of(dependency: Dependency) -> Health:
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            lag = await dependency.look()
    except Exception as error:
        logger.debug("not ready", exc_info=error)
        return Health("failed" if dependency.needed else "degraded", _ms(time.monotonic() - began))
    seconds = time.monotonic() - began if lag is None else lag
    slow = dependency.slow is not None and seconds > dependency.slow
    return Health("degraded" if slow else "ok", _ms(seconds))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
