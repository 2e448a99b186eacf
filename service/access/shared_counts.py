"""Counts in Redis, for all replicas together; while it is away, those of this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from limits.aio.storage import SlidingWindowCounterSupport

from .counts import OwnCounts
from .open_streams import Place
from .parties import Party
from .redis_link import Away, RedisLink, open_redis_link
from .stream_leases import StreamLeases

EVERY_SECONDS = 5.0  # leases are renewed, and a Redis that is away is tried again
ANY = 2**53  # more than any window counts, and what Lua's numbers still tell apart

T = TypeVar("T")


class SharedCounts:
    def __init__(self, link: RedisLink, own: OwnCounts) -> None:
        self._link = link
        self._own = own
        self._leases = StreamLeases(link, own.streams)
        self._spending: set[asyncio.Task[None]] = set()

    async def within(self, what: Callable[[SlidingWindowCounterSupport], Awaitable[T]]) -> T:
        try:
            return await self._link.ask(lambda: self._in_redis(what))
        except Away:
            return await self._own.within(what)

    def spend(self, key: str, seconds: int, amount: int) -> None:
        """Waits for nothing; whatever comes to look afterwards waits for it."""
        if self._link.is_away:
            self._own.spend(key, seconds, amount)
            return
        task = asyncio.create_task(self._spend(key, seconds, amount))
        self._spending.add(task)
        task.add_done_callback(self._spending.discard)

    async def open(self, party: Party, bound: int) -> Place | None:
        return await self._leases.open(party, bound)

    def close(self, place: Place) -> None:
        self._leases.close(place)

    async def reach(self) -> None:
        await self._link.reach()

    async def keep(self) -> None:
        """Renew the leases, now and then, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.renew()

    async def renew(self) -> None:
        with suppress(Away):
            await self._link.try_again(self._leases.renew)

    async def stop(self) -> None:
        await self._leases.stop()
        while self._spending:
            await asyncio.wait(self._spending)

    async def _in_redis(self, what: Callable[[SlidingWindowCounterSupport], Awaitable[T]]) -> T:
        if self._spending:
            await asyncio.wait(self._spending)
        return await what(self._link.windows)

    async def _spend(self, key: str, seconds: int, amount: int) -> None:
        try:
            await self._link.ask(
                lambda: self._link.windows.acquire_sliding_window_entry(key, ANY, seconds, amount)
            )
        except Away:
            self._own.spend(key, seconds, amount)


@asynccontextmanager
async def open_shared_counts(redis_url: str, own: OwnCounts) -> AsyncIterator[SharedCounts]:
    """Raises StartError for what redis-py cannot read; one that is away is only logged."""
    async with open_redis_link(redis_url) as link:
        counts = SharedCounts(link, own)
        await counts.renew()
        keeping = asyncio.create_task(counts.keep())
        try:
            yield counts
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            await counts.stop()
