"""A PostgreSQL that restarts under live runs, and more streams than it has connections for them."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from socket import socket

import anyio
import orjson
import psycopg
import pytest
from psycopg import sql

from service import database
from service.database import POOL_SIZE, open_database
from service.database_url import parse_database_url
from service.history import recorder
from service.migrations import migrate
from tests.amounts import DATABASE_RUNS as RUNS
from tests.amounts import DATABASE_STREAMS as STREAMS
from tests.api.event_streams import frames_of
from tests.postgres import Server
from tests.served_chains import GATES
from tests.serving import Answer, Served, read_answer, request_bytes, serving

TRIES = 100
PATIENCE = 15  # seconds; less than a socket's
TOKENS = 6

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def address(new_postgres_url: Callable[[], str]) -> str:
    url = new_postgres_url()

    async def prepare() -> None:
        async with open_database(parse_database_url(url)) as opened:
            await migrate(opened)

    anyio.run(prepare)
    with psycopg.connect(url, autocommit=True) as connection:  # the tests' server forgets its last moments
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))
    return url


@contextmanager
def serving_on(address: str) -> Iterator[Served]:
    with serving(database_url=address, max_runs_running=RUNS + STREAMS, run_log_ttl_seconds=0) as served:
        yield served


def test_a_database_that_restarts_under_live_runs_changes_no_final_state(
    address: str, postgres: Server, gate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(6)
    before = [chance.randint(1, TOKENS) for _ in range(RUNS)]  # the token at which each run stops
    with serving_on(address) as served:
        started = [start(served, f"tokens={TOKENS} hold={hold} gate={gate}") for hold in before]
        assert {answer.status for answer in started} == {202}
        run_ids = [orjson.loads(answer.body)["run_id"] for answer in started]
        monkeypatch.setattr(recorder, "BEGIN_SECONDS", 0.5)
        postgres.stop("immediate")
        refused = start(served, "tokens=1")
        assert (refused.status, orjson.loads(refused.body)["code"]) == (503, "history_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        GATES[gate].open()
        postgres.start()
        answers = (start(served, "tokens=1").status for _ in range(TRIES))
        assert next((status for status in answers if status != 503), None) == 202
        for run_id in run_ids:
            frames = frames_of(served.get(f"/runs/{run_id}/events?format=events").body)
            assert frames[-1].event == "done"
    with serving_on(address) as served:  # which has nothing in memory
        for run_id in run_ids:
            kept = orjson.loads(served.get(f"/runs/{run_id}").body)
            text = "".join(f"run:{number}; " for number in range(1, TOKENS + 1))
            assert (kept["status"], kept["output"]) == ("succeeded", text)


def test_streams_hold_no_connection_to_the_database(
    address: str, gate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy the machine is: those who ask wait for one another's connection, and for no stream's.
    monkeypatch.setitem(database._POOL, "pool_timeout", PATIENCE)
    monkeypatch.setattr("service.history.history.ANSWER_SECONDS", PATIENCE)
    with serving_on(address) as served, ExitStack() as stack:
        streams = [stack.enter_context(served.connected()) for _ in range(STREAMS)]
        for stream in streams:
            path = f"/stream?chain=numbered&format=events&query=tokens=3 hold=2 gate={gate}"
            stream.sendall(request_bytes("GET", path, b"", {}))
        begun = [until(stream, b"run:1") for stream in streams]
        # What runs told is written now and then; a stream that held a connection would hold it all along.
        assert any(busy_connections(address) == 0 for _ in range(TRIES))
        with ThreadPoolExecutor(20) as others:
            statuses = set(others.map(lambda _: served.get("/history?limit=5").status, range(100)))
        assert statuses == {200}
        GATES[gate].open()
        for stream, head in zip(streams, begun, strict=True):
            assert frames_of(read_answer(stream, head=head).body)[-1].event == "done"
        assert connections(address) <= POOL_SIZE + 1  # and the one that holds the database


def start(served: Served, prompt: str) -> Answer:
    return served.post("/runs", orjson.dumps({"chain": "numbered", "input": prompt}))


def until(stream: socket, wanted: bytes) -> bytes:
    got = b""
    while wanted not in got:
        piece = stream.recv(65536)
        assert piece, got
        got += piece
    return got


OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'chainstream'"


def connections(address: str, where: str = "") -> int:
    with psycopg.connect(address) as connection:
        row = connection.execute(f"{OURS} AND datname = current_database(){where}").fetchone()
    assert row is not None
    return int(row[0])


def busy_connections(address: str) -> int:
    return connections(address, " AND state <> 'idle'")
