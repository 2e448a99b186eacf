"""One run's execution: the chain, the pump that writes its events, the watchdog, and the terminal event.

The chain runs in a task of its own. Who stops it first decides the verdict: a cancel, a time-out, a bound, or
the chain's own end. Exactly one terminal event is written, last, whatever happens. A graph that waits for a
person has ended its task: the execution pauses, and goes on with new work.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from ..callbacks import AsyncIteratorCallbackHandler
from ..chunks import output_of
from ..errors import RunFailed
from ..event_log.base import EventLog
from ..events import (
    Approval,
    BridgeEvent,
    Cancelled,
    CancelReason,
    Done,
    MessageEnd,
    RunError,
    RunStarted,
    TerminalEvent,
)
from ..model_calls import OnCall, untold
from ..rates import RatesOf, Spent, unpriced
from ..redaction.aside import looked_at
from ..redaction.filtered import Filtered, Refusal
from ..retold import Retold
from .failures import failure_of
from .figures import Figures, outcome_of
from .partials import Partials
from .writer import RunWriter

logger = logging.getLogger(__name__)

CHARGED_EVENTS = 16  # at most so many are told before what the run has spent is looked at again
PATIENCE = 0.2  # seconds that a cancelled chain has to clean up; then its run ends without it

Work = Callable[[AsyncIteratorCallbackHandler], Coroutine[Any, Any, Any]]
OnPause = Callable[[Sequence[Approval]], None]
SecondChance = Callable[[UUID, RunFailed], bool]


def no_second_chance(_run_id: UUID, _failure: RunFailed) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds, 0 for none; sizes as their names say."""

    run_timeout: float
    first_token_timeout: float
    silence_timeout: float
    log_max_bytes: int
    output_max_chars: int
    tool_output_max_chars: int


class Meter(Protocol):
    """Counts what a run spends."""

    def take(self, spent: Spent) -> bool:
        """What it has spent in all, so far; returns whether it may go on."""
        ...


class Execution:
    """`on_pause` is told what the run waits for, before the log is; without it a chain cannot wait.

    `answer_steps` names the steps whose models write the answer, None all; `rates_of` knows prices, and a
    `meter` what may be spent; nothing gets into the log but through `filtered`. `second_chance` ends a model
    call that is silent, by LangChain's run id, and returns whether another model takes its place; else the
    run ends. `on_call` hears of each model call at its end. With `retold` it is paused, where another process
    left it. `structured`: the answer is to be JSON, and is told as a value too while it grows.
    """

    def __init__(
        self,
        started: RunStarted,
        log: EventLog,
        limits: Limits,
        *,
        on_pause: OnPause | None = None,
        answer_steps: Collection[str] | None = None,
        rates_of: RatesOf = unpriced,
        meter: Meter | None = None,
        second_chance: SecondChance = no_second_chance,
        filtered: Filtered | None = None,
        retold: Retold | None = None,
        on_call: OnCall = untold,
        structured: bool = False,
    ) -> None:
        retold = retold or Retold()
        self._second_chance = second_chance
        self._started = started
        self._filtered = filtered
        self._is_judged = False
        self._partials = Partials() if structured else None
        self._on_pause = on_pause
        self._limits = limits
        self._meter = meter
        self._uncharged = 0
        self._writer = RunWriter(
            log,
            started.run_id,
            started.attempt,
            max_bytes=limits.log_max_bytes,
            max_chars=limits.output_max_chars,
            retold=retold,
        )
        self._handler = AsyncIteratorCallbackHandler(
            end_with_root=False,
            answer_steps=answer_steps,
            tool_output_max_chars=limits.tool_output_max_chars,
            rates_of=rates_of,
            retold=retold,
            on_call=on_call,
        )
        self._begun = retold.begun
        self._paused_at = time.monotonic() if retold.begun else None
        self._verdict: RunFailed | CancelReason | Refusal | None = None
        self._error: BaseException | None = None
        self._stopped = asyncio.Event()
        self._chain: asyncio.Task[Any] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._deadline = time.monotonic() + (limits.run_timeout or float("inf")) - retold.worked / 1000

    @property
    def abandoned(self) -> asyncio.Task[Any] | None:
        """The chain's task, where it did not end when it was told to."""
        return self._chain if self._chain is not None and not self._chain.done() else None

    def figures(self, terminal: TerminalEvent | None, error: BaseException | None = None) -> Figures:
        """What the run came to; `terminal` is None where `error` kept its end from being written."""
        outcome, code = outcome_of(terminal)
        return Figures(
            outcome=outcome,
            code=code,
            usage=self._handler.usage(),
            ttft_ms=self._writer.first_token_at,
            duration_ms=terminal.t if terminal else self._handler.now,
            error=error or self._error,
        )

    def stop(self, verdict: RunFailed | CancelReason | Refusal) -> None:
        """End the run. The first verdict counts, and none after the chain's own end; a pause is no end."""
        if self._verdict is not None or (self._chain is not None and self._chain.done()):
            return
        self._verdict = verdict
        self._stopped.set()
        if self._chain is not None:
            self._chain.cancel()

    def tell_blocked(self, name: str, ms: int) -> None:
        """Something of this run kept the event loop from all others: that goes into its figures."""
        extra = {"run_id": self._started.run_id}  # it is told outside of the run's own context
        logger.warning("%s blocked the event loop for %d ms", name, ms, extra=extra)
        self._handler.tell_blocked(name, ms)

    def answered(self, rejected: Mapping[str, str | None]) -> None:
        """A person has answered: `run` may be called again, with the work that goes on from there.

        `rejected` are the calls that are not to run, by their ids, with the reasons given.
        """
        self._handler.resume(rejected)

    async def run(self, work: Work) -> TerminalEvent | None:
        """Execute; returns the terminal event once the log has it, or None at a pause.

        `work` starts the chain with the handler that it is given, and returns the chain's output.
        """
        await self._begin()
        self._charge()
        pump = asyncio.create_task(self._pump())
        output, error = await self._run_chain(work)
        if self._handler.approvals and self._verdict is None and error is None:
            self._chain = None
            self._handler.pause()
            error = await pump or await self._pause(self._handler.approvals)
            if self._paused_at is not None:
                return None
            pump = asyncio.create_task(self._pump())
        elif self._verdict is None and error is None:
            self._handler.tell_output(output_of(output)[1])
        self._handler.close()
        error = await pump or error
        self._charge()
        return await self._finish(output, error)

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._writer.start(self._started)
        if self._paused_at is not None:
            self._deadline += time.monotonic() - self._paused_at
            self._paused_at = None

    async def _pause(self, approvals: Sequence[Approval]) -> RunFailed | None:
        """Tell what the run waits for, as the last events of the log so far. Returns why it cannot wait."""
        if self._on_pause is None:
            message = "The chain asked for a person and cannot wait: only a graph with a checkpointer can."
            return RunFailed("cannot_wait", message, fault="chain")
        if isinstance(self._verdict, Refusal):
            return None
        if (filtered := self._filtered) is not None:
            asked = approvals
            approvals = await looked_at(asked, lambda: filtered.approvals(asked))
        self._on_pause(approvals)
        try:
            await self._writer.write(approvals)
        except RunFailed as bound:
            return bound
        if self._verdict is None:  # nobody cancelled meanwhile
            self._paused_at = time.monotonic()
        return None

    async def _run_chain(self, work: Work) -> tuple[Any, BaseException | None]:
        if self._verdict is not None:
            return None, None
        self._chain = chain = asyncio.create_task(work(self._handler))
        self._watch()
        stopped = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({chain, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not chain.done():
            await asyncio.wait({chain}, timeout=PATIENCE)
        if self._alarm is not None:
            self._alarm.cancel()
        return _outcome(chain)

    async def _pump(self) -> BaseException | None:
        """Write what the handler tells until its end; the error that kept some of it out of the log."""
        failure: BaseException | None = None
        try:
            async for batch in self._handler.batches():
                self._charge_for(batch)
                told = self._partials.beside(batch) if self._partials else batch
                failure = await self._write(self._without_approvals(told)) or failure
            if self._filtered is not None:
                failure = await self._write([], ends=True) or failure
        except Exception as error:
            self.stop(failure_of(error, self._handler))
            return error
        return failure

    async def _write(self, events: Sequence[BridgeEvent], *, ends: bool = False) -> RunFailed | None:
        """Returns why the run fails; it may be in what the chain left when it had ended."""
        failure: RunFailed | None = None
        if self._filtered is not None:
            events = await self._allowed(self._filtered, events, ends)
            failure = self._judged(self._filtered)
        try:
            await self._writer.write(events)
        except RunFailed as bound:
            self.stop(bound)
            return bound
        return failure

    async def _allowed(
        self, filtered: Filtered, events: Sequence[BridgeEvent], ends: bool
    ) -> Sequence[BridgeEvent]:
        """The events as they may be shown; and what is held, where the text `ends`."""
        if ends:
            return filtered.end(self._handler.now)
        return await looked_at(events, lambda: filtered.take(events))

    def _judged(self, filtered: Filtered) -> RunFailed | None:
        """The end of a run that a filter blocked, or that failed; also once its chain has ended."""
        if (verdict := filtered.verdict) is None:
            return None
        self.stop(verdict)
        self._verdict = self._verdict or verdict
        if isinstance(verdict, RunFailed) and self._verdict is verdict and not self._is_judged:
            logger.error("a filter of run %s failed", self._started.run_id, exc_info=verdict.__cause__)
        self._is_judged = True
        return verdict if isinstance(verdict, RunFailed) else None

    def _charge_for(self, batch: Sequence[BridgeEvent]) -> None:
        """After each model call, and every so many events within one: not for each token."""
        if self._meter is None:
            return
        self._uncharged += len(batch)
        if self._uncharged >= CHARGED_EVENTS or any(isinstance(event, MessageEnd) for event in batch):
            self._charge()

    def _charge(self) -> None:
        """The end of a run whose budget is used up."""
        self._uncharged = 0
        if self._meter is not None and not self._meter.take(self._handler.spent()):
            self.stop("budget")

    def _without_approvals(self, batch: Sequence[BridgeEvent]) -> Sequence[BridgeEvent]:
        """They are told once the chain has ended: it must be able to go on when somebody answers."""
        if not self._handler.approvals:
            return batch
        return [event for event in batch if not isinstance(event, Approval)]

    def _watch(self) -> None:
        """End the run if it is overdue; look again when it next could be."""
        now = time.monotonic()
        limits = self._limits
        first = limits.first_token_timeout or float("inf")
        silence = limits.silence_timeout or float("inf")
        due = self._handler.due(first, silence)
        if now >= self._deadline:
            self.stop("timeout")
            return
        if due is not None and now >= due.at:
            failure = _silent(due.spoken, limits)
            if not self._second_chance(due.run_id, failure):
                self.stop(failure)
                return
            self._handler.excuse(due.run_id)
            due = self._handler.due(first, silence)
        when = min(due.at if due else now + min(first, silence), self._deadline)
        if when < float("inf"):
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(when - now, self._watch)

    async def _finish(self, output: Any, error: BaseException | None) -> TerminalEvent:
        terminal = await self._terminal(output, error)
        try:
            await self._writer.finish(terminal)
        except RunFailed as bound:
            terminal = self._failed(bound)
            await self._writer.finish(terminal)
        return terminal

    async def _terminal(self, output: Any, error: BaseException | None) -> TerminalEvent:
        if isinstance(self._verdict, RunFailed):
            self._error = None if isinstance(error, asyncio.CancelledError) else error
            return self._failed(self._verdict)
        handler = self._handler
        now = handler.now
        if isinstance(self._verdict, str):
            return Cancelled(
                t=now,
                reason=self._verdict,
                output=self._writer.answer,
                usage=handler.usage(),
                duration_ms=now,
                blocked=handler.blocked,
            )
        if isinstance(self._verdict, Refusal):
            return self._done(self._writer.answer)
        if error is not None:
            self._error = error
            return self._failed(failure_of(error, handler))
        shown = output_of(output)[0]
        if (filtered := self._filtered) is not None:
            put_out = shown
            shown = await looked_at(put_out, lambda: filtered.output(put_out))
            if failure := self._judged(filtered):
                return self._failed(failure)
        return self._done(shown)

    def _done(self, output: Any) -> Done:
        handler, now = self._handler, self._handler.now
        return Done(
            t=now,
            output=output,
            finish_reason="content_filter" if isinstance(self._verdict, Refusal) else handler.finish_reason,
            usage=handler.usage(),
            ttft_ms=self._writer.first_token_at,
            duration_ms=now,
            blocked=handler.blocked,
        )

    def _failed(self, failure: RunFailed) -> RunError:
        return RunError(
            t=self._handler.now,
            code=failure.code,
            message=self._filtered.message(failure.message) if self._filtered else failure.message,
            fault=failure.fault,
            retryable=failure.retryable,
            blocked=self._handler.blocked,
        )


def _outcome(chain: asyncio.Task[Any]) -> tuple[Any, BaseException | None]:
    if not chain.done():
        return None, None
    if chain.cancelled():
        return None, asyncio.CancelledError()
    if error := chain.exception():
        return None, error
    return chain.result(), None


def _silent(spoken: bool, limits: Limits) -> RunFailed:
    if spoken:
        code, seconds, setting = "silence_timeout", limits.silence_timeout, "SILENCE_TIMEOUT_SECONDS"
    else:
        code, seconds, setting = (
            "first_token_timeout",
            limits.first_token_timeout,
            "FIRST_TOKEN_TIMEOUT_SECONDS",
        )
    message = f"The model said nothing for {seconds:g} s ({setting})."
    return RunFailed(code, message, fault="provider", retryable=True)
