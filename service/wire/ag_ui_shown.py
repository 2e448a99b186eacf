"""What an AG-UI client is shown of a run's messages, calls and steps, and what of it is still open.

Of one run of AG-UI; a run of ours that waited for people is several.
"""

from collections.abc import Iterable
from typing import Any

from ag_ui.core import (
    ReasoningEndEvent,
    ReasoningMessageEndEvent,
    ReasoningMessageStartEvent,
    ReasoningStartEvent,
    StepFinishedEvent,
    StepStartedEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallArgsEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from ..events import MessageEnd, Reasoning, Restart, StepEnd, StepStart, Token, ToolCall, ToolStart
from ..values import encode_json
from .ag_ui_frames import calls_ended, delta, frame, head

SUPERSEDED = "superseded"  # in the metadata of what counts no more; clients keep it, and send it back
_AS_EXPECTED = ("stop", "tool_calls")


class Shown:
    """`known_calls` are those that were told before; each method returns the frames that an event makes."""

    def __init__(self, run_id: str, known_calls: set[str]) -> None:
        self._run_id = run_id
        self.known_calls = known_calls
        self._texts: dict[str, bytes] = {}  # open messages, and how their content begins
        self._thoughts: dict[str, tuple[str, bytes]] = {}  # open reasoning by its message
        self._thought_counts: dict[str, int] = {}
        self._calls: dict[str, str] = {}  # open calls, and their messages
        self._unanswered: dict[str, None] = {}
        self._steps: dict[str, str] = {}  # open steps, and the names they go by

    @property
    def unanswered(self) -> list[str]:
        """Calls without a result: their client is to run them."""
        return list(self._unanswered)

    def all_closed(self) -> list[bytes]:
        """Whatever is open, inner steps before outer ones; the state stays as it is."""
        return [
            *(each for message_id in self._thoughts for each in self._thought_ends(message_id)),
            *(frame(TextMessageEndEvent(message_id=self._id(each))) for each in self._texts),
            *calls_ended(self._calls),
            *(frame(StepFinishedEvent(step_name=name)) for name in reversed(self._steps.values())),
        ]

    # --- messages ----------------------------------------------------------------------------------

    def _id(self, message_id: str) -> str:
        """A message's, which no other run of the thread has: clients keep all of them in one list."""
        return f"{self._run_id}.{message_id}"

    def text(self, event: Token) -> list[bytes]:
        if event.channel != "answer" or not event.text:
            return []
        begin = self._texts.get(event.message_id)
        if begin is not None and event.message_id not in self._thoughts:
            return [delta(begin, event.text)]
        frames = self._thought_closed(event.message_id)
        if begin is None:
            message_id = self._id(event.message_id)
            begin = self._texts[event.message_id] = head("TEXT_MESSAGE_CONTENT", "messageId", message_id)
            frames.append(frame(TextMessageStartEvent(message_id=message_id, role="assistant")))
        return [*frames, delta(begin, event.text)]

    def thought(self, event: Reasoning) -> list[bytes]:
        if not event.text:
            return []
        if known := self._thoughts.get(event.message_id):
            return [delta(known[1], event.text)]
        count = self._thought_counts[event.message_id] = self._thought_counts.get(event.message_id, 0) + 1
        thought_id = f"{self._id(event.message_id)}.reasoning{count}"
        begin = head("REASONING_MESSAGE_CONTENT", "messageId", thought_id)
        self._thoughts[event.message_id] = thought_id, begin
        return [
            frame(ReasoningStartEvent(message_id=thought_id)),
            frame(ReasoningMessageStartEvent(message_id=thought_id, role="reasoning")),
            delta(begin, event.text),
        ]

    def _thought_closed(self, message_id: str, about: dict[str, Any] | None = None) -> list[bytes]:
        """A model's thinking is over once it says or calls something."""
        frames = self._thought_ends(message_id, about)
        self._thoughts.pop(message_id, None)
        return frames

    def _thought_ends(self, message_id: str, about: dict[str, Any] | None = None) -> list[bytes]:
        if message_id not in self._thoughts:
            return []
        thought_id, _ = self._thoughts[message_id]
        end = ReasoningMessageEndEvent(message_id=thought_id, metadata=about)
        return [frame(end), frame(ReasoningEndEvent(message_id=thought_id))]

    def message_ended(self, event: MessageEnd) -> list[bytes]:
        short = event.finish_reason not in _AS_EXPECTED  # so that whoever keeps the message can tell
        about = {"finish_reason": event.finish_reason} if short else None
        return self._message_closed(event.message_id, of_text=about)

    def superseded(self, event: Restart) -> list[bytes]:
        """The message is over and counts no more; the calls that it wrote are nobody's to run."""
        for call in self._written_by(event.message_id):
            self._unanswered.pop(call, None)
        about = {SUPERSEDED: True}
        return self._message_closed(event.message_id, of_text=about, of_others=about)

    def _message_closed(
        self, message_id: str, of_text: dict[str, Any] | None, of_others: dict[str, Any] | None = None
    ) -> list[bytes]:
        """What their ends tell of the text, and of thoughts and calls."""
        frames = self._thought_closed(message_id, of_others)
        if self._texts.pop(message_id, None) is not None:
            frames.append(frame(TextMessageEndEvent(message_id=self._id(message_id), metadata=of_text)))
        return [*frames, *self._calls_closed(self._written_by(message_id), of_others)]

    def _written_by(self, message_id: str) -> list[str]:
        return [call for call, writer in self._calls.items() if writer == message_id]

    # --- tools -------------------------------------------------------------------------------------

    def call(self, event: ToolCall) -> list[bytes]:
        frames = self._thought_closed(event.message_id)
        if event.tool_call_id not in self.known_calls:
            self._calls[event.tool_call_id] = event.message_id
            frames += self._call_begins(event.tool_call_id, event.name, self._id(event.message_id))
        if event.args_delta and event.tool_call_id in self._calls:
            begin = head("TOOL_CALL_ARGS", "toolCallId", event.tool_call_id)
            frames.append(delta(begin, event.args_delta))
        return frames

    def _call_begins(self, tool_call_id: str, name: str, parent: str | None = None) -> list[bytes]:
        self.known_calls.add(tool_call_id)
        self._unanswered[tool_call_id] = None
        started = ToolCallStartEvent(tool_call_id=tool_call_id, tool_call_name=name, parent_message_id=parent)
        return [frame(started)]

    def tool_started(self, event: ToolStart) -> list[bytes]:
        """A call that no model wrote is told whole."""
        if event.tool_call_id in self.known_calls:
            return self._calls_closed([event.tool_call_id])
        args = ToolCallArgsEvent(tool_call_id=event.tool_call_id, delta=encode_json(event.input).decode())
        started = self._call_begins(event.tool_call_id, event.name)
        return [*started, frame(args), *calls_ended([event.tool_call_id])]

    def result(self, tool_call_id: str, name: str, content: str, about: dict[str, Any] | None) -> list[bytes]:
        frames = self._calls_closed([tool_call_id])
        if tool_call_id not in self.known_calls:
            frames = [*self._call_begins(tool_call_id, name), *calls_ended([tool_call_id])]
        self._unanswered.pop(tool_call_id, None)
        result = ToolCallResultEvent(
            message_id=f"{self._run_id}.tool.{tool_call_id}",
            tool_call_id=tool_call_id,
            content=content,
            role="tool",
            metadata=about,
        )
        return [*frames, frame(result)]

    def _calls_closed(self, tool_call_ids: Iterable[str], about: dict[str, Any] | None = None) -> list[bytes]:
        closed = [each for each in tool_call_ids if self._calls.pop(each, None) is not None]
        return calls_ended(closed, about)

    # --- steps -------------------------------------------------------------------------------------

    def step_started(self, event: StepStart) -> list[bytes]:
        """Clients know steps by their names alone: of two that are open, the later is told with its id."""
        if event.step in self._steps:
            return []
        taken = event.name in self._steps.values()
        name = self._steps[event.step] = f"{event.name} ({event.step})" if taken else event.name
        return [frame(StepStartedEvent(step_name=name))]

    def step_ended(self, event: StepEnd) -> list[bytes]:
        name = self._steps.pop(event.step, None)
        return [] if name is None else [frame(StepFinishedEvent(step_name=name))]
