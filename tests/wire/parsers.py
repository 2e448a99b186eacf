"""Three independent parsers of event streams behind one shape: ours, httpx2's and OpenAI's.

The two others differ from WHATWG in what they tell of frames without data: httpx2 tells of any frame that had
a field, OpenAI of every blank line once an id was seen. A listener in a browser hears of neither, so they are
left out here; no format of ours sends a frame whose data is empty. test_parsers.py holds them to it.
"""

from collections.abc import Callable, Iterable, Iterator

import httpx2
from openai._streaming import SSEDecoder

from tests.wire.whatwg import EventStream, Message

Parser = Callable[[Iterable[bytes]], list[Message]]

# What a client must allow for that reads texts of a megabyte: httpx2 refuses more than 1 MiB as it comes.
MAX_EVENT_SIZE = 64 * 1024 * 1024


def browser(chunks: Iterable[bytes]) -> list[Message]:
    """As an EventSource."""
    stream = EventStream()
    return [message for chunk in chunks for message in stream.feed(chunk)]


def httpx(chunks: Iterable[bytes]) -> list[Message]:
    """As httpx2's EventSource."""
    source = httpx2.EventSource(response_of(chunks), max_event_size=MAX_EVENT_SIZE)
    return [Message(sse.event, sse.data, sse.id) for sse in source if sse.data]


def openai(chunks: Iterable[bytes]) -> list[Message]:
    """As OpenAI's SDK."""
    events = SSEDecoder().iter_bytes(iter(chunks))
    return [Message(sse.event or "message", sse.data, sse.id or "") for sse in events if sse.data]


def response_of(chunks: Iterable[bytes]) -> httpx2.Response:
    """A response that comes in these chunks."""
    return httpx2.Response(200, headers=_HEADERS, content=_stream(chunks), request=_REQUEST)


def _stream(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield from chunks


_HEADERS = {"content-type": "text/event-stream"}
_REQUEST = httpx2.Request("GET", "http://127.0.0.1/")

PARSERS: dict[str, Parser] = {"browser": browser, "httpx2": httpx, "openai": openai}
