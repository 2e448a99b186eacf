"""A provider in OpenAI's dialect whose every token is the clock at which it was sent.

The prompt says what to stream: `tokens=200 rate=50 wait=0.3` is 200 tokens, 50 a second, after 0.3 s; without
a rate, as fast as the reader takes them. The clock is CLOCK_MONOTONIC in nanoseconds, which all processes of
a machine share, so that a reader anywhere behind a service can tell how long each token took.
"""

import asyncio
import itertools
import re
import sys
import time
from dataclasses import dataclass
from typing import Any, cast

import httptools
import orjson
import uvloop

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
GOLDEN = 0.6180339887


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one request asks for; `interval` and `wait` in seconds."""

    tokens: int
    interval: float
    wait: float
    usage: bool


def order_of(body: dict[str, Any]) -> Order:
    """Reads the last message, which is text or a list of parts."""
    asked = dict(re.findall(r"\b(tokens|rate|wait)=([0-9.]+)", str(body["messages"][-1]["content"])))
    rate = float(asked.get("rate", 0))
    return Order(
        tokens=int(asked.get("tokens", 10)),
        interval=1 / rate if rate else 0.0,
        wait=float(asked.get("wait", 0)),
        usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def frame(data: bytes) -> bytes:
    """One server-sent event as one HTTP chunk."""
    event = b"data: " + data + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(event), event)


class Completion:
    """The chunks of one answer, all of one id and one time, as the provider sends them."""

    def __init__(self, order: Order, number: int, created: int) -> None:
        self.order = order
        self._head = (
            b'{"id":"chatcmpl-%d","object":"chat.completion.chunk","created":%d,"model":"clock",'
            b'"system_fingerprint":null,"choices":[' % (number, created)
        )
        self._tail = b'],"usage":null}' if order.usage else b"]}"

    def _chunk(self, delta: bytes, finish: bytes = b"null") -> bytes:
        choice = b'{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b}' % (delta, finish)
        return frame(self._head + choice + self._tail)

    def role(self) -> bytes:
        return self._chunk(b'{"role":"assistant","content":"","refusal":null}')

    def token(self) -> bytes:
        return self._chunk(b'{"content":"%d "}' % time.monotonic_ns())

    def end(self) -> bytes:
        usage = b""
        if self.order.usage:
            count = (9, self.order.tokens, 9 + self.order.tokens)
            usage = frame(
                self._head
                + b'],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}' % count
            )
        return self._chunk(b"{}", b'"stop"') + usage + frame(b"[DONE]") + END


class Provider(asyncio.Protocol):
    """One keep-alive connection, one answer at a time, at the reader's pace."""

    _numbers = itertools.count()
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._completion: Completion | None = None
        self._sent = 0
        self._start = 0.0
        self._paused = False
        self._next: asyncio.Handle | None = None

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._completion and self._next is None:
            self._send()

    # The request

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        number, order = next(self._numbers), order_of(orjson.loads(self._body))
        self._completion = Completion(order, number, int(time.time()))
        self._sent = 0
        # Streams that begin together must not tick together: each gets its own part of the interval.
        self._start = self._loop.time() + order.wait + number * GOLDEN % 1 * order.interval
        self._transport.write(HEAD + self._completion.role())
        self._next = self._loop.call_at(self._start, self._send)

    # The answer

    def _send(self) -> None:
        self._next = None
        completion = self._completion
        if completion is None:
            return
        if self._sent == completion.order.tokens:
            self._transport.write(completion.end())
            return self._stop()
        self._sent += 1
        self._transport.write(completion.token())
        if not self._paused:
            self._schedule(completion.order.interval)

    def _schedule(self, interval: float) -> None:
        if interval:
            self._next = self._loop.call_at(self._start + self._sent * interval, self._send)
        else:
            self._next = self._loop.call_soon(self._send)

    def _stop(self) -> None:
        self._completion = None
        if self._next:
            self._next.cancel()
            self._next = None


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
