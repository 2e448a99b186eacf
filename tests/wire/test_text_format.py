"""`text`: (events, bytes): the answer and nothing else, and a last line where it failed."""

import codecs
from collections.abc import Iterable, Sequence

import pytest

from service.event_log.base import Cursor
from service.events import Event, Reasoning
from service.snapshot import Gap
from service.wire import FORMATS
from service.wire.encoder import Encoder
from tests.wire.stories import (
    RUN,
    cancelled,
    done,
    empty_snapshot,
    encoded,
    ended,
    failed,
    logged,
    token,
    tool_end,
    tool_start,
)
from tests.wire.tables import Table, assert_row, rows


def read(chunks: Iterable[bytes]) -> str:
    """As a terminal does: UTF-8, as it comes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    return "".join(map(decoder.decode, chunks))


TABLE: Table = {
    "an answer and its end": ([token("hi"), token(" you"), ended(), done()], "hi you"),
    "tools and thoughts are not told": (
        [
            Reasoning(t=1, message_id="m1", step=None, text="hm"),
            token("a"),
            tool_start(),
            tool_end(),
            token("b"),
            done(),
        ],
        "ab",
    ),
    "an inner token": ([token("a", channel="inner"), token("b", "m2")], "b"),
    "parallel answers, one message at a time": (
        [token("a1"), token("b1", "m2"), token("a2"), ended("m1"), token("b2", "m2"), ended("m2"), done()],
        "a1a2b1b2",
    ),
    "what still waits at the end": ([token("a"), token("b", "m2"), done()], "ab"),
    "a failure on a line of its own": ([token("hi"), failed()], "hi\n[Error: It broke.]\n"),
    "a failure where the line has ended": ([token("hi\n"), failed()], "hi\n[Error: It broke.]\n"),
    "a failure before any text": ([failed()], "[Error: It broke.]\n"),
    "a failure after what waited": (
        [token("a\n"), token("b", "m2"), failed()],
        "a\nb\n[Error: It broke.]\n",
    ),
    "a failure after a line that waited": (
        [token("a"), token("b\n", "m2"), failed()],
        "ab\n[Error: It broke.]\n",
    ),
    "a failure of several lines": ([failed("a\r\n b\u2028c")], "[Error: a b c]\n"),
    "a cancelled run": ([token("hi"), cancelled()], "hi\n[Error: cancelled (user)]\n"),
    "a cancelled run after what waited": (
        [token("a\n"), token("b", "m2"), cancelled()],
        "a\nb\n[Error: cancelled (user)]\n",
    ),
    "markers are text": ([token("[DONE]"), token("[ERROR] x")], "[DONE][ERROR] x"),
    "line ends as they are": ([token("a\r"), token("\nb\rc\n")], "a\r\nb\rc\n"),
    "NUL": ([token("a\0b")], "a\0b"),
    "a BOM": ([token("\ufeffa")], "\ufeffa"),
    "an emoji in two tokens": ([token("👩"), token("\u200d👧")], "👩\u200d👧"),
    "lines that look like fields": ([token("data: x\n\nid: 7\n")], "data: x\n\nid: 7\n"),
    "an empty text": ([token(""), token("a"), token("")], "a"),
    "leading spaces": ([token("  a")], "  a"),
    "separators": ([token("a\x85b\u2028c\u2029d")], "a\x85b\u2028c\u2029d"),
}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("text", events, text, read)


def test_a_megabyte_without_a_space_comes_as_it_is() -> None:
    assert encoded("text", logged(token("x" * 1_000_000))) == b"x" * 1_000_000


def test_no_ping_comes_between() -> None:
    assert FORMATS["text"]().ping == b""


@pytest.mark.parametrize("seq", range(6))
def test_a_reader_gets_the_text_past_its_cursor(seq: int) -> None:
    records = logged(token("a"), token("b", "m2"), token("c"), ended("m1"), failed())
    texts = ["a", "", "c", "b", "\n[Error: It broke.]\n"]
    assert encoded("text", records, Cursor(seq)).decode() == "".join(texts[seq:])


def test_a_gap_is_told_in_a_line_of_its_own() -> None:
    gap = Gap("expired", Cursor(3), Cursor(4, 1), empty_snapshot("running"))
    assert Encoder(FORMATS["text"](), RUN, Cursor(4, 1)).gap(gap) == (
        b"[Error: the events after 3 cannot be had (expired)]\n"
    )
