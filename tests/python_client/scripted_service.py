"""A driver of `Following` without a network: each connection is a list of what comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from chainstream_client import Event
from chainstream_client.calls import Request
from chainstream_client.following import Following

RUN_ID = "01jd0000000000000000000000"
STREAM = {"content-type": "text/event-stream; charset=utf-8", "x-run-id": RUN_ID}
START = Request("POST", "/runs/stream", b"{}", headers={"Idempotency-Key": "k"})
TOTALS = {
    "input_tokens": 1,
    "output_tokens": 1,
    "total_tokens": 2,
    "cached_tokens": 0,
    "reasoning_tokens": 0,
    "cost_usd": None,
}


@dataclass(frozen=True)
class Frame:
    """One frame of a stream, with the id that stands until the next."""

    name: str
    id: str
    data: str
    retry_ms: int | None = None


@dataclass(frozen=True)
class Refusal:
    """An answer that is no stream."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Connection = Sequence[Frame | Exception] | Refusal | Exception


@dataclass
class Told:
    """What a caller got, and what the service was asked."""

    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def seqs(self) -> list[int]:
        return [int(event.id.rpartition(".")[2]) for event in self.events if event.id]

    @property
    def names(self) -> list[str]:
        return [event.type for event in self.events]


def drive(following: Following, connections: Iterable[Connection], told: Told | None = None) -> Told:
    """Until the stream ends. Raises what it raises; `told` has what came before."""
    told = told if told is not None else Told()
    answers = iter(connections)
    while following.wants_more:
        told.pauses.append(following.pause)
        told.requests.append(following.request())
        connection = next(answers)
        if isinstance(connection, Exception):
            following.broke(connection)
        elif isinstance(connection, Refusal):
            assert not following.accepts(connection.status, connection.headers)
            _add(told, following.turned_away(connection.status, connection.headers, connection.body))
        else:
            assert following.accepts(200, STREAM)
            _read(following, connection, told)
        following.closed()
    assert not list(answers)
    return told


def _read(following: Following, frames: Sequence[Frame | Exception], told: Told) -> None:
    for frame in frames:
        if isinstance(frame, Exception):
            following.broke(frame)
            return
        _add(told, following.frame(frame.name, frame.id, frame.data, frame.retry_ms))
        if not following.reading:
            return


def _add(told: Told, event: Event | None) -> None:
    if event is not None:
        told.events.append(event)


def opening(seq: int = 0, retry_ms: int = 500) -> Frame:
    return Frame("message", f"{RUN_ID}.{min(seq, 1)}.{seq}", "", retry_ms)


def frame(seq: int, name: str = "token", attempt: int = 1, **data: Any) -> Frame:
    made = {**_DATA.get(name, {}), "t": seq, **data}
    return Frame(name, f"{RUN_ID}.{attempt}.{seq}", orjson.dumps(made).decode())


def control(name: str, after: int, **data: Any) -> Frame:
    """A frame without an id of its own."""
    return Frame(name, f"{RUN_ID}.1.{after}", orjson.dumps(data).decode())


_DATA: dict[str, dict[str, Any]] = {
    "run": {
        "protocol": 1,
        "run_id": RUN_ID,
        "chain": "made",
        "model": None,
        "thread_id": None,
        "attempt": 1,
        "created_at": "2026-01-01T00:00:00+00:00",
    },
    "token": {"message_id": "m1", "step": None, "channel": "answer", "text": "x"},
    "approval": {"interrupt_id": "i1", "value": None, "requests": []},
    "done": {"output": "x", "finish_reason": "stop", "usage": TOTALS, "ttft_ms": 1, "duration_ms": 9},
    "error": {"code": "chain_failed", "message": "no", "fault": "chain", "retryable": False},
    "cancelled": {"reason": "user", "output": "x", "usage": TOTALS, "duration_ms": 9},
}
