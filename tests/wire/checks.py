"""What the readers of each format must make of a log's bytes, in whatever chunks they come."""

import re
from collections.abc import Callable
from itertools import groupby

import orjson

from service.event_log.base import Record
from service.events import decode_event
from tests.wire import expected
from tests.wire.expected import Told
from tests.wire.lines import Lines
from tests.wire.parsers import PARSERS
from tests.wire.random_logs import RUN_ID, Log
from tests.wire.whatwg import Message

_ID = rb"%b\.\d+\.\d+(?:\.\d+)?" % RUN_ID.encode()
_FRAME = rb"id: %b\n(?:event: [a-z_]+\n)?(?:data: [^\r\n]*\n)+\n" % _ID
_PING = rb"event: ping\ndata: \{\}\n\n"
_STREAM = re.compile(rb"retry: \d+\nid: %b\.0\.0\n\n(?:%b|%b)*" % (RUN_ID.encode(), _FRAME, _PING))
_SEPARATORS = [separator.encode() for separator in ("\x85", "\u2028", "\u2029")]


def check_events(log: Log, chunks: list[bytes]) -> None:
    messages = _read(chunks)
    assert messages == expected.event_messages(log)
    assert [decode_event(m.event, m.data.encode()) for m in messages] == log.events
    _check_no_separator(b"".join(chunks))


def check_tokens(log: Log, chunks: list[bytes]) -> None:
    messages = _read(chunks)
    groups = {event_id: list(group) for event_id, group in groupby(messages, _event_id)}
    ids = [f"{RUN_ID}.{record.attempt}.{record.seq}" for record in log.records]
    assert list(groups) == [event_id for event_id in ids if event_id in groups]
    assert sum(map(len, groups.values())) == len(messages)
    for event_id, record, told in zip(ids, log.records, expected.told(log), strict=True):
        frames = groups.get(event_id, [])
        parts = [f"{event_id}.{part}" for part in range(1, len(frames))]
        assert [frame.last_event_id for frame in frames] == [*parts, event_id][: len(frames)]
        _check_told([(frame.event, frame.data) for frame in frames], told, record)


def _check_told(frames: list[tuple[str, str]], told: Told, record: Record) -> None:
    """Text, then the event by its name, then a marker; nothing else looks like a marker."""
    if told.marker is not None:
        assert frames.pop() == ("message", told.marker)
    if told.named is not None:
        assert frames.pop() == (told.named, record.line.decode())
    assert {event for event, _ in frames} <= {"message"}
    assert "".join(data for _, data in frames) == told.text
    assert not [data for _, data in frames if data == "[DONE]" or data.startswith("[ERROR]")]


def _event_id(message: Message) -> str:
    """The id of the message's event, without its part."""
    return ".".join(message.last_event_id.split(".")[:3])


def check_ndjson(log: Log, chunks: list[bytes]) -> None:
    reader = Lines()
    lines = [orjson.loads(line) for chunk in chunks for line in reader.feed(chunk)]
    assert [(line["event"], line["id"]) for line in lines] == [
        (message.event, message.last_event_id) for message in expected.event_messages(log)
    ]
    assert [decode_event(line["event"], orjson.dumps(line["data"])) for line in lines] == log.events
    assert all(line.keys() == {"id", "event", "data"} for line in lines)
    _check_no_separator(b"".join(chunks))


def _read(chunks: list[bytes]) -> list[Message]:
    """What all three parsers read, but pings. No field is there but an id, a name and data, in this order."""
    assert _STREAM.fullmatch(b"".join(chunks))
    readings = [parser(chunks) for parser in PARSERS.values()]
    assert all(reading == readings[0] for reading in readings)
    return [message for message in readings[0] if message.event != "ping"]


def _check_no_separator(body: bytes) -> None:
    assert b"\r" not in body
    assert not [separator for separator in _SEPARATORS if separator in body]


def check_text(log: Log, chunks: list[bytes]) -> None:
    assert b"".join(chunks).decode() == expected.text(log)


CHECKS: dict[str, Callable[[Log, list[bytes]], None]] = {
    "events": check_events,
    "tokens": check_tokens,
    "text": check_text,
    "ndjson": check_ndjson,
}
