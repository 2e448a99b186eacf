"""What goes on after the chain around it failed or gave it up: it is closed, and told no more."""

import asyncio
from typing import Any

from anyio import fail_after
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import tool

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import MessageEnd, ToolError, ToolStart
from tests.bridge.models import agent_model, chat, last
from tests.bridge.stories import LIMIT, told_of

TEXT = StrOutputParser()


def outlived(after: asyncio.Event, model: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """One branch fails while the model of the other has written `a`; gather leaves that one running."""

    async def fail(text: str) -> str:
        await after.wait()
        raise RuntimeError("no")

    return RunnablePassthrough() | RunnableParallel(one=fail, two=model)


async def test_what_outlives_a_failed_chain_is_closed_with_it() -> None:
    wrote, never = asyncio.Event(), asyncio.Event()
    story = await told_of(outlived(wrote, chat("a", wrote.set, never, "b", last())), nested=False)
    assert isinstance(story.error, RuntimeError)
    assert story.text() == "a"
    assert story.one(MessageEnd).finish_reason == "error"
    never.set()


async def test_a_tool_that_outlives_a_failed_chain_is_closed_as_cancelled() -> None:
    started, never = asyncio.Event(), asyncio.Event()

    @tool
    async def wait(text: str) -> str:
        """Waits."""
        started.set()
        await never.wait()
        return text

    async def fail(given: Any) -> str:
        await started.wait()
        raise RuntimeError("no")

    chain: Runnable[Any, Any] = RunnablePassthrough() | RunnableParallel(one=fail, two=wait)
    story = await told_of(chain, {"text": "x"}, nested=False)
    assert story.one(ToolError).code == "cancelled"
    never.set()


async def test_what_outlives_a_failed_run_is_not_told_in_the_next() -> None:
    wrote, go_on, through = asyncio.Event(), asyncio.Event(), asyncio.Event()
    handler = AsyncIteratorCallbackHandler()
    late = chat("a", wrote.set, go_on, "late", through.set, last())
    await told_of(outlived(wrote, late), handler=handler, nested=False)
    go_on.set()
    with fail_after(LIMIT):
        await through.wait()
    for _ in range(20):  # the late model's end is told by tasks of its own
        await asyncio.sleep(0)
    assert (await told_of(chat("next", last()), handler=handler)).text() == "next"


async def test_what_begins_after_its_chain_has_failed_is_not_told_in_the_next_run() -> None:
    wrote, go_on, through = asyncio.Event(), asyncio.Event(), asyncio.Event()
    handler = AsyncIteratorCallbackHandler()
    branch: Runnable[Any, Any] = (
        chat("a", wrote.set, go_on, last()) | TEXT | chat("late", through.set, last())
    )
    await told_of(outlived(wrote, branch), handler=handler, nested=False)
    go_on.set()
    with fail_after(LIMIT):
        await through.wait()
    for _ in range(20):  # the late model's end is told by tasks of its own
        await asyncio.sleep(0)
    assert (await told_of(chat("next", last()), handler=handler)).text() == "next"


async def test_a_model_call_that_its_chain_gave_up_is_over() -> None:
    """Cancelling a model call fires no callback of the model's: only that of the chain around it."""
    handler, wrote, never = AsyncIteratorCallbackHandler(), asyncio.Event(), asyncio.Event()
    slow: Runnable[Any, Any] = RunnablePassthrough() | chat("a", wrote.set, never, last())
    dues: list[Any] = []

    async def give_up(text: str) -> str:
        call = asyncio.ensure_future(slow.ainvoke(text))
        await wrote.wait()
        call.cancel()
        await asyncio.wait({call})
        dues.append(handler.due(60.0, 30.0))
        return "without it"

    story = await told_of(RunnableLambda(give_up) | agent_model(["b"]), handler=handler)
    assert dues == [None]
    assert story.names == ["token", "message_end", "usage", "token", "message_end"]
    assert story.of(ToolStart) == []
