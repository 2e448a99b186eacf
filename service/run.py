"""A run: what was asked for, and the states that it goes through."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from .chain import CallConfig
from .events import Approval, Cancelled, Done, RunError, Status, TerminalEvent
from .traced import UNTRACED, RunTrace
from .waits import Waits

OnDisconnect = Literal["cancel", "continue"]
OnBusy = Literal["reject", "wait", "cancel"]

TRANSITIONS: dict[Status, frozenset[Status]] = {
    "queued": frozenset({"running"}),
    "running": frozenset({"waiting", "succeeded", "failed", "cancelled"}),
    "waiting": frozenset({"running", "failed", "cancelled"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
_STATUS_AFTER: dict[type, Status] = {Done: "succeeded", RunError: "failed", Cancelled: "cancelled"}


class IllegalTransition(Exception):
    """A run was to go to a state that its present one does not lead to: a defect of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a client wants to run. In a thread it follows `parent_run_id`: "latest", another run to make a
    branch, or None to begin anew. `fallbacks` are its model's own, or None for the service's."""

    chain: str | None = None
    input: Any
    model: str | None = None
    fallbacks: Sequence[str] | None = None
    system: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    on_disconnect: OnDisconnect | None = None
    thread_id: str | None = None
    parent_run_id: str | None = "latest"
    on_busy: OnBusy = "reject"
    config: CallConfig = field(default_factory=CallConfig)

    def fingerprint(self) -> bytes:
        """Equal for equal requests."""
        return hashlib.sha256(orjson.dumps(self, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(slots=True, eq=False)
class Run:
    """One execution of a chain. `opened` is set once it is recorded and its log is there, or once that has
    failed, and `refused` says why; `subscribers` counts the connections that read it now, `resumes` those
    that came back with a cursor. After a pause a run that nobody reads goes on, unless `cancel_after_pause`:
    whoever answers need not be the one who reads."""

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
    owner: str = ""
    team: str | None = None
    key_id: str | None = None
    address: str = ""  # that its caller came from
    thread_id: str | None = None
    parent_run_id: str | None = None
    status: Status = "queued"
    subscribers: int = 0
    resumes: int = 0
    grace: asyncio.TimerHandle | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # ended, or waiting for a person
    waits: Waits = field(default_factory=Waits)
    deciding: asyncio.Lock = field(default_factory=asyncio.Lock)  # one decision at a time
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    refused: BaseException | None = None
    idempotency_key: str | None = None
    traceparent: str | None = None  # of the span that it had in the process before, where it goes on here
    request_id: str | None = None  # of the request that asked for it there
    trace: RunTrace = UNTRACED

    @property
    def thread(self) -> tuple[str, str] | None:
        """Its thread by owner and id."""
        return None if self.thread_id is None else (self.owner, self.thread_id)

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
