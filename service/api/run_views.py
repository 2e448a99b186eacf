"""A run as JSON: in short for lists, and whole, with what its events say."""

from datetime import datetime
from typing import Any

import orjson
from fastapi import Request
from typing_extensions import TypedDict

from ..errors import Fault
from ..events import Blocked, CancelReason, FinishReason, Status, UsageTotals
from ..history.account import Row
from ..history.store import StoredRun
from ..run import Run as LiveRun
from ..runs import Runs
from ..snapshot import ApprovalState, MessageState, ToolFailure, ToolState, ToolStatus, approval_state
from ..subscriptions import state_of


class RunSummary(TypedDict):
    """A run in short, as lists have it. `parent_run_id` is the run of its thread that it follows; `metadata`
    is its request's."""

    run_id: str
    status: Status
    chain: str
    model: str | None
    thread_id: str | None
    parent_run_id: str | None
    attempt: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    metadata: dict[str, Any]
    events_url: str


class RunPage(TypedDict):
    """Runs, the newest first. `next` is the cursor of the next page, null on the last."""

    items: list[RunSummary]
    next: str | None


class RunFailure(TypedDict):
    """Why a run failed, and whose fault it was; if `retryable`, the same request may succeed later."""

    code: str
    message: str
    fault: Fault
    retryable: bool


class Run(RunSummary):
    """A run with all that it has done so far. What only an end tells is null until then; `output` is what the
    chain returned, or of a run that was cancelled the text so far."""

    output: Any
    error: RunFailure | None
    cancel_reason: CancelReason | None
    finish_reason: FinishReason | None
    usage: UsageTotals | None
    messages: list[MessageState]
    tools: list[ToolState]
    approvals: list[ApprovalState]
    blocked: list[Blocked]
    ttft_ms: int | None
    duration_ms: int | None


class ToolCall(TypedDict):
    """A tool call with its whole result: `args` is the JSON that the model wrote, `input` what the tool was
    given."""

    tool_call_id: str
    message_id: str | None
    name: str
    status: ToolStatus
    args: str
    input: Any
    output: Any
    error: ToolFailure | None
    duration_ms: int | None


NOT_YET: dict[int | str, dict[str, Any]] = {
    202: {"description": "It is being cancelled, and has not ended yet"}
}


def root_of(request: Request) -> str:
    """The path that the service is mounted at; empty where it is at the root."""
    root: str = request.scope.get("root_path", "")
    return root


def in_short(run: LiveRun | StoredRun, root: str) -> RunSummary:
    return {
        "run_id": run.run_id,
        "status": run.status,
        "chain": run.chain,
        "model": run.model,
        "thread_id": run.thread_id,
        "parent_run_id": run.parent_run_id,
        "attempt": run.attempt,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "metadata": run.metadata if isinstance(run, LiveRun) else orjson.loads(run.metadata),
        "events_url": f"{root}/runs/{run.run_id}/events",
    }


async def in_whole(runs: Runs, run: LiveRun, root: str) -> Run:
    """With messages, tools, and of a finished run its output or error, usage and timings."""
    state, record = await state_of(runs, run)
    snapshot, terminal = state.snapshot(), record if record and record.terminal else None
    last = orjson.loads(terminal.line) if terminal else {}
    failed = terminal is not None and terminal.name == "error"
    return {
        **in_short(run, root),
        "output": last.get("output"),
        "error": _failure(last) if failed else None,
        "cancel_reason": last.get("reason"),
        "finish_reason": last.get("finish_reason"),
        "usage": last.get("usage"),
        "messages": snapshot["messages"],
        "tools": snapshot["tools"],
        "approvals": [approval_state(asked) for asked in run.waits.open],
        "blocked": last.get("blocked", []),
        "ttft_ms": last.get("ttft_ms"),
        "duration_ms": last.get("duration_ms", last.get("t")),
    }


def _failure(error: dict[str, Any]) -> RunFailure:
    return {
        "code": error["code"],
        "message": error["message"],
        "fault": error["fault"],
        "retryable": error["retryable"],
    }


def tool_view(row: Row) -> ToolCall:
    return {
        "tool_call_id": row["tool_call_id"],
        "message_id": row["message_id"],
        "name": row["name"],
        "status": row["status"],
        "args": row["args"],
        "input": _parsed(row["input"]),
        "output": _parsed(row["output"]),
        "error": _parsed(row["error"]),
        "duration_ms": row["duration_ms"],
    }


def _parsed(text: str | None) -> Any:
    return orjson.loads(text) if text else None
