"""Writes what runs do to the database, behind their backs: no token waits for it, be it slow or absent.

What all runs told since the last write is written together, half a second later at most; what could not be
written is tried again until it is. A run waits for its beginning alone: one that cannot be recorded does not
begin.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from ..database import Database
from ..database_hold import DatabaseInUse
from ..errors import Overloaded
from ..event_log.base import Entry
from ..events import RunError
from .account import Account, Row
from .store import Changes, write
from .stretches import stretches

logger = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two writes: the text that a killed process loses
WRITE_SECONDS = 15.0  # that one try may take
FIRST_DELAY, LONGEST_DELAY = 0.2, 2.0  # seconds between two tries
BEGIN_SECONDS = 10.0  # that a beginning may take to be written
AWAY_SECONDS = 1.0  # the same, where the database was away when it was last tried
CLOSE_SECONDS = 5.0  # that the last write may take
RETRY_AFTER = 5  # seconds, for whoever wanted to start a run

UNREACHABLE = (OperationalError, InterfaceError, NoConnection, DatabaseInUse, OSError, TimeoutError)

TextOf = Callable[[str], Awaitable[str]]


@dataclass(slots=True)
class _Told:
    """What a run told since the last write."""

    account: Account
    attempt: int
    first_seq: int
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """What is written together."""

    begun: dict[str, Row] = field(default_factory=dict)
    threads: dict[tuple[str, str], Row] = field(default_factory=dict)
    told: dict[str, _Told] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    wanted: asyncio.Event = field(default_factory=asyncio.Event)  # at once
    written: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_empty(self) -> bool:
        return not (self.begun or self.told or self.forgotten)


class Recorder:
    """Made by `open_recorder`. `text_of` reads what a failed run answered, which its terminal event lacks."""

    def __init__(self, database: Database, text_of: TextOf) -> None:
        self._database = database
        self._text_of = text_of
        self._packing = ThreadPoolExecutor(1, "history")
        self._accounts: dict[str, Account] = {}
        self._next = _Batch()
        self._writing: _Batch | None = None
        self._filled = asyncio.Event()
        self._unreachable = False

    # --- what runs tell ----------------------------------------------------------------------------

    async def begin(self, row: Row, thread: Row | None = None) -> None:
        """Record a run's beginning, and its thread's where that begins with it. Raises Overloaded where that
        cannot be done; then the run is not recorded."""
        run_id = row["run_id"]
        self._accounts[run_id] = Account(run_id)
        self._next.begun[run_id] = row
        if thread is not None:
            self._next.threads[thread["thread_id"], thread["owner"]] = thread
        try:
            async with asyncio.timeout(AWAY_SECONDS if self._unreachable else BEGIN_SECONDS):
                await self._until_written(self._next)
        except TimeoutError:
            self.forget(run_id)
            message = "The run cannot be recorded, since the database cannot be reached: try again later."
            raise Overloaded("history_unavailable", message, retry_after=RETRY_AFTER, busy=True) from None
        except BaseException:
            self.forget(run_id)
            raise

    def take_over(self, account: Account) -> None:
        """A run that another process began is told on here."""
        self._accounts[account.run_id] = account

    def tell(self, run_id: str, attempt: int, first_seq: int, entries: Sequence[Entry]) -> None:
        """Entries that were appended to a run's log."""
        told = self._next.told.get(run_id)
        if told is None:
            told = self._next.told[run_id] = _Told(self._accounts[run_id], attempt, first_seq)
            self._filled.set()
        told.entries += entries

    def forget(self, run_id: str) -> None:
        """A run that has not begun after all."""
        self._accounts.pop(run_id, None)
        for batch in (self._next, self._writing):
            if batch is not None:
                batch.begun.pop(run_id, None)
        self._next.forgotten.append(run_id)  # it may be written just now
        self._filled.set()

    async def settle(self) -> None:
        """Wait until all that was told so far is written."""
        batch = self._writing if self._next.is_empty else self._next
        if batch is not None:
            await self._until_written(batch)

    async def _until_written(self, batch: _Batch) -> None:
        batch.wanted.set()
        self._filled.set()
        await batch.written.wait()

    # --- writing -----------------------------------------------------------------------------------

    async def write_on(self) -> None:
        """Write batch after batch, for ever."""
        while True:
            await self._filled.wait()
            if not self._next.wanted.is_set():
                await _at_most(INTERVAL, self._next.wanted.wait())
            self._filled.clear()
            self._writing, self._next = self._next, _Batch()
            await self._write(self._writing)
            self._writing.written.set()
            self._writing = None

    async def close(self) -> None:
        """Give the last of it some seconds; what cannot be written then is lost, and said to be."""
        if not await _at_most(CLOSE_SECONDS, self.settle()):
            logger.error("The database cannot be reached: the end of this process's runs is not recorded.")
        self._packing.shutdown(wait=False)

    async def _write(self, batch: _Batch) -> None:
        changes = Changes()
        if batch.told:
            loop = asyncio.get_running_loop()
            changes = await loop.run_in_executor(self._packing, _changes, batch)
        await self._add_texts(batch, changes)
        delay = FIRST_DELAY
        while not await self._try(batch, changes):
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)
        for told in batch.told.values():
            if told.account.is_over:
                self._accounts.pop(told.account.run_id, None)

    async def _try(self, batch: _Batch, changes: Changes) -> bool:
        changes.threads = list(batch.threads.values())
        changes.begun = list(batch.begun.values())
        changes.forgotten = batch.forgotten
        try:
            await self._commit(changes)
        except UNREACHABLE as error:
            self._tell_unreachable(error)
            return False
        except SQLAlchemyError:
            for one in changes.each():
                await self._try_alone(one)
        self._unreachable = False
        return True

    async def _try_alone(self, changes: Changes) -> None:
        """Something in the batch cannot be written, ever: the rest of it is."""
        try:
            await self._commit(changes)
        except SQLAlchemyError:
            logger.exception("something of the run %s could not be recorded", changes.run_id)

    async def _commit(self, changes: Changes) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self._database.write(lambda connection: write(connection, changes))

    async def _add_texts(self, batch: _Batch, changes: Changes) -> None:
        ends = {told.account.run_id for told in batch.told.values() if told.entries[-1].name == RunError.type}
        for row in changes.runs:
            if row["run_id"] in ends:
                row["response"] = await self._text_of(row["run_id"])

    def _tell_unreachable(self, error: BaseException) -> None:
        if not self._unreachable:
            logger.error(
                "The database cannot be reached; runs go on, and are recorded once it is back: %s", error
            )
        self._unreachable = True


@asynccontextmanager
async def open_recorder(database: Database, text_of: TextOf) -> AsyncIterator[Recorder]:
    """A recorder that writes until the end."""
    recorder = Recorder(database, text_of)
    writing = asyncio.create_task(recorder.write_on())
    try:
        yield recorder
    finally:
        await recorder.close()
        writing.cancel()
        await asyncio.wait({writing})


def _changes(batch: _Batch) -> Changes:
    """Of all runs that told something; done in a thread, since to pack takes a while."""
    changes = Changes()
    for told in batch.told.values():
        run_id = told.account.run_id
        changes.events += stretches(run_id, told.attempt, told.first_seq, told.entries)
        for entry in told.entries:
            told.account.take(entry, told.at)
        changes.runs += told.account.take_run()
        changes.models += told.account.take_models()
        changes.tools += told.account.take_tools()
        changes.used += told.account.take_used()
    return changes


async def _at_most(seconds: float, awaitable: Awaitable[object]) -> bool:
    """Whether it came within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await awaitable
    except TimeoutError:
        return False
    return True
