"""What history writes and reads, as statements; each function is one unit of work on a connection."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ..event_log.base import Extent, Record
from ..events import Status
from ..values import encode_json
from . import usage
from .account import Row
from .stretches import records_in
from .tables import EVENTS, MODEL_CALLS, RUNS, THREADS, TOOL_CALLS

STRETCHES_READ = 8  # of a run's events, at once
ROWS_WRITTEN = 200  # at once, so that no statement keeps the event loop for long

# Of a call, the columns that change while it goes on.
CALLED = (
    "message_id",
    "model",
    "finish_reason",
    "usage",
    "ended_ms",
    "name",
    "status",
    "args",
    "input",
    "output",
    "error",
    "duration_ms",
)

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_UPDATE_RUN = (
    update(RUNS)
    .where(RUNS.c.run_id == bindparam("key"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "status",
                "attempt",
                "started_at",
                "ended_at",
                "response",
                "ending",
                "usage",
                "cost_usd",
                "duration_ms",
            )
        }
    )
)


@dataclass(slots=True)
class Changes:
    """Rows to write, of runs that begin or changed and of what they did; to write them twice does no harm."""

    threads: list[Row] = field(default_factory=list)
    begun: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    tools: list[Row] = field(default_factory=list)
    used: list[Row] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """Of the changes of one run."""
        return next((row["run_id"] for rows in self._lists() for row in rows), "")

    def each(self) -> "Iterator[Changes]":
        """The same, run by run."""
        split: dict[str, Changes] = {}
        for name, rows in zip(_ROWS, self._lists(), strict=True):
            for row in rows:
                getattr(split.setdefault(row["run_id"], Changes()), name).append(row)
        return iter([Changes(threads=self.threads), *split.values(), Changes(forgotten=self.forgotten)])

    def _lists(self) -> list[list[Row]]:
        return [getattr(self, name) for name in _ROWS]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run's row."""

    run_id: str
    owner: str
    team: str | None
    key_id: str | None
    chain: str
    model: str | None
    thread_id: str | None
    parent_run_id: str | None
    status: Status
    attempt: int
    metadata: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and answered in a run."""

    run_id: str
    prompt: str
    response: str
    status: Status
    model: str | None
    chain: str
    thread_id: str | None
    created_at: datetime
    usage: str | None
    duration_ms: int | None


_EXCHANGE = [RUNS.c[name] for name in Exchange.__slots__]
RUN_COLUMNS = [RUNS.c[name] for name in StoredRun.__slots__]


_ROWS = ("begun", "runs", "events", "models", "tools", "used")


def write(connection: Connection, changes: Changes) -> None:
    """All of it; what was written before stays as it is, or becomes what it is now."""
    _put(connection, THREADS, changes.threads, key=("thread_id", "owner"), renewed=("updated_at",))
    _put(connection, RUNS, changes.begun, key=("run_id",))
    _put(connection, EVENTS, changes.events, key=("run_id", "first_seq"))
    _put(connection, MODEL_CALLS, changes.models, key=("run_id", "message_id"), renewed=CALLED)
    _put(connection, TOOL_CALLS, changes.tools, key=("run_id", "tool_call_id"), renewed=CALLED)
    for rows in _pieces(changes.used):
        usage.put(connection, rows)
    for rows in _pieces([{**row, "key": row["run_id"]} for row in changes.runs]):
        connection.execute(_UPDATE_RUN, rows)
    if changes.forgotten:
        connection.execute(delete(RUNS).where(RUNS.c.run_id.in_(changes.forgotten)))


def _put(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: tuple[str, ...],
    renewed: tuple[str, ...] = (),
) -> None:
    for piece in _pieces(rows):
        connection.execute(_upsert(connection.dialect.name, table, key, renewed), piece)


@cache  # to make a statement takes as long as to execute it
def _upsert(dialect: str, table: Table, key: tuple[str, ...], renewed: tuple[str, ...]) -> Insert:
    """A row that is there stays as it is, but for the columns that are `renewed`."""
    insert = _INSERT[dialect](table)
    new = {name: insert.excluded[name] for name in renewed if name in table.c}
    if table is THREADS:  # which keeps what it is called, if it is called anything
        new["title"] = case((THREADS.c.title == "", insert.excluded.title), else_=THREADS.c.title)
    upsert = insert.on_conflict_do_update if new else insert.on_conflict_do_nothing
    statement: Insert = upsert(index_elements=key, **({"set_": new} if new else {}))
    return statement


def _pieces(rows: Sequence[Row]) -> list[list[Row]]:
    return [list(rows[first : first + ROWS_WRITTEN]) for first in range(0, len(rows), ROWS_WRITTEN)]


def find_run(connection: Connection, run_id: str) -> StoredRun | None:
    found = connection.execute(select(*RUN_COLUMNS).where(RUNS.c.run_id == run_id)).one_or_none()
    return StoredRun(*found) if found else None


def find_by_key(connection: Connection, owner: str, key: str) -> tuple[StoredRun, str] | None:
    """The run of an idempotency key, and its request as JSON."""
    query = select(RUNS.c.request, *RUN_COLUMNS).where(RUNS.c.owner == owner, RUNS.c.idempotency_key == key)
    found = connection.execute(query).one_or_none()
    return (StoredRun(*found[1:]), found.request) if found else None


def list_runs(
    connection: Connection, *, filters: Mapping[str, str], after: str | None, limit: int
) -> list[StoredRun]:
    """The newest first; `filters` are columns and the values that they must have."""
    query: Select[Any] = select(*RUN_COLUMNS).order_by(RUNS.c.run_id.desc()).limit(limit)
    for name, value in filters.items():
        query = query.where(RUNS.c[name] == value)
    if after is not None:
        query = query.where(RUNS.c.run_id < after)
    return [StoredRun(*found) for found in connection.execute(query)]


def list_exchanges(
    connection: Connection, *, owner: str, limit: int, offset: int
) -> tuple[list[Exchange], int]:
    """The newest first, and how many there are."""
    own = RUNS.c.owner == owner
    query = select(*_EXCHANGE).where(own).order_by(RUNS.c.run_id.desc()).limit(limit).offset(offset)
    found = [Exchange(*each) for each in connection.execute(query)]
    total = connection.scalar(select(func.count()).select_from(RUNS).where(own))
    return found, total or 0


def find_exchange(connection: Connection, run_id: str) -> Exchange:
    return Exchange(*connection.execute(select(*_EXCHANGE).where(RUNS.c.run_id == run_id)).one())


def unfinished(connection: Connection) -> list[StoredRun]:
    """Runs that have not ended, as far as the database knows."""
    open_ = ("queued", "running", "waiting")
    query = select(*RUN_COLUMNS).where(RUNS.c.status.in_(open_)).order_by(RUNS.c.run_id)
    return [StoredRun(*found) for found in connection.execute(query)]


def extent_of(connection: Connection, run_id: str) -> Extent | None:
    """How far the stored events reach; None where there are none."""
    query = (
        select(EVENTS.c.attempt, func.max(EVENTS.c.last_seq))
        .where(EVENTS.c.run_id == run_id)
        .group_by(EVENTS.c.attempt)
        .order_by(EVENTS.c.attempt)
    )
    ends = tuple((attempt, last) for attempt, last in connection.execute(query))
    return Extent(ends, closed=True) if ends else None


def read_events(connection: Connection, run_id: str, after: int) -> list[Record]:
    """Some records past seq `after`, or none if there are no more."""
    query = (
        select(EVENTS.c.lines, EVENTS.c.attempt, EVENTS.c.first_seq)
        .where(EVENTS.c.run_id == run_id, EVENTS.c.last_seq > after)
        .order_by(EVENTS.c.first_seq)
        .limit(STRETCHES_READ)
    )
    stretches = (records_in(*found) for found in connection.execute(query))
    return [record for stretch in stretches for record in stretch if record.seq > after]


def find_tool(connection: Connection, run_id: str, tool_call_id: str) -> Row | None:
    query = select(TOOL_CALLS).where(TOOL_CALLS.c.run_id == run_id, TOOL_CALLS.c.tool_call_id == tool_call_id)
    found = connection.execute(query).mappings().one_or_none()
    return dict(found) if found else None


def close_tools(connection: Connection, run_id: str, code: str, message: str) -> None:
    """Calls that had not ended will not any more."""
    error = encode_json({"code": code, "message": message}).decode()
    open_ = TOOL_CALLS.c.status.in_(("called", "running"))
    query = update(TOOL_CALLS).where(TOOL_CALLS.c.run_id == run_id, open_)
    connection.execute(query.values(status="failed", error=error))


def remove_run(connection: Connection, run_id: str) -> None:
    """Those that followed it in its thread follow the one that it followed."""
    parent = select(RUNS.c.parent_run_id).where(RUNS.c.run_id == run_id).scalar_subquery()
    thread = select(RUNS.c.thread_id).where(RUNS.c.run_id == run_id).scalar_subquery()
    followed = update(RUNS).where(RUNS.c.thread_id == thread, RUNS.c.parent_run_id == run_id)
    connection.execute(followed.values(parent_run_id=parent))
    connection.execute(delete(RUNS).where(RUNS.c.run_id == run_id))
