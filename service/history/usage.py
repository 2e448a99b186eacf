"""What was used and spent: written beside the runs, summed by whatever is asked, and for budgets.

A row of a run that is deleted stays: it holds no text, and the money is spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    sql,
)
from sqlalchemy.dialects import postgresql, sqlite
from typing_extensions import TypedDict

from ..access.budgets import Holder
from ..rates import Spent
from .tables import RUN_USAGE, RUNS
from .usage_rows import COUNTED, Row

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_OF_RUN = ("owner", "team", "key_id", "chain")

GROUPS = {
    "key": RUN_USAGE.c.key_id,
    "team": RUN_USAGE.c.team,
    "owner": RUN_USAGE.c.owner,
    "model": RUN_USAGE.c.model,
    "chain": RUN_USAGE.c.chain,
    "day": RUN_USAGE.c.day,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Sums by these names of GROUPS; of one owner, or of all; from a day to another, both included."""

    by: Sequence[str]
    owner: str | None
    since: date | None
    until: date | None
    limit: int


class UsageSums(TypedDict):
    """What runs used. `cost_usd` is that of calls whose cost is known; `unpriced_calls` and `unpriced_runs`
    count the others."""

    runs: int
    unpriced_runs: int
    calls: int
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    cost_usd: float


class UsageGroup(UsageSums, total=False):
    """What the runs of a group used; it has the names that were asked for. `model` is null of calls that
    did not tell it."""

    key: str | None
    team: str | None
    owner: str
    model: str | None
    chain: str
    day: date


def put(connection: Connection, rows: Sequence[Row]) -> None:
    """Rows as they are now, of runs that are written."""
    connection.execute(_upsert(connection.dialect.name), list(rows))


@cache
def _upsert(dialect: str) -> Executable:
    given = ("day", "model", *COUNTED)
    table = RUN_USAGE.c
    values = [bindparam(name, type_=table[name].type).label(name) for name in given]
    found = select(RUNS.c.run_id, *[RUNS.c[name] for name in _OF_RUN], *values).where(
        RUNS.c.run_id == bindparam("run_id", type_=String)
    )
    insert = _INSERT[dialect](RUN_USAGE).from_select(["run_id", *_OF_RUN, *given], found)
    renewed = {name: insert.excluded[name] for name in COUNTED}
    upsert: Executable = insert.on_conflict_do_update(index_elements=("run_id", "day", "model"), set_=renewed)
    return upsert


def sums(connection: Connection, question: Question) -> list[UsageGroup]:
    """One row a group, in the groups' order; at most `limit`."""
    groups = [GROUPS[name].label(name) for name in question.by]
    query = select(*groups, *_summed()).where(and_(*_wanted(question)))
    query = query.group_by(*groups).order_by(*groups).limit(question.limit)
    return [_group(dict(row)) for row in connection.execute(query).mappings()]


def _group(row: dict[str, Any]) -> UsageGroup:
    if "model" in row:
        row["model"] = row["model"] or None
    return cast(UsageGroup, row)


def _summed() -> list[ColumnElement[Any]]:
    unpriced = case((RUN_USAGE.c.unpriced_calls > 0, RUN_USAGE.c.run_id))
    return [
        func.count(RUN_USAGE.c.run_id.distinct()).label("runs"),
        func.count(unpriced.distinct()).label("unpriced_runs"),
        *[_sum(RUN_USAGE.c[name]).label(name) for name in COUNTED],
    ]


def _sum(column: Column[Any]) -> ColumnElement[Any]:
    """Of the column's own type: PostgreSQL's sums of large numbers are decimals."""
    return sql.cast(func.coalesce(func.sum(column), 0), column.type)


def _wanted(question: Question) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [RUN_USAGE.c.calls > 0]
    if question.owner is not None:
        wanted.append(RUN_USAGE.c.owner == question.owner)
    if question.since is not None:
        wanted.append(RUN_USAGE.c.day >= question.since.isoformat())
    if question.until is not None:
        wanted.append(RUN_USAGE.c.day <= question.until.isoformat())
    return wanted


def spent(connection: Connection, holder: Holder, day: date, month: date) -> tuple[Spent, Spent]:
    """Since the day, and since the month's first day."""
    cost, tokens = RUN_USAGE.c.cost_usd, RUN_USAGE.c.total_tokens
    today = RUN_USAGE.c.day >= day.isoformat()
    parts = (case((today, cost), else_=literal(0)), case((today, tokens), else_=literal(0)), cost, tokens)
    query = select(*[func.coalesce(func.sum(part), 0) for part in parts])
    query = query.where(RUN_USAGE.c.day >= month.isoformat(), *_held_by(holder))
    a, b, c, d = connection.execute(query).one()
    return Spent(float(a), int(b)), Spent(float(c), int(d))


def _held_by(holder: Holder) -> list[ColumnElement[bool]]:
    if holder.kind == "team":
        return [RUN_USAGE.c.team == holder.name]
    if holder.name is not None:
        return [RUN_USAGE.c.key_id == holder.name]
    return [RUN_USAGE.c.key_id.is_(None), RUN_USAGE.c.owner == holder.owner]
