"""Runs: to start, find, follow, answer, cancel and drain them."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ulid import ULID

from .access.budgets import Budgets
from .access.caller import ANYONE, Caller
from .approvals import Decision, answer_to
from .chain import Call
from .dispatch import Dispatch, RedactOfKey
from .errors import Conflict, NotFound, Overloaded
from .event_log.base import EventLog
from .events import Approval, CancelReason
from .executor.figures import Figures
from .executor.local import LocalExecutor
from .history.history import History
from .history.waiting_rows import DecisionRow
from .idempotency import IdempotencyKeys
from .redaction.filters import Filters
from .registry import Registry
from .retold import Retold
from .run import Run, RunRequest
from .run_rows import row_of, run_of, thread_row_of
from .traced import UNTRACED, RunTrace
from .turns import Turns, draining
from .values import encode_json, to_json

FIRST_READER_WAIT = 5.0  # seconds for whoever starts a run to read it, however short the grace is
CANCEL_WAIT = 1.0  # seconds in which a cancelled run is expected to have ended

_RUN_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}", re.ASCII)


async def _no_rules(key_id: str) -> str:
    return ""


class Runs:
    """Those that go on, and for a while those that ended, are here; all of them are in history."""

    def __init__(
        self,
        log: EventLog,
        registry: Registry,
        executor: LocalExecutor,
        history: History,
        *,
        grace: float,
        on_closed: Callable[[Run, Figures], None] = lambda run, figures: None,
        budgets: Budgets | None = None,
        traced: Callable[[Run], RunTrace] = lambda run: UNTRACED,
        filters: Filters | None = None,
        redact_of_key: RedactOfKey = _no_rules,
    ) -> None:
        self.log = log
        self._registry = registry
        self._executor = executor
        self._history = history
        self._grace = grace
        self._budgets = budgets
        self._dispatch = Dispatch(
            executor,
            history,
            on_closed=on_closed,
            traced=traced,
            filters=filters,
            redact_of_key=redact_of_key,
        )
        self._runs: dict[str, Run] = {}
        self._keys = IdempotencyKeys(history)
        self._turns = Turns(history, lambda run_id: executor.cancel(run_id, "user"))
        self._draining = False

    async def start(
        self,
        request: RunRequest,
        caller: Caller = ANYONE,
        *,
        attached: bool,
        key: str | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Start a run, or find the one that the same request of this caller started under the same
        idempotency `key`. A `run_id` is of `new_run_id`, for who had to know it before.

        `attached`: the caller will read it, so it is cancelled when left, unless the request says otherwise.
        Raises RequestErrors, and Overloaded also where it cannot be recorded; then nothing was started.
        """
        async with self._keys.held(caller.owner, key):
            if known := await self._keys.find(caller.owner, key, request):
                return await _opened(self._runs.get(known.run_id, known))
            meter = await self._budgets.admit(caller) if self._budgets else None
            run, call = await self._prepare(request, caller, attached, key, run_id or new_run_id())
        try:
            await self._history.begin(row_of(run, request), thread_row_of(run, request))
            await self.log.open(run.run_id)
            self._dispatch.submit(run, call, meter, caller.redact)
        except BaseException as error:
            self._history.forget(run.run_id)
            self.let_go(run.run_id)
            run.refused = error
            run.trace.end("refused", None)
            run.ended.set()  # for those that wait for its thread
            raise
        finally:
            run.opened.set()
        if attached:
            self._start_grace(run, max(self._grace, FIRST_READER_WAIT))
        return run

    async def _prepare(
        self, request: RunRequest, caller: Caller, attached: bool, key: str | None, run_id: str
    ) -> tuple[Run, Call]:
        """A run that has the turn of its thread, and the call that it is to make."""
        if self._draining:
            raise draining()
        chain = self._registry.get(request.chain)
        model = self._registry.model_for(chain, request.model, request.params)
        thread_id = chain.thread_of(request.thread_id, request.config.configurable)
        async with self._turns.taken(caller.owner, thread_id, request) as place:
            call = chain.call(
                given=request.input,
                system=request.system,
                model=model,
                fallbacks=request.fallbacks,
                params=request.params,
                owner=caller.owner,
                thread_id=thread_id,
                config=request.config,
                before=place.before,
            )
            self._executor.check_room()
            run = self._add(run_id, request, caller, call, model, attached, key)
            run.parent_run_id = place.parent_run_id
            self._turns.begin(run)
        return run, call

    async def find(self, run_id: str, caller: Caller = ANYONE) -> Run:
        """Raises NotFound, also for what the caller does not see, and Overloaded where history has to be
        asked and cannot."""
        run = self._runs.get(run_id)
        if run is None and is_run_id(run_id) and (stored := await self._history.find(run_id)):
            run = run_of(stored)
            run.ended.set()
        if run is not None and caller.sees(run.owner, run_id):
            return run
        raise NotFound("run_not_found", f"There is no run {run_id!r}.")

    def going_on(self, run_id: str) -> Run | None:
        """The run, unless it has ended, here or in another process."""
        run = self._runs.get(run_id)
        return None if run is None or run.ended.is_set() else run

    async def active(self, thread_id: str, caller: Caller = ANYONE) -> Run | None:
        """The run of a thread that has not ended. Raises Overloaded where that could not begin after all."""
        run = self._turns.running((caller.owner, thread_id))
        return None if run is None else await _opened(run)

    async def cancel(self, run_id: str, caller: Caller = ANYONE, reason: CancelReason = "user") -> Run:
        """Cancel, and wait a second for the end; a run that has ended is left as it is."""
        run = await self.find(run_id, caller)
        await self.stop(run, reason)
        return run

    async def stop(self, run: Run, reason: CancelReason = "user") -> None:
        """The same, for who has the run."""
        if not run.ended.is_set():
            self._executor.cancel(run.run_id, reason)
            await wait_for(run.ended, CANCEL_WAIT)

    async def delete(self, run_id: str, caller: Caller = ANYONE) -> None:
        """Forget a run that is over. Raises NotFound, and Conflict where it goes on."""
        run = await self.find(run_id, caller)
        if not run.ended.is_set():
            raise Conflict("run_not_ended", "The run goes on: cancel it, then delete it.")
        await self.log.expire(run_id)
        await self._history.remove_run(run_id)

    async def delete_thread(self, thread_id: str, caller: Caller = ANYONE) -> None:
        """Cancel what runs in a thread, and forget all of it. Raises NotFound."""
        here = [run for run in self._runs.values() if run.thread == (caller.owner, thread_id)]
        for run in here:
            self._executor.cancel(run.run_id, "user")
        for run in here:
            await run.ended.wait()
            await self.log.expire(run.run_id)
        await self._history.remove_thread(caller.owner, thread_id)

    async def decide(
        self, run_id: str, interrupt_id: str, decisions: Sequence[Decision], caller: Caller = ANYONE
    ) -> Run:
        """Answer one of the questions that a run waits for; with the last of them it goes on. Raises as
        `decide_all`."""
        return await self.decide_all(run_id, {interrupt_id: decisions}, caller)

    async def decide_all(
        self,
        run_id: str,
        decided: Mapping[str, Sequence[Decision]],
        caller: Caller = ANYONE,
        *,
        attached: bool = False,
    ) -> Run:
        """Answer questions that a run waits for, by their ids; with the last of all that are open it goes on.

        `attached`: the caller will read it, so it is cancelled when left. Raises NotFound, Conflict where one
        was answered before or the run waits no more, Unprocessable where the decisions are not what is asked
        for; then nothing was decided. Raises Overloaded where one that is not the last cannot be kept.
        """
        run = await self.find(run_id, caller)
        async with run.deciding:
            approvals = [run.waits.find(interrupt_id) for interrupt_id in decided]
            if self._draining:
                raise draining()
            chain = self._registry.get(run.chain)
            for approval in approvals:
                chain.check_decisions(approval, decided[approval.interrupt_id])
                answer_to(approval, decided[approval.interrupt_id])
            for approval in approvals:
                await self._decide(run, approval, decided[approval.interrupt_id])
            if not run.waits.open:
                self._resume(run, attached)
        return run

    async def _decide(self, run: Run, approval: Approval, decisions: Sequence[Decision]) -> None:
        decision = _decision_row(run, approval, decisions)
        if len(run.waits.open) > 1:
            await self._history.keep_decision(decision)
        else:
            await self._history.waiting.go_on(decision)
        run.waits.answer(run.waits.find(approval.interrupt_id), decisions)  # which may have ended meanwhile

    def _resume(self, run: Run, attached: bool) -> None:
        run.go_on()
        run.cancel_when_left = run.cancel_when_left or attached
        self._executor.resume(run.run_id, *run.waits.take_answers())
        if not run.subscribers:
            self._start_grace(run, max(self._grace, FIRST_READER_WAIT) if attached else self._grace)

    @contextmanager
    def subscribed(self, run: Run, grace: float | None = None) -> Iterator[None]:
        """While a connection reads the run; `grace` replaces the service's once it leaves."""
        run.subscribers += 1
        if run.grace is not None:
            run.grace.cancel()
        try:
            yield
        finally:
            run.subscribers -= 1
            if not run.subscribers:
                self._start_grace(run, self._grace if grace is None else grace)

    async def drain(self, grace: float) -> None:
        """Take no new runs; let those that run end within `grace` seconds, and cancel the rest, but for those
        that wait and can go on in the next process."""
        self._draining = True
        for run in list(self._runs.values()):
            async with run.deciding:  # what is being decided is decided
                pass
        await self._executor.drain(grace, self._history.waiting.kept)
        self._turns.close()

    async def take_over(self, run: Run, call: Call, retold: Retold) -> None:
        """A run that waited when its process ended waits on here; its log and its account do already."""
        caller = Caller(owner=run.owner, team=run.team, key_id=run.key_id)
        meter = await self._budgets.readmit(caller, retold.spent) if self._budgets else None
        self._runs[run.run_id] = run
        self._turns.begin(run)
        self._history.waiting.take_over(run.run_id)
        await self._dispatch.take_over(run, call, meter, retold)

    def let_go(self, run_id: str) -> None:
        """A run that is over, or has not begun after all, is not needed here any more."""
        if run := self._runs.pop(run_id, None):
            self._turns.let_go(run)
            self._keys.let_go(run)

    def _add(
        self,
        run_id: str,
        request: RunRequest,
        caller: Caller,
        call: Call,
        model: str | None,
        attached: bool,
        key: str | None,
    ) -> Run:
        wanted = request.on_disconnect or ("cancel" if attached else "continue")
        run = Run(run_id, call.chain.name, model, request.metadata, wanted == "cancel")
        run.owner, run.team, run.key_id = caller.owner, caller.team, caller.key_id
        run.thread_id = call.thread_id
        run.cancel_after_pause = request.on_disconnect == "cancel"
        self._runs[run.run_id] = run
        run.idempotency_key = key
        self._keys.add(run, request)
        return run

    def _start_grace(self, run: Run, grace: float) -> None:
        if run.settled.is_set() or not run.cancel_when_left:
            return
        loop = asyncio.get_running_loop()
        run.grace = loop.call_later(grace, self._executor.cancel, run.run_id, "disconnect")


def new_run_id() -> str:
    return str(ULID()).lower()


def is_run_id(text: str) -> bool:
    """Whether it has the form of one: nothing else is looked for in the database."""
    return _RUN_ID.fullmatch(text) is not None


def _decision_row(run: Run, approval: Approval, decisions: Sequence[Decision]) -> DecisionRow:
    return DecisionRow(
        run_id=run.run_id,
        interrupt_id=approval.interrupt_id,
        decisions=encode_json(to_json(decisions)).decode(),
    )


async def _opened(run: Run) -> Run:
    """Once it can be read; raises what kept it from beginning."""
    await run.opened.wait()
    if run.refused is not None:
        raise _as_refused(run.refused)
    return run


def _as_refused(error: BaseException) -> Overloaded:
    if isinstance(error, Overloaded):
        return error
    return Overloaded("not_begun", "The run was not begun: send the request again.", retry_after=1, busy=True)


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
