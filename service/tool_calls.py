"""The tool calls of one run: written by a model, running, waiting for a person, and how each of them ends.

Not thread-safe: as the transcript, which it is a part of.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from .events import EVERY_DECISION, Approval, ApprovalRequest, BridgeEvent, ToolEnd, ToolError, ToolStart
from .retold import Retold
from .run_tree import Tool
from .values import clean_text
from .written import Output, Question, Unrun

ERROR_MAX_CHARS = 2_048
ENDED = "The run ended before the tool did."


@dataclass(slots=True)
class _Written:
    """A call as a model wrote it, before it starts."""

    tool_call_id: str
    name: str = ""
    args: str = ""


class ToolCalls:
    """Tells events to `put`; `now` is in milliseconds. Running tools are keyed by LangChain's run ids.
    What is `retold` was told before, by another process."""

    def __init__(self, put: Callable[[BridgeEvent], None], now: Callable[[], int], retold: Retold) -> None:
        self._put = put
        self._now = now
        self._unnamed = retold.unnamed_tools
        # Those that have not started
        self._written = {
            call_id: _Written(call_id, name, args) for call_id, (name, args) in retold.written.items()
        }
        # Of all, in the order in which they were written
        self._places = {call_id: place for place, call_id in enumerate(retold.places)}
        self._running: dict[UUID, Tool] = {}
        # Those that wait for a person and will start again
        self._interrupted = {tool.tool_call_id: tool for tool in retold.interrupted}
        self._asked_by: dict[str, Tool] = {}  # interrupts in a tool, by their ids
        self._rejected = dict(retold.rejected)  # by a person, with the reasons

    def is_running(self, tool: Tool) -> bool:
        return any(tool is running for running in self._running.values())

    def write(self, tool_call_id: str, name: str, args: str) -> None:
        """A model wrote a piece of a call."""
        call = self._written.setdefault(tool_call_id, _Written(tool_call_id))
        call.name, call.args = name, call.args + args
        self._places.setdefault(tool_call_id, len(self._places))

    def withdraw(self, tool_call_ids: Iterable[str]) -> None:
        """The message in which these were written counts no more: nothing will run them."""
        for tool_call_id in tool_call_ids:
            self._written.pop(tool_call_id, None)

    # --- running -----------------------------------------------------------------------------------

    def start(self, run_id: UUID, step: str | None, tool_call_id: str | None, name: str, given: Any) -> Tool:
        """A tool runs, perhaps again, since it waited for a person: then that is not told."""
        waited = self._take_interrupted(tool_call_id, name, given)
        known = waited.tool_call_id if waited else tool_call_id or self._written_alike(name, given)
        tool = Tool(known or self._new_id(), name, given, self._now())
        self._written.pop(tool.tool_call_id, None)
        self._running[run_id] = tool
        if waited is None:
            self._put(
                ToolStart(t=tool.started, tool_call_id=tool.tool_call_id, step=step, name=name, input=given)
            )
        return tool

    def _new_id(self) -> str:
        self._unnamed += 1
        return f"tool{self._unnamed}"

    def _written_alike(self, name: str, given: Any) -> str | None:
        """Whoever runs tools by hand, by `tool.invoke(call["args"])`, does not say which call it is."""
        alike = (each for each in self._written.values() if each.name == name and _parsed(each.args) == given)
        return next((call.tool_call_id for call in alike), None)

    def _take_interrupted(self, tool_call_id: str | None, name: str, given: Any) -> Tool | None:
        """The tool that waited for a person and now runs again; one without an id is known by what it got."""
        if tool_call_id is not None:
            return self._interrupted.pop(tool_call_id, None)
        alike = (tool for tool in self._interrupted.values() if (tool.name, tool.given) == (name, given))
        tool = next(alike, None)
        return self._interrupted.pop(tool.tool_call_id) if tool else None

    def end(self, run_id: UUID, output: Output) -> None:
        if tool := self._running.pop(run_id, None):
            if tool.tool_call_id in self._rejected:
                self._put_error(tool, "rejected", str(output.shown))
            else:
                self._put_end(tool, output)

    def fail(self, run_id: UUID, code: str, message: str) -> None:
        if tool := self._running.pop(run_id, None):
            self._put_error(tool, code, message)

    def cancel(self, run_id: UUID) -> None:
        """Nothing more will be heard of it."""
        self.fail(run_id, "cancelled", ENDED)

    def tell_unrun(self, answered: Iterable[Unrun]) -> None:
        """Of these calls, those that were written and did not start were answered without the tool."""
        for unrun in answered:
            call = self._written.pop(unrun["tool_call_id"], None)
            if call is None:
                continue
            tool = Tool(call.tool_call_id, unrun["name"] or call.name, None, self._now())
            if unrun["failed"]:
                self._put_error(tool, "not_run", unrun["message"].shown)
            else:
                self._put_end(tool, unrun["message"])

    def close(self) -> None:
        """The run is over, and whatever is in flight with it."""
        for tool in [*self._running.values(), *self._interrupted.values()]:
            self._put_error(tool, "cancelled", ENDED)
        self._running, self._interrupted = {}, {}

    # --- waiting for a person ----------------------------------------------------------------------

    def interrupt(self, run_id: UUID, interrupt_ids: Iterable[str]) -> None:
        """The tool waits for a person: it is not over, and runs again from its start when it goes on."""
        if tool := self._running.pop(run_id, None):
            self._interrupted[tool.tool_call_id] = tool
            for interrupt_id in interrupt_ids:  # the innermost tool comes first
                self._asked_by.setdefault(interrupt_id, tool)

    def ask(self, questions: Iterable[Question]) -> None:
        t, unmatched = self._now(), dict(self._written)
        approvals = [
            Approval(
                t=t,
                interrupt_id=question["interrupt_id"],
                value=question["value"],
                requests=self._requests_of(question, unmatched),
                response_schema=question["response_schema"],
            )
            for question in questions
        ]
        for approval in sorted(approvals, key=self._place_of):  # LangGraph's own order is any
            self._put(approval)

    def go_on(self, rejected: Mapping[str, str | None]) -> None:
        """A person has answered; these calls were rejected, by their ids, with the reasons given."""
        self._rejected.update(rejected)

    def _place_of(self, approval: Approval) -> int:
        """Where the call that is asked about stood among all that were written; other questions are first."""
        called = approval.requests[0]["tool_call_id"] if approval.requests else None
        return self._places.get(called, -1) if called else -1

    def _requests_of(self, question: Question, unmatched: dict[str, _Written]) -> list[ApprovalRequest]:
        tool = self._asked_by.pop(question["interrupt_id"], None)
        if question["plain"] and tool is not None:
            asked = ApprovalRequest(
                tool_call_id=tool.tool_call_id, name=tool.name, input=tool.given, allowed=EVERY_DECISION
            )
            return [asked]
        return [_with_call_id(request, unmatched) for request in question["requests"]]

    # --- events ------------------------------------------------------------------------------------

    def _put_end(self, tool: Tool, output: Output) -> None:
        t = self._now()
        self._put(
            ToolEnd(
                t=t,
                tool_call_id=tool.tool_call_id,
                name=tool.name,
                output=output.shown,
                duration_ms=t - tool.started,
                truncated=output.size is not None,
                size=output.size,
                whole=output.whole,
            )
        )

    def _put_error(self, tool: Tool, code: str, message: str) -> None:
        t = self._now()
        if tool.tool_call_id in self._rejected:
            code, message = "rejected", self._rejected.pop(tool.tool_call_id) or message
        self._put(
            ToolError(
                t=t,
                tool_call_id=tool.tool_call_id,
                name=tool.name,
                code=code,
                message=clean_text(message[:ERROR_MAX_CHARS]),
                duration_ms=t - tool.started,
            )
        )


def _with_call_id(request: ApprovalRequest, unmatched: dict[str, _Written]) -> ApprovalRequest:
    """LangChain's middleware does not say which call it asks about: it is the first that is alike."""
    if request["tool_call_id"] is not None:
        return request
    named = [call for call in unmatched.values() if call.name == request["name"]]
    alike = (call for call in named if _parsed(call.args) == request["input"])
    call = next(alike, next(iter(named), None))
    if call is None:
        return request
    del unmatched[call.tool_call_id]
    return {**request, "tool_call_id": call.tool_call_id}


def _parsed(args: str) -> Any:
    try:
        return orjson.loads(args)
    except orjson.JSONDecodeError:
        return None
