"""A run that is only there to be read, and clients that read it over several connections."""

from collections.abc import Iterable, Sequence
from typing import cast

import orjson

from service.api.streaming import frames_of
from service.event_log.base import START, Entry, EventLog, Record
from service.event_log.memory import MemoryEventLog
from service.executor.local import LocalExecutor
from service.history.history import History
from service.registry import Registry
from service.run import Run
from service.runs import Runs
from service.subscriptions import parse_cursor, subscribe
from tests.wire.lines import Lines
from tests.wire.random_logs import RUN_ID
from tests.wire.stories import EVERY_FORMAT
from tests.wire.whatwg import EventStream, Message


def readable_run(log: EventLog, run_id: str = RUN_ID) -> tuple[Runs, Run]:
    """A run that nobody executes, of a service that can start none."""
    runs = Runs(log, cast(Registry, None), cast(LocalExecutor, None), cast(History, None), grace=0)
    run = Run(run_id, "chat", "model", {}, cancel_when_left=False)
    runs._runs[run_id] = run
    return runs, run


async def keep(log: EventLog, records: Sequence[Record], run_id: str = RUN_ID) -> None:
    """Open a log and append these records, each by its attempt."""
    await log.open(run_id)
    for record in records:
        await log.append(run_id, record.attempt, [Entry(record.name, record.line)])


class Finished:
    """A finished run, answered as the service does: what `follow` streams, or None where it says 204."""

    def __init__(self, runs: Runs, run: Run) -> None:
        self._runs = runs
        self._run = run

    @classmethod
    async def of(cls, records: Sequence[Record]) -> "Finished":
        log = MemoryEventLog(ttl=60, max_bytes=1 << 30)
        await keep(log, records)
        await log.close(RUN_ID)
        return cls(*readable_run(log))

    async def body(self, format_name: str, last_event_id: str, *, in_words: bool = False) -> bytes | None:
        cursor = parse_cursor(last_event_id, RUN_ID)[1] if last_event_id else START
        subscription = await subscribe(self._runs, self._run, cursor)
        if subscription.at_end:
            return None
        return b"".join(
            [
                part
                async for part in frames_of(
                    self._runs, subscription, EVERY_FORMAT[format_name](), in_whole_words=in_words
                )
            ]
        )


class Browser:
    """An EventSource: it comes back with the last id that it has whole."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.last_event_id = ""

    def read(self, body: bytes) -> None:
        """The bytes of one connection, up to where it was cut."""
        stream = EventStream(self.last_event_id)
        self.got += stream.feed(body)
        self.last_event_id = stream.last_event_id


class LineReader:
    """A client of lines that have ids: it comes back with the id of the last whole line."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.last_event_id = ""

    def read(self, body: bytes) -> None:
        for line in Lines().feed(body):
            self.last_event_id = orjson.loads(line)["id"]
            self.got.append(Message("line", line.decode(), self.last_event_id))


CLIENTS: dict[str, type[Browser | LineReader]] = {
    "events": Browser,
    "tokens": Browser,
    "message": Browser,
    "openai": Browser,
    "ag-ui": Browser,
    "ai-sdk": Browser,
    "llm-proxy": Browser,
    "websocket": LineReader,
    "ndjson": LineReader,
}


async def read_with_cuts(served: Finished, format_name: str, cuts: Iterable[int]) -> list[Message]:
    """All that a client has in the end whose connections were cut after so many bytes, but the last."""
    client = CLIENTS[format_name]()
    for cut in [*cuts, None]:
        body = await served.body(format_name, client.last_event_id)
        if body is None:
            break
        client.read(body[:cut])
    return client.got


def opening_of(body: bytes) -> bytes:
    """The first frame."""
    return body[: body.index(b"\n\n") + 2]
