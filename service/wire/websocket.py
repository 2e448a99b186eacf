"""What a WebSocket sends: JSON objects, told apart by their `type`; each line is a message."""

from collections.abc import Sequence

from ..event_log.base import Record
from ..events import Event, Restart, RunError
from ..snapshot import Gap
from ..values import encode_json
from .answer import AnswerText
from .base import Format, gap_fields, restart_fields

_AS_LOGGED = frozenset(
    {"run", "approval", "tool_call", "tool_start", "tool_progress", "tool_end", "tool_error"}
)
_READ = frozenset({"token", "message_end", "restart", "done", "error", "cancelled"})


class WebSocketFormat(Format):
    """Events by their names, with all their fields, and the answer as `text`."""

    media_type = "application/x-ndjson"
    stateful = True

    def __init__(self) -> None:
        self._answer = AnswerText()

    def forget(self) -> None:
        self._answer.forget()

    def encode(self, record: Record) -> list[bytes]:
        if record.name in _AS_LOGGED:
            return [_typed(record.name, record.line)]
        if record.name not in _READ:
            return []
        event = record.event()
        if isinstance(event, Restart):
            return self._restarted(event, record)
        frames = _texts(self._answer.due(event, record.seq))
        return [*frames, _last(event, record)] if record.terminal else frames

    def _restarted(self, event: Restart, record: Record) -> list[bytes]:
        superseded = self._answer.restart(event, record.seq)
        named = _typed(record.name, restart_fields(record.line, superseded.discard_from))
        return [named, *_texts(superseded.again)]

    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        return b'%b,"id":"%b"}\n' % (frame[:-2], event_id)

    def gap(self, gap: Gap) -> bytes:
        return _typed("gap", encode_json(gap_fields(gap)))

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return _typed("paused", encode_json({"interrupt_ids": interrupt_ids}))


def refusal(code: str, message: str) -> bytes:
    """What a message that cannot be done is answered with."""
    return _typed("error", encode_json({"error": code, "message": message}))


def _texts(texts: list[str]) -> list[bytes]:
    text = "".join(texts)
    return [_typed("text", encode_json({"content": text}))] if text else []


def _last(event: Event, record: Record) -> bytes:
    if isinstance(event, RunError):
        return refusal(event.code, event.message)
    return _typed(record.name, record.line)


def _typed(name: str, line: bytes) -> bytes:
    """A line of JSON with its type."""
    return b'{"type":"%b",%b\n' % (name.encode(), line[1:])
