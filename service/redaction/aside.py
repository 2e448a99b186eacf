"""A run's filters, which look at much text in a thread: meanwhile the event loop goes on with other runs."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import fields
from typing import Any, Final, TypeVar

from ..errors import RunFailed
from ..events import Approval, BridgeEvent, Reasoning, Token, ToolCall
from .filtered import Filtered, Refusal

MUCH: Final = 16_384  # characters, and 16 for each value: some 5 ms with all rules on, 40 at worst
VALUE: Final = 16

T = TypeVar("T")
R = TypeVar("R")


class FilteredAside:
    """As Filtered, one call at a time; `threads` are for filters alone, since those of tools may all hang."""

    def __init__(self, filtered: Filtered, threads: Executor) -> None:
        self._filtered = filtered
        self._threads = threads

    @property
    def verdict(self) -> RunFailed | Refusal | None:
        return self._filtered.verdict

    async def take(self, events: Sequence[BridgeEvent]) -> list[BridgeEvent]:
        return await self._look(self._filtered.take, events, size_of_events(events))

    def end(self, t: int) -> list[BridgeEvent]:
        return self._filtered.end(t)

    async def approvals(self, approvals: Sequence[Approval]) -> list[Approval]:
        return await self._look(self._filtered.approvals, approvals, size_of_events(approvals))

    async def output(self, value: Any) -> Any:
        return await self._look(self._filtered.output, value, size_of(value))

    def message(self, text: str) -> str:
        return self._filtered.message(text)

    async def _look(self, look: Callable[[T], R], at: T, size: int) -> R:
        if size < MUCH:
            return look(at)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, copy_context().run, look, at)


def size_of_events(events: Sequence[BridgeEvent]) -> int:
    """As `size_of`; a token costs next to nothing."""
    size = 0
    for event in events:
        if isinstance(event, (Token, Reasoning)):
            size += len(event.text)
        elif isinstance(event, ToolCall):
            size += len(event.args_delta)
        elif size < MUCH:
            size += size_of([getattr(event, each.name) for each in fields(event)])
    return size


def size_of(value: Any) -> int:
    """The characters in it and what its values count; no further than to what is much."""
    left = [value]
    size = 0
    while left and size < MUCH:
        match left.pop():
            case str() as text:
                size += len(text)
            case list() as items:
                left.extend(items)
            case dict() as items:
                left.extend(items)
                left.extend(items.values())
        size += VALUE
    return size
