"""Pure: the stream of one run's events.

Each event of the log is told once, in order, whatever is cut off or sent again; what cannot be told so is an
error.
"""

from . import calls
from .calls import Request
from .cursor import START, Cursor
from .decoding import TERMINAL, decode
from .errors import ProtocolError
from .events import Approval, Event, Gap, Paused
from .reconnecting import Reconnecting
from .retry import Retry


class Following(Reconnecting[Event]):
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
        super().__init__(retry)
        if start is None and run_id is None:
            raise ValueError("there is neither a run nor a request that starts one")
        self.run_id = run_id
        self.cursor = cursor
        self.over = False
        self.halted = False
        self._start = start
        self._asked: list[str] = []  # interrupts that nothing followed yet
        self._decided: set[str] = set()

    @property
    def wants_more(self) -> bool:
        return not (self.over or self.halted)

    @property
    def last_id(self) -> str | None:
        return str(self.cursor) if self.cursor.seq else None

    def decided(self, interrupt_id: str) -> None:
        """A question to people was answered: a run that waits for no other goes on."""
        self._decided.add(interrupt_id)
        if self.halted and self._is_answered():
            self.halted, self.pause = False, 0.0

    def _next_request(self) -> Request:
        if self.run_id is None and self._start is not None:
            return self._start
        return calls.events(self.run_id or "", self.cursor)

    def _item(self, name: str, event_id: str, data: str) -> Event | None:
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
        self._has_news()
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

    def _nothing_left(self) -> Event | None:
        """The run is over, and its last event was before the cursor; or it waits, and that was not heard."""
        if self._asked:
            return self._pause(self._asked)
        self.halted = True
        return None

    def _ends_as_it_should(self) -> bool:
        """It ended since the run had paused, for what is decided by now."""
        return bool(self._asked) and self._is_answered()

    def _is_answered(self) -> bool:
        return self._decided.issuperset(self._asked)
