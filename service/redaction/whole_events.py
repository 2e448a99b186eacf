"""Events that hold no piece of a text, but all of one, as they may leave: each of their values clean.

Where the bridge has cut a text, its end is not shown if it may be half of a match.
"""

from dataclasses import replace
from functools import partial
from typing import Any, Final, assert_never

from ..events import (
    Approval,
    ApprovalRequest,
    BridgeEvent,
    Custom,
    Partial,
    Restart,
    Source,
    Sources,
    StepEnd,
    StepStart,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
)
from .filtering import Sets, cleaned, text_stream
from .json_text import JsonText
from .json_values import ValueFilter

# What the bridge cuts may end with half of a match.
ERROR_MAX_CHARS: Final = 2_048
SNIPPET_MAX_CHARS: Final = 300

WholeEvent = (
    Usage
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


class WholeEvents:
    """`answer` goes over what the chain puts out, `rules` over all else."""

    def __init__(self, *, answer: Sets, rules: Sets) -> None:
        self.text = partial(cleaned, sets=rules)
        self._cut_text = partial(cleaned, sets=rules, is_open=True)
        self._rules = rules
        self._values = ValueFilter(self.text, self._cut_text)
        self._outputs = ValueFilter(
            partial(cleaned, sets=answer), partial(cleaned, sets=answer, is_open=True)
        )
        self._names: dict[str, str] = {}

    def clean(self, event: WholeEvent) -> BridgeEvent:
        value = self._values.of
        match event:
            case ToolStart():
                return replace(event, name=self.name(event.name), input=value(event.input))
            case ToolProgress():
                return replace(event, name=self.name(event.name), data_=value(event.data_))
            case ToolEnd():
                output = self._cut_output(event) if event.truncated else value(event.output)
                return replace(event, name=self.name(event.name), output=output, whole=value(event.whole))
            case ToolError():
                text = self._cut_text if len(event.message) >= ERROR_MAX_CHARS else self.text
                return replace(event, name=self.name(event.name), message=text(event.message))
            case Sources():
                return replace(event, items=[self._source(source) for source in event.items])
            case Custom():
                return replace(event, name=self.name(event.name), data_=value(event.data_))
            case Partial():
                return replace(event, value=self._outputs.of_open(event.value))
            case Approval():
                return self.approval(event)
            case Usage() | Restart() | StepStart() | StepEnd():
                return event
            case _:
                assert_never(event)

    def output(self, value: Any) -> Any:
        """What the chain put out."""
        return self._outputs.of(value)

    def name(self, name: str) -> str:
        """Models write these too; each is looked at once."""
        if name not in self._names:
            self._names[name] = self.text(name)
        return self._names[name]

    def approval(self, approval: Approval) -> Approval:
        requests = [self._request(request) for request in approval.requests]
        return replace(approval, value=self._values.of(approval.value), requests=requests)

    def _request(self, request: ApprovalRequest) -> ApprovalRequest:
        """Its name is that of a tool that there is, and goes back to the graph."""
        return {**request, "input": self._values.of(request["input"])}

    def _cut_output(self, event: ToolEnd) -> str:
        """The beginning of a text, or of a value's JSON."""
        if isinstance(event.whole, str):
            return self._cut_text(event.output)
        return JsonText(lambda: text_stream(self._rules)).feed(event.output)

    def _source(self, source: Source) -> Source:
        is_cut = len(source["snippet"]) >= SNIPPET_MAX_CHARS
        snippet = (self._cut_text if is_cut else self.text)(source["snippet"])
        value = self._values.of
        return {
            "id": value(source["id"]),
            "title": value(source["title"]),
            "url": value(source["url"]),
            "snippet": snippet,
            "score": source["score"],
        }
