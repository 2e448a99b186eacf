"""What is written and read of jobs and their calls, as statements; each function is one unit of work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, delete, exists, func, insert, select, update

from ..history.tables import RUN_USAGE, RUNS
from ..values import encode_json
from . import team_rows
from .costs import CallRow, call_view, costs_of
from .tables import JOB_CALLS, JOBS

JobStatus = Literal["pending", "in_progress", "completed", "failed"]
Ended = Literal["completed", "failed"]
OPEN: tuple[JobStatus, ...] = ("pending", "in_progress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job's row, its JSON as text. `completion` is what its completion was answered with."""

    job_id: str
    team_id: str
    user_id: str | None
    job_type: str
    status: JobStatus
    metadata: str
    result: str | None
    error_message: str | None
    credit_applied: bool
    completion: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """A call that is to begin; its id is that of its run."""

    call_id: str
    job_id: str
    model_group: str
    purpose: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a job is completed; `metadata` is added to its own."""

    status: Ended
    metadata: dict[str, Any]
    result: str | None
    error_message: str | None
    at: datetime


_JOB = [JOBS.c[name] for name in Job.__slots__]


def add(connection: Connection, job: Job) -> None:
    values = {name: getattr(job, name) for name in Job.__slots__}
    connection.execute(insert(JOBS).values(**values, calls=0))


def find(connection: Connection, job_id: str) -> Job | None:
    found = connection.execute(select(*_JOB).where(JOBS.c.job_id == job_id)).one_or_none()
    return None if found is None else Job(**found._mapping)


def groups_used(connection: Connection, job_id: str) -> list[str]:
    """In the order of their first use."""
    group = JOB_CALLS.c.model_group
    query = select(group).where(JOB_CALLS.c.job_id == job_id).group_by(group)
    return list(connection.scalars(query.order_by(func.min(JOB_CALLS.c.created_at), group)))


def call_ids(connection: Connection, job_id: str) -> list[str]:
    return list(connection.scalars(select(JOB_CALLS.c.call_id).where(JOB_CALLS.c.job_id == job_id)))


def begin_call(connection: Connection, call: NewCall, most: int) -> bool:
    """Whether the job takes one more: it is open, and has had less than `most`."""
    takes = JOBS.c.job_id == call.job_id, JOBS.c.status.in_(OPEN), JOBS.c.calls < most
    begun = func.coalesce(JOBS.c.started_at, call.created_at)
    query = update(JOBS).where(*takes)
    new = query.values(status="in_progress", started_at=begun, calls=JOBS.c.calls + 1)
    if not connection.execute(new).rowcount:
        return False
    connection.execute(insert(JOB_CALLS).values({name: getattr(call, name) for name in NewCall.__slots__}))
    return True


def withdraw_call(connection: Connection, call: NewCall) -> None:
    """It was refused, so there was none; a job that had no other has not begun."""
    connection.execute(delete(JOB_CALLS).where(JOB_CALLS.c.call_id == call.call_id))
    others = exists().where(JOB_CALLS.c.job_id == call.job_id)
    unbegun = JOBS.c.job_id == call.job_id, JOBS.c.status == "in_progress", ~others
    connection.execute(update(JOBS).where(*unbegun).values(status="pending", started_at=None))


def with_metadata(connection: Connection, job_id: str, more: dict[str, Any]) -> dict[str, Any]:
    """What a job's metadata is with this; no other unit of work changes it until the end of this one."""
    query = select(JOBS.c.metadata).where(JOBS.c.job_id == job_id).with_for_update()
    kept: dict[str, Any] = orjson.loads(connection.execute(query).scalar_one())
    gone = {name for name, value in more.items() if value is None}
    return {name: value for name, value in {**kept, **more}.items() if name not in gone}


def keep_metadata(connection: Connection, job_id: str, metadata: str) -> None:
    connection.execute(update(JOBS).where(JOBS.c.job_id == job_id).values(metadata=metadata))


def complete(connection: Connection, job_id: str, ending: Ending) -> bool:
    """Whether it is completed by this, and not before. Whoever comes first alone may take the credit: the
    condition stands in the statement, which holds the row to the transaction's end."""
    first = JOBS.c.job_id == job_id, JOBS.c.status.in_(OPEN)
    columns = {
        "status": ending.status,
        "completed_at": ending.at,
        "result": ending.result,
        "error_message": ending.error_message,
    }
    if not connection.execute(update(JOBS).where(*first).values(columns)).rowcount:
        return False
    team_id: str = connection.execute(select(JOBS.c.team_id).where(JOBS.c.job_id == job_id)).scalar_one()
    calls = calls_of(connection, job_id)
    credited = ending.status == "completed" and all(call.succeeded for call in calls)
    left = (team_rows.take_credit if credited else team_rows.credits_of)(connection, team_id)
    completion = {
        "job_id": job_id,
        "status": ending.status,
        "completed_at": ending.at,
        "costs": costs_of(calls, credit_applied=credited, credits_remaining=left),
        "calls": [call_view(call) for call in calls],
    }
    told = {"credit_applied": credited, "completion": encode_json(completion).decode()}
    connection.execute(update(JOBS).where(JOBS.c.job_id == job_id).values(told))
    return True


def calls_of(connection: Connection, job_id: str) -> list[CallRow]:
    """In the order in which they began, with what history has of their runs."""
    own = select(JOB_CALLS.c.call_id).where(JOB_CALLS.c.job_id == job_id)
    sums = {"tokens": "total_tokens", "usd": "cost_usd", "unpriced": "unpriced_calls"}
    used = (
        select(
            RUN_USAGE.c.run_id, *[func.sum(RUN_USAGE.c[name]).label(label) for label, name in sums.items()]
        )
        .where(RUN_USAGE.c.run_id.in_(own))
        .group_by(RUN_USAGE.c.run_id)
        .subquery()
    )
    query = (
        select(
            JOB_CALLS.c.call_id,
            JOB_CALLS.c.purpose,
            JOB_CALLS.c.model_group,
            RUNS.c.status,
            RUNS.c.ending,
            RUNS.c.duration_ms,
            *[used.c[label] for label in sums],
        )
        .select_from(JOB_CALLS)
        .outerjoin(RUNS, RUNS.c.run_id == JOB_CALLS.c.call_id)
        .outerjoin(used, used.c.run_id == JOB_CALLS.c.call_id)
        .where(JOB_CALLS.c.job_id == job_id)
        .order_by(JOB_CALLS.c.created_at, JOB_CALLS.c.call_id)
    )
    return [_call(row._mapping) for row in connection.execute(query)]


def _call(row: Any) -> CallRow:
    """PostgreSQL's sums are decimals."""
    numbers = {
        "tokens": int(row["tokens"] or 0),
        "usd": float(row["usd"] or 0),
        "unpriced": int(row["unpriced"] or 0),
    }
    return CallRow(**{**row, **numbers})
