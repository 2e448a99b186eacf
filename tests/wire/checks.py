"""What the readers of each format must make of a log's bytes, in whatever chunks they come."""

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import orjson
from openai.types.chat import ChatCompletionChunk

from service.events import (
    TERMINAL,
    Cancelled,
    Done,
    Reasoning,
    Restart,
    RunError,
    Token,
    decode_event,
)
from tests.wire import expected
from tests.wire.ag_ui_client import AGUIClient
from tests.wire.expected import Told
from tests.wire.lines import Lines
from tests.wire.parsers import PARSERS
from tests.wire.random_logs import RUN_ID, Log
from tests.wire.ui_client import UIClient
from tests.wire.whatwg import Message

_ID = rb"%b\.\d+\.\d+(?:\.\d+)?" % RUN_ID.encode()
_FRAME = rb"id: %b\n(?:event: [a-z_]+\n)?(?:data: [^\r\n]*\n)+\n" % _ID
_PING = rb"event: ping\ndata: \{\}\n\n"
_STREAM = re.compile(rb"retry: \d+\nid: %b\.0\.0\n\n(?:%b|%b)*" % (RUN_ID.encode(), _FRAME, _PING))
_OPENAI_STREAM = re.compile(rb"(?:(?:: ping\n)*id: %b\ndata: [^\r\n]*\n\n)*(?:: ping\n)*" % _ID)
_SEPARATORS = [separator.encode() for separator in ("\x85", "\u2028", "\u2029")]


def check_events(log: Log, chunks: list[bytes]) -> None:
    messages = _read(chunks)
    assert messages == expected.event_messages(log)
    assert [decode_event(m.event, m.data.encode()) for m in messages] == log.events
    _check_no_separator(b"".join(chunks))


def check_tokens(log: Log, chunks: list[bytes]) -> None:
    groups = _by_event(log, _read(chunks))
    for frames, told in zip(groups, expected.told(log), strict=True):
        _check_told(frames, told)


def _by_event(log: Log, messages: list[Message]) -> list[list[tuple[str, str]]]:
    """Each event's frames by name and data; their ids are in order, and numbered where they are several."""
    groups = {event_id: list(group) for event_id, group in groupby(messages, _event_id)}
    ids = [f"{RUN_ID}.{record.attempt}.{record.seq}" for record in log.records]
    assert list(groups) == [event_id for event_id in ids if event_id in groups]
    assert sum(map(len, groups.values())) == len(messages)
    for event_id, frames in groups.items():
        parts = [f"{event_id}.{part}" for part in range(1, len(frames))]
        assert [frame.last_event_id for frame in frames] == [*parts, event_id]
    return [[(frame.event, frame.data) for frame in groups.get(event_id, [])] for event_id in ids]


def check_message(log: Log, chunks: list[bytes]) -> None:
    groups = _by_event(log, _read(chunks))
    for index, text in enumerate(expected.said(log)):
        frames, record, event = groups[index], log.records[index], log.events[index]
        if isinstance(event, Restart):
            assert frames.pop(0) == ("restart", expected.restart_data(log, index))
        if record.name in expected.TOOLS | {"run", "usage"}:
            assert frames.pop() == (record.name, record.line.decode())
        if isinstance(event, Cancelled):
            assert frames.pop() == ("cancelled", "Stream cancelled")
        elif isinstance(event, RunError):
            name, data = frames.pop()
            assert (name, orjson.loads(data)) == ("error", {"error": event.message})
        elif isinstance(event, Done):
            name, data = frames.pop()
            assert (name, orjson.loads(data)) == (
                "done",
                {"status": "complete", **orjson.loads(record.line)},
            )
        said = [(name, orjson.loads(data)) for name, data in frames]
        assert said == ([("message", {"text": text, "elapsed_ms": event.t})] if text else [])
    _check_no_separator(b"".join(chunks))


def check_openai(log: Log, chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    assert _OPENAI_STREAM.fullmatch(body)
    _check_no_separator(body)
    messages = _read_alike(chunks)
    groups = _by_event(log, messages)
    if log.records[-1].terminal:
        assert groups[-1].pop() == ("message", "[DONE]")
    assert {name for frames in groups for name, _ in frames} == {"message"}
    objects = [[orjson.loads(data) for _, data in frames] for frames in groups]
    for index, text in enumerate(expected.noted(log)):
        _check_openai_objects(objects[index], log, index, text)


def check_ag_ui(log: Log, chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    assert _OPENAI_STREAM.fullmatch(body)  # the same framing
    _check_no_separator(body)
    groups = _by_event(log, _read_alike(chunks))
    told = [data for frames in groups for _, data in frames]
    client = AGUIClient()
    for data in told:
        client.take(data)
    said = [event for event in log.events if isinstance(event, Token) and event.channel == "answer"]
    texts = {event.message_id: "" for event in said if event.text}
    for event in said:
        if event.text:
            texts[event.message_id] += event.text
    assert client.texts == {f"{RUN_ID}.{message_id}": text for message_id, text in texts.items()}
    assert client.is_over == log.records[-1].terminal


def check_ai_sdk(log: Log, chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    assert _OPENAI_STREAM.fullmatch(body)  # the same framing
    _check_no_separator(body)
    client = UIClient()
    for frames in _by_event(log, _read_alike(chunks)):
        for _, data in frames:
            client.take(data)
    said = [event for event in log.events if isinstance(event, Token) and event.channel == "answer"]
    thought = [event for event in log.events if isinstance(event, Reasoning)]
    assert client.texts == _joined(said)
    assert client.thoughts == _joined(thought)
    last = log.events[-1]
    assert client.is_over == (last.type in TERMINAL)
    assert client.error == (last.message if isinstance(last, RunError) else None)
    reasons = {"done": "stop", "error": "error", "cancelled": "interrupted"}
    assert client.finish_reason == reasons.get(last.type)


def _joined(events: Sequence[Token | Reasoning]) -> dict[str, str]:
    """Their texts by message."""
    texts: dict[str, str] = {}
    for event in events:
        if event.text:
            texts[event.message_id] = texts.get(event.message_id, "") + event.text
    return texts


def check_openai_ndjson(log: Log, chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    reader = Lines()
    lines = [orjson.loads(line) for chunk in chunks for line in reader.feed(chunk)]
    for index, text in enumerate(expected.noted(log)):
        event = log.events[index]
        count = (event.type == "run" or event.type in TERMINAL) + bool(text)
        _check_openai_objects(lines[:count], log, index, text)
        del lines[:count]
    assert lines == []
    _check_no_separator(body)


def _check_openai_objects(objects: list[Any], log: Log, index: int, text: str) -> None:
    """A run's role, an event's text, how it ended; every chunk is one as OpenAI's own types have it.

    A note of a restart has a line of its own, and the event in a field that programs find."""
    event = log.events[index]
    if isinstance(event, Restart) and text:
        text = f"\n{text}\n"
        restart = ChatCompletionChunk.model_validate(objects[0]).model_extra or {}
        assert restart["restart"] == orjson.loads(expected.restart_data(log, index))
    if isinstance(event, RunError | Cancelled):
        error = objects.pop()["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        assert error["code"] == (event.code if isinstance(event, RunError) else "cancelled")
    chunks = [ChatCompletionChunk.model_validate(each, strict=True) for each in objects]
    assert {(chunk.id, chunk.model) for chunk in chunks} <= {(f"chatcmpl-{RUN_ID}", "chat")}
    deltas = [(chunk.choices[0].delta, chunk.choices[0].finish_reason) for chunk in chunks]
    assert not [delta for delta, _ in deltas if delta.tool_calls]
    if isinstance(event, Done):
        delta, finish_reason = deltas.pop()
        assert (delta.content, finish_reason) == (None, "stop")
    if event.type == "run":
        assert deltas.pop(0)[0].role == "assistant"
    assert [(delta.content, reason) for delta, reason in deltas] == ([(text, None)] if text else [])


def _check_told(frames: list[tuple[str, str]], told: Told) -> None:
    """Text, then the event by its name, then a marker; nothing else looks like a marker."""
    if told.marker is not None:
        assert frames.pop() == ("message", told.marker)
    if told.named is not None:
        assert frames.pop(0 if told.named == "restart" else -1) == (told.named, told.data)
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
    return [message for message in _read_alike(chunks) if message.event != "ping"]


def _read_alike(chunks: list[bytes]) -> list[Message]:
    """What all three parsers read."""
    readings = [parser(chunks) for parser in PARSERS.values()]
    assert all(reading == readings[0] for reading in readings)
    return readings[0]


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
    "message": check_message,
    "openai": check_openai,
    "openai-ndjson": check_openai_ndjson,
    "ag-ui": check_ag_ui,
    "ai-sdk": check_ai_sdk,
}
