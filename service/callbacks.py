"""The bridge: LangChain's callbacks become the events of a run, in the order in which the chain made them.

Works for LCEL chains, agents and graphs, and without the server:

    handler = AsyncIteratorCallbackHandler()
    task = asyncio.create_task(chain.ainvoke(question, config={"callbacks": [handler]}))
    async for text in handler.aiter():
        print(text, end="")
    await task

Rules it obeys. Callbacks are plain functions that LangChain calls inline: on the loop without a task each, on
a tool's thread without an event loop each. One lock orders them, and no foreign code runs under it.
Nothing is written after `close`, and a chain that goes on regardless is stopped at its next call of a model
or tool.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.tracers._streaming import _StreamingCallbackHandler
from langgraph.callbacks import GraphCallbackHandler, GraphInterruptEvent
from langgraph.errors import GraphInterrupt
from pydantic import ValidationError

from .approvals import breakpoint_of, question_of
from .chunks import (
    answered_in,
    cut,
    ending_of,
    failure_of,
    is_structured,
    source_of,
    step_kind,
    tool_result,
    written_in,
)
from .event_queue import EventQueue
from .events import Approval, Blocked, BridgeEvent, FinishReason, Token, UsageTotals
from .messages import Due
from .model_attempts import attempt_in
from .model_calls import OnCall, untold
from .provider_failures import falls_back, provider_failure_of
from .rates import RatesOf, Spent, unpriced
from .retold import Retold
from .transcript import Transcript
from .values import clean_text, to_json

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 1024
TOOL_OUTPUT_MAX_CHARS = 32_768
BLOCKED_KEPT = 20
INNER_TAGS = frozenset({"nostream", "langsmith:nostream", "inner"})

T = TypeVar("T")


class RunClosed(BaseException):
    """Raised into a chain that calls a model or a tool after its run was closed.

    A BaseException, as CancelledError is: an agent must not take it for a tool's error and carry on.
    """


class BridgeError(Exception):
    """The bridge itself failed: what it has told is not the whole story of the run."""


def _callback(method: Callable[..., None]) -> Callable[..., Any]:
    """A callback that tells of something done. An error in it poisons the bridge: LangChain only logs it."""

    @wraps(method)
    def guarded(self: "AsyncIteratorCallbackHandler", *args: Any, **kwargs: Any) -> None:
        if self.closed:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self.poison(error)
        if self.follower is not None:
            _tell(self.follower, method.__name__, args, kwargs)

    return guarded


def _fenced(method: Callable[..., None]) -> Callable[..., Any]:
    """A callback that comes before something is done: once the run is closed, it is not to be done."""

    @wraps(method)
    def fenced(self: "AsyncIteratorCallbackHandler", *args: Any, **kwargs: Any) -> None:
        if self.closed:
            raise RunClosed
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self.poison(error)
        if self.follower is not None:
            _tell(self.follower, method.__name__, args, kwargs)

    return fenced


def _tell(follower: BaseCallbackHandler, hook: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """As LangChain calls handlers that may not fail a chain."""
    try:
        getattr(follower, hook)(*args, **kwargs)
    except Exception as error:
        logger.warning("Error in %s.%s: %s", type(follower).__name__, hook, type(error).__name__)


class AsyncIteratorCallbackHandler(
    AsyncCallbackHandler, GraphCallbackHandler, _StreamingCallbackHandler[Any]
):
    """Iterates over what a chain does, as text (`aiter`) or as events (`events`).

    Of the three bases the first is what users expect; LangGraph tells interrupts only to the second; for the
    third, models stream without being asked to. `end_with_root`: the iteration ends by itself when the
    outermost LangChain run does. Whoever awaits the chain can end it surely, by `close` in a `finally`.
    `rates_of` knows what models cost; without it no cost is known. `on_call` hears of each model call's end.
    `retold` is what another handler told of a chain that waits: this one goes on from there. A `follower` is
    called with all that this one is called with, but of a model call's tokens with the first alone: beside it
    among the chain's callbacks, it would be called for each, which costs more than the rest of what it does.
    """

    run_inline = True
    raise_error = True  # lets RunClosed through; no other error leaves a callback

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
        self.last_tool_error: BaseException | None = None
        self.last_model_error: BaseException | None = None
        self.approvals = list(retold.approvals)  # what the chain waits for, since it was last resumed
        self.blocked: list[Blocked] = []
        self.follower: BaseCallbackHandler | None = None
        self._silent: set[UUID] = set()  # model calls of which the follower has heard no token
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

    # --- LangChain's hooks -------------------------------------------------------------------------

    def tap_output_aiter(self, run_id: UUID, output: AsyncIterator[T]) -> AsyncIterator[T]:
        """Part of what makes this a streaming handler to LangChain; changes nothing."""
        return output

    def tap_output_iter(self, run_id: UUID, output: Iterator[T]) -> Iterator[T]:
        """As `tap_output_aiter`."""
        return output

    @_fenced
    def on_chat_model_start(
        self, serialized: dict[str, Any] | None, messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        self._start(**kwargs)

    @_fenced
    def on_llm_start(self, serialized: dict[str, Any] | None, prompts: list[str], **kwargs: Any) -> None:
        self._start(**kwargs)

    def _start(
        self,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if self.follower is not None:
            self._silent.add(run_id)
        inner = not INNER_TAGS.isdisjoint(tags or ())
        structured = is_structured(kwargs.get("options"))
        about = metadata or {}
        with self._lock:
            self._transcript.start_message(
                run_id,
                parent_run_id,
                inner=inner,
                structured=structured,
                provider=about.get("ls_provider"),
                model=about.get("ls_model_name"),
                attempt=attempt_in(metadata),
            )

    @property
    def on_llm_new_token(self) -> Callable[..., Any]:
        # LangChain looks the callback up at each token, and awaits it where it is a coroutine function. So it
        # is one only while the queue is full: that stops the reading of the provider's stream.
        return self._write_and_wait if self._queue.must_wait else self._write

    async def _write_and_wait(self, *args: Any, **kwargs: Any) -> None:
        self._write(*args, **kwargs)  # first: a cancel while it waits must not lose what was written
        await self._queue.wait_for_room()

    def _write(self, token: str | list[str | dict[str, Any]], *, run_id: UUID, **kwargs: Any) -> None:
        if self.closed:
            raise RunClosed
        try:
            written = written_in(token, kwargs.get("chunk"))
            with self._lock:
                self._transcript.write(run_id, written)
        except Exception as error:
            self.poison(error)
        if run_id in self._silent and self.follower is not None:
            self._silent.discard(run_id)
            _tell(self.follower, "on_llm_new_token", (token,), {"run_id": run_id, **kwargs})

    @_callback
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        ending = ending_of(response)
        self._silent.discard(run_id)
        with self._lock:
            self._left(self._transcript.end_message(run_id, ending))

    @_callback
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        another = falls_back(provider_failure_of(error))
        self._silent.discard(run_id)
        with self._lock:
            self.last_model_error = error
            self._left(self._transcript.fail_message(run_id, falls_back=another))

    @_fenced
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        run_type: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        with self._lock:
            place = self._transcript.enter(run_id, parent_run_id)
            if place is None or parent_run_id is None:
                return
            match step_kind(name or "", run_type, tags or (), place):
                case "graph start":
                    self._transcript.start_node(run_id, place)
                case "graph node" | "sub-chain" as kind:
                    self._transcript.start_step(run_id, place, name or "", is_node=kind == "graph node")

    @_callback
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        answered = answered_in(outputs, self._tool_output_max_chars)
        with self._lock:
            self._left(self._transcript.end_chain(run_id, answered))

    @_callback
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        cancelled = isinstance(error, asyncio.CancelledError)
        with self._lock:
            self._left(self._transcript.fail_chain(run_id, cancelled=cancelled))

    @_fenced
    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: dict[str, Any] | None = None,
        name: str | None = None,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        given = to_json(inputs if inputs is not None else input_str)
        called = clean_text(name or (serialized or {}).get("name") or "tool")
        with self._lock:
            self._transcript.start_tool(
                run_id, parent_run_id, tool_call_id=tool_call_id, name=called, given=given
            )

    @_callback
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        failure = failure_of(output)
        ended = cut(to_json(tool_result(output)), self._tool_output_max_chars)
        with self._lock:
            if failure is None:
                self._left(self._transcript.end_tool(run_id, ended))
            else:
                self._left(self._transcript.fail_tool(run_id, "tool_failed", failure))

    @_callback
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        if isinstance(error, GraphInterrupt):
            asked = [interrupt.id for interrupt in error.args[0]] if error.args else []
            with self._lock:
                self._left(self._transcript.interrupt_tool(run_id, asked))
            return
        code = "invalid_arguments" if isinstance(error, ValidationError) else "tool_failed"
        message = _said(error)
        with self._lock:
            self.last_tool_error = error
            self._left(self._transcript.fail_tool(run_id, code, message))

    @_fenced
    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        with self._lock:
            self._transcript.enter(run_id, parent_run_id)

    @_callback
    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any) -> None:
        items = [source_of(document) for document in documents]
        with self._lock:
            self._transcript.tell_sources(items)
            self._left(self._transcript.leave(run_id))

    @_callback
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        with self._lock:
            self._left(self._transcript.leave(run_id))

    @_fenced
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        shown = to_json(data)
        with self._lock:
            self._transcript.tell_custom(run_id, clean_text(name), shown)

    @_callback
    def on_interrupt(self, event: GraphInterruptEvent) -> None:
        """A graph has stopped for a person; one inside of another stops with it, and says the same."""
        if event.checkpoint_ns or event.run_id is None:
            return
        questions = [question_of(interrupt) for interrupt in event.interrupts]
        with self._lock:
            self._transcript.ask(event.run_id, questions or [breakpoint_of(event)])

    @_callback
    def on_text(self, text: str, **kwargs: Any) -> None:
        """Tells nothing; LangChain's own is a coroutine, which costs an event loop on a tool's thread."""

    @_callback
    def on_retry(self, retry_state: Any, **kwargs: Any) -> None:
        """As `on_text`."""


class _Done:
    """What LangChain's old handler had as `done`, an Event: people set it when their chain is over."""

    def __init__(self, handler: AsyncIteratorCallbackHandler) -> None:
        self._handler = handler

    def set(self) -> None:
        self._handler.close()

    def is_set(self) -> bool:
        return self._handler.closed


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__
