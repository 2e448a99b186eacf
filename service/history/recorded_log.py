"""An event log whose runs are recorded: what is not in memory any more is read from the database."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, suppress
from itertools import groupby

import orjson

from ..event_log.base import Entry, EventLog, Extent, Record, UnknownLog, batches_of
from ..events import Restart, Token
from .account import clean
from .history import History


class RecordedLog(EventLog):
    """`live` has the runs that go on, and for a while those that ended; of each that it drops it tells
    `forgot`."""

    def __init__(self, live: EventLog, history: History) -> None:
        self._live = live
        self._history = history
        self._here: set[str] = set()

    def forgot(self, run_id: str) -> None:
        self._here.discard(run_id)

    async def open(self, run_id: str) -> None:
        await self._live.open(run_id)
        self._here.add(run_id)

    async def take_over(self, run_id: str, records: Sequence[Record]) -> None:
        """A run that is recorded up to these goes on here."""
        await self.open(run_id)
        for attempt, told in groupby(records, key=lambda record: record.attempt):
            await self._live.append(run_id, attempt, [Entry(record.name, record.line) for record in told])

    async def append(self, run_id: str, attempt: int, entries: Sequence[Entry]) -> Record:
        last = await self._live.append(run_id, attempt, entries)
        self._history.tell(run_id, attempt, last.seq - len(entries) + 1, entries)
        return last

    def read(self, run_id: str, after: int = 0) -> AsyncGenerator[list[Record], None]:
        return self._live.read(run_id, after) if run_id in self._here else self._stored(run_id, after)

    async def _stored(self, run_id: str, after: int) -> AsyncGenerator[list[Record], None]:
        """No connection is held while a reader takes its time."""
        while records := await self._history.events(run_id, after):
            for batch in batches_of(records):
                yield batch
            after = records[-1].seq

    async def extent(self, run_id: str) -> Extent:
        try:
            return await self._live.extent(run_id)
        except UnknownLog:
            stored = await self._history.extent(run_id)
        if stored is None:
            raise UnknownLog(run_id)
        return stored

    async def answer(self, run_id: str) -> str:
        """A run's answer as far as its tokens tell it; empty where its log is not in memory any more."""
        records: list[Record] = []
        with suppress(UnknownLog):
            async with aclosing(self._live.read(run_id)) as batches:
                async for batch in batches:
                    records += (record for record in batch if record.name in _ANSWERING)
        return clean(answer_in(records))

    async def close(self, run_id: str) -> None:
        await self._live.close(run_id)

    async def expire(self, run_id: str) -> None:
        await self._live.expire(run_id)


def answer_in(records: Iterable[Record]) -> str:
    """The answer's text, one message after the other, without what was superseded."""
    texts: dict[str, list[str]] = {}
    for record in records:
        if record.name in _ANSWERING:
            data = orjson.loads(record.line)
            if record.name == Restart.type:
                texts.pop(data["message_id"], None)
            elif data["channel"] == "answer":
                texts.setdefault(data["message_id"], []).append(data["text"])
    return "".join(text for pieces in texts.values() for text in pieces)


_ANSWERING = frozenset({Token.type, Restart.type})
