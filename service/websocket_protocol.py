"""uvicorn's WebSocket protocol, which leaves an open socket to the app when the server shuts down."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class LeavingProtocol(WebSocketsSansIOProtocol):
    """uvicorn would close at once, with 1012; the app tells each run to its end first, and closes with 1001.

    A client that does not answer the close is cut off by the server's bound on its graceful shutdown.
    """

    def shutdown(self) -> None:
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
