"""What the bridge reads from LangChain's callbacks, as plain values: a model's words, its end, refusals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from .events import FinishReason


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


class Refusal(TypedDict):
    """A tool call that a graph answered itself, without running a tool."""

    tool_call_id: str
    name: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote at a time."""

    text: str = ""
    reasoning: str = ""
    calls: Sequence[CallPiece] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.reasoning or self.calls)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a model call ended; `written` is the whole message, for models that do not stream."""

    written: Written
    finish_reason: FinishReason
    model: str | None
    used: Tokens | None
