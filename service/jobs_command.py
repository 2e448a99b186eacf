"""The command `jobs`: what a first job needs, in the database of DATABASE_URL, before a service's start."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from .access import store
from .access.kept import Kept
from .access.key_ring import KeyRing
from .access.keys import Key, new_key, scopes_named
from .database import Database, open_database
from .database_url import parse_database_url
from .environment import enter_environment
from .errors import ChainstreamError, Conflict, StartError
from .jobs.model_groups import FIRST_GROUP, ModelGroups
from .jobs.teams import By, checked_credits, checked_team_id, new_team, open_teams
from .keys_command import ADDRESS, OPERATOR
from .migrations import ensure_schema

BY = By(caller=OPERATOR, address=ADDRESS)
BESIDE = (
    " A service that runs makes teams, keys and groups itself: POST /admin/teams, /admin/keys,"
    " /admin/model-groups."
)


def run(arguments: argparse.Namespace) -> None:
    """Do what the arguments say; what cannot be done ends the process with one sentence."""
    try:
        asyncio.run(_bootstrap(arguments))
    except StartError as error:
        sys.exit(error.message + (BESIDE if error.code == "database_in_use" else ""))
    except ChainstreamError as error:
        sys.exit(error.message)


async def _bootstrap(arguments: argparse.Namespace) -> None:
    """What is there stays as it is: a second time it gives no credits, and no key unless one is wanted."""
    team_id, credits = checked_team_id(arguments.team), checked_credits(arguments.credits)
    async with open_database(parse_database_url(enter_environment().database_address)) as database:
        await ensure_schema(database)
        team = await _team(database, team_id, credits)
        group = await _group(database)
        given = await _keys(database, team_id)
        text = None if given and not arguments.new_key else await _new_key(database, team_id)
    print(f"TEAM_ID={team_id}\nMODEL_GROUP={FIRST_GROUP}")
    if text is not None:
        print(f"VIRTUAL_KEY={text}")
    said = [team, group, "The key is not shown again." if text else _told(given[0])]
    print(*said, sep="\n", file=sys.stderr)


async def _team(database: Database, team_id: str, credits: int) -> str:
    teams = await open_teams(Kept(database, "teams"))
    try:
        await teams.create(new_team(team_id, credits=credits), BY)
    except Conflict:
        left = (await teams.find(team_id)).credits
        has = "credits without a bound" if left is None else f"{left} credits"
        return f"The team {team_id!r} was there, with {has}; it stays as it is."
    return f"The team {team_id!r} has {credits} credits."


async def _group(database: Database) -> str:
    groups = ModelGroups(Kept(database, "model groups"), check_model=lambda model: None)
    try:
        await groups.create(FIRST_GROUP, None, None, BY)
    except Conflict:
        model = (await groups.find(FIRST_GROUP)).model
        return f"The model group {FIRST_GROUP!r} is {model or 'the model of the service'}."
    return f"The model group {FIRST_GROUP!r} is the model of the service."


async def _keys(database: Database, team_id: str) -> list[Key]:
    """The good ones of the team, the newest first."""
    keys = await database.read(lambda connection: store.keys_of_team(connection, team_id))
    return [key for key in keys if key.is_valid(datetime.now(UTC)) and "run" in key.scope_set]


async def _new_key(database: Database, team_id: str) -> str:
    """Its owner is called like the team: other owners do not see the runs that are its calls."""
    text, key = new_key(
        name="jobs",
        owner=team_id,
        team=team_id,
        scopes=scopes_named(),
        expires=None,
        budget=None,
        redact=None,
    )
    await KeyRing(Kept(database), is_empty=False).give(text, key, OPERATOR, ADDRESS)
    return text


def _told(key: Key) -> str:
    return (
        f"The team has a key, {key.hint}… of {key.created_at:%Y-%m-%d}, which was shown then;"
        " --new-key gives another."
    )
