"""A client of the service's WebSocket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from websockets.sync.client import ClientConnection, connect

from tests.serving import TIMEOUT, Served


@dataclass(frozen=True)
class Talk:
    """One socket."""

    connection: ClientConnection

    def say(self, **message: object) -> None:
        self.connection.send(orjson.dumps(message).decode())

    def hear(self) -> Any:
        return orjson.loads(self.connection.recv(TIMEOUT))

    def hear_until(self, *types: str) -> list[Any]:
        """All that comes, up to the first of one of these types."""
        heard = [self.hear()]
        while heard[-1]["type"] not in types:
            heard.append(self.hear())
        return heard

    def ask(self, **message: object) -> list[Any]:
        """A message, and all that comes of it."""
        self.say(**message)
        return self.hear_until("done", "error", "cancelled", "paused")


@contextmanager
def talking(served: Served, client_id: str = "me", **options: Any) -> Iterator[Talk]:
    with connect(
        f"ws://127.0.0.1:{served.port}/ws/{client_id}",
        open_timeout=TIMEOUT,
        close_timeout=TIMEOUT,
        max_size=None,
        **options,
    ) as connection:
        yield Talk(connection)


def text_of(heard: list[Any]) -> str:
    return "".join(message["content"] for message in heard if message["type"] == "text")


def types_of(heard: list[Any]) -> list[str]:
    return [message["type"] for message in heard]
