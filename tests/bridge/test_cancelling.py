"""A chain that is stopped: what it told is kept, what it had begun is closed, and it begins nothing more."""

import asyncio
import threading
from typing import Any

import pytest
from anyio import fail_after
from langchain.agents import create_agent
from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langchain_core.tools import tool

from service.callbacks import AsyncIteratorCallbackHandler, RunClosed
from service.events import BridgeEvent, MessageEnd, Token, ToolEnd, ToolError, ToolStart
from tests.bridge.models import WAIT, agent_model, call, calls, chat, last
from tests.bridge.stories import LIMIT, collected, outcome_of
from tests.bridge.well_formed import breaches

ASK: Any = {"messages": [("user", "hi")]}


class Run:
    """A chain in a task of its own, closed by who awaits it, as the service does."""

    def __init__(self, chain: Runnable[Any, Any], given: Any = "hi", **options: Any) -> None:
        self.handler = AsyncIteratorCallbackHandler(end_with_root=False, **options)
        self.chain = asyncio.ensure_future(chain.ainvoke(given, config={"callbacks": [self.handler]}))

    async def cancel(self) -> list[BridgeEvent]:
        """Stop it; all that it told."""
        with fail_after(LIMIT):
            self.chain.cancel()
            await outcome_of(self.chain)
            self.handler.close()
            events = await collected(self.handler)
        assert breaches(events, nested=False) == []
        return events


def text(events: list[BridgeEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


async def test_a_chain_cancelled_in_mid_answer_ends_with_what_it_wrote() -> None:
    wrote, never, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    model = chat("a", "b", wrote.set, never)
    provider = model._astream

    async def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            async for chunk in provider(*args, **kwargs):
                yield chunk
        finally:
            closed.set()

    object.__setattr__(model, "_astream", watched)
    run = Run(RunnablePassthrough() | model)
    await wrote.wait()
    events = await run.cancel()
    assert text(events) == "ab"
    assert [event.finish_reason for event in events if isinstance(event, MessageEnd)] == ["error"]
    assert closed.is_set()
    assert run.chain.cancelled()


async def test_a_cancelled_chain_ends_an_iteration_that_nobody_closes() -> None:
    wrote, never = asyncio.Event(), asyncio.Event()
    handler = AsyncIteratorCallbackHandler()
    chain: Runnable[Any, Any] = RunnablePassthrough() | chat("a", wrote.set, never)
    task = asyncio.ensure_future(chain.ainvoke("hi", config={"callbacks": [handler]}))
    await wrote.wait()
    task.cancel()
    with fail_after(LIMIT):
        events = await collected(handler)
        await outcome_of(task)
    assert breaches(events) == []
    assert text(events) == "a"


async def test_a_chain_cancelled_before_it_began_ends_the_iteration() -> None:
    assert await Run(RunnablePassthrough() | chat("a")).cancel() == []


async def test_an_async_tool_in_flight_is_closed_as_cancelled() -> None:
    began, never = asyncio.Event(), asyncio.Event()

    @tool
    async def wait() -> None:
        """Waits."""
        began.set()
        await never.wait()

    run = Run(create_agent(agent_model([calls(call("wait"))]), [wait]), ASK)
    await began.wait()
    events = await run.cancel()
    (error,) = (event for event in events if isinstance(event, ToolError))
    assert (error.code, error.tool_call_id, error.name) == ("cancelled", "call_1", "wait")


async def test_a_tool_in_its_thread_is_closed_and_says_nothing_more() -> None:
    began, go_on, raised = asyncio.Event(), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    @tool
    def slow() -> str:
        """Goes on regardless."""
        dispatch_custom_event("progress", 1)
        loop.call_soon_threadsafe(began.set)
        assert go_on.wait(WAIT)
        try:
            dispatch_custom_event("progress", 2)
        except RunClosed:
            loop.call_soon_threadsafe(raised.set)
            raise
        return "too late"

    run = Run(create_agent(agent_model([calls(call("slow"))]), [slow]), ASK)
    await began.wait()
    events = await run.cancel()
    assert [event.code for event in events if isinstance(event, ToolError)] == ["cancelled"]
    go_on.set()
    with fail_after(LIMIT):
        await raised.wait()
    assert not [event for event in events if isinstance(event, ToolEnd)]
    assert not run.handler._queue._items


async def test_no_later_tool_or_model_of_a_thread_starts() -> None:
    began, go_on, over = asyncio.Event(), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    ran: list[str] = []
    model = chat("never", last())

    @tool
    def later() -> str:
        """Must not run."""
        ran.append("later")
        return ""

    def work(given: str) -> str:
        loop.call_soon_threadsafe(began.set)
        assert go_on.wait(WAIT)
        try:
            for start in (lambda: later.invoke({}), lambda: model.invoke("hi")):
                with pytest.raises(RunClosed):
                    start()
        finally:
            loop.call_soon_threadsafe(over.set)
        return given

    run = Run(RunnableLambda(work))
    await began.wait()
    await run.cancel()
    go_on.set()
    with fail_after(LIMIT):
        await over.wait()
    assert (ran, model.calls) == ([], 0)


async def test_a_chain_that_swallows_its_cancelling_is_stopped_at_its_next_model() -> None:
    began, never, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    model = chat("never", last())

    async def stubborn(given: str) -> str:
        began.set()
        try:
            await never.wait()
        except asyncio.CancelledError:
            await closed.wait()
        return given

    handler = AsyncIteratorCallbackHandler(end_with_root=False)
    chain: Runnable[Any, Any] = RunnableLambda(stubborn) | model
    task = asyncio.ensure_future(chain.ainvoke("hi", config={"callbacks": [handler]}))
    await began.wait()
    task.cancel()
    handler.close()
    closed.set()
    with fail_after(LIMIT):
        _, failure = await outcome_of(task)
    assert isinstance(failure, RunClosed)
    assert model.calls == 0


async def test_a_streaming_model_is_stopped_at_its_next_token() -> None:
    wrote, go_on = asyncio.Event(), asyncio.Event()
    written: list[str] = []
    model = chat("a", wrote.set, go_on, "b", lambda: written.append("c"), "c", last())
    run = Run(model)
    await wrote.wait()
    run.handler.close()
    go_on.set()
    with fail_after(LIMIT):
        _, failure = await outcome_of(run.chain)
    assert failure is not None
    assert written == []
    assert text(await collected(run.handler)) == "a"


async def test_an_agent_that_forgives_tools_their_errors_does_not_go_on_after_close() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    inner = chat("never", last())

    @tool
    async def ask() -> str:
        """Asks a model, and takes any Exception for an answer."""
        began.set()
        await go_on.wait()
        try:
            return str(await inner.ainvoke("hi"))
        except Exception:
            return "never mind"

    model = agent_model([calls(call("ask"))], ["never"])
    run = Run(create_agent(model, [ask]), ASK)
    await began.wait()
    run.handler.close()
    go_on.set()
    with fail_after(LIMIT):
        await outcome_of(run.chain)
    assert (inner.calls, model.calls) == (0, 1)
    events = await collected(run.handler)
    assert breaches(events) == []
    assert [event.code for event in events if isinstance(event, ToolError)] == ["cancelled"]


async def test_a_chain_that_forgives_every_exception_is_stopped_all_the_same() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    model = chat("never", last())

    async def forgiving(text: str) -> str:
        began.set()
        await go_on.wait()
        try:
            return str(await model.ainvoke(text))
        except Exception:
            return "never mind"

    run = Run(RunnableLambda(forgiving))
    await began.wait()
    run.handler.close()
    go_on.set()
    with fail_after(LIMIT):
        _, failure = await outcome_of(run.chain)
    assert isinstance(failure, RunClosed)


async def test_what_is_on_its_way_while_the_handler_closes_is_not_told_after_the_end() -> None:
    handler = AsyncIteratorCallbackHandler(end_with_root=False)

    class Closing:
        """Closes the handler while it is made JSON, as another thread might."""

        def __repr__(self) -> str:
            handler.close()
            return "closed"

    async def tell(text: str) -> str:
        await adispatch_custom_event("closing", Closing())
        return text

    await RunnableLambda(tell).ainvoke("hi", config={"callbacks": [handler]})
    assert await collected(handler) == []
    assert not handler._queue._items


async def test_a_token_that_waits_for_room_is_not_lost_when_the_chain_is_cancelled() -> None:
    handler = AsyncIteratorCallbackHandler(end_with_root=False, queue_limit=2)
    yielded: list[str] = []

    def note(piece: str) -> Any:
        return lambda: yielded.append(piece)

    model = chat(*(step for n in range(10) for step in (note(str(n)), str(n))), last())
    events: list[BridgeEvent] = []
    told = handler.events()
    task = asyncio.ensure_future(model.ainvoke("hi", config={"callbacks": [handler]}))
    with fail_after(LIMIT):
        events.append(await anext(told))  # from here on the reader is known, and reads no more
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(yielded) < 10
        task.cancel()
        await outcome_of(task)
        handler.close()
        events += [event async for event in told]
    assert text(events) == "".join(yielded)


async def test_several_tools_in_flight_are_all_closed() -> None:
    both, never = asyncio.Barrier(3), asyncio.Event()

    @tool
    async def wait(n: int) -> None:
        """Waits."""
        await both.wait()
        await never.wait()

    pieces = [call("wait", f'{{"n": {n}}}', id=f"c{n}", index=n) for n in range(2)]
    run = Run(create_agent(agent_model([calls(*pieces)]), [wait]), ASK)
    await both.wait()
    events = await run.cancel()
    assert {event.tool_call_id for event in events if isinstance(event, ToolStart)} == {"c0", "c1"}
    errors = [event for event in events if isinstance(event, ToolError)]
    assert {(event.tool_call_id, event.code) for event in errors} == {
        ("c0", "cancelled"),
        ("c1", "cancelled"),
    }
