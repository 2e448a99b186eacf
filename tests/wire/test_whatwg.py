"""The reference parser reads every vector of web-platform-tests' `eventsource/format-*` as browsers must.

The streams are what the vectors' servers send: https://github.com/web-platform-tests/wpt, eventsource/.
"""

import pytest

from tests.wire.whatwg import EventStream, Message

LONG = "x" * 2048


def read(chunks: list[bytes]) -> tuple[list[tuple[str, str, str]], EventStream]:
    stream = EventStream()
    messages = [message for chunk in chunks for message in stream.feed(chunk)]
    return [(message.event, message.data, message.last_event_id) for message in messages], stream


def unnamed(*data: str) -> list[tuple[str, str, str]]:
    return [("message", each, "") for each in data]


VECTORS = {
    "event-data": (
        "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        unnamed("msg\nmsg", "", "end"),
    ),
    "format-bom": ("\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n\n", unnamed("1", "3")),
    "format-bom-2": ("\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n\n", unnamed("2", "3")),
    "format-comments": (
        f"data:1\r:\0\n:\r\ndata:2\n:{LONG}\rdata:3\n:data:fail\r:{LONG}\ndata:4\n\n",
        unnamed("1\n2\n3\n4"),
    ),
    "format-data-before-final-empty-line": (
        "retry:1000\ndata:test1\n\nid:test\ndata:test2\n",
        unnamed("test1"),
    ),
    "format-field-data": ("data:\n\ndata\ndata\n\ndata:test\n\n\n", unnamed("", "\n", "test")),
    "format-field-event": (
        "event:test\ndata:x\n\ndata:x\n\n\n",
        [("test", "x", ""), ("message", "x", "")],
    ),
    "format-field-event-empty": ("event: \ndata:data\n\n\n", unnamed("data")),
    "format-field-id": ("id: …\nretry: 200\ndata: hello\n\n", [("message", "hello", "…")]),
    "format-field-id-2": (
        "id: …\ndata: hello\n\ndata: again\n\ndata: and again\n\n",
        [("message", "hello", "…"), ("message", "again", "…"), ("message", "and again", "…")],
    ),
    "format-field-id-3 (persists)": (
        "id: 1\ndata: 1\n\ndata:2\n\nid: 2\ndata:3\n\ndata:4\n\n",
        [("message", "1", "1"), ("message", "2", "1"), ("message", "3", "2"), ("message", "4", "2")],
    ),
    "format-field-id-3 (resets)": (
        "id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
        [("message", "1", "1"), ("message", "2", ""), ("message", "3", "")],
    ),
    "format-field-id-3 (resets without colon)": (
        "id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n",
        [("message", "1", "1"), ("message", "2", ""), ("message", "3", "")],
    ),
    "format-field-id-null": (
        "".join(f"id: {bad}\ndata: hello\n\n" for bad in ("\0\0", "x\0", "\0x", "x\0x", " \0")),
        unnamed(*["hello"] * 5),
    ),
    "format-field-parsing": (
        "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
        " data:32\ndata:4\n\n",
        unnamed("\0\n 2\n1\n3\n\n4"),
    ),
    "format-field-retry-empty": ("retry\ndata:test\n\n\n", unnamed("test")),
    "format-field-unknown": (
        "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n\n",
        unnamed("test\n\ntest"),
    ),
    "format-leading-space": ("data:\ttest\rdata: \ndata:test\n\n\n", unnamed("\ttest\n\ntest")),
    "format-newlines": ("data:test\r\ndata\ndata:test\r\n\r\n", unnamed("test\n\ntest")),
    "format-null-character": ("data:\0\n\n\n\n", unnamed("\0")),
    "format-utf-8": ("data:ok…\n\n\n", unnamed("ok…")),
}


@pytest.mark.parametrize(("text", "expected"), VECTORS.values(), ids=VECTORS)
def test_a_vector_is_read_as_browsers_must(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert read([text.encode()])[0] == expected


@pytest.mark.parametrize(("text", "expected"), VECTORS.values(), ids=VECTORS)
def test_it_is_all_one_where_the_bytes_are_split(text: str, expected: list[tuple[str, str, str]]) -> None:
    stream = text.encode()
    assert read([stream[at : at + 1] for at in range(len(stream))])[0] == expected
    for at in range(len(stream)):
        assert read([stream[:at], stream[at:]])[0] == expected


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("retry:03000\ndata:x\n\n", 3000),  # format-field-retry: decimal, never octal
        ("retry:3000\nretry:1000x\ndata:x\n\n", 3000),  # format-field-retry-bogus
        ("retry\ndata:test\n\n", None),
        ("retry: 500\nid: 1\n\n", 500),
    ],
)
def test_only_digits_set_the_reconnection_time(text: str, milliseconds: int | None) -> None:
    assert read([text.encode()])[1].reconnection_time == milliseconds


def test_a_frame_without_data_sets_the_id_and_tells_nobody() -> None:
    messages, stream = read([b"retry: 500\nid: run.0.0\n\n"])
    assert (messages, stream.last_event_id) == ([], "run.0.0")


@pytest.mark.parametrize("cut", [b"id: 2", b"id: 2\n", b"id: 2\ndata: b", b"id: 2\ndata: b\n"])
def test_an_id_counts_only_once_its_frame_is_whole(cut: bytes) -> None:
    assert read([b"id: 1\ndata: a\n\n", cut])[1].last_event_id == "1"


def test_bytes_that_are_not_utf_8_become_replacement_characters() -> None:
    assert read([b"data: a\xffb\xe2\x82\n\n"])[0] == unnamed("a\ufffdb\ufffd")


def test_only_cr_lf_and_crlf_end_a_line() -> None:
    text = "a\u2028b\u2029c\x85d\x0be\x0cf"
    assert read([f"data: {text}\n\n".encode()])[0] == unnamed(text)


def test_a_message_is_what_a_listener_gets() -> None:
    assert EventStream().feed(b"id: 7\nevent: token\ndata: {}\n\n") == [Message("token", "{}", "7")]
