"""A collector of traces on loopback: takes OTLP over HTTP, and writes each span to a file, a line of JSON."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

PATIENCE = 20  # seconds that a span may take to come


@dataclass(frozen=True, kw_only=True)
class Span:
    """As it was sent; ids in hexadecimal, `status` 0 unset, 1 ok, 2 an error."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    attributes: dict[str, Any]
    status: int
    status_message: str
    ended: bool
    events: list[str]
    links: list[str]


class Collector:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.resource: dict[str, Any] = {}
        self._came = threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def environment(self) -> dict[str, str]:
        """What a service is told, to send its spans here, and soon."""
        url = f"http://127.0.0.1:{self.server.server_port}"
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "20", "NO_PROXY": "127.0.0.1"}

    def spans(self) -> list[Span]:
        lines = self.file.read_bytes().splitlines() if self.file.exists() else []
        return [Span(**orjson.loads(line)) for line in lines]

    def wait_for(self, wanted: Callable[[list[Span]], bool]) -> list[Span]:
        """All spans, once those that are wanted have come."""
        with self._came:
            assert self._came.wait_for(lambda: wanted(self.spans()), PATIENCE), self.spans()
        return self.spans()

    def wait_for_run(self, run_id: str) -> list[Span]:
        """The spans of a run's trace, once the run's own, which ends last, has come."""
        spans = self.wait_for(lambda spans: run_span(spans, run_id) is not None)
        run = run_span(spans, run_id)
        return [span for span in spans if run and span.trace_id == run.trace_id]

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._came, self.file.open("ab") as file:
            for resource in request.resource_spans:
                self.resource = _plain(resource.resource.attributes)
                for scope in resource.scope_spans:
                    file.writelines(orjson.dumps(_told(span)) + b"\n" for span in scope.spans)
            file.flush()
            self._came.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    collector.take(decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def run_span(spans: list[Span], run_id: str) -> Span | None:
    named = (span for span in spans if span.name.startswith("run "))
    return next((span for span in named if span.attributes["chainstream.run_id"] == run_id), None)


@contextmanager
def collecting(file: Path) -> Iterator[Collector]:
    collector = Collector(file)
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        collector.server.server_close()
        thread.join()


def _told(span: SentSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_id": span.parent_span_id.hex(),
        "kind": span.kind,
        "attributes": _plain(span.attributes),
        "status": span.status.code,
        "status_message": span.status.message,
        "ended": span.end_time_unix_nano >= span.start_time_unix_nano > 0,
        "events": [event.name for event in span.events],
        "links": [link.trace_id.hex() + link.span_id.hex() for link in span.links],
    }


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
