"""Runs a chain with a handler, as a user of the bridge does, and keeps all that it told."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio import fail_after
from langchain_core.runnables import Runnable

from service.callbacks import AsyncIteratorCallbackHandler
from service.events import BridgeEvent, Channel, Token
from tests.bridge.well_formed import breaches

LIMIT = 30  # seconds: far more than anything here takes, on a busy machine too
E = TypeVar("E")


@dataclass(frozen=True)
class Story:
    """What a handler told of one run, and how the chain ended."""

    events: list[BridgeEvent]
    output: Any
    error: BaseException | None

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[E]) -> E:
        (event,) = self.of(kind)
        return event

    @property
    def names(self) -> list[str]:
        """The events' types, in order, without the steps."""
        return [event.type for event in self.events if not event.type.startswith("step_")]

    def text(self, channel: Channel = "answer") -> str:
        return "".join(token.text for token in self.of(Token) if token.channel == channel)

    @property
    def texts(self) -> dict[str, str]:
        """Each message's text."""
        texts: dict[str, str] = {}
        for token in self.of(Token):
            texts[token.message_id] = texts.get(token.message_id, "") + token.text
        return texts


async def told_of(
    chain: Runnable[Any, Any],
    given: Any = "hi",
    *,
    handler: AsyncIteratorCallbackHandler | None = None,
    nested: bool = True,
    **config: Any,
) -> Story:
    """The story of one run, whose handler nobody closes: the iteration has to end by itself."""
    handler = handler or AsyncIteratorCallbackHandler()
    asked: Any = {"callbacks": [handler], **config}
    with fail_after(LIMIT):
        task = asyncio.ensure_future(chain.ainvoke(given, config=asked))
        events = await collected(handler)
        output, error = await outcome_of(task)
    assert breaches(events, nested=nested) == []
    return Story(events, output, error)


async def outcome_of(task: "asyncio.Future[Any]") -> tuple[Any, BaseException | None]:
    """What a task returned, and the exception that ended it."""
    outcome: Any = (await asyncio.gather(task, return_exceptions=True))[0]
    return (None, outcome) if isinstance(outcome, BaseException) else (outcome, None)


async def collected(handler: AsyncIteratorCallbackHandler) -> list[BridgeEvent]:
    """All events to the iteration's end."""
    source: Any = handler.events()
    async with aclosing(source) as told:
        return [event async for event in told]


def in_thread(work: Callable[[], object]) -> "asyncio.Future[None]":
    """Runs `work` in a thread that holds nobody up should it never end, as one of a pool would."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def run() -> None:
        try:
            work()
        finally:
            loop.call_soon_threadsafe(over.set_result, None)

    threading.Thread(target=run, daemon=True).start()
    return over
