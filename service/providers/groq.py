"""Groq, whose streams are closed when nobody reads them any more."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

import httpx
from groq import DefaultAsyncHttpxClient, DefaultHttpxClient
from langchain_core.outputs import ChatGenerationChunk
from langchain_groq import ChatGroq

from .checked import Checked
from .openai import carrying
from .order import Order

__all__ = ["build", "carrying"]


class _Closing(ChatGroq):
    """ChatGroq leaves a stream that is not read to its end to Python's garbage collector, for minutes."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        async with AsyncExitStack() as held:
            own = self.model_copy(update={"async_client": _Completions(self.async_client, held)})
            # LangChain types it as an iterator; it is a generator, which must be closed.
            stream = await held.enter_async_context(aclosing(ChatGroq._astream(own, *args, **kwargs)))  # type: ignore[type-var]
            async for chunk in stream:
                yield chunk


class _Completions:
    """The SDK's, whose streams the stack closes."""

    def __init__(self, completions: Any, held: AsyncExitStack) -> None:
        self._completions = completions
        self._held = held

    async def create(self, **payload: Any) -> Any:
        return await self._held.enter_async_context(await self._completions.create(**payload))


class GroqModel(Checked, _Closing):
    """ChatGroq, checked."""


def build(order: Order) -> GroqModel:
    timeout = httpx.Timeout(order.http.timeouts)
    return GroqModel(
        model=order.model,
        api_key=order.key,
        base_url=order.base_url,
        max_retries=order.retries,
        timeout=timeout,
        http_client=order.http.get(DefaultHttpxClient, timeout=timeout),
        http_async_client=order.http.get(DefaultAsyncHttpxClient, timeout=timeout),
        **order.params,
    )
