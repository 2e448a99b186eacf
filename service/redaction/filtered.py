"""A run's events as they may leave: texts that come in pieces are held back as far as they must be.

A text is what a model writes in one message: its words, its reasoning, the arguments of one call. Where it
was cut, what is held is not shown: it may be half of a match. The chain itself gets its own values untouched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..errors import RunFailed
from ..events import (
    CLOSING,
    Approval,
    BridgeEvent,
    MessageEnd,
    Reasoning,
    ScoredToken,
    Token,
    ToolCall,
    ToolError,
)
from .filtering import Sets, TextStream, text_stream
from .json_text import JsonText
from .rule import Blocked
from .whole_events import WholeEvents

CUT: Final = frozenset(
    {"length", "error", "content_filter"}
)  # how messages end that were not written to their end


class Refusal:
    """A filter has blocked the answer: the run is over, and its answer is what was shown."""


@dataclass(slots=True)
class _Text:
    """A text under way, and the event that brought its last piece."""

    stream: TextStream
    last: Token | Reasoning | ToolCall


@dataclass(slots=True)
class _Message:
    words: _Text | None = None
    reasoning: _Text | None = None
    calls: dict[str, _Text] = field(default_factory=dict)

    def texts(self) -> list[_Text]:
        return [text for text in (self.reasoning, self.words, *self.calls.values()) if text is not None]


class Filtered:
    """What `rules` match is shown nowhere. `written` goes over all that models write, and `answer` over the
    answer; both end with the rules.

    `verdict` is set once nothing but what closes the run may be shown any more.
    """

    def __init__(self, *, answer: Sets, written: Sets, rules: Sets) -> None:
        self.verdict: RunFailed | Refusal | None = None
        self._answer = answer
        self._written = written
        self._messages: dict[str, _Message] = {}
        self._last_message = "m1"
        self._whole = WholeEvents(answer=answer, rules=rules)

    def take(self, events: Sequence[BridgeEvent]) -> list[BridgeEvent]:
        """The events as they may be shown, in their order; what is held comes later."""
        shown: list[BridgeEvent] = []
        for event in events:
            if self.verdict is None:
                try:
                    self._take(event, shown)
                    continue
                except Exception as error:
                    self._stop(error, event.t, shown)
            if isinstance(event, CLOSING):
                shown.append(self._closing(event))
        return shown

    def end(self, t: int) -> list[BridgeEvent]:
        """What is still held of texts that nothing has ended."""
        shown: list[BridgeEvent] = []
        try:
            while self._messages and self.verdict is None:
                self._end_message(next(iter(self._messages)), t, shown)
        except Exception as error:
            self._stop(error, t, shown)
        return shown

    def approvals(self, approvals: Sequence[Approval]) -> list[Approval]:
        """What a person is asked."""
        return [self._whole.approval(approval) for approval in approvals]

    def output(self, value: Any) -> Any:
        """What the chain put out. Where a filter blocks or fails, there is a `verdict`."""
        try:
            return self._whole.output(value)
        except Exception as error:
            self._stop(error, 0, [])
            return error.message if isinstance(error, Blocked) else None

    def message(self, text: str) -> str:
        """An error's."""
        return self._whole.text(text)

    # --- one event ---------------------------------------------------------------------------------

    def _stop(self, error: Exception, t: int, shown: list[BridgeEvent]) -> None:
        """A filter blocked or failed: no more text passes, but for what is said instead."""
        if not isinstance(error, Blocked):
            self.verdict = _failed(error)
            return
        self.verdict = Refusal()
        said = Token(t=t, message_id=self._last_message, step=None, channel="answer", text=error.message)
        shown.extend([said] if error.message else [])

    def _take(self, event: BridgeEvent, shown: list[BridgeEvent]) -> None:
        match event:
            case Token():
                event = _without_scores(event)
                message = self._message(event.message_id)
                if (words := message.words) is None:
                    sets = self._answer if event.channel == "answer" else self._written
                    words = message.words = _Text(text_stream(sets), event)
                self._feed(words, event, shown)
            case Reasoning():
                message = self._message(event.message_id)
                if (reasoning := message.reasoning) is None:
                    reasoning = message.reasoning = _Text(text_stream(self._written), event)
                self._feed(reasoning, event, shown)
            case ToolCall():
                self._take_call(event, shown)
            case MessageEnd():
                self._take_message_end(event, shown)
            case _:
                shown.append(self._whole.clean(event))

    # --- texts in pieces ---------------------------------------------------------------------------

    def _message(self, message_id: str) -> _Message:
        self._last_message = message_id
        message = self._messages.get(message_id)
        if message is None:
            message = self._messages[message_id] = _Message()
        return message

    def _feed(self, text: _Text, event: Token | Reasoning, shown: list[BridgeEvent]) -> None:
        text.last = event
        try:
            decided = text.stream.feed(event.text)
        except Blocked as blocked:
            shown.extend(_with_text(event, blocked.shown, event.t))
            raise
        if decided == event.text:
            shown.append(event)
        elif decided:
            shown.append(replace(event, text=decided))

    def _take_call(self, event: ToolCall, shown: list[BridgeEvent]) -> None:
        """The first event of a call comes at once: it tells that there is one."""
        calls = self._message(event.message_id).calls
        call = calls.get(event.tool_call_id)
        is_first = call is None
        if call is None:
            stream = JsonText(lambda: text_stream(self._written))
            call = calls[event.tool_call_id] = _Text(stream, event)
        decided = call.stream.feed(event.args_delta)
        call.last = event = replace(event, name=self._whole.name(event.name), args_delta=decided)
        if decided or is_first:
            shown.append(event)

    def _take_message_end(self, event: MessageEnd, shown: list[BridgeEvent]) -> None:
        if event.finish_reason in CUT:
            self._messages.pop(event.message_id, None)
        else:
            self._end_message(event.message_id, event.t, shown)
        shown.append(event)

    def _end_message(self, message_id: str, t: int, shown: list[BridgeEvent]) -> None:
        """Show what is held of its texts."""
        message = self._messages.pop(message_id, None)
        for text in message.texts() if message else ():
            self._last_message = message_id
            try:
                shown.extend(_with_text(text.last, text.stream.flush(), t))
            except Blocked as blocked:
                shown.extend(_with_text(text.last, blocked.shown, t))
                raise

    def _closing(self, event: BridgeEvent) -> BridgeEvent:
        """What closes the message that was blocked says so."""
        if isinstance(event, MessageEnd) and event.message_id == self._last_message:
            return replace(event, finish_reason="content_filter") if self._is_blocked else event
        return self._whole.clean(event) if isinstance(event, ToolError) else event

    @property
    def _is_blocked(self) -> bool:
        return isinstance(self.verdict, Refusal)


def _without_scores(event: Token) -> Token:
    """Log probabilities are told with the pieces of the text as they came, and with others beside them."""
    if not isinstance(event, ScoredToken):
        return event
    return Token(
        t=event.t, message_id=event.message_id, step=event.step, channel=event.channel, text=event.text
    )


def _with_text(last: Token | Reasoning | ToolCall, text: str, t: int) -> list[BridgeEvent]:
    if not text:
        return []
    match last:
        case Token() | Reasoning():
            return [replace(last, t=t, text=text)]
        case ToolCall():
            return [replace(last, t=t, args_delta=text)]


def _failed(error: Exception) -> RunFailed:
    failure = RunFailed(
        "filter_failed", "A filter of the service failed, so its text is not shown.", fault="service"
    )
    failure.__cause__ = error
    return failure
