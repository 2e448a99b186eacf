"""What the service answers besides streams: runs, chains, threads."""

from datetime import datetime
from typing import Any

from .parts import (
    ApprovalState,
    Blocked,
    CancelReason,
    Fault,
    FinishReason,
    MessageState,
    Part,
    Status,
    ToolFailure,
    ToolState,
    ToolStatus,
    UsageTotals,
)


class RunSummary(Part):
    """A run in short. `parent_run_id` is the run of its thread that it follows; `metadata` is its
    request's."""

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


class RunPage(Part):
    """Runs, the newest first. `next` is the cursor of the next page, None on the last."""

    items: list[RunSummary]
    next: str | None


class RunFailure(Part):
    """Why a run failed, and whose fault it was; if `retryable`, the same request may succeed later."""

    code: str
    message: str
    fault: Fault
    retryable: bool


class Run(RunSummary):
    """A run with all that it has done so far. What only an end tells is None until then; `output` is what the
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


class ToolResult(Part):
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


class ChainTool(Part):
    """A tool that a chain has; `input_schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    input_schema: dict[str, Any]


class Chain(Part):
    """A chain that can be run; `input_schema` is the JSON Schema of its input. One is the `default`."""

    name: str
    default: bool
    description: str
    examples: list[str]
    model_fixed: bool
    keeps_threads: bool
    tools: list[ChainTool]
    input_schema: dict[str, Any]


class ChainList(Part):
    """The chains, and the models that a request can choose, the default first."""

    items: list[Chain]
    models: list[str]


class Thread(Part):
    """A conversation. `updated_at` is when its last run began, or when it was begun itself."""

    thread_id: str
    title: str
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class ThreadPage(Part):
    """Threads, the one that was used last first. `next` is the cursor of the next page, None on the last."""

    items: list[Thread]
    next: str | None


class ThreadRun(Part):
    """A run as a part of its thread; `input` is what its request gave."""

    run_id: str
    parent_run_id: str | None
    status: Status
    chain: str
    model: str | None
    input: Any
    response: str
    created_at: datetime


class ThreadWithRuns(Thread):
    """A conversation and its runs, the first run first."""

    runs: list[ThreadRun]
