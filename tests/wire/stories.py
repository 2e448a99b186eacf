"""Events, logs and bodies in few words, for the tests of the formats."""

from collections.abc import Sequence
from itertools import count

from service.event_log.base import START, Cursor, Record, entry_of
from service.events import (
    Cancelled,
    CancelReason,
    Channel,
    Done,
    Event,
    MessageEnd,
    Restart,
    RunError,
    RunStarted,
    Status,
    Token,
    ToolEnd,
    ToolStart,
    UsageTotals,
)
from service.snapshot import Snapshot
from service.wire import FORMATS, ROUTE_FORMATS
from service.wire.encoder import Encoder

EVERY_FORMAT = FORMATS | ROUTE_FORMATS
RUN = "run"  # in tables; of another form than a real run's id, but as good for a format

USAGE = UsageTotals(
    input_tokens=0, output_tokens=0, total_tokens=0, cached_tokens=0, reasoning_tokens=0, cost_usd=None
)
USAGE_JSON = (
    '{"input_tokens":0,"output_tokens":0,"total_tokens":0,"cached_tokens":0,"reasoning_tokens":0,'
    '"cost_usd":null}'
)
STARTED_JSON = (
    '{"t":0,"protocol":1,"run_id":"run","chain":"chat","model":"offline:demo","thread_id":null,"attempt":1,'
    '"created_at":"2026-11-20T00:00:00+00:00"}'
)
DONE_JSON = f'{{"t":9,"output":"hi","finish_reason":"stop","usage":{USAGE_JSON},"ttft_ms":1,"duration_ms":9}}'
CANCELLED_JSON = f'{{"t":9,"reason":"user","output":"hi","usage":{USAGE_JSON},"duration_ms":9}}'


def token(text: str, message_id: str = "m1", channel: Channel = "answer") -> Token:
    return Token(t=1, message_id=message_id, step=None, channel=channel, text=text)


def started() -> RunStarted:
    return RunStarted(
        t=0,
        run_id=RUN,
        chain="chat",
        model="offline:demo",
        thread_id=None,
        attempt=1,
        created_at="2026-11-20T00:00:00+00:00",
    )


def ended(message_id: str = "m1") -> MessageEnd:
    return MessageEnd(t=1, message_id=message_id, finish_reason="stop")


def restart(message_id: str = "m1", discard_from: int = 1) -> Restart:
    return Restart(
        t=2,
        attempt=1,
        discard_from=discard_from,
        message_id=message_id,
        code="provider_cut",
        model="first",
        next_model="second",
    )


def tool_start(name: str = "add") -> ToolStart:
    return ToolStart(t=1, tool_call_id="c1", step=None, name=name, input={"a": 1})


def tool_end(output: object = 2) -> ToolEnd:
    return ToolEnd(t=1, tool_call_id="c1", name="add", output=output, duration_ms=3)


def done() -> Done:
    return Done(t=9, output="hi", finish_reason="stop", usage=USAGE, ttft_ms=1, duration_ms=9)


def failed(message: str = "It broke.") -> RunError:
    return RunError(t=9, code="chain_error", message=message, fault="chain", retryable=False)


def cancelled(reason: CancelReason = "user") -> Cancelled:
    return Cancelled(t=9, reason=reason, output="hi", usage=USAGE, duration_ms=9)


def logged(*events: Event, attempts: Sequence[int] = ()) -> list[Record]:
    """The events as a log has them; of the first attempt, unless `attempts` names one for each."""
    of = attempts or [1] * len(events)
    entries = map(entry_of, events)
    return [
        Record(attempt, seq, entry.name, entry.line)
        for attempt, seq, entry in zip(of, count(1), entries, strict=False)
    ]


def encoded(format_name: str, records: Sequence[Record], cursor: Cursor = START, run_id: str = RUN) -> bytes:
    """The bytes of these records, past the cursor, given in one batch."""
    encoder = Encoder(EVERY_FORMAT[format_name](), run_id, cursor)
    return encoder.encode([record for record in records if record.seq > encoder.feed_after])


def empty_snapshot(status: Status) -> Snapshot:
    return Snapshot(messages=[], tools=[], approvals=[], status=status)
