"""Executes runs as tasks of this process: so many at a time, the others in the order in which they came."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Overloaded
from ..event_log.base import EventLog
from ..events import CancelReason, RunStarted, TerminalEvent
from .execution import PATIENCE, Execution, Limits, Work

logger = logging.getLogger(__name__)

RETRY_AFTER = 2  # seconds; runs of language models end at this order of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run to do. `on_end` gets the terminal event as the log has it, or None where writing it failed."""

    started: RunStarted
    work: Work
    on_start: Callable[[], None]
    on_end: Callable[[TerminalEvent | None], None]


class LocalExecutor:
    """Runs at most `max_running` jobs at once; `max_queued` more may wait."""

    def __init__(self, log: EventLog, limits: Limits, *, max_running: int, max_queued: int) -> None:
        self._log = log
        self._limits = limits
        self._max_running = max_running
        self._max_queued = max_queued
        self._waiting: OrderedDict[str, Job] = OrderedDict()
        self._executions: dict[str, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._abandoned: set[asyncio.Task[object]] = set()

    def check_room(self) -> None:
        """Raises Overloaded where `submit` would have no place for one more job."""
        if len(self._executions) < self._max_running or len(self._waiting) < self._max_queued:
            return
        message = (
            f"{len(self._executions)} runs are in flight and {len(self._waiting)} wait: try again later."
        )
        raise Overloaded("too_many_runs", message, retry_after=RETRY_AFTER)

    def submit(self, job: Job) -> None:
        self.check_room()
        if len(self._executions) < self._max_running:
            self._start(job)
        else:
            self._waiting[job.started.run_id] = job

    def cancel(self, run_id: str, reason: CancelReason) -> None:
        """Begin to end a run, also one that waits; nothing where it is not here any more."""
        if job := self._waiting.pop(run_id, None):
            self._start(job)
        if execution := self._executions.get(run_id):
            execution.stop(reason)

    async def drain(self, grace: float) -> None:
        """Let what runs go on for `grace` seconds, then cancel all; returns when every run has ended."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for run_id in [*self._waiting, *self._executions]:
            self.cancel(run_id, "shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks)
        for chain in self._abandoned:
            chain.cancel()
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=PATIENCE)

    def _start(self, job: Job) -> None:
        execution = Execution(job.started, job.work, self._log, self._limits)
        self._executions[job.started.run_id] = execution
        task = asyncio.create_task(self._execute(job, execution))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, job: Job, execution: Execution) -> None:
        terminal: TerminalEvent | None = None
        job.on_start()
        try:
            terminal = await execution.run()
        except Exception:
            logger.exception("run %s could not be written to its end", job.started.run_id)
        finally:
            del self._executions[job.started.run_id]
            job.on_end(terminal)
            self._keep_abandoned(execution)
            self._start_next()

    def _keep_abandoned(self, execution: Execution) -> None:
        if chain := execution.abandoned:
            self._abandoned.add(chain)
            chain.add_done_callback(self._forget)

    def _forget(self, chain: "asyncio.Task[object]") -> None:
        self._abandoned.discard(chain)
        if not chain.cancelled():
            chain.exception()  # retrieved: its run has ended, nobody else asks for it

    def _start_next(self) -> None:
        if self._waiting and len(self._executions) < self._max_running:
            self._start(self._waiting.popitem(last=False)[1])
