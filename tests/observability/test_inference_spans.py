"""Spans of model calls: each is as the library's own telemetry would have made it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.instrumentation.genai.langchain.callback_handler import (
    OpenTelemetryLangChainCallbackHandler,
)
from opentelemetry.instrumentation.genai.langchain.utils import _PROVIDER_NAME_OVERRIDES
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.types import Error

from service.observability.inference_spans import Telemetry
from service.observability.lean_spans import LeanSpans
from service.observability.provider_names import provider_name

USAGE = {
    "input_tokens": 30,
    "output_tokens": 7,
    "total_tokens": 37,
    "input_token_details": {"cache_read": 10, "cache_creation": 5, "audio": 2},
    "output_token_details": {"reasoning": 3, "audio": 1},
}
WHOLE = AIMessage(
    "secret",
    id="msg-1",
    usage_metadata=USAGE,
    response_metadata={"model_name": "m-2026", "finish_reason": "stop"},
)
SETTINGS = {
    "model": "m",
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 4,
    "max_tokens": 100,
    "n": 2,
    "seed": 7,
    "stop": ["END"],
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
    "tools": [{"type": "function", "function": {"name": "f"}}],
}
ABOUT = {"ls_provider": "openai", "ls_model_name": "m", "thread_id": "t-1"}


FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"


class Calls:
    """A handler, and the spans that come of it."""

    def __init__(self, telemetry: Callable[[TracerProvider, SpanProcessor], TelemetryHandler]) -> None:
        self._kept = InMemorySpanExporter()
        processor = SimpleSpanProcessor(self._kept)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(processor)
        self.handler = OpenTelemetryLangChainCallbackHandler(telemetry(provider, processor))

    def start(self, settings: Any, about: Any, within: UUID | None = None) -> UUID:
        run_id = uuid4()
        self.handler.on_chat_model_start(
            {},
            [[HumanMessage("secret")]],
            run_id=run_id,
            parent_run_id=within,
            metadata=about,
            invocation_params=settings,
        )
        return run_id

    def stream(self, run_id: UUID) -> None:
        for token in "abc":
            self.handler.on_llm_new_token(token, run_id=run_id)

    def end(self, run_id: UUID, message: AIMessage = WHOLE) -> None:
        self.handler.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=run_id)

    def spans(self) -> list[tuple[Any, ...]]:
        return [_told(span) for span in self._kept.get_finished_spans()]


def _told(span: ReadableSpan) -> tuple[Any, ...]:
    status = (span.status.status_code, span.status.description)
    attributes: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in (span.attributes or {}).items()
    }
    if FIRST_CHUNK in attributes:
        attributes[FIRST_CHUNK] = attributes[FIRST_CHUNK] > 0
    return span.name, span.kind, attributes, status, span.parent is None


def by_us(provider: TracerProvider, processor: SpanProcessor) -> TelemetryHandler:
    return Telemetry(provider, LeanSpans(provider, processor))


def by_library(provider: TracerProvider, _processor: SpanProcessor) -> TelemetryHandler:
    return TelemetryHandler(provider, NoOpMeterProvider(), NoOpLoggerProvider())


@pytest.fixture(params=["content left out", "content captured"])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Calls, Calls]:
    if request.param == "content captured":
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
    return Calls(by_us), Calls(by_library)


@pytest.mark.parametrize("settings", [SETTINGS, {"model": "models/m"}, {}])
@pytest.mark.parametrize("about", [ABOUT, {"ls_model_name": "m"}, ABOUT | {"ls_temperature": 0.1}])
@pytest.mark.parametrize(
    "message", [WHOLE, AIMessage("secret"), AIMessage("", id="x", response_metadata={"a": 1})]
)
def test_a_call_s_span_is_the_library_s(
    both: tuple[Calls, Calls], settings: Any, about: Any, message: AIMessage
) -> None:
    for calls in both:
        calls.end(calls.start(settings, about), message)
    ours, theirs = both
    assert ours.spans() == theirs.spans() and len(ours.spans()) == 1


def test_a_streamed_call_s_too(both: tuple[Calls, Calls]) -> None:
    for calls in both:
        run_id = calls.start(SETTINGS, ABOUT)
        calls.stream(run_id)
        calls.end(run_id)
    ours, theirs = both
    assert ours.spans() == theirs.spans()
    ((_, _, attributes, *_),) = ours.spans()
    assert attributes["gen_ai.request.stream"] is attributes[FIRST_CHUNK] is True


@pytest.mark.parametrize("error", [ValueError("a reason"), Error(type="ValueError", message=None)])
def test_a_failed_call_s_too(both: tuple[Calls, Calls], error: Any) -> None:
    for calls in both:
        calls.handler.on_llm_error(error, run_id=calls.start(SETTINGS, ABOUT))
    ours, theirs = both
    assert ours.spans() == theirs.spans() and len(ours.spans()) == 1


def test_a_call_within_a_call_has_no_span_of_its_own_and_gives_the_outer_one_its_figures(
    both: tuple[Calls, Calls],
) -> None:
    for calls in both:
        outer = calls.start({"model": "outer"}, {"ls_provider": "mine"})
        calls.end(calls.start(SETTINGS, ABOUT, within=outer))
        calls.end(outer, AIMessage("secret"))
    ours, theirs = both
    assert ours.spans() == theirs.spans()
    ((name, _, attributes, *_),) = ours.spans()
    assert name == "chat outer" and attributes["gen_ai.usage.input_tokens"] == 30


@pytest.mark.parametrize("provider", [*_PROVIDER_NAME_OVERRIDES, "xai", "openai", "groq", "of my own"])
def test_a_provider_has_one_name_in_spans_and_metrics(both: tuple[Calls, Calls], provider: str) -> None:
    ours, theirs = both
    for calls in both:
        calls.end(calls.start({"model": "m"}, {"ls_provider": provider}))
    ((_, _, attributes, *_),) = ours.spans()
    ((_, _, by_library, *_),) = theirs.spans()
    assert attributes["gen_ai.provider.name"] == provider_name(provider)
    expected = by_library["gen_ai.provider.name"] if provider != "xai" else "x_ai"
    assert provider_name(provider) == expected
