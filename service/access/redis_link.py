"""The Redis that replicas share, and a circuit: while it is away nobody asks it, so that nobody waits for it.

A command that breaks off, at its time limit or because its client is gone, closes its connection: redis-py
does so for whatever ends the reading of an answer, and none is left for whoever has the connection next.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ..errors import StartError

logger = logging.getLogger(__name__)

PREFIX = "chainstream"
PATIENCE_SECONDS = 0.5
CONNECTIONS = 64  # whoever comes when all are in use waits for one, within their patience

T = TypeVar("T")


class Away(Exception):
    """Redis does not answer, or not with what was asked for."""


class RedisLink:
    """One client for all that is counted there."""

    def __init__(self, pool: BlockingConnectionPool) -> None:
        self.redis = Redis(connection_pool=pool)
        self.windows = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=pool,  # type: ignore[arg-type] # documented; its type is that of other options
        )
        self.is_away = False

    async def ask(self, what: Callable[[], Awaitable[T]]) -> T:
        """What it answers within its time. Raises Away, at once where it is known to be."""
        if self.is_away:
            raise Away
        return await self._asked(what)

    async def try_again(self, what: Callable[[], Awaitable[T]]) -> T:
        """The same, also where it is known to be away; with an answer it is back. Raises Away."""
        answer = await self._asked(what)
        if self.is_away:
            self.is_away = False
            logger.info("Redis is back: limits are counted there again")
        return answer

    async def reach(self) -> None:
        """Raises Away where it is known to be, or does not answer now."""

        async def ping() -> None:
            # Redis-py has no types for it.
            await self.redis.execute_command("PING")  # type: ignore[no-untyped-call]

        await self.ask(ping)

    async def _asked(self, what: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await what()
        except TimeoutError as error:
            self._leave(f"it did not answer within {PATIENCE_SECONDS} s")
            raise Away from error
        except (RedisError, OSError, RuntimeError) as error:  # the last is uvloop's, of a closed transport
            self._leave(error)
            raise Away from error

    def _leave(self, why: str | Exception) -> None:
        if not self.is_away:
            self.is_away = True
            logger.warning("Redis is away: until it is back, limits are counted by each process; %s", why)


@asynccontextmanager
async def open_redis_link(url: str) -> AsyncIterator[RedisLink]:
    """Connects when it is asked first. Raises StartError for an option that redis-py does not know."""
    pool = _pool(url)
    try:
        yield RedisLink(pool)
    finally:
        await pool.disconnect()


def _pool(url: str) -> BlockingConnectionPool:
    """One more try: a connection that was idle may have been closed by whatever lies between."""
    try:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=None, retry=Retry(NoBackoff(), 1)
        )
        # It has no types; not connected, it reads the options.
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (TypeError, ValueError, RedisError) as error:
        message = (
            "REDIS_URL has an option behind its ? that the client of Redis does not know, or a bad value."
        )
        raise StartError("bad_redis_url", message) from error
    return pool
