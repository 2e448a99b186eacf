"""/history: what was asked and answered, page by page."""

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from ..events import Status, UsageTotals
from ..history.store import Exchange
from .access import MayRead
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(prefix="/history", tags=["history"])


class HistoryItem(TypedDict):
    """What was asked and answered in a run, as text. `id` is the run's; `response` is empty until it ends."""

    id: str
    prompt: str
    response: str
    status: Status
    model: str | None
    chain: str
    thread_id: str | None
    created_at: datetime
    usage: UsageTotals | None
    duration_ms: int | None


class HistoryPage(TypedDict):
    """What was asked and answered, the newest first; `total` is how many there are in all."""

    items: list[HistoryItem]
    total: int
    limit: int
    offset: int


@router.get("", summary="What was asked and answered, the newest first")
async def list_history(
    services: ServicesOf,
    caller: MayRead,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> Json[HistoryPage]:
    """GET /runs pages by cursor, which stays fast however far one goes."""
    found, total = await services.history.exchanges(caller.owner, limit=limit, offset=offset)
    items = [_view(exchange) for exchange in found]
    return Json({"items": items, "total": total, "limit": limit, "offset": offset})


@router.get("/{run_id}", summary="What was asked and answered in one run")
async def get_history(services: ServicesOf, caller: MayRead, run_id: str) -> Json[HistoryItem]:
    run = await services.runs.find(run_id, caller)
    return Json(_view(await services.history.exchange(run.run_id)))


def _view(exchange: Exchange) -> HistoryItem:
    return {
        "id": exchange.run_id,
        "prompt": exchange.prompt,
        "response": exchange.response,
        "status": exchange.status,
        "model": exchange.model,
        "chain": exchange.chain,
        "thread_id": exchange.thread_id,
        "created_at": exchange.created_at,
        "usage": orjson.loads(exchange.usage) if exchange.usage else None,
        "duration_ms": exchange.duration_ms,
    }
