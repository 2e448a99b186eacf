"""Who talks over a WebSocket: by the headers, or, from browsers, which can set none, by a subprotocol.

A page asks for the subprotocols `chainstream` and `key.<key>` or `token.<a run's token>`, and is answered
with the first. It cannot tell why a handshake failed, so a socket is accepted first, and closed with a code
of its own: 4401 without a good key, 4403 where it may not be used from there, 1013 where it is to come again:
keys cannot be checked now, or too many streams are open.
"""

from starlette.websockets import WebSocket

from ..access.caller import Caller
from ..errors import ChainstreamError, Overloaded, Unauthorized
from .access import identify
from .services import Services

SUBPROTOCOL = "chainstream"
SHOWN_BY = ("key.", "token.")
NO_GOOD_KEY, NOT_ALLOWED, TRY_AGAIN = 4401, 4403, 1013
LONGEST_REASON = 123  # bytes, RFC 6455 §5.5


class SocketBadge:
    """What a socket showed when it was opened; it is looked at again for each message."""

    def __init__(self, services: Services, websocket: WebSocket) -> None:
        self._services = services
        self._websocket = websocket
        self._shown = _by_header(websocket) or _by_subprotocol(websocket)

    @property
    def subprotocol(self) -> str | None:
        return SUBPROTOCOL if SUBPROTOCOL in _asked_for(self._websocket) else None

    async def caller(self) -> Caller:
        """Raises as `identify`."""
        return await identify(self._services, self._websocket, self._shown)


def close_of(error: ChainstreamError) -> tuple[int, str]:
    """The code and reason that a socket is closed with."""
    reason = error.code[:LONGEST_REASON]
    if isinstance(error, Overloaded):
        return TRY_AGAIN, reason
    return (NO_GOOD_KEY if isinstance(error, Unauthorized) else NOT_ALLOWED), reason


def _asked_for(websocket: WebSocket) -> list[str]:
    return list(websocket.scope.get("subprotocols", []))


def _by_header(websocket: WebSocket) -> str | None:
    scheme, _, shown = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and shown.strip():
        return shown.strip()
    return websocket.headers.get("x-api-key") or None


def _by_subprotocol(websocket: WebSocket) -> str | None:
    for asked in _asked_for(websocket):
        for prefix in SHOWN_BY:
            if asked.startswith(prefix):
                return str(asked.removeprefix(prefix))
    return None
