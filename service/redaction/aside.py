"""Where a filter looks: at much text in a thread, so that the event loop goes on with all other runs."""

import asyncio
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Final, TypeVar

from ..events import Reasoning, Token

MUCH: Final = 65_536  # characters, and 16 for each value: some 20 ms with all rules on
VALUE: Final = 16

T = TypeVar("T")


async def looked_at(value: Any, look: Callable[[], T]) -> T:
    """What `look` returns, which looks at `value`: events, or what a chain put out."""
    return await asyncio.to_thread(look) if has_much(value) else look()


def has_much(value: Any) -> bool:
    """Whether looking at it takes so long that others would notice."""
    left = [value]
    size = 0
    while left and size < MUCH:
        match left.pop():
            case str() as text:
                size += len(text)
            case Token(text=text) | Reasoning(text=text):
                size += len(text)
            case list() | tuple() as items:
                left.extend(items)
            case dict() as items:
                left.extend(items)
                left.extend(items.values())
            case item if is_dataclass(item):
                left.extend(getattr(item, each.name) for each in fields(item))
        size += VALUE
    return size >= MUCH
