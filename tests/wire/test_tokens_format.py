"""`tokens`: (events, bytes), and what `onmessage` makes of the bytes."""

from collections.abc import Sequence

import pytest

from service.event_log.base import Cursor
from service.events import Event, Reasoning, ToolCall, ToolError, ToolProgress
from service.snapshot import Gap, Snapshot
from service.wire import FORMATS
from service.wire.encoder import Encoder
from tests.wire.parsers import PARSERS, Parser, browser
from tests.wire.stories import (
    CANCELLED_JSON,
    DONE_JSON,
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

ERROR_JSON = '{"t":9,"code":"chain_error","message":"It broke.","fault":"chain","retryable":false}'


def frame(seq: int | str, *lines: str) -> str:
    """An unnamed frame of these lines."""
    return f"id: run.1.{seq}\n{''.join(f'data: {line}{chr(10)}' for line in lines)}\n"


def named(seq: int | str, name: str, data: str) -> str:
    return f"id: run.1.{seq}\nevent: {name}\ndata: {data}\n\n"


TABLE: Table = {
    "an answer and its end": (
        [token("hi"), ended(), done()],
        frame(1, "hi") + named("3.1", "done", DONE_JSON) + frame(3, "[DONE]"),
    ),
    "a failure": (
        [token("hi"), failed()],
        frame(1, "hi") + named("2.1", "error", ERROR_JSON) + frame(2, "[ERROR] It broke."),
    ),
    "a failure of several lines": (
        [failed("a\r\nb\u2028 c\x85d")],
        named(
            "1.1",
            "error",
            r'{"t":9,"code":"chain_error","message":"a\r\nb\u2028 c\u0085d",'
            '"fault":"chain","retryable":false}',
        )
        + frame(1, "[ERROR] a b c d"),
    ),
    "a cancelled run": (
        [token("hi"), cancelled()],
        frame(1, "hi") + named("2.1", "cancelled", CANCELLED_JSON) + frame(2, "[DONE]"),
    ),
    "tools between tokens, by name": (
        [token("a"), tool_start(), tool_end(), token("b")],
        frame(1, "a")
        + named(2, "tool_start", '{"t":1,"tool_call_id":"c1","step":null,"name":"add","input":{"a":1}}')
        + named(3, "tool_end", '{"t":1,"tool_call_id":"c1","name":"add","output":2,"duration_ms":3}')
        + frame(4, "b"),
    ),
    "all else is not told": (
        [Reasoning(t=1, message_id="m1", step=None, text="hm"), token("a"), ended()],
        frame(2, "a"),
    ),
    "an inner token": ([token("a", channel="inner"), token("b", "m2")], frame(2, "b")),
    "an inner call in the middle of an answer": (
        [token("a"), token("x", "m2", "inner"), token("b"), ended("m2"), token("c")],
        frame(1, "a") + frame(3, "b") + frame(5, "c"),
    ),
    "parallel answers, one message at a time": (
        [token("a1"), token("b1", "m2"), token("a2"), ended("m1"), token("b2", "m2"), ended("m2")],
        frame(1, "a1") + frame(3, "a2") + frame(4, "b1") + frame(5, "b2"),
    ),
    "what waited is several frames of the event that let it go": (
        [token("a"), token("b1", "m2"), token("b2", "m2"), token("b3", "m2"), ended("m1")],
        frame(1, "a") + frame("5.1", "b1") + frame("5.2", "b2") + frame(5, "b3"),
    ),
    "an answer that ended while it waited": (
        [token("a"), token("b", "m2"), ended("m2"), token("c", "m3"), ended("m1"), token("d", "m3")],
        frame(1, "a") + frame("5.1", "b") + frame(5, "c") + frame(6, "d"),
    ),
    "what still waits at the end, before the end": (
        [token("a"), token("b", "m2"), failed()],
        frame(1, "a") + frame("3.1", "b") + named("3.2", "error", ERROR_JSON) + frame(3, "[ERROR] It broke."),
    ),
    "the end's marker as text": ([token("[DONE]")], frame("1.1", "[") + frame(1, "DONE]")),
    "the error's marker as text": ([token("[ERROR] x")], frame("1.1", "[") + frame(1, "ERROR] x")),
    "the error's marker with nothing after it": ([token("[ERROR]")], frame("1.1", "[") + frame(1, "ERROR]")),
    "a marker after half of a line break": (
        [token("a\r"), token("\n[DONE]")],
        frame(1, "a", "") + frame("2.1", "[") + frame(2, "DONE]"),
    ),
    "a marker in two tokens, which looks like none": (
        [token("[DO"), token("NE]")],
        frame(1, "[DO") + frame(2, "NE]"),
    ),
    "a marker with more around it, which is none": (
        [token(" [DONE]"), token("[DONE] "), token("[DONE]\n"), token("x[ERROR]")],
        frame(1, " [DONE]") + frame(2, "[DONE] ") + frame(3, "[DONE]", "") + frame(4, "x[ERROR]"),
    ),
    "a newline": ([token("a\nb")], frame(1, "a", "b")),
    "nothing but a newline": ([token("\n")], frame(1, "", "")),
    "blank lines": ([token("a\n\n\nb\n")], frame(1, "a", "", "", "b", "")),
    "CR": ([token("a\rb")], frame(1, "a", "b")),
    "CRLF": ([token("a\r\nb\r\n")], frame(1, "a", "b", "")),
    "LF and CR, which are two": ([token("a\n\rb")], frame(1, "a", "", "b")),
    "a CRLF that two tokens share": ([token("a\r"), token("\nb")], frame(1, "a", "") + frame(2, "b")),
    "the rest of a CRLF alone": (
        [token("a\r"), token("\n"), token("\nb")],
        frame(1, "a", "") + frame(3, "", "b"),
    ),
    "a CRLF with an empty text inside": (
        [token("a\r"), token(""), token("\nb")],
        frame(1, "a", "") + frame(3, "b"),
    ),
    "a CRLF with an inner token and a tool inside": (
        [token("a\r"), token("x", "m2", "inner"), tool_end(), token("\nb")],
        frame(1, "a", "")
        + named(3, "tool_end", '{"t":1,"tool_call_id":"c1","name":"add","output":2,"duration_ms":3}')
        + frame(4, "b"),
    ),
    "NUL": ([token("a\0b")], frame(1, "a\0b")),
    "a BOM, also first": ([token("\ufeffa")], frame(1, "\ufeffa")),
    "an emoji, and another in two tokens": (
        [token("👍🏽"), token("👩"), token("\u200d👧")],
        frame(1, "👍🏽") + frame(2, "👩") + frame(3, "\u200d👧"),
    ),
    "lines that look like fields": (
        [token("data: x\nid: 7\nevent: y\nretry: 1\n: z")],
        frame(1, "data: x", "id: 7", "event: y", "retry: 1", ": z"),
    ),
    "leading spaces": ([token(" a"), token("  b\n c")], frame(1, " a") + frame(2, "  b", " c")),
    "an empty text": ([token(""), token("a")], frame(2, "a")),
    "separators that only Python takes for line ends": (
        [token("a\x85b\u2028c\u2029d\x0be\x0cf")],
        frame(1, "a\x85b\u2028c\u2029d\x0be\x0cf"),
    ),
}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("tokens", events, text, browser)


@rows(TABLE)
def test_all_parsers_read_the_same(events: Sequence[Event], text: str) -> None:
    assert len({tuple(parser([text.encode()])) for parser in PARSERS.values()}) == 1


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_a_megabyte_without_a_space_comes_in_one_piece(parser: Parser) -> None:
    body = encoded("tokens", logged(token("x" * 1_000_000)))
    for size in (len(body), 65_536, 1_000):
        (message,) = parser([body[at : at + size] for at in range(0, len(body), size)])
        assert message.data == "x" * 1_000_000


def test_onmessage_sees_the_answers_text_and_the_marker_and_no_tool() -> None:
    called = ToolCall(
        t=1, message_id="m1", step=None, tool_call_id="c1", index=0, name="add", args_delta="{}"
    )
    progress = ToolProgress(t=1, tool_call_id="c1", name="add", data_="half")
    broken = ToolError(t=1, tool_call_id="c1", name="add", code="tool_error", message="no", duration_ms=1)
    events: list[Event] = [
        token("a"),
        called,
        tool_start("message"),
        progress,
        broken,
        tool_end(),
        token("b"),
        done(),
    ]
    messages = browser([encoded("tokens", logged(*events))])
    assert [m.data for m in messages if m.event == "message"] == ["a", "b", "[DONE]"]
    assert [m.event for m in messages if m.event != "message"] == [
        "tool_call", "tool_start", "tool_progress", "tool_error", "tool_end", "done",
    ]  # fmt: skip


@pytest.mark.parametrize("end", [done(), failed("[DONE]"), cancelled()], ids=["done", "error", "cancelled"])
def test_the_last_frame_of_every_run_is_its_only_marker_and_bears_the_last_id(end: Event) -> None:
    records = logged(token("[DONE]"), token("[ERROR]"), token("b", "m2"), token("[DONE]", "m2"), end)
    *others, last = browser([encoded("tokens", records)])
    assert last.data == "[DONE]" or last.data.startswith("[ERROR] ")
    assert last.last_event_id == f"run.1.{len(records)}"
    assert not [m for m in others if m.data == "[DONE]" or m.data.startswith("[ERROR]")]


def test_a_gap_is_a_named_event() -> None:
    gap = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))
    (message,) = browser([Encoder(FORMATS["tokens"](), RUN, Cursor(4, 1)).gap(gap)])
    assert (message.event, message.last_event_id) == ("gap", "run.1.4")


def test_what_a_gaps_snapshot_told_is_not_told_again() -> None:
    records = logged(token("a"), token("b", "m2"), ended("m1"), token("c", "m2"))
    texts = [("m1", "a"), ("m2", "b")]
    gap = Gap("ahead_of_log", Cursor(9, 1), Cursor(2, 1), _snapshot(texts))
    encoder = Encoder(FORMATS["tokens"](), RUN, gap.as_of)
    messages = browser([encoder.gap(gap) + encoder.encode(records)])
    assert [m.data for m in messages if m.event == "message"] == ["c"]


def _snapshot(texts: list[tuple[str, str]]) -> Snapshot:
    return Snapshot(
        messages=[{"message_id": m, "channel": "answer", "text": text} for m, text in texts],
        tools=[],
        approvals=[],
        status="running",
    )
