"""History: all that is kept of runs. What a run told before is there when it is asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import NoReturn, TypeVar

from sqlalchemy import Connection

from ..access.budgets import Holder
from ..database import Database
from ..errors import Conflict, NotFound, Overloaded
from ..event_log.base import Extent, Record
from ..rates import Spent
from . import store, threads, usage, waiting_rows
from .account import LONGEST_ID, Row
from .recorder import RETRY_AFTER, UNREACHABLE, Recorder, TextOf, open_recorder
from .search import Found, search
from .store import Exchange, StoredRun
from .threads import StoredThread, Turn
from .waiting import WaitingRuns, open_waiting_runs
from .waiting_rows import DecisionRow

T = TypeVar("T")

ANSWER_SECONDS = 5.0


class History:
    """Made by `open_history`. All that asks the database raises Overloaded where it cannot be reached."""

    def __init__(self, database: Database, recorder: Recorder, waiting: WaitingRuns) -> None:
        self._database = database
        self._recorder = recorder
        self.waiting = waiting
        self.tell = recorder.tell
        self.begin = recorder.begin
        self.forget = recorder.forget
        self.take_over = recorder.take_over

    async def find(self, run_id: str) -> StoredRun | None:
        await self.settle()
        return await self._ask(lambda connection: store.find_run(connection, run_id))

    async def find_by_key(self, owner: str, key: str) -> tuple[StoredRun, str] | None:
        """The run that began with this idempotency key, and its request as JSON."""
        return await self._ask(lambda connection: store.find_by_key(connection, owner, key))

    async def runs(self, *, filters: Mapping[str, str], after: str | None, limit: int) -> list[StoredRun]:
        """The newest first, those before the run `after`."""
        await self.settle()
        return await self._ask(
            lambda connection: store.list_runs(connection, filters=filters, after=after, limit=limit)
        )

    async def turns(self, owner: str, thread_id: str) -> list[Turn]:
        """All runs of a thread, the oldest first; none where there is no such thread."""
        await self.settle()
        return await self._ask(lambda connection: threads.turns_of(connection, owner, thread_id))

    async def exchanges(self, owner: str, *, limit: int, offset: int) -> tuple[list[Exchange], int]:
        """The newest first, and how many there are."""
        await self.settle()
        return await self._ask(
            lambda connection: store.list_exchanges(connection, owner=owner, limit=limit, offset=offset)
        )

    async def exchange(self, run_id: str) -> Exchange:
        """Of a run that is there."""
        await self.settle()
        return await self._ask(lambda connection: store.find_exchange(connection, run_id))

    async def search(
        self, owner: str, *, query: str, limit: int, offset: int, lang: str
    ) -> tuple[list[Found], int]:
        """As search.search."""
        await self.settle()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await search(
                    self._database, query=query, owner=owner, limit=limit, offset=offset, lang=lang
                )
        except UNREACHABLE as error:
            raise _unreachable() from error

    async def threads(
        self, owner: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[StoredThread]:
        """Those that were used last come first."""
        await self.settle()
        return await self._ask(
            lambda connection: threads.newest(connection, owner=owner, after=after, limit=limit)
        )

    async def thread(self, owner: str, thread_id: str) -> StoredThread:
        """Raises NotFound."""
        await self.settle()
        found = await self._ask(lambda connection: threads.find(connection, owner, thread_id))
        return found or _missing(thread_id)

    async def create_thread(self, owner: str, thread: StoredThread) -> None:
        """Raises Conflict where there is one of this id."""
        if not await self._do(lambda connection: threads.create(connection, owner, thread)):
            raise Conflict("thread_exists", f"There is a thread {thread.thread_id!r} already.")

    async def change_thread(self, owner: str, thread_id: str, values: Mapping[str, str]) -> None:
        """Raises NotFound."""
        if not await self._do(lambda connection: threads.change(connection, owner, thread_id, values)):
            _missing(thread_id)

    async def remove_thread(self, owner: str, thread_id: str) -> None:
        """With its runs, of which none may go on. Raises NotFound."""
        if not await self._do(lambda connection: threads.remove(connection, owner, thread_id)):
            _missing(thread_id)

    async def remove_run(self, run_id: str) -> None:
        """A run that is over; those that followed it follow the one before it."""
        await self._do(lambda connection: store.remove_run(connection, run_id))

    async def keep_decision(self, decision: DecisionRow) -> None:
        """One of several that a run waits for: once it is acknowledged, nothing may lose it."""
        await self._do(lambda connection: waiting_rows.decide(connection, decision))

    async def tool(self, run_id: str, tool_call_id: str) -> Row:
        """A tool call with its whole result. Raises NotFound."""
        await self.settle()
        found = await self._ask(
            lambda connection: store.find_tool(connection, run_id, tool_call_id[:LONGEST_ID])
        )
        if found is None:
            raise NotFound("tool_call_not_found", f"The run has no tool call {tool_call_id!r}.")
        return found

    async def usage(self, question: usage.Question) -> tuple[list[usage.UsageGroup], usage.UsageSums]:
        """What was used by each group, and by all of them."""
        await self.settle()
        groups = await self._ask(lambda connection: usage.sums(connection, question))
        whole = replace(question, by=(), limit=1)
        (total,) = await self._ask(lambda connection: usage.sums(connection, whole))
        return groups, total

    async def spent(self, holder: Holder, day: date, month: date) -> tuple[Spent, Spent]:
        """Since the day, and since the month's first day."""
        await self.settle()
        return await self._ask(lambda connection: usage.spent(connection, holder, day, month))

    async def extent(self, run_id: str) -> Extent | None:
        await self.settle()
        return await self._ask(lambda connection: store.extent_of(connection, run_id))

    async def events(self, run_id: str, after: int) -> list[Record]:
        """Some of the events past seq `after`; none where there are no more."""
        await self.settle()
        return await self._ask(lambda connection: store.read_events(connection, run_id, after))

    async def _do(self, work: Callable[[Connection], T]) -> T:
        await self.settle()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._database.write(work)
        except UNREACHABLE as error:
            raise _unreachable() from error

    async def settle(self) -> None:
        """What was told is written first, or the answer would lack it. Raises Overloaded."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._recorder.settle()
        except TimeoutError:
            raise _unreachable() from None

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._database.read(question)
        except UNREACHABLE as error:
            raise _unreachable() from error


def _missing(thread_id: str) -> NoReturn:
    raise NotFound("thread_not_found", f"There is no thread {thread_id!r}.")


def _unreachable() -> Overloaded:
    message = "The database cannot be reached: what is kept of runs cannot be read now."
    return Overloaded("history_unavailable", message, retry_after=RETRY_AFTER, busy=True)


@asynccontextmanager
async def open_history(database: Database, text_of: TextOf) -> AsyncIterator[History]:
    """History in a database whose schema is there."""
    async with (
        open_recorder(database, text_of) as recorder,
        open_waiting_runs(database, recorder.settle) as waiting,
    ):
        yield History(database, recorder, waiting)
