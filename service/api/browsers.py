"""Which pages may ask for anything: a pure ASGI middleware that reads what browsers say of a page's origin.

A GET that starts something is open to any page's <img> or link, a POST to its forms, and CORS sees neither,
nor the handshake of a WebSocket. Browsers mark such requests: Sec-Fetch-Site, and Origin
(https://w3c.github.io/webappsec-fetch-metadata/). What is not said to be open here is closed: a new route is.
"""

import re
from collections.abc import Sequence

from starlette._utils import get_route_path  # private, but what routes are matched by, so no way around
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .problems import problem

LOOPBACK = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json", "/health", "/healthz", "/ready", "/readyz"})
OPEN_FILES = "/static/"


class SiteCheck:
    """Refuses requests that a foreign page caused; `origins` empty allows loopback ones."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _is_closed(scope) and not self._may(Headers(scope=scope)):
            message = "A page of another site may not ask for this; CORS_ORIGINS lists those that may."
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


def _is_closed(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return scope["type"] in ("http", "websocket")
    path = get_route_path(scope)
    return path not in OPEN_PATHS and not path.startswith(OPEN_FILES)
