"""Whether a request is let in: it is counted once its caller is known, and its answer says what is left.

A pure ASGI middleware makes a `Visit` of each request, which `admit` counts for all routes that have a
caller. What only goes on with a run is free: a browser's EventSource dies for good at a 429.
"""

from typing import Literal, cast

from starlette._utils import get_route_path  # private, but what routes are matched by, so no way around
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..access.addresses import bucket_of
from ..access.caller import ANYONE, Caller
from ..access.limits import CallerLimits, Kind, RateLimited, Standing
from ..access.open_streams import Place
from ..access.parties import party_of
from .negotiation import brings_cursor
from .openai_errors import OPENAI_ROUTES

# GETs are reads but for these; all else starts something but for those that say so below.
STARTING_GETS = frozenset({"/stream", "/chat/stream", "/openai-stream"})
STREAMING_POSTS = frozenset(
    {
        "/runs/stream",
        "/stream",
        "/chat/stream",
        "/chat/stream-simple",
        "/openai-stream",
        "/secure-llm-stream",
        "/llm-proxy",
        "/ag-ui/{chain}",
        "/ai-sdk/{chain}",
        "/v1/chat/completions",
        "/v1/responses",
        "/api/jobs/{job_id}/llm-call-stream",
    }
)
ATTACHING = frozenset({"/runs/{run_id}/events", "/ai-sdk/{chain}/{chat_id}/stream"})
RESPONSE = "/v1/responses/{response_id}"
STARTING_NOTHING = frozenset(
    {
        "/runs/{run_id}",
        "/runs/{run_id}/cancel",
        "/runs/{run_id}/approvals/{interrupt_id}",
        "/chat/stream/{stream_id}/cancel",
        "/threads",
        "/threads/{thread_id}",
        "/v1/responses/{response_id}",
        "/v1/responses/{response_id}/cancel",
        "/api/jobs/create",
        "/api/jobs/{job_id}/metadata",
        "/api/jobs/{job_id}/complete",
    }
)

LIMIT_HEADERS = (
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "RateLimit",
    "RateLimit-Policy",
)

OPENAI_HEADERS = tuple(f"x-ratelimit-{name}-requests" for name in ("limit", "remaining", "reset"))

_LIMIT_FIELDS = [name.lower().encode() for name in LIMIT_HEADERS]
_VISIT = "chainstream.visit"


class Visit:
    """One request: who it is of, how they stand, and the streams that it holds."""

    def __init__(self, limits: CallerLimits, scope: Scope) -> None:
        self._limits = limits
        self._caller = ANYONE
        self._places: list[Place] = []
        self.address = bucket_of((scope.get("client") or ("",))[0])
        self.standing: Standing | None = None

    async def admit(self, kind: Kind, route: str, caller: Caller) -> None:
        """Raises RateLimited."""
        self._caller = caller
        try:
            self.standing = await self._limits.admit(kind, route, caller, self.address)
        except RateLimited as refused:
            self.standing = refused.standing
            raise

    async def open_stream(self, caller: Caller) -> None:
        """It is counted until the request ends. Raises Overloaded."""
        if place := await self._limits.open_stream(party_of(caller, self.address)):
            self._places.append(place)

    def leave(self) -> None:
        """Its streams are at their end."""
        while self._places:
            self._limits.close_stream(self._places.pop())


class Admission:
    """The middleware: a visit for each request, and its standing on the answer."""

    def __init__(self, app: ASGIApp, limits: CallerLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope[_VISIT] = visit = Visit(self._limits, scope)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and visit.standing is not None:
                told = [*headers_of(visit.standing), *openai_headers_of(scope, visit.standing)]
                message["headers"] = [*message["headers"], *told]
            if message["type"] == "http.response.body" and not message.get("more_body"):
                visit.leave()  # before the client can know of the end, and ask for the next
            await send(message)

        try:
            await self._app(scope, receive, telling)
        finally:
            visit.leave()


def visit_of(connection: HTTPConnection) -> Visit:
    return cast(Visit, connection.scope[_VISIT])


async def admit(connection: HTTPConnection, caller: Caller) -> None:
    """Count a request of this caller, unless it is free. Raises RateLimited, before anything is started."""
    route = getattr(connection.scope.get("route"), "path", connection.url.path)
    kind = kind_of(connection, route)
    if kind != "free":
        await visit_of(connection).admit(kind, route, caller)


def kind_of(connection: HTTPConnection, route: str) -> Kind | Literal["free"]:
    """Free is what attaches to a run; a WebSocket too, whose chats are counted one by one."""
    if connection.scope["type"] == "websocket":
        return "free"
    if connection.scope["method"] in ("GET", "HEAD"):
        if (
            route in ATTACHING
            or (route == RESPONSE and streams(connection))
            or (route in STARTING_GETS and brings_cursor(connection))
        ):
            return "free"
        return "start" if route in STARTING_GETS else "read"
    if route in STREAMING_POSTS and brings_cursor(connection):
        return "free"
    return "read" if route in STARTING_NOTHING else "start"


def streams(connection: HTTPConnection) -> bool:
    """Whether the query of a route that can stream asks for it, as OpenAI's SDKs write it."""
    return connection.query_params.get("stream", "").lower() in ("true", "1")


def openai_headers_of(scope: Scope, standing: Standing) -> list[tuple[bytes, bytes]]:
    """As OpenAI's clients know them, on its routes."""
    if not get_route_path(scope).startswith(OPENAI_ROUTES):
        return []
    values = standing.rate.requests, standing.remaining, f"{standing.reset}s"
    return [(name.encode(), f"{value}".encode()) for name, value in zip(OPENAI_HEADERS, values, strict=True)]


def headers_of(standing: Standing) -> list[tuple[bytes, bytes]]:
    """As many clients know them, and as the IETF has them (draft-ietf-httpapi-ratelimit-headers-10)."""
    rate, limit = standing.rate, standing.name
    values = (
        str(rate.requests),
        str(standing.remaining),
        str(standing.reset),
        f'"{limit}";r={standing.remaining};t={standing.reset}',
        f'"{limit}";q={rate.requests};w={rate.seconds}',
    )
    return [(name, value.encode()) for name, value in zip(_LIMIT_FIELDS, values, strict=True)]
