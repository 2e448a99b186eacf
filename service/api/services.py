"""What the routes work with, and how they get hold of it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection

from ..access.gate import Gate
from ..history.history import History
from ..jobs.jobs import Jobs
from ..redaction.filters import Filters
from ..registry import Registry
from ..runs import Runs


class Drain(Protocol):
    """Begins the shutdown's draining of runs; to set it again changes nothing. `begun` tells of it."""

    begun: asyncio.Event

    def set(self) -> None: ...


class Metrics(Protocol):
    """What is counted of those that read, and how it is read itself."""

    def joined(self, format_name: str, *, resumed: bool, gap: str | None) -> None:
        """A reader has joined a run: past its start, or after a gap for this reason."""
        ...

    def reading(self, format_name: str) -> AbstractContextManager[None]:
        """A stream is open."""
        ...

    def dropped(self, format_name: str) -> None:
        """A reader took nothing for too long."""
        ...

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics as Prometheus reads them, and the media type."""
        ...


class Health(Protocol):
    """Of what the service depends on."""

    @property
    def state(self) -> Literal["ok", "degraded", "failed"]: ...
    @property
    def latency_ms(self) -> float: ...


class Readiness(Protocol):
    @property
    def draining(self) -> bool: ...

    async def state(self) -> tuple[Literal["ok", "degraded", "failed"], Mapping[str, Health]]:
        """Of all together, and of each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTimes:
    """In seconds: between pings; until a reader that takes nothing is dropped, or None; for runs to end in
    once the service shuts down."""

    ping: float
    send_timeout: float | None
    shutdown_grace: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The concrete parts; parts.py puts them together. `kept_in` names the database, for people."""

    times: StreamTimes
    registry: Registry
    runs: Runs
    history: History
    jobs: Jobs
    kept_in: str
    drain: Drain
    gate: Gate
    metrics: Metrics
    readiness: Readiness
    filters: Filters
    max_input_bytes: int
    max_prompt_chars: int


async def _services(connection: HTTPConnection) -> Services:  # a plain function would be called in a thread
    services: Services = connection.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
