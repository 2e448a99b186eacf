"""A JSON object as a model writes it, read while it comes: as the arguments of a call, or as text."""

import json
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from pydantic_core import from_json

STEPS = 64  # a value is told anew each time it grew by this part of it, so that all of them are no flood


class Draft:
    """What one call of a model wrote so far."""

    def __init__(self) -> None:
        self._text = ""
        self._arguments = ""
        self._index: object = None
        self._read_to = 0
        self._told: dict[str, Any] | None = None

    @property
    def written(self) -> str:
        return self._arguments or self._text

    def write(self, message: BaseMessage | dict[str, Any]) -> None:
        """A chunk of a message, or all of it where the model does not stream; a value so far, where a model's
        structured outputs are that. Of several calls, the first counts."""
        if isinstance(message, dict):
            self._arguments = json.dumps(message)
            return
        self._text += str(message.text)
        if not isinstance(message, AIMessageChunk):
            calls = message.tool_calls if isinstance(message, AIMessage) else []
            self._arguments += json.dumps(calls[0]["args"]) if calls else ""
            return
        for piece in message.tool_call_chunks:
            self._index = piece["index"] if self._index is None else self._index
            if piece["index"] == self._index:
                self._arguments += piece["args"] or ""

    def news(self) -> dict[str, Any] | None:
        """The object so far, where it has become more since it was last asked for, and enough."""
        written = self.written
        if len(written) - self._read_to < max(len(written) // STEPS, 1):
            return None
        self._read_to = len(written)
        return self._grown(_so_far(written))

    def rest(self) -> dict[str, Any] | None:
        """The whole object, where it is more than what was told."""
        return self._grown(self.value())

    def value(self) -> dict[str, Any] | None:
        """The object that was written; None where it is none."""
        written = self.written
        try:
            value, _ = json.JSONDecoder().raw_decode(written, written.index("{"))
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def _grown(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None or value == self._told or not (self._told is None or extends(value, self._told)):
            return None
        self._told = value
        return value


def extends(value: Any, earlier: Any) -> bool:
    """Whether `value` has all that `earlier` had, and perhaps more."""
    match earlier:
        case dict():
            known = isinstance(value, dict) and earlier.keys() <= value.keys()
            return known and all(extends(value[key], each) for key, each in earlier.items())
        case list():
            known = isinstance(value, list) and len(earlier) <= len(value)
            return known and all(map(extends, value, earlier))
        case str():
            return isinstance(value, str) and value.startswith(earlier)
    return bool(value == earlier)


def _so_far(written: str) -> dict[str, Any] | None:
    start = written.find("{")
    if start < 0:
        return None
    before = written.rstrip("0123456789+-.eE")  # the beginning of a number is another number
    cut = before if before.endswith((":", ",", "[", " ", "\n", "\t", "\r")) else written
    try:
        value = from_json(cut[start:], allow_partial="trailing-strings")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
