"""A run that failed before it said anything, as an error of HTTP: OpenAI's clients choose by the status."""

from contextlib import aclosing

from fastapi import Request
from starlette.responses import Response

from ..event_log.base import START
from ..events import Cancelled, Done, RunError, TerminalEvent
from ..run import Run
from ..runs import FIRST_READER_WAIT, Runs
from ..subscriptions import records_of, records_so_far, subscribe
from .leaving import unless_left
from .problems import problem
from .services import Services

_QUIET = frozenset(
    {"run", "message_end", "usage", "step_start", "step_end"}
)  # nothing that anyone would read
_BY_CODE = {"provider_rate_limited": 429}
_BY_FAULT = {"client": 400, "provider": 502, "service": 502, "chain": 500, "tool": 500}
_BY_REASON = {"user": 409, "disconnect": 409, "timeout": 504, "budget": 402, "shutdown": 503}


async def failure_before_a_word(request: Request, services: Services, run: Run) -> Response | None:
    """The error of a run that fails at once; None once it says anything, once it was silent for as long as a
    connection should be, or once the client has left."""
    with services.runs.subscribed(run, grace=FIRST_READER_WAIT):
        told = _end_before_a_word(services.runs, run)
        ended = await unless_left(request, told, services.times.ping or None)
    return None if ended is None else failure_response(ended)


async def _end_before_a_word(runs: Runs, run: Run) -> TerminalEvent | None:
    subscription = await subscribe(runs, run, START)
    async with aclosing(records_of(runs, subscription, 0)) as batches:
        async for batch in batches:
            for record in batch:
                if record.name not in _QUIET:
                    event = record.event()
                    return event if isinstance(event, RunError | Cancelled) else None
    return None


async def terminal_of(runs: Runs, run: Run) -> TerminalEvent | None:
    """How it ended, if it has."""
    event = None
    async with aclosing(records_so_far(runs, run.run_id)) as records:
        async for record in records:
            event = record.event() if record.terminal else None
    return event if isinstance(event, TerminalEvent) else None


def failure_response(ended: TerminalEvent) -> Response | None:
    """The error that an end is; None where it is a success."""
    match ended:
        case RunError():
            status = _BY_CODE.get(ended.code) or _status_of(ended)
            retry = {"x-should-retry": "true" if ended.retryable else "false"}
            return problem(status, ended.code, ended.message, retry)
        case Cancelled():
            status = _BY_REASON[ended.reason]
            code = "budget_exhausted" if ended.reason == "budget" else "cancelled"
            return problem(status, code, f"The run was cancelled ({ended.reason}).")
        case Done():
            return None


def _status_of(failed: RunError) -> int:
    return 504 if failed.code.endswith("timeout") else _BY_FAULT[failed.fault]
