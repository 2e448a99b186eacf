"""Teams: their credits, the model groups that they may use, and the budget of their own, if they have one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from ..access import store as access_store
from ..access.allowances import Budget
from ..access.audit import row_of
from ..access.caller import Caller
from ..access.kept import Kept
from ..access.keys import own_budget
from ..errors import Conflict, InvalidRequest, NotFound
from . import team_rows
from .team_rows import Team

TEAM_ID = r"[^/\x00-\x1f\x7f\ud800-\udfff]{1,64}"  # it is in a path
MOST_CREDITS = 10**15  # either side of 0; what JavaScript's numbers still tell apart


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who changes something, and from where: for the audit log."""

    caller: Caller
    address: str | None


class Teams:
    """`open_teams` makes one. Raises Overloaded where the database cannot be reached.

    The budgets of all teams that have their own are in memory: each run of a team asks for it.
    """

    def __init__(self, kept: Kept, budgets: Mapping[str, str]) -> None:
        self._kept = kept
        self._budgets = {team_id: own_budget(budget) for team_id, budget in budgets.items()}

    def budget_of(self, team_id: str) -> Budget | None:
        """The team's own, or None for the usual one."""
        return self._budgets.get(team_id)

    async def create(self, team: Team, by: By) -> None:
        """Raises Conflict where there is one of this name."""
        audit = row_of("team_created", team.team_id, by.caller, by.address)

        def created(connection: Connection) -> bool:
            new = team_rows.add(connection, team)
            if new:
                access_store.add_audit(connection, [audit])
            return new

        if not await self._kept.write(created):
            raise Conflict("team_exists", f"There is a team {team.team_id!r} already.")
        self._know_budget(team)

    async def find(self, team_id: str) -> Team:
        """Raises NotFound."""
        team = await self._kept.read(lambda connection: team_rows.find(connection, team_id))
        if team is None:
            raise _no_team(team_id)
        return team

    async def page(self, *, after: str | None, limit: int) -> list[Team]:
        """By their names, those after the team `after`."""
        return await self._kept.read(lambda connection: team_rows.page(connection, after=after, limit=limit))

    async def change(self, team_id: str, values: Mapping[str, Any], by: By) -> Team:
        """Columns to set. Raises NotFound."""
        audit = row_of("team_changed", team_id, by.caller, by.address)

        def changed(connection: Connection) -> Team | None:
            team = team_rows.change(connection, team_id, values)
            if team is not None:
                access_store.add_audit(connection, [audit])
            return team

        team = await self._kept.write(changed)
        if team is None:
            raise _no_team(team_id)
        self._know_budget(team)
        return team

    async def add_credits(self, team_id: str, amount: int, by: By) -> Team:
        """Also fewer. Raises NotFound, and Conflict where the team's credits have no bound."""
        audit = row_of("credits_added", f"{amount:+d} {team_id}", by.caller, by.address)

        def added(connection: Connection) -> tuple[Team | None, bool]:
            team = team_rows.add_credits(connection, team_id, amount, MOST_CREDITS)
            if team is None:
                return team_rows.find(connection, team_id), False
            access_store.add_audit(connection, [audit])
            return team, True

        team, done = await self._kept.write(added)
        if team is None:
            raise _no_team(team_id)
        if team.credits is None:
            message = f"The credits of the team {team_id!r} have no bound: set `credits` to give it one."
            raise Conflict("credits_unbounded", message)
        if not done:
            raise InvalidRequest("too_many_credits", f"A team has at most {MOST_CREDITS} credits.")
        return team

    def _know_budget(self, team: Team) -> None:
        self._budgets.pop(team.team_id, None)
        if team.budget is not None:
            self._budgets[team.team_id] = own_budget(team.budget)


def checked_team_id(text: str) -> str:
    """Raises InvalidRequest for what is no name of a team."""
    if not re.fullmatch(TEAM_ID, text):
        message = "A team's name has 1 to 64 characters, no / and no line breaks."
        raise InvalidRequest("bad_team_id", message)
    return text


def checked_credits(number: int) -> int:
    """Raises InvalidRequest for more or fewer than can be."""
    if abs(number) > MOST_CREDITS:
        raise InvalidRequest("too_many_credits", f"A team has at most {MOST_CREDITS} credits.")
    return number


def new_team(
    team_id: str,
    *,
    credits: int | None,
    model_groups: tuple[str, ...] | None = None,
    budget: str | None = None,
    keyless: bool = False,
) -> Team:
    return Team(
        team_id=team_id,
        credits=credits,
        model_groups=model_groups,
        budget=budget,
        keyless=keyless,
        created_at=datetime.now(UTC),
    )


async def open_teams(kept: Kept) -> Teams:
    return Teams(kept, await kept.read(team_rows.budgets))


def _no_team(team_id: str) -> NotFound:
    return NotFound("team_not_found", f"There is no team {team_id!r}.")
