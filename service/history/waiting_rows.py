"""What is written of runs that wait for a person, and read at the next start."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from sqlalchemy import Connection, delete, insert, select, update

from .store import RUN_COLUMNS, StoredRun
from .tables import DECISIONS, RUNS, WAITING_RUNS


class DecisionRow(TypedDict):
    """What people decided about an interrupt; `decisions` is JSON."""

    run_id: str
    interrupt_id: str
    decisions: str


class Origin(NamedTuple):
    """Where its trace is, and the id of the request that asked for it, as far as there are such."""

    traceparent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that can be taken over: its row, its request, where it comes from, and decisions by interrupt, as
    JSON."""

    run: StoredRun
    request: str
    origin: Origin
    decisions: Mapping[str, str]


def put(connection: Connection, run_id: str, *, origin: Origin, whole: bool) -> None:
    """Something is saved of a run, or all that it needs to go on."""
    known = {**origin._asdict(), "whole": whole}
    found = connection.execute(update(WAITING_RUNS).where(WAITING_RUNS.c.run_id == run_id).values(**known))
    if not found.rowcount:
        connection.execute(insert(WAITING_RUNS).values(run_id=run_id, **known))


def decide(connection: Connection, decision: DecisionRow) -> None:
    """One of several decisions that a run waits for."""
    known = DECISIONS.c.run_id == decision["run_id"], DECISIONS.c.interrupt_id == decision["interrupt_id"]
    connection.execute(delete(DECISIONS).where(*known))  # of a client that gave up on a slow database
    connection.execute(insert(DECISIONS).values(**decision))


def go_on(connection: Connection, decision: DecisionRow) -> None:
    """The last decision: the run cannot be taken over any more."""
    decide(connection, decision)
    connection.execute(
        update(WAITING_RUNS).where(WAITING_RUNS.c.run_id == decision["run_id"]).values(whole=False)
    )


def forget(connection: Connection, run_id: str) -> None:
    """Nothing is saved of it any more."""
    connection.execute(delete(WAITING_RUNS).where(WAITING_RUNS.c.run_id == run_id))


def find(connection: Connection) -> list[WaitingRun]:
    """All that wait and of which all is saved, the oldest first."""
    query = (
        select(RUNS.c.request, WAITING_RUNS.c.traceparent, WAITING_RUNS.c.request_id, *RUN_COLUMNS)
        .join(WAITING_RUNS, WAITING_RUNS.c.run_id == RUNS.c.run_id)
        .where(RUNS.c.status == "waiting", WAITING_RUNS.c.whole)
        .order_by(RUNS.c.run_id)
    )
    return [
        WaitingRun(
            run := StoredRun(*columns),
            request,
            Origin(traceparent, request_id),
            _decisions(connection, run.run_id),
        )
        for request, traceparent, request_id, *columns in connection.execute(query).all()
    ]


def _decisions(connection: Connection, run_id: str) -> dict[str, str]:
    query = select(DECISIONS.c.interrupt_id, DECISIONS.c.decisions).where(DECISIONS.c.run_id == run_id)
    return {row.interrupt_id: row.decisions for row in connection.execute(query)}


def take_over(connection: Connection, run_id: str, attempt: int) -> None:
    connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(attempt=attempt))


def others(connection: Connection, taken_over: Collection[str]) -> list[str]:
    """The runs that something is saved of, and that are not these."""
    found = connection.scalars(select(WAITING_RUNS.c.run_id))
    return [run_id for run_id in found if run_id not in taken_over]
