"""Spans as they are sent: what a collector reads is what OpenTelemetry's own encoder would have sent."""

import random
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from service.observability.otlp_spans import SpanExporter, encode

TEXTS = ["", "a", "é" * 64, "x" * 127, "x" * 128, "y" * 16_383, "z" * 16_384, "日本語\n", "\x00", "🙂" * 40]
INTS = [0, 1, 127, 128, 300, 2**31, 2**63 - 1, -1, -(2**63)]
PLAIN: list[Any] = [
    *TEXTS,
    *INTS,
    True,
    False,
    0.0,
    -1.5,
    1e300,
    float("inf"),
    (),
    ("stop",),
    (1, 2),
    ("a", "b"),
]
RARE: list[Any] = [None, b"\x00\xff", (True, None), ("a", ("b", 1)), {"a": {"b": 1}}, 2**63, 2**70, "\ud800"]
CONTEXTS = [
    SpanContext(trace_id, span_id, is_remote, TraceFlags(TraceFlags.SAMPLED), state)
    for trace_id, span_id in ((1, 1), (2**128 - 1, 2**64 - 1), (0xA << 100, 0xB << 50))
    for is_remote in (False, True)
    for state in (None, TraceState([("vendor", "x"), ("other", "y=1")]))
]


def ended(make: Callable[[TracerProvider], None], limits: SpanLimits | None = None) -> list[ReadableSpan]:
    """The spans that `make` ends."""
    resource = Resource({"service.name": "chainstream", "some.number": 1}, "https://schema.example/1")
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    kept = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    make(provider)
    return list(kept.get_finished_spans())


def read(data: bytes) -> ExportTraceServiceRequest:
    request: ExportTraceServiceRequest = ExportTraceServiceRequest.FromString(data)
    return request


def span_of(attributes: dict[str, Any]) -> list[ReadableSpan]:
    return ended(lambda provider: provider.get_tracer("ours").start_span("a", attributes=attributes).end())


@pytest.mark.parametrize("value", [*PLAIN, *RARE], ids=lambda value: repr(value)[:20])
def test_a_value_is_read_as_the_library_s(value: Any) -> None:
    spans = span_of({"before": 1, "the.value": value, "after": "x"})
    assert read(encode(spans)) == encode_spans(spans)


def test_any_spans_are_read_as_the_library_s() -> None:
    rng = random.Random(7)

    def make(provider: TracerProvider) -> None:
        tracers = [
            provider.get_tracer("chainstream"),
            provider.get_tracer("library", "1.2", schema_url="https://schema.example/2"),
            provider.get_tracer("library", "1.3", attributes={"of": "the scope"}),
        ]
        for _ in range(300):
            around = rng.choice([None, *CONTEXTS])
            span = rng.choice(tracers).start_span(
                rng.choice(TEXTS),
                None if around is None else set_span_in_context(NonRecordingSpan(around)),
                rng.choice(list(SpanKind)),
                {rng.choice(TEXTS[1:]): rng.choice(PLAIN) for _ in range(rng.randrange(6))},
                [Link(rng.choice(CONTEXTS), {"a": 1})] if rng.random() < 0.1 else None,
            )
            if rng.random() < 0.1:
                span.add_event("something", {"a": rng.choice(PLAIN)})
            if rng.random() < 0.2:
                span.set_status(Status(rng.choice([StatusCode.OK, StatusCode.ERROR])))
            if rng.random() < 0.1:
                span.set_status(Status(StatusCode.ERROR, "tool_error"))
            span.end()

    spans = ended(make, SpanLimits(max_span_attributes=4, max_span_attribute_length=20_000))
    assert len({span.instrumentation_scope for span in spans}) == 3
    assert any(span.dropped_attributes for span in spans)
    assert read(encode(spans)) == encode_spans(spans)


def test_a_batch_that_is_too_large_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    exporter = SpanExporter("http://127.0.0.1:1/", max_request_size=100)
    assert exporter.export(span_of({"a": "x" * 100})) is SpanExportResult.FAILURE
    assert "exceeds max_request_size 100 bytes" in caplog.text


def test_after_its_end_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    exporter = SpanExporter("http://127.0.0.1:1/")
    exporter.shutdown()  # type: ignore[no-untyped-call] # as the library leaves it
    assert exporter.export(span_of({})) is SpanExportResult.FAILURE
    assert "already shutdown" in caplog.text


def test_a_collector_that_is_away_is_told_once_and_so_is_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = [500, 403, 200, 200, 500]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        exporter = SpanExporter(f"http://127.0.0.1:{server.server_port}/v1/traces")
        sent = [exporter.export(span_of({})) is SpanExportResult.SUCCESS for _ in range(5)]
        server.shutdown()
        thread.join()
    assert sent == [False, False, True, True, False]
    away = "the collector of traces answered 500: spans are lost until it takes some"
    assert caplog.messages == [away, "the collector of traces takes spans again", away]


def test_a_collector_that_nobody_reaches_is_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")  # so that it is not tried again
    exporter = SpanExporter("http://127.0.0.1:1/")
    for _ in range(3):
        assert exporter.export(span_of({})) is SpanExportResult.FAILURE
    assert caplog.messages == ["the collector of traces did not answer: spans are lost until it takes some"]
    assert caplog.records[0].exc_info
