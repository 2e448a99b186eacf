"""Attempts at an answer: one model after the other, and the calls in flight that may be ended by themselves.

A call is known by LangChain's run id, by which the bridge sees that it is silent. It can be ended where it
runs on the event loop: threads cannot be interrupted.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig

from ..errors import RunFailed
from ..model_attempts import ModelAttempt
from ..provider_failures import falls_back, provider_failure_of, tells_of_provider
from .breaker import Breaker, Breakers


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model by its name, `provider:model`."""

    name: str
    model: BaseChatModel

    @property
    def provider(self) -> str:
        return self.name.partition(":")[0]


class _InFlight:
    """`failure` is why it was ended, if it was."""

    def __init__(self) -> None:
        self.timeout = asyncio.timeout(None)
        self.loop = asyncio.get_running_loop()
        self.failure: RunFailed | None = None


class Attempts:
    """Those in flight that have another after them."""

    def __init__(self) -> None:
        self._in_flight: dict[UUID, _InFlight] = {}

    @asynccontextmanager
    async def interruptible(self, run_id: UUID) -> AsyncIterator[None]:
        """What is done here may be ended by `end`: that cancels it, and raises the failure that was given."""
        attempt = self._in_flight[run_id] = _InFlight()
        try:
            async with attempt.timeout:
                yield
        except TimeoutError:
            if attempt.failure is None:
                raise  # the SDK's own
            raise attempt.failure from None
        finally:
            del self._in_flight[run_id]

    def end(self, run_id: UUID, failure: RunFailed) -> bool:
        """End the attempt; returns whether there is one to end, on this event loop."""
        attempt = self._in_flight.get(run_id)
        if attempt is None or attempt.failure is not None or attempt.loop is not asyncio.get_running_loop():
            return False
        attempt.failure = failure
        attempt.timeout.reschedule(attempt.loop.time())
        return True


class Attempt:
    """One candidate's. `error` is what it failed with, by its provider's fault; other errors are raised, and
    all once it `is_handed_over` to the chain's own code."""

    def __init__(
        self,
        candidate: Candidate,
        run_id: UUID,
        metadata: dict[str, Any],
        breaker: Breaker,
        registry: Attempts | None,
    ) -> None:
        self.candidate = candidate
        self.run_id = run_id
        self.metadata = metadata
        self.is_handed_over = False
        self.error: Exception | None = None
        self._breaker = breaker
        self._registry = registry

    def config(self, config: RunnableConfig) -> RunnableConfig:
        """For a call of this attempt."""
        metadata = {**config.get("metadata", {}), **self.metadata}
        return {**config, "metadata": metadata, "run_id": self.run_id}

    @contextmanager
    def judged(self) -> Iterator[None]:
        """The call is made in here."""
        probes, told = self._breaker.ask(), False
        try:
            yield
            told = True
            self._breaker.answer()
        except Exception as error:
            failure = provider_failure_of(error)
            if not falls_back(failure):
                raise
            if told := tells_of_provider(failure):
                self._breaker.fail()
            if self.is_handed_over:
                raise
            self.error = error
        finally:
            if probes and not told:
                self._breaker.leave()

    @asynccontextmanager
    async def interruptible_so_far(self) -> AsyncIterator[None]:
        """What may be ended by itself, if another candidate follows."""
        if self._registry is None:
            yield
            return
        async with self._registry.interruptible(self.run_id):
            yield

    @asynccontextmanager
    async def interruptible(self) -> AsyncIterator[None]:
        """The whole call is made in here, on the event loop."""
        with self.judged():
            async with self.interruptible_so_far():
                yield


def attempts_at(
    candidates: Sequence[Candidate],
    breakers: Breakers,
    registry: Attempts,
    run_id: UUID | None,
    *,
    streams: bool = False,
) -> Iterator[Attempt]:
    """One after the other, until one has no error. Raises the last one's where all have.

    In their order, but for those whose breakers are not closed when it is their turn: these come last. Where
    it `streams`, nothing is shown that a later attempt could supersede.
    """
    left = list(candidates)
    failures: list[str] = []
    failed: UUID | None = None
    code = ""
    while left:
        candidate = left.pop(_place_of_next(left, breakers))
        has_next = bool(left)
        attempt = Attempt(
            candidate,
            run_id or uuid4(),
            ModelAttempt(has_next and not streams, failed, code).metadata(),
            breakers.of(candidate.provider),
            registry if has_next else None,
        )
        yield attempt
        if attempt.error is None:
            return
        failed, code, run_id = attempt.run_id, provider_failure_of(attempt.error).code, None
        failures.append(f"{candidate.name}: {code}")
        if not has_next:
            attempt.error.add_note(f"All models failed: {', '.join(failures)}")
            raise attempt.error


def _place_of_next(left: Sequence[Candidate], breakers: Breakers) -> int:
    """Of the first whose breaker admits it; where none does, of the first. An attempt may have taken long, in
    which other runs have learnt who fails."""
    admitted = (place for place, each in enumerate(left) if breakers.of(each.provider).admits)
    return next(admitted, 0)
