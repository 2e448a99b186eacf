"""The database's schema: which one it has, which one this version needs, and the way from one to the other.

Alembic walks the way; it is imported only where there is one to walk, since a start must not wait for it.
"""

import sys
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ..database import Database, Reader
from ..database_checkpoints import are_set_up, set_up
from ..database_url import told
from ..errors import StartError

# Each a file in versions/, the newest last.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
NEWEST = REVISIONS[-1]
COMMAND = "chainstream migrate" if __package__.startswith("chainstream") else "python -m service migrate"


async def ensure_schema(database: Database) -> None:
    """Bring an SQLite database to the newest schema; of a server's raise StartError unless it has it.

    A server's schema is changed by command alone: others may rely on it, and it can take long.
    """
    has = await revision_of(database)
    if has == NEWEST and await _has_checkpoints(database):
        return
    if database.dialect == "sqlite":
        await _upgrade(database, has)
    else:
        _refuse(database, has)


async def require_schema(reader: Reader) -> None:
    """Raises StartError unless a database, of either kind, has the newest schema."""
    if (has := await revision_of(reader)) != NEWEST:
        _refuse(reader, has)


async def migrate(database: Database) -> str:
    """Bring a database to the newest schema; answers with a sentence that says what was done."""
    has = await revision_of(database)
    if has == NEWEST and await _has_checkpoints(database):
        return f"{_name(database)} has the newest schema already, {NEWEST}."
    await _upgrade(database, has)
    if database.dialect == "postgresql":
        await set_up(database.url)
    before = "which had none" if has is None else f"which had {has}"
    return f"{_name(database)}, {before}, has the newest schema now, {NEWEST}."


async def revision_of(database: Reader) -> str | None:
    """That of the schema which the database has; None of an empty one."""
    async with database.reading() as connection:
        if not await connection.run_sync(lambda bound: inspect(bound).has_table("alembic_version")):
            return None
        found = await connection.execute(text("SELECT version_num FROM alembic_version"))
        return found.scalar_one_or_none()


async def _upgrade(database: Database, has: str | None) -> None:
    _refuse_newer(database, has)
    try:
        async with database.writing() as connection:  # all of it or nothing
            if database.dialect == "postgresql":
                await _check_encoding(database, connection)
            await connection.run_sync(_run_alembic)
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        message = f"{_name(database)} cannot be brought to the schema {NEWEST}: {said}"
        raise StartError("not_migrated", message) from error


async def _has_checkpoints(database: Database) -> bool:
    """Whether LangGraph's tables are as its version needs them; SQLite's are made with their file."""
    return database.dialect == "sqlite" or await are_set_up(database)


async def _check_encoding(database: Database, connection: AsyncConnection) -> None:
    if (encoding := await connection.scalar(text("SHOW server_encoding"))) != "UTF8":
        message = f"{_name(database)} has the encoding {encoding}: create it with ENCODING 'UTF8' instead."
        raise StartError("not_migrated", message)


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(stdout=sys.stderr, attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    command.upgrade(config, NEWEST)


def _refuse(database: Reader, has: str | None) -> NoReturn:
    _refuse_newer(database, has)
    what = "has no schema yet" if has is None else f"has the schema {has}, and this version needs {NEWEST}"
    what = "lacks LangGraph's tables of checkpoints" if has == NEWEST else what
    raise StartError("schema_old", f"{_name(database)} {what}: run `{COMMAND}`, then start again.")


def _refuse_newer(database: Reader, has: str | None) -> None:
    if has is None or has in REVISIONS:
        return
    message = (
        f"{_name(database)} has the schema {has}, of a newer Chainstream; this version knows {NEWEST}."
        " Install that one again, or set DATABASE_URL to another database."
    )
    raise StartError("schema_new", message)


def _name(database: Reader) -> str:
    name = told(database.url)
    return name[:1].upper() + name[1:]
