"""What the bridge takes from LangChain and LangGraph: an upgrade that breaks it is seen here."""

import inspect
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.tracers._streaming import _StreamingCallbackHandler
from langgraph.callbacks import GraphCallbackHandler

from service.callbacks import AsyncIteratorCallbackHandler
from tests.bridge.models import chat, last

# Called by agents of the time before LangGraph alone, and for handlers of another protocol alone.
NOT_OURS = {"on_agent_action", "on_agent_finish", "on_stream_event"}


def hooks(kind: type[Any]) -> set[str]:
    return {name for name in dir(kind) if name.startswith("on_")}


def test_langchain_takes_the_handler_for_a_streaming_one() -> None:
    assert isinstance(AsyncIteratorCallbackHandler(), _StreamingCallbackHandler)
    assert _StreamingCallbackHandler in AsyncIteratorCallbackHandler.__mro__  # LangGraph looks at that too


def test_models_stream_for_it_and_not_for_a_plain_handler() -> None:
    class Manager:
        def __init__(self, handler: BaseCallbackHandler) -> None:
            self.handlers = [handler]

    model = chat("a", last())
    for handler, streams in ((AsyncIteratorCallbackHandler(), True), (AsyncCallbackHandler(), False)):
        manager: Any = Manager(handler)
        assert model._should_stream(async_api=True, run_manager=manager) is streams


def test_langgraph_tells_it_of_interrupts() -> None:
    assert isinstance(AsyncIteratorCallbackHandler(), GraphCallbackHandler)


def test_langchain_takes_it_for_a_handler_that_is_called_inline_and_may_stop_the_chain() -> None:
    handler = AsyncIteratorCallbackHandler()
    assert isinstance(handler, AsyncCallbackHandler)
    assert handler.run_inline
    assert handler.raise_error


def test_the_taps_of_a_streaming_handler_change_nothing() -> None:
    handler = AsyncIteratorCallbackHandler()
    tap: Any
    for tap in (handler.tap_output_aiter, handler.tap_output_iter):
        output = object()
        assert tap(None, output) is output


def test_every_hook_of_langchain_has_an_answer_here() -> None:
    """A new hook is a coroutine in the base: that costs an event loop for each call on a tool's thread."""
    handler = AsyncIteratorCallbackHandler()
    coroutines = {
        name for name in hooks(BaseCallbackHandler) if inspect.iscoroutinefunction(getattr(handler, name))
    }
    assert coroutines == NOT_OURS


def test_the_hooks_take_what_langchain_gives_them() -> None:
    for name in hooks(BaseCallbackHandler) - NOT_OURS - {"on_llm_new_token"}:
        ours = inspect.signature(getattr(AsyncIteratorCallbackHandler, name)).parameters
        assert any(p.kind is p.VAR_KEYWORD for p in ours.values()) or name in hooks(GraphCallbackHandler)
