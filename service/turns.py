"""Turns of threads: one run at a time, each after the one that it follows, with what was said before it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from .errors import Conflict, InvalidRequest, NotFound, Overloaded
from .history.history import History
from .history.threads import branch, conversation
from .run import OnBusy, Run, RunRequest

LATEST = "latest"

Thread = tuple[str, str]  # its owner and id


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands: after `parent_run_id` in its thread, and the messages up to there."""

    thread_id: str | None = None
    parent_run_id: str | None = None
    before: list[dict[str, Any]] = field(default_factory=list)


class Turns:
    """`cancel(run_id)` begins to end a run."""

    def __init__(self, history: History, cancel: Callable[[str], object]) -> None:
        self._history = history
        self._cancel = cancel
        self._running: dict[Thread, Run] = {}
        self._beginning: dict[Thread, asyncio.Event] = {}
        self._closed = asyncio.Event()

    @asynccontextmanager
    async def taken(self, owner: str, thread_id: str | None, request: RunRequest) -> AsyncIterator[Place]:
        """The turn of a run that is about to begin; other beginnings in the thread wait, or are refused.

        Raises Conflict where the thread is busy and the request waits for nothing, NotFound where there is
        no such parent, Overloaded where the process ends before the thread is free.
        """
        if thread_id is None:
            if request.parent_run_id not in (None, LATEST):
                message = "A `parent_run_id` needs the `thread_id` that it is of."
                raise InvalidRequest("no_thread", message)
            yield Place()
            return
        thread = owner, thread_id
        await self._until_free(thread, request.on_busy)
        begun = self._beginning[thread] = asyncio.Event()
        try:
            yield await self._place(thread, request.parent_run_id)
        finally:
            del self._beginning[thread]
            begun.set()

    def begin(self, run: Run) -> None:
        """This run has the turn of its thread, until it ends."""
        if run.thread is not None:
            self._running[run.thread] = run

    def let_go(self, run: Run) -> None:
        if run.thread is not None and self._running.get(run.thread) is run:
            del self._running[run.thread]

    def close(self) -> None:
        """No thread becomes free any more: what waits is refused."""
        self._closed.set()

    def running(self, thread: Thread) -> Run | None:
        """The run that has the thread's turn."""
        run = self._running.get(thread)
        return None if run is None or run.ended.is_set() else run

    async def _until_free(self, thread: Thread, on_busy: OnBusy) -> None:
        while (run := self.running(thread)) or thread in self._beginning:
            if on_busy == "reject":
                by = f" with the run {run.run_id!r}" if run else ""
                cure = "wait for its end, or send `on_busy`: `wait` or `cancel`"
                raise Conflict("thread_busy", f"The thread {thread[1]!r} is busy{by}: {cure}.")
            if run is None:
                await self._wait_for(self._beginning[thread])
                continue
            if on_busy == "cancel":
                self._cancel(run.run_id)
            await self._wait_for(run.ended)

    async def _wait_for(self, event: asyncio.Event) -> None:
        waits = {asyncio.create_task(each.wait()) for each in (event, self._closed)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._closed.is_set():
            raise draining()

    async def _place(self, thread: Thread, parent_run_id: str | None) -> Place:
        turns = await self._history.turns(*thread)
        if parent_run_id == LATEST:
            parent_run_id = turns[-1].run_id if turns else None
        before = branch(turns, parent_run_id)
        if parent_run_id is not None and not before:
            message = f"The thread {thread[1]!r} has no run {parent_run_id!r} to follow."
            raise NotFound("parent_not_found", message)
        return Place(thread[1], parent_run_id, conversation(before))


def draining() -> Overloaded:
    return Overloaded("draining", "This replica is shutting down.", retry_after=1, busy=True)
