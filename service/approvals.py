"""What a graph asks of people, and their decisions as the graph takes them: pure, over JSON.

`interrupt()` takes any value. Libraries have forms of it that ask about tool calls, and forms of the answer:
one class here for each such dialect. Everything else is a plain question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from jsonschema import Draft202012Validator
from langgraph.callbacks import GraphInterruptEvent
from langgraph.types import Interrupt

from .errors import Unprocessable
from .events import EVERY_DECISION, Approval, ApprovalRequest, DecisionType
from .values import to_json
from .written import Question

Schema = Mapping[str, Any]

BREAKPOINT = "breakpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's; `args` and `name` are an edited call's, `value` answers a plain question with any JSON."""

    type: DecisionType
    message: str | None = None
    name: str | None = None
    args: dict[str, Any] | None = None
    value: Any = None


def question_of(interrupt: Interrupt) -> Question:
    value = to_json(interrupt.value)
    schema = to_json(interrupt.response_schema) if isinstance(interrupt.response_schema, Mapping) else None
    requests = _dialect_of(value).requests(value, schema)
    return Question(
        interrupt_id=interrupt.id,
        value=value,
        requests=requests or [],
        response_schema=schema,
        plain=requests is None,
    )


def breakpoint_of(event: GraphInterruptEvent) -> Question:
    """A graph that was compiled to stop before or after a node asks nothing: any decision lets it go on."""
    value = {BREAKPOINT: event.status}
    schema, requests = None, list[ApprovalRequest]()
    return Question(
        interrupt_id=event.checkpoint_id, value=value, requests=requests, response_schema=schema, plain=True
    )


def answer_to(approval: Approval, decisions: Sequence[Decision]) -> Any:
    """What `interrupt()` returns for these decisions. Raises Unprocessable with what would be right."""
    wanted = max(1, len(approval.requests))
    if len(decisions) != wanted:
        message = f"This approval takes {wanted} decision{'s' if wanted > 1 else ''}, one for each request"
        raise Unprocessable("wrong_decisions", f"{message}; there are {len(decisions)}.")
    for request, decision in zip(approval.requests, decisions, strict=False):
        _check(request, decision)
    answer = _dialect_of(approval.value).answer(approval, decisions)
    if approval.response_schema is not None:
        _check_schema(answer, approval.response_schema)
    return answer


def rejected_in(approval: Approval, decisions: Sequence[Decision]) -> dict[str, str | None]:
    """The calls that are not to run, by their id, with the reason where one was given."""
    return {
        request["tool_call_id"]: decision.message
        for request, decision in zip(approval.requests, decisions, strict=False)
        if decision.type == "reject" and request["tool_call_id"] is not None
    }


def _check(request: ApprovalRequest, decision: Decision) -> None:
    if decision.type not in request["allowed"]:
        allowed = ", ".join(request["allowed"])
        message = f"{request['name']!r} takes {allowed}, not {decision.type}."
        raise Unprocessable("decision_not_allowed", message)
    if decision.type == "edit" and decision.args is None:
        raise Unprocessable("wrong_decisions", "An edit needs `args`, an object with all arguments.")


def _check_schema(answer: Any, schema: Schema) -> None:
    for error in Draft202012Validator(schema).iter_errors(answer):
        message = f"The answer is not what the graph asked for: at {error.json_path}, {error.message[:300]}."
        raise Unprocessable("wrong_answer", message)


class _Dialect(Protocol):
    def requests(self, value: Any, schema: Schema | None) -> list[ApprovalRequest] | None:
        """What is asked for; None where the value is not of this dialect."""

    def answer(self, approval: Approval, decisions: Sequence[Decision]) -> Any:
        """The decisions as this dialect has them."""


class _Middleware:
    """LangChain's HumanInTheLoopMiddleware: one interrupt for all calls of a message."""

    def requests(self, value: Any, schema: Schema | None) -> list[ApprovalRequest] | None:
        if not isinstance(value, Mapping) or not isinstance(value.get("action_requests"), list):
            return None
        configs = value.get("review_configs") or []
        allowed = {config["action_name"]: config["allowed_decisions"] for config in configs}
        return [
            _request(action["name"], action.get("args"), allowed.get(action["name"], EVERY_DECISION))
            for action in value["action_requests"]
        ]

    def answer(self, approval: Approval, decisions: Sequence[Decision]) -> Any:
        pairs = zip(approval.requests, decisions, strict=True)
        return {"decisions": [_langchain_decision(request, decision) for request, decision in pairs]}


class _PerCall:
    """The same middleware with an interrupt for each call (`interrupt_mode="per_call"`)."""

    def requests(self, value: Any, schema: Schema | None) -> list[ApprovalRequest] | None:
        if not isinstance(value, Mapping) or value.get("type") != "tool_approval":
            return None
        allowed = _types_in(schema) if schema else EVERY_DECISION
        return [_request(value["name"], value.get("args"), allowed, value.get("tool_call_id"))]

    def answer(self, approval: Approval, decisions: Sequence[Decision]) -> Any:
        return _langchain_decision(approval.requests[0], decisions[0])


class _Inbox:
    """LangGraph's HumanInterrupt, one or a list of them, as Agent Inbox has it."""

    _ALLOWS: ClassVar[dict[str, DecisionType]] = {
        "allow_accept": "approve",
        "allow_edit": "edit",
        "allow_ignore": "reject",
        "allow_respond": "respond",
    }
    _TYPES: ClassVar[dict[DecisionType, Literal["accept", "edit", "ignore", "response"]]] = {
        "approve": "accept",
        "edit": "edit",
        "reject": "ignore",
        "respond": "response",
    }

    def requests(self, value: Any, schema: Schema | None) -> list[ApprovalRequest] | None:
        asked = value if isinstance(value, list) else [value]
        if not asked or not all(isinstance(one, Mapping) and "action_request" in one for one in asked):
            return None
        return [self._request(one) for one in asked]

    def answer(self, approval: Approval, decisions: Sequence[Decision]) -> Any:
        pairs = zip(approval.requests, decisions, strict=True)
        answers = [self._answer(request, decision) for request, decision in pairs]
        return answers if isinstance(approval.value, list) else answers[0]

    def _request(self, asked: Mapping[str, Any]) -> ApprovalRequest:
        config = asked.get("config") or {}
        allowed = [decision for name, decision in self._ALLOWS.items() if config.get(name, not config)]
        action = asked["action_request"]
        return _request(action.get("action"), action.get("args"), allowed)

    def _answer(self, request: ApprovalRequest, decision: Decision) -> dict[str, Any]:
        args: Any = decision.message
        if decision.type == "edit":
            args = {"action": decision.name or request["name"], "args": decision.args}
        return {"type": self._TYPES[decision.type], "args": args}


class _Plain:
    """Any other value: yes and no are true and false, and what a person says is given as it is."""

    def requests(self, value: Any, schema: Schema | None) -> list[ApprovalRequest] | None:
        return None

    def answer(self, approval: Approval, decisions: Sequence[Decision]) -> Any:
        match decisions[0].type:
            case "approve":
                return True
            case "reject":
                return False
            case "edit":
                return decisions[0].args
            case "respond":
                return decisions[0].message if decisions[0].value is None else decisions[0].value


_DIALECTS: tuple[_Dialect, ...] = (_Middleware(), _PerCall(), _Inbox())
_PLAIN = _Plain()


def _dialect_of(value: Any) -> _Dialect:
    return next((dialect for dialect in _DIALECTS if _reads(dialect, value)), _PLAIN)


def _reads(dialect: _Dialect, value: Any) -> bool:
    try:
        return dialect.requests(value, None) is not None
    except (AttributeError, KeyError, TypeError):
        return False  # it looks like this dialect and is not


def _request(
    name: Any, given: Any, allowed: Sequence[DecisionType], tool_call_id: str | None = None
) -> ApprovalRequest:
    return ApprovalRequest(tool_call_id=tool_call_id, name=str(name), input=given, allowed=list(allowed))


def _types_in(schema: Schema) -> list[DecisionType]:
    """The decisions that a schema of theirs has a form for."""
    forms = [schema, *schema.get("$defs", {}).values()]
    found = {form.get("properties", {}).get("type", {}).get("const") for form in forms}
    return [decision for decision in EVERY_DECISION if decision in found]


def _langchain_decision(request: ApprovalRequest, decision: Decision) -> dict[str, Any]:
    match decision.type:
        case "approve":
            return {"type": "approve"}
        case "edit":
            action = {"name": decision.name or request["name"], "args": decision.args}
            return {"type": "edit", "edited_action": action}
        case "reject":
            return {"type": "reject", **({"message": decision.message} if decision.message else {})}
        case "respond":
            if decision.message is None:
                message = "A respond needs `message`, the text that the model gets as the tool's result."
                raise Unprocessable("wrong_decisions", message)
            return {"type": "respond", "message": decision.message}
