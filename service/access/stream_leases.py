"""The streams that each party has open in all replicas: a sorted set in Redis, with an end for each stream.

A process renews the ends of its own; those of one that died pass. Those of a process that is cut off
from Redis pass too, and come back with its next renewal. Redis's clock is the only one.
"""

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from .open_streams import OpenStreams, Place
from .parties import Party
from .redis_link import PREFIX, Away, RedisLink

LEASE_SECONDS = 30.0

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_TAKE = f"""{_NOW}
local lease, bound = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 4, #ARGV do redis.call('ZREM', KEYS[1], ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= bound then return 0 end
redis.call('ZADD', KEYS[1], now + lease, ARGV[3])
redis.call('PEXPIRE', KEYS[1], lease)
return 1
"""

_RENEW = f"""{_NOW}
local lease = tonumber(ARGV[1])
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + lease, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], lease)
"""


class StreamLeases:
    """Those of one process. `own` are its streams, also those that it let in while Redis was away."""

    def __init__(self, link: RedisLink, own: OpenStreams) -> None:
        self._link = link
        self._own = own
        self._process = secrets.token_hex(8)
        self._take = link.redis.register_script(_TAKE)
        self._closed: set[Place] = set()  # of which Redis is still to be told
        self._telling: asyncio.Task[None] | None = None
        self._one_after_the_other = asyncio.Lock()  # so that no renewal brings back what was closed

    async def open(self, party: Party, bound: int) -> Place | None:
        """None where all places are taken; while Redis is away, where this process has given as many."""
        place = self._own.place_for(party)
        closed = [self._member(other) for other in self._closed if other.party == party]
        arguments: list[int | str] = [_lease(), bound, self._member(place), *closed]
        try:
            taken = await self._link.ask(lambda: self._take(keys=[_key(party)], args=arguments))
        except Away:
            taken = self._own.has_room(party, bound)
        except BaseException:  # cancelled: it may be taken all the same
            self._tell(place)
            raise
        if not taken:
            return None
        self._own.take(place)
        return place

    def close(self, place: Place) -> None:
        """Waits for nothing: Redis is told in a task."""
        self._own.free(place)
        self._tell(place)

    async def renew(self) -> None:
        """All in one pipeline; where there are none, it only asks whether Redis is there."""
        async with self._one_after_the_other, self._link.redis.pipeline(transaction=False) as pipeline:
            pipeline.ping()
            for party, places in self._own.taken().items():
                pipeline.eval(_RENEW, 1, _key(party), _lease(), *map(self._member, places))
            await pipeline.execute()

    async def stop(self) -> None:
        """Free all places in Redis, those too whose streams have not ended yet."""
        for places in self._own.taken().values():
            for place in places:
                self._tell(place)
        if self._telling:
            await asyncio.wait({self._telling})

    def _tell(self, place: Place) -> None:
        self._closed.add(place)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_closed())

    async def _tell_closed(self) -> None:
        while told := tuple(self._closed):
            with suppress(Away):  # then their ends pass
                await self._link.ask(partial(self._remove, told))
            self._closed.difference_update(told)

    async def _remove(self, places: Iterable[Place]) -> None:
        async with self._one_after_the_other, self._link.redis.pipeline(transaction=False) as pipeline:
            for place in places:
                pipeline.zrem(_key(place.party), self._member(place))
            await pipeline.execute()

    def _member(self, place: Place) -> str:
        return f"{self._process}:{place.number}"


def _lease() -> int:
    return int(LEASE_SECONDS * 1000)


def _key(party: Party) -> str:
    return ":".join((PREFIX, "streams", *party))
