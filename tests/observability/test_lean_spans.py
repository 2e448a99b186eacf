"""Lean spans: beside one of OpenTelemetry's SDK, which is told the same, each is alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    get_current_span,
    set_span_in_context,
    use_span,
)

from service import __version__
from service.observability.lean_spans import LeanSpans

SAMPLED, RANDOM = TraceFlags.SAMPLED, TraceFlags.RANDOM_TRACE_ID
STATE = TraceState([("vendor", "x")])
PARENTS = {
    "none": None,
    "of another process": SpanContext(1, 2, True, TraceFlags(SAMPLED), STATE),
    "with a random id": SpanContext(1, 2, True, TraceFlags(SAMPLED | RANDOM)),
    "of this process": SpanContext(1, 2, False, TraceFlags(SAMPLED)),
    "not sampled": SpanContext(1, 2, True, TraceFlags(RANDOM)),
    "not valid": SpanContext(0, 0, True),
}
Tell = Callable[[Span], None]


class Made:
    """A provider, and the spans that ended in its traces."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        processor = SimpleSpanProcessor(self._kept)
        self.provider = TracerProvider(resource=Resource({"service.name": "a"}), shutdown_on_exit=False)
        self.provider.add_span_processor(processor)
        self.spans = LeanSpans(self.provider, processor)

    def ended(self) -> list[ReadableSpan]:
        return list(self._kept.get_finished_spans())


def within(parent: SpanContext | None) -> Context:
    return Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())


def both(parent: SpanContext | None, tell: Tell) -> tuple[list[dict[str, Any]], list[SpanContext]]:
    """What is told of the span of each kind, without its ids and times; and their contexts."""
    made = Made()
    begun: dict[str, Any] = {"the.first": 1, "the.text": "abcdef"}
    tracer = made.provider.get_tracer("chainstream", __version__)
    spans = [
        tracer.start_span("a", within(parent), SpanKind.CLIENT, begun),
        made.spans.begin("a", {**begun}, SpanKind.CLIENT, within(parent)),
    ]
    assert spans[0].is_recording() is spans[1].is_recording()
    for span in spans:
        tell(span)
        span.end()
        assert not span.is_recording()
    return [_told(span) for span in made.ended()], [span.get_span_context() for span in spans]


def _told(span: ReadableSpan) -> dict[str, Any]:
    assert span.start_time and span.end_time and span.start_time <= span.end_time
    return {
        "name": span.name,
        "kind": span.kind,
        "parent": span.parent,
        "resource": span.resource,
        "attributes": dict(span.attributes or {}),
        "links": [(link.context, dict(link.attributes or {})) for link in span.links],
        "status": (span.status.status_code, span.status.description),
        "scope": span.instrumentation_scope,
    }


def much(span: Span) -> None:
    span.set_attribute("the.first", 2)
    span.set_attributes({"the.third": "x", "the.fourth": True})
    span.update_name("b")
    span.add_link(SpanContext(3, 4, False), {"why": "so"})
    span.add_link(SpanContext(0, 0, False))
    span.set_status(Status(StatusCode.ERROR, "user"))


def failed(span: Span) -> None:
    span.set_status(StatusCode.ERROR, "tool_error")


@pytest.mark.parametrize("tell", [much, failed, lambda span: None], ids=["much", "failed", "nothing"])
@pytest.mark.parametrize(
    "sampler", ["parentbased_always_on", "always_on", "always_off", "parentbased_always_off"]
)
@pytest.mark.parametrize("parent", PARENTS.values(), ids=PARENTS)
def test_it_is_told_as_the_sdk_s_is(
    parent: SpanContext | None, sampler: str, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    spans, (theirs, ours) = both(parent, tell)
    assert len(spans) == (2 if theirs.trace_flags.sampled else 0)
    assert spans[:1] == spans[1:]
    assert (ours.trace_flags, ours.trace_state, ours.is_remote) == (
        theirs.trace_flags,
        theirs.trace_state,
        theirs.is_remote,
    )
    assert ours.is_valid and ours.span_id != theirs.span_id
    assert (ours.trace_id == theirs.trace_id) is (parent is not None and parent.is_valid)


def test_the_limit_of_a_value_s_length_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    spans, _ = both(None, lambda span: span.set_attribute("more", "uvwxyz"))
    assert spans[0] == spans[1]
    assert spans[1]["attributes"] == {"the.first": 1, "the.text": "abc", "more": "uvw"}


def test_it_is_below_the_current_one_unless_told_otherwise() -> None:
    made = Made()
    outer = made.spans.begin("outer", {})
    with use_span(outer):
        assert get_current_span() is outer
        made.spans.begin("inner", {}).end()
    (inner,) = made.ended()
    assert inner.parent == outer.get_span_context()


def test_what_comes_after_its_end_is_lost() -> None:
    made = Made()
    span = made.spans.begin("a", {"a": 1})
    span.end()
    span.set_attribute("b", 2)
    span.set_attributes({"c": 3})
    (ended,) = made.ended()
    assert dict(ended.attributes or {}) == {"a": 1}


def test_it_ends_once_whoever_ends_it() -> None:
    made = Made()
    spans = [made.spans.begin(str(number), {}) for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda span: span.end(), spans * 8))
    assert sorted(int(span.name) for span in made.ended()) == list(range(200))
