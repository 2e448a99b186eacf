"""Writes out what history keeps: each run as a line of JSON, the oldest first.

One run at a time is in memory, and read at one moment; no transaction is open while a line is taken.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, Select, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from ..database import Reader
from ..errors import StartError
from ..event_log.base import Record
from ..values import encode_json
from . import store
from .account import Row
from .tables import MODEL_CALLS, RUNS, TOOL_CALLS

IDS_READ = 500  # at once


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which runs: those that began at `since` or later and before `until`; `events`: with these too."""

    since: datetime | None = None
    until: datetime | None = None
    thread_id: str | None = None
    events: bool = False


async def export_runs(reader: Reader, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """The lines. Raises StartError where the database goes away."""
    last = ""
    try:
        while ids := await _next_ids(reader, wanted, last):
            for run_id in ids:
                if line := await reader.read(partial(_line_of, run_id=run_id, events=wanted.events)):
                    yield line
            last = ids[-1]
    except (SQLAlchemyError, OSError) as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StartError(
            "no_database", f"The export ended early, since the database failed: {said}"
        ) from error


def parse_date(text: str) -> datetime:
    """A date, or a date and a time, of UTC unless it says otherwise. Raises StartError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no date: write 2026-01-31, or with a time 2026-01-31T12:00:00Z."
        raise StartError("bad_date", message) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _next_ids(reader: Reader, wanted: Wanted, last: str) -> Sequence[str]:
    query = select(RUNS.c.run_id).where(RUNS.c.run_id > last).order_by(RUNS.c.run_id).limit(IDS_READ)
    if wanted.since is not None:
        query = query.where(RUNS.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(RUNS.c.created_at < wanted.until)
    if wanted.thread_id is not None:
        query = query.where(RUNS.c.thread_id == wanted.thread_id)
    return await reader.read(lambda connection: connection.scalars(query).all())


def _line_of(connection: Connection, run_id: str, events: bool) -> bytes | None:
    """None of a run that was deleted meanwhile."""
    found = _rows(connection, select(RUNS).where(RUNS.c.run_id == run_id))
    if not found:
        return None
    told = _run_view(found[0])
    calls = _rows(connection, _calls(MODEL_CALLS, run_id))
    told["model_calls"] = [_call_view(call, "usage") for call in calls]
    calls = _rows(connection, _calls(TOOL_CALLS, run_id))
    told["tool_calls"] = [_call_view(call, "input", "output", "error") for call in calls]
    if events:
        told["events"] = _events(connection, run_id)
    return encode_json(told) + b"\n"


def _calls(table: Table, run_id: str) -> Select[Any]:
    """In the order of their messages: m2 comes before m10."""
    message_id = func.coalesce(table.c.message_id, "")
    query = select(table).where(table.c.run_id == run_id)
    return query.order_by(func.length(message_id), message_id, *table.primary_key)


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    found = connection.execute(query).mappings()
    return [{str(name): value for name, value in row.items()} for row in found]  # orjson takes no kin of str


def _events(connection: Connection, run_id: str) -> list[orjson.Fragment]:
    told: list[orjson.Fragment] = []
    last = 0
    while records := store.read_events(connection, run_id, last):
        told += [_event(run_id, record) for record in records]
        last = records[-1].seq
    return told


def _run_view(row: Row) -> dict[str, Any]:
    ending = orjson.loads(row["ending"] or "{}")
    error = {name: ending[name] for name in ("code", "message", "fault", "retryable") if name in ending}
    return {
        "run_id": row["run_id"],
        "thread_id": row["thread_id"],
        "parent_run_id": row["parent_run_id"],
        "chain": row["chain"],
        "model": row["model"],
        "status": row["status"],
        "error": error or None,
        "request": _json(row["request"]),
        "prompt": row["prompt"],
        "response": row["response"],
        "usage": _json(row["usage"]),
        "cost_usd": row["cost_usd"],
        "timings": {
            **{name: row[name] for name in ("created_at", "started_at", "ended_at")},
            "ttft_ms": ending.get("ttft_ms"),
            "duration_ms": row["duration_ms"],
        },
        "metadata": _json(row["metadata"]),
    }


def _call_view(row: Row, *json: str) -> dict[str, Any]:
    return {name: _json(value) if name in json else value for name, value in row.items() if name != "run_id"}


def _event(run_id: str, record: Record) -> orjson.Fragment:
    """As the format ndjson has it; what was told comes back byte for byte."""
    event_id = f"{run_id}.{record.attempt}.{record.seq}".encode()
    return orjson.Fragment(
        b'{"id":"%b","event":"%b","data":%b}' % (event_id, record.name.encode(), record.line)
    )


def _json(kept: str | None) -> orjson.Fragment | None:
    return None if kept is None else orjson.Fragment(kept)
