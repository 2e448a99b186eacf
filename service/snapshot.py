"""Pure: a run's events so far as one state, for who cannot or need not read them one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, assert_never

from typing_extensions import TypedDict

from .event_log.base import Cursor, Record
from .events import (
    Approval,
    ApprovalRequest,
    Cancelled,
    Channel,
    Custom,
    Done,
    Event,
    MessageEnd,
    Partial,
    Reasoning,
    Restart,
    RunError,
    RunStarted,
    Sources,
    Status,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
)

ToolStatus = Literal["called", "running", "succeeded", "failed"]


class MessageState(TypedDict):
    """A model call's text so far."""

    message_id: str
    channel: Channel
    text: str


class ToolFailure(TypedDict):
    """Why a tool call failed."""

    code: str
    message: str


class ToolState(TypedDict):
    """A tool call: as a model wrote it (`message_id`, `args`), as it ran (`input`), and what came of it."""

    tool_call_id: str
    name: str
    status: ToolStatus
    message_id: NotRequired[str]
    args: NotRequired[str]
    input: NotRequired[Any]
    output: NotRequired[Any]
    error: NotRequired[ToolFailure]
    duration_ms: NotRequired[int]


class ApprovalState(TypedDict):
    """A question that waits for a person."""

    interrupt_id: str
    value: Any
    requests: list[ApprovalRequest]
    response_schema: NotRequired[dict[str, Any]]


class Snapshot(TypedDict):
    """What a client shows instead of the events it cannot have."""

    messages: list[MessageState]
    tools: list[ToolState]
    approvals: list[ApprovalState]
    status: Status


def approval_state(asked: Approval) -> ApprovalState:
    state = ApprovalState(interrupt_id=asked.interrupt_id, value=asked.value, requests=asked.requests)
    if asked.response_schema is not None:
        state["response_schema"] = asked.response_schema
    return state


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that the reader asked for and cannot have; `snapshot` is the state up to `as_of`."""

    reason: str
    requested: Cursor
    as_of: Cursor
    snapshot: Snapshot


class Fold:
    """Takes a run's events one by one; can be read at any time."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._channels: dict[str, Channel] = {}
        self._tools: dict[str, ToolState] = {}
        self._approvals: list[ApprovalState] = []
        self._status: Status = "queued"

    def snapshot(self) -> Snapshot:
        messages = [
            MessageState(message_id=message_id, channel=self._channels[message_id], text="".join(parts))
            for message_id, parts in self._texts.items()
        ]
        return Snapshot(
            messages=messages,
            tools=list(self._tools.values()),
            approvals=list(self._approvals),
            status=self._status,
        )

    def apply(self, event: Event) -> None:  # noqa: C901 - one case for each event
        if self._approvals and not isinstance(event, Approval):
            self._approvals, self._status = [], "running"  # the run went on, so they were answered
        match event:
            case RunStarted():
                self._status = "running"
            case Token():
                self._texts.setdefault(event.message_id, []).append(event.text)
                self._channels[event.message_id] = event.channel
            case ToolCall():
                tool = self._tool(event.tool_call_id, event.name, "called")
                tool["message_id"] = event.message_id
                tool["args"] = tool.get("args", "") + event.args_delta
            case Restart():
                self._withdraw(event.message_id)
            case ToolStart():
                self._tool(event.tool_call_id, event.name, "running")["input"] = event.input
            case ToolEnd():
                tool = self._tool(event.tool_call_id, event.name, "succeeded")
                tool["output"], tool["duration_ms"] = event.output, event.duration_ms
            case ToolError():
                tool = self._tool(event.tool_call_id, event.name, "failed")
                tool["error"] = {"code": event.code, "message": event.message}
                tool["duration_ms"] = event.duration_ms
            case Approval():
                self._approvals.append(approval_state(event))
                self._status = "waiting"
            case Done():
                self._status = "succeeded"
            case RunError():
                self._status = "failed"
            case Cancelled():
                self._status = "cancelled"
            case (
                Reasoning()
                | MessageEnd()
                | Usage()
                | ToolProgress()
                | StepStart()
                | StepEnd()
                | Sources()
                | Custom()
                | Partial()  # the next one, or `done`, has it whole
            ):
                pass
            case _:
                assert_never(event)

    def _withdraw(self, message_id: str) -> None:
        """What the message told counts no more: its text, and its calls, none of which has started."""
        self._texts.pop(message_id, None)
        self._channels.pop(message_id, None)
        written = [
            tool_call_id
            for tool_call_id, tool in self._tools.items()
            if tool.get("message_id") == message_id and tool["status"] == "called"
        ]
        for tool_call_id in written:
            del self._tools[tool_call_id]

    def _tool(self, tool_call_id: str, name: str, status: ToolStatus) -> ToolState:
        new = ToolState(tool_call_id=tool_call_id, name=name, status=status)
        tool = self._tools.setdefault(tool_call_id, new)
        tool["status"] = status
        return tool


def fold(records: Iterable[Record]) -> Fold:
    """The state after these records, which are a log from its start."""
    state = Fold()
    for record in records:
        state.apply(record.event())
    return state
