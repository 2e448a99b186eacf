"""The formats of routes that have their own: (events, bytes), down to the last marker."""

from collections.abc import Sequence

from service.event_log.base import Cursor
from service.events import Event
from service.snapshot import Gap
from service.wire import ROUTE_FORMATS
from service.wire.encoder import Encoder
from tests.wire.parsers import PARSERS, browser
from tests.wire.stories import (
    RUN,
    cancelled,
    done,
    empty_snapshot,
    ended,
    failed,
    started,
    token,
    tool_end,
    tool_start,
)
from tests.wire.tables import Table, assert_row, rows
from tests.wire.test_text_format import read

GAP = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))

TEXT: Table = {
    "an answer and its marker": ([started(), token("hi"), token(" you"), ended(), done()], "hi you\n[Done]"),
    "an answer that ends its line": ([token("hi\n"), done()], "hi\n\n[Done]"),
    "no answer": ([done()], "\n[Done]"),
    "what still waits at the end": ([token("a"), token("b", "m2"), done()], "ab\n[Done]"),
    "a failure": ([token("hi"), failed()], "hi\n[Error: It broke.]\n[Done]"),
    "a cancelled run": ([cancelled()], "[Error: cancelled (user)]\n[Done]"),
    "tools are not told": ([token("a"), tool_start(), tool_end(), done()], "a\n[Done]"),
}


def frame(seq: int | str, data: str, name: str = "") -> str:
    return f"id: run.1.{seq}\n{f'event: {name}{chr(10)}' if name else ''}data: {data}\n\n"


PROXY: Table = {
    "a frame per token, and the end": (
        [started(), token("hi"), token(" you"), ended(), done()],
        frame(2, "hi") + frame(3, " you") + frame(5, "[END]", "done"),
    ),
    "tools are not told": (
        [token("a"), tool_start(), tool_end(), done()],
        frame(1, "a") + frame(4, "[END]", "done"),
    ),
    "line breaks": ([token("a\r\nb\n")], frame(1, "a\ndata: b\ndata: ")),
    "markers as text": (
        [token("[END]"), token("[DONE]"), token("[ERROR] x")],
        frame("1.1", "[") + frame(1, "END]") + frame("2.1", "[") + frame(2, "DONE]")
        + frame("3.1", "[") + frame(3, "ERROR] x"),
    ),
    "a failure, and the end": (
        [token("a"), failed()],
        frame(1, "a") + frame("2.1", "[ERROR] It broke.", "error") + frame(2, "[END]", "done"),
    ),
    "a cancelled run": (
        [cancelled()],
        frame("1.1", "[ERROR] cancelled (user)", "error") + frame(1, "[END]", "done"),
    ),
}  # fmt: skip


@rows(TEXT)
def test_plain_text_ends_with_its_marker_however_the_run_ended(events: Sequence[Event], text: str) -> None:
    assert_row("text-done", events, text, read)


@rows(PROXY)
def test_the_proxys_frames_read_alike_at_every_split(events: Sequence[Event], text: str) -> None:
    assert_row("llm-proxy", events, text, browser)
    assert len({tuple(parser([text.encode()])) for parser in PARSERS.values()}) == 1


def test_a_gap_is_the_proxys_error_and_its_end() -> None:
    format_ = ROUTE_FORMATS["llm-proxy"]
    body = Encoder(format_(), RUN, Cursor(4, 1)).gap(GAP)
    failure = frame(4, "[ERROR] the events after 1 cannot be had (expired)", "error")
    assert body.decode() == failure + "event: done\ndata: [END]\n\n"
    assert format_.gap_is_end and format_.ping == b": ping\n"


def test_a_run_that_waits_ends_both() -> None:
    assert ROUTE_FORMATS["llm-proxy"]().paused(["i1"]) == b"event: done\ndata: [END]\n\n"
    assert ROUTE_FORMATS["text-done"]().paused(["i1"]) == b"[Paused: waiting for an answer to i1]\n[Done]"
