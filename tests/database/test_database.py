"""Connections to either database: their transactions, their bound, and what a start says without one."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, TimeoutError

from service import database as database_module
from service.database import POOL_SIZE, Database, Reader, open_database, open_reader
from service.database_url import parse_database_url
from service.errors import StartError
from tests.postgres import PASSWORD

pytestmark = pytest.mark.anyio

ANY = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
NewAddress = Callable[[], str]


@pytest.fixture(params=ANY)
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> NewAddress:
    """Makes addresses of empty databases."""
    if request.param == "sqlite":
        files = (tmp_path / f"{number}.db" for number in range(10))
        return lambda: f"sqlite:///{next(files)}"
    new: NewAddress = request.getfixturevalue("new_postgres_url")
    return new


async def number_of(database: Reader) -> int:
    async with database.reading() as connection:
        found = await connection.scalar(text("SELECT count(*) FROM numbers"))
        return int(found or 0)


def counted(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT count(*) FROM numbers")) or 0)


async def make_table(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE numbers (number integer)"))


async def test_what_is_written_stays_and_what_an_error_ends_does_not(new_address: NewAddress) -> None:
    url = parse_database_url(new_address())
    async with open_database(url) as database:
        await make_table(database)
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO numbers VALUES (1)"))
        with pytest.raises(ZeroDivisionError):
            async with database.writing() as connection:
                await connection.execute(text("INSERT INTO numbers VALUES (2)"))
                raise ZeroDivisionError
        async with database.reading() as connection:
            await connection.execute(text("INSERT INTO numbers VALUES (3)"))
    async with open_database(url) as database:
        assert await number_of(database) == 1


async def test_fifty_writers_at_once_wait_for_each_other(new_address: NewAddress) -> None:
    async with open_database(parse_database_url(new_address())) as database:
        await make_table(database)

        async def write() -> None:
            async with database.writing() as connection:
                await connection.execute(text("INSERT INTO numbers SELECT count(*) FROM numbers"))

        with anyio.fail_after(20):
            await asyncio.gather(*(write() for _ in range(50)))
        assert await number_of(database) == 50


async def test_a_unit_of_work_is_written_whole_or_not_at_all(new_address: NewAddress) -> None:
    def insert(connection: Connection, *numbers: int) -> None:
        for number in numbers:
            connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": 1 // number})

    async with open_database(parse_database_url(new_address())) as database:
        await make_table(database)
        await database.write(lambda connection: insert(connection, 1, 1))
        with pytest.raises(ZeroDivisionError):
            await database.write(lambda connection: insert(connection, 1, 0))
        assert await number_of(database) == await database.read(counted) == 2


async def test_a_write_whose_caller_is_cancelled_is_whole_or_not_there_and_keeps_nobody(
    new_address: NewAddress,
) -> None:
    def insert_two(connection: Connection) -> None:
        for _ in range(2):
            connection.execute(text("INSERT INTO numbers VALUES (1)"))

    async with open_database(parse_database_url(new_address())) as database:
        await make_table(database)
        for turns in range(2 * POOL_SIZE, 40, 3):
            writing = asyncio.create_task(database.write(insert_two))
            for _ in range(turns):
                await asyncio.to_thread(int)  # a turn of a thread, as the database takes them
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        with anyio.fail_after(20):
            await asyncio.gather(*(database.read(counted) for _ in range(3 * POOL_SIZE)))
            await database.write(insert_two)
        assert await database.read(counted) % 2 == 0


async def test_connections_are_bounded(new_address: NewAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database_module._POOL, "pool_timeout", 0.01)
    async with open_database(parse_database_url(new_address())) as database:
        everyone_is_in, over = asyncio.Barrier(POOL_SIZE + 1), asyncio.Event()

        async def read() -> None:
            async with database.reading():
                await everyone_is_in.wait()
                await over.wait()

        with anyio.fail_after(20):
            async with asyncio.TaskGroup() as group:
                for _ in range(POOL_SIZE):
                    group.create_task(read())
                await everyone_is_in.wait()
                with pytest.raises(TimeoutError):
                    async with database.reading():
                        pass
                over.set()


async def test_a_second_process_is_refused_until_the_first_has_gone(new_address: NewAddress) -> None:
    url = parse_database_url(new_address())
    async with open_database(url):
        with pytest.raises(StartError) as refused:
            async with open_database(url):
                pass
    assert refused.value.code == "database_in_use" and "DATABASE_URL" in refused.value.message
    async with open_database(url):
        pass


async def test_two_databases_are_open_beside_each_other(new_address: NewAddress) -> None:
    async with (
        open_database(parse_database_url(new_address())),
        open_database(parse_database_url(new_address())),
    ):
        pass


async def test_a_file_has_a_write_ahead_log_foreign_keys_and_writers_that_begin_as_such(
    tmp_path: Path,
) -> None:
    file = tmp_path / "deep" / "er" / "x.db"
    async with open_database(parse_database_url(f"sqlite:///{file}")) as database:
        async with database.reading() as connection:
            pragmas = ["journal_mode", "foreign_keys", "synchronous", "busy_timeout"]
            values = [await connection.scalar(text(f"PRAGMA {pragma}")) for pragma in pragmas]
            assert values == ["wal", 1, 1, 10_000]
        async with database.writing(), database.reading() as reader:
            assert await reader.scalar(text("SELECT count(*) FROM sqlite_master")) == 0
            other = sqlite3.connect(file, timeout=0, isolation_level=None)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")  # though nothing was written yet
            other.close()
        other = sqlite3.connect(file, timeout=0, isolation_level=None)
        async with database.reading():
            other.execute("BEGIN IMMEDIATE")  # a reader keeps nobody from writing
        other.close()


async def test_what_reads_a_file_cannot_write_it(tmp_path: Path) -> None:
    async with open_database(parse_database_url(f"sqlite:///{tmp_path}/x.db")) as database:
        await make_table(database)
        with pytest.raises(DBAPIError, match="readonly"):
            await database.read(lambda connection: connection.execute(text("DELETE FROM numbers")))


async def test_a_database_of_the_process_goes_with_it() -> None:
    async with open_database(parse_database_url("sqlite://")) as database:
        await make_table(database)
        file = Path(str(database.url.database))
        assert file.exists() and await number_of(database) == 0
    assert not file.parent.exists()


@pytest.mark.parametrize("content", [b"this is no database, but a text" * 100, None])
async def test_a_file_that_is_none_of_ours_ends_the_start_with_one_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(content) if content else file.mkdir()
    with pytest.raises(StartError) as refused:
        async with open_database(parse_database_url(f"sqlite:///{file}")):
            pass
    assert refused.value.code == "no_database" and str(file) in refused.value.message
    assert "\n" not in refused.value.message


async def test_a_folder_that_cannot_be_made_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file/x.db", "file/deeper/x.db"):
        with pytest.raises(StartError) as refused:
            async with open_database(parse_database_url(f"sqlite:///{tmp_path}/{place}")):
                pass
        assert refused.value.code == "no_database" and "DATABASE_URL" in refused.value.message


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("@127.0.0.1:", "@127.0.0.1:1", "refused|invalid port"),
        ("tester:p", "tester:q", "password"),
        ("/test_", "/none_", "does not exist"),
        ("?", "?schema=public&", "schema"),
    ],
)
async def test_a_server_that_does_not_let_in_ends_the_start_with_one_sentence_without_the_password(
    new_postgres_url: NewAddress, old: str, new: str, said: str
) -> None:
    address = f"{new_postgres_url()}?connect_timeout=5"
    with pytest.raises(StartError, match=said) as refused:
        async with open_database(parse_database_url(address.replace(old, new, 1))):
            pass
    assert refused.value.code == "no_database"
    assert "\n" not in refused.value.message and PASSWORD[2:] not in refused.value.message


async def test_a_reader_reads_what_another_has_open_and_can_write_nothing(new_address: NewAddress) -> None:
    url = parse_database_url(new_address())
    async with open_database(url) as database:
        await make_table(database)
    async with open_database(url) as database, open_reader(url) as reader:
        for number in range(2):
            assert await number_of(reader) == number
            async with database.writing() as connection:
                await connection.execute(text("INSERT INTO numbers VALUES (1)"))
        async with reader.reading() as connection:
            with pytest.raises(DBAPIError, match=r"read-?only"):
                await connection.execute(text("INSERT INTO numbers VALUES (1)"))


async def test_what_a_reader_reads_in_one_unit_of_work_is_of_one_moment(new_address: NewAddress) -> None:
    url = parse_database_url(new_address())
    count = text("SELECT count(*) FROM numbers")
    async with open_database(url) as database, open_reader(url) as reader:
        await make_table(database)
        async with reader.reading() as reading:
            assert await reading.scalar(count) == 0
            async with database.writing() as connection:
                await connection.execute(text("INSERT INTO numbers VALUES (1)"))
            assert await reading.scalar(count) == 0
        assert await number_of(reader) == 1


async def test_a_reader_reads_a_file_that_nobody_has_open_whatever_its_name(tmp_path: Path) -> None:
    url = parse_database_url(f"sqlite:///{tmp_path}/a %20 # b.db")
    async with open_database(url) as database:
        await make_table(database)
    async with open_reader(url) as reader:
        assert await number_of(reader) == 0


async def test_a_reader_makes_no_database_and_says_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    for name, said in (
        ("none.db", "no database yet"),
        ("text.db", "cannot be opened: file is not a database"),
    ):
        with pytest.raises(StartError, match=said):
            async with open_reader(parse_database_url(f"sqlite:///{tmp_path}/{name}")):
                pass
    assert [path.name for path in tmp_path.iterdir()] == ["text.db"]
