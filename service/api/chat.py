"""/chat: a message, streamed as it is answered; the id of the stream is that of its run."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from ..access.caller import Caller
from ..errors import InvalidRequest
from ..events import Status
from ..run import RunRequest
from ..values import clean_text
from .access import MayRun
from .bodies import ChatBody
from .json_answers import Json
from .negotiation import format_of
from .run_views import NOT_YET
from .services import Services, ServicesOf
from .streaming import start_and_follow

router = APIRouter(prefix="/chat", tags=["chat"])


class ChatStatus(TypedDict):
    """The status of a chat's run."""

    status: Status


@router.get("/stream", summary="Ask and stream a chat, in one GET")
async def get_chat(
    services: ServicesOf,
    caller: MayRun,
    request: Request,
    message: Annotated[str | None, Query(description="What to ask.", examples=["Tell me a story"])] = None,
    model: str | None = None,
    provider: str | None = None,
) -> Response:
    """For EventSource. The first event, and X-Stream-ID, tell the stream's id."""

    def wanted() -> RunRequest:
        if not message:
            raise InvalidRequest("no_message", "There is no message: GET /chat/stream?message=Hello")
        return _request(services, clean_text(message), model, provider)

    return await _streamed(services, caller, request, wanted, "message")


@router.post("/stream", summary="Ask and stream a chat")
async def post_chat(services: ServicesOf, caller: MayRun, request: Request, body: ChatBody) -> Response:
    """`model` and `provider` are optional. The first event, and X-Stream-ID, tell the stream's id."""
    return await _post(services, caller, request, body, "message")


@router.post("/stream/{stream_id}/cancel", summary="Cancel a chat", responses=NOT_YET)
async def cancel_chat(services: ServicesOf, caller: MayRun, stream_id: str) -> Json[ChatStatus]:
    """Its status: cancelled, or how it had ended before; 202 if it takes longer than a second."""
    run = await services.runs.cancel(stream_id, caller)
    return Json({"status": run.status}, 200 if run.ended.is_set() else 202)


@router.post("/stream-simple", summary="Ask and stream a chat as plain text")
async def post_simple_chat(
    services: ServicesOf, caller: MayRun, request: Request, body: ChatBody
) -> Response:
    """The same, as plain text."""
    return await _post(services, caller, request, body, "text")


async def _post(
    services: Services, caller: Caller, request: Request, body: ChatBody, default: str
) -> Response:
    def wanted() -> RunRequest:
        return _request(services, body.message, body.model, body.provider)

    return await _streamed(services, caller, request, wanted, default)


async def _streamed(
    services: Services,
    caller: Caller,
    request: Request,
    wanted: Callable[[], RunRequest],
    default: str,
) -> Response:
    """In the format that the request asks for, or the route's."""
    answer = await start_and_follow(services, caller, request, wanted, format_of(request, default))
    answer.headers["X-Stream-ID"] = answer.headers["X-Run-ID"]
    return answer


def _request(services: Services, message: str, model: str | None, provider: str | None) -> RunRequest:
    return RunRequest(input=message, model=services.registry.model_named(model, provider))
