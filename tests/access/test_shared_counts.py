"""What is in Redis: names that are ours, an end for each, leases that pass; and what goes on without it."""

import asyncio
import logging
import socket

import anyio
import pytest

from service.access.caller import ANYONE, Caller
from service.access.counts import OwnCounts
from service.access.limits import CallerLimits, Rate
from service.access.parties import party_of
from service.access.shared_counts import open_shared_counts
from service.access.stream_leases import LEASE_SECONDS
from service.errors import StartError
from service.settings import Settings
from tests.access.test_counts import HERE, HOUR, MINE, has_room, policy, remaining
from tests.redis_server import PASSWORD, QUOTED, RedisServer

KEY = "chainstream:streams:address:192.0.2.1"

pytestmark = pytest.mark.needs("redis")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is; and what is done now and then, is done when a test says so."""
    monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", 20)
    monkeypatch.setattr("service.access.shared_counts.EVERY_SECONDS", HOUR)


async def test_whatever_is_in_redis_is_under_our_name_and_has_an_end(redis_server: RedisServer) -> None:
    limits = CallerLimits(policy(Rate(5, 60), tokens=100, streams=5))
    caller = Caller(owner="ann", key_id="k", team="blue")
    async with limits.shared(redis_server.url):
        for kind in ("start", "read"):
            await remaining(limits, caller, kind=kind)
        limits.spend(caller, HERE, 7)
        await remaining(limits, caller)
        await limits.open_stream(party_of(caller, HERE))
        with redis_server.client() as client:
            ends = {str(key): client.pttl(key) for key in client.scan_iter()}
    assert len(ends) == 7 and all(key.startswith("chainstream:") for key in ends)
    # Redis-py's types are of its asynchronous client too.
    assert all(0 < int(end) <= 120_000 for end in ends.values())  # type: ignore[arg-type]


async def test_a_lease_that_nobody_renews_passes_and_its_place_is_free(redis_server: RedisServer) -> None:
    limits = CallerLimits(policy(streams=1))
    with redis_server.client() as client:
        now = float(client.time()[0])  # type: ignore[index]  # as above
        client.zadd(KEY, {"of one that was killed:1": (now + 20) * 1000})
        async with limits.shared(redis_server.url):
            assert not await has_room(limits)
            client.zadd(KEY, {"of one that was killed:1": (now - 1) * 1000})
            assert await has_room(limits)


async def test_a_lease_is_renewed_also_in_a_redis_that_has_forgotten_it(redis_server: RedisServer) -> None:
    async with open_shared_counts(redis_server.url, OwnCounts()) as counts:
        place = await counts.open(MINE, 1)
        assert place
        with redis_server.client() as client:
            client.delete(KEY)
            await counts.renew()
            members = client.zrange(KEY, 0, -1, withscores=True)
            now = float(client.time()[0])  # type: ignore[index]  # as above
            # As above.
            assert [round(end / 1000 - now) for _, end in members] == [  # type: ignore[union-attr]
                pytest.approx(LEASE_SECONDS, abs=5)
            ]
            counts.close(place)
            assert await counts.open(MINE, 1)


async def test_a_service_that_ends_in_order_leaves_no_stream_behind(redis_server: RedisServer) -> None:
    async with open_shared_counts(redis_server.url, OwnCounts()) as counts:
        closed, _ = await counts.open(MINE, 2), await counts.open(MINE, 2)
        assert closed
        counts.close(closed)
    with redis_server.client() as client:
        assert client.zcard(KEY) == 0


async def test_callers_that_leave_in_the_middle_leave_no_answer_for_the_next(
    redis_server: RedisServer,
) -> None:
    limits = CallerLimits(policy(Rate(1000, HOUR)))
    async with limits.shared(redis_server.url):
        for loops in range(40):
            leaving = [asyncio.create_task(remaining(limits, address="192.0.2.9")) for _ in range(5)]
            for _ in range(loops):
                await asyncio.sleep(0)
            for task in leaving:
                task.cancel()
            await asyncio.wait(leaving)
            assert await remaining(limits) == 999 - loops


async def test_while_redis_is_away_each_counts_by_itself_and_streams_go_on(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "service.access")
    limits = CallerLimits(policy(Rate(3, HOUR), tokens=10, streams=2), own := OwnCounts())
    async with limits.shared(redis_server.url):
        before = await limits.open_stream(MINE)
        assert before and await remaining(limits) == 2
        redis_server.stop()
        assert [await remaining(limits) for _ in range(4)] == [2, 1, 0, None]
        limits.spend(ANYONE, "192.0.2.7", 10)
        assert await remaining(limits, address="192.0.2.7") is None
        meanwhile = await limits.open_stream(MINE)
        assert meanwhile and not await has_room(limits)
        limits.close_stream(before)
        assert [len(places) for places in own.streams.taken().values()] == [1]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "Redis is away" in said[0] and PASSWORD not in said[0] + QUOTED


async def test_when_redis_is_back_it_counts_again_with_the_streams_of_meanwhile(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "service.access")
    async with open_shared_counts(redis_server.url, OwnCounts()) as counts:
        redis_server.stop()
        assert await counts.open(MINE, 2)
        await counts.renew()
        redis_server.start()
        assert await counts.open(MINE, 2)
        with redis_server.client() as client:
            assert client.zcard(KEY) == 0
            await counts.renew()
            assert client.zcard(KEY) == 2
            assert await counts.open(MINE, 3) and not await counts.open(MINE, 3)
            assert client.zcard(KEY) == 3
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2 and "Redis is away" in said[0] and "Redis is back" in said[1]


async def test_after_one_that_waited_in_vain_nobody_asks_a_redis_that_never_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        limits = CallerLimits(policy(Rate(3, HOUR), streams=2))
        async with limits.shared(f"redis://127.0.0.1:{silent.getsockname()[1]}"):
            silent.accept()[0].close()
            assert [await remaining(limits) for _ in range(4)] == [2, 1, 0, None]
            assert await has_room(limits)
            with pytest.raises(BlockingIOError):
                silent.accept()


async def test_one_request_waits_once_however_often_it_asks(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = CallerLimits(policy(Rate(3, HOUR), tokens=10))
    async with limits.shared(redis_server.url):
        assert await remaining(limits, Caller(owner="ann", team="blue")) == 2
        monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", 0.01)
        with redis_server.held(), anyio.fail_after(10):
            waited = [asyncio.create_task(remaining(limits)) for _ in range(3)]
            assert sorted([await each for each in waited], key=str) == [0, 1, 2]
            assert await remaining(limits) is None
        monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", 20)


async def test_a_wrong_password_is_told_in_the_log_without_it(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    limits = CallerLimits(policy(Rate(3, HOUR)))
    async with limits.shared(f"redis://:geheim-4711@127.0.0.1:{redis_server.port}"):
        assert await remaining(limits) == 2
    assert "Redis is away" in caplog.text and "password" in caplog.text and "4711" not in caplog.text


@pytest.mark.parametrize("query", ["no_such=1", "socket_timeout=soon", "max_connections=x"])
async def test_an_option_that_the_client_does_not_know_stops_the_start(query: str) -> None:
    with pytest.raises(StartError) as refused:
        async with CallerLimits(policy()).shared(f"redis://:geheim-4711@cache?{query}"):
            pass
    assert refused.value.code == "bad_redis_url" and "4711" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache",
        "redis://:p%40ss@cache:6379/2",
        "rediss://ann:s@cache.example:6380?ssl_cert_reqs=none",
        "redis://[::1]:6379/0",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_the_setting_takes_each_form_of_an_address(url: str) -> None:
    assert Settings(_env_file=None, redis_url=url).redis_url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        "http://cache",
        "redis://",
        "redis://cache:port",
        "redis://cache/first",
        "redis://:p@ss@cache",
        "redis://:p#ss@cache",
        "redis://[::1",
        "unix://",
    ],
)
def test_the_setting_refuses_what_is_no_address_without_telling_it(url: str) -> None:
    with pytest.raises(ValueError, match="it must be redis://") as refused:
        Settings(_env_file=None, redis_url=url)
    assert "input" not in str(refused.value)
