"""Exceptions at callbacks: from a handler beside ours, and from inside ours."""

import time
from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from service.callbacks import AsyncIteratorCallbackHandler
from service.transcript import Transcript

CALLBACKS = (
    *("on_chain_start", "on_chain_end", "on_chain_error"),
    *("on_chat_model_start", "on_llm_start", "on_llm_new_token", "on_llm_end", "on_llm_error"),
    *("on_tool_start", "on_tool_end", "on_tool_error"),
    *("on_retriever_start", "on_retriever_end", "on_retriever_error", "on_custom_event"),
)
TRANSCRIPT = (
    *("start_message", "write", "end_message", "fail_message", "enter", "start_step", "end_chain"),
    *("start_tool", "end_tool", "fail_tool", "tell_sources", "tell_custom"),
)


class Sabotage(Exception):
    """Raised where nobody expects it."""


class Saboteur(BaseCallbackHandler):
    """A handler beside ours that raises at the n-th call of one callback, and so fails the chain there."""

    run_inline = True
    raise_error = True

    def __init__(self, callback: str, nth: int, on_fire: Callable[[], None]) -> None:
        self.fired = False
        self._left = nth
        self._on_fire = on_fire
        setattr(self, callback, self._raise)

    def _raise(self, *args: Any, **kwargs: Any) -> None:
        self._left -= 1
        if self._left == 0:
            self.fired = True
            self._on_fire()
            raise Sabotage


class PoisonedTranscript(Transcript):
    """Fails at the n-th call of one of its methods."""

    def __init__(self, put: Callable[[Any], None], method: str, nth: int) -> None:
        super().__init__(put, time.monotonic())
        self.fired = False
        self._left = nth
        self._original = getattr(self, method)
        setattr(self, method, self._fail)

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self.fired = True
            raise Sabotage
        return self._original(*args, **kwargs)


def poisoned(handler: AsyncIteratorCallbackHandler, method: str, nth: int) -> PoisonedTranscript:
    """Gives the handler a transcript that fails."""
    transcript = PoisonedTranscript(handler._put, method, nth)
    handler._transcript = transcript
    return transcript
