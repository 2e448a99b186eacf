"""OpenAI's chat completions, which xAI and compatible servers speak too, and Groq's dialect of it."""

from typing import Any

import orjson

from .wire import CANARY, INPUT_TOKENS, Asked, Reason, Tool, text_of


def read(body: dict[str, Any], headers: dict[str, str]) -> Asked:
    messages = body["messages"]
    last = max(index for index, message in enumerate(messages) if message["role"] == "user")
    functions = [tool["function"] for tool in body.get("tools") or ()]
    return Asked(
        model=body["model"],
        prompt=text_of(messages[last]["content"]),
        key=key_in(headers),
        stream=bool(body.get("stream")),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        temperature=body.get("temperature"),
        answered=any(message["role"] == "tool" for message in messages[last:]),
        scores=bool(body.get("logprobs")),
        usage=bool((body.get("stream_options") or {}).get("include_usage")),
        tools=[Tool(name=each["name"], schema=each.get("parameters") or {}) for each in functions],
    )


def key_in(headers: dict[str, str]) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ")


class OpenAIWire:
    """Reasoning as DeepSeek and vLLM have it, usage in a last chunk without choices."""

    media_type = "text/event-stream"
    reasoning_field = "reasoning_content"

    def __init__(self, asked: Asked, number: int) -> None:
        self._asked = asked
        self._about = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": asked.model,
        }
        self._number = number

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def thought(self, text: str) -> bytes:
        return self._chunk({self.reasoning_field: text})

    def token(self, text: str) -> bytes:
        if not self._asked.scores:
            return self._chunk({"content": text})
        scores = [{"token": text, "logprob": -0.5, "bytes": list(text.encode()), "top_logprobs": []}]
        choice = {
            "index": 0,
            "delta": {"content": text},
            "logprobs": {"content": scores},
            "finish_reason": None,
        }
        return self._event({"choices": [choice]})

    def tool_call(self, index: int, tool: Tool) -> bytes:
        """In three pieces, as OpenAI sends them."""
        whole = orjson.dumps(tool.arguments).decode()
        half = len(whole) // 2
        named = {
            "index": index,
            "id": f"call_{self._number}_{index}",
            "type": "function",
            "function": {"name": tool.name, "arguments": ""},
        }
        rest = [{"index": index, "function": {"arguments": part}} for part in (whole[:half], whole[half:])]
        return b"".join(self._chunk({"tool_calls": [call]}) for call in (named, *rest))

    def ending(self, reason: Reason, tokens: int) -> bytes:
        usage = self._event({"choices": [], "usage": usage_of(tokens)}) if self._asked.usage else b""
        return self._chunk({}, reason) + usage + self.ended_early()

    def ended_early(self) -> bytes:
        return b"data: [DONE]\n\n"

    def error_chunk(self) -> bytes:
        return b"data: " + problem(f"overloaded, {CANARY}") + b"\n\n"

    def malformed(self) -> bytes:
        return b'data: {"id": "chatcmpl-1", "choices": [{"del\n\n'

    def whole(self, text: str, tokens: int) -> bytes:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        about = self._about | {"object": "chat.completion"}
        return orjson.dumps(about | {"choices": [choice], "usage": usage_of(tokens)})

    def problem(self, status: int) -> bytes:
        return problem(f"status {status}, {CANARY}")

    def _chunk(self, delta: dict[str, Any], finish: Reason | None = None) -> bytes:
        return self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def _event(self, fields: dict[str, Any]) -> bytes:
        return b"data: " + orjson.dumps(self._about | fields) + b"\n\n"


class GroqWire(OpenAIWire):
    """Reasoning under another name, usage in the chunk that ends the answer."""

    reasoning_field = "reasoning"

    def ending(self, reason: Reason, tokens: int) -> bytes:
        choice = {"index": 0, "delta": {}, "finish_reason": reason}
        usage = {"id": "req_1", "usage": usage_of(tokens)}
        return self._event({"choices": [choice], "x_groq": usage}) + self.ended_early()


def usage_of(tokens: int) -> dict[str, int]:
    total = INPUT_TOKENS + tokens
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": tokens, "total_tokens": total}


def problem(message: str) -> bytes:
    return orjson.dumps({"error": {"message": message, "type": "server_error", "code": None}})
