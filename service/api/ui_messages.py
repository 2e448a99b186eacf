"""The AI SDK's messages as clients post them, as LangChain has them. Pure.

What a chat has said so far comes as parts: text, files, and tool calls with their outputs. A call without an
output is left out, since models refuse one; so are reasoning, sources and data, which are for people.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import Unprocessable
from ..history.account import text_of
from .bodies import Clean

Message = dict[str, Any]

DENIED = "A person did not allow this call."

_DATA_URL = re.compile(
    r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.+=-]+)*;base64,(?P<data>[A-Za-z0-9+/=\s]*)", re.A
)
_OVER = ("output-available", "output-error", "output-denied")


class UIMessageBody(BaseModel):
    """A message of a chat, as `useChat` holds it."""

    id: Annotated[str, Clean] = Field(min_length=1, max_length=256)
    role: Literal["system", "user", "assistant"]
    parts: Annotated[list[dict[str, Any]], Clean] = Field(max_length=10_000)

    model_config = ConfigDict(json_schema_extra={"description": "A UIMessage; its metadata is not read."})

    def parts_of(self, kind: str) -> list[dict[str, Any]]:
        return [part for part in self.parts if part.get("type") == kind]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Its tool calls, of either kind."""
        return [part for part in self.parts if _is_tool(part)]

    def messages(self) -> list[Message]:
        """As LangChain reads them; none of a message that says nothing to a model. Raises Unprocessable."""
        match self.role:
            case "assistant":
                return list(_assistant(self.parts))
            case "system":
                text = _text(self.parts_of("text"))
                return [{"role": "system", "content": text}] if text else []
            case "user":
                content = self._content()
                return [{"role": "user", "content": content}] if content else []

    def _content(self) -> str | list[Message]:
        if files := self.parts_of("file"):
            texts = [{"type": "text", "text": str(part.get("text", ""))} for part in self.parts_of("text")]
            return [*texts, *map(_file, files)]
        return _text(self.parts_of("text"))


def _text(parts: Iterable[dict[str, Any]]) -> str:
    return "\n".join(str(part.get("text", "")) for part in parts)


def _file(part: dict[str, Any]) -> Message:
    """A block of content. What is behind an address is fetched by the model's provider, not here."""
    url, media_type = str(part.get("url", "")), str(part.get("mediaType", ""))
    kind = media_type.partition("/")[0]
    block: Message = {
        "type": kind if kind in ("image", "audio", "video") else "file",
        "mime_type": media_type,
    }
    if name := part.get("filename"):
        block["filename"] = str(name)
    if found := _DATA_URL.fullmatch(url):
        return {**block, "mime_type": media_type or found["type"] or "", "base64": found["data"]}
    if url.startswith(("https://", "http://")):
        return {**block, "url": url}
    raise Unprocessable("bad_file", "A file's `url` is a base64 data URL, or http:// or https://.")


def _is_tool(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    return kind == "dynamic-tool" or (isinstance(kind, str) and kind.startswith("tool-"))


def _assistant(parts: Iterable[dict[str, Any]]) -> Iterator[Message]:
    """A message for each step, followed by the outputs of its calls; text after a call begins the next."""
    text, calls = "", list[dict[str, Any]]()
    for part in parts:
        kind = part.get("type")
        if kind == "step-start" or (kind == "text" and calls):
            yield from _step(text, calls)
            text, calls = "", []
        if kind == "text":
            text += str(part.get("text", ""))
        elif _is_tool(part) and part.get("state") in _OVER:
            calls.append(part)
    yield from _step(text, calls)


def _step(text: str, calls: list[dict[str, Any]]) -> Iterator[Message]:
    if text or calls:
        yield {
            "role": "assistant",
            "content": text,
            **({"tool_calls": [*map(_call, calls)]} if calls else {}),
        }
    yield from map(_result, calls)


def _call(part: dict[str, Any]) -> Message:
    given = part.get("input")
    args = given if isinstance(given, dict) else {"input": given}
    return {"type": "tool_call", "id": _call_id(part), "name": _name(part), "args": args}


def _call_id(part: dict[str, Any]) -> str:
    return str(part.get("toolCallId", ""))


def _name(part: dict[str, Any]) -> str:
    return str(part.get("toolName") or str(part["type"]).removeprefix("tool-"))


def _result(part: dict[str, Any]) -> Message:
    about = {"role": "tool", "tool_call_id": _call_id(part), "name": _name(part)}
    match part["state"]:
        case "output-available":
            return {**about, "content": text_of(part.get("output"))}
        case "output-error":
            return {**about, "content": str(part.get("errorText", "")), "status": "error"}
    approval = part.get("approval")
    reason = approval.get("reason") if isinstance(approval, dict) else None
    return {**about, "content": str(reason or DENIED), "status": "error"}
