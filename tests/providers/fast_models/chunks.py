"""Chunks as providers send them."""

from typing import Any


def chunk(delta: object, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return HEAD | {"choices": [choice]} | fields


def calls(*pieces: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": list(pieces)})


HEAD: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m-2026",
    "system_fingerprint": "fp",
    "service_tier": "default",
}
COUNTED = {
    "prompt_tokens": 3,
    "completion_tokens": 5,
    "total_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, "stop", x_groq={"id": "r1", "usage": COUNTED})
USAGE = HEAD | {"choices": [], "usage": COUNTED}
TEXT = (ROLE, chunk({"content": "Hel"}), chunk({"content": "lo ☃"}), STOP, USAGE)
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": ""}}
OTHER_CALL = {"index": 1, "id": "call_2", "function": {"name": "see", "arguments": "{}"}}
CALLS = (
    chunk({"role": "assistant", "content": None, "tool_calls": [CALL]}),
    calls({"index": 0, "function": {"arguments": '{"at":'}}, OTHER_CALL),
    calls({"index": 0, "function": {"arguments": "1}"}}),
    chunk({}, "tool_calls"),
    USAGE,
)
