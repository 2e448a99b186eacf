"""Closes the runs of a process that died: what they had told stays, and their logs get their last event."""

from collections.abc import Collection

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from ..database import Database
from ..database_checkpoints import LastingCheckpoints
from ..event_log.base import Entry, Record, entry_of
from ..events import RunError, RunStarted
from . import store, waiting_rows
from .account import Account, clean
from .recorded_log import answer_in
from .store import Changes, StoredRun
from .stretches import stretches

OWNER_LOST = "The process that this run was in died before its end."


async def close_lost_runs(database: Database, taken_over: Collection[str] = ()) -> int:
    """Before any run begins, all but those that are taken over; returns how many were lost."""
    async with database.reading() as connection:
        lost = [run for run in await store.unfinished(connection) if run.run_id not in taken_over]
    for run in lost:
        async with database.writing() as connection:
            await _close(connection, run)
    return len(lost)


async def forget_lost_checkpoints(
    database: Database, checkpoints: LastingCheckpoints, taken_over: Collection[str]
) -> None:
    """Of runs that wait no more, and of those that ended when it could not be done."""
    async with database.reading() as connection:
        lost = await waiting_rows.others(connection, taken_over)
    for run_id in lost:
        await checkpoints.delete(run_id)
        async with database.writing() as connection:
            await waiting_rows.forget(connection, run_id)


async def _close(connection: AsyncConnection, run: StoredRun) -> None:
    records = await all_events(connection, run.run_id)
    last = records[-1] if records else None
    ending = _ending(run, last)
    account = Account(run.run_id, run.attempt)
    account.take(entry_of(_beginning(run)), run.started_at or run.created_at)
    account.take(ending[-1], run.created_at)
    rows = [{**row, "response": clean("".join(answer_in(records)))} for row in account.take_run()]
    first_seq = last.seq + 1 if last else 1
    events = list(stretches(run.run_id, run.attempt, first_seq, ending))
    await connection.run_sync(store.write, Changes(runs=rows, events=events))
    await store.close_tools(connection, run.run_id, "owner_lost", OWNER_LOST)


async def all_events(connection: AsyncConnection, run_id: str) -> list[Record]:
    """Of a run, in their order."""
    records: list[Record] = []
    while more := await store.read_events(connection, run_id, records[-1].seq if records else 0):
        records += more
    return records


def _ending(run: StoredRun, last: Record | None) -> list[Entry]:
    t = orjson.loads(last.line)["t"] if last else 0
    error = RunError(t=t, code="owner_lost", message=OWNER_LOST, fault="service", retryable=True)
    return [entry_of(error)] if last else [entry_of(_beginning(run)), entry_of(error)]


def _beginning(run: StoredRun) -> RunStarted:
    return RunStarted(
        t=0,
        run_id=run.run_id,
        chain=run.chain,
        model=run.model,
        thread_id=run.thread_id,
        attempt=run.attempt,
        created_at=run.created_at.isoformat(),
    )
