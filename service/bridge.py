"""The bridge as its readers see it: what a chain does, as text or as events, told so far, and ended.

Callbacks tell it from any thread (`callbacks.py`). One lock orders what they tell, and no foreign code runs
under it. Nothing is written after `close`.
"""

import threading
import time
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any
from uuid import UUID

from .event_queue import EventQueue
from .events import Approval, Blocked, BridgeEvent, FinishReason, Token, UsageTotals
from .messages import Due
from .model_calls import OnCall, untold
from .rates import RatesOf, Spent, unpriced
from .retold import Retold
from .transcript import Transcript
from .values import clean_text, to_json

QUEUE_LIMIT = 1024
TOOL_OUTPUT_MAX_CHARS = 32_768
BLOCKED_KEPT = 20
ERRORS_KEPT = 64


class BridgeError(Exception):
    """The bridge itself failed: what it has told is not the whole story of the run."""


class Bridge:
    """Iterates over what a chain does, as text (`aiter`) or as events (`events`).

    `end_with_root`: the iteration ends by itself when the outermost LangChain run does. Whoever awaits the
    chain can end it surely, by `close` in a `finally`. `rates_of` knows what models cost; without it no cost
    is known. `on_call` hears of each model call's end. `retold` is what another bridge told of a chain that
    waits: this one goes on from there.
    """

    def __init__(
        self,
        *,
        end_with_root: bool = True,
        answer_steps: Collection[str] | None = None,
        tool_output_max_chars: int = TOOL_OUTPUT_MAX_CHARS,
        queue_limit: int = QUEUE_LIMIT,
        rates_of: RatesOf = unpriced,
        retold: Retold | None = None,
        on_call: OnCall = untold,
    ) -> None:
        retold = retold or Retold()
        self.closed = False
        self.failure: BaseException | None = None
        # The last that tools and models raised: of those that ran at the same time any may end the chain.
        self.tool_errors: tuple[BaseException, ...] = ()
        self.model_errors: tuple[BaseException, ...] = ()
        self.approvals = list(retold.approvals)  # what the chain waits for, since it was last resumed
        self.blocked: list[Blocked] = []
        self.done = _Done(self)
        self._end_with_root = end_with_root
        self._tool_output_max_chars = tool_output_max_chars
        self._queue: EventQueue[BridgeEvent] = EventQueue(queue_limit)
        self._lock = threading.Lock()
        began = time.monotonic() - retold.t / 1000
        self._transcript = Transcript(self._put, began, answer_steps, rates_of, retold, on_call)

    # --- reading -----------------------------------------------------------------------------------

    async def aiter(self) -> AsyncIterator[str]:
        """The answer's text, as it comes. Raises BridgeError where it would be short."""
        async for event in self.events():
            if isinstance(event, Token) and event.channel == "answer":
                yield event.text

    async def events(self) -> AsyncIterator[BridgeEvent]:
        """The events, as they come. Raises BridgeError where one is missing."""
        async for batch in self.batches():
            for event in batch:
                yield event

    async def batches(self) -> AsyncIterator[list[BridgeEvent]]:
        """The events, all that are ready at a time. One reader at a time; raises as `events`."""
        async for batch in self._queue.batches():
            yield batch
        if self.failure is not None:
            raise BridgeError("an event of this run could not be recorded") from self.failure

    @property
    def now(self) -> int:
        """Milliseconds since the handler was made, as in the events' `t`."""
        return self._transcript.now

    @property
    def finish_reason(self) -> FinishReason:
        """Of the last model call of the answer."""
        return self._transcript.finish_reason

    def usage(self) -> UsageTotals:
        """What the model calls used so far."""
        with self._lock:
            return self._transcript.usage()

    def spent(self) -> Spent:
        """Until now, also by the model calls in flight: of those a token for each piece that came."""
        with self._lock:
            return self._transcript.spent()

    def due(self, first: float, silence: float) -> Due | None:
        """Which model call in flight is the first to be silent for too long.

        `first` seconds are allowed before its first words, `silence` between them.
        """
        with self._lock:
            return self._transcript.due(first, silence)

    def excuse(self, run_id: UUID) -> None:
        """The silence of this model call begins anew: it is being ended."""
        with self._lock:
            self._transcript.excuse(run_id)

    # --- telling -----------------------------------------------------------------------------------

    def tell_output(self, text: str) -> None:
        """The chain's output as the answer, where no model wrote one."""
        with self._lock:
            self._transcript.tell_output(text)

    def tell_chunk(self, run_id: UUID | None, name: str, chunk: Any) -> None:
        """What a graph wrote for its stream in the LangChain run `run_id`: in a tool, its progress."""
        if self.closed:
            return
        shown = to_json(chunk)
        with self._lock:
            self._transcript.tell_custom(run_id, name, shown)

    def tell_blocked(self, name: str, ms: int) -> None:
        """`name` kept the event loop from everything else for so many milliseconds."""
        if len(self.blocked) < BLOCKED_KEPT:
            self.blocked.append(Blocked(name=clean_text(name), ms=ms))

    # --- ending ------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the iteration: what is in flight is closed as cancelled, what comes later is not taken."""
        with self._lock:
            if not self.closed:
                self._transcript.close()
                self._end()

    def pause(self) -> None:
        """End the iteration for now: the chain waits for a person. `batches` can be read again after it."""
        self._queue.end()

    def resume(self, rejected: Mapping[str, str | None]) -> None:
        """The chain goes on; `rejected` are the calls that are not to run, with the reasons given."""
        with self._lock:
            self.approvals = []
            self._transcript.go_on(rejected)

    def stopped_by(self, code: str) -> None:
        """The chain is about to be cancelled, by this code."""
        with self._lock:
            self._transcript.stopped_by(code)

    def poison(self, error: BaseException) -> None:
        """End the iteration with BridgeError, because an event was lost."""
        with self._lock:
            self.failure = self.failure or error
            if not self.closed:
                self._end()

    def _end(self) -> None:
        self.closed = True
        self._queue.end()

    def _put(self, event: BridgeEvent) -> None:
        if self.closed:
            return
        if isinstance(event, Approval):
            self.approvals.append(event)
        self._queue.put_nowait(event)

    def _left(self, was_last_root: bool) -> None:
        """A LangChain run ended; called with the lock held."""
        if was_last_root and self._end_with_root:
            self._queue.end()


class _Done:
    """What LangChain's old handler had as `done`, an Event: people set it when their chain is over."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def set(self) -> None:
        self._bridge.close()

    def is_set(self) -> bool:
        return self._bridge.closed
