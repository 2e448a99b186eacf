"""What is older than it is to be kept goes, with all that belongs to it, and nothing else does."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from sqlalchemy import Table, func, select
from ulid import ULID

from service.app import create_app
from service.database import Database, open_database
from service.database_url import parse_database_url
from service.history import retention
from service.history.retention import open_retention, remove_older
from service.history.search import search
from service.history.tables import EVENTS, MODEL_CALLS, RUNS, THREADS, TOOL_CALLS
from service.history.threads import branch, turns_of
from service.settings import Settings
from tests.history.runs import row

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 6, 30, tzinfo=UTC)
CUT = NOW - timedelta(days=30)


def run_of(days_ago: float, **others: Any) -> dict[str, Any]:
    """A run that began and ended so many days ago."""
    at = NOW - timedelta(days=days_ago)
    given: dict[str, Any] = {"run_id": str(ULID.from_datetime(at)).lower(), "created_at": at, "ended_at": at}
    return row(1, "weather in Tokyo", "sunny", **(given | others))


def thread_of(thread_id: str, days_ago: float) -> dict[str, Any]:
    at = NOW - timedelta(days=days_ago)
    return {"thread_id": thread_id, "title": "", "metadata": "{}", "created_at": at, "updated_at": at}


async def add(database: Database, table: Table, *rows: dict[str, Any]) -> None:
    async with database.writing() as connection:
        for each in rows:
            await connection.execute(table.insert(), [each])


async def kept(database: Database, table: Table, column: str = "run_id") -> set[str]:
    async with database.reading() as connection:
        return set(await connection.scalars(select(table.c[column])))


async def test_runs_that_ended_longer_ago_go_with_all_that_belongs_to_them(database: Database) -> None:
    old, new = run_of(31), run_of(29)
    await add(database, RUNS, old, new)
    for run_id in (old["run_id"], new["run_id"]):
        stretch = {"run_id": run_id, "first_seq": 1, "last_seq": 1, "attempt": 1, "lines": b""}
        await add(database, EVENTS, stretch)
        await add(database, MODEL_CALLS, {"run_id": run_id, "message_id": "m1"})
        tool = {"run_id": run_id, "tool_call_id": "c1", "name": "clock", "status": "succeeded"}
        await add(database, TOOL_CALLS, tool)
    assert await remove_older(database, CUT) == (1, 0)
    for table in (RUNS, EVENTS, MODEL_CALLS, TOOL_CALLS):
        assert await kept(database, table) == {new["run_id"]}
    found, total = await search(database, query="tokyo", owner="", limit=10, offset=0, lang="simple")
    assert ([each.run_id for each in found], total) == ([new["run_id"]], 1)


async def test_a_run_that_has_not_ended_stays_and_one_that_ended_late_counts_from_its_end(
    database: Database,
) -> None:
    waiting = run_of(90, status="waiting", ended_at=None)
    approved_late = run_of(80, ended_at=NOW - timedelta(days=1))
    await add(database, RUNS, waiting, approved_late)
    assert await remove_older(database, CUT) == (0, 0)
    assert await kept(database, RUNS) == {waiting["run_id"], approved_late["run_id"]}


async def test_more_runs_than_are_found_at_once_all_go_however_many_stay_among_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FOUND", 5)
    several = 2 * retention.FOUND + 1
    going = [run_of(40 + number) for number in range(several)]
    staying = [run_of(40.5 + number, ended_at=None) for number in range(several)]
    await add(database, RUNS, *going, *staying)
    assert await remove_older(database, CUT) == (several, 0)
    assert await kept(database, RUNS) == {each["run_id"] for each in staying}


async def test_threads_go_that_are_empty_then_and_as_old(database: Database) -> None:
    rows = [thread_of("old", 40), thread_of("goes on", 40), thread_of("renamed", 1), thread_of("begun", 1)]
    await add(database, THREADS, *rows)
    runs = [run_of(40, thread_id="old"), run_of(2, thread_id="goes on"), run_of(40, thread_id="renamed")]
    await add(database, RUNS, *runs)
    assert await remove_older(database, CUT) == (2, 1)
    assert await kept(database, THREADS, "thread_id") == {"goes on", "renamed", "begun"}


async def test_a_run_that_followed_one_that_is_gone_begins_its_branch(database: Database) -> None:
    await add(database, THREADS, thread_of("t", 0))
    first = run_of(40, thread_id="t")
    second = run_of(20, thread_id="t", parent_run_id=first["run_id"])
    third = run_of(10, thread_id="t", parent_run_id=second["run_id"])
    await add(database, RUNS, first, second, third)
    await remove_older(database, CUT)
    turns = await database.read(lambda connection: turns_of(connection, "", "t"))
    assert [turn.run_id for turn in branch(turns, third["run_id"])] == [second["run_id"], third["run_id"]]


async def test_writers_have_their_turn_after_each_run(database: Database) -> None:
    await add(database, RUNS, *(run_of(40 + number) for number in range(20)))
    seen: list[int] = []

    async def write() -> None:
        while True:
            async with database.writing() as connection:
                seen.append(await connection.scalar(select(func.count()).select_from(RUNS)) or 0)

    writing = asyncio.create_task(write())
    await remove_older(database, CUT)
    writing.cancel()
    await asyncio.wait({writing})
    assert len([left for left in set(seen) if 0 < left < 20]) > 5


async def test_it_begins_at_the_start_and_ends_when_it_is_closed(database: Database) -> None:
    old, new = run_of(0, ended_at=datetime(2025, 1, 1, tzinfo=UTC)), run_of(0, ended_at=datetime.now(UTC))
    old["run_id"] = "0" * 26
    await add(database, RUNS, old, new)
    before = asyncio.all_tasks()
    with anyio.fail_after(10):
        async with open_retention(database, 30):
            while old["run_id"] in await kept(database, RUNS):
                pass  # asking lets it go on
        assert asyncio.all_tasks() == before
    assert await kept(database, RUNS) == {new["run_id"]}


async def test_a_service_deletes_by_its_setting(database_address: str) -> None:
    async with open_database(parse_database_url(database_address)) as database:
        await add(database, RUNS, run_of(0, run_id="0" * 26, ended_at=datetime(2025, 1, 1, tzinfo=UTC)))
    settings = Settings(_env_file=None, database_url=SecretStr(database_address), history_retention_days=30)
    app = create_app(settings)
    with anyio.fail_after(20):
        async with app.router.lifespan_context(app):
            while await app.state.services.history.find("0" * 26):
                pass  # asking lets it go on


async def test_without_a_number_of_days_nothing_is_ever_deleted(database: Database) -> None:
    old = run_of(5000)
    await add(database, RUNS, old)
    before = asyncio.all_tasks()
    async with open_retention(database, 0):
        assert asyncio.all_tasks() == before
    assert await kept(database, RUNS) == {old["run_id"]}
