"""What a run waits for, as AG-UI's interrupts: pure."""

from collections.abc import Mapping
from typing import Any

from ag_ui.core import Interrupt

from ..events import Approval, ApprovalRequest

ABOUT = "chainstream"  # under which an interrupt's metadata has what was asked, as it was asked
_SAYS = ("message", "question", "description")


def interrupt_of(event_id: str, asked: Approval) -> Interrupt:
    """Its id is that of the event which asked: one graph may ask twice under one interrupt's id.

    `reason` is `tool_call` for one call, else `input_required`. The schema is of the answer's `payload`.
    """
    call = asked.requests[0]["tool_call_id"] if len(asked.requests) == 1 else None
    return Interrupt(
        id=event_id,
        reason="input_required" if call is None else "tool_call",
        message=_message_of(asked),
        tool_call_id=call,
        response_schema=asked.response_schema or _schema_for(asked.requests),
        metadata={
            ABOUT: {"interrupt_id": asked.interrupt_id, "value": asked.value, "requests": asked.requests}
        },
    )


def _message_of(asked: Approval) -> str | None:
    if isinstance(asked.value, str):
        return asked.value
    if asked.requests:
        return f"Run {', '.join(request['name'] for request in asked.requests)}?"
    said = asked.value if isinstance(asked.value, Mapping) else {}
    return next((said[name] for name in _SAYS if isinstance(said.get(name), str)), None)


def _schema_for(requests: list[ApprovalRequest]) -> dict[str, Any] | None:
    """Of the payload that answers these requests; None where any JSON does."""
    if not requests:
        return None
    if len(requests) == 1:
        return _decision_schema(requests[0])
    decisions = {
        "type": "array",
        "prefixItems": [_decision_schema(request) for request in requests],
        "minItems": len(requests),
        "maxItems": len(requests),
    }
    return {"type": "object", "properties": {"decisions": decisions}, "required": ["decisions"]}


def _decision_schema(request: ApprovalRequest) -> dict[str, Any]:
    """AG-UI's own form of an approval; where `editedArgs` is not named the call cannot be edited."""
    allowed = request["allowed"]
    approved: dict[str, Any] = {"type": "boolean"}
    if not {"approve", "edit"} & {*allowed}:
        approved["const"] = False
    properties = {"approved": approved, "reason": {"type": "string"}}
    if "edit" in allowed:
        properties["editedArgs"] = {"type": "object", "description": "All arguments, not a part of them."}
    if "respond" in allowed:
        properties["response"] = {"type": "string", "description": "The tool's result, in place of a call."}
        return {"type": "object", "properties": properties, "minProperties": 1}
    return {"type": "object", "properties": properties, "required": ["approved"]}
