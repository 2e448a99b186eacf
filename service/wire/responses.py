"""`responses`: the events of OpenAI's Responses API, whose numbers follow those of the log.

The last frame of the event `seq` has the `sequence_number` `seq` x UNIT, those before it count up from the
event before, so that numbers grow, and each leads back to its place.
"""

from collections.abc import Sequence
from typing import Any

from ..event_log.base import Cursor, Record
from ..snapshot import Gap
from ..values import encode_json
from .base import COMMENT_PING, SSEFormat, gap_message, named_frame
from .response_story import ERROR, READ, ResponseStory, Told

UNIT = 1_000_000  # far more frames than one event can make, in numbers that JavaScript has


class ResponsesFormat(SSEFormat):
    """As its SDKs read them: no frame without data, a ping of one line end, and no marker at the end."""

    stateful = True
    ping = COMMENT_PING
    gap_is_end = True

    def __init__(self) -> None:
        self._story = ResponseStory()
        self._seq = 0
        self._is_over = False

    def opening(self, place: str) -> bytes:
        return b""

    def encode(self, record: Record) -> list[bytes]:
        self._seq = record.seq
        if self._is_over or record.name not in READ:
            return []
        told = self._story.take(record.event(), record.seq)
        self._is_over = any(each["type"] == ERROR for each in told)
        return self._numbered(told)

    def gap(self, gap: Gap) -> bytes:
        error = {"type": ERROR, "code": gap.reason, "message": gap_message(gap), "param": None}
        return _frame(error, gap.as_of.seq * UNIT)

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return b"".join(self._numbered(self._story.pause()))

    def _numbered(self, told: Told) -> list[bytes]:
        before = (self._seq - 1) * UNIT
        numbers = [*(before + part for part in range(1, len(told))), self._seq * UNIT]
        return [_frame(each, number) for each, number in zip(told, numbers, strict=False)]


def place_of_number(number: int) -> Cursor:
    """The place after the frame of this `sequence_number`."""
    seq, part = divmod(number, UNIT)
    return Cursor(seq + 1, part=part) if part else Cursor(seq)


def _frame(told: dict[str, Any], number: int) -> bytes:
    return named_frame(told["type"].encode(), encode_json({**told, "sequence_number": number}))
