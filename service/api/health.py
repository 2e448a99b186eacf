"""/health: that the process answers."""

from typing import Literal

from fastapi import APIRouter
from typing_extensions import TypedDict

from .json_answers import Json

router = APIRouter(tags=["operation"])


class Health(TypedDict):
    """The process answers."""

    status: Literal["ok"]


@router.get("/health", summary="Liveness")
@router.get("/healthz", include_in_schema=False)
async def health() -> Json[Health]:
    return Json({"status": "ok"})
