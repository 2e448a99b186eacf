"""What each answer tells browsers not to do with it: a pure ASGI middleware."""

from starlette._utils import get_route_path  # private, but what routes are matched by, so no way around
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
POLICY = b"cross-origin-resource-policy"

_FIELDS = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]


class SafeHeaders:
    """Answers that state something else keep it.

    Cross-Origin-Resource-Policy is about what pages embed (an <img>, a <script>): other origins may embed the
    page's own files and nothing else. Requests by CORS are none of its business.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        policy = b"cross-origin" if get_route_path(scope).startswith("/static/") else b"same-origin"

        async def safe(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                stated = {name for name, _ in message["headers"]}
                added = [header for header in (*_FIELDS, (POLICY, policy)) if header[0] not in stated]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, safe)
