"""The story of one run as events: what is in flight, and what is told when something begins, goes on or ends.

Keyed by LangChain's run ids, so that parallel models and tools never mix. It takes plain values, knows no
LangChain, and is not thread-safe: the bridge holds its lock around every call.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from .call_costs import CallCosts
from .events import (
    BridgeEvent,
    Custom,
    FinishReason,
    Partial,
    Source,
    Sources,
    StepEnd,
    StepStart,
    ToolProgress,
    UsageTotals,
)
from .messages import Due, Messages
from .model_attempts import FIRST_AND_ONLY, ModelAttempt
from .model_calls import OnCall, untold
from .rates import RatesOf, Spent, unpriced
from .retold import Retold
from .run_tree import Place, RunTree, Step
from .tool_calls import ToolCalls
from .written import Ending, Output, Question, Unrun, Written

START = "__start__"  # LangGraph's own first node
PARTIAL = "partial"  # the custom event with which a chain tells its output so far


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
        self._began = began
        self._answer_steps = answer_steps
        self._tree = RunTree(Place(answers=answer_steps is None))
        self._calls = ToolCalls(put, lambda: self.now, retold)
        self._costs = CallCosts(put, lambda: self.now, rates_of, on_call, retold)
        self._messages = Messages(put, began, self._calls, self._costs, retold)
        self._steps: dict[UUID, Step] = {}
        self._counted_steps = retold.steps

    @property
    def now(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    @property
    def finish_reason(self) -> FinishReason:
        """Of the last model call of the answer."""
        return self._messages.finish_reason

    def usage(self) -> UsageTotals:
        """As CallCosts.totals."""
        return self._costs.totals()

    def spent(self) -> Spent:
        """As CallCosts.spent."""
        return self._messages.spent()

    def due(self, first: float, silence: float) -> Due | None:
        """As Messages.due."""
        return self._messages.due(first, silence)

    def excuse(self, run_id: UUID) -> None:
        """As Messages.excuse."""
        self._messages.excuse(run_id)

    # --- chains ------------------------------------------------------------------------------------

    def enter(self, run_id: UUID, parent: UUID | None) -> Place | None:
        """As RunTree.enter."""
        return self._tree.enter(run_id, parent)

    def parent_within(self, around: UUID, named: UUID | None) -> UUID | None:
        """As RunTree.parent_within."""
        return self._tree.parent_within(around, named)

    def leave(self, run_id: UUID) -> bool:
        """As RunTree.leave."""
        return self._tree.leave(run_id)

    def _give_up(self, run_id: UUID) -> None:
        """A chain was cancelled, or failed and there is none around it: what it has in flight is over, of
        which LangChain says nothing. What a branch of it begins later is not told."""
        below = self._tree.below(run_id)
        for inner in below:
            self._calls.cancel(inner)
            self._messages.cut_short(inner)
            if step := self._steps.pop(inner, None):
                self._put_step_end(step)
        self._tree.give_up(below)

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
        """As Messages.start, in the place of `parent`; an `attempt` may take the place of another message."""
        place = self._tree.enter(run_id, parent)
        if place is None:
            return
        if attempt.supersedes and self._messages.supersede(attempt, model):
            self._tree.leave(attempt.supersedes)
        self._messages.start(
            run_id,
            place,
            inner=inner,
            structured=structured,
            provider=provider,
            model=model,
            has_next=attempt.has_next,
        )

    def write(self, run_id: UUID, written: Written) -> None:
        """As Messages.write."""
        self._messages.write(run_id, written)

    def stopped_by(self, code: str) -> None:
        """The run is being ended, by this code: so are the model calls that this cuts short."""
        self._messages.why_cut_short = code

    def tell_output(self, text: str) -> None:
        """As Messages.tell_output."""
        self._messages.tell_output(text)

    def end_message(self, run_id: UUID, ending: Ending) -> bool:
        return self._messages.end(run_id, ending) and self._tree.leave(run_id)

    def fail_message(self, run_id: UUID, code: str, *, falls_back: bool = False) -> bool:
        """Where another model takes its place, it is told as over when that one begins: text that waits its
        turn behind a message must not come between that and the message's end."""
        if falls_back and self._messages.waits_for_next(run_id):
            return False
        self._messages.fail(run_id, code)
        return self._tree.leave(run_id)

    # --- steps -------------------------------------------------------------------------------------

    def start_node(self, run_id: UUID, place: Place) -> None:
        """The run that has entered `place` is a graph's own node, which nobody named: no step."""
        self._tree.put(run_id, replace(place, node=START))

    def start_step(self, run_id: UUID, place: Place, name: str, *, is_node: bool) -> None:
        """The run that has entered `place` is a step."""
        step = Step(self._next_step(), name, place.step, self.now)
        self._steps[run_id] = step
        answers = place.answers or name in (self._answer_steps or ())
        self._tree.put(run_id, Place(step.step, place.tool, name if is_node else None, answers))
        self._put(StepStart(t=step.started, step=step.step, name=step.name, parent=step.parent))

    def _next_step(self) -> str:
        self._counted_steps += 1
        return f"s{self._counted_steps}"

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
        self._messages.close()
        for step in reversed(self._steps.values()):
            self._put_step_end(step)
        self._steps = {}
        self._tree.clear()
