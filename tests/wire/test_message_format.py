"""`message`: (events, bytes): text in small objects, tools by name, and how it ended."""

from collections.abc import Sequence

import pytest

from service.events import Event, Reasoning
from tests.wire.parsers import PARSERS, browser
from tests.wire.stories import (
    DONE_JSON,
    STARTED_JSON,
    cancelled,
    done,
    encoded,
    ended,
    failed,
    logged,
    started,
    token,
    tool_end,
    tool_start,
)
from tests.wire.tables import Table, assert_row, rows


def named(seq: int | str, name: str, data: str) -> str:
    return f"id: run.1.{seq}\nevent: {name}\ndata: {data}\n\n"


def said(seq: int | str, text: str, elapsed_ms: int = 1) -> str:
    return named(seq, "message", f'{{"text":"{text}","elapsed_ms":{elapsed_ms}}}')


COMPLETE = DONE_JSON.replace("{", '{"status":"complete",', 1)

TABLE: Table = {
    "a run from its id to its end": (
        [started(), token("hi"), token(" you"), ended(), done()],
        named(1, "run", STARTED_JSON) + said(2, "hi") + said(3, " you") + named(5, "done", COMPLETE),
    ),
    "tools by name, between the text": (
        [token("a"), tool_start(), tool_end(), token("b")],
        said(1, "a")
        + named(2, "tool_start", '{"t":1,"tool_call_id":"c1","step":null,"name":"add","input":{"a":1}}')
        + named(3, "tool_end", '{"t":1,"tool_call_id":"c1","name":"add","output":2,"duration_ms":3}')
        + said(4, "b"),
    ),
    "thoughts and inner tokens are not told": (
        [Reasoning(t=1, message_id="m1", step=None, text="hm"), token("a", channel="inner")],
        "",
    ),
    "parallel answers, one message at a time and whole": (
        [token("a"), token("b1", "m2"), token("b2", "m2"), ended("m1")],
        said(1, "a") + said(4, "b1b2"),
    ),
    "what still waits at the end, in two frames": (
        [token("a"), token("b", "m2"), done()],
        said(1, "a") + said("3.1", "b", 9) + named(3, "done", COMPLETE),
    ),
    "a failure": ([token("a"), failed()], said(1, "a") + named(2, "error", '{"error":"It broke."}')),
    "a failure of several lines": ([failed("a\r\nb")], named(1, "error", r'{"error":"a\r\nb"}')),
    "a cancelled run": ([token("a"), cancelled()], said(1, "a") + named(2, "cancelled", "Stream cancelled")),
    "texts as they are": (
        [token("a\r\nb\0\n"), token("[DONE]"), token("é\u2028\x85")],
        said(1, r"a\r\nb\u0000\n") + said(2, "[DONE]") + said(3, r"é\u2028\u0085"),
    ),
    "an empty text": ([token(""), token("a")], said(2, "a")),
}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("message", events, text, browser)


@rows(TABLE)
def test_all_parsers_read_the_same(events: Sequence[Event], text: str) -> None:
    assert len({tuple(parser([text.encode()])) for parser in PARSERS.values()}) == 1


@pytest.mark.parametrize("end", [done(), failed(), cancelled()], ids=["done", "error", "cancelled"])
def test_the_last_frame_has_the_last_events_id(end: Event) -> None:
    records = logged(token("a"), token("b", "m2"), end)
    last = browser([encoded("message", records)])[-1]
    assert (last.event, last.last_event_id) == (end.type, "run.1.3")
