"""Anthropic's messages: named events, and content in blocks that begin and end."""

from typing import Any

import orjson

from . import openai
from .wire import CANARY, INPUT_TOKENS, Asked, Reason, Tool, text_of

_REASONS = {"stop": "end_turn", "tool_calls": "tool_use"}


def read(body: dict[str, Any], headers: dict[str, str]) -> Asked:
    messages = body["messages"]
    said = [index for index, each in enumerate(messages) if each["role"] == "user" and not _results(each)]
    return Asked(
        model=body["model"],
        prompt=text_of(messages[said[-1]]["content"]),
        key=headers.get("x-api-key") or openai.key_in(headers),
        stream=bool(body.get("stream")),
        max_tokens=body["max_tokens"],
        temperature=body.get("temperature"),
        answered=any(_results(message) for message in messages[said[-1] :]),
        tools=[Tool(name=each["name"], schema=each["input_schema"]) for each in body.get("tools") or ()],
    )


def _results(message: dict[str, Any]) -> bool:
    content = message["content"]
    return isinstance(content, list) and any(part.get("type") == "tool_result" for part in content)


class AnthropicWire:
    """One answer; the block that is open is closed when another begins, and at the end."""

    media_type = "text/event-stream"

    def __init__(self, asked: Asked, number: int) -> None:
        self._asked = asked
        self._number = number
        self._index = -1
        self._open: str | None = None

    def opening(self) -> bytes:
        message = self._message([], 0) | {"stop_reason": None}
        return _event("message_start", {"message": message}) + _event("ping", {})

    def thought(self, text: str) -> bytes:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return self._begun(block) + self._delta({"type": "thinking_delta", "thinking": text})

    def token(self, text: str) -> bytes:
        return self._begun({"type": "text", "text": ""}) + self._delta({"type": "text_delta", "text": text})

    def tool_call(self, index: int, tool: Tool) -> bytes:
        closed = self._closed()
        call_id = f"toolu_{self._number}_{index}"
        begun = self._begun({"type": "tool_use", "id": call_id, "name": tool.name, "input": {}})
        whole = orjson.dumps(tool.arguments).decode()
        half = len(whole) // 2
        pieces = ("", whole[:half], whole[half:])
        parts = (self._delta({"type": "input_json_delta", "partial_json": piece}) for piece in pieces)
        return closed + begun + b"".join(parts)

    def ending(self, reason: Reason, tokens: int) -> bytes:
        delta = {"stop_reason": _REASONS[reason], "stop_sequence": None}
        usage = {"input_tokens": INPUT_TOKENS, "output_tokens": tokens}
        return self._closed() + _event("message_delta", {"delta": delta, "usage": usage}) + self.ended_early()

    def ended_early(self) -> bytes:
        return self._closed() + _event("message_stop", {})

    def error_chunk(self) -> bytes:
        return _event("error", {"error": {"type": "overloaded_error", "message": f"overloaded, {CANARY}"}})

    def malformed(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_bl\n\n'

    def whole(self, text: str, tokens: int) -> bytes:
        return orjson.dumps(self._message([{"type": "text", "text": text}], tokens))

    def problem(self, status: int) -> bytes:
        error = {"type": "api_error", "message": f"status {status}, {CANARY}"}
        return orjson.dumps({"type": "error", "error": error})

    def _message(self, content: list[dict[str, Any]], tokens: int) -> dict[str, Any]:
        return {
            "id": f"msg_{self._number}",
            "type": "message",
            "role": "assistant",
            "model": self._asked.model,
            "content": content,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": tokens},
        }

    def _begun(self, block: dict[str, Any]) -> bytes:
        if self._open == block["type"]:
            return b""
        closed = self._closed()
        self._index += 1
        self._open = block["type"]
        return closed + _event("content_block_start", {"index": self._index, "content_block": block})

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})

    def _closed(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", {"index": self._index})


def _event(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"type": name} | fields))
