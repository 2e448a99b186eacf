"""Ollama's chat: a JSON object a line."""

from typing import Any

import orjson

from . import openai
from .wire import CANARY, INPUT_TOKENS, Asked, Reason, Tool


def read(body: dict[str, Any], headers: dict[str, str]) -> Asked:
    options = body.get("options") or {}
    chosen = {"max_tokens": options.get("num_predict"), "temperature": options.get("temperature")}
    return openai.read(body | chosen, headers)


class OllamaWire:
    """One answer; `done_reason` in its last line."""

    media_type = "application/x-ndjson"

    def __init__(self, asked: Asked, number: int) -> None:
        self._asked = asked

    def opening(self) -> bytes:
        return self._line({"content": ""})

    def thought(self, text: str) -> bytes:
        return self._line({"content": "", "thinking": text})

    def token(self, text: str) -> bytes:
        return self._line({"content": text})

    def tool_call(self, index: int, tool: Tool) -> bytes:
        call = {"function": {"name": tool.name, "arguments": tool.arguments}}
        return self._line({"content": "", "tool_calls": [call]})

    def ending(self, reason: Reason, tokens: int) -> bytes:
        counts = {"prompt_eval_count": INPUT_TOKENS, "eval_count": tokens}
        return self._line({"content": ""}, {"done": True, "done_reason": "stop", **counts})

    def ended_early(self) -> bytes:
        return b""

    def error_chunk(self) -> bytes:
        return orjson.dumps({"error": f"overloaded, {CANARY}"}) + b"\n"

    def malformed(self) -> bytes:
        return b'{"model": "llama3.2", "mess\n'

    def whole(self, text: str, tokens: int) -> bytes:
        counts = {"prompt_eval_count": INPUT_TOKENS, "eval_count": tokens}
        return self._line({"content": text}, {"done": True, "done_reason": "stop", **counts})

    def problem(self, status: int) -> bytes:
        return orjson.dumps({"error": f"status {status}, {CANARY}"})

    def _line(self, message: dict[str, Any], more: dict[str, Any] | None = None) -> bytes:
        about = {"model": self._asked.model, "created_at": "2026-11-21T12:00:00.000000Z", "done": False}
        return orjson.dumps(about | {"message": {"role": "assistant", **message}} | (more or {})) + b"\n"
