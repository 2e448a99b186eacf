"""GET /usage: what was used and spent, by key, team, model, chain or day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from ..access.caller import Caller
from ..errors import Forbidden, InvalidRequest
from ..history.usage import GROUPS, Question, UsageGroup, UsageSums
from .access import MayRead
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(tags=["usage"])


class Usage(TypedDict):
    """What was used by each group, and in `total` by all of them; `truncated` says that there are more groups
    than `limit`."""

    items: list[UsageGroup]
    total: UsageSums
    truncated: bool


@router.get("/usage", summary="What was used and spent")
async def get_usage(
    services: ServicesOf,
    caller: MayRead,
    by: Annotated[str, Query(description="one or more of key, team, owner, model, chain, day")] = "day",
    since: Annotated[date | None, Query(description="the first day, in UTC")] = None,
    until: Annotated[date | None, Query(description="the last day")] = None,
    owner: Annotated[str | None, Query(description="for the scope `admin`")] = None,
    all_: Annotated[bool, Query(alias="all", description="of all owners, for the scope `admin`")] = False,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Json[Usage]:
    """Sums of what the caller's owner used, in the order of the groups, and over all of them in `total`.

    `cost_usd` is that of calls whose cost is known; `unpriced_calls` and `unpriced_runs` count the others.
    """
    names = list(dict.fromkeys(by.split(",")))
    if unknown := [name for name in names if name not in GROUPS]:
        message = f"by={unknown[0]!r} is not known; there is {', '.join(GROUPS)}."
        raise InvalidRequest("bad_usage_group", message)
    question = Question(
        by=names, owner=_owner_for(caller, owner, all_), since=since, until=until, limit=limit + 1
    )
    groups, total = await services.history.usage(question)
    return Json({"items": groups[:limit], "total": total, "truncated": len(groups) > limit})


def _owner_for(caller: Caller, owner: str | None, all_: bool) -> str | None:
    """Whose usage it is, None for everybody's. Raises Forbidden."""
    if not all_ and owner in (None, caller.owner):
        return caller.owner
    if "admin" not in caller.scopes:
        raise Forbidden("scope_missing", "To see what other owners used needs the scope `admin`.")
    return None if all_ else owner
