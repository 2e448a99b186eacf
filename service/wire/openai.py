"""`openai`, `openai-ndjson`: the answer as OpenAI's chat.completion.chunk objects.

As its SDKs read them: no event names, no frame without data, and a ping of one line end, since they take a
blank line after an id for an event. Tool calls that the service runs itself are not told: a client would run
them again. Those of a model alone, without a chain around it, are the client's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from ..event_log.base import Record
from ..events import (
    BARE_CHAIN,
    Cancelled,
    Done,
    Event,
    Reasoning,
    Restart,
    RunError,
    RunStarted,
    ScoredToken,
    ToolCall,
    UsageTotals,
)
from ..snapshot import Gap
from ..values import encode_json
from .answer import AnswerText
from .base import COMMENT_PING, SSEFormat, gap_message, restart_fields, restart_note

_READ = frozenset({"run", "token", "message_end", "restart", "done", "error", "cancelled"})
_OF_A_MODEL = frozenset({"tool_call", "reasoning"})  # read besides, where no chain is around the model

ChatFinish = Literal["stop", "length", "content_filter", "tool_calls"]


class CachedTokens(TypedDict):
    """Of the prompt, what came from the provider's cache."""

    cached_tokens: int


class ReasoningTokens(TypedDict):
    """Of the completion, what was thought."""

    reasoning_tokens: int


class ChatUsage(TypedDict):
    """Tokens of all model calls of a run."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens
    completion_tokens_details: ReasoningTokens


class OpenAIFormat(SSEFormat):
    """`include_usage` sends what OpenAI does for `stream_options.include_usage`: one more chunk at the end.

    A run that waits for a person finishes with `stop`; a gap, a failure and a cancelled run are errors. Text
    that was superseded cannot be taken back, nor can thoughts: a chunk says so in the place of each, for
    people, and in a field of its own, for programs. Calls cannot be taken back either, and whoever has them
    would run them: there the answer ends with an error.
    """

    stateful = True
    ping = COMMENT_PING
    gap_is_end = True
    done = b"data: [DONE]\n\n"

    def __init__(self, *, include_usage: bool = False) -> None:
        self._answer = AnswerText()
        self._include_usage = include_usage
        self._head = _head("", 0, "")
        self._is_bare = False
        self._called: dict[str, int] = {}
        self._callers: set[str] = set()  # the messages whose calls were told
        self._thinkers: set[str] = set()  # and whose thoughts
        self._is_over = False

    def opening(self, place: str) -> bytes:
        return b""

    def encode(self, record: Record) -> list[bytes]:
        if self._is_over or (record.name not in _READ and not (self._is_bare and record.name in _OF_A_MODEL)):
            return []
        event = record.event()
        if isinstance(event, Restart):
            return self._restarted(event, record)
        text = "".join(self._answer.due(event, record.seq))
        objects = [self._chunk({"content": text}, scores=scores_of(event))] if text else []
        objects += self._objects(event)
        return self._framed(objects, ends=record.terminal)

    def gap(self, gap: Gap) -> bytes:
        return b"".join(self._framed([_error(gap_message(gap), gap.reason, "server_error")], ends=True))

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return b"".join(self._framed([self._chunk({}, "stop")], ends=True))

    def _restarted(self, event: Restart, record: Record) -> list[bytes]:
        superseded = self._answer.restart(event, record.seq)
        if event.message_id in self._callers:
            self._is_over = True
            failed = f"{restart_note(event)}, and the calls of the first are void: send the request again."
            return self._framed([_error(failed, "restarted", "server_error")], ends=True)
        has_thought = event.message_id in self._thinkers
        told = {"content": superseded.shown, "reasoning_content": has_thought}
        note = f"\n[{restart_note(event)}]\n"
        if not (delta := {name: note for name, was_told in told.items() if was_told}):
            return []
        # Thoughts come as they are logged, and before the text.
        discard_from = event.discard_from if has_thought else superseded.discard_from
        data = restart_fields(record.line, discard_from)
        return self._framed([b'%b,"restart":%b}' % (self._chunk(delta)[:-1], data)], ends=False)

    def _objects(self, event: Event) -> list[bytes]:
        match event:
            case RunStarted():
                created = int(datetime.fromisoformat(event.created_at).timestamp())
                self._is_bare = event.chain == BARE_CHAIN
                self._head = _head(event.run_id, created, event.model or event.chain)
                return [self._chunk({"role": "assistant", "content": ""})]
            case ToolCall():
                self._callers.add(event.message_id)
                return [self._chunk({"tool_calls": [self._call(event)]})]
            case Reasoning():
                self._thinkers.add(event.message_id)
                return [self._chunk({"reasoning_content": event.text})]
            case Done():
                return [self._chunk({}, finish_of(event, is_bare=self._is_bare)), *self._usage(event)]
            case RunError():
                return [_error(event.message, event.code, kind_of(event))]
            case Cancelled():
                return [_error(f"The run was cancelled ({event.reason}).", "cancelled", "server_error")]
            case _:
                return []

    def _call(self, event: ToolCall) -> dict[str, Any]:
        """A piece of a call: the first one has the id and the name."""
        if (known := self._called.get(event.tool_call_id)) is not None:
            return {"index": known, "function": {"arguments": event.args_delta}}
        index = self._called[event.tool_call_id] = len(self._called)
        function = {"name": event.name, "arguments": event.args_delta}
        return {"index": index, "id": event.tool_call_id, "type": "function", "function": function}

    def _chunk(
        self, delta: dict[str, Any], finish_reason: str | None = None, scores: list[Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        if scores is not None:
            choice["logprobs"] = {"content": scores, "refusal": None}
        usage = b',"usage":null' if self._include_usage else b""
        return b'%b"choices":[%b]%b}' % (self._head, encode_json(choice), usage)

    def _usage(self, event: Done) -> list[bytes]:
        if not self._include_usage:
            return []
        return [b'%b"choices":[],"usage":%b}' % (self._head, encode_json(usage_of(event.usage)))]

    def _framed(self, objects: list[bytes], *, ends: bool) -> list[bytes]:
        frames = [b"data: %b\n\n" % each for each in objects]
        return [*frames, self.done] if ends else frames


class OpenAIUsageFormat(OpenAIFormat):
    """With what was used, as `stream_options.include_usage` asks for it."""

    def __init__(self) -> None:
        super().__init__(include_usage=True)


class OpenAINDJSONFormat(OpenAIFormat):
    """The same objects, a line each, without `[DONE]`."""

    media_type = "application/x-ndjson"
    ping = b""
    has_ids = False

    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        return frame

    def _framed(self, objects: list[bytes], *, ends: bool) -> list[bytes]:
        return [b"%b\n" % each for each in objects]


def finish_of(event: Done, *, is_bare: bool) -> ChatFinish:
    """The reason of the end. Calls of tools are one only where the client is to run them."""
    match event.finish_reason:
        case "length" | "content_filter" as reason:
            return reason
        case "tool_calls" if is_bare:
            return "tool_calls"
        case _:
            return "stop"


def scores_of(event: Event) -> list[Any] | None:
    """The log probabilities of a token, where they were asked for."""
    return event.logprobs if isinstance(event, ScoredToken) else None


def kind_of(event: RunError) -> str:
    """An error's `type`."""
    return "invalid_request_error" if event.fault == "client" else "server_error"


def usage_of(used: UsageTotals) -> ChatUsage:
    return {
        "prompt_tokens": used["input_tokens"],
        "completion_tokens": used["output_tokens"],
        "total_tokens": used["total_tokens"],
        "prompt_tokens_details": {"cached_tokens": used["cached_tokens"]},
        "completion_tokens_details": {"reasoning_tokens": used["reasoning_tokens"]},
    }


def _head(run_id: str, created: int, model: str) -> bytes:
    """What all chunks of a run begin with, up to their choices."""
    fields = {
        "id": f"chatcmpl-{run_id}",
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
    }
    return b"%b," % encode_json(fields)[:-1]


def _error(message: str, code: str, kind: str) -> bytes:
    return encode_json({"error": {"message": message, "type": kind, "param": None, "code": code}})
