"""/ag-ui/{chain}: agents of the AG-UI protocol, for its own clients."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..access.caller import Caller
from ..errors import Conflict
from ..event_log.base import Cursor
from ..wire.ag_ui import AGUIFormat
from .access import MayRun
from .admission import visit_of
from .ag_ui_answers import answer, answered_in
from .ag_ui_body import AGUIBody, AGUIInput
from .ag_ui_input import request_of
from .negotiation import attach_to, idempotency_key_of
from .services import Services, ServicesOf
from .streaming import attach, follow, start_and_follow

router = APIRouter(tags=["ag-ui"])

FORMAT = "ag-ui"


@router.post("/ag-ui/{chain}", summary="Ask a chain as an AG-UI agent, and stream")
async def run_agent(
    services: ServicesOf, caller: MayRun, request: Request, chain: str, body: AGUIBody
) -> Response:
    """The stream of one run as AG-UI has it. `resume` answers the interrupts with which the run before ended:
    it goes on. With a cursor nothing is started or answered: the same body then reads on.

    `runId` is the idempotency key too: the same body again is the same run.
    """
    answered = answered_in(body.resume or ())
    format_ = AGUIFormat(thread_id=body.thread_id, run_id=body.run_id, after=answered[1] if answered else 0)
    if place := attach_to(request):
        return await attach(services, caller, request, place[0], FORMAT, place[1], format_)
    served = services.registry.get(chain)
    if answered:
        await visit_of(request).open_stream(caller)
        run = await answer(services.runs, caller, body, chain, answered[0])
        return await follow(services, request, run, FORMAT, Cursor(answered[1]), format_)
    key = idempotency_key_of(request) or f"{FORMAT}:{body.run_id}"
    await _check_nothing_waits(services, caller, body, key)
    turns = await services.history.turns(caller.owner, body.thread_id)
    wanted = request_of(body, served, turns)
    return await start_and_follow(services, caller, request, lambda: wanted, FORMAT, format_=format_, key=key)


async def _check_nothing_waits(services: Services, caller: Caller, body: AGUIInput, key: str) -> None:
    """Raises Conflict: a thread's next run must answer what its last one has asked."""
    run = await services.runs.active(body.thread_id, caller)
    if run is not None and run.status == "waiting" and run.idempotency_key != key:
        message = (
            f"The thread {body.thread_id!r} waits for answers to its open interrupts: send them as `resume`,"
            f" or cancel the run {run.run_id!r}."
        )
        raise Conflict("interrupts_open", message)
