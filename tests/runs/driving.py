"""One execution without the server: a chain, a memory log, and what the log has in the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any

from service.callbacks import AsyncIteratorCallbackHandler
from service.event_log.base import EventLog, Record
from service.event_log.memory import MemoryEventLog
from service.events import Event, RunStarted
from service.executor.execution import Execution
from service.executor.limits import Limits

RUN_ID = "01m7ygjx2s21ccc2xxsq49fvwm"
MODEST = Limits(
    run_timeout=0,
    first_token_timeout=0,
    silence_timeout=0,
    log_max_bytes=1_000_000,
    output_max_chars=1_000_000,
    tool_output_max_chars=1000,
)


def started(run_id: str = RUN_ID) -> RunStarted:
    return RunStarted(
        t=0, run_id=run_id, chain="x", model=None, thread_id=None, attempt=1, created_at="2026-01-01"
    )


def invoking(chain: Any, given: Any) -> Callable[[AsyncIteratorCallbackHandler], Coroutine[Any, Any, Any]]:
    async def work(handler: AsyncIteratorCallbackHandler) -> Any:
        return await chain.ainvoke(given, config={"callbacks": [handler]})

    return work


@asynccontextmanager
async def executing(
    work: Callable[[AsyncIteratorCallbackHandler], Coroutine[Any, Any, Any]], limits: Limits = MODEST
) -> AsyncIterator[tuple[Execution, MemoryEventLog, "asyncio.Task[Any]"]]:
    """An execution under way; it is awaited at the end."""
    log = MemoryEventLog(ttl=60, max_bytes=10_000_000)
    await log.open(RUN_ID)
    execution = Execution(started(), log, limits)
    task = asyncio.create_task(execution.run(work))
    try:
        yield execution, log, task
    finally:
        await task


async def records_of(log: EventLog, run_id: str = RUN_ID) -> list[Record]:
    async with aclosing(log.read(run_id)) as batches:
        return [record async for batch in batches for record in batch]


async def events_of(
    work: Callable[[AsyncIteratorCallbackHandler], Coroutine[Any, Any, Any]], limits: Limits = MODEST
) -> list[Event]:
    """All events of an execution that ends by itself."""
    async with executing(work, limits) as (_, log, task):
        await task
        return [record.event() for record in await records_of(log)]
