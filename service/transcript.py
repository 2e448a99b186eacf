"""The story of one run as events: what is in flight, and what is told when something begins, goes on or ends.

Keyed by LangChain's run ids, so that parallel models and tools never mix. It takes plain values, knows no
LangChain, and is not thread-safe: the bridge holds its lock around every call.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple
from uuid import UUID

from .bill import Bill, no_tokens
from .events import (
    BridgeEvent,
    Channel,
    Custom,
    FinishReason,
    MessageEnd,
    Partial,
    Reasoning,
    Restart,
    ScoredToken,
    Source,
    Sources,
    StepEnd,
    StepStart,
    Token,
    ToolCall,
    ToolProgress,
    Usage,
    UsageTotals,
)
from .model_attempts import FIRST_AND_ONLY, ModelAttempt
from .model_calls import ModelCall, OnCall, untold
from .rates import MILLION, Rates, RatesOf, Spent, cost_of, unpriced
from .retold import Retold
from .run_tree import Place, RunTree, Step
from .tool_calls import ToolCalls
from .values import TextJoiner, clean_text
from .written import CallPiece, Ending, Output, Question, Tokens, Unrun, Written

START = "__start__"  # LangGraph's own first node
PARTIAL = "partial"  # the custom event with which a chain tells its output so far


class Due(NamedTuple):
    """When (monotonic seconds) a model call is silent for too long, whether it ever spoke, and which it is by
    LangChain's run id."""

    at: float
    spoken: bool
    run_id: UUID


@dataclass(slots=True)
class _Call:
    index: int
    tool_call_id: str
    name: str
    args: TextJoiner = field(default_factory=TextJoiner)


@dataclass(slots=True)
class _Message:
    message_id: str
    step: str | None
    channel: Channel
    provider: str | None
    model: str | None
    rates: Rates | None
    active_at: float
    structured: bool = False
    has_next: bool = False  # another model takes its place should it fail
    began_at: float = 0.0
    first_at: float = 0.0
    last_at: float = 0.0
    pieces: int = 0
    text: TextJoiner = field(default_factory=TextJoiner)
    reasoning: TextJoiner = field(default_factory=TextJoiner)
    calls: list[_Call] = field(default_factory=list)
    by_index: dict[object, _Call] = field(default_factory=dict)

    def call_of(self, piece: CallPiece) -> _Call:
        """The call that a piece belongs to. A new id begins a new call, whatever the index says: some
        providers number every whole call 0, others number content blocks, others give no index."""
        key = piece["index"] if piece["index"] is not None else piece["id"]
        known = self.by_index.get(key) if key is not None else next(iter(self.calls[-1:]), None)
        if known and (not piece["id"] or piece["id"] == known.tool_call_id):
            known.name = known.name or piece["name"] or ""
            return known
        index = len(self.calls)
        call = _Call(index, piece["id"] or f"call_{self.message_id}_{index}", piece["name"] or "")
        self.calls.append(call)
        self.by_index[key] = call
        return call


class Transcript:
    """Tells events to `put` as the chain's runs begin, go on and end. Times are milliseconds since `began`,
    which is in monotonic seconds. `answer_steps` names the steps whose models write the answer, None all.
    `rates_of` knows prices, `on_call` hears of each model call at its end. `retold` is what was told before,
    by another process."""

    def __init__(
        self,
        put: Callable[[BridgeEvent], None],
        began: float,
        answer_steps: Collection[str] | None = None,
        rates_of: RatesOf = unpriced,
        retold: Retold | None = None,
        on_call: OnCall = untold,
    ) -> None:
        retold = retold or Retold()
        self._put = put
        self._on_call = on_call
        self._began = began
        self._answer_steps = answer_steps
        self._rates_of = rates_of
        self._tree = RunTree(Place(answers=answer_steps is None))
        self._messages: dict[UUID, _Message] = {}
        self._calls = ToolCalls(put, lambda: self.now, retold)
        self._steps: dict[UUID, Step] = {}
        self._counted = {"m": retold.messages, "s": retold.steps}
        self._bill = Bill(retold.used, retold.usd, retold.unpriced)
        self.finish_reason: FinishReason = retold.finish_reason
        self._answering = set(retold.answers)  # the messages whose text is the answer

    @property
    def now(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def usage(self) -> UsageTotals:
        """Of all model calls: what providers reported, and for calls cut short one output token a piece."""
        return self._bill.totals()

    def spent(self) -> Spent:
        """Until now, with what the calls in flight have written so far."""
        usd, tokens = self._bill.spent()
        for message in self._messages.values():
            tokens += message.pieces
            usd += message.pieces * message.rates.output / MILLION if message.rates else 0.0
        return Spent(usd, tokens)

    def due(self, first: float, silence: float) -> Due | None:
        """Which model call in flight is the first to be silent for too long.

        `first` seconds are allowed before its first words, `silence` between them.
        """
        calls = (
            Due(m.active_at + (silence if m.pieces else first), m.pieces > 0, run_id)
            for run_id, m in self._messages.items()
        )
        return min(calls, default=None)

    def excuse(self, run_id: UUID) -> None:
        """Its silence begins anew: it is being ended."""
        if message := self._messages.get(run_id):
            message.active_at = time.monotonic()

    # --- chains ------------------------------------------------------------------------------------

    def enter(self, run_id: UUID, parent: UUID | None) -> Place | None:
        """As RunTree.enter."""
        return self._tree.enter(run_id, parent)

    def leave(self, run_id: UUID) -> bool:
        """As RunTree.leave."""
        return self._tree.leave(run_id)

    def _give_up(self, run_id: UUID) -> None:
        """A chain was cancelled, or failed and there is none around it: what it has in flight is over, of
        which LangChain says nothing. What a branch of it begins later is not told."""
        below = self._tree.below(run_id)
        for inner in below:
            self._calls.cancel(inner)
            if message := self._messages.pop(inner, None):
                self._cut_short(message)
            if step := self._steps.pop(inner, None):
                self._put_step_end(step)
        self._tree.give_up(below)

    def _next(self, prefix: Literal["m", "s"]) -> str:
        self._counted[prefix] += 1
        return f"{prefix}{self._counted[prefix]}"

    # --- model calls -------------------------------------------------------------------------------

    def start_message(
        self,
        run_id: UUID,
        parent: UUID | None,
        *,
        inner: bool,
        structured: bool,
        provider: str | None,
        model: str | None,
        attempt: ModelAttempt = FIRST_AND_ONLY,
    ) -> None:
        """`structured`: what it writes, as text or as the arguments of a call, is a value for the chain."""
        place = self._tree.enter(run_id, parent)
        if place is None:
            return
        self._supersede(attempt, model)
        channel: Channel = "answer" if place.answers and not (inner or structured or place.tool) else "inner"
        rates = self._rates_of(provider, model)
        now = time.monotonic()
        message = _Message(
            self._next("m"),
            place.step,
            channel,
            provider,
            model,
            rates,
            now,
            structured,
            attempt.has_next,
            began_at=now,
        )
        self._messages[run_id] = message

    def write(self, run_id: UUID, written: Written) -> None:
        if message := self._messages.get(run_id):
            self._write(message, written)

    def _write(self, message: _Message, written: Written) -> None:
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

    def tell_output(self, text: str) -> None:
        """The output of a chain none of whose models wrote an answer, as one."""
        if text and not self._answering:
            message = _Message(self._next("m"), None, "answer", None, None, None, time.monotonic())
            self._put_token(self.now, message, clean_text(text))

    def _put_token(self, t: int, message: _Message, text: str, scores: list[Any] | None = None) -> None:
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

    def _put_call(self, t: int, message: _Message, piece: CallPiece) -> None:
        if message.structured:  # no tool's call: nothing will run it
            if text := message.text.feed(piece["args"] or ""):
                self._put_token(t, message, text)
            return
        call = message.call_of(piece)
        self._calls.write(call.tool_call_id, call.name, piece["args"] or "")
        self._put_call_delta(t, message, call, call.args.feed(piece["args"] or ""))

    def _put_call_delta(self, t: int, message: _Message, call: _Call, delta: str) -> None:
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

    def end_message(self, run_id: UUID, ending: Ending) -> bool:
        message = self._messages.pop(run_id, None)
        if message is None:
            return False
        if not message.pieces:  # the model did not stream, or its answer came from a cache
            self._write(message, ending.written)
        if message.channel == "answer":
            self.finish_reason = ending.finish_reason
        if ending.used is None and ending.finish_reason == "error":
            self._cut_short(message)
        else:
            self._put_message_end(message, ending.finish_reason)
            self._take_usage(message, ending)
        return self._tree.leave(run_id)

    def fail_message(self, run_id: UUID, *, falls_back: bool = False) -> bool:
        """Where another model takes its place, it is told as over when that one begins: text that waits its
        turn behind a message must not come between that and the message's end."""
        message = self._messages.get(run_id)
        if message and message.has_next and falls_back:
            return False
        if message:
            self._cut_short(self._messages.pop(run_id))
        return self._tree.leave(run_id)

    def _supersede(self, attempt: ModelAttempt, next_model: str | None) -> None:
        """The model call that failed is over, and what it told counts no more."""
        failed = attempt.supersedes
        message = self._messages.pop(failed, None) if failed else None
        if failed is None or message is None:
            return
        if message.pieces:
            self._flush(message)
            self._answering.discard(message.message_id)
            self._calls.withdraw(call.tool_call_id for call in message.calls)
            self._put(
                Restart(
                    t=self.now,
                    message_id=message.message_id,
                    code=attempt.code,
                    model=message.model,
                    next_model=next_model,
                )
            )
        self._cut_short(message)
        self._tree.leave(failed)

    def _cut_short(self, message: _Message) -> None:
        self._put_message_end(message, "error")
        if pieces := message.pieces:
            used = Tokens(**{**no_tokens(), "output_tokens": pieces, "total_tokens": pieces})
            cost = cost_of(used, message.rates)
            self._put_usage(message, message.model, used, cost, estimated=True)
            self._tell_call(message, None, used, cost, failed=True)
        else:
            self._tell_call(message, None, None, 0.0, failed=True)

    def _put_message_end(self, message: _Message, reason: FinishReason) -> None:
        self._flush(message)
        self._put(MessageEnd(t=self.now, message_id=message.message_id, finish_reason=reason))

    def _flush(self, message: _Message) -> None:
        """Half a surrogate pair whose other half never came."""
        t = self.now
        if held := message.reasoning.flush():
            self._put(Reasoning(t=t, message_id=message.message_id, step=message.step, text=held))
        if held := message.text.flush():
            self._put_token(t, message, held)
        for call in message.calls:
            if held := call.args.flush():
                self._put_call_delta(t, message, call, held)

    def _take_usage(self, message: _Message, ending: Ending) -> None:
        if ending.used is None:
            self._bill.miss(message.message_id, message.pieces)
            self._tell_call(message, ending.model, None, None)
            return
        # The model that answered may be a dated one, of which only the name that was asked for is known.
        named = self._rates_of(message.provider, ending.model) if ending.model != message.model else None
        cost = cost_of(ending.used, named or message.rates)
        self._put_usage(message, ending.model or message.model, ending.used, cost)
        self._tell_call(message, ending.model, ending.used, cost)

    def _tell_call(
        self,
        message: _Message,
        answered_by: str | None,
        used: Tokens | None,
        cost: float | None,
        *,
        failed: bool = False,
    ) -> None:
        began, spoke = message.began_at, message.pieces > 0
        call = ModelCall(
            provider=message.provider,
            model=message.model,
            answered_by=answered_by,
            duration=time.monotonic() - began,
            first=message.first_at - began if spoke else None,
            last=message.last_at - began if spoke else None,
            pieces=message.pieces,
            used=used,
            cost=cost,
            failed=failed,
        )
        self._on_call(call)

    def _put_usage(
        self,
        message: _Message,
        model: str | None,
        used: Tokens,
        cost: float | None,
        *,
        estimated: bool | None = None,
    ) -> None:
        self._bill.take(message.message_id, used, cost)
        usage = Usage(
            t=self.now,
            message_id=message.message_id,
            model=model,
            **used,
            cost_usd=cost,
            estimated=estimated,
        )
        self._put(usage)

    # --- steps -------------------------------------------------------------------------------------

    def start_node(self, run_id: UUID, place: Place) -> None:
        """The run that has entered `place` is a graph's own node, which nobody named: no step."""
        self._tree.put(run_id, replace(place, node=START))

    def start_step(self, run_id: UUID, place: Place, name: str, *, is_node: bool) -> None:
        """The run that has entered `place` is a step."""
        step = Step(self._next("s"), name, place.step, self.now)
        self._steps[run_id] = step
        answers = place.answers or name in (self._answer_steps or ())
        self._tree.put(run_id, Place(step.step, place.tool, name if is_node else None, answers))
        self._put(StepStart(t=step.started, step=step.step, name=step.name, parent=step.parent))

    def end_chain(self, run_id: UUID, answered: Iterable[Unrun] = ()) -> bool:
        if step := self._steps.pop(run_id, None):
            self._calls.tell_unrun(answered)
            self._put_step_end(step)
        return self._tree.leave(run_id)

    def fail_chain(self, run_id: UUID, *, cancelled: bool) -> bool:
        # A branch beside the one that failed goes on, and is told as long as a chain around them does.
        if cancelled or self._tree.is_root(run_id):
            self._give_up(run_id)
        return self.end_chain(run_id)

    def _put_step_end(self, step: Step) -> None:
        t = self.now
        self._put(
            StepEnd(t=t, step=step.step, name=step.name, parent=step.parent, duration_ms=t - step.started)
        )

    # --- tools, sources, custom events -------------------------------------------------------------

    def start_tool(
        self, run_id: UUID, parent: UUID | None, *, tool_call_id: str | None, name: str, given: Any
    ) -> None:
        if place := self._tree.enter(run_id, parent):
            tool = self._calls.start(run_id, place.step, tool_call_id, name, given)
            self._tree.put(run_id, replace(place, tool=tool, node=None))

    def end_tool(self, run_id: UUID, output: Output) -> bool:
        self._calls.end(run_id, output)
        return self._tree.leave(run_id)

    def fail_tool(self, run_id: UUID, code: str, message: str) -> bool:
        self._calls.fail(run_id, code, message)
        return self._tree.leave(run_id)

    def interrupt_tool(self, run_id: UUID, interrupt_ids: Iterable[str]) -> bool:
        """As ToolCalls.interrupt."""
        self._calls.interrupt(run_id, interrupt_ids)
        return self._tree.leave(run_id)

    def tell_sources(self, items: list[Source]) -> None:
        self._put(Sources(t=self.now, items=items))

    def tell_custom(self, run_id: UUID | None, name: str, shown: Any) -> None:
        """A custom event of the run `run_id`: progress, where a tool is around it; `partial` is the output so
        far, where none is."""
        tool = self._tree.place_of(run_id).tool if run_id else None
        if tool is None:
            t = self.now
            self._put(Partial(t=t, value=shown) if name == PARTIAL else Custom(t=t, name=name, data_=shown))
        elif self._calls.is_running(tool):  # else its call is closed
            self._put(ToolProgress(t=self.now, tool_call_id=tool.tool_call_id, name=name, data_=shown))

    # --- people ------------------------------------------------------------------------------------

    def ask(self, run_id: UUID, questions: Iterable[Question]) -> None:
        """The graph has stopped at these, until a person answers. A graph in a tool is the tool's affair."""
        if self._tree.place_of(run_id).tool is None:
            self._calls.ask(questions)

    def go_on(self, rejected: Mapping[str, str | None]) -> None:
        """As ToolCalls.go_on."""
        self._calls.go_on(rejected)

    # --- the end -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close what is still in flight: the run is over."""
        self._calls.close()
        for message in self._messages.values():
            self._cut_short(message)
        for step in reversed(self._steps.values()):
            self._put_step_end(step)
        self._messages, self._steps = {}, {}
        self._tree.clear()
