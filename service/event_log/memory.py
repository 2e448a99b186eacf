"""Logs in this process's memory: append is a list operation, waking whoever waits for it.

A closed log is kept for `ttl` seconds and as long as all closed ones hold at most `max_bytes` together: the
least recently used goes first. An open log is never trimmed. Expiry is decided when logs are used, so that it
needs no task; what an idle process keeps is within the bound.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from .base import Entry, EventLog, Extent, Record, UnknownLog, first_batch

_RECORD_BYTES = 200  # what a Record and its line's object take beside the line's own bytes (measured)


@dataclass(slots=True)
class _Log:
    records: list[Record] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    waiting: set[asyncio.Future[None]] = field(default_factory=set)
    size: int = 0
    closed: bool = False


class MemoryEventLog(EventLog):
    """`on_expire` is given the records of each log that goes; `clock` gives seconds, monotonic."""

    def __init__(
        self,
        ttl: float,
        max_bytes: int,
        on_expire: Callable[[str, list[Record]], None] = lambda run_id, records: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl = ttl
        self._max_bytes = max_bytes
        self._on_expire = on_expire
        self._clock = clock
        self._open: dict[str, _Log] = {}
        self._closed: OrderedDict[str, _Log] = OrderedDict()  # least recently used first
        self._expiry: deque[tuple[float, str]] = deque()  # soonest first, since all live equally long
        self._closed_bytes = 0

    async def open(self, run_id: str) -> None:
        if run_id in self._open or run_id in self._closed:
            raise ValueError(f"a log of {run_id} was opened before")
        self._sweep()
        self._open[run_id] = _Log()

    async def append(self, run_id: str, attempt: int, entries: Sequence[Entry]) -> Record:
        log = self._open.get(run_id)
        if log is None:
            raise UnknownLog(run_id)
        seq = len(log.records)
        for entry in entries:
            seq += 1
            log.records.append(Record(attempt, seq, entry.name, entry.line))
            log.size += len(entry.line) + _RECORD_BYTES
        log.ends[attempt] = seq
        _wake(log)
        return log.records[-1]

    async def read(self, run_id: str, after: int = 0) -> AsyncGenerator[list[Record], None]:
        log = self._get(run_id)
        position = after
        while True:
            while position < len(log.records):
                batch = first_batch(log.records, position)
                position += len(batch)
                yield batch
            if log.closed:
                return
            changed = asyncio.get_running_loop().create_future()
            log.waiting.add(changed)
            try:
                await changed
            finally:
                log.waiting.discard(changed)

    async def extent(self, run_id: str) -> Extent:
        log = self._get(run_id)
        return Extent(tuple(log.ends.items()), closed=log.closed)

    async def close(self, run_id: str) -> None:
        log = self._open.pop(run_id, None)
        if log is None:
            raise UnknownLog(run_id)
        log.closed = True
        self._closed[run_id] = log
        self._expiry.append((self._clock() + self._ttl, run_id))
        self._closed_bytes += log.size
        _wake(log)
        self._sweep()

    async def expire(self, run_id: str) -> None:
        self._drop(run_id)

    def _get(self, run_id: str) -> _Log:
        if log := self._open.get(run_id):
            return log
        self._sweep()
        log = self._closed.get(run_id)
        if log is None:
            raise UnknownLog(run_id)
        self._closed.move_to_end(run_id)
        return log

    def _sweep(self) -> None:
        now = self._clock()
        while self._expiry and self._expiry[0][0] <= now:
            self._drop(self._expiry.popleft()[1])
        while self._closed_bytes > self._max_bytes and self._closed:
            self._drop(next(iter(self._closed)))

    def _drop(self, run_id: str) -> None:
        if log := self._closed.pop(run_id, None):
            self._closed_bytes -= log.size
            self._on_expire(run_id, log.records)


def _wake(log: _Log) -> None:
    for changed in log.waiting:
        if not changed.done():  # else its reader was woken, or cancelled, and has not run yet
            changed.set_result(None)
