"""Pure: chunks of a UI message stream folded to the message that the AI SDK's client makes of them."""

from collections.abc import Iterable
from typing import Any, NotRequired

from typing_extensions import TypedDict

from .ui_calls import Chunk

_OUTPUTS = {
    "tool-input-error": "output-error",
    "tool-output-available": "output-available",
    "tool-output-error": "output-error",
    "tool-output-denied": "output-denied",
}
_FIELDS = ("input", "output", "errorText", "toolMetadata")


class UIMessage(TypedDict):
    """A message as the AI SDK's `useChat` holds it."""

    id: str
    role: str
    metadata: NotRequired[dict[str, Any]]
    parts: list[dict[str, Any]]


class UIMessageFold:
    """Takes the chunks of one message in their order."""

    def __init__(self, message_id: str) -> None:
        self._message = UIMessage(id=message_id, role="assistant", metadata={}, parts=[])
        self._parts = self._message["parts"]
        self._texts: dict[str, dict[str, Any]] = {}
        self._tools: dict[str, dict[str, Any]] = {}
        self._told: dict[tuple[str, str], dict[str, Any]] = {}

    @property
    def message(self) -> UIMessage:
        return self._message

    def take(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._take(chunk["type"], chunk)

    def _take(self, kind: str, chunk: Chunk) -> None:
        if metadata := chunk.get("messageMetadata"):
            _merge(self._message.setdefault("metadata", {}), metadata)
        if kind == "start-step":
            self._parts.append({"type": "step-start"})
        elif kind == "reset-step":
            self._forget_step()
        elif kind.startswith(("text-", "reasoning-")):
            self._text(kind, chunk)
        elif kind.startswith("tool-"):
            self._tool(kind, chunk)
        elif kind.startswith("data-"):
            self._data(chunk)
        elif kind.startswith("source-"):
            self._parts.append(chunk)

    def _forget_step(self) -> None:
        while self._parts and self._parts[-1]["type"] != "step-start":
            self._parts.pop()
        kept = set(map(id, self._parts))
        self._tools = {call_id: part for call_id, part in self._tools.items() if id(part) in kept}
        self._told = {key: part for key, part in self._told.items() if id(part) in kept}

    def _text(self, kind: str, chunk: Chunk) -> None:
        name, _, what = kind.partition("-")
        if what == "start":
            named = {"id": chunk["id"]} if name == "reasoning" else {}
            part = self._texts[chunk["id"]] = {"type": name, **named, "text": "", "state": "streaming"}
            self._parts.append(part)
        elif what == "delta":
            self._texts[chunk["id"]]["text"] += chunk["delta"]
        else:
            self._texts.pop(chunk["id"])["state"] = "done"

    def _tool(self, kind: str, chunk: Chunk) -> None:
        match kind:
            case "tool-input-start":
                self._called(chunk)["state"] = "input-streaming"
            case "tool-input-delta":
                pass  # what was written is told as a whole
            case "tool-input-available":
                self._called(chunk)["state"] = "input-available"
            case "tool-approval-request":
                self._ask(chunk)
            case "tool-approval-response":
                self._answer(chunk)
            case _:
                part = self._tools[chunk["toolCallId"]]
                part["state"] = _OUTPUTS[kind]
                _tell(part, chunk)

    def _called(self, chunk: Chunk) -> dict[str, Any]:
        part = self._tools.get(chunk["toolCallId"])
        if part is None or not self._is_of_this_step(part):
            part = {"type": "dynamic-tool", "toolName": "", "toolCallId": chunk["toolCallId"], "state": ""}
            self._tools[chunk["toolCallId"]] = part
            self._parts.append(part)
        part.pop("input", None)
        part["toolName"], part["providerExecuted"] = chunk["toolName"], chunk["providerExecuted"]
        _tell(part, chunk)
        return part

    def _is_of_this_step(self, part: dict[str, Any]) -> bool:
        for each in reversed(self._parts):
            if each is part:
                return True
            if each["type"] == "step-start":
                return False
        return False

    def _ask(self, chunk: Chunk) -> None:
        part = self._tools[chunk["toolCallId"]]
        part["state"], part["approval"] = "approval-requested", {"id": chunk["approvalId"]}
        if "approvalDescriptor" in chunk:
            part["approval"]["descriptor"] = chunk["approvalDescriptor"]
        if chunk.get("isAutomatic"):
            part["approval"]["isAutomatic"] = True

    def _answer(self, chunk: Chunk) -> None:
        asked = (part for part in self._tools.values() if _approval_id(part) == chunk["approvalId"])
        for part in asked:
            part["state"] = "approval-responded"
            part["approval"] |= {name: chunk[name] for name in ("approved", "reason") if name in chunk}

    def _data(self, chunk: Chunk) -> None:
        if chunk.get("transient"):
            return
        key = chunk["type"], chunk.get("id", "")
        if key[1] and key in self._told:
            self._told[key]["data"] = chunk["data"]
            return
        self._told[key] = part = dict(chunk)
        self._parts.append(part)


def _tell(part: dict[str, Any], chunk: Chunk) -> None:
    """What a call's chunk tells of it; an input stays, the rest is as it was told last."""
    if chunk["type"] == "tool-output-denied":
        return
    for name in ("output", "errorText"):
        part.pop(name, None)
    part.update((name, chunk[name]) for name in _FIELDS if name in chunk)


def _approval_id(part: dict[str, Any]) -> str | None:
    approval = part.get("approval")
    return approval["id"] if approval else None


def _merge(into: dict[str, Any], metadata: dict[str, Any]) -> None:
    for name, value in metadata.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
