"""/v1/chat/completions: a conversation with a chain or a model, as OpenAI's clients hold it."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..run import RunRequest
from ..wire.completion import ChatCompletion
from .access import MayRun
from .admission import visit_of
from .json_answers import OrStream
from .negotiation import attach_to, idempotency_key_of
from .openai_bodies import ChatCompletionBody
from .openai_failures import failure_before_a_word
from .openai_models import run_request
from .openai_whole import whole_answer
from .services import Services, ServicesOf
from .starting import start
from .streaming import attach, follow

router = APIRouter(prefix="/v1", tags=["OpenAI"])


@router.post("/chat/completions", summary="Ask a chain or a model", response_model=None)
async def complete_chat(
    services: ServicesOf, caller: MayRun, request: Request, body: ChatCompletionBody
) -> Annotated[Response, OrStream(ChatCompletion)]:
    """The tools of a chain are run here, and not told; those of the request are the client's, for a model."""
    format_name = "openai-usage" if body.stream_options.include_usage else "openai"
    if body.stream and (place := attach_to(request)):
        run_id, cursor = place
        return await attach(services, caller, request, run_id, format_name, cursor)
    await visit_of(request).open_stream(caller)
    key, wanted = idempotency_key_of(request), _wanted(services, body)
    run = await start(services, request, caller, wanted, attached=True, key=key)
    if not body.stream:
        return await whole_answer(services, request, run)
    failure = await failure_before_a_word(request, services, run)
    return failure or await follow(services, request, run, format_name)


def _wanted(services: Services, body: ChatCompletionBody) -> RunRequest:
    messages = [message.as_input() for message in body.messages]
    return run_request(services.registry, body.model, messages, body.params(), body.metadata)
