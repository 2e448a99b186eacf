"""Waiting for something on behalf of a client, no longer than the client waits."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

T = TypeVar("T")


async def unless_left(
    request: Request, waiting: Coroutine[Any, Any, T], seconds: float | None = None
) -> T | None:
    """What it comes to; None where the client left before, or the time was over."""
    waited = asyncio.create_task(waiting)
    left = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({waited, left}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return waited.result() if waited.done() else None
    finally:
        waited.cancel()
        left.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
