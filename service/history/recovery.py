"""Closes the runs of a process that died: what they had told stays, and their logs get their last event."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

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


OnClosed = Callable[[StoredRun, Mapping[str, Any]], None]  # a run, and its row now that it has ended


async def close_lost_runs(
    database: Database,
    taken_over: Collection[str] = (),
    on_closed: OnClosed = lambda run, row: None,
) -> int:
    """Before any run begins, all but those that are taken over; returns how many were lost."""
    unfinished = await database.read(store.unfinished)
    lost = [run for run in unfinished if run.run_id not in taken_over]
    for run in lost:
        on_closed(run, await database.write(partial(_close, run=run)))
    return len(lost)


async def forget_lost_checkpoints(
    database: Database, checkpoints: LastingCheckpoints, taken_over: Collection[str]
) -> None:
    """Of runs that wait no more, and of those that ended when it could not be done."""
    for run_id in await database.read(partial(waiting_rows.others, taken_over=taken_over)):
        await checkpoints.delete(run_id)
        await database.write(partial(waiting_rows.forget, run_id=run_id))


def _close(connection: Connection, run: StoredRun) -> Mapping[str, Any]:
    records = all_events(connection, run.run_id)
    last = records[-1] if records else None
    ending = _ending(run, last)
    began = run.started_at or run.created_at
    account = Account.of(run.run_id, run.attempt, records, began)
    if not records:
        account.take(entry_of(_beginning(run)), began)
    account.take(ending[-1], run.created_at)
    rows = [{**row, "response": clean(answer_in(records))} for row in account.take_run()]
    first_seq = last.seq + 1 if last else 1
    events = list(stretches(run.run_id, run.attempt, first_seq, ending))
    store.write(connection, Changes(runs=rows, events=events))
    store.close_tools(connection, run.run_id, "owner_lost", OWNER_LOST)
    return rows[-1]


def all_events(connection: Connection, run_id: str) -> list[Record]:
    """Of a run, in their order."""
    records: list[Record] = []
    while more := store.read_events(connection, run_id, records[-1].seq if records else 0):
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
