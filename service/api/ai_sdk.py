"""/ai-sdk: the routes of the AI SDK's `useChat`. A chat is a thread, an answer is a run, with its id."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from ..history.threads import branch
from ..wire.ui_message import UIMessage
from .access import MayRead, MayRun
from .admission import visit_of
from .json_answers import Json
from .negotiation import attach_to
from .services import ServicesOf
from .streaming import follow, start_and_follow
from .ui_approvals import answers_in, decide
from .ui_chat import CHAT_ID, UIChatBody
from .ui_history import chat_messages

FORMAT = "ai-sdk"

router = APIRouter(prefix="/ai-sdk", tags=["AI SDK"])

ChatId = Annotated[str, Path(pattern=CHAT_ID, description="The chat's id, which is its thread's.")]


class Chat(TypedDict):
    """A chat as `useChat` begins with it."""

    id: str
    messages: list[UIMessage]


@router.post("/{chain}", summary="Ask in a chat and stream its answer")
async def post_chat(
    services: ServicesOf, caller: MayRun, request: Request, chain: str, body: UIChatBody
) -> Response:
    """The last message asks, or answers the approvals of the run that waits, which then goes on. What still
    runs in the chat when something is asked is cancelled; a message that is sent twice is answered once."""
    services.registry.get(chain)
    if attach_to(request) is None and (answers := answers_in(body.last)):
        await visit_of(request).open_stream(caller)
        run, cursor = await decide(services.runs, caller, body.id, answers)
        return await follow(services, request, run, FORMAT, cursor)
    wanted = body.request(chain, await services.history.turns(caller.owner, body.id))
    key = body.idempotency_key(wanted)
    return await start_and_follow(services, caller, request, lambda: wanted, FORMAT, key=key)


@router.get("/{chain}/{chat_id}/stream", summary="Go on with the answer of a chat that is being written")
async def resume_chat(
    services: ServicesOf, caller: MayRead, request: Request, chain: str, chat_id: ChatId
) -> Response:
    """From its start, as the client's `resumeStream` takes it; 204 where no run of the chat goes on or
    waits."""
    services.registry.get(chain)
    run = await services.runs.active(chat_id, caller)
    if run is None:
        return Response(status_code=204)
    await visit_of(request).open_stream(caller)
    return await follow(services, request, run, FORMAT)


@router.get("/{chain}/{chat_id}/messages", summary="The messages of a chat")
async def get_chat(
    services: ServicesOf,
    caller: MayRead,
    chain: str,
    chat_id: ChatId,
    limit: Annotated[int, Query(ge=1, le=200, description="Most turns, the last ones.")] = 100,
) -> Json[Chat]:
    """For `useChat(chat)`: the branch that leads to the latest run; none of a chat that has not begun."""
    services.registry.get(chain)
    turns = await services.history.turns(caller.owner, chat_id)
    shown = branch(turns, turns[-1].run_id)[-limit:] if turns else []
    return Json({"id": chat_id, "messages": await chat_messages(services.runs, shown)})
