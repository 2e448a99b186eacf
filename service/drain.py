"""The end of a service that is to stop: its runs are drained once, whoever hears of the shutdown first."""

import asyncio

from .runs import Runs


class Drain:
    """Begins to drain the runs, which have `grace` seconds. `set` may come from a signal."""

    def __init__(self, runs: Runs, grace: float) -> None:
        self._runs = runs
        self._grace = grace
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self.begun = asyncio.Event()

    def set(self) -> None:
        self._loop.call_soon_threadsafe(self._begin)

    async def finish(self) -> None:
        """Drain, if nobody has begun to, and wait for its end."""
        await self._begin()

    def _begin(self) -> "asyncio.Task[None]":
        if self._task is None:
            self.begun.set()
            self._task = self._loop.create_task(self._runs.drain(self._grace))
        return self._task
