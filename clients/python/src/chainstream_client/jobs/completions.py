"""What models answer to the calls of a job, as OpenAI has it; messages and deltas are dicts, as its JSON has
them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, with_config
from typing_extensions import TypedDict

from ..parts import Part

ChatFinish = Literal["stop", "length", "content_filter", "tool_calls"] | str


class Message(BaseModel):
    """A message of a conversation; one with tool calls or images is given as a dict."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str
    name: str | None = None


@with_config(extra="allow")
class CalledFunction(TypedDict, total=False):
    """The function of a call; of a delta a piece of it."""

    name: str
    arguments: str


@with_config(extra="allow")
class ToolCallPart(TypedDict, total=False):
    """A call of one of the caller's tools; of a delta a piece of the call number `index`."""

    index: int
    id: str
    type: str
    function: CalledFunction


@with_config(extra="allow")
class ChatMessage(TypedDict, total=False):
    """What was answered, or a piece of it."""

    role: str
    content: str | None
    refusal: str | None
    reasoning_content: str
    tool_calls: list[ToolCallPart]


class ChatUsage(Part):
    """Tokens of a call."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatChoice(Part):
    """The one choice."""

    index: int
    message: ChatMessage
    finish_reason: ChatFinish | None
    logprobs: Any = None


class ChatCompletionResponse(Part):
    """A whole answer."""

    id: str
    object: str
    created: int
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage | None

    @property
    def text(self) -> str:
        """What was said; nothing where it is calls alone."""
        return "".join(choice.message.get("content") or "" for choice in self.choices)


class ChunkChoice(Part):
    """What a chunk adds to the one choice."""

    index: int
    delta: ChatMessage
    finish_reason: ChatFinish | None
    logprobs: Any = None


class StreamChunk(Part):
    """A piece of an answer. One with a `restart` says that all before it counts no more: another model
    answers anew, and the chunk's own text is a note for people."""

    id: str
    object: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: ChatUsage | None = None
    restart: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """What it adds to what is said."""
        return "".join(choice.delta.get("content") or "" for choice in self.choices)
