"""What the routes work with, and how they get hold of it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection

from ..access.gate import Gate
from ..history.history import History
from ..redaction.filters import Filters
from ..registry import Registry
from ..runs import Runs


class Drain(Protocol):
    """Begins the shutdown's draining of runs; to set it again changes nothing. `begun` tells of it."""

    begun: asyncio.Event

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
    """The concrete parts; app.py puts them together. `kept_in` names the database, for people."""

    times: StreamTimes
    registry: Registry
    runs: Runs
    history: History
    kept_in: str
    drain: Drain
    gate: Gate
    filters: Filters
    max_input_bytes: int
    max_prompt_chars: int


async def _services(connection: HTTPConnection) -> Services:  # a plain function would be called in a thread
    services: Services = connection.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
