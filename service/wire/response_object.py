"""The shapes of OpenAI's Responses API: a response, what it is made of, and how it ended."""

from typing import Any, Literal

from typing_extensions import TypedDict

from ..events import UsageTotals

ResponseStatus = Literal["queued", "in_progress", "completed", "failed", "cancelled", "incomplete"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]


class OutputText(TypedDict):
    """A part of a message."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[Any]


class OutputMessage(TypedDict):
    """The answer's text."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: ItemStatus
    content: list[OutputText]


class OutputCall(TypedDict):
    """A call of one of the client's tools; `arguments` is the JSON that the model wrote."""

    id: str
    type: Literal["function_call"]
    status: ItemStatus
    call_id: str
    name: str
    arguments: str


class SummaryText(TypedDict):
    """A part of what was thought."""

    type: Literal["summary_text"]
    text: str


class OutputReasoning(TypedDict):
    """What the model thought, where the provider tells it."""

    id: str
    type: Literal["reasoning"]
    status: ItemStatus
    summary: list[SummaryText]


OutputItem = OutputMessage | OutputCall | OutputReasoning


class CachedInput(TypedDict):
    """Of the input, what came from the provider's cache."""

    cached_tokens: int


class ThoughtOutput(TypedDict):
    """Of the output, what was thought."""

    reasoning_tokens: int


class ResponseUsage(TypedDict):
    """Tokens of all model calls of the run."""

    input_tokens: int
    input_tokens_details: CachedInput
    output_tokens: int
    output_tokens_details: ThoughtOutput
    total_tokens: int


class ResponseFailure(TypedDict):
    """Why it failed."""

    code: str
    message: str


class Incomplete(TypedDict):
    """Why it is not whole."""

    reason: str


class OpenAIResponse(TypedDict):
    """A run as a response. What its request set is not told again: those fields are as OpenAI's defaults."""

    id: str
    object: Literal["response"]
    created_at: int
    status: ResponseStatus
    model: str
    output: list[OutputItem]
    usage: ResponseUsage | None
    error: ResponseFailure | None
    incomplete_details: Incomplete | None
    instructions: None
    metadata: dict[str, Any]
    parallel_tool_calls: bool
    temperature: None
    tool_choice: Literal["auto"]
    tools: list[Any]
    top_p: None


class DeletedResponse(TypedDict):
    """It is no more."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


def response_usage(used: UsageTotals) -> ResponseUsage:
    return {
        "input_tokens": used["input_tokens"],
        "input_tokens_details": {"cached_tokens": used["cached_tokens"]},
        "output_tokens": used["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": used["reasoning_tokens"]},
        "total_tokens": used["total_tokens"],
    }
