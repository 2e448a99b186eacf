"""The events of a run, one class each, told apart by `type`, and the two control frames that a reader must
see.

`type` is the event's name on the wire, `t` milliseconds since the run began, `id` the cursor to go on from.
Their meaning is docs/protocol.md of the service. Names that this client does not know come as `UnknownEvent`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from .parts import (
    ApprovalRequest,
    Blocked,
    CancelReason,
    Channel,
    Fault,
    FinishReason,
    Part,
    RestartReason,
    Snapshot,
    Source,
    UsageTotals,
)


class Told(Part):
    """What all frames share; `id` is empty for a control frame that has none."""

    id: str = Field(default="", repr=False)


class Timed(Told):
    """What all events of the log share."""

    t: int

    @property
    def seq(self) -> int:
        """Its place in the log: 1, 2, 3, … without a gap."""
        return int(self.id.rpartition(".")[2])


class RunStarted(Timed):
    """The run began; always first."""

    type: Literal["run"] = "run"
    protocol: int
    run_id: str
    chain: str
    model: str | None
    thread_id: str | None
    attempt: int
    created_at: str


class Token(Timed):
    """Text from a model. `logprobs`, where they were asked for, are as OpenAI has them in
    `logprobs.content`."""

    type: Literal["token"] = "token"
    message_id: str
    step: str | None
    channel: Channel
    text: str
    logprobs: list[Any] | None = None


class Reasoning(Timed):
    """A model's thinking, where the provider sends it."""

    type: Literal["reasoning"] = "reasoning"
    message_id: str
    step: str | None
    text: str


class ToolCall(Timed):
    """A piece of a call as the model writes it; the `args_delta` of one `tool_call_id` join to its JSON."""

    type: Literal["tool_call"] = "tool_call"
    message_id: str
    step: str | None
    tool_call_id: str
    index: int
    name: str
    args_delta: str


class MessageEnd(Timed):
    """A model call is over."""

    type: Literal["message_end"] = "message_end"
    message_id: str
    finish_reason: FinishReason


class Usage(Timed):
    """What a model call used; `cost_usd` is None where its price is unknown. `estimated` of a call cut
    short."""

    type: Literal["usage"] = "usage"
    message_id: str
    model: str | None
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    estimated: bool | None = None


class Restart(Timed):
    """A model failed in mid-answer and another begins anew: all of `message_id` since the event number
    `discard_from` counts no more."""

    type: Literal["restart"] = "restart"
    attempt: int
    reason: RestartReason
    discard_from: int
    message_id: str
    code: str
    model: str | None
    next_model: str | None


class ToolStart(Timed):
    """A tool runs."""

    type: Literal["tool_start"] = "tool_start"
    tool_call_id: str
    step: str | None
    name: str
    input: Any


class ToolProgress(Timed):
    """What a tool tells while it runs."""

    type: Literal["tool_progress"] = "tool_progress"
    tool_call_id: str
    name: str
    data: Any


class ToolEnd(Timed):
    """A tool returned. A long output is cut: then `truncated` is true, and `size` its characters."""

    type: Literal["tool_end"] = "tool_end"
    tool_call_id: str
    name: str
    output: Any
    duration_ms: int
    truncated: bool | None = None
    size: int | None = None


class ToolError(Timed):
    """A tool failed, was cancelled, or could not be run."""

    type: Literal["tool_error"] = "tool_error"
    tool_call_id: str
    name: str
    code: str
    message: str
    duration_ms: int


class StepStart(Timed):
    """A graph node or named sub-chain began; `parent` is the step around it."""

    type: Literal["step_start"] = "step_start"
    step: str
    name: str
    parent: str | None


class StepEnd(Timed):
    """A step is over."""

    type: Literal["step_end"] = "step_end"
    step: str
    name: str
    parent: str | None
    duration_ms: int


class Sources(Timed):
    """Documents that a retriever found."""

    type: Literal["sources"] = "sources"
    items: list[Source]


class Custom(Timed):
    """What a chain tells outside any tool."""

    type: Literal["custom"] = "custom"
    name: str
    data: Any


class Partial(Timed):
    """A structured output so far: each has all that the one before it had, and more."""

    type: Literal["partial"] = "partial"
    value: Any


class Approval(Timed):
    """The run waits for a person. `requests` are the tool calls that it asks about, none for a question of a
    node; `response_schema`, where the graph gave one, is the JSON Schema of the answer."""

    type: Literal["approval"] = "approval"
    interrupt_id: str
    value: Any
    requests: list[ApprovalRequest]
    response_schema: dict[str, Any] | None = None


class Ended(Timed):
    """What the last events share."""

    blocked: list[Blocked] = Field(default_factory=list)


class Done(Ended):
    """Last: the run succeeded."""

    type: Literal["done"] = "done"
    output: Any
    finish_reason: FinishReason
    usage: UsageTotals
    ttft_ms: int | None
    duration_ms: int


class RunError(Ended):
    """Last: the run failed; `fault` says whose it was, `retryable` whether the same may succeed later."""

    type: Literal["error"] = "error"
    code: str
    message: str
    fault: Fault
    retryable: bool


class Cancelled(Ended):
    """Last: the run was stopped; `output` is the answer's text so far."""

    type: Literal["cancelled"] = "cancelled"
    reason: CancelReason
    output: str
    usage: UsageTotals
    duration_ms: int


class Gap(Told):
    """The events after the cursor cannot be had: drop what you have, and take the `snapshot`, which is the
    state up to the cursor `as_of`. What follows joins it exactly."""

    type: Literal["gap"] = "gap"
    reason: str
    requested: str
    as_of: str
    snapshot: Snapshot


class Paused(Told):
    """The run waits for a person, and the stream ends here."""

    type: Literal["paused"] = "paused"
    interrupt_ids: list[str]


class UnknownEvent(Told):
    """An event that a newer service tells; its `name` on the wire, and all of its `data`."""

    type: Literal["unknown"] = "unknown"
    name: str
    data: Any


TerminalEvent = Done | RunError | Cancelled
LogEvent = (
    RunStarted
    | Token
    | Reasoning
    | ToolCall
    | MessageEnd
    | Usage
    | Restart
    | ToolStart
    | ToolProgress
    | ToolEnd
    | ToolError
    | StepStart
    | StepEnd
    | Sources
    | Custom
    | Partial
    | Approval
    | TerminalEvent
)
Event = Annotated[LogEvent | Gap | Paused | UnknownEvent, Field(discriminator="type")]
