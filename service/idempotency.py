"""Idempotency keys: the same key with the same request is the same run, however often it is sent."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from weakref import WeakValueDictionary

from .errors import Conflict
from .history.history import History
from .run import Run, RunRequest
from .run_rows import request_of, run_of


class IdempotencyKeys:
    """Those of runs that are in memory are here, all are in history; owners have their own.
    No key is None."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._here: dict[tuple[str, str], tuple[Run, bytes]] = {}
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def held(self, owner: str, key: str | None) -> AbstractAsyncContextManager[object]:
        """Of requests with the same key the second looks once the first has begun."""
        return nullcontext() if key is None else self._locks.setdefault((owner, key), asyncio.Lock())

    async def find(self, owner: str, key: str | None, request: RunRequest) -> Run | None:
        """The run that was started with it. Raises Conflict where that was with another request, and
        Overloaded where history cannot be asked."""
        if key is None:
            return None
        if here := self._here.get((owner, key)):
            run, fingerprint = here
        elif found := await self._history.find_by_key(owner, key):
            stored, asked = found
            run, fingerprint = run_of(stored), request_of(asked).fingerprint()
        else:
            return None
        if fingerprint != request.fingerprint():
            message = "This idempotency key was used with another request; take a new key for a new request."
            raise Conflict("idempotency_conflict", message)
        return run

    def add(self, run: Run, request: RunRequest) -> None:
        """A run that begins, or goes on here."""
        if run.idempotency_key is not None:
            self._here[run.owner, run.idempotency_key] = run, request.fingerprint()

    def let_go(self, run: Run) -> None:
        if run.idempotency_key is not None:
            self._here.pop((run.owner, run.idempotency_key), None)
