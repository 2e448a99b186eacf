"""Drops readers that take nothing: one timer a response, since a time-out around each send is dear."""

import asyncio

from anyio import CancelScope
from starlette.types import Message, Send


class SendWatch:
    """Cancels `scope` once a send has been waiting for `seconds`; `stuck` tells that from other ends."""

    def __init__(self, send: Send, scope: CancelScope, seconds: float) -> None:
        self.stuck = False
        self._send = send
        self._scope = scope
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer = self._loop.call_later(seconds, self._look)

    async def send(self, message: Message) -> None:
        self._since = self._loop.time()
        await self._send(message)
        self._since = None

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        due = (now if self._since is None else self._since) + self._seconds
        if due > now:
            self._timer = self._loop.call_at(due, self._look)
        else:
            self.stuck = True
            self._scope.cancel()
