"""`text`: the answer's text and nothing else, for people with curl."""

from collections.abc import Sequence

from ..event_log.base import Record
from ..events import Cancelled, Event, Restart, RunError
from ..snapshot import Gap
from .answer import AnswerText
from .base import TextualFormat, gap_message, restart_note


class TextFormat(TextualFormat):
    """A run that did not succeed says so in a last line `[Error: …]`, one that waits in `[Paused: …]`. Where
    text was superseded, a line `[Restarted: …]` stands between it and what takes its place."""

    media_type = "text/plain; charset=utf-8"
    stateful = True
    has_ids = False

    def __init__(self) -> None:
        self._answer = AnswerText()
        self._line_is_open = False

    def forget(self) -> None:
        self._answer.forget()

    def encode(self, record: Record) -> list[bytes]:
        if record.name not in _READ:
            return []
        event = record.event()
        if isinstance(event, Restart):
            return self._restarted(event, record.seq)
        text = "".join(self._answer.due(event, record.seq))
        if text:
            self._line_is_open = not text.endswith("\n")
        text += self._failure(event)
        return [text.encode()] if text else []

    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        return frame

    def text_of(self, frame: bytes) -> str:
        return frame.decode()

    def frame_of(self, text: str) -> bytes:
        return text.encode()

    def gap(self, gap: Gap) -> bytes:
        return self._error(gap_message(gap)).encode()

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return self._note(f"Paused: waiting for an answer to {', '.join(interrupt_ids)}").encode()

    def _restarted(self, event: Restart, seq: int) -> list[bytes]:
        if not self._answer.restart(event, seq).shown:
            return []
        note = self._note(restart_note(event))
        self._line_is_open = False
        return [note.encode()]

    def _failure(self, event: Event) -> str:
        match event:
            case RunError():
                return self._error(event.message)
            case Cancelled():
                return self._error(f"cancelled ({event.reason})")
            case _:
                return ""

    def _error(self, message: str) -> str:
        return self._note(f"Error: {' '.join(message.split())}")

    def _note(self, text: str) -> str:
        return f"{chr(10) if self._line_is_open else ''}[{text}]\n"


_READ = frozenset({"token", "message_end", "restart", "done", "error", "cancelled"})
