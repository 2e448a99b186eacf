"""The port of the wire formats: a run's events as one client reads them. Pure: no waiting, no I/O.

A format makes frames of events; ids are stamped on them in one place, encoder.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import orjson
from typing_extensions import TypedDict

from ..event_log.base import Record
from ..events import Restart
from ..snapshot import Gap, Snapshot
from ..values import encode_json

RETRY_MS = 500
COMMENT_PING = b": ping\n"  # with a second line end some SDKs take it for an event


class GapFields(TypedDict):
    """A gap's `data`; its cursors are `<attempt>.<seq>`, as `?after=` takes them."""

    reason: str
    requested: str
    snapshot: Snapshot
    as_of: str


class PausedFields(TypedDict):
    """A pause's `data`: the open interrupts."""

    interrupt_ids: list[str]


CONTROL_FRAMES: Mapping[str, type] = {"gap": GapFields, "paused": PausedFields}


class Format(ABC):
    """One response's encoder. `stateful`: what it emits depends on earlier events, so that it is fed all;
    `gap_is_end`: its clients take no snapshot, so that nothing follows a gap; `headers`: what they know it
    by."""

    media_type: ClassVar[str]
    stateful: ClassVar[bool] = False
    ping: ClassVar[bytes] = b""
    has_ids: ClassVar[bool] = True
    gap_is_end: ClassVar[bool] = False
    headers: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def made_for(cls, thread_id: str | None, metadata: Mapping[str, Any]) -> Self:
        """For a run of this thread and metadata, which most formats do not tell of."""
        return cls()

    @abstractmethod
    def encode(self, record: Record) -> list[bytes]:
        """The frames of one event, without ids."""

    @abstractmethod
    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        """The frame with its id."""

    @abstractmethod
    def gap(self, gap: Gap) -> bytes:
        """The frame that tells of a gap, without id."""

    @abstractmethod
    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        """What ends a stream whose run waits for a person; control frames have no id."""

    def forget(self) -> None:  # noqa: B027 - most formats hold nothing back
        """A snapshot has told the client of all events so far, of those too that were still held back."""

    def opening(self, place: str) -> bytes:
        """What comes before all events; `place` is the id of what the client has seen last."""
        return b""


class SSEFormat(Format):
    """What the formats of Server-Sent Events share; frames end with LF, since some clients choke on CRLF."""

    media_type = "text/event-stream"
    ping = b"event: ping\ndata: {}\n\n"

    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        return b"id: %b\n%b" % (event_id, frame)

    def opening(self, place: str) -> bytes:
        # A browser that is cut off before the next event reconnects with this id, and so to this run.
        return b"retry: %d\nid: %b\n\n" % (RETRY_MS, place.encode())

    def gap(self, gap: Gap) -> bytes:
        return named_frame(b"gap", encode_json(gap_fields(gap)))

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return named_frame(b"paused", encode_json({"interrupt_ids": interrupt_ids}))


class TextualFormat(Format):
    """What a format has whose frames are pieces of the answer's text, so that two can be joined to one."""

    @abstractmethod
    def text_of(self, frame: bytes) -> str:
        """The text of a frame of text."""

    @abstractmethod
    def frame_of(self, text: str) -> bytes | None:
        """The frame of a text, without id; None where it needs several."""


def named_frame(name: bytes, line: bytes) -> bytes:
    """A frame of one line of data."""
    return b"event: %b\ndata: %b\n\n" % (name, line)


def restart_note(event: Restart) -> str:
    """A restart in a sentence, where what was said cannot be taken back."""
    failed, goes_on = event.model or "the model", event.next_model or "another model"
    return " ".join(f"Restarted: {failed} failed ({event.code}), {goes_on} answers instead".split())


def restart_fields(line: bytes, discard_from: int) -> bytes:
    """A restart's `data`, its place told in the frames of this stream: text may come later than its event."""
    return encode_json({**orjson.loads(line), "discard_from": discard_from})


def gap_message(gap: Gap) -> str:
    """A gap in a sentence, where it is an error."""
    return f"the events after {gap.requested.seq} cannot be had ({gap.reason})"


def gap_fields(gap: Gap) -> GapFields:
    requested, as_of = gap.requested, gap.as_of
    return {
        "reason": gap.reason,
        "requested": f"{requested.attempt}.{requested.seq}" if requested.attempt else str(requested.seq),
        "snapshot": gap.snapshot,
        "as_of": f"{as_of.attempt}.{as_of.seq}",
    }
