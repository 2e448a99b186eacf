"""`ndjson`: every event of the log as one line of JSON."""

from collections.abc import Sequence

from ..event_log.base import Record
from ..snapshot import Gap
from ..values import encode_json
from .base import Format, gap_fields


class NDJSONFormat(Format):
    """`{"id", "event", "data"}` a line."""

    media_type = "application/x-ndjson"

    def encode(self, record: Record) -> list[bytes]:
        return [_line(record.name.encode(), record.line)]

    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        return b'{"id":"%b",%b' % (event_id, frame)

    def gap(self, gap: Gap) -> bytes:
        return _line(b"gap", encode_json(gap_fields(gap)))

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return b"{%b" % _line(b"paused", encode_json({"interrupt_ids": interrupt_ids}))


def _line(name: bytes, line: bytes) -> bytes:
    """All but the id, which is stamped on in front."""
    return b'"event":"%b","data":%b}\n' % (name, line)
