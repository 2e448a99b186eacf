"""What a run's entries say that history keeps in columns, taken in one by one.

Tokens are not looked at: that would cost each of them time, and a run's text is in its last event as well.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson

from ..bill import Bill, used_in
from ..event_log.base import Entry, Record
from ..events import Approval, MessageEnd, Restart, RunStarted, ToolCall, ToolEnd, ToolError, ToolStart, Usage
from ..values import encode_json
from .usage_rows import UsageRows

Row = dict[str, Any]

LONGEST_ID = 256  # of a tool call, whose id its provider makes up

STATUS_AFTER = {"done": "succeeded", "error": "failed", "cancelled": "cancelled"}


class Account:
    """Of one run: its row and those of its calls, each to be taken whenever it has changed."""

    def __init__(self, run_id: str, attempt: int = 1) -> None:
        self.run_id = run_id
        self._key = {"run_id": run_id}
        self._run: Row = {
            **self._key,
            "status": "queued",
            "attempt": attempt,
            "started_at": None,
            "ended_at": None,
            "response": "",
            "ending": None,
            "usage": None,
            "cost_usd": None,
            "duration_ms": None,
        }
        self._changed = False
        self._tools: dict[str, Row] = {}
        self._changed_tools: dict[str, Row] = {}
        self._models: dict[str, Row] = {}
        self._changed_models: dict[str, Row] = {}
        self._used = UsageRows(run_id)
        self._bill = Bill()

    @classmethod
    def of(cls, run_id: str, attempt: int, records: Iterable[Record], started_at: datetime) -> "Account":
        """Of a run that was written up to these records, and goes on in this attempt."""
        account = cls(run_id, attempt)
        for record in records:
            account.take(Entry(record.name, record.line), started_at)
        # To write them anew would cut what tools returned: no log has that whole.
        account._changed, account._changed_tools, account._changed_models = False, {}, {}
        account._used.take()
        return account

    @property
    def is_over(self) -> bool:
        return self._run["ending"] is not None

    def take(self, entry: Entry, at: datetime) -> None:
        """Any entry, in the log's order; `at` is when it was appended, or a little earlier."""
        if entry.name == RunStarted.type:
            self._run["started_at"] = at
            self._become("running")
        if self._run["status"] == "waiting" and entry.name != Approval.type:
            self._become("running")  # the run went on, so it was answered
        if takes := _TAKES.get(entry.name):
            data = orjson.loads(entry.line)
            takes(self, data, entry)
            self._count(entry.name, data, at)

    def take_run(self) -> list[Row]:
        """The run's row, if it changed since the last time."""
        changed, self._changed = self._changed, False
        return [dict(self._run)] if changed else []

    def take_tools(self) -> list[Row]:
        """The rows of tool calls that changed since the last time."""
        changed, self._changed_tools = self._changed_tools, {}
        return [dict(row) for row in changed.values()]

    def take_models(self) -> list[Row]:
        """The rows of model calls that changed since the last time."""
        changed, self._changed_models = self._changed_models, {}
        return [dict(row) for row in changed.values()]

    def take_used(self) -> list[Row]:
        """The rows of what it used that changed since the last time."""
        return self._used.take()

    def _become(self, status: str) -> None:
        self._run["status"] = status
        self._changed = True

    def _waits(self, _data: Row, _entry: Entry) -> None:
        self._become("waiting")

    def _count(self, name: str, data: Row, at: datetime) -> None:
        if name == Usage.type:
            self._bill.take(data["message_id"], used_in(Usage(**data)), data["cost_usd"])
            self._used.use(data, at)
        elif name == MessageEnd.type and data["finish_reason"] != "error":
            self._bill.miss(data["message_id"])
            self._used.end_call(data, at)

    def _ended(self, data: Row, entry: Entry) -> None:
        usage = data.get("usage") or self._bill.totals()  # `error` does not tell what was used
        self._run |= {
            "ended_at": self._run["started_at"] + timedelta(milliseconds=data["t"]),
            "ending": entry.line.decode(),
            "response": text_of(data.get("output")),
            "usage": _json(usage),
            "cost_usd": usage["cost_usd"],
            "duration_ms": data.get("duration_ms", data["t"]),
        }
        self._become(STATUS_AFTER[entry.name])

    def _called(self, data: Row, _entry: Entry) -> None:
        tool = self._tool(data)
        if tool["message_id"] not in (None, data["message_id"]):  # ids of some models count in each message
            tool |= NEW_TOOL | {"name": clean(data["name"])}
        tool["message_id"] = data["message_id"]
        tool["args"] += data["args_delta"]

    def _tool_started(self, data: Row, _entry: Entry) -> None:
        self._tool(data).update({"status": "running", "input": _json(data["input"])})

    def _tool_ended(self, data: Row, entry: Entry) -> None:
        output = entry.whole or encode_json(data["output"])
        self._tool(data).update(
            {
                "status": "succeeded",
                "output": output.decode(),
                "duration_ms": data["duration_ms"],
            }
        )

    def _tool_failed(self, data: Row, _entry: Entry) -> None:
        error = {"code": data["code"], "message": data["message"]}
        self._tool(data).update(
            {"status": "failed", "error": _json(error), "duration_ms": data["duration_ms"]}
        )

    def _restarted(self, data: Row, _entry: Entry) -> None:
        """Its rows may be written already: they say why nothing came of them."""
        for tool_call_id, tool in self._tools.items():
            if tool["message_id"] == data["message_id"] and tool["status"] == "called":
                tool |= {"status": "failed", "error": _json(SUPERSEDED)}
                self._changed_tools[tool_call_id] = tool

    def _tool(self, data: Row) -> Row:
        tool_call_id = clean(data["tool_call_id"])[:LONGEST_ID]
        tool = self._tools.setdefault(tool_call_id, self._key | {"tool_call_id": tool_call_id} | NEW_TOOL)
        tool["name"] = tool["name"] or clean(data["name"])
        self._changed_tools[tool_call_id] = tool
        return tool

    def _use(self, data: Row, _entry: Entry) -> None:
        model = clean(data["model"]) if data["model"] else None
        self._model(data).update({"model": model, "usage": _json(data)})

    def _message_ended(self, data: Row, _entry: Entry) -> None:
        self._model(data).update({"finish_reason": data["finish_reason"], "ended_ms": data["t"]})

    def _model(self, data: Row) -> Row:
        message_id = data["message_id"]
        model = self._models.setdefault(message_id, self._key | {"message_id": message_id} | NEW_MODEL)
        self._changed_models[message_id] = model
        return model


SUPERSEDED = {
    "code": "superseded",
    "message": "The model call that wrote it failed, and another model went on.",
}
NEW_TOOL: Row = {
    "message_id": None,
    "name": "",
    "status": "called",
    "args": "",
    "input": None,
    "output": None,
    "error": None,
    "duration_ms": None,
}
NEW_MODEL: Row = {"model": None, "finish_reason": None, "usage": None, "ended_ms": None}

_TAKES: dict[str, Callable[[Account, Row, Entry], None]] = {
    Approval.type: Account._waits,
    ToolCall.type: Account._called,
    ToolStart.type: Account._tool_started,
    ToolEnd.type: Account._tool_ended,
    ToolError.type: Account._tool_failed,
    Restart.type: Account._restarted,
    Usage.type: Account._use,
    MessageEnd.type: Account._message_ended,
    **dict.fromkeys(STATUS_AFTER, Account._ended),
}


def text_of(value: Any) -> str:
    """What of an input or output can be read and searched: a conversation's last message, text, or JSON."""
    match value:
        case None:
            return ""
        case str():
            return clean(value)
        case {"messages": [*_, {"content": content}]} | {"content": content}:
            return text_of(content)
        case [*parts] if parts and all(isinstance(part, dict) and "text" in part for part in parts):
            return clean("".join(str(part["text"]) for part in parts))
    return clean(encode_json(value).decode())


def clean(text: str) -> str:
    """Without NUL, which PostgreSQL's text cannot hold; the events have it as it was."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _json(value: Any) -> str | None:
    return None if value is None else encode_json(value).decode()
