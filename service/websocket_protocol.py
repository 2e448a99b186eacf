"""uvicorn's WebSocket protocol, which leaves an open socket to the app at the end, and logs no secrets."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class LeavingProtocol(WebSocketsSansIOProtocol):
    """uvicorn would close at once, with 1012; the app tells each run to its end first, and closes with 1001.

    A client that does not answer the close is cut off by the server's bound on its graceful shutdown.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn.debug = False  # else LOG_LEVEL=debug logs each header and message: keys, tokens, prompts

    def shutdown(self) -> None:
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
