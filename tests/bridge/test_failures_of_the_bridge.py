"""An error in the bridge itself: the reader is told, nobody is left waiting, and the chain is stopped."""

import asyncio
import time
from typing import Any

import pytest
from anyio import fail_after
from langchain.agents import create_agent
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool

from service.bridge import BridgeError
from service.callbacks import AsyncIteratorCallbackHandler
from service.events import BridgeEvent, Token
from service.transcript import Transcript
from tests.bridge.models import agent_model, call, calls, chat, last
from tests.bridge.stories import LIMIT, outcome_of

ASK: Any = {"messages": [("user", "hi")]}


class Broken(RuntimeError):
    """Raised inside the bridge."""


class BreakingTranscript(Transcript):
    """Raises in the method that is named, the first time that it is called."""

    breaks: str

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name == super().__getattribute__("breaks"):
            return _break
        return value


def _break(*args: Any, **kwargs: Any) -> None:
    raise Broken


def breaking(method: str) -> AsyncIteratorCallbackHandler:
    """A handler whose transcript raises in `method`."""
    handler = AsyncIteratorCallbackHandler()
    BreakingTranscript.breaks = method
    handler._transcript = BreakingTranscript(handler._put, time.monotonic())
    return handler


class Shelf(BaseRetriever):
    """Finds one document."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document("found")]


shelf = Shelf()


@tool
async def look(fail: bool) -> str:
    """Tells of its progress, asks a retriever, then returns or fails."""
    await adispatch_custom_event("progress", 1)
    await shelf.ainvoke("x")
    if fail:
        raise ValueError("no")
    return "ok"


def everything() -> Any:
    """An agent that causes every kind of callback."""
    model = agent_model(
        ["a", calls(call("look", '{"fail": false}'))], [calls(call("look", '{"fail": true}'))]
    )
    return create_agent(model, [look])


async def read(handler: AsyncIteratorCallbackHandler) -> tuple[list[BridgeEvent], BaseException | None]:
    events: list[BridgeEvent] = []
    try:
        async for event in handler.events():
            events.append(event)  # noqa: PERF401 - what came before the error counts
    except BridgeError as error:
        return events, error
    return events, None


METHODS = (
    *("enter", "start_message", "write", "end_message", "start_step", "end_chain"),
    *("start_tool", "end_tool", "fail_tool", "tell_sources", "tell_custom"),
)


@pytest.mark.parametrize("method", METHODS)
async def test_an_error_at_any_callback_is_told_to_the_reader_and_stops_the_chain(method: str) -> None:
    whole = AsyncIteratorCallbackHandler()
    with fail_after(LIMIT):
        await outcome_of(asyncio.ensure_future(everything().ainvoke(ASK, {"callbacks": [whole]})))
        expected, _ = await read(whole)
        handler = breaking(method)
        task = asyncio.ensure_future(everything().ainvoke(ASK, {"callbacks": [handler]}))
        events, error = await read(handler)
        _, failure = await outcome_of(task)
    assert isinstance(error, BridgeError)
    assert isinstance(error.__cause__, Broken)
    assert [e.type for e in events] == [e.type for e in expected][: len(events)]
    assert len(events) < len(expected)
    assert failure is not None


async def test_a_failed_model_call_that_cannot_be_told_is_told_as_failure() -> None:
    handler = breaking("fail_message")
    task = asyncio.ensure_future(chat("a", OSError()).ainvoke("hi", {"callbacks": [handler]}))
    with fail_after(LIMIT):
        events, error = await read(handler)
        await outcome_of(task)
    assert [event.text for event in events if isinstance(event, Token)] == ["a"]
    assert error is not None


async def test_the_error_of_the_bridge_never_reaches_the_chain_as_its_own() -> None:
    handler = breaking("write")
    task = asyncio.ensure_future(chat("a", "b", last()).ainvoke("hi", {"callbacks": [handler]}))
    with fail_after(LIMIT):
        _, error = await read(handler)
        _, failure = await outcome_of(task)
    assert error is not None
    assert not isinstance(failure, Broken)


async def test_nobody_starts_a_model_once_the_bridge_has_failed() -> None:
    handler = breaking("start_step")
    model = agent_model(["never"])
    task = asyncio.ensure_future(create_agent(model, [look]).ainvoke(ASK, {"callbacks": [handler]}))
    with fail_after(LIMIT):
        await read(handler)
        _, failure = await outcome_of(task)
    assert failure is not None
    assert model.calls == 0


async def test_who_reads_text_is_told_too() -> None:
    handler = breaking("end_message")
    task = asyncio.ensure_future(chat("a", last()).ainvoke("hi", {"callbacks": [handler]}))
    got: list[str] = []

    async def texts() -> None:
        async for text in handler.aiter():
            got.append(text)  # noqa: PERF401 - what came before the error counts

    with fail_after(LIMIT), pytest.raises(BridgeError):
        await texts()
    await outcome_of(task)
    assert got == ["a"]


async def test_an_error_from_outside_poisons_it_once() -> None:
    handler = AsyncIteratorCallbackHandler()
    first = OSError("first")
    handler.poison(first)
    handler.poison(OSError("second"))
    handler.close()
    with fail_after(LIMIT):
        _, error = await read(handler)
    assert error is not None
    assert error.__cause__ is first
