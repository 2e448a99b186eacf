"""What a reader of each format must have got of a log, told from its events by other means than the formats.

The formats go forward, event by event, and remember; here, what a reader has seen after an event is told anew
from all events up to it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.events import TERMINAL, Cancelled, Event, MessageEnd, RunError, Token
from tests.wire.random_logs import RUN_ID, Log
from tests.wire.whatwg import Message

TOOLS = {"tool_call", "tool_start", "tool_progress", "tool_end", "tool_error"}


@dataclass(frozen=True, slots=True)
class Told:
    """What one event tells a reader of `tokens`: text, then by name, then a marker; each may be missing."""

    text: str
    named: str | None = None
    marker: str | None = None


def event_messages(log: Log) -> list[Message]:
    """The messages of `events`."""
    return [
        Message(record.name, record.line.decode(), f"{RUN_ID}.{record.attempt}.{record.seq}")
        for record in log.records
    ]


def answer(events: Sequence[Event]) -> str:
    """The answer so far, one message at a time: in the order in which they began, up to one that goes on."""
    texts: dict[str, str] = {}
    for event in events:
        if isinstance(event, Token) and event.channel == "answer":
            texts[event.message_id] = texts.get(event.message_id, "") + event.text
    over = bool(events) and events[-1].type in TERMINAL
    ended = {event.message_id for event in events if isinstance(event, MessageEnd)}
    seen = ""
    for message_id, text in texts.items():
        seen += text
        if not over and message_id not in ended:
            break
    return seen


def pieces(log: Log) -> Iterator[str]:
    """The text of the answer that each event tells."""
    seen = ""
    for index in range(len(log.events)):
        now = answer(log.events[: index + 1])
        yield now[len(seen) :]
        seen = now


def told(log: Log) -> Iterator[Told]:
    """What each event tells a reader of `tokens`."""
    seen = ""
    for index, event in enumerate(log.events):
        now = with_lf(answer(log.events[: index + 1]))
        named = event.type if event.type in TOOLS | TERMINAL else None
        yield Told(now[len(seen) :], named, _marker(event))
        seen = now


def text(log: Log) -> str:
    """The body of `text`."""
    body, last = answer(log.events), log.events[-1]
    if not isinstance(last, RunError | Cancelled):
        return body
    message = last.message if isinstance(last, RunError) else f"cancelled ({last.reason})"
    line_is_open = body and not body.endswith("\n")
    return f"{body}{chr(10) if line_is_open else ''}[Error: {' '.join(message.split())}]\n"


def with_lf(text: str) -> str:
    """CR and CRLF as LF."""
    return re.sub(r"\r\n?", "\n", text)


def _marker(event: Event) -> str | None:
    if event.type not in TERMINAL:
        return None
    return f"[ERROR] {' '.join(event.message.split())}" if isinstance(event, RunError) else "[DONE]"
