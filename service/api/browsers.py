"""Which browsers may start runs: a pure ASGI middleware that reads what browsers say of a request's origin.

A GET that starts something is open to any page's <img> or link, which CORS does not see. Browsers mark such
requests: Sec-Fetch-Site (https://w3c.github.io/webappsec-fetch-metadata/), and Origin.
"""

import re
from collections.abc import Sequence

from starlette._utils import get_route_path  # private, but what routes are matched by, so no way around
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .problems import problem

LOOPBACK = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
STARTING_PATHS = frozenset({"/stream", "/chat/stream", "/openai-stream"})


class SiteCheck:
    """Refuses requests that a foreign page caused; `origins` empty allows loopback ones."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _can_start(scope) and not self._may(Headers(scope=scope)):
            message = "A page of another site may not start runs here; CORS_ORIGINS lists those that may."
            await problem(403, "cross_site", message)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if headers.get("sec-fetch-site") in ("same-origin", "none"):
            return True
        if origin is not None:
            return self._allowed(origin) or origin.partition("://")[2] == headers.get("host")
        return headers.get("sec-fetch-site") is None

    def _allowed(self, origin: str) -> bool:
        if not self._origins:
            return re.fullmatch(LOOPBACK, origin) is not None
        return origin in self._origins or "*" in self._origins


def _can_start(scope: Scope) -> bool:
    """CORS sees neither a GET that starts something nor the handshake of a WebSocket."""
    if scope["type"] == "websocket":
        return True
    return scope["type"] == "http" and get_route_path(scope) in STARTING_PATHS
