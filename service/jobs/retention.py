"""Deletes jobs that were to be kept no longer, with what they hold: as runs, so long after their end."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select

from ..database import Database
from .tables import JOB_CALLS, JOBS

REMOVED = 100  # at once, so that what runs tell is never late for it


async def remove_older_jobs(database: Database, before: datetime) -> int:
    """Delete those that were completed before, or never, and not worked on since; returns how many."""
    removed = 0
    while found := await database.write(lambda connection: _remove(connection, before)):
        removed += found
    return removed


def _remove(connection: Connection, before: datetime) -> int:
    worked_on = exists().where(JOB_CALLS.c.job_id == JOBS.c.job_id, JOB_CALLS.c.created_at >= before)
    abandoned = JOBS.c.completed_at.is_(None) & (JOBS.c.created_at < before) & ~worked_on
    old = select(JOBS.c.job_id).where(or_(JOBS.c.completed_at < before, abandoned)).limit(REMOVED)
    return connection.execute(delete(JOBS).where(JOBS.c.job_id.in_(old))).rowcount
