"""A run's events as an iterator, for code that waits in its thread."""

from collections.abc import Generator, Sequence
from typing import Self

from . import calls
from .answers import Run
from .connection import Connection
from .decisions import Decision
from .events import Approval, Event
from .followed_run import FollowedRun, interrupt_of
from .following import Following


class RunStream(FollowedRun):
    """Each event once, in order; a connection that breaks is opened again where it broke off.

    It ends with the run, or with `Paused` where the run waits for a person: after `decide`, iterate on.
    Closing it leaves the run to the service, which goes on with it, or cancels it once nobody has come back
    for a while (`on_disconnect`); `client.cancel` ends it now.
    """

    def __init__(self, connection: Connection, following: Following) -> None:
        super().__init__(following)
        self._connection = connection
        self._frames: Generator[Event | None, None, None] | None = None
        self._held: Event | None = None
        self._is_closed = False

    def __enter__(self) -> Self:
        """Opens the stream: from here on the run is known. Raises what a start may raise."""
        self._held = next(self._reading(), None)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        if self._held is not None:
            event, self._held = self._held, None
            return self._told(event)
        if self._is_closed:
            raise StopIteration
        for read in self._reading():
            if read is not None:
                return self._told(read)
        raise StopIteration

    def close(self) -> None:
        """Closes the connection; the run stays."""
        self._is_closed = True
        if self._frames is not None:
            self._frames.close()

    def decide(self, approval: Approval | str, decisions: Decision | Sequence[Decision]) -> Run:
        """Answers what the run asks, with one decision for each request. Once all is answered, the stream
        goes on."""
        interrupt_id = interrupt_of(approval)
        run = self._connection.ask(calls.decide(self.run_id, interrupt_id, decisions))
        self._following.decided(interrupt_id)
        return run

    def wait(self) -> Run:
        """Reads to the end, or to where the run waits for a person, and returns the run."""
        for _ in self:
            pass
        return self._connection.ask(calls.run(self.run_id))

    def _reading(self) -> Generator[Event | None, None, None]:
        if self._frames is None:
            self._frames = self._read()
        return self._frames

    def _read(self) -> Generator[Event | None, None, None]:
        """To an end, a pause or an error; who reads on after it reads anew."""
        try:
            yield from self._connection.read(self._following)
        finally:
            self._frames = None
