"""A load client: many streams at once over keep-alive connections, and the delay of every token.

It reads `data:` lines, which all systems have in common. Numbers are tokens: bare, in LangServe's quotes, in
the provider's own chunks, or in our events.
"""

import asyncio
import re
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import httptools

from .processes import Address

PATIENCE = 180.0
TOKEN = re.compile(rb'"?(?:{.*"(?:content|text)":")?(\d+)')


class StreamFailed(Exception):
    """The service answered with something that is not a stream of tokens; the message says what."""


@dataclass(kw_only=True)
class Answer:
    """One stream: the clock at the request and at each token, and the delay of each token; all in ns."""

    asked: int
    read: "array[int]" = field(default_factory=lambda: array("q"))
    delays: "array[int]" = field(default_factory=lambda: array("q"))


class Reader(asyncio.Protocol):
    """One connection, which reads one stream at a time."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._rest = b""
        self._answer = Answer(asked=0)
        self._ended = self._loop.create_future()

    async def read(self, path: str, body: bytes, key: str) -> Answer:
        """By POST where there is a body, and with a key where there is one.

        Raises `StreamFailed` on any status but 200, an error in the stream or a lost connection.
        """
        self._rest = b""
        self._ended = self._loop.create_future()
        self._answer = Answer(asked=time.monotonic_ns())
        head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        if key:
            head += f"authorization: Bearer {key}\r\n"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._transport.write(f"{head}\r\n".encode() + body)
        await self._ended
        return self._answer

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the service closed the connection in the middle of a stream")

    def on_body(self, body: bytes) -> None:
        now = time.monotonic_ns()
        lines = (self._rest + body).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line.startswith(b"data: "):
                self._take(line[6:], now)

    def _take(self, data: bytes, now: int) -> None:
        if token := TOKEN.match(data):
            self._answer.read.append(now)
            self._answer.delays.append(now - int(token[1]))
        elif data.startswith(b"[ERROR]"):
            self._fail(data.decode())

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status != 200:
            self._fail(f"status {status}: {self._rest.decode()}")
        elif not self._ended.done():
            self._ended.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_exception(StreamFailed(reason))


async def read_all(
    address: Address,
    paths: Sequence[str],
    *,
    body: bytes = b"",
    key: str = "",
    rounds: int = 1,
    over: float = 0.0,
) -> list[Answer]:
    """Reads all `paths` at once, each on its own connection, and again for every round.

    `over` spreads the beginnings evenly over so many seconds, where a burst of them is not what is measured.
    """
    loop = asyncio.get_running_loop()
    readers = [(await loop.create_connection(Reader, *address))[1] for _ in paths]

    async def one(index: int, reader: Reader) -> Answer:
        await asyncio.sleep(over * index / len(readers))
        return await reader.read(paths[index], body, key)

    answers: list[Answer] = []
    async with asyncio.timeout(PATIENCE):
        for _ in range(rounds):
            answers += await asyncio.gather(*(one(index, reader) for index, reader in enumerate(readers)))
    for reader in readers:
        reader.close()
    return answers
