"""LangGraph's own savers for the database's checkpoints: opened for one unit of work, since that is rare.

On PostgreSQL they are tables of LangGraph's in the same database. On SQLite they are a file of their own
beside ours, since two writers in one file wait for each other. What is PostgreSQL's alone is imported where
it is used: it takes a tenth of a second, which a start on SQLite need not wait for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from sqlalchemy import URL, inspect, text

from .checkpoints import Saver, copy_thread, lasting_serializer
from .database import CONNECT_SECONDS, Reader

AT_ONCE = 2  # connections

Load = Callable[[Saver, str], Awaitable[None]]  # to memory, of the run


class CheckpointsUnreachable(ConnectionError):
    """The database does not answer; later it may."""


class LastingCheckpoints:
    """Checkpoints that outlive the process, by the ids of their runs. All raise CheckpointsUnreachable, and
    what the serializer raises."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def save(self, memory: Saver, run_id: str) -> None:
        """All that memory has of a run; what was saved of it before is gone."""
        async with self._opened() as lasting:
            await lasting.adelete_thread(run_id)
            await copy_thread(memory, lasting, run_id)

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[Load]:
        """Loads what was saved of runs, if anything was, all through one connection."""
        async with self._opened() as lasting:

            async def load(memory: Saver, run_id: str) -> None:
                with _unreachable_told():
                    await copy_thread(lasting, memory, run_id)

            yield load

    async def delete(self, run_id: str) -> None:
        async with self._opened() as lasting:
            await lasting.adelete_thread(run_id)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Saver]:
        async with self._turns, open_saver(self._url) as saver:
            yield saver


async def are_set_up(reader: Reader) -> bool:
    """Whether a server has LangGraph's tables as this version of it needs them."""
    from langgraph.checkpoint.postgres.base import MIGRATIONS

    async with reader.reading() as connection:
        if not await connection.run_sync(lambda bound: inspect(bound).has_table("checkpoint_migrations")):
            return False
        last = await connection.scalar(text("SELECT max(v) FROM checkpoint_migrations"))
    return last is not None and last >= len(MIGRATIONS) - 1


async def set_up(url: URL) -> None:
    """Make LangGraph's tables in a server's database, or bring them up to date, step by step."""
    async with _open_server(url) as saver:
        await saver.setup()


def file_beside(file: Path) -> Path:
    """Where the checkpoints of an SQLite database are."""
    return file.with_name(f"{file.stem}-checkpoints{file.suffix}")


@asynccontextmanager
async def open_saver(url: URL) -> AsyncIterator[Saver]:
    """LangGraph's saver of this database, on a connection of its own. Raises CheckpointsUnreachable."""
    if url.get_backend_name() == "sqlite":
        async with _open_file(file_beside(Path(str(url.database)))) as file:
            yield file
    else:
        async with _open_server(url) as server:
            yield server


@asynccontextmanager
async def _open_file(file: Path) -> AsyncIterator[Saver]:
    with _unreachable_told():
        async with aiosqlite.connect(file) as connection:
            await connection.execute("PRAGMA synchronous = NORMAL")  # as the other file has it
            saver = AsyncSqliteSaver(connection, serde=lasting_serializer())
            await saver.setup()
            yield saver


@asynccontextmanager
async def _open_server(url: URL) -> AsyncIterator[Any]:  # an AsyncPostgresSaver
    import psycopg
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import dict_row

    _, named = url.get_dialect()().create_connect_args(url)
    options = {**named, "connect_timeout": CONNECT_SECONDS, "application_name": "chainstream"}
    connected = psycopg.AsyncConnection.connect(
        **options, autocommit=True, prepare_threshold=None, row_factory=dict_row
    )
    with _unreachable_told():
        async with await connected as connection:
            yield AsyncPostgresSaver(connection, serde=lasting_serializer())


@contextmanager
def _unreachable_told() -> Iterator[None]:
    """Raises CheckpointsUnreachable for what either driver raises where its database does not answer."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in ("OperationalError", "InterfaceError"):  # as PEP 249 calls them
            raise
        message = " ".join(str(error).split())
        raise CheckpointsUnreachable(f"the checkpoints cannot be reached: {message}") from error
