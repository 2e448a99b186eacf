"""Runs that wait for a person, kept so that they outlive this process: their graph's state, and decisions.

It is done behind the runs' backs. While the database is away it is tried again for as long as the run waits.
A state that cannot be serialized stays in memory, and its run ends with the process.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial

from ..checkpoints import Saver
from ..database import Database
from ..database_checkpoints import LastingCheckpoints
from . import waiting_rows
from .recorder import AWAY_SECONDS, FIRST_DELAY, LONGEST_DELAY, UNREACHABLE, WRITE_SECONDS
from .waiting_rows import DecisionRow, Origin

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0  # that a shutdown gives to what is being saved
FORGET_SECONDS = 5.0  # that the end of a run gives to what was saved of it


class WaitingRuns:
    """Made by `open_waiting_runs`. `settle` writes what runs have told so far."""

    def __init__(
        self, database: Database, checkpoints: LastingCheckpoints, settle: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._settle = settle
        self._saving: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()  # those of which something may be in the database
        self._kept: set[str] = set()  # those of which all is
        self._warned: set[str] = set()  # chains

    def keep(self, run_id: str, chain: str, memory: Saver | None, origin: Origin) -> None:
        """Begin to save a run that has just paused. `memory` has the state of its graph, unless that keeps it
        itself."""
        if self._database.lasts:
            self._begun.add(run_id)
            self._saving[run_id] = asyncio.create_task(self._keep(run_id, chain, memory, origin))

    def take_over(self, run_id: str) -> None:
        """What another process saved of this run is ours."""
        self._begun.add(run_id)
        self._kept.add(run_id)

    async def kept(self, run_ids: Collection[str]) -> set[str]:
        """Which of these runs outlive the process; what is being saved has some seconds."""
        if saving := [self._saving[run_id] for run_id in run_ids if run_id in self._saving]:
            await asyncio.wait(saving, timeout=SETTLE_SECONDS)
        return self._kept.intersection(run_ids)

    async def go_on(self, decision: DecisionRow) -> None:
        """A run goes on with this last decision: what is saved of it is of no use from now on.

        Else it would wait again after a crash, and do again what it had been allowed. A database that is away
        keeps no run from going on.
        """
        run_id = decision["run_id"]
        await self._stop_saving(run_id)
        self._kept.discard(run_id)
        try:
            async with asyncio.timeout(AWAY_SECONDS):
                await self._database.write(lambda connection: waiting_rows.go_on(connection, decision))
        except UNREACHABLE as error:
            logger.warning("the run %s goes on, which the database does not know: %s", run_id, error)

    async def forget(self, run_id: str) -> None:
        """A run is over. What cannot be deleted now is at the next start."""
        await self._stop_saving(run_id)
        if run_id not in self._begun:
            return
        self._begun.discard(run_id)
        self._kept.discard(run_id)
        try:
            async with asyncio.timeout(FORGET_SECONDS):
                await self._checkpoints.delete(run_id)
                await self._database.write(lambda connection: waiting_rows.forget(connection, run_id))
        except UNREACHABLE as error:
            logger.warning("what was kept of the run %s is deleted at the next start: %s", run_id, error)

    async def close(self) -> None:
        for run_id in list(self._saving):
            await self._stop_saving(run_id)

    async def _stop_saving(self, run_id: str) -> None:
        if task := self._saving.pop(run_id, None):
            task.cancel()
            await asyncio.wait({task})

    async def _keep(self, run_id: str, chain: str, memory: Saver | None, origin: Origin) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._save(run_id, memory, origin)
                self._kept.add(run_id)
                return
            except UNREACHABLE:  # which the recorder tells
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_DELAY)
            except Exception as error:
                self._warn(chain, error)
                return

    async def _save(self, run_id: str, memory: Saver | None, origin: Origin) -> None:
        put = partial(waiting_rows.put, run_id=run_id, origin=origin)
        await self._database.write(partial(put, whole=False))
        if memory is not None:
            await self._checkpoints.save(memory, run_id)
        await self._settle()  # its events, and that it waits
        await self._database.write(partial(put, whole=True))

    def _warn(self, chain: str, error: Exception) -> None:
        if chain not in self._warned:
            self._warned.add(chain)
            logger.warning(
                "runs of %r that wait for a person end with this process: their state cannot be kept: %s",
                chain,
                error,
            )


@asynccontextmanager
async def open_waiting_runs(
    database: Database, settle: Callable[[], Awaitable[None]]
) -> AsyncIterator[WaitingRuns]:
    waiting = WaitingRuns(database, LastingCheckpoints(database.url), settle)
    try:
        yield waiting
    finally:
        await waiting.close()
