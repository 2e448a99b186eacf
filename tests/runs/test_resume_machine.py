"""Whatever happens to a run and to its readers, each has in the end what the log says: a state machine.

A reader attaches, stops in the middle, is cut off, comes back with its last id. The run's events go on, and
end; the service dies, and another goes on from a part of the log. The model is a list: the records that the
log holds, in their order.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.errors import Gone
from service.event_log import base
from service.event_log.base import START, Cursor, Record, entry_of
from service.event_log.memory import MemoryEventLog
from service.events import Event, MessageEnd
from service.snapshot import Gap, fold
from service.subscriptions import Subscription, parse_cursor, records_of, subscribe
from tests.wire.connections import keep, readable_run
from tests.wire.random_logs import RUN_ID
from tests.wire.stories import cancelled, done, failed, token, tool_end, tool_start

T = TypeVar("T")
PATIENCE = 20  # seconds; whatever takes longer hangs
BATCH_RECORDS = 2  # so that a few records are several batches

EVENTS: dict[str, Event] = {
    "a": token("a"),
    "b": token("b", "m2"),
    "tool_start": tool_start(),
    "tool_end": tool_end(),
    "message_end": MessageEnd(t=1, message_id="m1", finish_reason="stop"),
}
ENDS: dict[str, Event] = {"done": done(), "error": failed(), "cancelled": cancelled()}


@dataclass(eq=False)
class Reader:
    """A client over all its connections: what it got past `base`, where it began or took a snapshot."""

    place: Cursor
    base: int = 0
    got: list[Record] = field(default_factory=list)
    connection: "asyncio.Task[None] | None" = None
    holds_after: int = 0  # so many records it takes, then none until it goes on; 0 is no bound
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last_event_id(self) -> str:
        if self.place.attempt is None:
            return str(self.place.seq)
        return f"{RUN_ID}.{self.place.attempt}.{self.place.seq}"

    @property
    def holds(self) -> bool:
        return self.holds_after == len(self.got) > 0 and not self.goes_on.is_set()

    def take_snapshot(self, gap: Gap) -> None:
        """The rule for a gap: what one had goes."""
        self.place, self.base, self.got = gap.as_of, gap.as_of.seq, []

    def take(self, record: Record) -> None:
        self.got.append(record)
        self.place = Cursor(record.seq, record.attempt)


class Resuming(RuleBasedStateMachine):
    """One run and its readers."""

    readers = Bundle("readers")

    def __init__(self) -> None:
        super().__init__()
        self.small_batches = patch.object(base, "BATCH_RECORDS", BATCH_RECORDS)
        self.small_batches.start()
        self.runner = asyncio.Runner()
        self.moved = asyncio.Condition()
        self.attempt = 1
        self.model: list[Record] = []
        self.lost: list[Record] = []
        self.finished = False
        self.all: list[Reader] = []

    def teardown(self) -> None:
        for reader in self.all:
            self.cut(reader)
        self.runner.close()
        self.small_batches.stop()

    # --- the run -----------------------------------------------------------------------------------

    @initialize()
    def start(self) -> None:
        self.serve([])

    @precondition(lambda self: not self.finished)
    @rule(names=st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=5))
    def append(self, names: list[str]) -> None:
        self.write([EVENTS[name] for name in names])
        self.wait(self.settle())

    @precondition(lambda self: not self.finished)
    @rule(name=st.sampled_from(sorted(ENDS)))
    def finish(self, name: str) -> None:
        self.write([ENDS[name]])
        self.wait(self.log.close(RUN_ID))
        self.finished = True
        self.wait(self.settle())

    @precondition(lambda self: not self.finished)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """All connections break, and the log's tail is lost; a new attempt goes on from the rest."""
        for reader in self.all:
            self.cut(reader)
        kept = data.draw(st.integers(0, len(self.model)), label="kept")
        self.lost += self.model[kept:]
        self.attempt += 1
        self.serve(self.model[:kept])

    # --- its readers -------------------------------------------------------------------------------

    @rule(target=readers, holds_after=st.integers(0, 5))
    def read_from_the_start(self, holds_after: int) -> Reader:
        return self.new_reader(START, holds_after)

    @rule(target=readers, data=st.data())
    def read_from_anywhere(self, data: st.DataObject) -> Reader:
        """At an event that is there, one that was lost, or one that never was."""
        places = [Cursor(record.seq, record.attempt) for record in self.model + self.lost]
        beyond = len(self.model) + data.draw(st.integers(1, 3), label="beyond")
        places += [Cursor(seq) for seq in range(len(self.model) + 1)]
        places += [Cursor(beyond), Cursor(beyond, self.attempt), Cursor(1, self.attempt + 1)]
        return self.new_reader(data.draw(st.sampled_from(places), label="cursor"), 0)

    @rule(reader=readers)
    def go_on(self, reader: Reader) -> None:
        reader.goes_on.set()
        self.wait(self.settle())

    @rule(reader=readers)
    def cut(self, reader: Reader) -> None:
        if reader.connection is not None:
            reader.connection.cancel()
            self.wait(_ended(reader.connection))
            reader.connection = None

    @rule(reader=readers, holds_after=st.integers(0, 5))
    def come_back(self, reader: Reader, holds_after: int) -> None:
        self.cut(reader)
        self.attach(reader, parse_cursor(reader.last_event_id, RUN_ID)[1], holds_after)

    # --- what must hold ----------------------------------------------------------------------------

    @invariant()
    def every_connected_reader_has_what_the_log_says(self) -> None:
        for reader in self.all:
            if reader.connection is not None:
                assert reader.got == self.read_by(reader)
                assert reader.holds or reader.place.seq == len(self.model)

    def read_by(self, reader: Reader) -> list[Record]:
        """The records of the log that stand where the reader's are."""
        return self.model[reader.base : reader.base + len(reader.got)]

    def gap_at(self, cursor: Cursor) -> str | None:
        """Why a reader at this cursor must be told of a gap, if it must."""
        return None if self.has(cursor) else "ahead_of_log"

    def has(self, cursor: Cursor) -> bool:
        if cursor.seq == 0:
            return True
        same_seq = self.model[cursor.seq - 1 : cursor.seq]
        return any(cursor.attempt in (None, record.attempt) for record in same_seq)

    def is_end(self, cursor: Cursor) -> bool:
        return self.finished and cursor.seq == len(self.model) and self.has(cursor)

    # --- how it is done ----------------------------------------------------------------------------

    def serve(self, kept: list[Record]) -> None:
        """A service that has this much of the run."""
        self.log = MemoryEventLog(ttl=3600, max_bytes=1 << 30)
        self.runs, self.run = readable_run(self.log)
        self.model = kept
        self.wait(keep(self.log, kept))

    def write(self, events: list[Event]) -> None:
        entries = [entry_of(event) for event in events]
        first = len(self.model) + 1
        self.model += [Record(self.attempt, seq, e.name, e.line) for seq, e in enumerate(entries, first)]
        last = self.wait(self.log.append(RUN_ID, self.attempt, entries))
        assert last == self.model[-1]

    def new_reader(self, cursor: Cursor, holds_after: int) -> Reader:
        reader = Reader(cursor, cursor.seq)
        self.all.append(reader)
        self.attach(reader, cursor, holds_after)
        return reader

    def attach(self, reader: Reader, cursor: Cursor, holds_after: int) -> None:
        subscription = self.wait(subscribe(self.runs, self.run, cursor))
        assert subscription.at_end == self.is_end(cursor)
        self.check_gap(cursor, subscription)
        if subscription.gap:
            reader.take_snapshot(subscription.gap)
        assert reader.got == self.read_by(reader)  # nothing is joined to what a crash took
        if subscription.at_end:
            return
        reader.goes_on.clear()
        reader.holds_after = len(reader.got) + holds_after if holds_after else 0
        reader.connection = self.runner.get_loop().create_task(self.read(reader, subscription))
        self.wait(self.settle())

    def check_gap(self, cursor: Cursor, subscription: Subscription) -> None:
        """There is one where there must be, with the state up to its place; or an error, on demand."""
        gap, reason = subscription.gap, self.gap_at(cursor)
        assert (gap and gap.reason) == reason
        if gap is None:
            return
        assert gap.requested == cursor
        assert gap.as_of.seq == len(self.model) - self.finished  # the terminal event itself follows
        assert gap.snapshot == fold(self.model).snapshot()
        with pytest.raises(Gone, match=reason):
            self.wait(subscribe(self.runs, self.run, cursor, gap_is_error=True))

    async def read(self, reader: Reader, subscription: Subscription) -> None:
        batches = records_of(self.runs, subscription, subscription.cursor.read_after)
        async with aclosing(batches):
            async for batch in batches:
                for record in batch:
                    reader.take(record)
                    await self.move()
                    if reader.holds:
                        await reader.goes_on.wait()
        assert reader.place.seq == len(self.model)  # it ends once it has all

    async def move(self) -> None:
        async with self.moved:
            self.moved.notify_all()

    async def settle(self) -> None:
        """Until every connection has what there is, holds, or has ended. Raises what a reader raised."""
        connected = [reader for reader in self.all if reader.connection is not None]
        for reader in connected:
            assert reader.connection is not None
            reader.connection.add_done_callback(lambda _: asyncio.ensure_future(self.move()))
        async with self.moved:
            await self.moved.wait_for(lambda: all(map(self.is_settled, connected)))
        for reader in connected:
            if reader.connection is not None and reader.connection.done():
                reader.connection.result()
                reader.connection = None

    def is_settled(self, reader: Reader) -> bool:
        assert reader.connection is not None
        if reader.connection.done() or reader.holds:
            return True
        return not self.finished and reader.place.seq == len(self.model)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(_in_time(work))


async def _in_time(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(PATIENCE):
        return await work


async def _ended(task: "asyncio.Task[None]") -> None:
    await asyncio.wait({task})


TestResuming = Resuming.TestCase
TestResuming.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
