"""`ai-sdk`: the AI SDK's UI message stream, version 1, as `useChat` reads it.

No event names, no frame before the first chunk, and a ping of one line end. The client takes a stream that
ends early for one that is whole, so that every end is told: by `finish`, and by the `status` in the message's
metadata.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from ..event_log.base import Record
from ..snapshot import Gap
from ..values import encode_json
from .base import COMMENT_PING, SSEFormat, gap_message
from .ui_calls import Chunk
from .ui_chunks import UIChunks

_DONE = b"data: [DONE]\n\n"


class AISDKFormat(SSEFormat):
    """One message of the assistant for a run; its id is the run's. Inner text is left out."""

    stateful = True
    ping = COMMENT_PING
    gap_is_end = True
    headers: ClassVar[Mapping[str, str]] = {"x-vercel-ai-ui-message-stream": "v1"}

    def __init__(self) -> None:
        self._chunks = UIChunks()

    def opening(self, place: str) -> bytes:
        return b""

    def encode(self, record: Record) -> list[bytes]:
        frames = _frames(self._chunks.of(record.event()))
        return [*frames, _DONE] if record.terminal else frames

    def gap(self, gap: Gap) -> bytes:
        error = {"type": "error", "errorText": gap_message(gap)}
        return b"".join([*_frames([error]), _DONE])

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return b"".join([*_frames(self._chunks.paused()), _DONE])


def _frames(chunks: Iterable[Chunk]) -> list[bytes]:
    return [b"data: %b\n\n" % encode_json(chunk) for chunk in chunks]
