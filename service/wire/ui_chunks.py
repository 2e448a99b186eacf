"""A run's events as chunks of the AI SDK's UI message stream, of which its client builds one message.

The client throws at a delta without its start and at a type that it does not know: so each part is begun
before it is told, whatever the log holds, and extras are `data-*`.
"""

from dataclasses import dataclass
from typing import Any, Literal, assert_never

from ..events import (
    Approval,
    Cancelled,
    Custom,
    Done,
    Event,
    FinishReason,
    MessageEnd,
    Partial,
    Reasoning,
    Restart,
    RunError,
    RunStarted,
    Source,
    Sources,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolEnd,
    ToolError,
    ToolProgress,
    ToolStart,
    Usage,
    UsageTotals,
)
from .ui_calls import Chunk, UICalls

_FINISHES: dict[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool-calls",
    "content_filter": "content-filter",
    "error": "error",
}
_LINKS = ("https://", "http://")  # what a page may link to
_OF_MODELS = (
    *(RunStarted, Token, Reasoning, ToolCall, MessageEnd, Usage, Restart, StepStart, StepEnd),
    Partial,  # the value so far of what one writes: the client forgets it with the words
)


@dataclass(slots=True)
class _Part:
    """A text or reasoning that goes on."""

    kind: Literal["text", "reasoning"]
    part_id: str


class UIChunks:
    """Of one run, given its events from the first on. Holds at most what the run's log does."""

    def __init__(self) -> None:
        self._run_id = ""
        self._in_step = False
        self._writers: set[str] = set()  # messages whose words are in this step
        self._has_more = False  # in this step is more than the words of models
        self._is_reset = False  # nothing of this step counts
        self._speaking: set[str] = set()
        self._parts: dict[str, _Part] = {}
        self._counts: dict[str, int] = {}
        self._calls = UICalls()
        self._used: list[Usage] = []

    def of(self, event: Event) -> list[Chunk]:
        """The chunks of the next event."""
        self._has_more = self._has_more or not isinstance(event, _OF_MODELS)
        if isinstance(event, Approval | RunError | Cancelled):
            return self._chunks(event)
        return self._calls.questions_answered() + self._chunks(event)

    def _chunks(self, event: Event) -> list[Chunk]:  # noqa: C901 - one case for each event
        match event:
            case RunStarted():
                return [self._start(event)]
            case Token():
                return self._said(event, "text") if event.channel == "answer" else []
            case Reasoning():
                return self._said(event, "reasoning")
            case ToolCall():
                began = self._speaks(event.message_id)
                return began + self._part_ended(event.message_id) + self._calls.written(event)
            case MessageEnd():
                self._speaking.discard(event.message_id)
                return self._part_ended(event.message_id) + self._calls.message_ended(event)
            case ToolStart():
                return self._in_a_step() + self._calls.started(event)
            case ToolEnd():
                return self._calls.ended(event)
            case ToolError():
                return self._calls.failed(event)
            case Approval():
                return self._in_a_step() + self._calls.asked(event, self._run_id)
            case Usage():
                self._used.append(event)
                return [_metadata(_usage(_total(self._used)))]
            case Restart():
                return self._superseded(event)
            case Sources():
                return [_source(number, item) for number, item in enumerate(event.items, 1)]
            case ToolProgress():
                progress = {"tool_call_id": event.tool_call_id, "name": event.name, "data": event.data_}
                return [_data("tool-progress", progress, event.tool_call_id)]
            case Custom():
                return [_data("custom", {"name": event.name, "data": event.data_})]
            case Partial():
                return [_data("partial", {"value": event.value}, "partial")]
            case StepStart() | StepEnd():
                return [{**_data("step", _step(event)), "transient": True}]
            case Done():
                return self._done(event)
            case RunError():
                return self._failed(event)
            case Cancelled():
                return self._cancelled(event)
            case _:
                assert_never(event)

    def paused(self) -> list[Chunk]:
        """The run waits for a person."""
        return [*self._calls.paused(self._run_id), _finish("tool-calls", {"status": "waiting"})]

    def _start(self, event: RunStarted) -> Chunk:
        self._run_id = event.run_id
        metadata = {
            "runId": event.run_id,
            "chain": event.chain,
            "model": event.model,
            "threadId": event.thread_id,
            "createdAt": event.created_at,
            "status": "running",
        }
        return {"type": "start", "messageId": event.run_id, "messageMetadata": metadata}

    # --- texts and steps ---------------------------------------------------------------------------

    def _said(self, event: Token | Reasoning, kind: Literal["text", "reasoning"]) -> list[Chunk]:
        if not event.text:
            return []
        chunks, part = self._speaks(event.message_id), self._parts.get(event.message_id)
        if part is None or part.kind != kind:
            chunks += self._part_ended(event.message_id)
            part = self._parts[event.message_id] = _Part(kind, self._new_id(event.message_id))
            chunks.append({"type": f"{kind}-start", "id": part.part_id})
        return [*chunks, {"type": f"{kind}-delta", "id": part.part_id, "delta": event.text}]

    def _new_id(self, message_id: str) -> str:
        self._counts[message_id] = count = self._counts.get(message_id, 0) + 1
        return f"{message_id}.{count}"

    def _part_ended(self, message_id: str) -> list[Chunk]:
        part = self._parts.pop(message_id, None)
        return [{"type": f"{part.kind}-end", "id": part.part_id}] if part else []

    def _speaks(self, message_id: str) -> list[Chunk]:
        """A step is a model call with its tools: a new one begins once all of that is over."""
        if message_id in self._speaking:
            return []
        goes_on = self._in_step and (self._speaking or self._calls.go_on or self._is_reset)
        self._speaking.add(message_id)
        began = [] if goes_on else self._step_ended() + self._in_a_step()
        self._writers.add(message_id)
        self._is_reset = False
        return began

    def _superseded(self, event: Restart) -> list[Chunk]:
        """The client forgets the step, where all of it is of this message; else it is told what to forget."""
        ended = self._part_ended(event.message_id)
        told = _data("restart", _restart(event))
        if not self._in_step or self._has_more or self._writers != {event.message_id}:
            return [*ended, told]
        self._calls.forget(event.message_id)
        self._writers, self._is_reset = set(), True
        return [*ended, {"type": "reset-step"}, told]

    def _in_a_step(self) -> list[Chunk]:
        if self._in_step:
            return []
        self._in_step, self._writers, self._has_more, self._is_reset = True, set(), False, False
        return [{"type": "start-step"}]

    def _step_ended(self) -> list[Chunk]:
        ended, self._in_step = self._in_step, False
        return [{"type": "finish-step"}] if ended else []

    # --- the end -----------------------------------------------------------------------------------

    def _done(self, event: Done) -> list[Chunk]:
        times = {"ttftMs": event.ttft_ms, "durationMs": event.duration_ms}
        metadata = {"status": "succeeded", **_usage(event.usage), **times}
        return [*self._closed(succeeded=True), _finish(_FINISHES[event.finish_reason], metadata)]

    def _failed(self, event: RunError) -> list[Chunk]:
        error = {"code": event.code, "fault": event.fault, "retryable": event.retryable}
        told = _metadata({"status": "failed", "error": error})  # the client reads nothing after an error
        said = {"type": "error", "errorText": event.message}
        return [*self._closed(succeeded=False), told, said, _finish("error", {})]

    def _cancelled(self, event: Cancelled) -> list[Chunk]:
        """The client passes over an abort; after an interrupted message it sends nothing by itself."""
        about = {"status": "cancelled", "cancelReason": event.reason}
        metadata = {**about, **_usage(event.usage), "durationMs": event.duration_ms}
        abort = {"type": "abort", "reason": event.reason}
        return [*self._closed(succeeded=False), abort, _finish("interrupted", metadata)]

    def _closed(self, *, succeeded: bool) -> list[Chunk]:
        chunks = [chunk for message_id in list(self._parts) for chunk in self._part_ended(message_id)]
        return chunks + self._calls.closed(succeeded=succeeded) + self._step_ended()


def _finish(reason: str, metadata: Chunk) -> Chunk:
    return {"type": "finish", "finishReason": reason, "messageMetadata": metadata}


def _metadata(metadata: Chunk) -> Chunk:
    return {"type": "message-metadata", "messageMetadata": metadata}


def _data(name: str, data: Any, part_id: str | None = None) -> Chunk:
    """A part of our own; one with an id replaces the one before it."""
    return {"type": f"data-{name}", **({} if part_id is None else {"id": part_id}), "data": data}


def _step(event: StepStart | StepEnd) -> Chunk:
    status = "started" if isinstance(event, StepStart) else "ended"
    return {"step": event.step, "name": event.name, "parent": event.parent, "status": status}


def _restart(event: Restart) -> Chunk:
    return {
        "message_id": event.message_id,
        "reason": event.reason,
        "code": event.code,
        "model": event.model,
        "next_model": event.next_model,
    }


def _source(number: int, item: Source) -> Chunk:
    about = {"providerMetadata": {"chainstream": {"snippet": item["snippet"], "score": item["score"]}}}
    source_id, url, title = item["id"] or str(number), item["url"], item["title"]
    if url is not None and url.lower().startswith(_LINKS):
        named = {"title": title} if title else {}
        return {"type": "source-url", "sourceId": source_id, "url": url, **named, **about}
    named = {"mediaType": "text/plain", "title": title or url or source_id}
    return {"type": "source-document", "sourceId": source_id, **named, **about}


def _total(used: list[Usage]) -> UsageTotals:
    costs = [each.cost_usd for each in used if each.cost_usd is not None]
    return UsageTotals(
        input_tokens=sum(each.input_tokens for each in used),
        output_tokens=sum(each.output_tokens for each in used),
        total_tokens=sum(each.total_tokens for each in used),
        cached_tokens=sum(each.cached_tokens for each in used),
        reasoning_tokens=sum(each.reasoning_tokens for each in used),
        cost_usd=sum(costs) if len(costs) == len(used) else None,
    )


def _usage(usage: UsageTotals) -> Chunk:
    """By the names of the AI SDK's own usage."""
    tokens = {
        "inputTokens": usage["input_tokens"],
        "outputTokens": usage["output_tokens"],
        "totalTokens": usage["total_tokens"],
        "cachedInputTokens": usage["cached_tokens"],
        "reasoningTokens": usage["reasoning_tokens"],
    }
    return {"usage": tokens, "costUsd": usage["cost_usd"]}
