"""What all counts must do, those of one process and those in Redis. Redis's own clock cannot be set."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from service.access.caller import ANYONE, Caller
from service.access.counts import OwnCounts
from service.access.limits import READS_PER_START, CallerLimits, LimitPolicy, Rate, RateLimited
from service.access.parties import TEAM_SHARE, Party, party_of
from service.errors import Overloaded
from tests.redis_server import RedisServer

HERE, THERE = "192.0.2.1", "192.0.2.2"
MINE, ANOTHER = party_of(ANYONE, HERE), party_of(ANYONE, THERE)
HOUR = 3600  # a window that no test outlives

Opening = Callable[[LimitPolicy], AbstractAsyncContextManager[CallerLimits]]


@asynccontextmanager
async def in_memory(policy: LimitPolicy) -> AsyncIterator[CallerLimits]:
    yield CallerLimits(policy, OwnCounts())


@dataclass
class InRedis:
    url: str

    @asynccontextmanager
    async def __call__(self, policy: LimitPolicy) -> AsyncIterator[CallerLimits]:
        limits = CallerLimits(policy)
        async with limits.shared(self.url):
            yield limits


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.needs("redis"))])
def opening(request: pytest.FixtureRequest) -> Opening:
    if request.param == "memory":
        return in_memory
    server: RedisServer = request.getfixturevalue("redis_server")
    return InRedis(server.url)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", 20)


def policy(rate: Rate | None = None, *, tokens: int = 0, streams: int = 0, **routes: Rate) -> LimitPolicy:
    own = {f"/{name}": each for name, each in routes.items()}
    return LimitPolicy(rate=rate, routes=own, tokens_per_minute=tokens, streams=streams)


async def remaining(limits: CallerLimits, caller: Caller = ANYONE, **where: str) -> int | None:
    """None where it was refused."""
    asked = {"kind": "start", "route": "/x", "address": HERE} | where
    try:
        # `asked` is a dict of any.
        standing = await limits.admit(caller=caller, **asked)  # type: ignore[arg-type]
    except RateLimited as refused:
        assert 1 <= refused.retry_after <= 2 * refused.standing.rate.seconds
        return None
    assert standing is not None and standing.reset >= 1
    return standing.remaining


async def has_room(limits: CallerLimits, party: Party = MINE) -> bool:
    try:
        place = await limits.open_stream(party)
    except Overloaded:
        return False
    assert place
    limits.close_stream(place)
    return True


async def test_so_many_are_let_through_and_each_is_told_what_is_left(opening: Opening) -> None:
    async with opening(policy(Rate(3, HOUR))) as limits:
        assert [await remaining(limits) for _ in range(5)] == [2, 1, 0, None, None]


async def test_starts_reads_routes_and_addresses_are_counted_apart(opening: Opening) -> None:
    async with opening(policy(Rate(1, HOUR), wide=Rate(7, HOUR))) as limits:
        assert await remaining(limits) == 0
        assert await remaining(limits, kind="read") == READS_PER_START - 1
        assert await remaining(limits, route="/wide") == 6
        assert await remaining(limits, address=THERE) == 0
        assert await remaining(limits, Caller(owner="ann", key_id="k")) == 0
        assert await remaining(limits, Caller(owner="ann", key_id="k"), address=THERE) is None


async def test_a_team_has_its_share_and_whoever_is_refused_takes_nothing_of_it(opening: Opening) -> None:
    async with opening(policy(Rate(1, HOUR))) as limits:
        keys = [Caller(owner=f"o{n}", key_id=f"k{n}", team="blue") for n in range(TEAM_SHARE + 1)]
        for _ in range(2 * TEAM_SHARE):
            await remaining(limits, keys[0])
        assert [await remaining(limits, key) for key in keys[1:]] == [0] * (TEAM_SHARE - 1) + [None]


async def test_tokens_keep_the_next_from_starting_however_many_there_were(opening: Opening) -> None:
    async with opening(policy(Rate(100, HOUR), tokens=1000)) as limits:
        limits.spend(ANYONE, HERE, 999)
        assert await remaining(limits) == 99
        limits.spend(ANYONE, HERE, 5000)
        assert await remaining(limits) is None
        assert await remaining(limits, kind="read") is not None
        assert await remaining(limits, address=THERE) == 99


async def test_a_place_is_free_at_once_when_its_stream_is_closed(opening: Opening) -> None:
    async with opening(policy(streams=2)) as limits:
        first, _ = await limits.open_stream(MINE), await limits.open_stream(MINE)
        assert first and not await has_room(limits) and await has_room(limits, ANOTHER)
        limits.close_stream(first)
        assert [await has_room(limits) for _ in range(20)] == [True] * 20


async def test_without_a_bound_streams_are_not_counted(opening: Opening) -> None:
    async with opening(policy()) as limits:
        assert [await limits.open_stream(MINE) for _ in range(100)] == [None] * 100
