"""/search: what was asked and answered."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from ..history.search import LANGS, Found
from .access import MayRead
from .run_views import json_response
from .services import ServicesOf

router = APIRouter(tags=["history"])

MAX_OFFSET = 10_000


@router.get("/search", summary="Search prompts and responses, the best first")
async def search_runs(
    services: ServicesOf,
    caller: MayRead,
    query: Annotated[str, Query(description='Words, "words beside each other", -word, or.')],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    lang: Annotated[
        str, Query(description=f"{', '.join(LANGS)}: simple takes words as they are.")
    ] = "simple",
) -> Response:
    """`snippet` is HTML: the text escaped, the words found in `<mark>`. `total` is at most 1,000."""
    items, total = await services.history.search(
        caller.owner, query=query, limit=limit, offset=offset, lang=lang
    )
    return json_response(
        {"items": [_item(found) for found in items], "total": total, "limit": limit, "offset": offset}
    )


def _item(found: Found) -> dict[str, Any]:
    return {
        "run_id": found.run_id,
        "thread_id": found.thread_id,
        "prompt": found.prompt,
        "response": found.response,
        "status": found.status,
        "model": found.model,
        "chain": found.chain,
        "created_at": found.created_at,
        "snippet": found.snippet,
        "score": found.score,
    }
