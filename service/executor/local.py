"""Executes runs as tasks of this process: so many at a time, the others in the order in which they came."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..callbacks import AsyncIteratorCallbackHandler
from ..errors import Overloaded
from ..event_log.base import EventLog
from ..events import CancelReason, RunStarted, TerminalEvent
from ..model_calls import ModelCall
from ..rates import RatesOf, unpriced
from ..redaction.aside import FilteredAside
from ..retold import Retold
from .charges import Meter
from .execution import PATIENCE, Execution, OnPause, Work
from .figures import Figures
from .limits import Limits
from .watchdog import SecondChance, no_second_chance

logger = logging.getLogger(__name__)

GoOn = Callable[[Mapping[str, Any], AsyncIteratorCallbackHandler], Coroutine[Any, Any, Any]]

Staying = Callable[[Collection[str]], Awaitable[Collection[str]]]  # which of these runs outlive the process

Watching = Callable[[Execution], AbstractContextManager[None]]

OnCall = Callable[[str, ModelCall], None]  # the chain's name, and a model call of it that is over


def _unwatched(execution: Execution) -> AbstractContextManager[None]:
    return nullcontext()


def _uncounted(chain: str, call: ModelCall) -> None:
    pass


_FOREVER = 10**8  # seconds; three years

RETRY_AFTER = 2  # seconds; runs of language models end at this order of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run to do: `work`, and after each pause what `go_on` is with the answers.

    `on_pause` is told what the run waits for, before the log is; without it a job cannot wait. `on_wait` is
    called once the log is. `on_end` gets the terminal event as the log has it, or None where writing it
    failed, and `on_closed` what the run came to; then `release` frees what the chain kept for going on.
    `answer_steps`, `meter`, `filtered` and `structured` as in Execution. All of it happens in `context`,
    whoever lets it go on.
    """

    started: RunStarted
    work: Work
    go_on: GoOn
    on_start: Callable[[], None]
    on_pause: OnPause | None
    on_wait: Callable[[], None]
    on_end: Callable[[TerminalEvent | None], None]
    on_closed: Callable[[Figures], None]
    release: Callable[[], Awaitable[None]]
    answer_steps: Collection[str] | None
    meter: Meter | None = None
    context: Context = field(default_factory=copy_context)
    filtered: FilteredAside | None = None
    structured: bool = False


@dataclass(slots=True)
class _Paused:
    job: Job
    execution: Execution
    timeout: asyncio.TimerHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Runs at once, and those that may wait their turn. Runs that wait for a person hold no place: at most so
    many, for so many seconds each (0 for no bound), are kept; over it the longest waiting one times out."""

    running: int
    queued: int
    paused: int
    pause_timeout: float


class LocalExecutor:
    """Runs jobs in the order in which they came, as far as there is capacity; each under `watching`.
    `rates_of` knows what models cost, `on_call` hears of each model call at its end; `second_chance` as in
    Execution."""

    def __init__(
        self,
        log: EventLog,
        limits: Limits,
        capacity: Capacity,
        watching: Watching = _unwatched,
        rates_of: RatesOf = unpriced,
        second_chance: SecondChance = no_second_chance,
        on_call: OnCall = _uncounted,
    ) -> None:
        self._log = log
        self._second_chance = second_chance
        self._on_call = on_call
        self._rates_of = rates_of
        self._watching = watching
        self._limits = limits
        self._capacity = capacity
        self._queue: OrderedDict[str, tuple[Job, Execution]] = OrderedDict()
        self._paused: OrderedDict[str, _Paused] = OrderedDict()
        self._executions: dict[str, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._abandoned: set[asyncio.Task[object]] = set()

    def check_room(self) -> None:
        """Raises Overloaded where `submit` would have no place for one more job."""
        if self._is_free or len(self._queue) < self._capacity.queued:
            return
        message = f"{len(self._executions)} runs are in flight and {len(self._queue)} wait: try again later."
        raise Overloaded("too_many_runs", message, retry_after=RETRY_AFTER)

    def submit(self, job: Job) -> None:
        self.check_room()
        self._start_or_queue(job, self._execution(job, Retold()))

    def take_over(self, job: Job, retold: Retold) -> None:
        """A job that waited for a person when its process ended waits on here."""
        self._keep_paused(job, self._execution(job, retold), waited=(retold.t - retold.asked_at) / 1000)

    def _execution(self, job: Job, retold: Retold) -> Execution:
        return Execution(
            job.started,
            self._log,
            self._limits,
            on_pause=job.on_pause,
            answer_steps=job.answer_steps,
            rates_of=self._rates_of,
            meter=job.meter,
            second_chance=self._second_chance,
            filtered=job.filtered,
            structured=job.structured,
            retold=retold,
            on_call=partial(self._on_call, job.started.chain),
        )

    def resume(self, run_id: str, answers: Mapping[str, Any], rejected: Mapping[str, str | None]) -> None:
        """Let a paused run go on with these answers, in its turn. `rejected` as in Execution.answered."""
        paused = self._take_paused(run_id)
        paused.execution.answered(rejected)
        work = partial(paused.job.go_on, answers)
        self._start_or_queue(replace(paused.job, work=work), paused.execution)

    def cancel(self, run_id: str, reason: CancelReason) -> None:
        """Begin to end a run, also one that waits; nothing where it is not here any more."""
        if run_id in self._paused:
            paused = self._take_paused(run_id)
            self._start(paused.job, paused.execution)
        elif run_id in self._queue:
            self._start(*self._queue.pop(run_id))
        if execution := self._executions.get(run_id):
            execution.stop(reason)

    async def drain(self, grace: float, staying: Staying) -> None:
        """Let what runs go on for `grace` seconds, then cancel all; returns when every run has ended, but for
        those that wait and are `staying`."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        await self._end([*self._queue, *self._executions])
        for run_id in await staying(list(self._paused)):
            if run_id in self._paused:  # else somebody cancelled it meanwhile
                self._take_paused(run_id)
        await self._end(list(self._paused))
        for chain in self._abandoned:
            chain.cancel()
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=PATIENCE)

    async def _end(self, run_ids: Collection[str]) -> None:
        for run_id in run_ids:
            self.cancel(run_id, "shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def counts(self) -> dict[str, int]:
        """How many runs there are that go on, wait their turn, and wait for a person."""
        running, queued = len(self._executions), len(self._queue)
        return {"running": running, "queued": queued, "waiting": len(self._paused)}

    @property
    def _is_free(self) -> bool:
        return len(self._executions) < self._capacity.running

    def _start_or_queue(self, job: Job, execution: Execution) -> None:
        if self._is_free:
            self._start(job, execution)
        else:
            self._queue[job.started.run_id] = job, execution

    def _start(self, job: Job, execution: Execution) -> None:
        self._executions[job.started.run_id] = execution
        task = asyncio.create_task(self._execute(job, execution), context=job.context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, job: Job, execution: Execution) -> None:
        terminal: TerminalEvent | None = None
        failure: Exception | None = None
        paused = False
        job.on_start()
        try:
            with self._watching(execution):
                terminal = await execution.run(job.work)
            paused = terminal is None
        except Exception as error:
            failure = error
        finally:
            del self._executions[job.started.run_id]
            if paused:
                self._keep_paused(job, execution)
                job.on_wait()
            else:
                job.on_end(terminal)
                job.on_closed(execution.figures(terminal, failure))
                self._keep_abandoned(execution)
            self._start_next()
        if not paused:
            await self._release(job)

    async def _release(self, job: Job) -> None:
        try:
            await job.release()
        except Exception:
            logger.exception("what the run kept could not be released")

    def _keep_paused(self, job: Job, execution: Execution, waited: float = 0.0) -> None:
        run_id = job.started.run_id
        left = max(0.0, (self._capacity.pause_timeout or _FOREVER) - waited)
        timeout = asyncio.get_running_loop().call_later(left, self.cancel, run_id, "timeout")
        self._paused[run_id] = _Paused(job, execution, timeout)
        if len(self._paused) > self._capacity.paused:
            self.cancel(next(iter(self._paused)), "timeout")

    def _take_paused(self, run_id: str) -> _Paused:
        paused = self._paused.pop(run_id)
        paused.timeout.cancel()
        return paused

    def _keep_abandoned(self, execution: Execution) -> None:
        if chain := execution.abandoned:
            self._abandoned.add(chain)
            chain.add_done_callback(self._forget)

    def _forget(self, chain: "asyncio.Task[object]") -> None:
        self._abandoned.discard(chain)
        if not chain.cancelled():
            chain.exception()  # retrieved: its run has ended, nobody else asks for it

    def _start_next(self) -> None:
        if self._queue and self._is_free:
            self._start(*self._queue.popitem(last=False)[1])
