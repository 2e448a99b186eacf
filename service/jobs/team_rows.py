"""What is written and read of teams, as statements; each function is one unit of work."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .tables import TEAMS

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """`credits` None is without a bound, `model_groups` None all of them. Of a service without keys anybody
    may use those that are `keyless`."""

    team_id: str
    credits: int | None
    model_groups: tuple[str, ...] | None
    budget: str | None
    keyless: bool
    created_at: datetime

    @property
    def has_credit(self) -> bool:
        return self.credits is None or self.credits > 0

    def may_use(self, group: str) -> bool:
        return self.model_groups is None or group in self.model_groups


_TEAM = [TEAMS.c[name] for name in Team.__slots__]


def add(connection: Connection, team: Team) -> bool:
    """Whether it is new; one that is there stays as it is."""
    statement = _INSERT[connection.dialect.name](TEAMS).values(columns_of(asdict(team)))
    new = statement.on_conflict_do_nothing().returning(TEAMS.c.team_id)  # psycopg counts no rows of it
    return connection.scalar(new) is not None


def find(connection: Connection, team_id: str) -> Team | None:
    return _team(connection.execute(select(*_TEAM).where(TEAMS.c.team_id == team_id)).one_or_none())


def page(connection: Connection, *, after: str | None, limit: int) -> list[Team]:
    query = select(*_TEAM).order_by(TEAMS.c.team_id).limit(limit)
    if after is not None:
        query = query.where(TEAMS.c.team_id > after)
    return [team for row in connection.execute(query) if (team := _team(row))]


def change(connection: Connection, team_id: str, values: Mapping[str, Any]) -> Team | None:
    """As it is then; None where there is none."""
    query = update(TEAMS).where(TEAMS.c.team_id == team_id).values(columns_of(values)).returning(*_TEAM)
    return _team(connection.execute(query).one_or_none())


def add_credits(connection: Connection, team_id: str, amount: int, most: int) -> Team | None:
    """In one statement, so that nothing comes between. None where there are none to count, or too many."""
    more = TEAMS.c.credits + amount
    query = update(TEAMS).where(TEAMS.c.team_id == team_id, more.between(-most, most))
    return _team(connection.execute(query.values(credits=more).returning(*_TEAM)).one_or_none())


def take_credit(connection: Connection, team_id: str) -> int | None:
    """What is left, below zero too: what was done is owed. None without a bound."""
    query = update(TEAMS).where(TEAMS.c.team_id == team_id, TEAMS.c.credits.is_not(None))
    fewer = query.values(credits=TEAMS.c.credits - 1).returning(TEAMS.c.credits)
    left: int | None = connection.scalar(fewer)
    return left


def credits_of(connection: Connection, team_id: str) -> int | None:
    return connection.scalar(select(TEAMS.c.credits).where(TEAMS.c.team_id == team_id))


def budgets(connection: Connection) -> dict[str, str]:
    """Of the teams that have their own."""
    query = select(TEAMS.c.team_id, TEAMS.c.budget).where(TEAMS.c.budget.is_not(None))
    return {row.team_id: row.budget for row in connection.execute(query)}


def columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    groups = values.get("model_groups")
    return {**values, "model_groups": ",".join(groups)} if groups is not None else dict(values)


def _team(row: Row[Any] | None) -> Team | None:
    if row is None:
        return None
    groups = row.model_groups
    named = None if groups is None else tuple(name for name in groups.split(",") if name)
    return Team(**{**row._mapping, "model_groups": named})
