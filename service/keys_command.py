"""The command `keys`: give, list and revoke the keys of a database, beside a service or before its start."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from .access import store
from .access.caller import Caller
from .access.kept import Kept
from .access.key_ring import KeyRing
from .access.keys import Key, new_key, scopes_named, time_named
from .database import open_database, open_reader
from .database_url import parse_database_url
from .environment import enter_environment
from .errors import ChainstreamError, StartError
from .migrations import ensure_schema, require_schema
from .redaction.filters import Filters

OPERATOR = Caller(owner="")
ADDRESS = "command"
LISTED = 1000
BESIDE = " A service that runs gives and revokes keys itself: POST /admin/keys, DELETE /admin/keys/<id>."


def run(arguments: argparse.Namespace) -> None:
    """Do what the arguments say; what cannot be done ends the process with one sentence."""
    work = {"create": _create, "list": _list, "revoke": _revoke}[arguments.what]
    try:
        asyncio.run(work(arguments))
    except StartError as error:
        sys.exit(error.message + (BESIDE if error.code == "database_in_use" else ""))
    except ChainstreamError as error:
        sys.exit(error.message)


@asynccontextmanager
async def _open_ring() -> AsyncIterator[KeyRing]:
    async with open_database(parse_database_url(enter_environment().database_address)) as database:
        await ensure_schema(database)
        yield KeyRing(Kept(database), is_empty=False)


async def _create(arguments: argparse.Namespace) -> None:
    rules = Filters(patterns=enter_environment().redact_patterns)
    text, key = new_key(
        name=arguments.name,
        owner=arguments.owner,
        team=arguments.team,
        scopes=scopes_named(scopes=arguments.scopes.split(","), role=arguments.role),
        expires=time_named(arguments.expires),
        budget=arguments.budget,
        redact=rules.checked(arguments.redact or ""),
    )
    async with _open_ring() as ring:
        await ring.give(text, key, OPERATOR, ADDRESS)
    print(text)
    print(f"{_told(key)}. It is not shown again.", file=sys.stderr)


async def _list(arguments: argparse.Namespace) -> None:
    async with open_reader(parse_database_url(enter_environment().database_address)) as reader:
        await require_schema(reader)
        keys = await reader.read(lambda connection: store.list_keys(connection, after=None, limit=LISTED))
    for key in keys:
        print(_told(key))


async def _revoke(arguments: argparse.Namespace) -> None:
    async with _open_ring() as ring:
        await ring.revoke(arguments.key_id, OPERATOR, ADDRESS)
    print(f"{arguments.key_id} is revoked.")


def _told(key: Key) -> str:
    parts = [key.key_id, f"{key.hint}…", f"name {key.name!r}", f"owner {key.owner!r}"]
    parts += [f"team {key.team!r}"] if key.team else []
    parts += [f"budget {key.budget}"] if key.budget else []
    parts += [f"redact {key.redact}"] if key.redact else []
    parts += [f"scopes {key.scopes}", f"created {_day(key.created_at)}"]
    times = ("expires", key.expires_at), ("revoked", key.revoked_at), ("last used", key.used_at)
    return "  ".join([*parts, *(f"{name} {_day(at)}" for name, at in times if at)])


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
