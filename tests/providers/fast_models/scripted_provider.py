"""A provider on loopback that answers requests with the bytes of a script, and keeps what was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


class Silence:
    """In a script: say nothing more until the client goes."""


class Hangup:
    """In a script: close the connection there."""


Part = bytes | Silence | Hangup
Reply = Sequence[Part]


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def frame(data: object) -> bytes:
    """One server-sent event as one HTTP chunk; bytes as they are."""
    line = data if isinstance(data, bytes) else json.dumps(data).encode()
    return chunked(b"data: %b\n\n" % line)


def stream(*chunks: object) -> Reply:
    """A whole stream of these chunks."""
    return [HEAD, *map(frame, chunks), frame(b"[DONE]"), END]


def status(code: int, error: object, *headers: bytes) -> Reply:
    """An answer that is an error."""
    body = json.dumps({"error": error}).encode()
    lines = [b"HTTP/1.1 %d x" % code, b"content-type: application/json", b"content-length: %d" % len(body)]
    return [b"\r\n".join([*lines, *headers, b"", body])]


def whole(completion: object) -> Reply:
    """An answer that does not stream."""
    body = json.dumps(completion).encode()
    return [
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    ]


class ScriptedProvider:
    """`asked` has the requests' heads and bodies; `gone` is set when a client leaves a silent answer, `left`
    when one leaves at all."""

    def __init__(self, script: Sequence[Reply]) -> None:
        self.asked: list[tuple[dict[str, str], Any]] = []
        self.gone = asyncio.Event()
        self.left = asyncio.Event()
        self.url = ""
        self._script = list(script)
        self.connections: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections.discard(writer)
            self.left.set()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        head = {"": first} | {name.lower(): value for name, _, value in pairs}
        self.asked.append((head, json.loads(await reader.readexactly(int(head["content-length"])))))
        for part in self._script[min(len(self.asked), len(self._script)) - 1]:
            match part:
                case Silence():
                    await reader.read()
                    self.gone.set()
                    return False
                case Hangup():
                    return False
                case _:
                    writer.write(part)
                    await writer.drain()
        return True

    def hang_up(self) -> None:
        for writer in list(self.connections):
            writer.close()


@asynccontextmanager
async def provider_of(*script: Reply) -> AsyncIterator[ScriptedProvider]:
    """Serves the replies in turn, the last one again and again."""
    provider = ScriptedProvider(script)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.close()
        provider.hang_up()
        await server.wait_closed()
