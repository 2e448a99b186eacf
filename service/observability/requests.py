"""Each request as it is seen from outside: how long its answer took to the end, and its span.

A pure ASGI middleware, since one that wraps responses would cost every chunk of a stream. FastAPI has a
telemetry of its own, which is switched off: it puts the query into spans, and queries carry prompts.
"""

import time
from contextlib import nullcontext

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .metrics import Metrics
from .request_spans import RequestSpan, method_of
from .tracing import Tracing

PROBES = frozenset({"/health", "/healthz", "/ready", "/readyz", "/metrics"})  # all the time, and of no run
UNKNOWN = "other"  # the label in place of the template of a route that there is not, or of the page's files


class RequestWatch:
    """Of each request by its route's template, since every id would make series of its own."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        spans = None if scope["path"] in PROBES else self._tracing.requests
        span = spans.begin(scope) if spans else None
        if scope["type"] == "http":
            await self._watch(scope, receive, send, span)
        elif span is None:
            await self._app(scope, receive, send)
        else:
            with span:
                try:
                    await self._app(scope, receive, send)
                finally:
                    span.end(route_of(scope))

    async def _watch(self, scope: Scope, receive: Receive, send: Send, span: RequestSpan | None) -> None:
        began = time.perf_counter()
        status = 0
        over = False

        def end() -> None:
            nonlocal over
            if over:
                return
            over = True
            route = route_of(scope)
            self._metrics.answered(method_of(scope), route or UNKNOWN, status, time.perf_counter() - began)
            if span is not None:
                span.end(route, status)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                end()

        with span or nullcontext():
            try:
                await self._app(scope, receive, watched)
            except Exception:
                status = status or 500  # by Starlette's own middleware, which is around all others
                raise
            finally:
                end()  # a client that has left gets no last message


def route_of(scope: Scope) -> str | None:
    """The template of its path, which has no ids; once it has been routed."""
    return getattr(scope.get("route"), "path", None)
