"""Runs: what they are, the states they go through; to start, follow, answer, cancel and drain them."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

import orjson
from ulid import ULID

from .approvals import Decision
from .chain import Call, CallConfig
from .errors import Conflict, NotFound, Overloaded
from .event_log.base import EventLog, Record
from .events import Approval, Cancelled, CancelReason, Done, RunError, RunStarted, TerminalEvent
from .executor.local import Job, LocalExecutor
from .registry import Registry
from .snapshot import Snapshot, fold
from .waits import Waits

Status = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
OnDisconnect = Literal["cancel", "continue"]

TRANSITIONS: dict[Status, frozenset[Status]] = {
    "queued": frozenset({"running"}),
    "running": frozenset({"waiting", "succeeded", "failed", "cancelled"}),
    "waiting": frozenset({"running", "failed", "cancelled"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
_STATUS_AFTER: dict[type, Status] = {Done: "succeeded", RunError: "failed", Cancelled: "cancelled"}

FIRST_READER_WAIT = 5.0  # seconds for whoever starts a run to read it, however short the grace is
CANCEL_WAIT = 1.0  # seconds in which a cancelled run is expected to have ended


class IllegalTransition(Exception):
    """A run was to go to a state that its present one does not lead to: a defect of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a client wants to run."""

    chain: str | None = None
    input: Any
    model: str | None = None
    system: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    on_disconnect: OnDisconnect | None = None
    thread_id: str | None = None
    config: CallConfig = field(default_factory=CallConfig)

    def fingerprint(self) -> bytes:
        """Equal for equal requests."""
        return hashlib.sha256(orjson.dumps(self, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Archived:
    """What is kept of a run once its events are gone."""

    snapshot: Snapshot
    ends: tuple[tuple[int, int], ...]
    terminal: Record


@dataclass(slots=True, eq=False)
class Run:
    """One execution of a chain. `subscribers` counts the connections that read it now. After a pause a run
    that nobody reads goes on, unless `cancel_after_pause`: whoever answers need not be the one who reads."""

    run_id: str
    chain: str
    model: str | None
    metadata: dict[str, Any]
    cancel_when_left: bool
    cancel_after_pause: bool = False
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 1
    thread_id: str | None = None
    status: Status = "queued"
    subscribers: int = 0
    grace: asyncio.TimerHandle | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # ended, or waiting for a person
    waits: Waits = field(default_factory=Waits)
    archived: Archived | None = None
    idempotency_key: str | None = None

    def move(self, to: Status) -> None:
        if to not in TRANSITIONS[self.status]:
            raise IllegalTransition(f"{self.run_id}: {self.status} to {to}")
        self.status = to

    def begin(self) -> None:
        if self.status == "queued":  # else it goes on
            self.move("running")
            self.started_at = datetime.now(UTC)

    def pause(self, approvals: Sequence[Approval]) -> None:
        self.move("waiting")
        self.waits.ask(approvals)
        self.cancel_when_left = self.cancel_after_pause
        self.settled.set()

    def go_on(self) -> None:
        self.move("running")
        self.settled.clear()

    def end(self, terminal: TerminalEvent | None) -> None:
        self.move(_STATUS_AFTER[type(terminal)] if terminal else "failed")
        self.ended_at = datetime.now(UTC)
        self.waits.close()
        self.ended.set()
        self.settled.set()


class Runs:
    """All runs of this process. Those whose events are gone are kept in summary, at most `kept` of them."""

    def __init__(
        self, log: EventLog, registry: Registry, executor: LocalExecutor, *, grace: float, kept: int
    ) -> None:
        self.log = log
        self._registry = registry
        self._executor = executor
        self._grace = grace
        self._kept = kept
        self._runs: dict[str, Run] = {}
        self._archived: OrderedDict[str, None] = OrderedDict()
        self._by_key: dict[str, tuple[bytes, str]] = {}
        self._draining = False

    async def start(self, request: RunRequest, *, attached: bool, key: str | None = None) -> Run:
        """Start a run, or find the one that the same request started under the same idempotency `key`.

        `attached`: the caller will read it, so it is cancelled when left, unless the request says otherwise.
        Raises RequestErrors and Overloaded; then nothing was started.
        """
        if key is not None and (known := self._find_by_key(key, request)):
            return known
        if self._draining:
            raise _draining()
        chain = self._registry.get(request.chain)
        model = self._registry.model_for(chain, request.model, request.params)
        call = chain.call(
            given=request.input,
            system=request.system,
            model=model,
            params=request.params,
            thread_id=request.thread_id,
            config=request.config,
        )
        self._executor.check_room()
        run = self._add(request, call, model, attached, key)
        try:
            await self.log.open(run.run_id)
            self._submit(run, call)
        except BaseException:
            self._forget(run.run_id)
            raise
        if attached:
            self._start_grace(run, max(self._grace, FIRST_READER_WAIT))
        return run

    def get(self, run_id: str) -> Run:
        """Raises NotFound, the same for a run that never was and for one that is not kept."""
        if run := self._runs.get(run_id):
            return run
        raise NotFound("run_not_found", f"There is no run {run_id!r}.")

    def newest_first(self) -> Iterator[Run]:
        return reversed(self._runs.values())

    async def cancel(self, run_id: str, reason: CancelReason = "user") -> Run:
        """Cancel, and wait a second for the end; a run that has ended is left as it is."""
        run = self.get(run_id)
        if not run.ended.is_set():
            self._executor.cancel(run_id, reason)
            await wait_for(run.ended, CANCEL_WAIT)
        return run

    def decide(self, run_id: str, interrupt_id: str, decisions: Sequence[Decision]) -> Run:
        """Answer one of the questions that a run waits for; with the last of them it goes on.

        Raises NotFound, Conflict where it was answered before or the run waits no more, Unprocessable where
        the decisions are not what is asked for; then nothing was decided.
        """
        run = self.get(run_id)
        approval = run.waits.find(interrupt_id)
        if self._draining:
            raise _draining()
        self._registry.get(run.chain).check_decisions(approval, decisions)
        run.waits.answer(approval, decisions)
        if not run.waits.open:
            self._resume(run)
        return run

    def _resume(self, run: Run) -> None:
        run.go_on()
        self._executor.resume(run.run_id, *run.waits.take_answers())
        if not run.subscribers:
            self._start_grace(run, self._grace)

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
        """Take no new runs; let those that run end within `grace` seconds, and cancel the rest."""
        self._draining = True
        await self._executor.drain(grace)

    def archive(self, run_id: str, records: Sequence[Record]) -> None:
        """The log of a finished run goes: keep its summary instead."""
        run = self._runs.get(run_id)
        if run is None or not records:
            return
        ends = {record.attempt: record.seq for record in records}
        run.archived = Archived(fold(records).snapshot(), tuple(ends.items()), records[-1])
        self._archived[run_id] = None
        while len(self._archived) > self._kept:
            self._forget(self._archived.popitem(last=False)[0])

    def _find_by_key(self, key: str, request: RunRequest) -> Run | None:
        fingerprint, run_id = self._by_key.get(key, (b"", ""))
        if not run_id:
            return None
        if fingerprint != request.fingerprint():
            message = "This idempotency key was used with another request; take a new key for a new request."
            raise Conflict("idempotency_conflict", message)
        return self._runs[run_id]

    def _add(
        self, request: RunRequest, call: Call, model: str | None, attached: bool, key: str | None
    ) -> Run:
        wanted = request.on_disconnect or ("cancel" if attached else "continue")
        run = Run(str(ULID()).lower(), call.chain.name, model, request.metadata, wanted == "cancel")
        run.thread_id = call.thread_id
        run.cancel_after_pause = request.on_disconnect == "cancel"
        self._runs[run.run_id] = run
        if key is not None:
            run.idempotency_key = key
            self._by_key[key] = (request.fingerprint(), run.run_id)
        return run

    def _submit(self, run: Run, call: Call) -> None:
        started = RunStarted(
            t=0,
            run_id=run.run_id,
            chain=run.chain,
            model=run.model,
            thread_id=run.thread_id,
            attempt=run.attempt,
            created_at=run.created_at.isoformat(),
        )

        job = Job(
            started=started,
            work=partial(call.start, run.run_id),
            go_on=partial(call.resume, run.run_id),
            on_start=run.begin,
            on_pause=run.pause if call.chain.can_wait else None,
            on_end=run.end,
            release=partial(call.release, run.run_id),
            answer_steps=call.chain.answer_steps,
        )
        self._executor.submit(job)

    def _start_grace(self, run: Run, grace: float) -> None:
        if run.settled.is_set() or not run.cancel_when_left:
            return
        loop = asyncio.get_running_loop()
        run.grace = loop.call_later(grace, self._executor.cancel, run.run_id, "disconnect")

    def _forget(self, run_id: str) -> None:
        run = self._runs.pop(run_id)
        if run.idempotency_key is not None:
            del self._by_key[run.idempotency_key]


def _draining() -> Overloaded:
    return Overloaded("draining", "This replica is shutting down.", retry_after=1, busy=True)


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
