"""Whose request a trusted proxy brings: a pure ASGI middleware that puts the client in the proxy's place."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..access.addresses import Addresses

BY_TRUSTED_PROXY = "chainstream.by_trusted_proxy"

_SECURE = {"http": "https", "ws": "wss"}


class Forwarded:
    """Changes a scope's `client` and `scheme`; of all other peers nothing that they say is believed."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and scope["type"] in ("http", "websocket") and self._addresses.trusts(client[0]):
            headers = Headers(scope=scope)
            scope[BY_TRUSTED_PROXY] = True
            told = headers.getlist("x-forwarded-for"), headers.getlist("forwarded")
            scope["client"] = (self._addresses.client_of(client[0], *told), 0)
            if headers.get("x-forwarded-proto", "").strip().lower() in ("https", "wss"):
                scope["scheme"] = _SECURE.get(scope["scheme"], scope["scheme"])
        await self._app(scope, receive, send)
