"""The messages of one run: what models write, in one attempt or in several, and how each of them ends.

Keyed by LangChain's run ids. Not thread-safe: as the transcript, which it is a part of.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from .call_costs import CallCosts
from .events import (
    BridgeEvent,
    Channel,
    FinishReason,
    MessageEnd,
    Reasoning,
    Restart,
    ScoredToken,
    Token,
    ToolCall,
)
from .message import Message, WrittenCall
from .model_attempts import ModelAttempt
from .model_calls import CANCELLED, UNTOLD
from .rates import Spent
from .retold import Retold
from .run_tree import Place
from .tool_calls import ToolCalls
from .values import clean_text
from .written import CallPiece, Ending, Written


class Due(NamedTuple):
    """When (monotonic seconds) a model call is silent for too long, whether it ever spoke, and which it is by
    LangChain's run id."""

    at: float
    spoken: bool
    run_id: UUID


class Messages:
    """Tells events to `put`; `began` is in monotonic seconds, from which their times count. `calls` hears of
    the tool calls that are written, `costs` of what models used."""

    def __init__(
        self,
        put: Callable[[BridgeEvent], None],
        began: float,
        calls: ToolCalls,
        costs: CallCosts,
        retold: Retold,
    ) -> None:
        self.finish_reason: FinishReason = retold.finish_reason
        self.why_cut_short = CANCELLED  # or the code by which the run is ended
        self._put = put
        self._began = began
        self._calls = calls
        self._costs = costs
        self._count = retold.messages
        self._in_flight: dict[UUID, Message] = {}
        self._answering = set(retold.answers)  # those whose text is the answer

    def spent(self) -> Spent:
        """As CallCosts.spent."""
        return self._costs.spent(self._in_flight.values())

    def due(self, first: float, silence: float) -> Due | None:
        """Which model call in flight is the first to be silent for too long.

        `first` seconds are allowed before its first words, `silence` between them.
        """
        calls = (
            Due(m.active_at + (silence if m.pieces else first), m.pieces > 0, run_id)
            for run_id, m in self._in_flight.items()
        )
        return min(calls, default=None)

    def excuse(self, run_id: UUID) -> None:
        """Its silence begins anew: it is being ended."""
        if message := self._in_flight.get(run_id):
            message.active_at = time.monotonic()

    # --- from beginning to end ---------------------------------------------------------------------

    def start(
        self,
        run_id: UUID,
        place: Place,
        *,
        inner: bool,
        structured: bool,
        provider: str | None,
        model: str | None,
        has_next: bool,
    ) -> None:
        """`structured`: what it writes, as text or as the arguments of a call, is a value for the chain."""
        channel: Channel = "answer" if place.answers and not (inner or structured or place.tool) else "inner"
        rates = self._costs.rates_of(provider, model)
        now = time.monotonic()
        self._in_flight[run_id] = Message(
            self._next_id(),
            place.step,
            channel,
            provider,
            model,
            rates,
            began_at=now,
            active_at=now,
            structured=structured,
            has_next=has_next,
        )

    def write(self, run_id: UUID, written: Written) -> None:
        message = self._in_flight.get(run_id)
        if message is None:
            return
        message.active_at = now = time.monotonic()
        if not written:
            return
        if not message.pieces:
            message.first_at = now
        message.pieces += 1
        message.last_at = now
        t = int((now - self._began) * 1000)
        if written.reasoning and (text := message.reasoning.feed(written.reasoning)):
            self._put(Reasoning(t=t, message_id=message.message_id, step=message.step, text=text))
        if written.text and (text := message.text.feed(written.text)):
            self._put_token(t, message, text, written.scores)
        for piece in written.calls:
            self._put_call(t, message, piece)

    def end(self, run_id: UUID, ending: Ending) -> bool:
        """Returns whether there was such a message."""
        message = self._in_flight.get(run_id)
        if message is None:
            return False
        if not message.pieces:  # the model did not stream, or its answer came from a cache
            self.write(run_id, ending.written)
        del self._in_flight[run_id]
        if message.channel == "answer":
            self.finish_reason = ending.finish_reason
        if ending.used is None and ending.finish_reason == "error":
            self._cut_short(message, UNTOLD)
        else:
            self._put_end(message, ending.finish_reason)
            self._costs.take(message, ending)
        return True

    def waits_for_next(self, run_id: UUID) -> bool:
        """Whether another model takes its place should its model fail."""
        message = self._in_flight.get(run_id)
        return message is not None and message.has_next

    def supersede(self, attempt: ModelAttempt, next_model: str | None) -> bool:
        """The message before this attempt is over, and what it told counts no more. Returns whether there was
        one."""
        message = self._in_flight.pop(attempt.supersedes, None) if attempt.supersedes else None
        if message is None:
            return False
        if message.pieces:
            self._flush(message)
            self._answering.discard(message.message_id)
            self._calls.withdraw(call.tool_call_id for call in message.calls)
            self._put(
                Restart(
                    t=self._now,
                    message_id=message.message_id,
                    code=attempt.code,
                    model=message.model,
                    next_model=next_model,
                )
            )
        self._cut_short(message, attempt.code)
        return True

    def fail(self, run_id: UUID, code: str) -> None:
        """Nothing more will be heard of it; there may be none."""
        if message := self._in_flight.pop(run_id, None):
            self._cut_short(message, code)

    def cut_short(self, run_id: UUID) -> None:
        """As `fail`, of one that is cancelled."""
        self.fail(run_id, self.why_cut_short)

    def close(self) -> None:
        """The run is over, and whatever is in flight with it."""
        for message in self._in_flight.values():
            self._cut_short(message, self.why_cut_short)
        self._in_flight = {}

    def tell_output(self, text: str) -> None:
        """The output of a chain none of whose models wrote an answer, as one."""
        if text and not self._answering:
            now = time.monotonic()
            message = Message(self._next_id(), None, "answer", None, None, None, began_at=now, active_at=now)
            self._put_token(self._now, message, clean_text(text))

    def _cut_short(self, message: Message, code: str) -> None:
        self._put_end(message, "error")
        self._costs.estimate(message, code)

    # --- events ------------------------------------------------------------------------------------

    @property
    def _now(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def _next_id(self) -> str:
        self._count += 1
        return f"m{self._count}"

    def _put_token(self, t: int, message: Message, text: str, scores: list[Any] | None = None) -> None:
        if message.channel == "answer":
            self._answering.add(message.message_id)
        if scores is not None:
            self._put(
                ScoredToken(
                    t=t,
                    message_id=message.message_id,
                    step=message.step,
                    channel=message.channel,
                    text=text,
                    logprobs=scores,
                )
            )
            return
        self._put(
            Token(t=t, message_id=message.message_id, step=message.step, channel=message.channel, text=text)
        )

    def _put_call(self, t: int, message: Message, piece: CallPiece) -> None:
        if message.structured:  # no tool's call: nothing will run it
            if text := message.text.feed(piece["args"] or ""):
                self._put_token(t, message, text)
            return
        call = message.call_of(piece)
        self._calls.write(call.tool_call_id, call.name, piece["args"] or "")
        self._put_call_delta(t, message, call, call.args.feed(piece["args"] or ""))

    def _put_call_delta(self, t: int, message: Message, call: WrittenCall, delta: str) -> None:
        self._put(
            ToolCall(
                t=t,
                message_id=message.message_id,
                step=message.step,
                tool_call_id=call.tool_call_id,
                index=call.index,
                name=call.name,
                args_delta=delta,
            )
        )

    def _put_end(self, message: Message, reason: FinishReason) -> None:
        self._flush(message)
        self._put(MessageEnd(t=self._now, message_id=message.message_id, finish_reason=reason))

    def _flush(self, message: Message) -> None:
        """Half a surrogate pair whose other half never came."""
        t = self._now
        if held := message.reasoning.flush():
            self._put(Reasoning(t=t, message_id=message.message_id, step=message.step, text=held))
        if held := message.text.flush():
            self._put_token(t, message, held)
        for call in message.calls:
            if held := call.args.flush():
                self._put_call_delta(t, message, call, held)
