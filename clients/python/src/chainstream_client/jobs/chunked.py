"""Pure: the chunks of one streamed call, each once, in order, whatever is cut off or sent again."""

import re
from dataclasses import replace

from pydantic import ValidationError
from pydantic_core import from_json

from ..calls import Request
from ..errors import CallFailed, ProtocolError
from ..reconnecting import Reconnecting
from ..retry import Retry
from .completions import StreamChunk

DONE = "[DONE]"
_ID = re.compile(r"(?P<run>[0-9a-z]{26})\.\d+\.(?P<seq>\d+)(?:\.(?P<part>\d+))?", re.ASCII)
_WHOLE = float("inf")

Place = tuple[int, float]


class Chunked(Reconnecting[StreamChunk]):
    """An event may be several chunks: the earlier ones have the id of the last one, and their number after
    it."""

    def __init__(self, retry: Retry, start: Request) -> None:
        super().__init__(retry)
        self._start = start
        self._is_done = False
        self._last_id: str | None = None
        self._place: Place = (0, 0)

    @property
    def wants_more(self) -> bool:
        return not self._is_done

    @property
    def last_id(self) -> str | None:
        return self._last_id

    def _next_request(self) -> Request:
        """The same: with its key it is the same call, and with the last id what follows of it."""
        if self._last_id is None:
            return self._start
        return replace(self._start, headers={**self._start.headers, "Last-Event-ID": self._last_id})

    def _item(self, name: str, event_id: str, data: str) -> StreamChunk | None:
        if not data:
            return None
        place = self._place_of(event_id)
        if place <= self._place:
            return None
        self._place, self._last_id, self._is_done = place, event_id, data == DONE
        self._has_news()
        return None if self._is_done else _chunk(data)

    def _nothing_left(self) -> StreamChunk | None:
        """Though the end did not come: as a cut."""
        return None

    def _place_of(self, event_id: str) -> Place:
        found = _ID.fullmatch(event_id)
        if found is None:
            raise ProtocolError(f"{event_id!r} is no id of a chunk")
        self._is_of(found["run"])
        return int(found["seq"]), int(found["part"] or 0) or _WHOLE


def _chunk(data: str) -> StreamChunk:
    """Raises CallFailed, and ProtocolError."""
    try:
        fields = from_json(data)
        if "error" in fields:
            raise CallFailed(str(fields["error"]["code"]), str(fields["error"]["message"]))
        return StreamChunk.model_validate(fields)
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise ProtocolError(f"a chunk is not of its shape: {error}") from None
