"""A run as JSON: in short for lists, and whole, with what its events say."""

from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from ..history.account import Row
from ..history.store import StoredRun
from ..run import Run
from ..runs import Runs
from ..snapshot import ApprovalState
from ..subscriptions import state_of
from ..values import encode_json


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode_json(value), status, headers, media_type="application/json")


def root_of(request: Request) -> str:
    """The path that the service is mounted at; empty where it is at the root."""
    root: str = request.scope.get("root_path", "")
    return root


def in_short(run: Run | StoredRun, root: str) -> dict[str, Any]:
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
        "metadata": run.metadata if isinstance(run, Run) else orjson.loads(run.metadata),
        "events_url": f"{root}/runs/{run.run_id}/events",
    }


async def in_whole(runs: Runs, run: Run, root: str) -> dict[str, Any]:
    """With messages, tools, and of a finished run its output or error, usage and timings."""
    state, record = await state_of(runs, run)
    snapshot, terminal = state.snapshot(), record if record and record.terminal else None
    last = orjson.loads(terminal.line) if terminal else {}
    failed = terminal is not None and terminal.name == "error"
    return {
        **in_short(run, root),
        "output": last.get("output"),
        "error": {key: last[key] for key in ("code", "message", "fault", "retryable")} if failed else None,
        "cancel_reason": last.get("reason"),
        "finish_reason": last.get("finish_reason"),
        "usage": last.get("usage"),
        "messages": snapshot["messages"],
        "tools": snapshot["tools"],
        "approvals": [
            ApprovalState(interrupt_id=asked.interrupt_id, value=asked.value, requests=asked.requests)
            for asked in run.waits.open
        ],
        "blocked": last.get("blocked", []),
        "ttft_ms": last.get("ttft_ms"),
        "duration_ms": last.get("duration_ms", last.get("t")),
    }


def tool_view(row: Row) -> dict[str, Any]:
    """A tool call; `args` is the JSON that the model wrote, `input` what the tool was given."""
    parsed = {name: orjson.loads(row[name]) if row[name] else None for name in ("input", "output", "error")}
    plain = ("tool_call_id", "message_id", "name", "status", "args")
    return {**{name: row[name] for name in plain}, **parsed, "duration_ms": row["duration_ms"]}
