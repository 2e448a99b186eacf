"""Pure: a run's events so far as what its bridge and its writer knew: another process can go on from there.

What LangChain's run ids were keys of is over when a run waits: what is left are counters, sums, and the tools
that will start again. One thing is guessed, since no event tells it: a message without text is of the answer
unless a tool ran beside it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from .bill import Bill, no_tokens, used_in
from .events import (
    Approval,
    Cancelled,
    Channel,
    Custom,
    Done,
    Event,
    FinishReason,
    MessageEnd,
    Partial,
    Reasoning,
    Restart,
    RunError,
    RunStarted,
    Sources,
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
from .rates import Spent
from .run_tree import Tool
from .written import Tokens

_OUR_TOOL_ID = re.compile(r"tool(\d+)")  # of calls that have no id of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """Of a run up to where it waits; without fields, of one that begins. Times are in milliseconds: `t` since
    the run began, `worked` without those in which it waited, `asked_at` the last event's."""

    begun: bool = False
    seq: int = 0
    t: int = 0
    asked_at: int = 0
    worked: int = 0
    messages: int = 0
    steps: int = 0
    unnamed_tools: int = 0
    used: Tokens = field(default_factory=no_tokens)
    usd: float = 0.0  # the costs that are known
    unpriced: int = 0  # calls whose cost is not
    finish_reason: FinishReason = "stop"
    written: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # not started; id: name and args
    places: Sequence[str] = ()  # the ids of all written calls, in their order
    interrupted: Sequence[Tool] = ()  # those that wait for a person and will start again
    rejected: Mapping[str, str | None] = field(default_factory=dict)  # as ToolCalls.go_on, and not told yet
    answers: Mapping[str, str] = field(default_factory=dict)  # the text of each message of the answer
    first_token_at: int | None = None
    size: int = 0  # bytes of all lines but the first
    asked: Sequence[Approval] = ()  # all that was ever asked
    approvals: Sequence[Approval] = ()  # what it waits for

    @property
    def spent(self) -> Spent:
        return Spent(self.usd, self.used["total_tokens"])


def retell(events: Iterable[tuple[Event, int]]) -> Retold:
    """What a run's events with the sizes of their lines tell, which are a log from its start."""
    story = _Story()
    for event, size in events:
        story.take(event, size)
    return story.told()


class _Story:
    """Takes a run's events one by one."""

    def __init__(self) -> None:
        self._begun = False
        self._seq = 0
        self._size = 0
        self._t = 0
        self._worked = 0
        self._messages = 0
        self._steps = 0
        self._unnamed = 0
        self._bill = Bill()
        self._finish_reason: FinishReason = "stop"
        self._channels: dict[str, Channel] = {}
        self._written: dict[str, tuple[str, str]] = {}
        self._written_in: dict[str, list[str]] = {}  # the calls by the messages in flight
        self._places: dict[str, None] = {}
        self._running: dict[str, Tool] = {}
        self._answers: dict[str, list[str]] = {}
        self._first_token_at: int | None = None
        self._asked: list[Approval] = []
        self._approvals: list[Approval] = []

    def told(self) -> Retold:
        return Retold(
            begun=self._begun,
            seq=self._seq,
            t=self._t,
            asked_at=self._t,
            worked=self._worked,
            messages=self._messages,
            steps=self._steps,
            unnamed_tools=self._unnamed,
            used=self._bill.used,
            usd=self._bill.usd,
            unpriced=self._bill.unpriced,
            finish_reason=self._finish_reason,
            written=self._written,
            places=tuple(self._places),
            interrupted=tuple(self._running.values()),
            answers={message_id: "".join(texts) for message_id, texts in self._answers.items()},
            first_token_at=self._first_token_at,
            size=self._size,
            asked=tuple(self._asked),
            approvals=tuple(self._approvals),
        )

    def take(self, event: Event, size: int) -> None:  # noqa: C901 - one case for each event
        self._pass(event, size)
        match event:
            case RunStarted():
                self._begun, self._size = True, 0
            case Token():
                self._speak(event.message_id)
                self._channels[event.message_id] = event.channel
                if event.channel == "answer":
                    self._answer(event)
            case Reasoning():
                self._speak(event.message_id)
            case ToolCall():
                self._speak(event.message_id)
                self._write(event)
            case MessageEnd():
                self._end_message(event)
            case Restart():
                self._withdraw(event.message_id)
            case Usage():
                self._bill.take(event.message_id, used_in(event), event.cost_usd)
            case ToolStart():
                self._start_tool(event)
            case ToolEnd() | ToolError():
                self._written.pop(event.tool_call_id, None)
                self._running.pop(event.tool_call_id, None)
            case StepStart():
                self._steps = max(self._steps, _number_in(event.step))
            case Approval():
                self._asked.append(event)
                self._approvals.append(event)
            case ToolProgress() | StepEnd() | Sources() | Custom() | Partial():
                pass
            case Done() | RunError() | Cancelled():
                pass
            case _:
                assert_never(event)

    def _pass(self, event: Event, size: int) -> None:
        """The time and the bytes of any event; what comes after an approval came once it was answered."""
        if not self._approvals:
            self._worked += event.t - self._t
        if not isinstance(event, Approval):
            self._approvals = []
        self._seq += 1
        self._t = event.t
        self._size += size

    def _speak(self, message_id: str) -> None:
        self._messages = max(self._messages, _number_in(message_id))

    def _answer(self, event: Token) -> None:
        self._answers.setdefault(event.message_id, []).append(event.text)
        if self._first_token_at is None:
            self._first_token_at = event.t

    def _write(self, event: ToolCall) -> None:
        _, args = self._written.get(event.tool_call_id, ("", ""))
        self._written[event.tool_call_id] = event.name, args + event.args_delta
        self._places.setdefault(event.tool_call_id)
        calls = self._written_in.setdefault(event.message_id, [])
        if event.tool_call_id not in calls:
            calls.append(event.tool_call_id)

    def _withdraw(self, message_id: str) -> None:
        """What was told of the message counts no more."""
        self._answers.pop(message_id, None)
        for tool_call_id in self._written_in.pop(message_id, ()):
            self._written.pop(tool_call_id, None)

    def _end_message(self, event: MessageEnd) -> None:
        self._messages = max(self._messages, _number_in(event.message_id))
        self._written_in.pop(event.message_id, None)
        if self._channels.pop(event.message_id, "inner" if self._running else "answer") == "answer":
            self._finish_reason = event.finish_reason
        if event.finish_reason != "error":
            self._bill.miss(event.message_id)

    def _start_tool(self, event: ToolStart) -> None:
        was_written = self._written.pop(event.tool_call_id, None) is not None
        if not was_written and (ours := _OUR_TOOL_ID.fullmatch(event.tool_call_id)):
            self._unnamed = max(self._unnamed, int(ours[1]))
        self._running[event.tool_call_id] = Tool(event.tool_call_id, event.name, event.input, event.t)


def _number_in(our_id: str) -> int:
    """Of `m12` or `s12`."""
    return int(our_id[1:])
