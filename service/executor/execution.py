"""One run's execution: the chain, the pump that writes its events, and the terminal event.

The chain runs in a task of its own. Who stops it first decides the verdict: a cancel, a time-out, a bound, or
the chain's own end. Exactly one terminal event is written, last, whatever happens. A graph that waits for a
person has ended its task: the execution pauses, and goes on with new work.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from ..callbacks import AsyncIteratorCallbackHandler
from ..chunks import output_of
from ..errors import RunFailed
from ..event_log.base import EventLog
from ..events import Approval, BridgeEvent, RunStarted, TerminalEvent
from ..model_calls import OnCall, untold
from ..rates import RatesOf, unpriced
from ..redaction.aside import FilteredAside
from ..redaction.filtered import Refusal
from ..retold import Retold
from .charges import Charges, Meter
from .failures import failure_of
from .figures import Figures, outcome_of
from .judgement import Judgement, Verdict, code_of
from .limits import Limits
from .partials import Partials
from .watchdog import SecondChance, Watchdog, no_second_chance
from .writer import RunWriter

logger = logging.getLogger(__name__)

PATIENCE = 0.2  # seconds that a cancelled chain has to clean up; then its run ends without it

Work = Callable[[AsyncIteratorCallbackHandler], Coroutine[Any, Any, Any]]
OnPause = Callable[[Sequence[Approval]], None]


class Execution:
    """`on_pause` is told what the run waits for, before the log is; without it a chain cannot wait.

    `answer_steps` names the steps whose models write the answer, None all; `rates_of` knows prices, and a
    `meter` what may be spent; nothing gets into the log but through `filtered`. `second_chance` as in
    Watchdog. `on_call` hears of each model call at its end. With `retold` it is paused, where another process
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
        filtered: FilteredAside | None = None,
        retold: Retold | None = None,
        on_call: OnCall = untold,
        structured: bool = False,
    ) -> None:
        retold = retold or Retold()
        self._started = started
        self._filtered = filtered
        self._partials = Partials() if structured else None
        self._on_pause = on_pause
        self._writer = RunWriter(
            log,
            started.run_id,
            started.attempt,
            max_bytes=limits.log_max_bytes,
            max_chars=limits.output_max_chars,
            retold=retold,
        )
        self._handler = handler = AsyncIteratorCallbackHandler(
            end_with_root=False,
            answer_steps=answer_steps,
            tool_output_max_chars=limits.tool_output_max_chars,
            rates_of=rates_of,
            retold=retold,
            on_call=on_call,
        )
        self._charges = Charges(handler, meter, self.stop)
        self._judgement = Judgement(started.run_id, handler, self._writer, filtered)
        self._watchdog = Watchdog(handler, limits, self.stop, second_chance, retold.worked / 1000)
        self._begun = self._is_paused = retold.begun
        if self._is_paused:
            self._watchdog.pause()
        self._stopped = asyncio.Event()
        self._chain: asyncio.Task[Any] | None = None

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
            error=error or self._judgement.error,
        )

    def stop(self, verdict: Verdict) -> None:
        """End the run. The first verdict counts, and none after the chain's own end; a pause is no end."""
        if self._judgement.verdict is not None or (self._chain is not None and self._chain.done()):
            return
        self._judgement.decide(verdict)
        self._handler.stopped_by(code_of(verdict))
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
        self._charges.settle()
        pump = asyncio.create_task(self._pump())
        output, error = await self._run_chain(work)
        if self._handler.approvals and self._judgement.verdict is None and error is None:
            self._chain = None
            self._handler.pause()
            error = await pump or await self._pause(self._handler.approvals)
            if self._is_paused:
                return None
            pump = asyncio.create_task(self._pump())
        elif self._judgement.verdict is None and error is None:
            self._handler.tell_output(output_of(output)[1])
        self._handler.close()
        error = await pump or error
        self._charges.settle()
        return await self._finish(output, error)

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._writer.start(self._started)
        if self._is_paused:
            self._is_paused = False
            self._watchdog.go_on()

    async def _pause(self, approvals: Sequence[Approval]) -> RunFailed | None:
        """Tell what the run waits for, as the last events of the log so far. Returns why it cannot wait."""
        if self._on_pause is None:
            message = "The chain asked for a person and cannot wait: only a graph with a checkpointer can."
            return RunFailed("cannot_wait", message, fault="chain")
        if isinstance(self._judgement.verdict, Refusal):
            return None
        if self._filtered is not None:
            approvals = await self._filtered.approvals(approvals)
        self._on_pause(approvals)
        try:
            await self._writer.write(approvals)
        except RunFailed as bound:
            return bound
        if self._judgement.verdict is None:  # nobody cancelled meanwhile
            self._is_paused = True
            self._watchdog.pause()
        return None

    async def _run_chain(self, work: Work) -> tuple[Any, BaseException | None]:
        if self._judgement.verdict is not None:
            return None, None
        self._chain = chain = asyncio.create_task(work(self._handler))
        self._watchdog.watch()
        stopped = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({chain, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not chain.done():
            await asyncio.wait({chain}, timeout=PATIENCE)
        self._watchdog.rest()
        return _outcome(chain)

    async def _pump(self) -> BaseException | None:
        """Write what the handler tells until its end; the error that kept some of it out of the log."""
        failure: BaseException | None = None
        try:
            async for batch in self._handler.batches():
                self._charges.take(batch)
                events = self._partials.beside(batch) if self._partials else batch
                told = self._without_approvals(events)
                shown = await self._filtered.take(told) if self._filtered else told
                failure = await self._write(shown) or failure
            if self._filtered is not None:
                failure = await self._write(self._filtered.end(self._handler.now)) or failure
        except Exception as error:
            self.stop(failure_of(error, self._handler))
            return error
        return failure

    async def _write(self, events: Sequence[BridgeEvent]) -> RunFailed | None:
        """Returns why the run fails; it may be in what the chain left when it had ended."""
        failure = self._heed_filters()
        try:
            await self._writer.write(events)
        except RunFailed as bound:
            self.stop(bound)
            return bound
        return failure

    def _heed_filters(self) -> RunFailed | None:
        """The end of a run that one has blocked, or that failed."""
        if self._filtered is None or (verdict := self._filtered.verdict) is None:
            return None
        self.stop(verdict)
        return self._judgement.filtered_out(verdict)

    def _without_approvals(self, batch: Sequence[BridgeEvent]) -> Sequence[BridgeEvent]:
        """They are told once the chain has ended: it must be able to go on when somebody answers."""
        if not self._handler.approvals:
            return batch
        return [event for event in batch if not isinstance(event, Approval)]

    async def _finish(self, output: Any, error: BaseException | None) -> TerminalEvent:
        terminal = await self._judgement.terminal(output, error)
        try:
            await self._writer.finish(terminal)
        except RunFailed as bound:
            terminal = self._judgement.failed(bound)
            await self._writer.finish(terminal)
        return terminal


def _outcome(chain: asyncio.Task[Any]) -> tuple[Any, BaseException | None]:
    if not chain.done():
        return None, None
    if chain.cancelled():
        return None, asyncio.CancelledError()
    if error := chain.exception():
        return None, error
    return chain.result(), None
