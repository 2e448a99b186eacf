"""The formats of routes that have their own: plain text that ends with a marker, and bare tokens over SSE."""

from collections.abc import Sequence

from ..event_log.base import Record
from ..events import Cancelled, Done, Event, RunError
from ..snapshot import Gap
from .base import COMMENT_PING, gap_message, named_frame
from .text import TextFormat
from .tokens import ERROR, TokensFormat

DONE_LINE = b"[Done]"
END = "[END]"

_END_FRAME = named_frame(b"done", END.encode())


class DoneTextFormat(TextFormat):
    """The answer's text, and last a line `[Done]`, however the run ended."""

    def encode(self, record: Record) -> list[bytes]:
        frames = super().encode(record)
        if not record.terminal:
            return frames
        # A failure has ended its line. The answer's own last line is always ended, so that it can be told.
        return [*frames, b"\n%b" % DONE_LINE if record.name == Done.type else DONE_LINE]

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return super().paused(interrupt_ids) + DONE_LINE


class ProxyFormat(TokensFormat):
    """`data:` per token, then `event: done` with `data: [END]`; before it what failed, as `event: error`."""

    ping = COMMENT_PING
    gap_is_end = True
    named = frozenset()
    markers = (*TokensFormat.markers, END)

    def gap(self, gap: Gap) -> bytes:
        return _failure(gap_message(gap)) + _END_FRAME

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return _END_FRAME

    def last_frames(self, event: Event, line: bytes) -> list[bytes]:
        match event:
            case RunError():
                return [_failure(event.message), _END_FRAME]
            case Cancelled():
                return [_failure(f"cancelled ({event.reason})"), _END_FRAME]
            case _:
                return [_END_FRAME]


def _failure(message: str) -> bytes:
    return named_frame(b"error", f"{ERROR} {' '.join(message.split())}".encode())
