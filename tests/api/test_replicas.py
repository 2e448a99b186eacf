"""Two services on one Redis: together they let through what one would, and go on without it."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.amounts import SHARED_REQUESTS
from tests.api.sockets import talking
from tests.api.test_limits import LIMIT, LIMITED, ONE, limited, reading, refused
from tests.api.test_start_and_stop import process
from tests.redis_server import RedisServer
from tests.serving import TIMEOUT, Served, request_bytes, serving

KEY = "chainstream:streams:address:127.0.0.1"
HELD = "/stream?chain=numbered&query=tokens=30 hold=10 gate="

pytestmark = pytest.mark.needs("redis")


@contextmanager
def replicas(server: RedisServer, **settings: Any) -> Iterator[tuple[Served, Served]]:
    settings |= {"redis_url": server.url}
    with serving(**settings) as one, serving(**settings) as other:
        yield one, other


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", TIMEOUT)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator["Told"]:
    """What is logged of Redis, which is tried again all the time."""
    monkeypatch.setattr("service.access.shared_counts.EVERY_SECONDS", 0.01)
    logger, told = logging.getLogger("service.access.redis_link"), Told()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(told)
    yield told
    logger.removeHandler(told)
    logger.setLevel(level)


class Told(logging.Handler):
    """The lines of a log, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._more = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._more:
            self.lines.append(record.getMessage())
            self._more.notify_all()

    def wait_for(self, *beginnings: str) -> None:
        """So many lines, and no others, each with its beginning."""
        with self._more:
            self._more.wait_for(lambda: len(self.lines) >= len(beginnings), TIMEOUT)
            assert [line.startswith(each) for line, each in zip(self.lines, beginnings, strict=True)]


@pytest.mark.usefixtures("patient")
def test_requests_at_the_same_time_never_exceed_the_limit_in_sum(redis_server: RedisServer) -> None:
    limit = SHARED_REQUESTS // 2
    with replicas(redis_server, **LIMITED | {"rate_limit_requests": limit}) as both:
        # Routes are built at the first request, with the warnings of the whole process switched off and on.
        assert [replica.get(ONE).status for replica in both] == [200, 200]
        with ThreadPoolExecutor(8) as threads:
            asked = threads.map(lambda number: both[number % 2].get(ONE), range(SHARED_REQUESTS - 2))
            answers = Counter(answer.status for answer in asked)
        assert answers == {200: limit - 2, 429: SHARED_REQUESTS - limit}
        assert refused(both[0].get(ONE)) and refused(both[1].get(ONE))


@pytest.mark.usefixtures("patient")
def test_tokens_of_one_replicas_runs_keep_the_other_from_starting(redis_server: RedisServer) -> None:
    settings = LIMITED | {"rate_limit_requests": 100, "rate_limit_tokens_per_minute": 1}
    with replicas(redis_server, **settings) as (one, other):
        assert one.get("/stream?chain=chat&query=hi").status == 200
        assert refused(one.get("/stream?chain=chat&query=hi"))
        assert refused(other.get("/stream?chain=chat&query=hi"))


@pytest.mark.usefixtures("patient")
def test_open_streams_and_sockets_are_bounded_in_sum(redis_server: RedisServer, gate: str) -> None:
    with replicas(redis_server, max_streams_per_key=2) as (one, other):
        with reading(one, HELD + gate), talking(other):
            for replica in (one, other):
                assert refused(replica.get(ONE), "too_many_streams")
        for _ in range(300):
            if one.get(ONE).status == 200:
                break
        assert [one.get(ONE).status for _ in range(10)] == [200] * 10


@pytest.mark.usefixtures("patient")
def test_the_places_of_a_service_that_is_killed_are_free_when_their_leases_end(
    redis_server: RedisServer, gate: str
) -> None:
    settings = {"redis_url": redis_server.url, "max_streams_per_key": 1}
    with serving(**settings) as served, redis_server.client() as client:
        environment = {
            "REDIS_URL": redis_server.url,
            "MAX_STREAMS_PER_KEY": "1",
            "OFFLINE_TOKENS_PER_SECOND": "3",
        }
        with process(**environment) as (killed, port, _):
            with Served(port, served.app).connected() as connection:
                connection.sendall(request_bytes("GET", "/stream?query=a long story&chain=chat", b"", {}))
                assert b"200 OK" in connection.recv(200)
                assert refused(served.get(ONE), "too_many_streams")
                killed.kill()
                killed.wait(TIMEOUT)
        assert refused(served.get(ONE), "too_many_streams")
        # Redis-py's types are of its asynchronous client too.
        [(member, end)] = client.zrange(KEY, 0, -1, withscores=True)  # type: ignore[misc]
        assert 0 < client.pttl(KEY) <= 30_000  # type: ignore[operator]  # as above
        client.zadd(KEY, {member: end - 30_000})
        assert served.get(ONE).status == 200


@pytest.mark.usefixtures("patient")
def test_while_redis_is_gone_requests_are_answered_and_when_it_is_back_it_counts(
    redis_server: RedisServer, told: Told
) -> None:
    with limited(redis_url=redis_server.url, max_streams_per_key=5) as served:
        assert served.get(ONE).status == 200
        redis_server.stop()
        statuses = [served.get(ONE).status for _ in range(LIMIT + 2)]
        assert statuses == [200] * LIMIT + [429] * 2
        told.wait_for("Redis is away")
        redis_server.start()
        told.wait_for("Redis is away", "Redis is back")
        assert [served.get(ONE).status for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]
    assert len(told.lines) == 2


@pytest.mark.usefixtures("patient")
def test_a_redis_that_hangs_fails_no_request_and_is_used_again_when_it_answers(
    redis_server: RedisServer, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limited(redis_url=redis_server.url, max_streams_per_key=50) as served:
        with redis_server.held(), ThreadPoolExecutor(8) as threads:
            monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", 0.5)
            statuses = Counter(threads.map(lambda _: served.get(ONE).status, range(3 * LIMIT)))
            assert statuses == {200: LIMIT, 429: 2 * LIMIT}
            told.wait_for("Redis is away")
            monkeypatch.setattr("service.access.redis_link.PATIENCE_SECONDS", TIMEOUT)
        told.wait_for("Redis is away", "Redis is back")
        with redis_server.client() as client:
            # Redis-py's types are of its asynchronous client too.
            before = len(client.keys("*starts*"))  # type: ignore[arg-type]
            served.get(ONE)
            assert len(client.keys("*starts*")) == 1 and before <= 1  # type: ignore[arg-type]  # as above


def test_a_service_starts_without_its_redis_and_says_so(redis_server: RedisServer, told: Told) -> None:
    redis_server.stop()
    with limited(redis_url=redis_server.url) as served:
        told.wait_for("Redis is away")
        assert [served.get(ONE).status for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]
