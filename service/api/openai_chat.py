"""/v1/chat/completions: a conversation with a chain or a model, as OpenAI's clients hold it."""

from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..events import TerminalEvent
from ..run import Run, RunRequest
from ..runs import Runs
from ..subscriptions import records_so_far
from ..wire.completion import ChatCompletion, Completion
from .access import MayRun
from .admission import visit_of
from .json_answers import Json, OrStream
from .leaving import unless_left
from .negotiation import attach_to, idempotency_key_of
from .openai_bodies import ChatCompletionBody
from .openai_failures import failure_before_a_word, failure_response
from .openai_models import run_request
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
        return await _whole(services, request, run)
    failure = await failure_before_a_word(request, services, run)
    return failure or await follow(services, request, run, format_name)


def _wanted(services: Services, body: ChatCompletionBody) -> RunRequest:
    messages = [message.as_input() for message in body.messages]
    return run_request(services.registry, body.model, messages, body.params(), body.metadata)


async def _whole(services: Services, request: Request, run: Run) -> Response:
    with services.runs.subscribed(run):
        await unless_left(request, run.settled.wait())
        if not run.settled.is_set():
            return Response(status_code=204)  # which nobody is there to read
    completion, end = await _completed(services.runs, run)
    failure = failure_response(end) if end is not None else None
    return failure or Json(completion.told(), headers=_headers(run))


async def _completed(runs: Runs, run: Run) -> tuple[Completion, TerminalEvent | None]:
    """All that it said, and its end, if it has come to one."""
    completion, end = Completion(), None
    async with aclosing(records_so_far(runs, run.run_id)) as records:
        async for record in records:
            event = record.event()
            completion.take(event, record.seq)
            end = event if isinstance(event, TerminalEvent) else None
    return completion, end


def _headers(run: Run) -> dict[str, str]:
    took = (run.ended_at or run.created_at) - run.created_at
    return {"X-Run-ID": run.run_id, "openai-processing-ms": str(int(took.total_seconds() * 1000))}
