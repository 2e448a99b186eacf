"""Deletes what history was to keep no longer: runs that ended so long ago, and threads that are empty then.

It goes on beside the service, in transactions so small that what runs tell is never late for them. A run that
followed a deleted one stays as it is: a parent that is gone ends its branch.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Delete, Select, delete, exists, select
from sqlalchemy.exc import SQLAlchemyError
from ulid import ULID

from ..database import Database
from .recorder import UNREACHABLE
from .tables import RUNS, THREADS

logger = logging.getLogger(__name__)

EVERY_SECONDS = 3600
FOUND = 100  # at once

RemoveOlder = Callable[[Database, datetime], Awaitable[object]]


@asynccontextmanager
async def open_retention(
    database: Database, days: int, others: Sequence[RemoveOlder] = ()
) -> AsyncIterator[None]:
    """Deletes now and then, for as long as it is open, what is older than so many days, also what `others`
    remove; 0 is for ever."""
    if not days:
        yield
        return
    sweeping = asyncio.create_task(_sweep_on(database, timedelta(days=days), others))
    try:
        yield
    finally:
        sweeping.cancel()
        await asyncio.wait({sweeping})


async def remove_older(database: Database, before: datetime) -> tuple[int, int]:
    """Delete the runs that ended before, and the empty threads that were used last before.

    Returns how many runs and threads there were. Raises what the database raises.
    """
    return await _remove_runs(database, before), await _remove_threads(database, before)


async def _sweep_on(database: Database, kept: timedelta, others: Sequence[RemoveOlder]) -> None:
    while True:
        try:
            before = datetime.now(UTC) - kept
            for remove in others:
                await remove(database, before)
            runs, threads = await remove_older(database, before)
            if runs or threads:
                logger.info("%d runs and %d threads were older than %d days", runs, threads, kept.days)
        except UNREACHABLE as error:
            logger.warning("What is too old could not be deleted; in an hour it is tried again: %s", error)
        except SQLAlchemyError:
            logger.exception("what is too old could not be deleted")
        await asyncio.sleep(EVERY_SECONDS)


async def _remove_runs(database: Database, before: datetime) -> int:
    removed, last = 0, ""
    while ids := await _found(database, _old_runs(before, after=last)):
        for run_id in ids:  # each by itself: the longest texts take 0.1 s to be taken out of the index
            old = delete(RUNS).where(RUNS.c.run_id == run_id, RUNS.c.ended_at < before)
            removed += await _delete(database, old)
        last = ids[-1]
    return removed


async def _remove_threads(database: Database, before: datetime) -> int:
    removed, last = 0, ""
    while ids := await _found(database, _old_threads(before, after=last)):
        # Asked once more, since a run may have begun in one meanwhile.
        old = delete(THREADS).where(THREADS.c.thread_id.in_(ids), THREADS.c.updated_at < before, ~_HAS_RUNS)
        removed += await _delete(database, old)
        last = ids[-1]
    return removed


_HAS_RUNS = exists().where(RUNS.c.thread_id == THREADS.c.thread_id, RUNS.c.owner == THREADS.c.owner)


def _old_runs(before: datetime, *, after: str) -> Select[tuple[str]]:
    """The next ones. Ids begin with the time, so that the runs since then are not even looked at."""
    began = RUNS.c.run_id < str(ULID.from_datetime(before)).lower()[:10]
    query = select(RUNS.c.run_id).where(RUNS.c.run_id > after, began, RUNS.c.ended_at < before)
    return query.order_by(RUNS.c.run_id).limit(FOUND)


def _old_threads(before: datetime, *, after: str) -> Select[tuple[str]]:
    query = select(THREADS.c.thread_id).where(
        THREADS.c.thread_id > after, THREADS.c.updated_at < before, ~_HAS_RUNS
    )
    return query.order_by(THREADS.c.thread_id).limit(FOUND)


async def _found(database: Database, query: Select[tuple[str]]) -> list[str]:
    return await database.read(lambda connection: list(connection.scalars(query)))


async def _delete(database: Database, old: Delete) -> int:
    return await database.write(lambda connection: connection.execute(old).rowcount)
