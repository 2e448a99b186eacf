"""Where limits are counted: the port, and the counts of one process by itself."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from limits.aio.storage import SlidingWindowCounterSupport

from .open_streams import OpenStreams, Place
from .parties import Party
from .window_counts import WindowCounts

T = TypeVar("T")


class Counts(Protocol):
    """What is counted in windows, and streams that are open."""

    async def within(self, what: Callable[[SlidingWindowCounterSupport], Awaitable[T]]) -> T:
        """What is done with the windows; it may be begun anew with others."""
        ...

    def spend(self, key: str, seconds: int, amount: int) -> None:
        """Count what has been done in a window, whether it is over a limit or not."""
        ...

    async def open(self, party: Party, bound: int) -> Place | None:
        """A place for a stream, until it is closed; None where so many are taken."""
        ...

    def close(self, place: Place) -> None: ...

    async def reach(self) -> None:
        """Raises Away where they are elsewhere, and that does not answer."""
        ...


class OwnCounts:
    """Those of this process."""

    def __init__(self, windows: WindowCounts | None = None) -> None:
        self.windows = windows or WindowCounts()
        self.streams = OpenStreams()

    async def within(self, what: Callable[[SlidingWindowCounterSupport], Awaitable[T]]) -> T:
        return await what(self.windows)

    def spend(self, key: str, seconds: int, amount: int) -> None:
        self.windows.add(key, seconds, amount)

    async def open(self, party: Party, bound: int) -> Place | None:
        if not self.streams.has_room(party, bound):
            return None
        place = self.streams.place_for(party)
        self.streams.take(place)
        return place

    def close(self, place: Place) -> None:
        self.streams.free(place)

    async def reach(self) -> None:
        pass
