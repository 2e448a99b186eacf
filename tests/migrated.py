"""A database with the newest schema for tests of what is kept: each runs on SQLite and a real PostgreSQL."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest

from service.database import Database, open_database
from service.database_url import parse_database_url
from service.migrations import migrate
from tests.postgres import Server

DIALECTS = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "chainstream.db"
    anyio.run(_migrate, f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_template(postgres: Server) -> str:
    """A database of the server with the newest schema, to copy."""
    name = postgres.create_database()
    anyio.run(_migrate, postgres.url(name))
    return name


async def _migrate(address: str) -> None:
    async with open_database(parse_database_url(address)) as database:
        await migrate(database)


@pytest.fixture
def database_address(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a database of this test's own with the newest schema, which nobody has open: a DATABASE_URL."""
    if dialect == "sqlite":
        file = tmp_path / "chainstream.db"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create_database(request.getfixturevalue("migrated_template"))
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
async def database(database_address: str) -> AsyncIterator[Database]:
    """Opened."""
    async with open_database(parse_database_url(database_address)) as database:
        yield database
