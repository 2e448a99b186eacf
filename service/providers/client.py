"""The HTTP client of OpenAI's SDK and its kin, for all models of the process: aiohttp, with a parser in C.

A connection of aiohttp's belongs to the
event loop on which it was made, so calls from other loops (a tool's thread, say) go over plain httpx.
"""

import asyncio
from typing import Any

import aiohttp
import httpx2
from openai import DefaultAioHttpClient, DefaultAsyncHttpxClient

NOT_KEPT = httpx2.Limits(max_connections=100, max_keepalive_connections=0)


class ProviderClient(DefaultAioHttpClient):
    """The SDK's own aiohttp client, and the errors that it takes for time-outs (its table has
    `ClientConnectionError` as one, of which these inherit) as what they are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._elsewhere: httpx2.AsyncClient | None = None

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if loop is not self._loop:
            self._elsewhere = self._elsewhere or DefaultAsyncHttpxClient(limits=NOT_KEPT)
            return await self._elsewhere.send(request, **options)
        try:
            return await super().send(request, **options)
        except httpx2.TimeoutException as error:
            match error.__cause__:
                case aiohttp.ServerTimeoutError():
                    raise
                case aiohttp.ClientConnectorError():
                    raise httpx2.ConnectError(str(error), request=request) from error
                case aiohttp.ClientConnectionError():
                    raise httpx2.ReadError(str(error), request=request) from error
            raise

    async def aclose(self) -> None:
        if self._elsewhere is not None:
            await self._elsewhere.aclose()
        await super().aclose()
