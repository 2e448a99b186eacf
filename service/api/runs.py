"""/runs: start, stream, wait for, list, read, answer and cancel."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from ..events import Status
from .access import MayRead, MayReadRun, MayRun, address_of
from .admission import visit_of
from .bodies import DecisionsBody, RunBody
from .json_answers import Json
from .leaving import unless_left
from .negotiation import cursor_of, format_of, idempotency_key_of
from .run_views import NOT_YET, Run, RunPage, RunSummary, ToolCall, in_short, in_whole, root_of, tool_view
from .services import ServicesOf
from .starting import start
from .streaming import attach, start_and_follow

router = APIRouter(prefix="/runs", tags=["runs"])


class RunToken(TypedDict):
    """A token that reads one run."""

    token: str
    run_id: str
    expires_at: datetime


@router.post("", status_code=202, summary="Start a run")
async def start_run(
    services: ServicesOf, caller: MayRun, request: Request, body: RunBody
) -> Json[RunSummary]:
    """Answers at once; the events are at `events_url`, from the first, whenever they are asked for."""
    key = idempotency_key_of(request)
    run = await start(services, request, caller, body.request(), attached=False, key=key)
    headers = {"Location": f"{root_of(request)}/runs/{run.run_id}", "X-Run-ID": run.run_id}
    return Json(in_short(run, root_of(request)), 202, headers)


@router.post("/stream", summary="Start a run and stream it")
async def stream_run(services: ServicesOf, caller: MayRun, request: Request, body: RunBody) -> Response:
    return await start_and_follow(services, caller, request, body.request, format_of(request, "events"))


@router.post("/wait", summary="Start a run and wait for its end")
async def wait_for_run(services: ServicesOf, caller: MayRun, request: Request, body: RunBody) -> Json[Run]:
    """Answers with the finished run, whether it succeeded or not: its `status` says. A run that waits for a
    person is answered with too: `waiting`, with its `approvals`."""
    await visit_of(request).open_stream(caller)
    key = idempotency_key_of(request)
    run = await start(services, request, caller, body.request(), attached=True, key=key)
    with services.runs.subscribed(run):
        await unless_left(request, run.settled.wait())
    whole = await in_whole(services.runs, run, root_of(request))
    return Json(whole, headers={"X-Run-ID": run.run_id})


@router.get("", summary="List runs, the newest first")
async def list_runs(
    services: ServicesOf,
    caller: MayRead,
    request: Request,
    status: Status | None = None,
    chain: str | None = None,
    thread_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> Json[RunPage]:
    """`next` is the cursor of the next page, null on the last."""
    wanted = {"status": status, "chain": chain, "thread_id": thread_id}
    filters = {name: value for name, value in wanted.items() if value is not None} | {"owner": caller.owner}
    found = await services.history.runs(filters=filters, after=after, limit=limit + 1)
    more = found[limit - 1].run_id if len(found) > limit else None
    return Json({"items": [in_short(run, root_of(request)) for run in found[:limit]], "next": more})


@router.get("/{run_id}/tools/{tool_call_id}", summary="A tool call with its whole result")
async def get_tool(
    services: ServicesOf, caller: MayReadRun, run_id: str, tool_call_id: str
) -> Json[ToolCall]:
    """Also of one whose `tool_end` says `truncated`."""
    run = await services.runs.find(run_id, caller)
    return Json(tool_view(await services.history.tool(run.run_id, tool_call_id)))


@router.get("/{run_id}", summary="One run with its output, usage and tools")
async def get_run(services: ServicesOf, caller: MayReadRun, request: Request, run_id: str) -> Json[Run]:
    run = await services.runs.find(run_id, caller)
    return Json(await in_whole(services.runs, run, root_of(request)))


@router.get("/{run_id}/events", summary="A run's events from a cursor")
async def run_events(services: ServicesOf, caller: MayReadRun, request: Request, run_id: str) -> Response:
    """`Last-Event-ID` or `?after=` is the cursor: an event's id, `<attempt>.<seq>` or `<seq>`."""
    format_name, cursor = format_of(request, "events"), cursor_of(request, run_id)
    return await attach(services, caller, request, run_id, format_name, cursor)


@router.post("/{run_id}/token", summary="A token that reads one run")
async def make_token(services: ServicesOf, caller: MayRead, run_id: str) -> Json[RunToken]:
    """For what can send no headers: as `?token=` on this run's routes, and over the WebSocket."""
    run = await services.runs.find(run_id, caller)
    token, expires = services.gate.run_tokens.make(run.run_id)
    ends = datetime.fromtimestamp(expires, UTC)
    view = RunToken(token=token, run_id=run.run_id, expires_at=ends)
    return Json(view, headers={"Cache-Control": "no-store"})


@router.delete("/{run_id}", status_code=204, summary="Delete a run that is over")
async def delete_run(services: ServicesOf, caller: MayRun, request: Request, run_id: str) -> Response:
    """With its events and calls; in its thread, those that followed it follow the run before it."""
    await services.runs.delete(run_id, caller)
    await services.gate.audit.write("run_deleted", run_id, caller, address_of(request))
    return Response(status_code=204)


@router.post("/{run_id}/cancel", summary="Cancel a run", responses=NOT_YET)
async def cancel_run(services: ServicesOf, caller: MayRun, request: Request, run_id: str) -> Json[Run]:
    """200 with the final state, also of a run that had ended before; 202 if it takes longer than a second."""
    run = await services.runs.cancel(run_id, caller)
    status = 200 if run.ended.is_set() else 202
    return Json(await in_whole(services.runs, run, root_of(request)), status)


@router.post("/{run_id}/approvals/{interrupt_id}", summary="Answer what a run waits for")
async def decide(
    services: ServicesOf,
    caller: MayRun,
    request: Request,
    run_id: str,
    interrupt_id: str,
    body: DecisionsBody,
) -> Json[Run]:
    """With the last answer the run goes on, with the same id and log: open its events again.

    `approve`, `edit` with `args`, `reject` with a `message` or without, `respond` with a `message`. A
    question without requests takes one of them: `respond` with a `value`, or yes, or no.
    """
    decisions = [each.decision() for each in body.decisions]
    run = await services.runs.decide(run_id, interrupt_id, decisions, caller)
    return Json(await in_whole(services.runs, run, root_of(request)))
