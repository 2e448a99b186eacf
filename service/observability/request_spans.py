"""The span of a request, by OpenTelemetry's conventions for HTTP servers, without the query."""

from contextvars import Token
from typing import TYPE_CHECKING

from opentelemetry import context as otel
from opentelemetry.propagate import get_global_textmap
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import AnyValue
from starlette.datastructures import Headers
from starlette.types import Scope

if TYPE_CHECKING:
    from .lean_spans import LeanSpans

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})
LONGEST_PATH = 256  # characters


class RequestSpans:
    """Begins them, each in the trace that the request's `traceparent` names, or a new one; with
    OTEL_PROPAGATORS in that of other headers, or always in a new one."""

    def __init__(self, spans: "LeanSpans") -> None:
        self._spans = spans
        self._propagator = get_global_textmap()
        self._headers = frozenset(name.lower().encode() for name in self._propagator.fields)

    def begin(self, scope: Scope) -> "RequestSpan":
        method = method_of(scope)
        attributes: dict[str, AnyValue] = {
            "http.request.method": method,
            "url.scheme": scope.get("scheme", "http"),
            "url.path": scope["path"][:LONGEST_PATH],
        }
        if scope["type"] == "websocket":
            attributes["network.protocol.name"] = "websocket"
        is_traced = any(name in self._headers for name, _ in scope["headers"])
        parent = (
            self._propagator.extract(Headers(scope=scope), otel.Context()) if is_traced else otel.Context()
        )
        span = self._spans.begin(method, attributes, SpanKind.SERVER, parent)
        return RequestSpan(span, method, set_span_in_context(span, parent))


class RequestSpan:
    """The current span while the request is worked on; it ends with the answer's last byte."""

    def __init__(self, span: Span, method: str, context: otel.Context) -> None:
        self._span = span
        self._method = method
        self._context = context
        self._token: Token[otel.Context] | None = None

    def __enter__(self) -> "RequestSpan":
        self._token = otel.attach(self._context)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            otel.detach(self._token)
        if self._span.is_recording():  # it failed before its end
            self._span.end()

    def end(self, route: str | None, status: int = 0) -> None:
        """`status` is 0 where there was none: the client had left, or it is a WebSocket."""
        if route is not None:
            self._span.update_name(f"{self._method} {route}")
            self._span.set_attribute("http.route", route)
        if status:
            self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_attribute("error.type", str(status))
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def method_of(scope: Scope) -> str:
    """One of those that there are; a WebSocket begins with a GET."""
    method: str = scope.get("method", "GET")
    return method if method in METHODS else "_OTHER"
