"""`ag-ui`: the run as events of the Agent User Interaction Protocol 1.0, by that protocol's own classes.

As @ag-ui/client verifies them: what was opened is closed before RUN_FINISHED, steps that are open have names
of their own, no frame is without data. Messages of parallel models come as they are written, each by its id.
A run that waits for a person ends with an interrupt; the answer comes with a run of AG-UI's own, which goes
on in the same log: it is told what comes `after` the question.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self, assert_never

from ag_ui.core import (
    PROTOCOL_VERSION,
    CustomEvent,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    RunFinishedOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
)

from ..event_log.base import Record
from ..events import (
    Approval,
    Cancelled,
    Custom,
    Done,
    Event,
    MessageEnd,
    Partial,
    Reasoning,
    Restart,
    RunError,
    RunStarted,
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
)
from ..snapshot import Gap
from ..values import encode_json
from .ag_ui_frames import frame
from .ag_ui_interrupts import interrupt_of
from .ag_ui_shown import Shown
from .ag_ui_usage import Used
from .base import COMMENT_PING, SSEFormat, gap_message

RUN_ID_KEY = "ag_ui_run_id"  # of a run's metadata: the id that its client chose
OURS = "chainstream."  # before the names of custom events that no chain has named


class AGUIFormat(SSEFormat):
    """`thread_id` and `run_id` are the client's, without them the run's own; `after` is the seq of the
    question that a client has answered to go on."""

    stateful = True
    ping = COMMENT_PING
    gap_is_end = True

    def __init__(self, *, thread_id: str | None = None, run_id: str | None = None, after: int = 0) -> None:
        self._ids = thread_id, run_id
        self._after = after
        self._began: RunStarted | None = None
        self._is_due = False  # RUN_STARTED, before whatever comes next
        self._asked: dict[str, tuple[str, Approval]] = {}  # with the ids of their events
        self._shown = Shown("", set())
        self._used = Used()

    @classmethod
    def made_for(cls, thread_id: str | None, metadata: Mapping[str, Any]) -> Self:
        run_id = metadata.get(RUN_ID_KEY)
        return cls(thread_id=thread_id, run_id=run_id if isinstance(run_id, str) else None)

    def _begin_anew(self) -> None:
        self._shown = Shown(self._run_id, self._shown.known_calls)
        self._used = Used()

    def opening(self, place: str) -> bytes:
        return b""

    def encode(self, record: Record) -> list[bytes]:
        event = record.event()
        if isinstance(event, Approval):
            self._asked[event.interrupt_id] = f"{self._run_id}.{record.attempt}.{record.seq}", event
        frames = self._frames(event)
        if self._is_due:
            frames = [*self._started(), *frames]
        if record.seq == self._after:
            self._begin_anew()
            self._is_due = True
        return frames

    def gap(self, gap: Gap) -> bytes:
        return frame(RunErrorEvent(message=gap_message(gap), code=gap.reason))

    def paused(self, interrupt_ids: Sequence[str]) -> bytes:
        asked = [interrupt_of(*self._asked[each]) for each in interrupt_ids if each in self._asked]
        frames = [*(self._started() if self._is_due else ()), *self._shown.all_closed()]
        outcome = RunFinishedInterruptOutcome(interrupts=asked) if asked else None
        return b"".join([*frames, self._finished(outcome)])

    def _frames(self, event: Event) -> list[bytes]:  # noqa: C901 - one case for each event
        match event:
            case Token():
                return self._shown.text(event)
            case Reasoning():
                return self._shown.thought(event)
            case ToolCall():
                return self._shown.call(event)
            case MessageEnd():
                return self._shown.message_ended(event)
            case ToolStart():
                return self._shown.tool_started(event)
            case ToolEnd():
                cut = {"truncated": True, "size": event.size} if event.truncated else None
                return self._shown.result(event.tool_call_id, event.name, _as_text(event.output), cut)
            case ToolError():
                failure = {"error": {"code": event.code, "message": event.message}}
                return self._shown.result(event.tool_call_id, event.name, event.message, failure)
            case StepStart():
                return self._shown.step_started(event)
            case StepEnd():
                return self._shown.step_ended(event)
            case Usage():
                self._used.take(event)
                return _custom(event)
            case Restart():
                return [*self._shown.superseded(event), *_custom(event)]
            case Sources() | Partial() | ToolProgress():
                return _custom(event)
            case Custom():
                return [frame(CustomEvent(name=event.name, value=event.data_))]
            case Approval():
                return []  # told once the run waits, with all the others
            case RunStarted():
                return [] if self._began else self._begun(event)
            case Done():
                return [*self._shown.all_closed(), self._succeeded(event)]
            case Cancelled():
                frames, about = self._shown.all_closed(), {"reason": event.reason}
                return [*frames, self._finished(RunFinishedCancelledOutcome(), metadata=about)]
            case RunError():
                return [*self._shown.all_closed(), self._failed(event)]
            case _:
                assert_never(event)

    # --- runs --------------------------------------------------------------------------------------

    @property
    def _run_id(self) -> str:
        """Our own."""
        return self._began.run_id if self._began else ""

    @property
    def _named(self) -> dict[str, str]:
        """The ids by which the client knows the run."""
        thread_id, run_id = self._ids
        thread = thread_id or (self._began.thread_id if self._began else None)
        return {"thread_id": thread or self._run_id, "run_id": run_id or self._run_id}

    def _begun(self, event: RunStarted) -> list[bytes]:
        self._began = event
        self._begin_anew()
        return self._started()

    def _started(self) -> list[bytes]:
        self._is_due = False
        began = self._began
        about = {"run_id": began.run_id, "chain": began.chain, "model": began.model} if began else None
        started = RunStartedEvent(**self._named, protocol_version=PROTOCOL_VERSION, metadata=about)
        return [frame(started)]

    def _succeeded(self, event: Done) -> bytes:
        outcome = RunFinishedSuccessOutcome(pending_tool_call_ids=self._shown.unanswered or None)
        about = {
            "finish_reason": event.finish_reason,
            "duration_ms": event.duration_ms,
            "ttft_ms": event.ttft_ms,
            "cost_usd": event.usage["cost_usd"],
        }
        return self._finished(outcome, result=event.output, metadata=about)

    def _finished(self, outcome: RunFinishedOutcome | None, **more: Any) -> bytes:
        return frame(RunFinishedEvent(**self._named, outcome=outcome, usage=self._used.sums(), **more))

    def _failed(self, event: RunError) -> bytes:
        about = {"fault": event.fault, "retryable": event.retryable}
        failed = RunErrorEvent(
            message=event.message, code=event.code, usage=self._used.sums(), metadata=about
        )
        return frame(failed)


def _custom(event: Usage | Restart | Sources | Partial | ToolProgress) -> list[bytes]:
    """What AG-UI has no event for, as docs/protocol.md has it."""
    return [frame(CustomEvent(name=f"{OURS}{event.type}", value=event.data()))]


def _as_text(output: object) -> str:
    return output if isinstance(output, str) else encode_json(output).decode()
