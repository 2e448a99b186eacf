"""/history: what was asked and answered, page by page."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from ..history.store import Exchange
from .access import MayRead
from .run_views import json_response
from .services import ServicesOf

router = APIRouter(prefix="/history", tags=["history"])


@router.get("", summary="What was asked and answered, the newest first")
async def list_history(
    services: ServicesOf,
    caller: MayRead,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> Response:
    """GET /runs pages by cursor, which stays fast however far one goes."""
    found, total = await services.history.exchanges(caller.owner, limit=limit, offset=offset)
    items = [_view(exchange) for exchange in found]
    return json_response({"items": items, "total": total, "limit": limit, "offset": offset})


@router.get("/{run_id}", summary="What was asked and answered in one run")
async def get_history(services: ServicesOf, caller: MayRead, run_id: str) -> Response:
    run = await services.runs.find(run_id, caller)
    return json_response(_view(await services.history.exchange(run.run_id)))


def _view(exchange: Exchange) -> dict[str, object]:
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
