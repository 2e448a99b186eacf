"""Pure: something that is streamed, over as many connections as it takes.

A driver opens `request()` after `pause` seconds for as long as `wants_more`, hands over what comes, and calls
`closed` at the connection's end, however that came.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from .calls import EVENT_STREAM, Request
from .errors import ProtocolError, StreamTruncated, refusal
from .retry import Retry, Tries, as_ours

Item = TypeVar("Item")


class Reconnecting(ABC, Generic[Item]):
    """What is streamed tells of itself where it goes on, and what is new of what comes."""

    def __init__(self, retry: Retry) -> None:
        self.pause = 0.0
        self.run_id: str | None = None
        self._tries = Tries(retry)
        self._opened = False  # a stream, on any connection
        self._trouble: Exception | None = None  # why this connection tells no more
        self._brought_news = False  # this connection

    # --- what a driver asks ----------------------------------------------------------------------------

    @property
    @abstractmethod
    def wants_more(self) -> bool:
        """Whether to open a connection."""

    @property
    def reading(self) -> bool:
        """Whether to read on from this connection."""
        return self.wants_more and self._trouble is None

    def request(self) -> Request:
        """The next one. What starts a run is sent again with its key, so that it starts no second."""
        self._trouble, self._brought_news = None, False
        return self._next_request()

    # --- what a driver tells ---------------------------------------------------------------------------

    def accepts(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the answer is the stream. Raises ProtocolError."""
        if status != 200 or not headers.get("content-type", "").lower().startswith(EVENT_STREAM):
            return False
        self._opened = True
        self._is_of(headers.get("x-run-id"))
        return True

    def turned_away(self, status: int, headers: Mapping[str, str], body: bytes) -> Item | None:
        """The answer is no stream: there is nothing to tell now, or the request was refused."""
        if status == 204:
            return self._nothing_left()
        if status == 200:  # a page of what stands before the service, perhaps
            kind = headers.get("content-type", "something")
            self._trouble = ProtocolError(f"the answer is {kind}, and no stream of events")
        else:
            self._trouble = refusal(status, headers, body)
        return None

    def frame(self, name: str, event_id: str, data: str, retry_ms: int | None) -> Item | None:
        """What a frame tells, unless it was told before or is nothing. Raises ProtocolError."""
        if retry_ms is not None:
            self._tries.retry_ms = retry_ms
        return self._item(name, event_id, data)

    def broke(self, error: Exception) -> None:
        """The connection broke, or there was none."""
        self._trouble = error

    def closed(self) -> None:
        """The connection is over. Raises an error where it is of no use to open another."""
        if not self.wants_more:
            return
        if self._trouble is None and self._brought_news and self._ends_as_it_should():
            self.pause = 0.0
            return
        trouble = self._trouble or EOFError("the stream ended without its last event")
        pause = self._tries.failed(trouble)
        if pause is None:
            raise self._truncated(trouble) if self._opened else as_ours(trouble)
        self.pause = pause

    # --- what is streamed ------------------------------------------------------------------------------

    @abstractmethod
    def _next_request(self) -> Request:
        """From where it is."""

    @abstractmethod
    def _item(self, name: str, event_id: str, data: str) -> Item | None:
        """What a frame tells that was not told before."""

    @abstractmethod
    def _nothing_left(self) -> Item | None:
        """The service says that nothing comes after where it is."""

    @property
    @abstractmethod
    def last_id(self) -> str | None:
        """Of what came last."""

    def _ends_as_it_should(self) -> bool:
        """Whether more is to come, though the connection has ended as it should."""
        return False

    def _has_news(self) -> None:
        self._brought_news = True
        self._tries.succeeded()

    def _is_of(self, run_id: str | None) -> None:
        if run_id and self.run_id and run_id != self.run_id:
            raise ProtocolError(f"the stream of the run {self.run_id!r} is one of {run_id!r}")
        self.run_id = self.run_id or run_id

    def _truncated(self, trouble: Exception) -> StreamTruncated:
        where = self.last_id or "its start"
        message = f"the stream of the run {self.run_id} broke off after {where}: {trouble}"
        error = StreamTruncated(message, self.run_id, self.last_id)
        error.__cause__ = trouble
        return error
