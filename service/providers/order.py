"""What a provider's module is given to build a model: its name, whose key, over which HTTP clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, NamedTuple, TypeVar

C = TypeVar("C")


class Timeouts(NamedTuple):
    """In seconds, None for none; in the order in which httpx takes them as a tuple."""

    connect: float = 5
    read: float | None = None
    write: float | None = 30
    pool: float | None = None


class HttpClients:
    """HTTP clients for all models of the process, one of each class; whoever opened this closes them."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self._clients: dict[Callable[..., Any], Any] = {}

    def get(self, client_class: Callable[..., C], **options: Any) -> C:
        """The client of this class, made at the first call with these options."""
        if client_class not in self._clients:
            self._clients[client_class] = client_class(**options)
        client: C = self._clients[client_class]
        return client

    async def close(self) -> None:
        for client in self._clients.values():
            closed = client.aclose() if hasattr(client, "aclose") else client.close()
            if isawaitable(closed):
                await closed
        self._clients.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A model to build. `base_url` is None for the provider's own address, `key` for none at all."""

    model: str
    key: str | None
    base_url: str | None
    retries: int
    http: HttpClients
    params: Mapping[str, Any] = field(default_factory=dict)
