"""The backends that run the contract suite: whoever adds one adds a row here."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from service.event_log.base import EventLog
from service.event_log.memory import MemoryEventLog


@asynccontextmanager
async def memory() -> AsyncIterator[EventLog]:
    yield MemoryEventLog(ttl=3600, max_bytes=1 << 30)


BACKENDS: dict[str, Callable[[], AbstractAsyncContextManager[EventLog]]] = {"memory": memory}
