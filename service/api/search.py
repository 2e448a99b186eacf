"""/search: what was asked and answered."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from ..events import Status
from ..history.search import LANGS, Found
from .access import MayRead
from .json_answers import Json
from .services import ServicesOf

router = APIRouter(tags=["history"])

MAX_OFFSET = 10_000


class SearchResult(TypedDict):
    """A run that matches: the beginnings of what was asked and answered. `snippet` is HTML: the text escaped,
    the words found in `<mark>`. The higher its `score` the better, within one answer."""

    run_id: str
    thread_id: str | None
    prompt: str
    response: str
    status: Status
    model: str | None
    chain: str
    created_at: datetime
    snippet: str
    score: float


class SearchPage(TypedDict):
    """Runs that match, the best first; `total` is how many do, at most 1,000."""

    items: list[SearchResult]
    total: int
    limit: int
    offset: int


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
) -> Json[SearchPage]:
    """`snippet` is HTML: the text escaped, the words found in `<mark>`. `total` is at most 1,000."""
    items, total = await services.history.search(
        caller.owner, query=query, limit=limit, offset=offset, lang=lang
    )
    return Json(
        {"items": [_item(found) for found in items], "total": total, "limit": limit, "offset": offset}
    )


def _item(found: Found) -> SearchResult:
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
