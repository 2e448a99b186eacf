"""/admin/model-groups: what jobs can ask for by name, for callers with the scope `admin`."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from typing_extensions import TypedDict

from ..errors import InvalidRequest
from ..jobs.model_groups import ModelGroup as StoredGroup
from ..jobs.teams import By
from .access import MayAdmin, address_of
from .admin import AFTER, Limit
from .bodies import Clean
from .job_bodies import GROUP_NAME, GroupName
from .json_answers import Json
from .run_views import root_of
from .services import ServicesOf

router = APIRouter(prefix="/admin/model-groups", tags=["admin"])

ModelName = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$"), Clean]


class GroupChangesBody(BaseModel):
    """What of a model group is to be another; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName | None = Field(None, description="`provider:model`; null for the service's own.")
    fallbacks: Annotated[list[ModelName], Field(max_length=10)] | None = Field(
        None, description="Who goes on where it fails, in their order; null for `FALLBACK_MODELS`."
    )

    def values(self) -> dict[str, Any]:
        """The columns that change. Raises InvalidRequest where there are none."""
        values = self.model_dump(exclude_unset=True)
        if not values:
            raise InvalidRequest("nothing_to_change", "Send a `model`, `fallbacks`, or both.")
        return values


class NewGroupBody(GroupChangesBody):
    """A model group to make."""

    name: GroupName


class ModelGroup(TypedDict):
    """A model group. `model` is null for the service's own, `fallbacks` for those of `FALLBACK_MODELS`."""

    name: str
    model: str | None
    fallbacks: list[str] | None
    created_at: datetime


class ModelGroupPage(TypedDict):
    """Model groups by their names. `next` is the cursor of the next page, null on the last."""

    items: list[ModelGroup]
    next: str | None


@router.post("", status_code=201, summary="Make a model group")
async def create_model_group(
    services: ServicesOf, caller: MayAdmin, request: Request, body: NewGroupBody
) -> Json[ModelGroup]:
    by = By(caller=caller, address=address_of(request))
    group = await services.jobs.groups.create(body.name, body.model, body.fallbacks, by)
    return Json(_view(group), 201, {"Location": f"{root_of(request)}/admin/model-groups/{group.name}"})


@router.get("", summary="List model groups")
async def list_model_groups(
    services: ServicesOf,
    caller: MayAdmin,
    limit: Limit = 20,
    after: Annotated[str | None, Query(pattern=GROUP_NAME, description=AFTER)] = None,
) -> Json[ModelGroupPage]:
    found = await services.jobs.groups.page(after=after, limit=limit + 1)
    more = found[limit - 1].name if len(found) > limit else None
    return Json({"items": [_view(group) for group in found[:limit]], "next": more})


@router.get("/{name}", summary="A model group")
async def get_model_group(services: ServicesOf, caller: MayAdmin, name: str) -> Json[ModelGroup]:
    return Json(_view(await services.jobs.groups.find(name)))


@router.patch("/{name}", summary="Change a model group")
async def change_model_group(
    services: ServicesOf, caller: MayAdmin, request: Request, name: str, body: GroupChangesBody
) -> Json[ModelGroup]:
    """Of the calls that begin from now on."""
    by = By(caller=caller, address=address_of(request))
    return Json(_view(await services.jobs.groups.change(name, body.values(), by)))


@router.delete("/{name}", status_code=204, summary="Delete a model group")
async def delete_model_group(services: ServicesOf, caller: MayAdmin, request: Request, name: str) -> Response:
    """Calls that go on are not touched."""
    await services.jobs.groups.remove(name, By(caller=caller, address=address_of(request)))
    return Response(status_code=204)


def _view(group: StoredGroup) -> ModelGroup:
    return {
        "name": group.name,
        "model": group.model,
        "fallbacks": None if group.fallbacks is None else list(group.fallbacks),
        "created_at": group.created_at,
    }
