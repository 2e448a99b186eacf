"""`tokens`: the one-line EventSource. Unnamed data per answer token, tool events by name, then a marker."""

import re

from ..event_log.base import Record
from ..events import Cancelled, Done, Event, MessageEnd, RunError, Token
from .answer import AnswerText
from .base import SSEFormat, named_frame

DONE = "[DONE]"
ERROR = "[ERROR]"

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TOOLS = frozenset({"tool_call", "tool_start", "tool_progress", "tool_end", "tool_error", "approval"})
_ANSWER = frozenset({"token", "message_end", "done", "error", "cancelled"})


class TokensFormat(SSEFormat):
    """The answer as `onmessage` gets it: each frame's data is a piece of it, CR and CRLF as LF."""

    stateful = True

    def __init__(self) -> None:
        self._answer = AnswerText()
        self._after_cr = False

    def forget(self) -> None:
        self._answer.forget()

    def encode(self, record: Record) -> list[bytes]:
        if record.name in _TOOLS:
            return [named_frame(record.name.encode(), record.line)]
        if record.name not in _ANSWER:
            return []
        event = record.event()
        frames = [frame for text in self._texts(event) for frame in self._token_frames(text)]
        return frames + _last_frames(event, record.line)

    def _texts(self, event: Event) -> list[str]:
        match event:
            case Token():
                return self._answer.token(event)
            case MessageEnd():
                return self._answer.message_end(event)
            case _:
                return self._answer.rest()

    def _token_frames(self, text: str) -> list[bytes]:
        if not text:
            return []
        if self._after_cr and text.startswith("\n"):
            text = text[1:]  # the other half of a CRLF that was split between two tokens
        self._after_cr = text.endswith("\r")
        if not text:
            return []
        if text == DONE or text.startswith(ERROR):  # the model's own text must not look like our marker
            return [_data(text[:1]), _data(text[1:])]
        return [_data(text)]


def _last_frames(event: Event, line: bytes) -> list[bytes]:
    match event:
        case Done() | Cancelled():
            return [named_frame(event.type.encode(), line), _data(DONE)]
        case RunError():
            return [named_frame(b"error", line), _data(f"{ERROR} {' '.join(event.message.split())}")]
        case _:
            return []


def _data(text: str) -> bytes:
    if "\n" not in text and "\r" not in text:
        return b"data: %b\n\n" % text.encode()
    lines = (b"data: %b\n" % line.encode() for line in _LINE_BREAK.split(text))
    return b"".join(lines) + b"\n"
