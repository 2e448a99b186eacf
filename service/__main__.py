"""`python -m service`: serve on HOST and PORT, and say in one line what is served."""

import argparse
import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from .api.services import Services
from .app import create_app
from .http_protocol import ProblemProtocol
from .providers import DEFAULT_MODEL, WHY_DEFAULT
from .settings import Settings

GRACE_AFTER_STREAMS = 1  # seconds between the streams' forced end and the server's


class _Server(uvicorn.Server):
    """Says what is served once it is, and begins to drain at the signal, not when connections are gone."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, address: str) -> None:
        super().__init__(config)
        self._app = app
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _calm_collector()
            print(_told(self._app.state.services, self._address), flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Without uvicorn's own, which would raise the signal anew at the end: a clean end is exit status 0.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        if services := getattr(self._app.state, "services", None):
            services.drain.set()


def main() -> None:
    arguments = _arguments()
    settings = _settings()
    if arguments.reload:
        _serve_with_reload(settings)
        return
    listening = _listen(settings)
    app = create_app(settings)
    config = uvicorn.Config(app, **_uvicorn_options(settings))
    server = _Server(config, app, _address(listening))
    server.run(sockets=[listening])
    _leave(0 if server.started else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m service", description="Serve the chains.")
    parser.add_argument("--reload", action="store_true", help="start anew when a source file changes")
    return parser.parse_args()


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])).upper() or 'settings'}: {each['msg']}"
            for each in error.errors()
        )
        sys.exit(f"The settings are not right: {problems}. .env.example lists them all.")


def _uvicorn_options(settings: Settings) -> dict[str, Any]:
    return {
        "log_level": settings.log_level if settings.log_level != "info" else "warning",
        "access_log": False,  # query strings carry prompts
        "timeout_graceful_shutdown": int(settings.shutdown_grace_seconds) + GRACE_AFTER_STREAMS,
        "lifespan": "on",
        "http": ProblemProtocol,
    }


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sys.exit(
                f"Port {settings.port} of {settings.host} is taken: stop what listens there, or choose"
                f" another, as in PORT={settings.port + 1} make run"
            )
        sys.exit(f"Cannot listen on HOST={settings.host} PORT={settings.port}: {error.strerror}.")
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _told(services: Services, address: str) -> str:
    chains = ", ".join(services.registry.chains)
    return (
        f"Chainstream on {address} · model {DEFAULT_MODEL} ({WHY_DEFAULT}) · chains {chains}"
        " · data in memory, gone at the end"
    )


def _serve_with_reload(settings: Settings) -> None:
    print(f"Chainstream on http://{settings.host}:{settings.port}, starting anew at each change", flush=True)
    options = _uvicorn_options(settings) | {"log_level": settings.log_level, "host": settings.host}
    uvicorn.run(f"{__package__}.app:create_app", factory=True, reload=True, port=settings.port, **options)


def _calm_collector() -> None:
    """Collect garbage less often, and never look at what the start has made again.

    Streaming makes many small objects that live as long as a log does, and few cycles; by its defaults the
    collector took a quarter of the CPU per token (measured with 2,000 and 100,000 tokens a run).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _leave(code: int) -> None:
    """Leave, also where a synchronous tool still hangs in its thread: Python would wait for it."""
    logging.shutdown()
    if threading.active_count() > 1:
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
