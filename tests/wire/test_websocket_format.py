"""What a WebSocket sends: (events, lines), each of which is a message."""

from collections.abc import Iterable, Sequence

from service.event_log.base import Cursor
from service.events import Event, Reasoning
from service.snapshot import Gap
from service.wire.encoder import Encoder
from service.wire.websocket import WebSocketFormat, refusal
from tests.wire.lines import Lines
from tests.wire.stories import (
    CANCELLED_JSON,
    DONE_JSON,
    RUN,
    STARTED_JSON,
    cancelled,
    done,
    empty_snapshot,
    ended,
    failed,
    started,
    token,
    tool_start,
)
from tests.wire.tables import Table, assert_row, rows


def typed(seq: int | str, kind: str, fields: str) -> str:
    return f'{{"type":"{kind}",{fields[1:-1]},"id":"run.1.{seq}"}}\n'


def said(seq: int | str, text: str) -> str:
    return typed(seq, "text", f'{{"content":"{text}"}}')


TABLE: Table = {
    "a run from its id to its end": (
        [started(), token("hi"), ended(), done()],
        typed(1, "run", STARTED_JSON) + said(2, "hi") + typed(4, "done", DONE_JSON),
    ),
    "a tool by its name": (
        [tool_start()],
        typed(1, "tool_start", '{"t":1,"tool_call_id":"c1","step":null,"name":"add","input":{"a":1}}'),
    ),
    "thoughts are not told": ([Reasoning(t=1, message_id="m1", step=None, text="hm")], ""),
    "a failure after what waited": (
        [token("a"), token("b", "m2"), failed()],
        said(1, "a") + said("3.1", "b") + typed(3, "error", '{"error":"chain_error","message":"It broke."}'),
    ),
    "a cancelled run": ([cancelled()], typed(1, "cancelled", CANCELLED_JSON)),
    "line ends in a text end no line": ([token("a\n\x85\u2028")], said(1, r"a\n\u0085\u2028")),
}


def lines(chunks: Iterable[bytes]) -> list[bytes]:
    reader = Lines()
    return [line for chunk in chunks for line in reader.feed(chunk)]


@rows(TABLE)
def test_events_become_these_lines_which_read_alike_at_every_split(
    events: Sequence[Event], text: str
) -> None:
    assert_row("websocket", events, text, lines)


def test_a_gap_has_the_state_and_the_id_to_go_on_from() -> None:
    gap = Gap("expired", Cursor(1, 1), Cursor(4, 1), empty_snapshot("running"))
    assert Encoder(WebSocketFormat(), RUN, Cursor(4, 1)).gap(gap).decode() == (
        '{"type":"gap","reason":"expired","requested":"1.1","snapshot":{"messages":[],"tools":[],'
        '"approvals":[],"status":"running"},"as_of":"1.4","id":"run.1.4"}\n'
    )


def test_a_pause_and_a_refusal_have_no_id() -> None:
    assert WebSocketFormat().paused(["i1"]) == b'{"type":"paused","interrupt_ids":["i1"]}\n'
    assert refusal("busy", "One runs.") == b'{"type":"error","error":"busy","message":"One runs."}\n'
