"""Reading early, late, twice, broken off; and how an iteration ends, whatever ended the chain."""

import asyncio
import gc
from typing import Any

from anyio import fail_after
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import (
    Runnable,
    RunnableConfig,
    RunnableLambda,
    RunnablePassthrough,
)

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import Custom, StepEnd, Token
from tests.bridge.models import chat, last
from tests.bridge.stories import LIMIT, collected, told_of

TEXT = StrOutputParser()


def config(handler: AsyncIteratorCallbackHandler) -> RunnableConfig:
    return {"callbacks": [handler]}


async def texts(handler: AsyncIteratorCallbackHandler) -> list[str]:
    with fail_after(LIMIT):
        return [text async for text in handler.aiter()]


class Silent(Runnable[Any, Any]):
    """A runnable that knows no callbacks."""

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return input


# --- when it is read -----------------------------------------------------------------------------------


async def test_what_was_told_before_anybody_read_is_not_lost() -> None:
    handler = AsyncIteratorCallbackHandler(queue_limit=2)
    await chat(*"abcdef", last()).ainvoke("hi", config=config(handler))
    assert await texts(handler) == list("abcdef")


async def test_a_reader_may_come_before_the_chain() -> None:
    handler = AsyncIteratorCallbackHandler()
    reader = asyncio.ensure_future(texts(handler))
    await asyncio.sleep(0)
    await chat("a", "b", last()).ainvoke("hi", config=config(handler))
    assert await reader == ["a", "b"]


async def test_a_reader_may_come_in_the_middle_of_the_answer() -> None:
    handler, written, go_on = AsyncIteratorCallbackHandler(), asyncio.Event(), asyncio.Event()
    model = chat("a", "b", written.set, go_on, "c", last())
    task = asyncio.ensure_future(model.ainvoke("hi", config=config(handler)))
    await written.wait()
    reader = asyncio.ensure_future(texts(handler))
    await asyncio.sleep(0)
    go_on.set()
    assert await reader == ["a", "b", "c"]
    await task


async def test_the_reader_gets_each_token_before_the_next_is_written() -> None:
    handler, read = AsyncIteratorCallbackHandler(), asyncio.Event()
    task = asyncio.ensure_future(chat("a", read, "b", last()).ainvoke("hi", config=config(handler)))
    with fail_after(LIMIT):
        seen = []
        async for text in handler.aiter():
            seen.append(text)
            read.set()
        assert seen == ["a", "b"]
        await task


async def test_a_handler_can_be_used_for_one_run_after_the_other() -> None:
    handler = AsyncIteratorCallbackHandler()
    for word in ("first", "second", "third"):
        task = asyncio.ensure_future(chat(word, last()).ainvoke("hi", config=config(handler)))
        assert await texts(handler) == [word]
        await task


async def test_a_reader_that_breaks_off_does_not_hold_the_chain_up() -> None:
    handler = AsyncIteratorCallbackHandler(queue_limit=1)
    task = asyncio.ensure_future(chat(*"abcdefgh", last()).ainvoke("hi", config=config(handler)))
    with fail_after(LIMIT):
        async for _ in handler.aiter():
            break
        gc.collect()
        assert (await task).content == "abcdefgh"


async def test_a_reader_that_is_cancelled_leaves_the_rest_to_the_next_one() -> None:
    handler, wrote, go_on = AsyncIteratorCallbackHandler(), asyncio.Event(), asyncio.Event()
    model = chat("a", wrote.set, go_on, "b", last())
    task = asyncio.ensure_future(model.ainvoke("hi", config=config(handler)))
    first = asyncio.ensure_future(texts(handler))
    await wrote.wait()
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    go_on.set()
    assert await texts(handler) == ["b"]
    await task


# --- how it ends ---------------------------------------------------------------------------------------


async def test_a_chain_that_fails_before_any_model_starts_ends_the_iteration() -> None:
    def fail(text: str) -> str:
        raise RuntimeError("no")

    story = await told_of(RunnableLambda(fail) | chat("never", last()))
    assert story.text() == ""
    assert isinstance(story.error, RuntimeError)


async def test_a_chain_that_tells_nothing_is_ended_by_close() -> None:
    handler = AsyncIteratorCallbackHandler()

    async def work() -> None:
        try:
            await Silent().ainvoke("hi", config=config(handler))
        finally:
            handler.close()

    _, got = await asyncio.gather(work(), texts(handler))
    assert got == []


async def test_what_came_before_close_is_read_after_it() -> None:
    handler = AsyncIteratorCallbackHandler(end_with_root=False)
    await chat("a", "b", last()).ainvoke("hi", config=config(handler))
    handler.close()
    assert await texts(handler) == ["a", "b"]


async def test_close_twice_is_close_once() -> None:
    handler = AsyncIteratorCallbackHandler()
    handler.close()
    handler.close()
    assert await texts(handler) == []


async def test_users_of_the_old_handler_end_it_by_done() -> None:
    handler = AsyncIteratorCallbackHandler()
    await chat("a", last()).ainvoke("hi", config=config(handler))
    assert not handler.done.is_set()
    handler.done.set()
    assert handler.done.is_set()
    assert await texts(handler) == ["a"]


async def test_without_end_with_root_a_run_does_not_end_it() -> None:
    handler = AsyncIteratorCallbackHandler(end_with_root=False)
    for word in ("a", "b"):
        await chat(word, last()).ainvoke("hi", config=config(handler))
    handler.close()
    assert await texts(handler) == ["a", "b"]


async def test_runs_side_by_side_with_one_handler_end_it_together() -> None:
    handler, both, go_on = AsyncIteratorCallbackHandler(), asyncio.Event(), asyncio.Event()
    two = asyncio.ensure_future(chat("b", both.set, go_on, "c", last()).ainvoke("hi", config=config(handler)))
    reader = asyncio.ensure_future(texts(handler))
    await both.wait()
    await chat("a", last()).ainvoke("hi", config=config(handler))
    go_on.set()
    assert await reader == ["b", "a", "c"]
    await two


async def test_a_handler_inside_a_chain_ends_with_the_part_that_it_is_in() -> None:
    handler = AsyncIteratorCallbackHandler()
    part: Any = (chat("a", last()) | TEXT | chat("b", last())).with_config(callbacks=[handler])
    chain: Runnable[Any, Any] = RunnablePassthrough() | part | TEXT
    task = asyncio.ensure_future(chain.ainvoke("hi"))
    assert await texts(handler) == ["a", "b"]
    await task


async def test_a_handler_given_to_a_model_alone_ends_with_its_call() -> None:
    handler = AsyncIteratorCallbackHandler()
    model = chat("a", "b", last())
    model.callbacks = [handler]
    chain: Runnable[Any, Any] = RunnablePassthrough() | model | TEXT
    task = asyncio.ensure_future(chain.ainvoke("hi"))
    assert await texts(handler) == ["a", "b"]
    await task


# --- beside the events ---------------------------------------------------------------------------------


async def test_usage_and_the_finish_reason_are_those_of_the_run() -> None:
    handler = AsyncIteratorCallbackHandler()
    used: Any = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    hidden = chat("x", last("stop", **used)).with_config(tags=["inner"])
    await told_of(chat("a", last("length", **used)) | TEXT | hidden, handler=handler)
    assert handler.usage()["total_tokens"] == 6
    assert handler.finish_reason == "length"


async def test_a_call_cut_short_counts_what_it_wrote() -> None:
    handler = AsyncIteratorCallbackHandler()
    await told_of(chat("a", "b", OSError("gone")), handler=handler)
    assert handler.usage()["output_tokens"] == 2


async def test_the_output_is_told_as_the_answer_where_no_model_wrote_one() -> None:
    for written, told in (("inner", ["inner", "the output"]), ("answer", ["inner", "a"])):
        handler = AsyncIteratorCallbackHandler(end_with_root=False)
        hidden = chat("inner", last()).with_config(tags=["inner"])
        await hidden.ainvoke("hi", config=config(handler))
        if written == "answer":
            await chat("a", last()).ainvoke("hi", config=config(handler))
        handler.tell_output("the output")
        handler.close()
        events = await collected(handler)
        assert [event.text for event in events if isinstance(event, Token)] == told


async def test_custom_events_after_the_chain_has_ended_are_not_told() -> None:
    handler = AsyncIteratorCallbackHandler()
    story = await told_of(RunnableLambda(lambda text: text), handler=handler)
    assert story.of(Custom) == []
    assert [event.name for event in story.of(StepEnd)] in ([], ["<lambda>"])


async def test_the_watchdog_is_told_of_calls_in_flight_alone() -> None:
    handler, wrote, go_on = AsyncIteratorCallbackHandler(), asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(chat("a", wrote.set, go_on, last()).ainvoke("hi", config=config(handler)))
    await wrote.wait()
    due = handler.due(60.0, 30.0)
    assert due is not None
    assert due[1]
    go_on.set()
    await texts(handler)
    await task
    assert handler.due(60.0, 30.0) is None
