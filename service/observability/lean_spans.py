"""The spans that every run has, of plain values: those of OpenTelemetry's SDK have locks and bounds of their
own, and cost three times as much.

The SDK samples and numbers them, and gets each when it has ended. They take no events: an exception's would
tell its message.
"""

import threading
from collections.abc import Mapping
from time import time_ns
from typing import Any, cast

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)
from opentelemetry.util.types import AnyValue, Attributes

from .. import __version__

SCOPE = InstrumentationScope("chainstream", __version__)
UNSET = Status()
FLAGS = {
    (is_sampled, is_random): TraceFlags(
        TraceFlags.SAMPLED * is_sampled | TraceFlags.RANDOM_TRACE_ID * is_random
    )
    for is_sampled in (False, True)
    for is_random in (False, True)
}


class LeanSpans:
    """Begins them. `processor` hears of each what it hears of the provider's own."""

    def __init__(self, provider: TracerProvider, processor: SpanProcessor) -> None:
        self._provider = provider
        self._processor = processor
        self._longest = SpanLimits().max_span_attribute_length

    def begin(
        self,
        name: str,
        attributes: dict[str, AnyValue],
        kind: SpanKind = SpanKind.INTERNAL,
        context: Context | None = None,
    ) -> Span:
        """Below the span of this context, or of the current one."""
        ids = self._provider.id_generator
        parent: SpanContext | None = get_current_span(context).get_span_context()
        if parent is not None and parent.is_valid:
            trace_id, is_random = parent.trace_id, parent.trace_flags.random_trace_id
        else:
            parent = None
            trace_id, is_random = ids.generate_trace_id(), ids.is_trace_id_random()
        sampled = self._provider.sampler.should_sample(context, trace_id, name, kind, attributes)
        flags = FLAGS[sampled.decision is Decision.RECORD_AND_SAMPLE, is_random]
        own = SpanContext(trace_id, ids.generate_span_id(), False, flags, sampled.trace_state)
        if sampled.decision is Decision.DROP:
            return NonRecordingSpan(own)
        kept = dict(sampled.attributes)
        span = _LeanSpan(
            name, own, parent, kind, kept, self._longest, self._provider.resource, self._processor
        )
        self._processor.on_start(cast(Any, span), context)
        return span


class _LeanSpan(NonRecordingSpan):
    """What is told of it once it has ended is lost."""

    _ending = threading.Lock()  # one for all of them: it is held for no time

    def __init__(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: dict[str, AnyValue],
        longest: int | None,
        resource: Resource,
        processor: SpanProcessor,
    ) -> None:
        super().__init__(context)
        self._name = name
        self._parent = parent
        self._kind = kind
        self._attributes = attributes
        self._longest = longest
        self._resource = resource
        self._processor = processor
        self._links: tuple[Link, ...] = ()
        self._status = UNSET
        self._began = time_ns()
        self._ended = False

    def is_recording(self) -> bool:
        return not self._ended

    def update_name(self, name: str) -> None:
        self._name = name

    def set_attribute(self, key: str, value: AnyValue) -> None:
        self._attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        self._attributes.update(attributes)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if context.is_valid:
            self._links = (*self._links, Link(context, attributes))

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self._status = status if isinstance(status, Status) else Status(status, description)

    def end(self, end_time: int | None = None) -> None:
        with self._ending:
            if self._ended:
                return
            self._ended = True
        attributes, self._attributes = self._attributes, {}
        self._processor.on_end(
            ReadableSpan(
                self._name,
                self._context,
                self._parent,
                self._resource,
                _bounded(attributes, self._longest),
                links=self._links,
                kind=self._kind,
                status=self._status,
                start_time=self._began,
                end_time=time_ns() if end_time is None else end_time,
                instrumentation_scope=SCOPE,
            )
        )


def _bounded(attributes: dict[str, AnyValue], longest: int | None) -> Attributes:
    """By OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT; of their number none comes near the limit."""
    return attributes if longest is None else BoundedAttributes(attributes=attributes, max_value_len=longest)
