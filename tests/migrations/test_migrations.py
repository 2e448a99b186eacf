"""A database gets the schema that this version needs, by itself or by command, or the start says why not."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from service import migrations
from service.access import tables as access_tables
from service.database import Database, open_database
from service.database_url import parse_database_url
from service.errors import StartError
from service.history import tables as history_tables
from service.jobs import tables as jobs_tables
from service.migrations import NEWEST, REVISIONS, ensure_schema, migrate, revision_of

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
METADATA = MetaData()
for room in (access_tables, history_tables, jobs_tables):
    for table in room.METADATA.tables.values():
        table.to_metadata(METADATA)
ANY = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]


@pytest.fixture(params=ANY)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    address = f"sqlite:///{tmp_path}/x.db"
    if request.param == "postgresql":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        address = new()
    async with open_database(parse_database_url(address)) as database:
        yield database


def command(address: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "service", "migrate"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_revisions_are_those_of_the_files_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS


async def test_migrations_lead_to_the_tables_of_the_rooms(empty: Database) -> None:
    await migrate(empty)
    async with empty.reading() as connection:
        assert await connection.run_sync(_differences) == []


def _differences(connection: Connection) -> list[Any]:
    def ours(_thing: object, name: str | None, _kind: str, reflected: bool, _ours: object) -> bool:
        others = "search" in (name or "") or (name or "").startswith("checkpoint")  # LangGraph's
        return not (reflected and others)

    options = {"compare_type": True, "include_object": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


async def test_migrating_twice_changes_nothing(empty: Database) -> None:
    assert await revision_of(empty) is None
    assert "has the newest schema now" in await migrate(empty)
    assert "has the newest schema already" in await migrate(empty)
    await ensure_schema(empty)
    assert await revision_of(empty) == NEWEST


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with empty.writing() as connection:
        await connection.execute(text("CREATE TABLE tool_calls (mine integer)"))
    with pytest.raises(StartError, match="tool_calls") as refused:
        await migrate(empty)
    assert refused.value.code == "not_migrated" and "\n" not in refused.value.message
    async with empty.reading() as connection:
        tables = await connection.run_sync(lambda bound: inspect(bound).get_table_names())
        assert tables == ["tool_calls"]


async def test_a_database_of_a_newer_version_is_left_alone(empty: Database) -> None:
    await migrate(empty)
    async with empty.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (ensure_schema, migrate):
        with pytest.raises(StartError, match="9999") as refused:
            await step(empty)
        assert refused.value.code == "schema_new"


@pytest.mark.needs("postgresql")
async def test_a_start_on_a_server_names_the_command_that_is_missing(
    new_postgres_url: Callable[[], str],
) -> None:
    address = new_postgres_url()
    async with open_database(parse_database_url(address)) as database:
        with pytest.raises(StartError, match="python -m service migrate") as refused:
            await ensure_schema(database)
        assert refused.value.code == "schema_old"
        with pytest.raises(AssertionError, match="in use by another process"):
            assert not command(address).stderr, command(address).stderr
    ran = command(address)
    assert (ran.returncode, ran.stderr) == (0, "") and len(ran.stdout.splitlines()) == 1
    async with open_database(parse_database_url(address)) as database:
        await ensure_schema(database)


@pytest.mark.needs("postgresql")
async def test_a_server_without_langgraphs_newest_tables_needs_the_command_too(
    new_postgres_url: Callable[[], str],
) -> None:
    async with open_database(parse_database_url(new_postgres_url())) as database:
        await migrate(database)
        async with database.writing() as connection:
            await connection.execute(text("DELETE FROM checkpoint_migrations WHERE v > 3"))
        with pytest.raises(StartError, match="tables of checkpoints: run `python -m service migrate`"):
            await ensure_schema(database)
        assert "has the newest schema now" in await migrate(database)
        await ensure_schema(database)


@pytest.mark.needs("postgresql")
async def test_a_database_of_another_encoding_is_refused(postgres: Any) -> None:
    from psycopg import sql

    postgres.execute(sql.SQL("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"))
    async with open_database(parse_database_url(postgres.url("latin"))) as database:
        with pytest.raises(StartError, match="UTF8"):
            await migrate(database)


def test_the_command_says_in_one_line_what_it_did_or_why_not(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/x.db"
    for said in ("which had none, has the newest schema now", "has the newest schema already"):
        ran = command(address)
        assert ran.returncode == 0 and said in ran.stdout and len(ran.stdout.splitlines()) == 1
    for refused in ("nonsense", "postgresql://me:secret@127.0.0.1:1/x"):
        ran = command(refused)
        assert ran.returncode == 1 and len(ran.stderr.splitlines()) == 1
        assert "DATABASE_URL" in ran.stderr and "secret" not in ran.stderr


def test_a_start_with_the_newest_schema_imports_no_alembic(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/x.db"
    assert command(address).returncode == 0
    code = (
        "import asyncio, sys\n"
        "from service.database import open_database\n"
        "from service.database_url import parse_database_url\n"
        "from service.migrations import ensure_schema\n"
        "async def start():\n"
        f"    async with open_database(parse_database_url({address!r})) as database:\n"
        "        await ensure_schema(database)\n"
        "asyncio.run(start())\n"
        "print('alembic' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
