"""The bridge: LangChain's callbacks become the events of a run, in the order in which the chain made them.

Works for LCEL chains, agents and graphs, and without the server:

    handler = AsyncIteratorCallbackHandler()
    task = asyncio.create_task(chain.ainvoke(question, config={"callbacks": [handler]}))
    async for text in handler.aiter():
        print(text, end="")
    await task

Rules it obeys. Callbacks are plain functions that LangChain calls inline: on the loop without a task each, on
a tool's thread without an event loop each. A chain that goes on after the bridge is closed is stopped at its
next call of a model or tool.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import cached_property, wraps
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
from .bridge import ERRORS_KEPT, Bridge
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
from .enclosing_run import enclosing_run
from .errors import RunFailed
from .model_attempts import attempt_in
from .model_calls import error_code
from .provider_failures import falls_back, provider_failure_of
from .values import clean_text, to_json

logger = logging.getLogger(__name__)

INNER_TAGS = frozenset({"nostream", "langsmith:nostream", "inner"})

T = TypeVar("T")


class RunClosed(BaseException):
    """Raised into a chain that calls a model or a tool after its run was closed.

    A BaseException, as CancelledError is: an agent must not take it for a tool's error and carry on.
    """


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
        if "parent_run_id" in kwargs:
            kwargs["parent_run_id"] = self._parent(kwargs["parent_run_id"])
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
    Bridge, AsyncCallbackHandler, GraphCallbackHandler, _StreamingCallbackHandler[Any]
):
    """The bridge as a handler of LangChain's callbacks, made and read as `Bridge`.

    Of the other bases the first is what users expect; LangGraph tells interrupts only to the second; for the
    third, models stream without being asked to. A `follower` is called with all that this one is called with,
    but of a model call's tokens with the first alone: beside it among the chain's callbacks, it would be
    called for each, which costs more than the rest of what it does.
    """

    run_inline = True
    raise_error = True  # lets RunClosed through; no other error leaves a callback
    follower: BaseCallbackHandler | None = None

    @cached_property
    def _silent(self) -> set[UUID]:
        """Model calls of which the follower has heard no token."""
        return set()

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

    def _parent(self, named: UUID | None) -> UUID | None:
        """LangChain gives a tool that asks for its config that of the tool's caller. So what the tool begins
        with it names the caller as its parent; the context knows better."""
        around = enclosing_run()
        if around is None or around == named:
            return named
        with self._lock:
            return self._transcript.parent_within(around, named)

    def _start(
        self,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        attempt = attempt_in(metadata)
        if self.follower is not None:
            self._silent.add(run_id)
            if attempt.supersedes:  # LangChain tells nothing of a call that was ended for its silence
                failure = RunFailed(attempt.code, "It is superseded.", fault="provider")
                _tell(self.follower, "on_llm_error", (failure,), {"run_id": attempt.supersedes})
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
                attempt=attempt,
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
        another, code = falls_back(provider_failure_of(error)), error_code(error)
        self._silent.discard(run_id)
        with self._lock:
            self.model_errors = (*self.model_errors, error)[-ERRORS_KEPT:]
            self._left(self._transcript.fail_message(run_id, code, falls_back=another))

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
            self.tool_errors = (*self.tool_errors, error)[-ERRORS_KEPT:]
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
        within = self._parent(run_id)
        with self._lock:
            self._transcript.tell_custom(within, clean_text(name), shown)

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


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__
