"""Readers of a log in tasks of their own, as connections are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from service.event_log.base import Entry, EventLog, Record

PATIENCE = 20  # seconds; whatever takes longer hangs


class Reader:
    """Reads from `after` on in a task; what it has is in `got`, batch by batch in `batches`."""

    def __init__(self, log: EventLog, run_id: str, after: int = 0) -> None:
        self.batches: list[list[Record]] = []
        self._came = asyncio.Condition()
        self.task = asyncio.create_task(self._read(log, run_id, after))

    @property
    def got(self) -> list[Record]:
        return [record for batch in self.batches for record in batch]

    @property
    def seqs(self) -> list[int]:
        return [record.seq for record in self.got]

    async def until(self, seq: int) -> None:
        """Wait until it has the record `seq`. Raises what the reading raised, TimeoutError if it hangs."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: self.task.done() or (self.seqs and self.seqs[-1] >= seq))
        if self.task.done():
            self.task.result()

    async def end(self) -> list[Record]:
        """Wait until the log ends for it; what it has then."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self.task)
        return self.got

    async def _read(self, log: EventLog, run_id: str, after: int) -> None:
        try:
            async with aclosing(log.read(run_id, after)) as batches:
                async for batch in batches:
                    async with self._came:
                        self.batches.append(batch)
                        self._came.notify_all()
        finally:
            async with self._came:
                self._came.notify_all()


@asynccontextmanager
async def reading(log: EventLog, run_id: str, after: int = 0) -> AsyncIterator[Reader]:
    """A reader that is gone at the end."""
    reader = Reader(log, run_id, after)
    try:
        yield reader
    finally:
        reader.task.cancel()
        await asyncio.wait({reader.task})


async def all_of(log: EventLog, run_id: str, after: int = 0) -> list[Record]:
    """What a reader of a closed log gets."""
    async with reading(log, run_id, after) as reader:
        return await reader.end()


def entries(*lines: bytes) -> Sequence[Entry]:
    return [Entry("token", line) for line in lines]
