"""`?smooth=word`: tokens joined to whole words. Pure: whoever drives it says when the time is over."""

from ..event_log.base import Cursor, Record
from ..events import Token
from .base import TextualFormat
from .encoder import Encoder

HELD_CHARS = 4096  # of a text without a space, as replayed logs may have it in one batch


class WordEncoder(Encoder):
    """Holds back the tokens of a word that goes on. A frame has the id of its last token: whole events
    are joined and none is split, so that a reader which is cut off between two frames misses nothing.

    Events of several frames are never joined to others: the frames' numbers are part of their ids.
    """

    def __init__(self, format_: TextualFormat, run_id: str, cursor: Cursor) -> None:
        super().__init__(format_, run_id, cursor)
        self._textual = format_
        self._text = ""
        self._held: tuple[Record, bytes] | None = None

    @property
    def holds(self) -> bool:
        """Whether something is held back that `flush` would give."""
        return self._held is not None

    def flush(self) -> bytes:
        """What is held back."""
        return b"".join(self._take())

    def _frames(self, record: Record) -> list[bytes]:
        frames = self._due(record)
        if record.name != Token.type:
            return self._take() + self._stamped(record, frames)
        if not frames:
            return []
        if len(frames) > 1:
            return self._take() + self._stamped(record, frames)
        return self._hold(record, frames[0])

    def _hold(self, record: Record, frame: bytes) -> list[bytes]:
        piece = self._textual.text_of(frame)
        due: list[bytes] = []
        joined = None if piece[0].isspace() else self._textual.frame_of(self._text + piece)
        if joined is None or len(self._text) + len(piece) > HELD_CHARS:
            due, joined = self._take(), frame
        self._text += piece
        self._held = record, joined
        return due + self._take() if piece[-1].isspace() else due

    def _take(self) -> list[bytes]:
        if self._held is None:
            return []
        record, frame = self._held
        self._held, self._text = None, ""
        return self._stamped(record, [frame])
