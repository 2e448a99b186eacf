"""/v1/responses: OpenAI's Responses API over runs, in the background too, resumed by `starting_after`."""

from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ..event_log.base import START
from ..run import Run, RunRequest
from ..subscriptions import records_so_far
from ..wire.response_object import DeletedResponse, OpenAIResponse
from ..wire.response_story import RESPONSE_ID, ResponseStory
from ..wire.responses import ResponsesFormat, place_of_number
from .access import MayReadRun, MayRun, address_of
from .admission import visit_of
from .json_answers import Json, OrStream
from .leaving import unless_left
from .negotiation import attach_to, idempotency_key_of
from .openai_failures import failure_before_a_word, failure_response, terminal_of
from .openai_models import run_request
from .response_bodies import ResponseBody
from .services import Services, ServicesOf
from .starting import start
from .streaming import attach, follow

router = APIRouter(prefix="/v1/responses", tags=["OpenAI"])

FORMAT = "responses"


@router.post("", summary="Make a response", response_model=None)
async def make_response(
    services: ServicesOf, caller: MayRun, request: Request, body: ResponseBody
) -> Annotated[Response, OrStream(OpenAIResponse)]:
    """In the background it goes on whoever reads it, and without `stream` is answered as it begins."""
    if body.stream and (place := attach_to(request)):
        run_id, cursor = place
        return await attach(services, caller, request, run_id, FORMAT, cursor)
    await visit_of(request).open_stream(caller)
    key, wanted = idempotency_key_of(request), _wanted(services, body)
    run = await start(services, request, caller, wanted, attached=not body.background, key=key)
    if body.stream:
        failure = None if body.background else await failure_before_a_word(request, services, run)
        return failure or await follow(services, request, run, FORMAT)
    if not body.background:
        with services.runs.subscribed(run):
            await unless_left(request, run.settled.wait())
        ended = await terminal_of(services.runs, run)
        if failure := failure_response(ended) if ended is not None else None:
            return failure
    return await _told(services, run)


@router.get("/{response_id}", summary="A response as it is, or its events", response_model=None)
async def get_response(
    services: ServicesOf,
    caller: MayReadRun,
    request: Request,
    response_id: str,
    stream: bool = False,
    starting_after: Annotated[
        int | None,
        Query(ge=0, lt=2**53, description="The `sequence_number` of the last event that was seen."),
    ] = None,
) -> Annotated[Response, OrStream(OpenAIResponse)]:
    """Of any run, whichever route it was started by."""
    run_id = response_id.removeprefix(RESPONSE_ID)
    if stream:
        cursor = START if starting_after is None else place_of_number(starting_after)
        answer = await attach(services, caller, request, run_id, FORMAT, cursor)
        return _nothing_more(answer) if answer.status_code == 204 else answer
    return await _told(services, await services.runs.find(run_id, caller))


def _nothing_more(answer: Response) -> Response:
    """A stream without events: OpenAI's SDK for Node takes no answer without a body."""
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(b"", 200, headers, media_type=ResponsesFormat.media_type)


@router.post("/{response_id}/cancel", summary="Cancel a response")
async def cancel_response(services: ServicesOf, caller: MayRun, response_id: str) -> Json[OpenAIResponse]:
    """With what it said so far; one that has ended is left as it is."""
    run = await services.runs.cancel(response_id.removeprefix(RESPONSE_ID), caller)
    return await _told(services, run)


@router.delete("/{response_id}", summary="Delete a response that is over")
async def delete_response(
    services: ServicesOf, caller: MayRun, request: Request, response_id: str
) -> Json[DeletedResponse]:
    """With its run and its events."""
    run_id = response_id.removeprefix(RESPONSE_ID)
    await services.runs.delete(run_id, caller)
    await services.gate.audit.write("run_deleted", run_id, caller, address_of(request))
    return Json({"id": f"{RESPONSE_ID}{run_id}", "object": "response", "deleted": True})


def _wanted(services: Services, body: ResponseBody) -> RunRequest:
    wanted = run_request(services.registry, body.model, body.messages(), body.params(), body.metadata)
    return replace(wanted, on_disconnect="continue") if body.background else wanted


async def _told(services: Services, run: Run) -> Json[OpenAIResponse]:
    story = ResponseStory(run.metadata)
    async with aclosing(records_so_far(services.runs, run.run_id)) as records:
        async for record in records:
            story.take(record.event(), record.seq)
    told = story.response
    if not told["id"]:  # it is queued, and its log empty
        created = int(run.created_at.timestamp())
        told |= {"id": f"{RESPONSE_ID}{run.run_id}", "created_at": created, "model": run.model or run.chain}
    return Json(told, headers={"X-Run-ID": run.run_id})
