"""What events and answers are made of: the protocol's words, and the objects within its objects.

Every model keeps fields that it does not know, in `model_extra`, and every list of words is open: a service
that is newer than this client says more, and what was known before is still read.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | str
Channel = Literal["answer", "inner"] | str
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"] | str
CancelReason = Literal["user", "disconnect", "timeout", "budget", "shutdown"] | str
RestartReason = Literal["fallback"] | str
DecisionType = Literal["approve", "edit", "reject", "respond"] | str
Fault = Literal["client", "chain", "tool", "provider", "service"] | str
ToolStatus = Literal["called", "running", "succeeded", "failed"] | str


class Part(BaseModel):
    """Base of all that the service tells."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class UsageTotals(Part):
    """Tokens of all model calls of a run; `cost_usd` is None where a price is unknown."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: float | None


class ApprovalRequest(Part):
    """A tool call that a person is asked about; `tool_call_id` is None where no model wrote such a call."""

    tool_call_id: str | None
    name: str
    input: Any
    allowed: list[DecisionType]


class Blocked(Part):
    """What kept the service's event loop from all other runs, by name, and for how long."""

    name: str
    ms: int


class Source(Part):
    """A document that a retriever found."""

    id: str | None
    title: str | None
    url: str | None
    snippet: str
    score: float | None


class MessageState(Part):
    """A model call's text so far."""

    message_id: str
    channel: Channel
    text: str


class ToolFailure(Part):
    """Why a tool call failed."""

    code: str
    message: str


class ToolState(Part):
    """A tool call: as a model wrote it (`message_id`, `args`), as it ran (`input`), and what came of it."""

    tool_call_id: str
    name: str
    status: ToolStatus
    message_id: str | None = None
    args: str | None = None
    input: Any = None
    output: Any = None
    error: ToolFailure | None = None
    duration_ms: int | None = None


class ApprovalState(Part):
    """A question that waits for a person."""

    interrupt_id: str
    value: Any
    requests: list[ApprovalRequest]
    response_schema: dict[str, Any] | None = None


class Snapshot(Part):
    """The state of a run, instead of events that cannot be had."""

    messages: list[MessageState]
    tools: list[ToolState]
    approvals: list[ApprovalState]
    status: Status
