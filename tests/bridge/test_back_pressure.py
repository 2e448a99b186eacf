"""A slow reader makes the provider wait, on the reader's own loop alone; nobody else waits for a reader."""

import asyncio
from typing import Any

from anyio import fail_after
from langchain_core.runnables import RunnableLambda, RunnableParallel

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import BridgeEvent, Token
from tests.bridge.models import ScriptedChat, chat, last
from tests.bridge.stories import LIMIT, in_thread, outcome_of

TOKENS = 200
ROOM = 8


def counting(written: list[int]) -> ScriptedChat:
    """A model that notes each token just before it writes it."""
    steps: list[Any] = []
    for number in range(TOKENS):
        steps += [lambda number=number: written.append(number), f"{number};"]
    return chat(*steps, last())


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10 * TOKENS):
        await asyncio.sleep(0)


def numbers(events: list[BridgeEvent]) -> list[int]:
    text = "".join(event.text for event in events if isinstance(event, Token))
    return [int(number) for number in text.split(";")[:-1]]


async def test_a_slow_reader_makes_the_providers_stream_wait() -> None:
    handler, written = AsyncIteratorCallbackHandler(queue_limit=ROOM), list[int]()
    task = asyncio.ensure_future(counting(written).ainvoke("hi", config={"callbacks": [handler]}))
    told = handler.events()
    with fail_after(LIMIT):
        events = [await anext(told)]
        await settle()
        assert len(written) <= 2 * ROOM + 2
        events += [event async for event in told]
        await task
    assert numbers(events) == list(range(TOKENS))


async def test_models_that_wait_side_by_side_all_go_on_and_keep_their_order() -> None:
    handler, written = AsyncIteratorCallbackHandler(queue_limit=ROOM), [list[int]() for _ in range(4)]
    chain = RunnableParallel({str(n): counting(written[n]) for n in range(4)})
    task = asyncio.ensure_future(chain.ainvoke("hi", config={"callbacks": [handler]}))
    told = handler.events()
    with fail_after(LIMIT):
        events = [await anext(told)]
        await settle()
        assert sum(map(len, written)) <= 2 * ROOM + 2 * len(written)
        events += [event async for event in told]
        await task
    for message_id in ("m1", "m2", "m3", "m4"):
        mine = [event for event in events if isinstance(event, Token) and event.message_id == message_id]
        assert numbers([*mine]) == list(range(TOKENS))


async def test_a_foreign_thread_never_waits_for_the_reader() -> None:
    handler, written = AsyncIteratorCallbackHandler(queue_limit=ROOM), list[int]()
    told = handler.events()
    with fail_after(LIMIT):
        first = asyncio.ensure_future(anext(told))
        await in_thread(lambda: counting(written).invoke("hi", config={"callbacks": [handler]}))
        assert len(written) == TOKENS
        events = [await first] + [event async for event in told]
    assert numbers(events) == list(range(TOKENS))


async def test_a_foreign_loop_never_waits_for_the_reader() -> None:
    handler, written = AsyncIteratorCallbackHandler(queue_limit=ROOM), list[int]()
    told = handler.events()

    def elsewhere() -> None:
        asyncio.run(counting(written).ainvoke("hi", config={"callbacks": [handler]}))

    with fail_after(LIMIT):
        first = asyncio.ensure_future(anext(told))
        await in_thread(elsewhere)
        assert len(written) == TOKENS
        events = [await first] + [event async for event in told]
    assert numbers(events) == list(range(TOKENS))


async def test_a_model_that_blocks_the_readers_own_loop_does_not_wait_for_it() -> None:
    written, events = list[int](), list[BridgeEvent]()

    async def scene() -> None:
        handler = AsyncIteratorCallbackHandler(queue_limit=ROOM)
        model = counting(written)

        async def blocking(text: str) -> str:
            return str(model.invoke(text).content)

        told = handler.events()
        first = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        await RunnableLambda(blocking).ainvoke("hi", config={"callbacks": [handler]})
        events.extend([await first] + [event async for event in told])

    with fail_after(LIMIT):
        await in_thread(lambda: asyncio.run(scene()))  # a loop that is blocked for ever is not the tests' own
    assert numbers(events) == list(range(TOKENS))


async def test_close_lets_a_model_go_that_waits_for_room() -> None:
    handler, written = AsyncIteratorCallbackHandler(queue_limit=ROOM), list[int]()
    task = asyncio.ensure_future(counting(written).ainvoke("hi", config={"callbacks": [handler]}))
    told = handler.events()
    with fail_after(LIMIT):
        events = [await anext(told)]
        await settle()
        handler.close()
        events += [event async for event in told]
        _, failure = await outcome_of(task)
    assert failure is not None
    assert numbers(events) == written[: len(numbers(events))]


async def test_a_reader_that_leaves_lets_a_model_go_that_waits_for_room() -> None:
    handler, written = AsyncIteratorCallbackHandler(queue_limit=ROOM), list[int]()
    task = asyncio.ensure_future(counting(written).ainvoke("hi", config={"callbacks": [handler]}))
    told = handler.batches()
    with fail_after(LIMIT):
        await anext(told)
        await settle()
        await told.aclose()  # type: ignore[attr-defined]  # a generator, typed as an iterator
        await task
    assert len(written) == TOKENS
