"""What the bridge reads from LangChain's callbacks, as plain values: a model's words, its end, questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

from .events import ApprovalRequest, FinishReason


class CallPiece(TypedDict):
    """A piece of a tool call; id and name may be in the first piece alone."""

    index: int | str | None
    id: str | None
    name: str | None
    args: str | None


class Tokens(TypedDict):
    """A model call's usage."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int


class Output(NamedTuple):
    """A tool's output as it is shown. Where that is cut, `whole` is all of it, and `size` its characters."""

    shown: Any
    size: int | None = None
    whole: Any = None


class Unrun(TypedDict):
    """A tool call that a graph answered itself, without running the tool; `failed` where it was refused."""

    tool_call_id: str
    name: str | None
    message: Output
    failed: bool


class Question(TypedDict):
    """A graph's interrupt; `plain` where it is in no known form, and so may be about the tool around it."""

    interrupt_id: str
    value: Any
    requests: list[ApprovalRequest]
    response_schema: dict[str, Any] | None
    plain: bool


class Written(NamedTuple):
    """What a model wrote at a time; a tuple, since one is made for each token."""

    text: str = ""
    reasoning: str = ""
    calls: Sequence[CallPiece] = ()
    scores: list[Any] | None = None  # log probabilities, where they were asked for

    def __bool__(self) -> bool:
        return bool(self.text or self.reasoning or self.calls)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a model call ended; `written` is the whole message, for models that do not stream."""

    written: Written
    finish_reason: FinishReason
    model: str | None
    used: Tokens | None
