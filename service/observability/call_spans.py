"""Spans of chains, models and tools, by OpenTelemetry's own instrumentation of LangChain.

Its callback handler follows the bridge in each run; its instrumentor would put one into every callback
manager of the process. What is changed of it here: a graph that waits for a person has not failed; of an
exception its type is told, not its message. The outermost chain has a span only where it is an agent: else
the run's own is its span.
"""

from typing import Any
from uuid import UUID

from langgraph.errors import GraphBubbleUp
from opentelemetry.instrumentation.genai.langchain.callback_handler import (
    OpenTelemetryLangChainCallbackHandler,
)
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.types import Error

from ..model_calls import error_code

Metadata = dict[str, Any] | None
Serialized = dict[str, Any] | None

# Of an outermost chain that says nothing of itself, the handler assumes that it is a workflow.
NO_WORKFLOW = {"name": ""}


class CallSpans(OpenTelemetryLangChainCallbackHandler):
    """Of one run; its conversation is the run's thread."""

    def __init__(self, telemetry: TelemetryHandler, thread_id: str | None) -> None:
        super().__init__(telemetry)
        self._thread = {} if thread_id is None else {"thread_id": thread_id}

    def close(self) -> None:
        """What a chain that is left to itself does later has no spans: those of its run have ended."""
        self._enabled = False
        self._invocation_manager = type(self._invocation_manager)()

    def on_chain_start(
        self, serialized: Serialized, inputs: Any, *, metadata: Metadata = None, **kwargs: Any
    ) -> None:
        super().on_chain_start(serialized or NO_WORKFLOW, inputs, metadata=self._of_run(metadata), **kwargs)

    def on_chat_model_start(self, *args: Any, metadata: Metadata = None, run_id: UUID, **kwargs: Any) -> None:
        about = {"ls_model_name": "unknown"} | self._of_run(metadata)  # without a name there is no span
        super().on_chat_model_start(*args, metadata=about, run_id=run_id, **kwargs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        if isinstance(error, GraphBubbleUp):
            super().on_chain_end({}, run_id=run_id)
        else:
            super().on_chain_error(_told(error), run_id=run_id)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        if isinstance(error, GraphBubbleUp):
            super().on_tool_end(None, run_id=run_id)
        else:
            super().on_tool_error(_told(error), run_id=run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """By the code that metrics have, so that the two can be joined."""
        told: Any = Error(type=error_code(error), message=None)
        super().on_llm_error(told, run_id=run_id)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        super().on_retriever_error(_told(error), run_id=run_id)

    def _of_run(self, metadata: Metadata) -> dict[str, Any]:
        """Without `model`, which LangChain copies from the `configurable` that clients set."""
        return {**(metadata or {}), "model": None} | self._thread


def _told(error: BaseException) -> Any:
    """What the handler's invocations take in place of an exception."""
    return Error(type=type(error).__qualname__, message=None)
