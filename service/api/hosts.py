"""Under which names the service answers: a pure ASGI middleware that reads a request's Host.

A page of another site can give its own name the address of this machine, and is then of the same origin as
what answers there (DNS rebinding); the name in Host is still its own.
"""

import re
from collections.abc import Sequence

from starlette._utils import get_route_path  # private, but what routes are matched by, so no way around
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..access.addresses import is_loopback
from .forwarded import BY_TRUSTED_PROXY
from .problems import problem

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:@/\[\]]+?)\.?)(?::\d*)?")
PROBED = frozenset({"/health", "/healthz", "/ready", "/readyz"})  # by whatever address a pod has


class HostCheck:
    """`allowed` names, or without any on a loopback address only loopback's names and `bound`."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str], bound: str) -> None:
        self._app = app
        self._allowed = tuple(name.lower() for name in allowed)
        self._bound = bound.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._may(scope):
            message = (
                "The service does not answer to the name in Host; ALLOWED_HOSTS lists those that it has."
            )
            await problem(400, "bad_host", message)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        if not self._allowed and (scope.get(BY_TRUSTED_PROXY) or not _on_loopback(scope)):
            return True
        if get_route_path(scope) in PROBED:
            return True
        hosts = Headers(scope=scope).getlist("host")
        return bool(hosts) and all(self._is_ours(_name_of(host)) for host in hosts)

    def _is_ours(self, name: str) -> bool:
        if self._allowed:
            return any(_matches(name, allowed) for allowed in self._allowed)
        return name == "localhost" or name.endswith(".localhost") or name == self._bound or is_loopback(name)


def _on_loopback(scope: Scope) -> bool:
    server = scope.get("server")
    return server is not None and server[1] is not None and is_loopback(server[0])


def _name_of(host: str) -> str:
    """Without the port, and of an address of IPv6 without the brackets; empty if it is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return (found[1] or found[2]) if found else ""


def _matches(name: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return name.endswith(allowed[1:])
    return allowed in ("*", name)
