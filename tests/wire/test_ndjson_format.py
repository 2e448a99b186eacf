"""`ndjson`: (events, bytes), and what a reader of lines makes of the bytes."""

from collections.abc import Iterable, Sequence

import orjson

from service.event_log.base import START, Cursor
from service.events import Event
from service.snapshot import Gap
from service.wire import FORMATS
from service.wire.encoder import Encoder
from tests.wire.lines import Lines
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


def line(seq: int, name: str, data: str) -> str:
    return f'{{"id":"run.1.{seq}","event":"{name}","data":{data}}}\n'


def told(text: str) -> str:
    return line(1, "token", f'{{"t":1,"message_id":"m1","step":null,"channel":"answer","text":"{text}"}}')


def read(chunks: Iterable[bytes]) -> list[bytes]:
    lines = Lines()
    return [each for chunk in chunks for each in lines.feed(chunk)]


TABLE: Table = {
    "an answer": (
        [token("hi"), ended(), done()],
        told("hi")
        + line(2, "message_end", '{"t":1,"message_id":"m1","finish_reason":"stop"}')
        + line(3, "done", DONE_JSON),
    ),
    "tools": (
        [tool_start(), tool_end()],
        line(1, "tool_start", '{"t":1,"tool_call_id":"c1","step":null,"name":"add","input":{"a":1}}')
        + line(2, "tool_end", '{"t":1,"tool_call_id":"c1","name":"add","output":2,"duration_ms":3}'),
    ),
    "parallel answers, in the order of the log": (
        [token("a", "m1"), token("b", "m2")],
        told("a") + line(2, "token", '{"t":1,"message_id":"m2","step":null,"channel":"answer","text":"b"}'),
    ),
    "an inner token": (
        [token("a", channel="inner")],
        line(1, "token", '{"t":1,"message_id":"m1","step":null,"channel":"inner","text":"a"}'),
    ),
    "a failure": (
        [failed()],
        line(
            1,
            "error",
            '{"t":9,"code":"chain_error","message":"It broke.","fault":"chain","retryable":false}',
        ),
    ),
    "a cancelled run": ([cancelled()], line(1, "cancelled", CANCELLED_JSON)),
    "a marker as text": ([token("[DONE]")], told("[DONE]")),
    "newlines, CR, CRLF": ([token("a\nb\rc\r\n")], told(r"a\nb\rc\r\n")),
    "NUL": ([token("a\0b")], told(r"a\u0000b")),
    "a BOM": ([token("\ufeffa")], told("\ufeffa")),
    "an emoji": ([token("👩‍👩‍👧")], told("👩‍👩‍👧")),
    "text that looks like a line of its own": ([token('"}\n{"id":"x"}')], told(r"\"}\n{\"id\":\"x\"}")),
    "an empty text": ([token("")], told("")),
    "leading spaces": ([token("  a")], told("  a")),
    "separators that Python splits lines at": (
        [token("\x85\u2028\u2029\x0b\x0c\x1c")],
        told(r"\u0085\u2028\u2029\u000b\f\u001c"),
    ),
}


@rows(TABLE)
def test_events_become_these_bytes_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("ndjson", events, text, read)


@rows(TABLE)
def test_every_line_is_an_object_with_the_events_id_name_and_data(events: Sequence[Event], text: str) -> None:
    lines = [orjson.loads(each) for each in text.encode().splitlines()]
    assert lines == [
        {"id": f"run.1.{record.seq}", "event": record.name, "data": orjson.loads(record.line)}
        for record in logged(*events)
    ]


def test_a_megabyte_without_a_space_is_one_line() -> None:
    (one,) = read([encoded("ndjson", logged(token("x" * 1_000_000)))])
    assert orjson.loads(one)["data"]["text"] == "x" * 1_000_000


def test_no_ping_comes_between() -> None:
    assert FORMATS["ndjson"]().ping == b""


def test_a_gap_is_a_line_with_the_id_of_the_event_that_its_snapshot_is_as_of() -> None:
    gap = Gap("expired", START, Cursor(4, 2), empty_snapshot("running"))
    assert orjson.loads(Encoder(FORMATS["ndjson"](), RUN, Cursor(4, 2)).gap(gap)) == {
        "id": "run.2.4",
        "event": "gap",
        "data": {
            "reason": "expired",
            "requested": "0",
            "snapshot": {"messages": [], "tools": [], "approvals": [], "status": "running"},
            "as_of": "2.4",
        },
    }
