"""Records to the bytes of one response: frames in a format, each with its id, past the reader's cursor."""

from collections.abc import Sequence

from ..event_log.base import Cursor, Record
from ..snapshot import Gap
from .base import Format


class Encoder:
    """One response's. Where an event makes several frames, the last has the event's id and the earlier ones
    `<id>.<part>`, so that a cut between them repeats nothing."""

    def __init__(self, format_: Format, run_id: str, cursor: Cursor) -> None:
        self._format = format_
        self._run_id = run_id.encode()
        self._cursor = cursor
        self._told_until: int | None = None

    @property
    def feed_after(self) -> int:
        """The seq after which `encode` is to be given the records."""
        return 0 if self._format.stateful else self._cursor.read_after

    def encode(self, records: Sequence[Record]) -> bytes:
        frames: list[bytes] = []
        for record in records:
            frames += self._frames(record)
        return b"".join(frames)

    def gap(self, gap: Gap) -> bytes:
        self._told_until = gap.as_of.seq
        event_id = gap.as_of.event_id(self._run_id.decode())
        return self._format.stamp(self._format.gap(gap), event_id.encode())

    def _frames(self, record: Record) -> list[bytes]:
        return self._stamped(record, self._due(record))

    def _due(self, record: Record) -> list[bytes]:
        """The frames of an event that is past the cursor, without ids."""
        frames = self._format.encode(record)
        if record.seq == self._told_until:
            self._format.forget()
        return frames if record.seq > self._cursor.read_after else []

    def _stamped(self, record: Record, frames: list[bytes]) -> list[bytes]:
        if not frames:
            return []
        event_id = b"%b.%d.%d" % (self._run_id, record.attempt, record.seq)
        last = self._format.stamp(frames[-1], event_id)
        if len(frames) == 1:
            return [last]
        parts = [
            self._format.stamp(frame, b"%b.%d" % (event_id, part))
            for part, frame in enumerate(frames[:-1], 1)
        ]
        return [*parts[self._seen_of(record, len(frames)) :], last]

    def _seen_of(self, record: Record, frames: int) -> int:
        """How many frames of an event the client has. A part that this format does not have is none."""
        part = self._cursor.part if record.seq == self._cursor.seq else 0
        return part if part < frames else 0
