"""Connections to providers: given up with their reader, kept for the next call, closed with their client."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from openai import APITimeoutError

from service.providers.client import ProviderClient
from tests.providers.fast_models.chunks import TEXT, chunk
from tests.providers.fast_models.models import Brand, Way, model_of
from tests.providers.fast_models.scripted_provider import (
    HEAD,
    Reply,
    Silence,
    chunked,
    frame,
    provider_of,
    stream,
)

HANGING: Reply = [HEAD, frame(chunk({"content": "a"})), frame(chunk({"content": "b"})), Silence()]
BOTH = [
    ("openai", "dicts"),
    ("openai", "dicts over aiohttp"),
    ("xai", "dicts over aiohttp"),
    ("groq", "dicts"),
]


class Waiting(AsyncCallbackHandler):
    """Keeps the model at its first token, as a full queue does."""

    run_inline = True

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def on_llm_new_token(self, *args: Any, **kwargs: Any) -> None:
        self.reached.set()
        await asyncio.Event().wait()


async def cancelled_while_reading(model: BaseChatModel) -> None:
    first = asyncio.Event()

    async def read() -> None:
        async for _ in model.astream("hi"):
            first.set()

    await _cancelled(read(), first)


async def cancelled_in_a_callback(model: BaseChatModel) -> None:
    waiting = Waiting()
    await _cancelled(model.ainvoke("hi", {"callbacks": [waiting]}, stream=True), waiting.reached)


async def left_after_a_token(model: BaseChatModel) -> None:
    async for _ in model.astream("hi"):
        break


async def _cancelled(work: Any, when: asyncio.Event) -> None:
    task = asyncio.ensure_future(work)
    await when.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("brand", "way"), BOTH)
@pytest.mark.parametrize("leave", [cancelled_while_reading, cancelled_in_a_callback, left_after_a_token])
async def test_a_stream_that_nobody_reads_any_more_is_closed_at_the_provider(
    brand: Brand, way: Way, leave: Callable[[BaseChatModel], Awaitable[None]]
) -> None:
    """It would be paid for to its end."""
    with anyio.fail_after(20):
        async with provider_of(HANGING) as provider, model_of(brand, way, provider.url) as model:
            await leave(model)
            await provider.gone.wait()


@pytest.mark.parametrize("form", [b"data: %b\r\n\r\n", b"id: 7\ndata: %b\n\n"])
async def test_a_frame_of_another_form_is_told_when_it_comes(form: bytes) -> None:
    said = chunked(form % json.dumps(chunk({"content": "b"})).encode())
    async with (
        provider_of([HEAD, frame(chunk({"content": "a"})), said, Silence()]) as provider,
        model_of("openai", "dicts", provider.url) as model,
    ):
        with anyio.fail_after(20):
            async for each in model.astream("hi"):
                if each.text == "b":
                    break


@pytest.mark.parametrize("part", ["the answer", "the stream"])
async def test_time_outs_hold_over_aiohttp(part: str) -> None:
    script: Reply = [Silence()] if part == "the answer" else HANGING
    async with (
        provider_of(script) as provider,
        model_of("openai", "dicts over aiohttp", provider.url, timeout=0.5, max_retries=0) as model,
    ):
        with pytest.raises(APITimeoutError), anyio.fail_after(20):
            [each async for each in model.astream("hi")]
        with anyio.fail_after(20):
            await provider.gone.wait()


async def test_calls_share_their_connections_and_the_client_closes_them() -> None:
    client = ProviderClient(verify=False)
    async with provider_of(stream(*TEXT)) as provider:
        with anyio.fail_after(20):
            for _ in range(3):
                async with client.stream("POST", provider.url, json={}) as response:
                    await response.aread()
            assert (len(provider.asked), len(provider.connections)) == (3, 1)
            await client.aclose()
            await provider.left.wait()
    assert client.is_closed


async def test_another_event_loop_gets_connections_of_its_own() -> None:
    """A tool's thread may have one, and a connection belongs to the loop that made it."""
    async with (
        provider_of(stream(*TEXT)) as provider,
        model_of("openai", "dicts over aiohttp", provider.url) as model,
    ):
        with anyio.fail_after(20):
            for _ in range(2):
                here = await model.ainvoke("hi", stream=True)
                there = await asyncio.to_thread(lambda: asyncio.run(model.ainvoke("hi", stream=True)))
                assert here.text == there.text == "Hello ☃"


async def test_a_client_that_nobody_used_closes() -> None:
    await ProviderClient(verify=False).aclose()
