"""Pure: the service's address, what each request to it carries, and the time that it has."""

from dataclasses import dataclass, field
from typing import Any

import httpx2

from .calls import Request
from .version import __version__

SILENCE = 37.5  # seconds: two and a half pings, after which a connection is dead
TIMEOUT = httpx2.Timeout(10.0, read=SILENCE)
LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=20)  # streams are many, and long


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Raises ValueError for an address that is none."""

    base_url: str
    api_key: str | None = field(repr=False)
    timeout: httpx2.Timeout

    def __post_init__(self) -> None:
        url = httpx2.URL(self.base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(
                f"{self.base_url!r} is no address of a service: give one like http://localhost:8000"
            )

    def arguments(self, request: Request) -> dict[str, Any]:
        """A request as httpx2's clients take it."""
        key = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {
            "method": request.method,
            "url": f"{self.base_url.rstrip('/')}{request.path}",
            "params": dict(request.query) or None,
            "content": request.body,
            "headers": {"User-Agent": f"chainstream-client/{__version__}", **key, **request.headers},
            "timeout": self.timeout,
        }
