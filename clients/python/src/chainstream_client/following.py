"""Pure: the stream of one run's events, over as many connections as it takes.

A driver opens `request()` after `pause` seconds for as long as `wants_more`, hands over what comes, and calls
`closed` at the connection's end, however that came. Each event of the log is told once, in order, whatever is
cut off or sent again; what cannot be told so is an error.
"""

from collections.abc import Mapping

from . import calls
from .calls import EVENT_STREAM, Request
from .cursor import START, Cursor
from .decoding import TERMINAL, decode
from .errors import ProtocolError, StreamTruncated, refusal
from .events import Approval, Event, Gap, Paused
from .retry import Retry, Tries, as_ours


class Following:
    """Starts with `start` where there is no run yet; else goes on with the run after the cursor.

    It is `over` with the run's last event, and `halted` where nothing comes until people have decided.
    """

    def __init__(
        self,
        retry: Retry,
        *,
        start: Request | None = None,
        run_id: str | None = None,
        cursor: Cursor = START,
    ) -> None:
        if start is None and run_id is None:
            raise ValueError("there is neither a run nor a request that starts one")
        self.run_id = run_id
        self.cursor = cursor
        self.over = False
        self.halted = False
        self.pause = 0.0
        self._start = start
        self._tries = Tries(retry)
        self._opened = False  # a stream, on any connection
        self._asked: list[str] = []  # interrupts that nothing followed yet
        self._decided: set[str] = set()
        self._trouble: Exception | None = None  # why this connection tells no more
        self._brought_news = False  # this connection

    # --- what a driver asks ----------------------------------------------------------------------------

    @property
    def wants_more(self) -> bool:
        """Whether to open a connection."""
        return not (self.over or self.halted)

    @property
    def reading(self) -> bool:
        """Whether to read on from this connection."""
        return self.wants_more and self._trouble is None

    def request(self) -> Request:
        """The next one. What starts a run is sent again with its key, so that it starts no second."""
        self._trouble, self._brought_news = None, False
        if self.run_id is None and self._start is not None:
            return self._start
        return calls.events(self.run_id or "", self.cursor)

    # --- what a driver tells ---------------------------------------------------------------------------

    def accepts(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the answer is the stream. Raises ProtocolError."""
        if status != 200 or not headers.get("content-type", "").lower().startswith(EVENT_STREAM):
            return False
        self._opened = True
        self._is_of(headers.get("x-run-id"))
        return True

    def turned_away(self, status: int, headers: Mapping[str, str], body: bytes) -> Event | None:
        """The answer is no stream: there is nothing to tell now, or the request was refused."""
        if status == 204:
            return self._nothing_left()
        if status == 200:  # a page of what stands before the service, perhaps
            kind = headers.get("content-type", "something")
            self._trouble = ProtocolError(f"the answer is {kind}, and no stream of events")
        else:
            self._trouble = refusal(status, headers, body)
        return None

    def frame(self, name: str, event_id: str, data: str, retry_ms: int | None) -> Event | None:
        """The event of a frame, unless it was told before or is none. Raises ProtocolError."""
        if retry_ms is not None:
            self._tries.retry_ms = retry_ms
        if name == "paused":
            event = decode(name, "", data)
            return self._pause(event.interrupt_ids) if isinstance(event, Paused) else None
        if name == "ping" or not event_id:
            return None
        place = Cursor.of(event_id)
        self._is_of(place.run_id)
        if not data:  # a stream's first frame, which only says how to come back
            return None
        return self._gap(place, data) if name == "gap" else self._event(place, name, data)

    def broke(self, error: Exception) -> None:
        """The connection broke, or there was none."""
        self._trouble = error

    def closed(self) -> None:
        """The connection is over. Raises an error where it is of no use to open another."""
        if not self.wants_more:
            return
        if self._trouble is None and self._brought_news and self._asked and self._is_answered():
            self.pause = 0.0  # it ended since the run had paused
            return
        trouble = self._trouble or EOFError("the stream ended without the run's last event")
        pause = self._tries.failed(trouble)
        if pause is None:
            raise self._truncated(trouble) if self._opened else as_ours(trouble)
        self.pause = pause

    def decided(self, interrupt_id: str) -> None:
        """A question to people was answered: a run that waits for no other goes on."""
        self._decided.add(interrupt_id)
        if self.halted and self._is_answered():
            self.halted, self.pause = False, 0.0

    # --- frames ----------------------------------------------------------------------------------------

    def _event(self, place: Cursor, name: str, data: str) -> Event | None:
        if place.seq <= self.cursor.seq:
            return None
        if place.seq > self.cursor.seq + 1:
            self._trouble = ProtocolError(f"the event {place.seq} came after {self.cursor.seq}")
            return None
        event = decode(name, str(place), data)
        self.cursor = place
        self.over = name in TERMINAL
        self._asked = [*self._asked, event.interrupt_id] if isinstance(event, Approval) else []
        self._brought_news = True
        self._tries.succeeded()
        return event

    def _gap(self, place: Cursor, data: str) -> Event:
        """What follows joins the snapshot, wherever the cursor was."""
        event = decode("gap", str(place), data)
        if isinstance(event, Gap):
            self._asked = [asked.interrupt_id for asked in event.snapshot.approvals]
        self.cursor = place
        return event

    def _pause(self, interrupt_ids: list[str]) -> Event | None:
        """Told only where the stream ends with it: not where all was decided before."""
        self._asked = interrupt_ids
        self.halted = not self._is_answered()
        return Paused(interrupt_ids=interrupt_ids) if self.halted else None

    def _is_answered(self) -> bool:
        return self._decided.issuperset(self._asked)

    def _nothing_left(self) -> Event | None:
        """The run is over, and its last event was before the cursor; or it waits, and that was not heard."""
        if self._asked:
            return self._pause(self._asked)
        self.halted = True
        return None

    def _is_of(self, run_id: str | None) -> None:
        if run_id and self.run_id and run_id != self.run_id:
            raise ProtocolError(f"the stream of the run {self.run_id!r} is one of {run_id!r}")
        self.run_id = self.run_id or run_id

    def _truncated(self, trouble: Exception) -> StreamTruncated:
        cursor = str(self.cursor) if self.cursor.seq else None
        message = f"the stream of the run {self.run_id} broke off after {cursor or 'its start'}: {trouble}"
        error = StreamTruncated(message, self.run_id, cursor)
        error.__cause__ = trouble
        return error
