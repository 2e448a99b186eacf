"""The database: connections for one unit of work each, to a database that this process alone works with.

SQLite is one file with one writer at a time: writing takes its turn here, and not as `database is locked`
there. PostgreSQL is spoken to through psycopg. No connection is held longer than one unit of work.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from .database_hold import FileHold, ServerHold
from .database_url import DEFAULT_FILE, told
from .errors import StartError

T = TypeVar("T")

POOL_SIZE = 5
READERS = 3  # of SQLite at once
BUSY_SECONDS = 10  # that SQLite waits for another process's write
CONNECT_SECONDS = 5
SILENT_SECONDS = 15  # after which a server that has gone without a word is noticed

PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for each other
    "PRAGMA synchronous = NORMAL",  # a killed process loses nothing, a machine's crash the last second
    "PRAGMA foreign_keys = ON",
)


class Hold(Protocol):
    """What says that this process alone works with the database."""

    async def ensure(self) -> None:
        """Returns where that is still so. Raises what the database raises, or DatabaseInUse."""


class Reader:
    """Connections for one unit of work each, which only read; `dialect` is `sqlite` or `postgresql`."""

    def __init__(self, engine: AsyncEngine, url: URL) -> None:
        self._engine = engine
        self.url = url
        self.dialect = engine.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that is rolled back at its end."""
        async with self._engine.connect() as connection:
            yield connection

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do this, which only reads, in one transaction."""
        async with self.reading() as connection:
            return await connection.run_sync(work)


class Database(Reader):
    """Connections for one unit of work each, to a database that no other process writes to; `lasts` is
    whether it outlives this process."""

    def __init__(
        self, engine: AsyncEngine, url: URL, hold: Hold, files: "Files | None" = None, *, lasts: bool = True
    ) -> None:
        super().__init__(engine, url)
        self.lasts = lasts
        self._hold = hold
        self._files = files
        self._turn: asyncio.Lock | nullcontext[None] = (
            asyncio.Lock() if self.dialect == "sqlite" else nullcontext()
        )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that is committed at its end, unless an error ends it."""
        async with self._turn, self._engine.connect() as connection:
            await self._hold.ensure()  # after the connection was made: a new one may be to another server
            await connection.execution_options(begin="BEGIN IMMEDIATE")
            async with connection.begin():
                yield connection

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do this in a transaction that is committed at its end, unless an error ends it."""
        if self._files is None:
            async with self.writing() as connection:
                return await connection.run_sync(work)
        async with self._turn:
            await self._hold.ensure()
            return await self._files.writing.do(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await (super().read(work) if self._files is None else self._files.reading.do(work))


class Files:
    """An SQLite file's connections to units of work that are done in one go on a thread: to go there and back
    for each statement takes several times the CPU."""

    def __init__(self, url: URL) -> None:
        self.reading = File(url, begin="BEGIN", threads=READERS)
        event.listen(self.reading.engine, "connect", _keep_from_writing)
        self.writing = File(url, begin="BEGIN IMMEDIATE", threads=1)

    def close(self) -> None:
        self.reading.close()
        self.writing.close()


class File:
    """An SQLite file's connections for units of work that threads of their own do, in transactions that
    `begin` so."""

    def __init__(self, url: URL, *, begin: str, threads: int) -> None:
        options = {"isolation_level": None, "check_same_thread": False}
        engine = create_engine(url.set(drivername="sqlite"), poolclass=NullPool, connect_args=options)
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        self.engine = engine.execution_options(begin=begin)
        self._idle: list[Connection] = []
        self._threads = ThreadPoolExecutor(threads, "database")

    async def do(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, work)

    def close(self) -> None:
        self._threads.shutdown()
        for connection in self._idle:
            connection.close()

    def _do(self, work: Callable[[Connection], T]) -> T:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect()
        try:
            with connection.begin():
                done = work(connection)
        except BaseException:
            connection.close()  # it may be of no use any more
            raise
        self._idle.append(connection)
        return done


@asynccontextmanager
async def open_database(url: URL) -> AsyncIterator[Database]:
    """Connections to a database, whatever its schema, that no other process has open.

    Raises StartError `no_database` where there is none, `database_in_use` where another process has it.
    """
    async with AsyncExitStack() as stack:
        if url.get_backend_name() == "sqlite":
            lasts = url.database not in _NO_FILE
            yield await _open_file(_place_of(url, stack), stack, lasts=lasts)
        else:
            yield await _open_server(url, stack)


@asynccontextmanager
async def open_reader(url: URL) -> AsyncIterator[Reader]:
    """To a database that a service may have at the same time; each unit of work sees one moment of it.

    Raises StartError `no_database` where there is none.
    """
    if url.get_backend_name() == "sqlite":
        engine = _reading_engine(url)
    else:
        reads = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = create_async_engine(url, **_POOL, connect_args=_CONNECT, execution_options=reads)
    try:
        await _try(engine)
        yield Reader(engine, url)
    finally:
        await engine.dispose()


def _reading_engine(url: URL) -> AsyncEngine:
    """Of a file that is there: one that only reads makes none."""
    file = Path(str(url.database or ""))
    if url.database in _NO_FILE or not file.is_file():
        message = f"There is no database yet: {told(url)} is made when a service starts. Set DATABASE_URL."
        raise StartError("no_database", message)
    place = url.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    engine = create_async_engine(place, **_POOL, connect_args={"isolation_level": None})
    event.listen(engine.sync_engine, "connect", _set_up_reader)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


async def _open_file(url: URL, stack: AsyncExitStack, *, lasts: bool) -> Database:
    hold = stack.enter_context(FileHold(Path(str(url.database))))
    engine = create_async_engine(url, **_POOL, connect_args={"isolation_level": None})
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "begin", _begin)
    stack.push_async_callback(engine.dispose)
    files = Files(url)
    stack.callback(files.close)
    with _refusal_told(url):
        await files.reading.do(lambda connection: connection.exec_driver_sql("SELECT 1"))
    return Database(engine, url, hold, files, lasts=lasts)


async def _open_server(url: URL, stack: AsyncExitStack) -> Database:
    engine = create_async_engine(url, **_POOL, pool_pre_ping=True, connect_args=_CONNECT)
    stack.push_async_callback(engine.dispose)
    await _try(engine)
    hold = await stack.enter_async_context(ServerHold(url, _CONNECT))
    event.listen(engine.sync_engine, "connect", hold.doubt)
    return Database(engine, url, hold)


_NO_FILE = (None, "", ":memory:")
_POOL: dict[str, Any] = {"pool_size": POOL_SIZE, "max_overflow": 0, "pool_timeout": CONNECT_SECONDS}
_CONNECT: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "chainstream",
    "keepalives_idle": SILENT_SECONDS,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
    "prepare_threshold": None,  # else a plan is made without knowing which word is rare
}


async def _try(engine: AsyncEngine) -> None:
    with _refusal_told(engine.url):
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")


@contextmanager
def _refusal_told(url: URL) -> Iterator[None]:
    """Raises StartError where the database does not let us in."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        message = f"{told(url)} cannot be opened: {said}. Set DATABASE_URL, or start the database."
        raise StartError("no_database", message[:1].upper() + message[1:]) from error


def _set_up(connection: Any, _record: object) -> None:
    _execute(connection, PRAGMAS)


def _keep_from_writing(connection: Any, _record: object) -> None:
    _execute(connection, ("PRAGMA query_only = ON",))


def _set_up_reader(connection: Any, _record: object) -> None:
    _execute(
        connection, (PRAGMAS[0], "PRAGMA schema_version")
    )  # which fails where the file is none of SQLite's


def _execute(connection: Any, pragmas: Sequence[str]) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(connection.get_execution_options().get("begin", "BEGIN"))
    cursor.close()


def _place_of(url: URL, stack: AsyncExitStack) -> URL:
    """The URL with a file that can be: its folder made, or a file of our own, which `stack` removes."""
    if url.database in _NO_FILE:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="chainstream-"))
        return url.set(database=str(Path(folder) / DEFAULT_FILE.name))
    parent = Path(str(url.database)).parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"The database's folder {str(parent)!r} cannot be made: {error.strerror}. Set DATABASE_URL."
        raise StartError("no_database", message) from error
    return url
