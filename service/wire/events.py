"""`events`: every event of the log as a named SSE frame."""

from ..event_log.base import Record
from .base import SSEFormat, named_frame


class EventsFormat(SSEFormat):
    """Section "Events" of docs/protocol.md, as it stands in the log."""

    def encode(self, record: Record) -> list[bytes]:
        return [named_frame(record.name.encode(), record.line)]
