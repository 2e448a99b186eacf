"""A run's events as an asynchronous iterator."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Self

from . import calls
from .answers import Run
from .async_connection import AsyncConnection
from .decisions import Decision
from .events import Approval, Event
from .followed_run import FollowedRun, interrupt_of
from .following import Following


class AsyncRunStream(FollowedRun):
    """As `RunStream`; use it in an `async with`, which closes its connection wherever you leave it."""

    def __init__(self, connection: AsyncConnection, following: Following) -> None:
        super().__init__(following)
        self._connection = connection
        self._frames: AsyncGenerator[Event | None, None] | None = None
        self._held: Event | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        """Opens the stream: from here on the run is known. Raises what a start may raise."""
        self._held = await anext(self._reading(), None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._held is not None:
            event, self._held = self._held, None
            return self._told(event)
        if self._is_closed:
            raise StopAsyncIteration
        async for read in self._reading():
            if read is not None:
                return self._told(read)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Closes the connection; the run stays."""
        self._is_closed = True
        if self._frames is not None:
            await self._frames.aclose()

    async def decide(self, approval: Approval | str, decisions: Decision | Sequence[Decision]) -> Run:
        """Answers what the run asks, with one decision for each request. Once all is answered, the stream
        goes on."""
        interrupt_id = interrupt_of(approval)
        run = await self._connection.ask(calls.decide(self.run_id, interrupt_id, decisions))
        self._following.decided(interrupt_id)
        return run

    async def wait(self) -> Run:
        """Reads to the end, or to where the run waits for a person, and returns the run."""
        async for _ in self:
            pass
        return await self._connection.ask(calls.run(self.run_id))

    def _reading(self) -> AsyncGenerator[Event | None, None]:
        if self._frames is None:
            self._frames = self._read()
        return self._frames

    async def _read(self) -> AsyncGenerator[Event | None, None]:
        """To an end, a pause or an error; who reads on after it reads anew."""
        try:
            events = self._connection.read(self._following)
            async with aclosing(events):
                async for event in events:
                    yield event
        finally:
            self._frames = None
