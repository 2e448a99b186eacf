"""Traces: whether they are wanted, and where they go.

OpenTelemetry's own variables decide, and its SDK reads most of them: traces are sent where there is an
OTEL_EXPORTER_OTLP_ENDPOINT. Spans carry no query, no text of a prompt or an answer, and no message of an
exception, which may quote either.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from .request_spans import RequestSpans
from .resource import service_resource

if TYPE_CHECKING:
    from .run_traces import RunTraces

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0  # that the last spans have to be sent at the end


def is_switched_off(environ: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's own switch says that nothing is to be recorded, metrics neither."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def traces_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the variables name a place to send them to, and none of them says no."""
    if is_switched_off(environ):
        return False
    places = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    if not any(environ.get(name, "").strip() for name in places):
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    if exporter not in ("otlp", "none"):
        logger.warning("OTEL_TRACES_EXPORTER=%s is neither otlp nor none: no traces are sent", exporter)
    protocols = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next(filter(None, (environ.get(name, "").strip() for name in protocols)), "http/protobuf")
    if exporter == "otlp" and protocol != "http/protobuf":
        logger.warning("OTLP is sent as http/protobuf alone: OTEL_EXPORTER_OTLP_PROTOCOL is not followed")
    return exporter == "otlp"


class Tracing:
    """On from `opened` to its end, where traces are wanted; else there is nothing that would make them."""

    def __init__(self) -> None:
        self.requests: RequestSpans | None = None
        self.runs: RunTraces | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        if not traces_wanted(os.environ):
            yield
            return
        # Here: they take a second to import, and most services have no traces.
        from opentelemetry.sdk.trace import SynchronousMultiSpanProcessor, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from .lean_spans import LeanSpans
        from .otlp_spans import SpanExporter
        from .run_traces import RunTraces

        processor = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call] # as the SDK leaves it
        provider = TracerProvider(
            resource=service_resource(), shutdown_on_exit=False, active_span_processor=processor
        )
        spans = LeanSpans(provider, processor)
        self.requests = RequestSpans(spans)
        self.runs = RunTraces(provider, spans)
        provider.add_span_processor(BatchSpanProcessor(SpanExporter()))
        try:
            yield
        finally:
            self.runs.close()
            self.requests, self.runs = None, None
            with suppress(TimeoutError):  # a collector that is away keeps nobody from ending
                async with asyncio.timeout(FLUSH_SECONDS):
                    await asyncio.to_thread(provider.shutdown)
