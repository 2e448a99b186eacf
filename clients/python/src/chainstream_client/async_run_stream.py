"""A run's events as an asynchronous iterator."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Self, cast

import anyio
import httpx2

from .answers import Run
from .decisions import Decision
from .errors import ChainstreamError
from .event_source import event_source
from .events import Approval, Event
from .followed_run import FollowedRun, interrupt_of
from .following import Following

if TYPE_CHECKING:
    from .async_client import AsyncChainstream


class AsyncRunStream(FollowedRun):
    """As `RunStream`; use it in an `async with`, which closes its connection wherever you leave it."""

    def __init__(self, client: "AsyncChainstream", following: Following) -> None:
        super().__init__(following)
        self._client = client
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
        if not self._is_closed:
            async for read in self._reading():
                if read is not None:
                    return self._told(read)
        self._frames = None
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
        run = await self._client.decide(self.run_id, interrupt_id, decisions)
        self._following.decided(interrupt_id)
        return run

    async def wait(self) -> Run:
        """Reads to the end, or to where the run waits for a person, and returns the run."""
        async for _ in self:
            pass
        return await self._client.get_run(self.run_id)

    def _reading(self) -> AsyncGenerator[Event | None, None]:
        if self._frames is None:
            self._frames = self._read()
        return self._frames

    async def _read(self) -> AsyncGenerator[Event | None, None]:
        """None each time a connection is open, and the events."""
        following = self._following
        try:
            while following.wants_more:
                await anyio.sleep(following.pause)
                try:
                    async with aclosing(self._connection()) as connection:
                        async for event in connection:
                            yield event
                except httpx2.RequestError as error:
                    following.broke(error)
                following.closed()
        except ChainstreamError:
            self._frames = None  # who reads on after an error tries again
            raise

    async def _connection(self) -> AsyncGenerator[Event | None, None]:
        following = self._following
        async with self._client.open(following.request()) as response:
            if not following.accepts(response.status_code, response.headers):
                body = await response.aread()
                last = following.turned_away(response.status_code, response.headers, body)
                if last is not None:
                    yield last
                return
            yield None
            async with aclosing(_frames_of(response)) as frames:
                async for sse in frames:
                    event = following.frame(sse.event, sse.id, sse.data, sse.retry)
                    if event is not None:
                        yield event
                    if not following.reading:
                        return


def _frames_of(response: httpx2.Response) -> AsyncGenerator[httpx2.ServerSentEvent, None]:
    """httpx2 says no more of it than that it is an iterator."""
    return cast(AsyncGenerator[httpx2.ServerSentEvent, None], event_source(response).__aiter__())
