"""A run's answer as one chat completion, once it has settled; a run that failed is an error of HTTP."""

from contextlib import aclosing

from fastapi import Request
from starlette.responses import Response

from ..events import TerminalEvent
from ..run import Run
from ..runs import Runs
from ..subscriptions import records_so_far
from ..wire.completion import Completion
from .json_answers import Json
from .leaving import unless_left
from .openai_failures import failure_response
from .services import Services


async def whole_answer(services: Services, request: Request, run: Run) -> Response:
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
