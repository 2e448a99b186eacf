"""`tokens`: the one-line EventSource. Unnamed data per answer token, tool events by name, then a marker."""

import re
from typing import ClassVar

from ..event_log.base import Record
from ..events import Cancelled, Done, Event, Restart, RunError
from .answer import AnswerText
from .base import SSEFormat, TextualFormat, named_frame, restart_fields

DONE = "[DONE]"
ERROR = "[ERROR]"

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_ANSWER = frozenset({"token", "message_end", "restart", "done", "error", "cancelled"})


class TokensFormat(SSEFormat, TextualFormat):
    """The answer as `onmessage` gets it: each frame's data is a piece of it, CR and CRLF as LF."""

    stateful = True
    named: ClassVar[frozenset[str]] = frozenset(
        {"tool_call", "tool_start", "tool_progress", "tool_end", "tool_error", "approval"}
    )
    markers: ClassVar[tuple[str, ...]] = (DONE,)

    def __init__(self) -> None:
        self._answer = AnswerText()
        self._after_cr = False
        self._began_after_cr = False  # as it was before the message that speaks

    def forget(self) -> None:
        self._answer.forget()

    def encode(self, record: Record) -> list[bytes]:
        if record.name in self.named:
            return [named_frame(record.name.encode(), record.line)]
        if record.name not in _ANSWER:
            return []
        event = record.event()
        if isinstance(event, Restart):
            return self._restarted(event, record)
        before, texts = self._after_cr, self._answer.due(event, record.seq)
        if self._answer.since == record.seq:
            self._began_after_cr = before
        frames = self._frames_of(texts)
        return frames + self.last_frames(event, record.line) if record.terminal else frames

    def text_of(self, frame: bytes) -> str:
        return frame[len("data: ") : -2].decode().replace("\ndata: ", "\n")

    def frame_of(self, text: str) -> bytes | None:
        return None if self._is_marker(text) else _data(text)

    def last_frames(self, event: Event, line: bytes) -> list[bytes]:
        """The frames that end the stream."""
        match event:
            case Done() | Cancelled():
                return [named_frame(event.type.encode(), line), _data(DONE)]
            case RunError():
                return [named_frame(b"error", line), _data(f"{ERROR} {' '.join(event.message.split())}")]
            case _:
                return []

    def _restarted(self, event: Restart, record: Record) -> list[bytes]:
        superseded = self._answer.restart(event, record.seq)
        if not (superseded.shown or self.named):
            return []
        if superseded.shown:
            self._after_cr = self._began_after_cr
        named = named_frame(b"restart", restart_fields(record.line, superseded.discard_from))
        return [named, *self._frames_of(superseded.again)]

    def _frames_of(self, texts: list[str]) -> list[bytes]:
        return [frame for text in texts for frame in self._token_frames(text)]

    def _token_frames(self, text: str) -> list[bytes]:
        if not text:
            return []
        if self._after_cr and text.startswith("\n"):
            text = text[1:]  # the other half of a CRLF that was split between two tokens
        self._after_cr = text.endswith("\r")
        if not text:
            return []
        if self._is_marker(text):  # the model's own text must not look like ours
            return [_data(text[:1]), _data(text[1:])]
        return [_data(text)]

    def _is_marker(self, text: str) -> bool:
        return text in self.markers or text.startswith(ERROR)


def _data(text: str) -> bytes:
    if "\n" not in text and "\r" not in text:
        return b"data: %b\n\n" % text.encode()
    lines = (b"data: %b\n" % line.encode() for line in _LINE_BREAK.split(text))
    return b"".join(lines) + b"\n"
