"""The port of the event log: records of runs in order, read by any number of readers from a cursor.

A log is append-only; only its run's owner appends. Replay and live are one loop: a reader gets what is there
and then what comes, in batches, and the end once the log is closed.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace

from ..events import TERMINAL, Event, ToolEnd, decode_event, encode_event
from ..values import encode_json

BATCH_RECORDS = 256
BATCH_BYTES = 40 * 1024  # of lines; with ids and field names a batch of frames stays under 64 KB


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a log: after the first `part` frames of the event `seq` of `attempt`, or after all of them.

    `attempt` is None where the reader named a bare seq. `part` 0 means the whole event was seen; it counts
    the frames of an event that a format sends in several.
    """

    seq: int
    attempt: int | None = None
    part: int = 0

    @property
    def read_after(self) -> int:
        """The seq after which to read on: an event seen in part is read again."""
        return self.seq - 1 if self.part else self.seq

    def event_id(self, run_id: str) -> str:
        """The id with which a client names this place."""
        part = f".{self.part}" if self.part else ""
        return f"{run_id}.{self.attempt or 0}.{self.seq}{part}"


START = Cursor(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a log keeps it: its name and its `data`, encoded once.

    `whole` is the JSON of a tool's output that its `data` has cut; no log keeps it, history does.
    """

    name: str
    line: bytes
    whole: bytes | None = None


def entry_of(event: Event) -> Entry:
    """Encodes an event."""
    if isinstance(event, ToolEnd) and event.whole is not None:
        return Entry(event.type, encode_event(event), encode_json(event.whole))
    return Entry(event.type, encode_event(event))


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a log in its place."""

    attempt: int
    seq: int
    name: str
    line: bytes

    @property
    def terminal(self) -> bool:
        return self.name in TERMINAL

    def event(self) -> Event:
        """The event itself, decoded anew at each call."""
        return decode_event(self.name, self.line)


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a log reaches: the last seq of each attempt in their order, and whether more can come."""

    ends: tuple[tuple[int, int], ...]
    closed: bool

    @property
    def last(self) -> int:
        return self.ends[-1][1] if self.ends else 0

    @property
    def attempt(self) -> int:
        return self.ends[-1][0] if self.ends else 0

    def placed(self, cursor: Cursor) -> Cursor:
        """The cursor with the attempt that it leaves out."""
        if cursor.attempt is not None:
            return cursor
        reached = (attempt for attempt, end in self.ends if cursor.seq <= end)
        attempt = next(reached, self.attempt) if cursor.seq else 0
        return replace(cursor, attempt=attempt)

    def holds(self, cursor: Cursor) -> bool:
        """Whether the cursor's event is in this log.

        An id whose attempt never reached its seq was lost in a crash: joining it to what another attempt
        wrote there would be a silent hole.
        """
        if cursor.attempt is None or cursor.seq == 0:
            return cursor.seq <= self.last
        first = 1
        for attempt, end in self.ends:
            if attempt == cursor.attempt:
                return first <= cursor.seq <= end
            first = end + 1
        return False


def batches_of(records: Sequence[Record]) -> Iterator[list[Record]]:
    """In their order, each of at most BATCH_RECORDS records and BATCH_BYTES bytes of lines, or one record."""
    position = 0
    while position < len(records):
        batch = first_batch(records, position)
        position += len(batch)
        yield batch


def first_batch(records: Sequence[Record], position: int) -> list[Record]:
    """The first of `batches_of` from this position on."""
    batch = list(records[position : position + BATCH_RECORDS])
    size = 0
    for count, record in enumerate(batch):
        size += len(record.line)
        if size > BATCH_BYTES and count:
            return batch[:count]
    return batch


class UnknownLog(Exception):
    """No log is kept for this run: it never was, or has expired."""


class EventLog(ABC):
    """Where the events of runs are kept. All but `open` raise UnknownLog where there is no log."""

    @abstractmethod
    async def open(self, run_id: str) -> None:
        """Begin an empty log under an id that was never used."""

    @abstractmethod
    async def append(self, run_id: str, attempt: int, entries: Sequence[Entry]) -> Record:
        """Append at least one entry; returns the last one's record. Readers see all of them at once."""

    @abstractmethod
    def read(self, run_id: str, after: int = 0) -> AsyncGenerator[list[Record], None]:
        """The records past seq `after`, then those to come, until the log is closed.

        A batch holds at most BATCH_RECORDS records and BATCH_BYTES bytes of lines, and at least one record.
        """

    @abstractmethod
    async def extent(self, run_id: str) -> Extent:
        """How far the log reaches now."""

    @abstractmethod
    async def close(self, run_id: str) -> None:
        """Nothing will be appended any more: readers end, and the log's time to live begins."""

    @abstractmethod
    async def expire(self, run_id: str) -> None:
        """Forget a closed log now, if it is there; readers in mid-log still get its rest."""
