"""`message`: the answer's text in small JSON objects, what tools do by name, and how it ended."""

from ..event_log.base import Record
from ..events import Cancelled, Done, Event, Restart, RunError
from ..values import encode_json
from .answer import AnswerText
from .base import SSEFormat, named_frame, restart_fields

CANCELLED = b"Stream cancelled"

_AS_LOGGED = frozenset(
    {"run", "usage", "approval", "tool_call", "tool_start", "tool_progress", "tool_end", "tool_error"}
)
_READ = frozenset({"token", "message_end", "restart", "done", "error", "cancelled"})


class MessageFormat(SSEFormat):
    """`run` tells the stream's id; the last frame is `done`, `error` or `cancelled`."""

    stateful = True

    def __init__(self) -> None:
        self._answer = AnswerText()

    def forget(self) -> None:
        self._answer.forget()

    def encode(self, record: Record) -> list[bytes]:
        if record.name in _AS_LOGGED:
            return [named_frame(record.name.encode(), record.line)]
        if record.name not in _READ:
            return []
        event = record.event()
        if isinstance(event, Restart):
            return self._restarted(event, record)
        text = "".join(self._answer.due(event, record.seq))
        frames = [_message(text, event.t)] if text else []
        return frames + _last_frame(event, record.line)

    def _restarted(self, event: Restart, record: Record) -> list[bytes]:
        superseded = self._answer.restart(event, record.seq)
        named = named_frame(b"restart", restart_fields(record.line, superseded.discard_from))
        text = "".join(superseded.again)
        return [named, _message(text, event.t)] if text else [named]


def _message(text: str, elapsed_ms: int) -> bytes:
    return named_frame(b"message", encode_json({"text": text, "elapsed_ms": elapsed_ms}))


def _last_frame(event: Event, line: bytes) -> list[bytes]:
    match event:
        case Done():
            return [named_frame(b"done", b'{"status":"complete",%b' % line[1:])]
        case RunError():
            return [named_frame(b"error", encode_json({"error": event.message}))]
        case Cancelled():
            return [named_frame(b"cancelled", CANCELLED)]
        case _:
            return []
