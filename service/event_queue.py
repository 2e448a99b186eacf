"""The queue between LangChain's callbacks and whoever reads the events.

Any thread may put; one task takes, in batches. The end travels in the queue, so no tail can be lost to it.
The bound is kept by putters on the reader's own loop alone, who wait for room there: a foreign thread that
waited could be the one that the reader's loop waits for.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Generic, TypeVar

T = TypeVar("T")


class _End:
    """The end of one run's events."""


_END: Final = _End()


class EventQueue(Generic[T]):
    """`limit` is in items; what comes from other threads is taken beyond it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[T | _End] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: int | None = None
        self._taker: asyncio.Future[None] | None = None
        self._waiting_for_room: list[asyncio.Future[None]] = []

    def put_nowait(self, item: T) -> None:
        self._items.append(item)
        self._wake()

    def end(self) -> None:
        """Let the present or next reader end once it has taken what came before."""
        self._items.append(_END)
        self._wake()

    @property
    def must_wait(self) -> bool:
        """Whether this thread is the reader's, which is to wait until there is room."""
        return len(self._items) >= self._limit and threading.get_ident() == self._thread

    async def wait_for_room(self) -> None:
        while self.must_wait:
            room = asyncio.get_running_loop().create_future()
            self._waiting_for_room.append(room)
            await room

    async def batches(self) -> AsyncIterator[list[T]]:
        """What is ready, all at once, until the end."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        try:
            while True:
                batch, ended = self._take()
                if batch:
                    yield batch
                if ended:
                    return
                if not batch:
                    await self._wait_for_items()
        finally:
            self._loop = self._thread = None
            self._let_putters_go()

    def _take(self) -> tuple[list[T], bool]:
        batch: list[T] = []
        while self._items:
            item = self._items.popleft()
            if isinstance(item, _End):
                return batch, True
            batch.append(item)
        self._let_putters_go()
        return batch, False

    async def _wait_for_items(self) -> None:
        self._taker = taker = asyncio.get_running_loop().create_future()
        # A thread that put before it could see the taker has not woken it: look once more.
        if self._items:
            self._taker = None
            return
        await taker

    def _wake(self) -> None:
        taker, loop = self._taker, self._loop
        if taker is None or loop is None:
            return
        self._taker = None
        if threading.get_ident() == self._thread:
            _resolve(taker)
        else:
            with contextlib.suppress(RuntimeError):  # the reader's loop is closed: nobody reads any more
                loop.call_soon_threadsafe(_resolve, taker)

    def _let_putters_go(self) -> None:
        waiting, self._waiting_for_room = self._waiting_for_room, []
        for room in waiting:
            _resolve(room)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
