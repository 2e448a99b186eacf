"""Who may use the routes that ask for a key: whoever shows the one that is configured."""

import hmac

from fastapi import Request

from ..errors import Unauthorized

HOW = "send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`"


class SharedKey:
    """One key for all; an empty one lets nobody in."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def check(self, request: Request) -> None:
        """Raises Unauthorized unless the request shows the key."""
        if not self._key:
            raise Unauthorized(
                "no_key_configured", "This service has no API_KEY, so this route takes nobody."
            )
        shown = _shown(request)
        if shown is None:
            raise Unauthorized("no_key", f"This route needs a key: {HOW}.")
        if not hmac.compare_digest(shown.encode(), self._key):
            raise Unauthorized("wrong_key", f"This key is not the one that this route takes: {HOW}.")


def _shown(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key")
