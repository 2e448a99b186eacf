"""/stream: the one-line EventSource, and its POST for plain text."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ..errors import InvalidRequest
from ..run import RunRequest
from ..values import clean_text
from .access import MayRun
from .bodies import PromptBody
from .negotiation import format_of
from .services import ServicesOf
from .streaming import start_and_follow

router = APIRouter(tags=["stream"])

Prompt = Annotated[str | None, Query(description="What to ask.", examples=["Tell me a story"])]


@router.get("/stream", summary="Ask and stream, in one GET")
async def get_stream(
    services: ServicesOf,
    caller: MayRun,
    request: Request,
    query: Prompt = None,
    chain: str | None = None,
    model: str | None = None,
) -> Response:
    """For EventSource: reconnects, which bring `Last-Event-ID`, go on with the same run."""

    def wanted() -> RunRequest:
        if not query:
            raise InvalidRequest("no_query", "There is no query: GET /stream?query=Tell+me+a+story")
        return RunRequest(chain=chain, model=model, input=clean_text(query))

    return await start_and_follow(services, caller, request, wanted, format_of(request, "tokens"))


@router.post("/stream", summary="Ask and stream as plain text")
async def post_stream(services: ServicesOf, caller: MayRun, request: Request, body: PromptBody) -> Response:
    """`stream_format=openai` is `openai-ndjson` here."""
    format_name = format_of(request, "text", parameter="stream_format")
    if format_name == "openai":
        format_name = "openai-ndjson"

    def wanted() -> RunRequest:
        return RunRequest(input=body.prompt)

    return await start_and_follow(services, caller, request, wanted, format_name)
