"""The process that serves: uvicorn with our app, what it says at its start, and how it ends."""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from .api.services import Services
from .app import create_app
from .environment import enter_environment
from .http_protocol import bounded
from .observability.logs import Logs
from .process_logs import open_logs
from .settings import Settings
from .websocket_protocol import LeavingProtocol

GRACE_AFTER_STREAMS = 1  # seconds between the streams' forced end and the server's


class _Server(uvicorn.Server):
    """Says what is served once it is, and begins to drain at the signal, not when connections are gone."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, address: str, logs: Logs) -> None:
        super().__init__(config)
        self._app = app
        self._address = address
        self._logs = logs

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _calm_collector()
            self._logs.announce(_told(self._app.state.services, self._address))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.started:  # nothing to drain, and the import of a user's module may never end
            os._exit(128 + sig)
        # Without uvicorn's own, which would raise the signal anew at the end: a clean end is exit status 0.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        if services := getattr(self._app.state, "services", None):
            services.drain.set()


def serve(settings: Settings, listening: socket.socket, logs: Logs) -> bool:
    """Serve until a signal says to end; tells whether it could be started."""
    app = create_app(settings)
    config = uvicorn.Config(app, **_uvicorn_options(settings))
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    server = _Server(config, app, _address(listening), logs)
    with suppress(SystemExit):  # uvicorn's after a failed start, which the app has told of
        server.run(sockets=[listening])
    return server.started


def logged_app() -> FastAPI:
    """The app for another server, in a process that is for nothing else, which then logs as ours does:
    `uvicorn --factory service.server:logged_app`."""
    logs = open_logs()
    with logs.exits():
        return create_app(enter_environment())


def leave(code: int) -> None:
    """Leave, also where a synchronous tool still hangs in its thread: Python would wait for it."""
    logging.shutdown()
    if threading.active_count() > 1:
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _uvicorn_options(settings: Settings) -> dict[str, Any]:
    return {
        "log_config": None,
        "log_level": settings.log_level if settings.log_level != "info" else "warning",
        "access_log": False,  # query strings carry prompts
        "timeout_graceful_shutdown": int(settings.shutdown_grace_seconds) + GRACE_AFTER_STREAMS,
        "lifespan": "on",
        "proxy_headers": False,  # the app reads them, by TRUSTED_PROXIES
        "http": bounded(settings.max_headers, settings.max_header_bytes),
        "ws": LeavingProtocol,
        "ws_max_size": 2 * settings.max_input_bytes,  # what is over it is not read, and closes the socket
        "ws_ping_interval": settings.ping_seconds,
    }


def _is_news(record: logging.LogRecord) -> bool:
    """What uvicorn says after the sentence that tells why the start failed is none."""
    return record.msg != "Application startup failed. Exiting."


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _told(services: Services, address: str) -> str:
    registry = services.registry
    chosen = f"model {registry.models[0]} ({registry.why_default})"
    takes_model = any(chain.takes_model for chain in registry.chains.values())
    model = chosen if takes_model else "the chains' own models"
    names = ", ".join(registry.chains)
    return f"Chainstream on {address} · {model} · chains {names} · kept in {services.kept_in}"


def _calm_collector() -> None:
    """Collect garbage less often, and never look at what the start has made again.

    Streaming makes many small objects that live as long as a log does, and few cycles; by its defaults the
    collector took a quarter of the CPU per token (measured with 2,000 and 100,000 tokens a run).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
