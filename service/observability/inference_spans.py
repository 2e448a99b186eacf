"""The spans of model calls, with the library's names and values, for less than it takes itself.

They are made where it makes its own, `TelemetryHandler.inference`, which its LangChain handler calls with
what it finds of a call. Left out is what the service records nowhere: metrics and events of each call, and a
context for calls within the call, until there are some.
"""

import time
from typing import Any

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.context import Context, get_value, set_value
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider, set_span_in_context
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.invocation import (
    CLIENT_INFERENCE_CONTEXT_KEY,
    InferenceData,
    InferenceInvocation,
)
from opentelemetry.util.genai.types import Error
from opentelemetry.util.types import AnyValue

from .lean_spans import LeanSpans
from .provider_names import provider_name


class Telemetry(TelemetryHandler):
    """Spans alone: metrics are recorded where no run is traced too. Content is left out, unless
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says otherwise.

    The library's own invocation is taken where content is captured, and for a call within a call, whose
    figures go to the outer one.
    """

    def __init__(self, provider: TracerProvider, spans: LeanSpans) -> None:
        super().__init__(provider, NoOpMeterProvider(), NoOpLoggerProvider())
        self._spans = spans

    def inference(
        self,
        provider: str,
        *,
        request_model: str | None = None,
        context: Context | None = None,
        conversation_id: str | None = None,
        **others: Any,
    ) -> InferenceInvocation:
        provider = provider_name(provider)
        within = get_value(CLIENT_INFERENCE_CONTEXT_KEY, context)
        if self.should_capture_content() or isinstance(within, InferenceData):
            return super().inference(
                provider,
                request_model=request_model,
                context=context,
                conversation_id=conversation_id,
                **others,
            )
        return _Inference(self._spans, provider, request_model, context, conversation_id)


class _Said(InferenceData):
    """Has its class's defaults for all that is not set: a call leaves most of its fifty fields alone."""

    def __init__(self, provider: str, model: str | None, conversation_id: str | None) -> None:
        self.attributes = {}
        self.metric_attributes = {}
        self.provider_name = provider
        self.request_model = model
        self.conversation_id = conversation_id


class _Inference(InferenceInvocation):
    """What the library's LangChain handler uses of one."""

    _request_stream = None
    _error_type_resolver = None

    def __init__(
        self,
        spans: LeanSpans,
        provider: str,
        model: str | None,
        context: Context | None,
        conversation_id: str | None,
    ) -> None:
        # Not by the library's: that makes what is left out here.
        self.data = _Said(provider, model, conversation_id)
        self.conversation_id = conversation_id
        attributes: dict[str, AnyValue] = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": provider}
        if model is not None:
            attributes["gen_ai.request.model"] = model
        name = "chat" if model is None else f"chat {model}"
        self.span = spans.begin(name, attributes, SpanKind.CLIENT, context)
        self._began = time.perf_counter()
        self._around = context
        self._within: InferenceData | None = None

    @property
    def context(self) -> Context:
        """For what the call calls; asked for where there is something."""
        if self._within is None:
            self._within = InferenceData()
            self._span_context = set_value(
                CLIENT_INFERENCE_CONTEXT_KEY, self._within, set_span_in_context(self.span, self._around)
            )
        return self._span_context

    def record_stream_chunk(self) -> None:
        if self.data.response_time_to_first_chunk is None:
            self.data.request_stream = True
            self.data.response_time_to_first_chunk = time.perf_counter() - self._began

    def _finish(self, error: Error | None = None) -> None:
        if self._within is not None:
            self.enrich_from_context(self._within)
        attributes = self._get_attributes()
        if error is not None:
            self.span.set_status(Status(StatusCode.ERROR, error.message))
            attributes[ERROR_TYPE] = error.type
        self.span.set_attributes(attributes)
        self.span.end()
