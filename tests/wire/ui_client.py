"""A reader of the AI SDK's UI message stream as strict as its own: it raises where `useChat` would.

Written from `processUIMessageStream` of `ai` 7; tests/node holds the stream to that client itself.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson

DONE = "[DONE]"
_ALONE = {
    "start-step",
    "reset-step",
    "finish-step",
    "message-metadata",
    "abort",
    "source-url",
    "source-document",
}
_OUTPUTS = {"tool-output-available", "tool-output-error", "tool-output-denied", "tool-input-error"}


class UIClient:
    """What the stream has told: texts and thoughts by the id of their message, calls by their state."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = defaultdict(str)
        self.thoughts: dict[str, str] = defaultdict(str)
        self.calls: dict[str, str] = {}
        self.finish_reason: str | None = None
        self.error: str | None = None
        self.is_over = False
        self._open: set[str] = set()
        self._approvals: set[str] = set()

    def take(self, data: str) -> None:
        assert not self.is_over, "nothing follows [DONE]"
        if data == DONE:
            assert not self._open, "a part was not ended"
            self.is_over = True
            return
        chunk = orjson.loads(data)
        self._take(chunk["type"], chunk)

    def _take(self, kind: str, chunk: Mapping[str, Any]) -> None:
        if kind.startswith(("text-", "reasoning-")):
            self._text(kind, chunk)
        elif kind.startswith("tool-"):
            self._tool(kind, chunk)
        elif kind == "start":
            assert chunk["messageId"]
        elif kind == "finish":
            self.finish_reason = chunk["finishReason"]
        elif kind == "error":
            self.error = chunk["errorText"]
        elif not kind.startswith("data-"):
            assert kind in _ALONE, kind

    def _text(self, kind: str, chunk: Mapping[str, Any]) -> None:
        name, _, what = kind.partition("-")
        told = self.texts if name == "text" else self.thoughts
        if what == "start":
            assert chunk["id"] not in self._open
            self._open.add(chunk["id"])
        elif what == "delta":
            assert chunk["id"] in self._open
            told[chunk["id"].partition(".")[0]] += chunk["delta"]
        else:
            assert what == "end"
            self._open.remove(chunk["id"])

    def _tool(self, kind: str, chunk: Mapping[str, Any]) -> None:
        if kind == "tool-approval-response":
            assert chunk["approvalId"] in self._approvals
            return
        call_id, state = chunk["toolCallId"], self.calls.get(chunk["toolCallId"])
        if kind == "tool-input-delta":
            assert state == "tool-input-start"
            return
        if kind == "tool-approval-request":
            self._approvals.add(chunk["approvalId"])
        if kind in _OUTPUTS or kind == "tool-approval-request":
            assert state is not None, f"{kind} of a call that was not told"
        self.calls[call_id] = kind
