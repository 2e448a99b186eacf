"""Where parsers in the field part from WHATWG: facts that the formats are made around."""

import httpx2
import pytest
from langgraph_sdk.sse import BytesLineDecoder
from langgraph_sdk.sse import SSEDecoder as LangGraphDecoder
from openai._streaming import SSEDecoder

from tests.wire.parsers import PARSERS, Parser, response_of
from tests.wire.stories import encoded, logged, token
from tests.wire.whatwg import Message

SEPARATORS = "a\x85b\u2028c\u2029d\x0be\x0cf\x1cg\x1dh\x1ei"


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_all_three_agree_on_a_stream_of_named_and_unnamed_frames(parser: Parser) -> None:
    stream = b"retry: 500\nid: r.0.0\n\nid: r.1.1\ndata: a\ndata:  b\n\nid: r.1.2\nevent: done\ndata: {}\n\n"
    expected = [Message("message", "a\n b", "r.1.1"), Message("done", "{}", "r.1.2")]
    assert parser([stream]) == expected
    assert parser([stream[at : at + 1] for at in range(len(stream))]) == expected


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_none_of_the_three_splits_lines_at_unicode_separators(parser: Parser) -> None:
    assert parser([f"data: {SEPARATORS}\n\n".encode()]) == [Message("message", SEPARATORS)]


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_a_frame_that_was_cut_is_told_by_none(parser: Parser) -> None:
    assert parser([b"data: a\n\ndata: b\n"]) == [Message("message", "a")]


def test_httpx2_and_openai_tell_of_the_opening_frame_which_no_browser_does() -> None:
    opening = b"retry: 500\nid: r.0.0\n\n"
    source = httpx2.EventSource(response_of([opening]))
    assert [(sse.event, sse.data, sse.retry) for sse in source] == [("message", "", 500)]
    assert [(sse.event, sse.data) for sse in SSEDecoder().iter_bytes(iter([opening]))] == [(None, "")]
    assert PARSERS["browser"]([opening]) == []


def test_httpx2_takes_no_event_of_more_than_a_mebibyte_unless_told_to() -> None:
    response = response_of([b"data: %b\n\n" % (b"x" * (1 << 20))])
    with pytest.raises(httpx2.SSEError):
        list(httpx2.EventSource(response))


@pytest.mark.parametrize("name", ["events", "ndjson"])
def test_a_reader_that_splits_lines_as_python_does_reads_the_formats_with_json_unharmed(name: str) -> None:
    body = encoded(name, logged(token(SEPARATORS)))
    assert list(response_of([body]).iter_lines()) == body.decode().removesuffix("\n").split("\n")


def test_such_a_reader_breaks_on_raw_text_so_it_must_take_a_format_with_json() -> None:
    body = encoded("tokens", logged(token("a\u2028b")))
    assert list(response_of([body]).iter_lines()) == ["id: run.1.1", "data: a", "b", ""]


def test_langgraphs_decoder_reads_the_events_format_as_json() -> None:
    records = logged(token(SEPARATORS), token("data: x\n\nid: 7"))
    lines, decoder = BytesLineDecoder(), LangGraphDecoder()
    parts = [
        part for line in lines.decode(encoded("events", records)) if (part := decoder.decode(bytes(line)))
    ]
    assert [part.event for part in parts] == ["token", "token"]
    assert [part.data["text"] for part in parts] == [SEPARATORS, "data: x\n\nid: 7"]
