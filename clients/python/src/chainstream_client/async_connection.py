"""The way to a service, for asynchronous code: what is asked once, and what is streamed."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TypeVar, cast

import anyio
import httpx2

from .calls import Call, Request
from .errors import refusal
from .event_source import event_source
from .parts import Part
from .reconnecting import Reconnecting
from .retry import ONCE, Retry, Tries
from .service_address import LIMITS, ServiceAddress

Answer = TypeVar("Answer", bound=Part)
Item = TypeVar("Item")


class AsyncConnection:
    """As `Connection`."""

    def __init__(self, address: ServiceAddress, retry: Retry, http: httpx2.AsyncClient | None = None) -> None:
        self.retry = retry
        self._address = address
        self._http = http or httpx2.AsyncClient(limits=LIMITS)
        self._is_own = http is None

    async def aclose(self) -> None:
        if self._is_own:
            await self._http.aclose()

    async def ask(self, call: Call[Answer]) -> Answer:
        """Raises ChainstreamError."""
        tries = Tries(self.retry if call.repeatable else ONCE)
        while True:
            try:
                async with self._open(call.request) as response:
                    body = await response.aread()
            except httpx2.RequestError as error:
                await anyio.sleep(tries.pause_after(error))
                continue
            if response.is_success:
                return call.read(body)
            await anyio.sleep(tries.pause_after(refusal(response.status_code, response.headers, body)))

    async def read(self, streamed: Reconnecting[Item]) -> AsyncGenerator[Item | None, None]:
        """What is streamed, and None each time that a connection is open. Raises ChainstreamError."""
        while streamed.wants_more:
            await anyio.sleep(streamed.pause)
            try:
                connection = self._read_once(streamed)
                async with aclosing(connection):
                    async for item in connection:
                        yield item
            except httpx2.RequestError as error:
                streamed.broke(error)
            streamed.closed()

    async def _read_once(self, streamed: Reconnecting[Item]) -> AsyncGenerator[Item | None, None]:
        async with self._open(streamed.request()) as response:
            status, headers = response.status_code, response.headers
            if not streamed.accepts(status, headers):
                if (item := streamed.turned_away(status, headers, await response.aread())) is not None:
                    yield item
                return
            yield None
            async with aclosing(_frames_of(response)) as frames:
                async for sse in frames:
                    if (item := streamed.frame(sse.event, sse.id, sse.data, sse.retry)) is not None:
                        yield item
                    if not streamed.reading:
                        return

    def _open(self, request: Request) -> AbstractAsyncContextManager[httpx2.Response]:
        """A request's answer, whose body is yet to be read."""
        return self._http.stream(**self._address.arguments(request))


def _frames_of(response: httpx2.Response) -> AsyncGenerator[httpx2.ServerSentEvent, None]:
    """httpx2 says no more of it than that it is an iterator."""
    return cast(AsyncGenerator[httpx2.ServerSentEvent, None], event_source(response).__aiter__())
