"""A run's way to the executor: the job made of its call, and what is done once it waits or is over."""

from collections.abc import Awaitable, Callable
from functools import partial

from .access.budgets import Meter
from .chain import Call
from .events import RunStarted
from .executor.figures import Figures
from .executor.local import Job, LocalExecutor
from .history.history import History
from .history.waiting_rows import Origin
from .log_context import context_of_run, request_id
from .redaction.aside import FilteredAside
from .redaction.filters import Filters, split_names
from .retold import Retold
from .run import Run
from .traced import RunTrace

RedactOfKey = Callable[[str], Awaitable[str]]  # the names of its rules, with commas, by a key's id


class Dispatch:
    """Each run is told to `on_closed` when it is over, and to `traced` when it is begun; what it shows goes
    through those of the `filters` that its chain and its caller's key have."""

    def __init__(
        self,
        executor: LocalExecutor,
        history: History,
        *,
        on_closed: Callable[[Run, Figures], None],
        traced: Callable[[Run], RunTrace],
        filters: Filters | None,
        redact_of_key: RedactOfKey,
    ) -> None:
        self._executor = executor
        self._history = history
        self._on_closed = on_closed
        self._traced = traced
        self._filters = filters
        self._redact_of_key = redact_of_key

    def submit(self, run: Run, call: Call, meter: Meter | None, redact: str) -> None:
        """`redact` has the rules of its caller's key. Raises Overloaded."""
        self._executor.submit(self._job(run, call, meter, redact))

    async def take_over(self, run: Run, call: Call, meter: Meter | None, retold: Retold) -> None:
        """As LocalExecutor.take_over."""
        redact = "" if run.key_id is None else await self._redact_of_key(run.key_id)
        self._executor.take_over(self._job(run, call, meter, redact), retold)

    def _job(self, run: Run, call: Call, meter: Meter | None, redact: str) -> Job:
        started = RunStarted(
            t=0,
            run_id=run.run_id,
            chain=run.chain,
            model=run.model,
            thread_id=run.thread_id,
            attempt=run.attempt,
            created_at=run.created_at.isoformat(),
        )
        run.trace = self._traced(run)
        return Job(
            started=started,
            work=partial(call.start, run.run_id, run.trace),
            go_on=partial(call.resume, run.run_id, run.trace),
            on_start=run.begin,
            on_pause=run.pause if call.chain.can_wait else None,
            on_wait=partial(self._keep, run, call),
            on_end=run.end,
            on_closed=partial(self._close, run),
            release=partial(self._release, run, call),
            answer_steps=call.chain.answer_steps,
            meter=meter,
            context=context_of_run(run.run_id, run.key_id, run.request_id),
            filtered=self._filtered(call, redact),
            structured=call.is_structured,
        )

    def _filtered(self, call: Call, redact: str) -> FilteredAside | None:
        return self._filters.of_run(call.chain.redact, split_names(redact)) if self._filters else None

    def _close(self, run: Run, figures: Figures) -> None:
        run.trace.end(figures.outcome, figures.code)
        self._on_closed(run, figures)

    def _keep(self, run: Run, call: Call) -> None:
        if call.chain.can_outlive:
            origin = Origin(run.trace.traceparent, request_id.get())
            self._history.waiting.keep(run.run_id, run.chain, call.checkpoints, origin)

    async def _release(self, run: Run, call: Call) -> None:
        await call.release(run.run_id)
        await self._history.waiting.forget(run.run_id)
