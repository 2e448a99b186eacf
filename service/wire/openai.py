"""`openai`, `openai-ndjson`: the answer as OpenAI's chat.completion.chunk objects.

As its SDKs read them: no event names, no frame without data, and a ping of one line end, since they take a
blank line after an id for an event. Tool calls that the service runs itself are not told: a client would run
them again.
"""

from collections.abc import Sequence
from datetime import datetime

from ..event_log.base import Record
from ..events import Cancelled, Done, Event, Restart, RunError, RunStarted
from ..snapshot import Gap
from ..values import encode_json
from .answer import AnswerText
from .base import COMMENT_PING, SSEFormat, gap_message, restart_fields, restart_note

_READ = frozenset({"run", "token", "message_end", "restart", "done", "error", "cancelled"})
_FINISHES = frozenset({"stop", "length", "content_filter"})  # of those that a Done can have


class OpenAIFormat(SSEFormat):
    """`include_usage` sends what OpenAI does for `stream_options.include_usage`: one more chunk at the end.

    A run that waits for a person finishes with `stop`; a gap, a failure and a cancelled run are errors. Text
    that was superseded cannot be taken back: a chunk says so in its content, for people, and in a field of
    its own, for programs.
    """

    stateful = True
    ping = COMMENT_PING
    gap_is_end = True
    done = b"data: [DONE]\n\n"

    def __init__(self, *, include_usage: bool = False) -> None:
        self._answer = AnswerText()
        self._include_usage = include_usage
        self._head = _head("", 0, "")

    def opening(self, place: str) -> bytes:
        return b""

    def encode(self, record: Record) -> list[bytes]:
        if record.name not in _READ:
            return []
        event = record.event()
        if isinstance(event, Restart):
            return self._restarted(event, record)
        text = "".join(self._answer.due(event, record.seq))
        objects = [self._chunk({"content": text})] if text else []
        objects += self._objects(event)
        return self._framed(objects, ends=record.terminal)

    def gap(self, gap: Gap) -> bytes:
        return b"".join(self._framed([_error(gap_message(gap), gap.reason, "server_error")], ends=True))

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        return b"".join(self._framed([self._chunk({}, "stop")], ends=True))

    def _restarted(self, event: Restart, record: Record) -> list[bytes]:
        superseded = self._answer.restart(event, record.seq)
        if not superseded.shown:
            return []
        chunk = self._chunk({"content": f"\n[{restart_note(event)}]\n"})
        data = restart_fields(record.line, superseded.discard_from)
        return self._framed([b'%b,"restart":%b}' % (chunk[:-1], data)], ends=False)

    def _objects(self, event: Event) -> list[bytes]:
        match event:
            case RunStarted():
                created = int(datetime.fromisoformat(event.created_at).timestamp())
                self._head = _head(event.run_id, created, event.model or event.chain)
                return [self._chunk({"role": "assistant", "content": ""})]
            case Done():
                reason = event.finish_reason if event.finish_reason in _FINISHES else "stop"
                return [self._chunk({}, reason), *self._usage(event)]
            case RunError():
                kind = "invalid_request_error" if event.fault == "client" else "server_error"
                return [_error(event.message, event.code, kind)]
            case Cancelled():
                return [_error(f"The run was cancelled ({event.reason}).", "cancelled", "server_error")]
            case _:
                return []

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        usage = b',"usage":null' if self._include_usage else b""
        return b'%b"choices":[%b]%b}' % (self._head, encode_json(choice), usage)

    def _usage(self, event: Done) -> list[bytes]:
        if not self._include_usage:
            return []
        usage = {
            "prompt_tokens": event.usage["input_tokens"],
            "completion_tokens": event.usage["output_tokens"],
            "total_tokens": event.usage["total_tokens"],
            "prompt_tokens_details": {"cached_tokens": event.usage["cached_tokens"]},
            "completion_tokens_details": {"reasoning_tokens": event.usage["reasoning_tokens"]},
        }
        return [b'%b"choices":[],"usage":%b}' % (self._head, encode_json(usage))]

    def _framed(self, objects: list[bytes], *, ends: bool) -> list[bytes]:
        frames = [b"data: %b\n\n" % each for each in objects]
        return [*frames, self.done] if ends else frames


class OpenAINDJSONFormat(OpenAIFormat):
    """The same objects, a line each, without `[DONE]`."""

    media_type = "application/x-ndjson"
    ping = b""
    has_ids = False

    def stamp(self, frame: bytes, event_id: bytes) -> bytes:
        return frame

    def _framed(self, objects: list[bytes], *, ends: bool) -> list[bytes]:
        return [b"%b\n" % each for each in objects]


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
