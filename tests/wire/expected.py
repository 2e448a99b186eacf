"""What a reader of each format must have got of a log, told from its events by other means than the formats.

The formats go forward, event by event, and remember; here, what a reader has seen after an event is told anew
from all events up to it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from service.events import TERMINAL, Cancelled, Event, MessageEnd, Restart, RunError, Token, encode_event
from tests.wire.random_logs import RUN_ID, Log
from tests.wire.whatwg import Message

TOOLS = {"tool_call", "tool_start", "tool_progress", "tool_end", "tool_error"}


@dataclass(frozen=True, slots=True)
class Told:
    """What one event tells a reader of `tokens`: text, then by name with its data, then a marker; each may be
    missing. A restart is told before the text that must be told again."""

    text: str
    named: str | None = None
    marker: str | None = None
    data: str = ""


def event_messages(log: Log) -> list[Message]:
    """The messages of `events`."""
    return [
        Message(record.name, record.line.decode(), f"{RUN_ID}.{record.attempt}.{record.seq}")
        for record in log.records
    ]


def shown(
    events: Sequence[Event], superseded: Callable[[str, Restart], str] = lambda _text, _restart: ""
) -> dict[str, str]:
    """The texts so far, one message at a time: in the order in which they began, up to one that goes on.
    `superseded` is what stands in a text's place; one that only waits for its turn then has none."""
    texts: dict[str, str] = {}
    for index, event in enumerate(events):
        if isinstance(event, Token) and event.channel == "answer":
            texts[event.message_id] = texts.get(event.message_id, "") + event.text
        if isinstance(event, Restart) and event.message_id in texts:
            if event.message_id in _in_turn(texts, events[:index]):
                texts[event.message_id] = superseded(texts[event.message_id], event)
            else:
                del texts[event.message_id]
    return _in_turn(texts, events)


def _in_turn(texts: dict[str, str], events: Sequence[Event]) -> dict[str, str]:
    over = bool(events) and events[-1].type in TERMINAL
    ended = {event.message_id for event in events if isinstance(event, MessageEnd)}
    in_turn: dict[str, str] = {}
    for message_id, text in texts.items():
        if in_turn and not over and next(reversed(in_turn)) not in ended:
            break
        in_turn[message_id] = text
    return in_turn


def began(events: Sequence[Event], restart: Restart) -> int | None:
    """The index of the event with which a reader first got the message that the restart, the last of these
    events, supersedes; None where none of it was shown."""
    if restart.message_id not in shown(events[:-1]):
        return None
    return next(index for index in range(len(events)) if restart.message_id in shown(events[: index + 1]))


def said(log: Log, written: Callable[[str], str] = str) -> Iterator[str]:
    """The text that each event tells to a reader who drops what a restart supersedes."""
    texts: list[str] = []
    for index, event in enumerate(log.events):
        events = log.events[: index + 1]
        if isinstance(event, Restart) and (first := began(events, event)) is not None:
            texts[first:] = [""] * (index - first)
        now, seen = written("".join(shown(events).values())), "".join(texts)
        assert now.startswith(seen)
        texts.append(now[len(seen) :])
        yield texts[-1]


def told(log: Log) -> Iterator[Told]:
    """What each event tells a reader of `tokens`."""
    for index, (event, text) in enumerate(zip(log.events, said(log, with_lf), strict=True)):
        named = event.type if event.type in TOOLS | TERMINAL else None
        data = log.records[index].line.decode()
        if isinstance(event, Restart):
            named, data = event.type, restart_data(log, index)
        yield Told(text, named, _marker(event), data)


def restart_data(log: Log, index: int) -> str:
    """A restart's data for a reader of text: from where on its frames are superseded."""
    event, events = log.events[index], log.events[: index + 1]
    assert isinstance(event, Restart)
    first = began(events, event)
    return encode_event(replace(event, discard_from=(index if first is None else first) + 1)).decode()


def noted(log: Log) -> Iterator[str]:
    """The text that each event tells to a reader who can drop nothing, with a note of each restart."""
    seen = ""
    for index in range(len(log.events)):
        now = _spoken(log.events[: index + 1])
        assert now.startswith(seen)
        yield now[len(seen) :]
        seen = now


def _spoken(events: Sequence[Event]) -> str:
    return "".join(shown(events, lambda text, restart: text + note(restart)).values())


def note(event: Restart) -> str:
    failed, goes_on = event.model or "the model", event.next_model or "another model"
    said = " ".join(f"Restarted: {failed} failed ({event.code}), {goes_on} answers instead".split())
    return f"[{said}]"


def text(log: Log) -> str:
    """The body of `text`."""
    body, last = "", log.events[-1]
    for event, piece in zip(log.events, noted(log), strict=True):
        if isinstance(event, Restart) and piece:
            body += f"{_break(body)}{note(event)}\n"
        else:
            body += piece
    if not isinstance(last, RunError | Cancelled):
        return body
    message = last.message if isinstance(last, RunError) else f"cancelled ({last.reason})"
    return f"{body}{_break(body)}[Error: {' '.join(message.split())}]\n"


def _break(body: str) -> str:
    return "\n" if body and not body.endswith("\n") else ""


def with_lf(text: str) -> str:
    """CR and CRLF as LF."""
    return re.sub(r"\r\n?", "\n", text)


def _marker(event: Event) -> str | None:
    if event.type not in TERMINAL:
        return None
    return f"[ERROR] {' '.join(event.message.split())}" if isinstance(event, RunError) else "[DONE]"
