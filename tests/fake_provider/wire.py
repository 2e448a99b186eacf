"""What a provider's wire must be able to say, and what a request of any wire asks."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

CANARY = "canary-of-the-provider"  # in each message of an error: no client may ever see it
INPUT_TOKENS = 9

Reason = Literal["stop", "tool_calls"]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool of the request."""

    name: str
    schema: dict[str, Any]

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments that it takes: whatever its schema requires, in the least interesting way."""
        properties = self.schema.get("properties", {})
        return {name: _least(properties[name]) for name in self.schema.get("required", ())}


def _least(schema: dict[str, Any]) -> Any:
    return {"integer": 2, "number": 2, "boolean": True, "array": []}.get(str(schema.get("type")), "1+1")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, read. `answered` says whether its tools' results are in it."""

    model: str
    prompt: str
    key: str
    stream: bool
    max_tokens: int | None = None
    temperature: float | None = None
    answered: bool = False
    usage: bool = True
    scores: bool = False
    tools: list[Tool] = field(default_factory=list)


class Wire(Protocol):
    """One answer's bytes."""

    media_type: str

    def opening(self) -> bytes: ...

    def thought(self, text: str) -> bytes: ...

    def token(self, text: str) -> bytes: ...

    def tool_call(self, index: int, tool: Tool) -> bytes: ...

    def ending(self, reason: Reason, tokens: int) -> bytes: ...

    def ended_early(self) -> bytes:
        """How the stream ends cleanly without having said that the answer is complete."""

    def error_chunk(self) -> bytes: ...

    def malformed(self) -> bytes: ...

    def whole(self, text: str, tokens: int) -> bytes:
        """The answer of a request that does not stream."""

    def problem(self, status: int) -> bytes:
        """The body of an answer with an error's status."""


def text_of(content: Any) -> str:
    """A message's text, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content or () if isinstance(part, dict))
