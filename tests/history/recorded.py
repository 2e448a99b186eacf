"""An event log that is recorded in a database of its own, which goes with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.database import open_database
from service.database_url import parse_database_url
from service.event_log.base import EventLog
from service.history.history import History, open_history
from service.history.recorded_log import RecordedLog
from service.migrations import ensure_schema


@asynccontextmanager
async def recorded(live: EventLog) -> AsyncIterator[tuple[RecordedLog, History]]:
    async with open_database(parse_database_url("sqlite://")) as database:
        await ensure_schema(database)
        async with open_history(database, text_of=lambda run_id: log.answer(run_id)) as history:
            log = RecordedLog(live, history)
            yield log, history
