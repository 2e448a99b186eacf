"""What a stream of either kind knows of its run."""

from .answer_text import AnswerText
from .events import Approval, Event
from .following import Following


class FollowedRun:
    """Base of the streams; each event that is handed out passes `_told`."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._text = AnswerText()

    @property
    def run_id(self) -> str:
        """Raises RuntimeError while the stream is not open."""
        if self._following.run_id is None:
            raise RuntimeError("the run is not known yet: open the stream by `with`, or read its first event")
        return self._following.run_id

    @property
    def cursor(self) -> str | None:
        """The id of the last event that came: `client.resume(run_id, after=cursor)` goes on from there."""
        cursor = self._following.cursor
        return str(cursor) if cursor.seq else None

    @property
    def text(self) -> str:
        """The answer so far, as the events tell it that were read."""
        return str(self._text)

    def _told(self, event: Event) -> Event:
        self._text.apply(event)
        return event


def interrupt_of(approval: Approval | str) -> str:
    return approval if isinstance(approval, str) else approval.interrupt_id
