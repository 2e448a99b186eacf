"""The fake provider's server: HTTP/1.1 over asyncio's streams, in a thread with a loop of its own."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

import orjson

from . import anthropic, ollama, openai
from .ledger import Call
from .script import Event, Script, script_of, steps, token
from .wire import Asked, Wire

TIMEOUT = 20  # seconds; to start and to end

Read = Callable[[dict[str, Any], dict[str, str]], Asked]
MakeWire = Callable[[Asked, int], Wire]

# By the path under which each SDK asks.
WIRES: Mapping[str, tuple[Read, MakeWire]] = {
    "/v1/chat/completions": (openai.read, openai.OpenAIWire),
    "/openai/v1/chat/completions": (openai.read, openai.GroqWire),
    "/v1/messages": (anthropic.read, anthropic.AnthropicWire),
    "/api/chat": (ollama.read, ollama.OllamaWire),
}


class FakeProvider:
    """`calls` is the ledger, in the order of the requests."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calls_of(self, prompt: str) -> list[Call]:
        """The calls with this prompt."""
        return [call for call in self.calls if call.asked.prompt == prompt]

    async def serve(self, started: threading.Event, ending: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await ending.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = _Connection(self, reader, writer, self.connections)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await connection.answer_one():
                pass
        writer.close()


class _Connection:
    """One keep-alive connection, one answer at a time."""

    def __init__(
        self,
        provider: FakeProvider,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._writer = writer
        self._number = number
        self._read_ahead = b""

    async def answer_one(self) -> bool:
        """Tells whether another request may come."""
        path, headers = await self._head()
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        if path not in WIRES:
            self._whole(404, b'{"error": {"message": "no such path"}}')
            return True
        read, make_wire = WIRES[path]
        given = orjson.loads(body)
        asked = read(given, headers)
        call = Call(path=path, asked=asked, connection=self._number, body=given)
        script = script_of(asked.prompt, asked.model)
        earlier = len(self._provider.calls_of(asked.prompt))
        self._provider.calls.append(call)
        wire = make_wire(asked, len(self._provider.calls))
        if status := _refusal(asked, script, earlier):
            self._whole(status, wire.problem(status))
            call.ended.set()
            return True
        return await self._unless_left(call, self._say(call, script, wire))

    async def _head(self) -> tuple[str, dict[str, str]]:
        raw = self._read_ahead + await self._reader.readuntil(b"\r\n\r\n")
        self._read_ahead = b""
        first, *lines = raw.decode().strip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return first.split()[1], {name.lower(): value.strip() for name, _, value in pairs}

    async def _unless_left(self, call: Call, saying: Any) -> bool:
        """Say it, and notice at once when the client closes the connection."""
        said = asyncio.create_task(saying)
        leaving = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait({said, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not said.done() and leaving.done() and not leaving.result():
                self._left(call)
                return False
            kept = await said
            call.ended.set()
            return bool(kept)
        except ConnectionError:
            self._left(call)
            return False
        finally:
            said.cancel()
            if not leaving.done():
                leaving.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                self._read_ahead = await leaving

    def _left(self, call: Call) -> None:
        call.left_at = time.monotonic()
        call.left.set()

    async def _say(self, call: Call, script: Script, wire: Wire) -> bool:
        await asyncio.sleep(script.wait)
        if not call.asked.stream:
            text = "".join(token(number) for number in range(1, script.tokens + 1))
            self._whole(200, wire.whole(text, script.tokens))
            return True
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {wire.media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._writer.write(head.encode())
        start, due = time.monotonic(), 0
        for step in steps(script, call.asked, wire):
            match step:
                case bytes():
                    if step:
                        self._writer.write(b"%x\r\n%b\r\n" % (len(step), step))
                    await self._writer.drain()
                case Event.PACE:
                    due += 1
                    if script.rate:
                        await asyncio.sleep(start + due / script.rate - time.monotonic())
                case Event.CUT:
                    self._writer.close()
                    return False
                case Event.END:
                    break
                case Event.STALL:
                    await asyncio.Event().wait()
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        return True

    def _whole(self, status: int, body: bytes) -> None:
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
            f"retry-after-ms: 1\r\nContent-Length: {len(body)}\r\n\r\n"  # so that SDKs try again at once
        )
        self._writer.write(head.encode() + body)


def _refusal(asked: Asked, script: Script, earlier: int) -> int:
    if asked.key == "wrong-key":
        return 401
    if asked.model == "no-such-model":
        return 404
    return script.fail if earlier < script.times else 0


@contextmanager
def fake_provider(port: int = 0) -> Iterator[FakeProvider]:
    """One that listens on this port, or a free one."""
    provider = FakeProvider()
    provider.port = port
    started = threading.Event()
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(provider.serve(started, ending))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        if not started.wait(TIMEOUT):
            raise RuntimeError("the fake provider did not start")
        yield provider
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(TIMEOUT)
