"""The vocabulary of a run: one frozen class for each event of its log.

An event's `type` is its name on the wire, its fields are the wire's `data`. `t` is in milliseconds since the
run began; `message_id` (`m1`, …) names a model call, `step` (`s1`, …) the innermost graph node or named
sub-chain, or null. The contract, with every field's meaning, is docs/protocol.md.
"""

from dataclasses import dataclass, field, fields
from types import UnionType
from typing import Any, ClassVar, Literal, get_args

import orjson
from typing_extensions import TypedDict

from .errors import Fault
from .values import encode_json

PROTOCOL = 1

BARE_CHAIN = ":model"  # of runs of a model with no chain around it; names of chains have no colon

Status = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
Channel = Literal["answer", "inner"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]
CancelReason = Literal["user", "disconnect", "timeout", "budget", "shutdown"]
DecisionType = Literal["approve", "edit", "reject", "respond"]
RestartReason = Literal["fallback"]
EVERY_DECISION: list[DecisionType] = ["approve", "edit", "reject", "respond"]


class UsageTotals(TypedDict):
    """Tokens of all model calls of a run; `cost_usd` is null where a price is unknown."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: float | None


class ApprovalRequest(TypedDict):
    """A tool call that a person is asked about; `tool_call_id` is null where no model wrote such a call."""

    tool_call_id: str | None
    name: str
    input: Any
    allowed: list[DecisionType]


class Blocked(TypedDict):
    """What kept the event loop from all other runs, by name, and for how long."""

    name: str
    ms: int


class Source(TypedDict):
    """A document that a retriever found."""

    id: str | None
    title: str | None
    url: str | None
    snippet: str
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What all events share."""

    t: int

    def data(self) -> object:
        """What travels as `data`: an object that orjson encodes as the event's fields."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse(Timed):
    """Fields that `optional` names travel only where they say something, and those of `local` never."""

    optional: ClassVar[tuple[str, ...]]
    local: ClassVar[tuple[str, ...]] = ()

    def data(self) -> object:
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in self.local}
        return {name: value for name, value in values.items() if value or name not in self.optional}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Timed):
    """The run began; always a log's first event."""

    type: ClassVar[Literal["run"]] = "run"
    protocol: int = PROTOCOL
    run_id: str
    chain: str
    model: str | None
    thread_id: str | None
    attempt: int
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token(Timed):
    """Text from a model."""

    type: ClassVar[Literal["token"]] = "token"
    message_id: str
    step: str | None
    channel: Channel
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredToken(Token):
    """A token with the log probabilities that were asked for, as OpenAI has them in `logprobs.content`."""

    logprobs: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning(Timed):
    """A model's thinking, where the provider sends it."""

    type: ClassVar[Literal["reasoning"]] = "reasoning"
    message_id: str
    step: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Timed):
    """A piece of a call as the model writes it; the `args_delta` of one `index` join to its JSON."""

    type: ClassVar[Literal["tool_call"]] = "tool_call"
    message_id: str
    step: str | None
    tool_call_id: str
    index: int
    name: str
    args_delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEnd(Timed):
    """A model call is over."""

    type: ClassVar[Literal["message_end"]] = "message_end"
    message_id: str
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Sparse):
    """What a model call used, where the provider reports it; `cost_usd` is null where its price is unknown.
    Of a call that was cut short, `estimated`, it is one output token for each piece of what came."""

    type: ClassVar[Literal["usage"]] = "usage"
    optional: ClassVar[tuple[str, ...]] = ("estimated",)
    message_id: str
    model: str | None
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: float | None = None
    estimated: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Timed):
    """A model call failed in mid-answer and another model begins anew: what was told of the message, which is
    over, counts no more. `code` says what happened, `model` to which model, `next_model` which one goes on.

    `discard_from` is the `seq` of the message's first event; other messages' events after it still count.
    The bridge knows of no `seq`: whoever writes the log fills in that and `attempt`, the log's own.
    """

    type: ClassVar[Literal["restart"]] = "restart"
    attempt: int = 0
    reason: RestartReason = "fallback"
    discard_from: int = 0
    message_id: str
    code: str
    model: str | None
    next_model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStart(Timed):
    """A tool runs."""

    type: ClassVar[Literal["tool_start"]] = "tool_start"
    tool_call_id: str
    step: str | None
    name: str
    input: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgress(Timed):
    """A custom event from inside a tool."""

    type: ClassVar[Literal["tool_progress"]] = "tool_progress"
    tool_call_id: str
    name: str
    data_: Any

    def data(self) -> object:
        return {"t": self.t, "tool_call_id": self.tool_call_id, "name": self.name, "data": self.data_}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEnd(Sparse):
    """A tool returned. An output over its bound is cut: then `truncated` is true, `size` its characters, and
    `whole`, which does not travel, is the output as it was."""

    type: ClassVar[Literal["tool_end"]] = "tool_end"
    optional: ClassVar[tuple[str, ...]] = ("truncated", "size")
    local: ClassVar[tuple[str, ...]] = ("whole",)
    tool_call_id: str
    name: str
    output: Any
    duration_ms: int
    truncated: bool | None = None
    size: int | None = None
    whole: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolError(Timed):
    """A tool failed, was cancelled, or could not be run."""

    type: ClassVar[Literal["tool_error"]] = "tool_error"
    tool_call_id: str
    name: str
    code: str
    message: str
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStart(Timed):
    """A graph node or named sub-chain began; `parent` is the step around it."""

    type: ClassVar[Literal["step_start"]] = "step_start"
    step: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd(Timed):
    """A step is over."""

    type: ClassVar[Literal["step_end"]] = "step_end"
    step: str
    name: str
    parent: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources(Timed):
    """Documents that a retriever found."""

    type: ClassVar[Literal["sources"]] = "sources"
    items: list[Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom(Timed):
    """A custom event outside any tool."""

    type: ClassVar[Literal["custom"]] = "custom"
    name: str
    data_: Any

    def data(self) -> object:
        return {"t": self.t, "name": self.name, "data": self.data_}


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(Timed):
    """A structured output so far: each has all that the one before it had, and more."""

    type: ClassVar[Literal["partial"]] = "partial"
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Sparse):
    """A graph waits for a person. `requests` are the tool calls that it asks about, none for a question of a
    node; `response_schema`, where the graph gave one, is the JSON Schema of the answer."""

    type: ClassVar[Literal["approval"]] = "approval"
    optional: ClassVar[tuple[str, ...]] = ("response_schema",)
    interrupt_id: str
    value: Any
    requests: list[ApprovalRequest]
    response_schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Sparse):
    """What the terminal events share: `blocked` lists what of the run blocked the event loop, if anything."""

    optional: ClassVar[tuple[str, ...]] = ("blocked",)
    blocked: list[Blocked] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Ended):
    """The run succeeded."""

    type: ClassVar[Literal["done"]] = "done"
    output: Any
    finish_reason: FinishReason
    usage: UsageTotals
    ttft_ms: int | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError(Ended):
    """The run failed; `fault` says whose it was, `retryable` whether the same request may succeed later."""

    type: ClassVar[Literal["error"]] = "error"
    code: str
    message: str
    fault: Fault
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Ended):
    """The run was stopped; `output` is the answer's text so far."""

    type: ClassVar[Literal["cancelled"]] = "cancelled"
    reason: CancelReason
    output: str
    usage: UsageTotals
    duration_ms: int


BridgeEvent = (
    Token
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
)
TerminalEvent = Done | RunError | Cancelled
# Small, and told also of a run that may say nothing more
CLOSING = (MessageEnd, Usage, Restart, StepEnd, ToolError)
Event = RunStarted | BridgeEvent | TerminalEvent


def _classes(union: UnionType) -> dict[str, Any]:
    return {event.type: event for event in get_args(union)}


EVENTS: dict[str, type[Event]] = _classes(Event)
TERMINAL: frozenset[str] = frozenset(_classes(TerminalEvent))


def encode_event(event: Event) -> bytes:
    """The event's `data` as one line of JSON."""
    return encode_json(event.data())


def decode_event(name: str, line: bytes) -> Event:
    """The event of a log line; the inverse of `encode_event`."""
    fields = orjson.loads(line)
    if name in _WITH_DATA:
        fields["data_"] = fields.pop("data")
    if name == Token.type and "logprobs" in fields:
        return ScoredToken(**fields)
    return EVENTS[name](**fields)


_WITH_DATA = frozenset({"custom", "tool_progress"})
