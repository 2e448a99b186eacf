"""Pure: a run's events as those of OpenAI's Responses API, and as the response that they make.

A chain's answer is one message, however many model calls wrote it; its own tools and thoughts are not told.
Of a model alone there are its thoughts, its text and its calls, each an item of the output. Items that were
superseded end as incomplete, and the response does not have them; a stream that has told calls ends there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..events import (
    BARE_CHAIN,
    Cancelled,
    Done,
    Event,
    MessageEnd,
    Reasoning,
    Restart,
    RunError,
    RunStarted,
    Token,
    ToolCall,
)
from .answer import AnswerText
from .base import restart_note
from .response_object import (
    ItemStatus,
    OpenAIResponse,
    OutputCall,
    OutputMessage,
    OutputReasoning,
    OutputText,
    SummaryText,
    response_usage,
)

RESPONSE_ID = "resp_"  # before a run's id
ERROR = "error"  # the event that ends a stream, and not the response
READ = frozenset(
    {"run", "token", "reasoning", "tool_call", "message_end", "restart", "done", "error", "cancelled"}
)

Told = list[dict[str, Any]]

_CUT_BY = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseStory:
    """Takes a run's events one by one; `metadata` is the run's."""

    def __init__(self, metadata: Mapping[str, Any] | None = None) -> None:
        self._response = _empty(dict(metadata or {}))
        self._is_bare = False
        self._answer = AnswerText()
        self._superseded: set[str] = set()  # items that count no more, by their ids
        self._begun: list[str] = []  # items of the message that a model alone writes, likewise
        self._message: tuple[int, OutputMessage, list[tuple[int, str]]] | None = None
        self._thoughts: tuple[int, OutputReasoning, list[str]] | None = None
        self._calls: dict[str, tuple[int, OutputCall, list[str]]] = {}

    @property
    def response(self) -> OpenAIResponse:
        """So far. What is still being written has its text here only once it is whole."""
        counting = [item for item in self._response["output"] if item["id"] not in self._superseded]
        return {**self._response, "output": counting}

    def take(self, event: Event, seq: int) -> Told:
        """What is told with this event, in order, without numbers."""
        text = "".join(self._answer.due(event, seq))
        told = self._write(text, seq) if text else []
        match event:
            case RunStarted():
                return self._begin(event)
            case Reasoning() if self._is_bare:
                return self._think(event.text)
            case ToolCall() if self._is_bare:
                return [*self._end_thoughts(), *self._call(event)]
            case Restart():
                return self._restart(event, seq)
            case MessageEnd() if self._is_bare:
                self._begun = []
                return told + self._end_items("completed")
            case Done():
                return told + self._done(event)
            case RunError():
                self._response["error"] = {"code": event.code, "message": event.message}
                return told + self._end("response.failed", "failed")
            case Cancelled():
                self._response["usage"] = response_usage(event.usage)
                self._response["incomplete_details"] = {"reason": f"cancelled: {event.reason}"}
                return told + self._end("response.incomplete", "cancelled")
            case Token() | _:
                return told

    def pause(self) -> Told:
        """The run waits for a person: this is not its end, and what follows comes once it goes on."""
        paused: OpenAIResponse = {
            **self.response,
            "status": "incomplete",
            "incomplete_details": {"reason": "waiting"},
        }
        return [{"type": "response.incomplete", "response": paused}]

    # --- the beginning and the end ------------------------------------------------------------------

    def _begin(self, event: RunStarted) -> Told:
        self._is_bare = event.chain == BARE_CHAIN
        self._response["id"] = f"{RESPONSE_ID}{event.run_id}"
        self._response["created_at"] = int(datetime.fromisoformat(event.created_at).timestamp())
        self._response["model"] = event.model or event.chain
        self._response["status"] = "in_progress"
        return [self._state("response.created"), self._state("response.in_progress")]

    def _done(self, event: Done) -> Told:
        self._response["usage"] = response_usage(event.usage)
        cut = _CUT_BY.get(event.finish_reason)
        if cut is None:
            return self._end("response.completed", "completed")
        self._response["incomplete_details"] = {"reason": cut}
        return self._end("response.incomplete", "incomplete")

    def _end(self, name: str, status: Any) -> Told:
        ended = self._end_items("completed" if status == "completed" else "incomplete")
        self._response["status"] = status
        return [*ended, self._state(name)]

    def _state(self, name: str) -> dict[str, Any]:
        return {"type": name, "response": self.response}

    def _restart(self, event: Restart, seq: int) -> Told:
        """What the message had told ends; what others had told beside it is told again, in an item anew. Of
        calls it is told that they are void: a client would run them, whatever becomes of their items."""
        superseded = self._answer.restart(event, seq)
        kept = "".join(superseded.again)
        has_called = bool(self._calls)
        ended: Told = []
        if superseded.shown and self._message is not None:
            _, item, texts = self._message
            kept = "".join(text for at, text in texts if at < superseded.discard_from) + kept
            self._superseded.add(item["id"])
            ended += self._end_message("incomplete")
        if self._is_bare:
            self._superseded.update(self._begun)
            ended += [*self._end_thoughts("incomplete"), *self._end_calls("incomplete")]
        if has_called:
            return [_void(event)]
        # No part of them is done: SDKs parse it then, and raise where it is half of a JSON.
        told = [each for each in ended if each["type"] == "response.output_item.done"]
        return told + (self._write(kept, seq) if kept else [])

    # --- items --------------------------------------------------------------------------------------

    def _write(self, text: str, seq: int) -> Told:
        told = self._end_thoughts()
        if self._message is None:
            item = OutputMessage(
                id=self._item_id("msg"), type="message", role="assistant", status="in_progress", content=[]
            )
            self._message = index, item, _ = len(self._response["output"]), item, []
            self._response["output"].append(item)
            part = {"part": _output_text(""), "content_index": 0}
            told += [
                _added(index, {**item, "content": []}),
                _of("response.content_part.added", index, item, part),
            ]
        index, item, texts = self._message
        texts.append((seq, text))
        more = {"content_index": 0, "delta": text, "logprobs": []}
        return [*told, _of("response.output_text.delta", index, item, more)]

    def _end_message(self, status: ItemStatus) -> Told:
        if self._message is None:
            return []
        (index, item, texts), self._message = self._message, None
        text = "".join(text for _, text in texts)
        item["content"], item["status"] = [_output_text(text)], status
        whole = {"content_index": 0, "text": text, "logprobs": []}
        part = {"content_index": 0, "part": _output_text(text)}
        return [
            _of("response.output_text.done", index, item, whole),
            _of("response.content_part.done", index, item, part),
            _finished(index, item),
        ]

    def _think(self, text: str) -> Told:
        told: Told = []
        if self._thoughts is None:
            item = OutputReasoning(id=self._item_id("rs"), type="reasoning", status="in_progress", summary=[])
            self._thoughts = index, item, _ = len(self._response["output"]), item, []
            self._response["output"].append(item)
            part = {"summary_index": 0, "part": _summary_text("")}
            added = _of("response.reasoning_summary_part.added", index, item, part)
            told = [_added(index, {**item, "summary": []}), added]
        index, item, texts = self._thoughts
        texts.append(text)
        more = {"summary_index": 0, "delta": text}
        return [*told, _of("response.reasoning_summary_text.delta", index, item, more)]

    def _end_thoughts(self, status: ItemStatus = "completed") -> Told:
        if self._thoughts is None:
            return []
        (index, item, texts), self._thoughts = self._thoughts, None
        text = "".join(texts)
        item["summary"], item["status"] = [_summary_text(text)], status
        whole, part = {"summary_index": 0, "text": text}, {"summary_index": 0, "part": _summary_text(text)}
        return [
            _of("response.reasoning_summary_text.done", index, item, whole),
            _of("response.reasoning_summary_part.done", index, item, part),
            _finished(index, item),
        ]

    def _call(self, piece: ToolCall) -> Told:
        told: Told = []
        if piece.tool_call_id not in self._calls:
            item = OutputCall(
                id=self._item_id("fc"),
                type="function_call",
                status="in_progress",
                call_id=piece.tool_call_id,
                name=piece.name,
                arguments="",
            )
            self._calls[piece.tool_call_id] = index, item, _ = len(self._response["output"]), item, []
            self._response["output"].append(item)
            told = [_added(index, dict(item))]
        index, item, texts = self._calls[piece.tool_call_id]
        texts.append(piece.args_delta)
        if not piece.args_delta:
            return told
        more = {"delta": piece.args_delta}
        return [*told, _of("response.function_call_arguments.delta", index, item, more)]

    def _end_calls(self, status: ItemStatus) -> Told:
        told: Told = []
        for index, item, texts in self._calls.values():
            item["arguments"], item["status"] = "".join(texts), status
            whole = {"arguments": item["arguments"], "name": item["name"]}
            told += [
                _of("response.function_call_arguments.done", index, item, whole),
                _finished(index, item),
            ]
        self._calls = {}
        return told

    def _end_items(self, status: ItemStatus) -> Told:
        return [*self._end_thoughts(status), *self._end_message(status), *self._end_calls(status)]

    def _item_id(self, prefix: str) -> str:
        run_id = self._response["id"].removeprefix(RESPONSE_ID)
        self._begun.append(f"{prefix}_{run_id}_{len(self._response['output'])}")
        return self._begun[-1]


def _empty(metadata: dict[str, Any]) -> OpenAIResponse:
    return {
        "id": "",
        "object": "response",
        "created_at": 0,
        "status": "queued",
        "model": "",
        "output": [],
        "usage": None,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": metadata,
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
    }


def _void(event: Restart) -> dict[str, Any]:
    """What ends a stream; the response goes on as long as it would without this reader."""
    again = "send the request again, or retrieve the response if it runs in the background."
    message = f"{restart_note(event)}, and the calls of the first are void: {again}"
    return {"type": ERROR, "code": "restarted", "message": message, "param": None}


def _output_text(text: str) -> OutputText:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary_text(text: str) -> SummaryText:
    return {"type": "summary_text", "text": text}


def _of(name: str, index: int, item: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": name, "item_id": item["id"], "output_index": index, **more}


def _added(index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _finished(index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": {**item}}
