"""Pure: places in a run's log, as the ids of events and as people give them."""

import re
from dataclasses import dataclass
from typing import Self

from .errors import ProtocolError

_PLACE = re.compile(
    r"(?:(?:(?P<run>[0-9a-z]{26})\.(?=\d+\.))?(?P<attempt>\d{1,10})\.)?(?P<seq>\d{1,12})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """After the event number `seq`; the run and the attempt are None where they were left out."""

    seq: int
    attempt: int | None = None
    run_id: str | None = None

    @classmethod
    def given(cls, text: str) -> Self:
        """As a caller gives it: an event's id, `<attempt>.<seq>` or `<seq>`. Raises ValueError."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no cursor: give an event's id, or its number")
        attempt = found["attempt"]
        return cls(int(found["seq"]), int(attempt) if attempt else None, found["run"])

    @classmethod
    def of(cls, event_id: str) -> Self:
        """Of a frame of a stream. Raises ProtocolError."""
        try:
            return cls.given(event_id)
        except ValueError:
            raise ProtocolError(f"{event_id!r} is no id of an event") from None

    def __str__(self) -> str:
        return ".".join(str(part) for part in (self.run_id, self.attempt, self.seq) if part is not None)


START = Cursor(0)
