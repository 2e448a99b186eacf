"""What runs tell is written behind their backs, together, and in the end all of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from anyio import fail_after
from sqlalchemy import RowMapping, Table, select

from service.database import Database, open_database
from service.database_url import parse_database_url
from service.errors import Overloaded
from service.event_log.base import Record, entry_of
from service.event_log.memory import MemoryEventLog
from service.events import Approval, Event, ToolCall, ToolEnd, ToolError, Usage
from service.history import recorder, stretches
from service.history.account import Account
from service.history.history import History, open_history
from service.history.recorded_log import RecordedLog
from service.history.recovery import close_lost_runs
from service.history.tables import MODEL_CALLS, RUNS, TOOL_CALLS
from service.migrations import migrate
from tests.history.runs import BEGAN, row
from tests.postgres import Server
from tests.runs.driving import records_of, started
from tests.wire.stories import cancelled, done, ended, failed, restart, token, tool_end, tool_start

RUN, OTHER = f"{1:026}", f"{2:026}"


class Kept:
    """Runs of one process, recorded in a database."""

    def __init__(self, database: Database, history: History, log: RecordedLog) -> None:
        self.database = database
        self.history = history
        self.log = log

    async def begin(self, run_id: str = RUN, **columns: Any) -> None:
        number = int(run_id)
        await self.history.begin({**row(number, "a prompt", "", status="queued"), **columns})
        await self.log.open(run_id)
        await self.tell(replace(started(run_id), created_at=BEGAN.isoformat()), run_id=run_id)

    async def tell(self, *events: Event, run_id: str = RUN) -> None:
        await self.log.append(run_id, 1, [entry_of(event) for event in events])

    async def end(self, event: Event, run_id: str = RUN) -> None:
        await self.tell(event, run_id=run_id)
        await self.log.close(run_id)

    async def expire(self, run_id: str = RUN) -> None:
        await self.log.expire(run_id)
        self.log.forgot(run_id)

    async def rows(self, table: Table, run_id: str = RUN) -> Sequence[RowMapping]:
        await self.history._recorder.settle()
        async with self.database.reading() as connection:
            return (await connection.execute(select(table).where(table.c.run_id == run_id))).mappings().all()


@asynccontextmanager
async def keeping(database: Database) -> AsyncIterator[Kept]:
    async with open_history(database, text_of=lambda run_id: log.answer(run_id)) as history:
        log = RecordedLog(MemoryEventLog(ttl=3600, max_bytes=1 << 30), history)
        yield Kept(database, history, log)


@pytest.fixture
async def kept(database: Database) -> AsyncIterator[Kept]:
    async with keeping(database) as kept:
        yield kept


@pytest.mark.parametrize("count", [0, 1, 997, 998, 999, 2500])
async def test_the_events_of_a_run_come_back_as_they_were(kept: Kept, count: int) -> None:
    await kept.begin()
    for number in range(count):
        await kept.tell(token(f"{number} \0 é\n🙂"))
        if number % 400 == 0:
            await kept.history._recorder.settle()
    await kept.end(done())
    before = await records_of(kept.log, RUN)
    assert [record.seq for record in before] == list(range(1, count + 3))
    await kept.expire()
    assert await records_of(kept.log, RUN) == before
    extent = await kept.log.extent(RUN)
    assert (extent.last, extent.closed) == (count + 2, True)


async def test_they_are_read_on_from_any_place(kept: Kept) -> None:
    await kept.begin()
    await kept.tell(*[token(str(number)) for number in range(1500)])
    await kept.end(done())
    before = await records_of(kept.log, RUN)
    await kept.expire()
    for after in (1, 999, 1000, 1001, 1501, 1502):
        async for batch in kept.log.read(RUN, after):
            assert batch[0] == before[after]
            break
        else:
            assert after == 1502


@pytest.mark.parametrize(
    ("ending", "status", "response"),
    [(done(), "succeeded", "hi"), (cancelled(), "cancelled", "hi"), (failed(), "failed", "so far")],
)
async def test_a_runs_row_says_how_it_ended_and_what_it_answered(
    kept: Kept, ending: Event, status: str, response: str
) -> None:
    await kept.begin()
    await kept.tell(token("so "), token("hidden", "m2", "inner"), token("far"))
    await kept.end(ending)
    (found,) = await kept.rows(RUNS)
    assert (found["status"], found["response"], found["duration_ms"]) == (status, response, 9)
    assert orjson.loads(found["ending"])["t"] == 9
    assert found["ended_at"] - found["started_at"] == timedelta(milliseconds=9)


async def test_a_run_waits_and_goes_on(kept: Kept) -> None:
    await kept.begin()
    await kept.tell(Approval(t=1, interrupt_id="i", value=1, requests=[]))
    assert (await kept.rows(RUNS))[0]["status"] == "waiting"
    await kept.tell(token("on"))
    assert (await kept.rows(RUNS))[0]["status"] == "running"
    await kept.end(done())


async def test_a_tool_call_is_kept_whole(kept: Kept) -> None:
    await kept.begin()
    for piece in ('{"a"', ": 1}"):
        call = ToolCall(
            t=1, message_id="m1", step=None, tool_call_id="c1", index=0, name="add", args_delta=piece
        )
        await kept.tell(call)
        await kept.history._recorder.settle()
    await kept.tell(tool_start())
    cut = ToolEnd(
        t=1,
        tool_call_id="c1",
        name="add",
        output="xx",
        duration_ms=3,
        truncated=True,
        size=5000,
        whole="x" * 5000,
    )
    await kept.tell(cut)
    await kept.end(done())
    tool = await kept.history.tool(RUN, "c1")
    assert (tool["status"], tool["args"], tool["input"]) == ("succeeded", '{"a": 1}', '{"a":1}')
    assert orjson.loads(tool["output"]) == "x" * 5000
    assert b"whole" not in (await records_of(kept.log, RUN))[-2].line


async def test_a_call_by_the_id_of_one_that_was_superseded_is_kept_as_its_own(kept: Kept) -> None:
    await kept.begin()
    for message_id, args in (("m1", '{"a'), ("m2", '{"a": 1}')):  # Kimi's ids count from 0 in each message
        call = ToolCall(
            t=1, message_id=message_id, step=None, tool_call_id="c1", index=0, name="add", args_delta=args
        )
        await kept.tell(call)
        if message_id == "m1":
            await kept.tell(restart("m1"), ended("m1"))
    await kept.tell(tool_start(), tool_end())
    await kept.end(done())
    tool = await kept.history.tool(RUN, "c1")
    assert (tool["message_id"], tool["args"], tool["status"]) == ("m2", '{"a": 1}', "succeeded")
    assert tool["error"] is None


async def test_a_tool_call_that_failed_is_kept_with_why(kept: Kept) -> None:
    await kept.begin()
    error = ToolError(
        t=1, tool_call_id="\0" * 999, name="add\0", code="tool_failed", message="no\0", duration_ms=1
    )
    await kept.tell(error)
    await kept.end(done())
    (tool,) = await kept.rows(TOOL_CALLS)
    assert (tool["status"], orjson.loads(tool["error"])["message"]) == ("failed", "no\0")
    assert await kept.history.tool(RUN, "\N{REPLACEMENT CHARACTER}" * 999) == dict(tool)


async def test_a_model_call_is_kept_with_what_it_used(kept: Kept) -> None:
    await kept.begin()
    usage = Usage(
        t=1,
        message_id="m1",
        model="m",
        input_tokens=1,
        output_tokens=2,
        total_tokens=3,
        cached_tokens=0,
        reasoning_tokens=0,
    )
    await kept.tell(ended(), usage)
    await kept.end(done())
    (call,) = await kept.rows(MODEL_CALLS)
    assert (call["model"], call["finish_reason"], orjson.loads(call["usage"])["total_tokens"]) == (
        "m",
        "stop",
        3,
    )


async def test_who_takes_a_run_over_goes_on_with_its_rows_and_cuts_none_of_them(kept: Kept) -> None:
    await kept.begin(started_at=BEGAN)
    cut = ToolEnd(
        t=1, tool_call_id="c1", name="add", output="xx", duration_ms=3, truncated=True, whole="x" * 50
    )
    later = ToolCall(t=1, message_id="m1", step=None, tool_call_id="c2", index=0, name="add", args_delta="{}")
    await kept.tell(tool_start(), cut, later)
    await kept.rows(RUNS)
    account = Account.of(RUN, 2, await records_of_open(kept), BEGAN)
    assert (account.take_run(), account.take_tools(), account.take_models()) == ([], [], [])
    kept.history.take_over(account)
    await kept.tell(replace(tool_start(), tool_call_id="c2"), token("on"))
    first, second = await kept.rows(TOOL_CALLS)
    assert orjson.loads(first["output"]) == "x" * 50
    assert (second["args"], second["input"], second["status"]) == ("{}", '{"a":1}', "running")
    await kept.end(done())
    assert (await kept.rows(RUNS))[0]["attempt"] == 2


async def test_runs_of_a_process_that_died_are_closed_with_what_they_had_told(database: Database) -> None:
    async with keeping(database) as before:
        await before.begin(started_at=BEGAN)
        await before.tell(token("so "), tool_start(), token("far"))
        await before.history.begin(row(2, "never begun", "", status="queued"))
        told = await records_of_open(before)
    assert await close_lost_runs(database) == 2
    assert await close_lost_runs(database) == 0
    async with keeping(database) as after:
        records = await records_of(after.log, RUN)
        assert records[:-1] == told
        last = records[-1]
        assert (last.name, last.seq, orjson.loads(last.line)["code"]) == (
            "error",
            len(told) + 1,
            "owner_lost",
        )
        (run,) = await after.rows(RUNS)
        assert (run["status"], run["response"]) == ("failed", "so far")
        (tool,) = await after.rows(TOOL_CALLS)
        assert (tool["status"], orjson.loads(tool["error"])["code"]) == ("failed", "owner_lost")
        assert [record.name for record in await records_of(after.log, OTHER)] == ["run", "error"]


async def records_of_open(kept: Kept) -> list[Record]:
    """Of a run that goes on."""
    async for batch in kept.log.read(RUN):
        return batch
    return []


async def test_what_cannot_be_written_ever_holds_up_nothing_else(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder, "INTERVAL", 60)  # both in one batch
    await kept.begin()
    await kept.begin(OTHER)
    await kept.tell(token("x"), run_id=OTHER)
    await kept.end(done())

    def broken(run_id: str, *others: Any) -> Any:
        rows = stretches.stretches(run_id, *others)
        return ({**each, "lines": None} if run_id == OTHER else each for each in rows)

    monkeypatch.setattr(recorder, "stretches", broken)
    assert (await kept.rows(RUNS))[0]["status"] == "succeeded"
    assert OTHER in caplog.text
    monkeypatch.setattr(recorder, "stretches", stretches.stretches)
    await kept.end(done(), run_id=OTHER)
    assert (await kept.rows(RUNS, OTHER))[0]["status"] == "succeeded"


@pytest.fixture
async def server(postgres: Server) -> AsyncIterator[Callable[[], AbstractAsyncContextManager[None]]]:
    """A server that a test takes away for a while."""

    @asynccontextmanager
    async def away() -> AsyncIterator[None]:
        await asyncio.to_thread(postgres.stop, "fast")
        try:
            yield
        finally:
            await asyncio.to_thread(postgres.start)

    yield away


@pytest.mark.needs("postgresql")
async def test_while_the_database_is_away_runs_go_on_and_are_written_when_it_is_back(
    server: Callable[[], AbstractAsyncContextManager[None]],
    postgres: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_database(parse_database_url(postgres.url(postgres.create_database()))) as database:
        await migrate(database)
        async with keeping(database) as kept:
            await kept.begin()
            monkeypatch.setattr(recorder, "BEGIN_SECONDS", 0.2)
            async with server():
                await kept.tell(token("while it was away"))
                await kept.end(failed())
                with pytest.raises(Overloaded) as refused:
                    await kept.history.begin(row(2, "x", ""))
                assert refused.value.busy and refused.value.retry_after
                assert len(await records_of(kept.log, RUN)) == 3
            with fail_after(30):
                (run,) = await kept.rows(RUNS)
            assert (run["status"], run["response"]) == ("failed", "while it was away")
            assert await kept.rows(RUNS, OTHER) == []
            await kept.expire()
            assert len(await records_of(kept.log, RUN)) == 3
