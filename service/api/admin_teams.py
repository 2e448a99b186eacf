"""/admin/teams: teams, their credits, and what they may use, for callers with the scope `admin`."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from ..access.keys import checked_budget
from ..errors import InvalidRequest
from ..jobs.team_rows import Team as StoredTeam
from ..jobs.teams import MOST_CREDITS, By, new_team
from .access import MayAdmin, address_of
from .admin import AFTER, Limit
from .job_bodies import GroupName, TeamId
from .json_answers import Json
from .run_views import root_of
from .services import Services, ServicesOf

router = APIRouter(prefix="/admin/teams", tags=["admin"])

Credits = Annotated[int, Field(ge=-MOST_CREDITS, le=MOST_CREDITS)]
Groups = Annotated[list[GroupName], Field(max_length=100)]


class TeamChangesBody(BaseModel):
    """What of a team is to be another; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    credits: Credits | None = Field(0, description="Jobs that it may complete; null for no bound.")
    model_groups: Groups | None = Field(None, description="Those that it may use; null for all.")
    budget: str | None = Field(
        None,
        description="Instead of `BUDGET_PER_TEAM`, which null is: `5 USD/day, 1000000 tokens/month`, `none`.",
    )

    def values(self) -> dict[str, Any]:
        """The columns that change. Raises InvalidRequest where there are none."""
        values = self.model_dump(include=set(TeamChangesBody.model_fields), exclude_unset=True)
        if not values:
            message = "Send `credits`, `model_groups` or a `budget`."
            raise InvalidRequest("nothing_to_change", message)
        return values | {"budget": checked_budget(self.budget)} if self.budget else values


class NewTeamBody(TeamChangesBody):
    """A team to make. Keys and JWTs say by its name that they are of it."""

    team_id: TeamId = Field(examples=["red"])


class MoreCreditsBody(BaseModel):
    """Credits to add, or by a negative number to take away."""

    model_config = ConfigDict(extra="forbid")

    amount: Credits


class Team(TypedDict):
    """A team. `credits` is null without a bound, and below zero where jobs that went on at its end were
    completed; `model_groups` is null for all; a `budget` of its own counts instead of the usual one."""

    team_id: str
    credits: int | None
    model_groups: list[str] | None
    budget: str | None
    created_at: datetime


class TeamPage(TypedDict):
    """Teams by their names. `next` is the cursor of the next page, null on the last."""

    items: list[Team]
    next: str | None


@router.post("", status_code=201, summary="Make a team")
async def create_team(
    services: ServicesOf, caller: MayAdmin, request: Request, body: NewTeamBody
) -> Json[Team]:
    await _check_groups(services, body.model_groups)
    team = new_team(
        body.team_id,
        credits=body.credits,
        model_groups=None if body.model_groups is None else tuple(body.model_groups),
        budget=checked_budget(body.budget) if body.budget else None,
    )
    await services.jobs.teams.create(team, By(caller=caller, address=address_of(request)))
    return Json(_view(team), 201, {"Location": f"{root_of(request)}/admin/teams/{team.team_id}"})


@router.get("", summary="List teams")
async def list_teams(
    services: ServicesOf,
    caller: MayAdmin,
    limit: Limit = 20,
    after: Annotated[str | None, Query(max_length=64, description=AFTER)] = None,
) -> Json[TeamPage]:
    found = await services.jobs.teams.page(after=after, limit=limit + 1)
    more = found[limit - 1].team_id if len(found) > limit else None
    return Json({"items": [_view(team) for team in found[:limit]], "next": more})


@router.get("/{team_id}", summary="A team")
async def get_team(services: ServicesOf, caller: MayAdmin, team_id: str) -> Json[Team]:
    return Json(_view(await services.jobs.teams.find(team_id)))


@router.patch("/{team_id}", summary="Change a team")
async def change_team(
    services: ServicesOf, caller: MayAdmin, request: Request, team_id: str, body: TeamChangesBody
) -> Json[Team]:
    """`credits` are set, whatever jobs cost meanwhile: to add some there is a route of its own."""
    await _check_groups(services, body.model_groups)
    by = By(caller=caller, address=address_of(request))
    return Json(_view(await services.jobs.teams.change(team_id, body.values(), by)))


@router.post("/{team_id}/credits", summary="Add credits to a team")
async def add_credits(
    services: ServicesOf, caller: MayAdmin, request: Request, team_id: str, body: MoreCreditsBody
) -> Json[Team]:
    """The team as it is then. Nothing that jobs cost meanwhile is lost."""
    by = By(caller=caller, address=address_of(request))
    return Json(_view(await services.jobs.teams.add_credits(team_id, body.amount, by)))


async def _check_groups(services: Services, names: list[str] | None) -> None:
    """Raises NotFound."""
    for name in names or ():
        await services.jobs.groups.find(name)


def _view(team: StoredTeam) -> Team:
    return {
        "team_id": team.team_id,
        "credits": team.credits,
        "model_groups": None if team.model_groups is None else list(team.model_groups),
        "budget": team.budget,
        "created_at": team.created_at,
    }
