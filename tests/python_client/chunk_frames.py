"""Frames of a streamed call, as the service makes them."""

from typing import Any

import orjson

RUN_ID = "01jd0000000000000000000000"


def chunk(delta: dict[str, Any], **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return orjson.dumps({**about, "choices": [choice], **more}).decode()


def frame(seq: int, delta: dict[str, Any], **more: Any) -> str:
    return f"id: {RUN_ID}.1.{seq}\ndata: {chunk(delta, **more)}\n\n"
