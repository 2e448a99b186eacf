"""What the routes work with, and how they get hold of it."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from ..registry import Registry
from ..runs import Runs


class Drain(Protocol):
    """Begins the shutdown's draining of runs; to set it again changes nothing."""

    def set(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTimes:
    """In seconds: between pings; until a reader that takes nothing is dropped, or None; for runs to end in
    once the service shuts down."""

    ping: float
    send_timeout: float | None
    shutdown_grace: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The concrete parts; app.py puts them together."""

    times: StreamTimes
    registry: Registry
    runs: Runs
    drain: Drain


async def _services(request: Request) -> Services:  # FastAPI would take a thread for a plain function
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
