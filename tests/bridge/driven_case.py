"""One generated case as it runs: the chain in a task, a reader, the fault, and what the oracle says."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from anyio import fail_after
from langchain_core.callbacks import BaseCallbackHandler

from service.bridge import BridgeError
from service.callbacks import AsyncIteratorCallbackHandler
from service.events import BridgeEvent
from tests.bridge.built_chains import Builder
from tests.bridge.case_features import features_of, may_outlive
from tests.bridge.chain_parts import Given
from tests.bridge.ledger import Ledger
from tests.bridge.ledger_models import Where
from tests.bridge.oracle import Account, differences
from tests.bridge.random_cases import Case
from tests.bridge.random_chains import Function, Parallel
from tests.bridge.sabotage import PoisonedTranscript, Saboteur, poisoned

LIMIT = 60  # seconds for one case, whose work is milliseconds
HUNG = "the iteration did not end, or the chain did not"


class DrivenCase:
    """`make_handler` makes what is tested. Needs a loop of its own: it waits for all that the chain left."""

    def __init__(
        self,
        case: Case,
        make_handler: Callable[..., Any] = AsyncIteratorCallbackHandler,
        limit: float = LIMIT,
    ) -> None:
        self.events: list[BridgeEvent] = []
        self._case = case
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._ledger = Ledger(self._on_entry)
        self._handler = make_handler(end_with_root=not case.closed, queue_limit=case.queue_limit)
        self._others: list[BaseCallbackHandler] = []
        self._poison: PoisonedTranscript | None = None
        self._arm()
        self._chain: asyncio.Future[Any] | None = None
        self._over = asyncio.Event()
        self._done_before = 0
        self._struck: int | None = None
        self._cancelled = False
        self._said_short = False

    # --- the fault -----------------------------------------------------------------------------------

    def _arm(self) -> None:
        fault = self._case.fault
        if fault and fault.kind == "sabotage":
            self._others = [Saboteur(fault.place, fault.nth, self._on_sabotage)]
        if fault and fault.kind == "poison":
            self._poison = poisoned(self._handler, fault.place, fault.nth)

    def _on_sabotage(self) -> None:
        self._struck = len(self._ledger.entries) - 1
        self._ledger.note_fault()

    def _on_entry(self, count: int) -> None:
        fault = self._case.fault
        if fault and fault.kind == "cancel" and fault.nth == count:
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        assert self._chain is not None
        self._cancelled = self._chain.cancel()
        self._ledger.note_fault()

    @property
    def poisoned(self) -> bool:
        return self._poison is not None and self._poison.fired

    @property
    def went_wrong(self) -> bool:
        """Whether the fault came to pass: in some chains its place is never reached."""
        return self._cancelled or self._struck is not None or self.poisoned

    # --- the run -------------------------------------------------------------------------------------

    async def run(self) -> list[str]:
        """What was wrong."""
        try:
            with fail_after(self._limit):
                await asyncio.gather(self._drive(), self._read())
                await self._settle()
        except TimeoutError:
            await self._abandon()
            return [HUNG]
        if self._said_short != self.poisoned:
            return ["told short without a word" if self.poisoned else "said to be short, and was not"]
        account = Account(
            ledger=self._ledger,
            events=self.events,
            done_before=self._done_before,
            whole=not self.went_wrong and not may_outlive(self._case.chain),
            cut=self.poisoned,
            struck=self._struck,
        )
        return [*differences(account), *self._after_the_end()]

    @property
    def features(self) -> set[str]:
        """What the case had in it."""
        case = self._case
        features = features_of(case.chain) | {f"reader: {case.reader}"}
        features.add("driver: closes at the end" if case.closed else "driver: nobody closes")
        if case.fault and self.went_wrong:
            features.add(case.fault.feature)
        return features

    async def _drive(self) -> None:
        runnable, given = Builder(self._ledger).build(self._case.chain, Where())
        if isinstance(self._case.chain, Function | Parallel):
            runnable = Given(given) | runnable  # the outermost run is no step
        handlers = [self._handler, *self._others]
        self._chain = asyncio.ensure_future(runnable.ainvoke(given, config={"callbacks": handlers}))
        self._on_entry(0)
        await asyncio.wait({self._chain})
        if not self._chain.cancelled():
            self._chain.exception()
        self._done_before = len(self._ledger.entries)
        self._over.set()
        if self._case.closed:
            self._handler.close()

    async def _read(self) -> None:
        if self._case.reader == "late":
            await self._over.wait()
        try:
            async for event in self._handler.events():
                self.events.append(event)
                for _ in range(4 if self._case.reader == "slow" else 0):
                    await asyncio.sleep(0)
        except BridgeError:
            self._said_short = True

    async def _settle(self) -> None:
        """Let what outlived the chain come to its end."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
            for task in others:
                with suppress(asyncio.CancelledError):
                    task.exception()

    async def _abandon(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await self._settle()

    def _after_the_end(self) -> list[str]:
        queue = getattr(self._handler, "_queue", None)
        late = list(queue._items) if queue else []
        return [f"told after the end: {late}"] if late else []
