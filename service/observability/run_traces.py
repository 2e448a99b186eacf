"""The trace of a run: its own span, and below it what its chain, its models and its tools do.

A run's span begins in the request that starts it, and lasts until the run ends, in whatever task that is.
What LangChain's callbacks leave open when a run is cancelled is ended with it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentelemetry import context as otel
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AnyValue

from .call_spans import CallSpans
from .inference_spans import Telemetry
from .lean_spans import LeanSpans

Forget = Callable[[str], None]

PROPAGATOR = TraceContextTextMapPropagator()

_RUN = otel.create_key("chainstream.run")


class RunTrace:
    """One run's, from its start to `end`."""

    def __init__(
        self,
        spans: LeanSpans,
        calls: CallSpans,
        run_id: str,
        chain: str,
        thread_id: str | None,
        around: otel.Context | None,
        forget: Forget,
    ) -> None:
        self._spans = spans
        self._forget = forget
        self._lock = threading.Lock()
        self._open: dict[int, Span] = {}
        self._ended = False
        self.run_id = run_id
        attributes: dict[str, AnyValue] = {
            "chainstream.run_id": run_id,
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": chain,
        }
        if thread_id is not None:
            attributes["gen_ai.conversation.id"] = thread_id
        self._span = spans.begin(f"run {chain}", attributes, context=around)
        # What the sampler leaves out has no spans of calls either.
        self.follower: CallSpans | None = calls if self._span.is_recording() else None
        self._span_context = set_span_in_context(self._span)
        self._context = otel.set_value(_RUN, self, self._span_context)

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier, self._span_context)
        return carrier["traceparent"]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """What is done in here is done by the run."""
        token = otel.attach(self._context)
        try:
            yield
        finally:
            otel.detach(token)

    @contextmanager
    def resumed(self, format_name: str, after: int) -> Iterator[None]:
        """A reader has come back, past the event `after`, and reads on: told in the run's trace, and linked
        with the reader's own request, which may be of another."""
        request = get_current_span()
        request.add_link(self._span.get_span_context())
        attributes: dict[str, AnyValue] = {
            "chainstream.run_id": self.run_id,
            "chainstream.format": format_name,
            "chainstream.after": after,
        }
        span = self._spans.begin("resume", attributes, context=self._span_context)
        span.add_link(request.get_span_context())
        try:
            yield
        finally:
            span.end()

    def end(self, outcome: str, code: str | None) -> None:
        """The run is over; `code` says why it failed or was cancelled."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            left, self._open = list(self._open.values()), {}
        self._forget(self.run_id)
        if self.follower is not None:
            self.follower.close()
        for span in reversed(left):
            _end(span, code or "unfinished")
        self._span.set_attribute("chainstream.outcome", outcome)
        if code is not None:
            self._span.set_attribute("chainstream.code", code)
        _end(self._span, code)
        self._let_go()

    def _let_go(self) -> None:
        """A run is kept long after its end: of its trace, it needs no more than where that is."""
        self.follower = None
        self._span = NonRecordingSpan(self._span.get_span_context())
        self._span_context = self._context = set_span_in_context(self._span)

    def opened(self, span: Span) -> None:
        """From any thread. What begins after the run's end is left to itself."""
        span.set_attribute("chainstream.run_id", self.run_id)
        with self._lock:
            if not self._ended:
                self._open[span.get_span_context().span_id] = span

    def closed(self, span_id: int) -> None:
        with self._lock:
            self._open.pop(span_id, None)


def _end(span: Span, code: str | None) -> None:
    """With a stable code as the description, never a message."""
    if code is not None:
        span.set_attribute("error.type", code)
        span.set_status(Status(StatusCode.ERROR, code))
    span.end()


class RunTraces:
    """Begins them, and ends those that go on in another process when this one ends."""

    def __init__(self, provider: TracerProvider, spans: LeanSpans) -> None:
        provider.add_span_processor(_OpenSpans())
        self._spans = spans
        self._telemetry = Telemetry(provider, spans)
        self._traces: dict[str, RunTrace] = {}

    def begin(
        self, run_id: str, chain: str, thread_id: str | None, traceparent: str | None = None
    ) -> RunTrace:
        """In the context of what starts the run, or below the span that it had in the process before."""
        calls = CallSpans(self._telemetry, thread_id)
        around = PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None
        trace = RunTrace(self._spans, calls, run_id, chain, thread_id, around, self._forget)
        self._traces[run_id] = trace
        return trace

    def close(self) -> None:
        for trace in list(self._traces.values()):
            trace.end("waiting", None)

    def _forget(self, run_id: str) -> None:
        self._traces.pop(run_id, None)


class _OpenSpans(SpanProcessor):
    """Tells runs of the spans that begin and end in them."""

    def __init__(self) -> None:
        self._runs: dict[int, RunTrace] = {}

    def on_start(self, span: SDKSpan, parent_context: otel.Context | None = None) -> None:
        trace = otel.get_value(_RUN, parent_context)
        if isinstance(trace, RunTrace):
            self._runs[span.get_span_context().span_id] = trace
            trace.opened(span)

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and (trace := self._runs.pop(span.context.span_id, None)):
            trace.closed(span.context.span_id)
