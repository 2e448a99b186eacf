"""A server's database stays ours when the server is started anew, unless another took it in between."""

import asyncio
from collections.abc import Iterator

import anyio
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.database import Database, open_database
from service.database_hold import KEY, DatabaseInUse
from service.database_url import parse_database_url
from tests.postgres import Server, running_server

pytestmark = [pytest.mark.anyio, pytest.mark.needs("postgresql")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One to stop and start."""
    with running_server() as server:
        yield server


@pytest.fixture
def address(server: Server) -> str:
    return server.url(server.create_database())


async def write(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS numbers (number integer)"))


async def restart(server: Server) -> None:
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


async def test_it_is_held_again_by_the_first_write_after_the_server_was_started_anew(
    server: Server, address: str
) -> None:
    async with open_database(parse_database_url(address)) as database:
        await write(database)
        await asyncio.to_thread(server.stop)
        with pytest.raises(DBAPIError):
            await write(database)
        await asyncio.to_thread(server.start)
        with anyio.fail_after(20):
            await write(database)
        with psycopg.connect(address) as other:
            assert other.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone() == (False,)


async def test_nothing_is_written_once_another_process_has_taken_it(server: Server, address: str) -> None:
    async with open_database(parse_database_url(address)) as database:
        await write(database)
        await restart(server)
        with psycopg.connect(address) as other:
            assert other.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone() == (True,)
            for _ in range(2):
                with pytest.raises(DatabaseInUse):
                    await write(database)
        with anyio.fail_after(20):
            await write(database)  # the other has gone


async def test_a_write_that_is_cancelled_while_it_makes_sure_leaves_the_hold_usable(
    server: Server, address: str
) -> None:
    async with open_database(parse_database_url(address)) as database:
        for turns in range(12):
            await restart(server) if turns == 6 else None
            writing = asyncio.create_task(write(database))
            for _ in range(turns):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            with anyio.fail_after(20):
                await write(database)
