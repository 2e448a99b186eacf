"""`events`: (events, bytes), and what a browser makes of the bytes."""

from collections.abc import Sequence

import orjson
import pytest

from service.event_log.base import START, Cursor
from service.events import EVENTS, Custom, Event, RunStarted
from service.snapshot import Gap
from service.values import to_json
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
from tests.wire.whatwg import EventStream


def frame(seq: int, name: str, data: str) -> str:
    return f"id: run.1.{seq}\nevent: {name}\ndata: {data}\n\n"


def told(text: str) -> str:
    """A frame of an answer's token, its text as it stands in JSON."""
    return frame(1, "token", f'{{"t":1,"message_id":"m1","step":null,"channel":"answer","text":"{text}"}}')


TABLE: Table = {
    "a run from its start to its end": (
        [
            RunStarted(
                t=0,
                run_id=RUN,
                chain="chat",
                model="m",
                thread_id=None,
                attempt=1,
                created_at="2025-01-01T00:00:00+00:00",
            ),
            token("hi"),
            ended(),
            done(),
        ],
        frame(
            1,
            "run",
            '{"t":0,"protocol":1,"run_id":"run","chain":"chat","model":"m","thread_id":null,"attempt":1,'
            '"created_at":"2025-01-01T00:00:00+00:00"}',
        )
        + frame(2, "token", '{"t":1,"message_id":"m1","step":null,"channel":"answer","text":"hi"}')
        + frame(3, "message_end", '{"t":1,"message_id":"m1","finish_reason":"stop"}')
        + frame(4, "done", DONE_JSON),
    ),
    "tools": (
        [tool_start(), tool_end()],
        frame(1, "tool_start", '{"t":1,"tool_call_id":"c1","step":null,"name":"add","input":{"a":1}}')
        + frame(2, "tool_end", '{"t":1,"tool_call_id":"c1","name":"add","output":2,"duration_ms":3}'),
    ),
    "parallel answers, in the order of the log": (
        [token("a", "m1"), token("b", "m2")],
        told("a") + frame(2, "token", '{"t":1,"message_id":"m2","step":null,"channel":"answer","text":"b"}'),
    ),
    "an inner token": (
        [token("a", channel="inner")],
        frame(1, "token", '{"t":1,"message_id":"m1","step":null,"channel":"inner","text":"a"}'),
    ),
    "a failure": (
        [failed()],
        frame(
            1,
            "error",
            '{"t":9,"code":"chain_error","message":"It broke.","fault":"chain","retryable":false}',
        ),
    ),
    "a cancelled run": ([cancelled()], frame(1, "cancelled", CANCELLED_JSON)),
    "a custom event with a hostile name": (
        [Custom(t=1, name="a\ndata: b\r\n\0", data_=None)],
        frame(1, "custom", r'{"t":1,"name":"a\ndata: b\r\n\u0000","data":null}'),
    ),
    "a marker as text": ([token("[DONE]")], told("[DONE]")),
    "an error's marker as text": ([token("[ERROR] x")], told("[ERROR] x")),
    "a newline": ([token("a\nb")], told(r"a\nb")),
    "a blank line": ([token("\n\n")], told(r"\n\n")),
    "CR": ([token("a\rb")], told(r"a\rb")),
    "CRLF": ([token("a\r\nb")], told(r"a\r\nb")),
    "NUL": ([token("a\0b")], told(r"a\u0000b")),
    "a BOM": ([token("\ufeffa")], told("\ufeffa")),
    "an emoji": ([token("👩‍👩‍👧")], told("👩‍👩‍👧")),
    "lines that look like fields": ([token("data: x\nid: 7\nevent: y")], told(r"data: x\nid: 7\nevent: y")),
    "leading spaces": ([token("  a")], told("  a")),
    "an empty text": ([token("")], told("")),
    "separators that Python splits lines at": (
        [token("\x85\u2028\u2029\x0b\x0c\x1c")],
        told(r"\u0085\u2028\u2029\u000b\f\u001c"),
    ),
}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("events", events, text, browser)


@rows(TABLE)
@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_every_parser_gets_each_event_by_its_name_with_its_data(
    parser: Parser, events: Sequence[Event], text: str
) -> None:
    records = logged(*events)
    messages = parser([text.encode()])
    assert [(m.event, m.data.encode(), m.last_event_id) for m in messages] == [
        (record.name, record.line, f"run.1.{record.seq}") for record in records
    ]


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_a_megabyte_without_a_space_comes_in_one_piece(parser: Parser) -> None:
    body = encoded("events", logged(token("x" * 1_000_000)))
    for size in (len(body), 65_536, 1_000):
        (message,) = parser([body[at : at + size] for at in range(0, len(body), size)])
        assert orjson.loads(message.data)["text"] == "x" * 1_000_000


def test_a_ping_is_a_named_event_that_leaves_the_id_as_it_was() -> None:
    stream = EventStream()
    stream.feed(encoded("events", logged(token("a"))) + FORMATS["events"]().ping)
    assert stream.last_event_id == "run.1.1"
    assert FORMATS["events"]().ping == b"event: ping\ndata: {}\n\n"


@pytest.mark.parametrize(
    ("requested", "shown"), [(Cursor(9, 1), "1.9"), (Cursor(9), "9"), (Cursor(9, 1, 2), "1.9")]
)
def test_a_gap_bears_the_id_of_the_event_that_its_snapshot_is_as_of(requested: Cursor, shown: str) -> None:
    gap = Gap("ahead_of_log", requested, Cursor(4, 2), empty_snapshot("running"))
    assert Encoder(FORMATS["events"](), RUN, Cursor(4, 2)).gap(gap).decode() == (
        f'id: run.2.4\nevent: gap\ndata: {{"reason":"ahead_of_log","requested":"{shown}",'
        '"snapshot":{"messages":[],"tools":[],"approvals":[],"status":"running"},"as_of":"2.4"}\n\n'
    )


def test_a_gap_before_the_first_event_is_as_of_the_start() -> None:
    gap = Gap("ahead_of_log", Cursor(9, 1), START, empty_snapshot("queued"))
    assert Encoder(FORMATS["events"](), RUN, START).gap(gap).startswith(b"id: run.0.0\nevent: gap\n")


def test_an_id_says_which_attempt_wrote_the_event() -> None:
    body = encoded("events", logged(token("a"), token("b"), token("c"), attempts=[1, 3, 3]))
    assert [message.last_event_id for message in browser([body])] == ["run.1.1", "run.3.2", "run.3.3"]


def test_no_name_of_an_event_could_inject_a_field() -> None:
    assert all(name.replace("_", "").isalpha() and name.isascii() for name in EVENTS)
    assert "message" not in EVENTS  # or onmessage would see it


def test_what_python_objects_say_of_themselves_stays_in_their_line() -> None:
    class Hostile:
        def __repr__(self) -> str:
            return "\r\n\r\nevent: done\ndata: \u2028\0"

    body = encoded("events", logged(tool_end(to_json({"key\r\n": Hostile()}))))
    assert body.count(b"\n") == 4
    assert b"\r" not in body
    assert len(browser([body])) == 1
