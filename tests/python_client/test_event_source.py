"""A response's stream of events is read as the standard has it, in whatever pieces it comes."""

import random

import httpx2
import pytest
from chainstream_client.event_source import MAX_EVENT_BYTES, event_source

from tests.wire.parsers import browser, response_of
from tests.wire.whatwg import Message

STREAMS = {
    "a byte order mark": b"\xef\xbb\xbfid: 1\ndata: a\n\n",
    "CRLF": b"id: 1\r\nevent: e\r\ndata: a\r\ndata: b\r\n\r\n",
    "CR": b"id: 1\rdata: a\r\rdata: b\r\rdata: c\n\n",
    "all line ends": b"data: a\r\n\ndata: b\n\rdata: c\r\r\n",
    "four bytes a letter": "id: 1\ndata: 🦜é\u2028\n\n".encode(),
    "what is no UTF-8": b"data: \xff\xf0\x9f\n\n",
    "comments and fields that nobody knows": b": ping\n\nid: 1\nx: y\ndata:a\n\ndata\n\ndata:  b\n\n",
    "a NUL in an id": b"id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n",
    "a frame that was cut": b"data: a\n\nid: 9\ndata: b\n",
    "a long line": b"data: " + b"x" * 100_000 + b"\n\n",
}


def read(chunks: list[bytes], content_type: str = "text/event-stream") -> list[Message]:
    response = response_of(chunks)
    response.headers["content-type"] = content_type
    return [Message(sse.event, sse.data, sse.id) for sse in event_source(response) if sse.data]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_read_as_by_a_browser_whole_and_in_pieces(name: str) -> None:
    stream, chosen = STREAMS[name], random.Random(name)
    expected = [message for message in browser([stream]) if message.data]
    assert expected and read([stream]) == expected
    for _ in range(20):
        size = chosen.randint(1, max(len(stream) // 10, 3))
        assert read([stream[at : at + size] for at in range(0, len(stream), size)]) == expected


def test_it_is_utf_8_whatever_the_headers_say() -> None:
    stream = "data: é\n\n".encode()
    assert read([stream], "text/event-stream; charset=latin-1") == [Message("message", "é")]


def test_a_frame_longer_than_any_is_an_error_before_it_is_whole() -> None:
    piece = b"x" * (1 << 20)
    endless = (piece for _ in range(MAX_EVENT_BYTES // len(piece) + 2))
    with pytest.raises(httpx2.SSEError, match="exceeded"):
        list(event_source(response_of(endless)))
