"""A run's tool calls as chunks of the AI SDK's UI message stream: written, asked about, run.

The client throws at an output of a call that it has not seen, so each is told before.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from ..events import (
    EVERY_DECISION,
    Approval,
    ApprovalRequest,
    MessageEnd,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolStart,
)

Chunk = dict[str, Any]

QUESTION = "question"  # the tool's name, for what a graph asks outside of any tool
UNRUN = "The run ended before this call did."
CUT_SHORT = "The model broke off while it wrote this call."

_OURS = {"dynamic": True, "providerExecuted": True}  # the client neither knows these tools nor is to run them


@dataclass(slots=True)
class _Call:
    """A call without its output. `approval_id` is set while a person is asked, `question` where there is no
    tool; `waited`: its run has waited for a person since it was written."""

    name: str
    message_id: str | None = None
    args: list[str] | None = None  # while the model writes them
    input: Any = None
    approval_id: str | None = None
    question: bool = False
    waited: bool = False


class UICalls:
    """Of one run. Holds at most what the run's log does."""

    def __init__(self) -> None:
        self._open: dict[str, _Call] = {}
        self._known: set[str] = set()

    @property
    def go_on(self) -> bool:
        return bool(self._open)

    # --- written by a model ------------------------------------------------------------------------

    def written(self, event: ToolCall) -> list[Chunk]:
        """A piece of a call."""
        call = self._open.get(event.tool_call_id)
        chunks = [] if call and call.args is not None else [self._begun(event)]
        args = self._open[event.tool_call_id].args
        if event.args_delta and args is not None:
            args.append(event.args_delta)
            delta = {"toolCallId": event.tool_call_id, "inputTextDelta": event.args_delta}
            chunks.append({"type": "tool-input-delta", **delta})
        return chunks

    def message_ended(self, event: MessageEnd) -> list[Chunk]:
        """Its calls are whole, unless it broke off."""
        broken = event.finish_reason == "error"
        return [
            self._whole(call_id, call, call.args, broken=broken)
            for call_id, call in list(self._open.items())
            if call.message_id == event.message_id and call.args is not None
        ]

    def forget(self, message_id: str) -> None:
        """The calls of a message that counts no more: none of them has run."""
        for call_id in [each for each, call in self._open.items() if call.message_id == message_id]:
            del self._open[call_id]
            self._known.discard(call_id)

    def _begun(self, event: ToolCall) -> Chunk:
        self._open[event.tool_call_id] = _Call(event.name, event.message_id, [])
        self._known.add(event.tool_call_id)
        named = {"toolCallId": event.tool_call_id, "toolName": event.name}
        return {"type": "tool-input-start", **named, **_OURS}

    def _whole(self, call_id: str, call: _Call, args: list[str], *, broken: bool) -> Chunk:
        """What is no JSON is no call."""
        text = "".join(args)
        try:
            given = orjson.loads(text or "{}")
        except orjson.JSONDecodeError:
            broken, given = True, text
        if not broken:
            return self._input(call_id, call, given)
        del self._open[call_id]
        named = {"toolCallId": call_id, "toolName": call.name, "input": given}
        return {"type": "tool-input-error", **named, "errorText": CUT_SHORT, **_OURS}

    def _input(self, call_id: str, call: _Call, given: Any) -> Chunk:
        call.args, call.input = None, given
        self._open[call_id] = call
        self._known.add(call_id)
        named = {"toolCallId": call_id, "toolName": call.name, "input": given}
        return {"type": "tool-input-available", **named, **_OURS}

    # --- running -----------------------------------------------------------------------------------

    def started(self, event: ToolStart) -> list[Chunk]:
        call = self._open.get(event.tool_call_id) or _Call(event.name, args=[])
        chunks: list[Chunk] = []
        if call.args is not None or call.input != event.input:  # not told before, or a person has changed it
            chunks.append(self._input(event.tool_call_id, call, event.input))
        return chunks + self._decided(event.tool_call_id, approved=True)

    def ended(self, event: ToolEnd) -> list[Chunk]:
        chunks = self._told(event.tool_call_id, event.name) + self._decided(event.tool_call_id, approved=True)
        self._open.pop(event.tool_call_id, None)
        cut = {"toolMetadata": {"truncated": True, "size": event.size}} if event.truncated else {}
        return [*chunks, {**_output(event.tool_call_id, event.output), **cut}]

    def failed(self, event: ToolError) -> list[Chunk]:
        rejected, call_id = event.code == "rejected", event.tool_call_id
        reason = event.message if rejected else None
        chunks = self._told(call_id, event.name) + self._decided(
            call_id, approved=not rejected, reason=reason
        )
        self._open.pop(call_id, None)
        if rejected:
            return [*chunks, {"type": "tool-output-denied", "toolCallId": call_id}]
        return [*chunks, _output_error(call_id, event.message)]

    def closed(self, *, succeeded: bool) -> list[Chunk]:
        """The run is over. What a model wrote for others to run stays as it is, in a run that succeeded."""
        chunks: list[Chunk] = []
        for call_id, call in list(self._open.items()):
            if call.args is not None:
                chunks.append(self._whole(call_id, call, call.args, broken=True))
            elif call.waited or not succeeded:
                chunks.append(_output_error(call_id, UNRUN))
        return chunks

    def _told(self, call_id: str, name: str, given: Any = None) -> list[Chunk]:
        """The client must have seen the call, and all that the model wrote of it."""
        call = self._open.get(call_id)
        if call is not None and call.args is not None:
            return [self._whole(call_id, call, call.args, broken=False)]
        return [] if call_id in self._known else [self._input(call_id, _Call(name), given)]

    # --- waiting for a person ----------------------------------------------------------------------

    def asked(self, event: Approval, run_id: str) -> list[Chunk]:
        question = ApprovalRequest(
            tool_call_id=None, name=QUESTION, input=event.value, allowed=EVERY_DECISION
        )
        requests = event.requests or [question]
        chunks = [
            chunk
            for place, request in enumerate(requests)
            for chunk in self._asked_about(event, run_id, place, request)
        ]
        for call in self._open.values():
            call.waited = True
        return chunks

    def paused(self, run_id: str) -> list[Chunk]:
        """Calls that nobody is asked about are marked as allowed: the client sends the answers once no call
        of the step is without one."""
        unasked = [call_id for call_id, call in self._open.items() if call.approval_id is None]
        return [chunk for call_id in unasked for chunk in _allowed(run_id, call_id)]

    def questions_answered(self) -> list[Chunk]:
        """The run goes on: its questions outside of tools were answered. Nothing tells how."""
        answered = [call_id for call_id, call in self._open.items() if call.question]
        for call_id in answered:
            del self._open[call_id]
        return [_output(call_id, None) for call_id in answered]

    def _asked_about(self, event: Approval, run_id: str, place: int, request: ApprovalRequest) -> list[Chunk]:
        call_id = request["tool_call_id"] or f"{event.interrupt_id}.{place}"
        chunks = self._told(call_id, request["name"], request["input"])
        call = self._open.setdefault(call_id, _Call(request["name"], input=request["input"]))
        call.question = request["tool_call_id"] is None
        call.approval_id = f"{run_id}.{event.interrupt_id}.{place}"
        about: Chunk = {"interruptId": event.interrupt_id, "allowed": request["allowed"]}
        if place == 0:
            about |= {"value": event.value, "responseSchema": event.response_schema}
        asked = {"approvalId": call.approval_id, "toolCallId": call_id, "approvalDescriptor": about}
        return [*chunks, {"type": "tool-approval-request", **asked}]

    def _decided(self, call_id: str, *, approved: bool, reason: str | None = None) -> list[Chunk]:
        """What a person has decided is told by what became of the call."""
        call = self._open.get(call_id)
        if call is None or call.approval_id is None:
            return []
        approval_id, call.approval_id = call.approval_id, None
        return [_response(approval_id, approved=approved, reason=reason)]


def _allowed(run_id: str, call_id: str) -> list[Chunk]:
    approval_id = f"{run_id}..{call_id}"  # names no question, so that it is no answer to one
    asked = {"approvalId": approval_id, "toolCallId": call_id, "isAutomatic": True}
    return [{"type": "tool-approval-request", **asked}, _response(approval_id, approved=True)]


def _output(call_id: str, output: Any) -> Chunk:
    return {"type": "tool-output-available", "toolCallId": call_id, "output": output, **_OURS}


def _output_error(call_id: str, message: str) -> Chunk:
    return {"type": "tool-output-error", "toolCallId": call_id, "errorText": message, **_OURS}


def _response(approval_id: str, *, approved: bool, reason: str | None = None) -> Chunk:
    told = {} if reason is None else {"reason": reason}
    return {"type": "tool-approval-response", "approvalId": approval_id, "approved": approved, **told}
