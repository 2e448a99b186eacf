"""Holding a database for this process alone: two services would end each other's runs at their start.

A file is held by a lock on a file beside it, which the system takes away when the process dies. A server's
database is held by an advisory lock of a session, which ends with that session's connection. That can end
without us, so before something is written the lock is made sure of: taken again, or found with another.
"""

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from .database_url import told
from .errors import StartError

SURE_SECONDS = 15  # after which a connection that was silent is asked again
KEY = 0x436861696E73  # of PostgreSQL's advisory lock, which is per database
CURE = "Stop the other one, or give this one a database of its own with DATABASE_URL"


class DatabaseInUse(Exception):
    """Another process has taken the database over; nothing may be written to it here."""


class FileHold:
    """Holds an SQLite file; raises StartError where another process has it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = file.with_name(f"{file.name}.lock")
        self._descriptor = -1

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            message = f"The database {self._file} cannot be written: {error.strerror}. Set DATABASE_URL."
            raise StartError("no_database", message) from error
        if not _locked(self._descriptor):
            holder = os.read(self._descriptor, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            message = f"The database {self._file} is in use by another process ({holder}). {CURE}: sqlite:///other.db."
            raise StartError("database_in_use", message)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"pid {os.getpid()}\n".encode())
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)  # the file stays: who opened it before it is removed would hold nothing

    async def ensure(self) -> None:
        """A file's lock cannot be lost."""


def _locked(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True  # it has no flock
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class ServerHold:
    """Holds a database of a PostgreSQL server, on a connection of its own."""

    def __init__(self, url: URL, connect: dict[str, Any]) -> None:
        self._url = url
        self._engine = create_async_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=connect
        )
        self._connection: AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._sure_until = 0.0
        self._doubts = 0

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            try:
                await self.ensure()
            except DatabaseInUse:
                message = f"{told(self._url)} is in use by another process. {CURE}."
                raise StartError("database_in_use", message) from None
            stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    def doubt(self, *_event: object) -> None:
        """A new connection was made to the server, which may have been started anew."""
        self._sure_until = 0.0
        self._doubts += 1

    async def ensure(self) -> None:
        """Raises DatabaseInUse where another process has the lock by now, DBAPIError where none answers."""
        if time.monotonic() < self._sure_until:
            return
        async with self._one_at_a_time:
            if time.monotonic() < self._sure_until:
                return
            doubts = self._doubts
            await self._ask_or_take()
            if doubts == self._doubts:  # else one came meanwhile
                self._sure_until = time.monotonic() + SURE_SECONDS

    async def _ask_or_take(self) -> None:
        if self._connection is not None:
            try:
                await self._connection.execute(text("SELECT 1"))
                return
            except BaseException as error:  # cancelled in mid-answer it is of no use either
                await self._close_connection()
                if not isinstance(error, DBAPIError):
                    raise
        self._connection = await self._engine.connect()
        if not await self._connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}):
            await self._close_connection()
            raise DatabaseInUse(f"{told(self._url)} was taken over by another process")

    async def _close_connection(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(DBAPIError):
                await connection.invalidate()
                await connection.close()

    async def _close(self) -> None:
        await self._close_connection()
        await self._engine.dispose()
