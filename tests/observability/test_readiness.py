"""Readiness: what it says of each dependency, to whom, and that asking cannot hurt."""

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import orjson
import pytest

from service.observability.readiness import Dependency, Readiness
from tests.access.secured import secured
from tests.redis_server import RedisServer
from tests.served_chains import GATES
from tests.serving import TIMEOUT, Served, serving

pytestmark = pytest.mark.anyio

Look = Callable[[], Awaitable[float | None]]


def loaded(served: Served, path: str = "/ready") -> tuple[int, dict[str, object]]:
    answer = served.get(path)
    return answer.status, orjson.loads(answer.body)


async def well() -> None:
    pass


async def away() -> None:
    raise ConnectionError("postgresql://ann:secret@db.internal")


async def hanging() -> None:
    await asyncio.Event().wait()


def readiness(look: Look, *, needed: bool = True, slow: float | None = None) -> Readiness:
    return Readiness({"it": Dependency(look=look, needed=needed, slow=slow)}, lambda: False)


def test_a_service_that_is_well_is_ready_and_says_of_what(served: Served) -> None:
    status, said = loaded(served)
    assert (status, said["draining"]) == (200, False)
    dependencies = said["dependencies"]
    assert isinstance(dependencies, dict) and list(dependencies) == ["database", "event_loop"]
    assert dependencies["database"]["status"] == "ok" and dependencies["database"]["latency_ms"] > 0
    assert dependencies["event_loop"]["latency_ms"] >= 0  # on a busy machine it may lag
    assert loaded(served, "/readyz")[0] == 200


def test_it_needs_no_key() -> None:
    with secured() as service:
        assert service.served.get("/ready").status == 200


@pytest.mark.needs("redis")
def test_without_its_redis_a_service_is_degraded_and_goes_on(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("service.access.redis_link", "service.observability.readiness"):
        monkeypatch.setattr(f"{module}.PATIENCE_SECONDS", TIMEOUT)  # however busy the machine is
    with serving(redis_url=redis_server.url) as served:
        assert loaded(served)[1]["dependencies"]["redis"]["status"] == "ok"  # type: ignore[index]
    with serving(redis_url="redis://127.0.0.1:1/0") as served:
        status, said = loaded(served)
        assert (status, said["status"]) == (200, "degraded")
        assert said["dependencies"]["redis"]["status"] == "degraded"  # type: ignore[index]


def test_a_service_that_drains_is_not_ready() -> None:
    with serving(shutdown_grace_seconds=20) as served:
        served.post("/runs", b'{"chain": "numbered", "input": "tokens=2 hold=1 gate=draining-readiness"}')
        served.app.state.services.drain.set()
        answer = served.get("/ready")
        GATES["draining-readiness"].open()
        said = orjson.loads(answer.body)
        assert (answer.status, said["status"], said["draining"]) == (503, "not_ready", True)
        assert served.get("/health").status == 200


@pytest.mark.parametrize(
    ("look", "needed", "state"),
    [(well, True, "ok"), (away, True, "failed"), (away, False, "degraded")],
)
async def test_what_is_away_fails_the_service_where_it_is_needed(
    look: Look, needed: bool, state: str
) -> None:
    found, each = await readiness(look, needed=needed).state()
    assert (found, each["it"].state) == (state, state)


async def test_what_hangs_is_given_up_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.observability.readiness.PATIENCE_SECONDS", 0.01)
    with anyio.fail_after(5):
        assert (await readiness(hanging).state())[0] == "failed"


async def test_what_lags_degrades_the_service() -> None:
    async def lagging() -> float:
        return 2.0

    found, each = await readiness(lagging, slow=0.5).state()
    assert (found, each["it"].latency_ms) == ("degraded", 2000.0)


async def test_many_who_ask_at_once_load_what_is_asked_once() -> None:
    asked = 0

    async def counted() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    shared = readiness(counted)
    await asyncio.gather(*(shared.state() for _ in range(100)))
    assert asked == 1
