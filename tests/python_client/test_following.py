"""What becomes of a stream that is cut, sent twice, refused or holed: each event once, or an error."""

from typing import Any

import httpx2
import pytest
from chainstream_client import (
    ConnectionFailed,
    Gap,
    NotFound,
    Paused,
    ProtocolError,
    RateLimited,
    Retry,
    ServiceFailed,
    StreamTruncated,
    UnknownEvent,
)
from chainstream_client.cursor import Cursor
from chainstream_client.following import Following

from tests.python_client.scripted_service import (
    RUN_ID,
    START,
    STREAM,
    Connection,
    Frame,
    Refusal,
    Told,
    control,
    drive,
    frame,
    opening,
)

BROKEN = httpx2.RemoteProtocolError("peer closed connection")
WHOLE = [opening(), frame(1, "run"), frame(2), frame(3), frame(4, "done")]
AWAY = Refusal(503, b'{"code": "database_unavailable", "detail": "away"}', {"retry-after": "2"})


def started(retry: Retry | None = None) -> Following:
    return Following(retry or Retry(), start=START)


def resumed(after: str, retry: Retry | None = None) -> Following:
    return Following(retry or Retry(), run_id=RUN_ID, cursor=Cursor.given(after))


def test_a_whole_stream_is_told_on_one_connection() -> None:
    told = drive(started(), [WHOLE])
    assert told.names == ["run", "token", "token", "done"]
    assert told.requests == [START]


@pytest.mark.parametrize("last", [[], [BROKEN]], ids=["cleanly", "broken"])
@pytest.mark.parametrize("at", range(len(WHOLE)))
def test_a_stream_that_is_cut_anywhere_goes_on_after_the_last_event(at: int, last: list[Exception]) -> None:
    seen = max(at - 1, 0)
    rest = [opening(seen), *WHOLE[seen + 1 :]]
    told = drive(started(), [[*WHOLE[:at], *last], rest])
    assert told.seqs == [1, 2, 3, 4]
    second = told.requests[1]
    assert (second.method, second.path) == ("GET", f"/runs/{RUN_ID}/events")
    assert second.headers.get("Last-Event-ID") == (f"{RUN_ID}.1.{seen}" if seen else None)


def test_what_is_sent_again_is_told_once() -> None:
    told = drive(started(), [WHOLE[:4], [opening(), *WHOLE[1:]]])
    assert told.seqs == [1, 2, 3, 4]


@pytest.mark.parametrize("last", ["done", "error", "cancelled"])
def test_nothing_is_told_or_asked_after_the_last_event(last: str) -> None:
    told = drive(started(), [[*WHOLE[:4], frame(4, last), frame(5)]])
    assert told.names[-1] == last and len(told.requests) == 1


def test_a_start_that_nobody_answered_is_sent_again_with_its_key() -> None:
    told = drive(started(), [BROKEN, AWAY, WHOLE])
    assert told.requests == [START, START, START]


def test_a_start_whose_answer_began_is_not_sent_again() -> None:
    told = drive(started(), [[], WHOLE])
    assert [request.method for request in told.requests] == ["POST", "GET"]


def test_the_run_is_known_from_the_ids_where_a_proxy_took_the_header() -> None:
    following = started()
    following.request()
    assert following.accepts(200, {"content-type": "text/event-stream"})
    following.frame("message", f"{RUN_ID}.0.0", "", 500)
    assert following.run_id == RUN_ID


def test_a_hole_is_a_cut_never_told_over() -> None:
    told = drive(started(), [[opening(), frame(1, "run"), frame(3)], [opening(1), *WHOLE[2:]]])
    assert told.seqs == [1, 2, 3, 4]
    assert told.requests[1].headers["Last-Event-ID"] == f"{RUN_ID}.1.1"


def test_attempts_go_on_with_the_numbers() -> None:
    told = drive(started(), [[*WHOLE[:3]], [opening(2), frame(3, attempt=2), frame(4, "done", attempt=2)]])
    assert [event.id for event in told.events][2:] == [f"{RUN_ID}.2.3", f"{RUN_ID}.2.4"]


def test_pings_and_control_frames_that_are_not_known_are_no_events() -> None:
    frames = [*WHOLE[:3], control("ping", 2), control("weather", 2, sun=True), *WHOLE[3:]]
    assert drive(started(), [frames]).seqs == [1, 2, 3, 4]


def test_an_event_that_is_not_known_is_told_as_such_and_counts() -> None:
    told = drive(started(), [[*WHOLE[:2], frame(2, "colour", hue="red"), *WHOLE[3:]]])
    assert told.events[1] == UnknownEvent(id=f"{RUN_ID}.1.2", name="colour", data={"t": 2, "hue": "red"})
    assert told.seqs == [1, 2, 3, 4]


SNAPSHOT = {"messages": [], "tools": [], "approvals": [], "status": "running"}


def test_a_gap_is_told_with_its_snapshot_and_what_follows_joins_it() -> None:
    gap = frame(7, "gap", attempt=2, reason="ahead_of_log", requested="1.9", as_of="2.7", snapshot=SNAPSHOT)
    told = drive(resumed("1.9"), [[opening(9), gap, frame(8, "done", attempt=2)]])
    assert isinstance(told.events[0], Gap) and told.events[0].snapshot.status == "running"
    assert told.seqs == [7, 8]


def test_after_a_gap_a_cut_goes_on_from_the_snapshot() -> None:
    gap = frame(7, "gap", attempt=2, reason="ahead_of_log", requested="1.9", as_of="2.7", snapshot=SNAPSHOT)
    told = drive(resumed("1.9"), [[gap], [frame(8, "done", attempt=2)]])
    assert told.requests[1].headers["Last-Event-ID"] == f"{RUN_ID}.2.7"


def test_a_cursor_is_sent_as_it_was_given() -> None:
    for text in ("3", "1.3", f"{RUN_ID}.1.3"):
        told = drive(resumed(text), [[frame(4, "done")]])
        assert told.requests[0].headers["Last-Event-ID"] == text


@pytest.mark.parametrize("text", ["", "x", "1.2.3", f"{RUN_ID}.3", "1.", "-1", "1\n", "٣"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        Cursor.given(text)


def test_a_cursor_at_the_end_has_nothing_to_tell() -> None:
    following = resumed("4")
    assert drive(following, [Refusal(204)]).events == []
    assert not following.wants_more


# --- what ends it ------------------------------------------------------------------------------------------


def test_a_stream_that_cannot_be_gone_on_with_is_an_error_that_says_where() -> None:
    told, retry = Told(), Retry(attempts=3, longest=0)
    with pytest.raises(StreamTruncated) as raised:
        drive(started(retry), [WHOLE[:3], BROKEN, []], told)
    assert told.seqs == [1, 2]
    assert (raised.value.run_id, raised.value.cursor) == (RUN_ID, f"{RUN_ID}.1.2")
    assert isinstance(raised.value.__cause__, EOFError)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(404, b'{"code": "run_not_found", "detail": "There is no run."}'), NotFound),
        (AWAY, ServiceFailed),
    ],
)
def test_a_run_that_is_refused_after_it_was_told_in_part_is_truncated(
    refusal: Refusal, kind: type[Exception]
) -> None:
    with pytest.raises(StreamTruncated) as raised:
        drive(started(Retry(attempts=2)), [WHOLE[:3], refusal])
    assert isinstance(raised.value.__cause__, kind)


def test_a_refused_start_is_that_refusal() -> None:
    with pytest.raises(NotFound, match="There is no chain") as raised:
        drive(started(), [Refusal(404, b'{"code": "unknown_chain", "detail": "There is no chain."}')])
    assert raised.value.code == "unknown_chain"


def test_a_service_that_is_not_there_is_no_connection() -> None:
    with pytest.raises(ConnectionFailed) as raised:
        drive(started(Retry(attempts=2)), [BROKEN, BROKEN])
    assert raised.value.__cause__ is BROKEN


def test_a_hole_that_stays_is_truncation() -> None:
    holed = [opening(1), frame(3)]
    with pytest.raises(StreamTruncated, match="event 3 came after 1"):
        drive(started(Retry(attempts=2)), [WHOLE[:2], holed, holed])


def test_every_event_gives_new_tries() -> None:
    cuts: list[Connection] = [BROKEN, WHOLE[:2], BROKEN, [frame(2)], BROKEN, [frame(3)], BROKEN, WHOLE[4:]]
    assert drive(started(Retry(attempts=2 + 1)), cuts).seqs == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "wrong",
    [
        Frame("token", f"{RUN_ID}.1.2", "{"),
        Frame("token", f"{RUN_ID}.1.2", "[]"),
        Frame("token", f"{RUN_ID}.1.2", '{"t": 1}'),
        Frame("token", "01jd0000000000000000000001.1.2", "{}"),
        Frame("token", "no id", "{}"),
    ],
)
def test_what_the_protocol_does_not_know_is_an_error_and_not_tried_again(wrong: Frame) -> None:
    with pytest.raises(ProtocolError):
        drive(started(), [[*WHOLE[:2], wrong]])


def test_a_page_of_a_proxy_is_no_stream() -> None:
    page = Refusal(200, b"<html>", {"content-type": "text/html"})
    assert drive(started(), [page, WHOLE]).seqs == [1, 2, 3, 4]


@pytest.mark.parametrize("error", [httpx2.LocalProtocolError("header"), httpx2.SSEError("too long")])
def test_what_would_fail_again_is_not_tried_again(error: Exception) -> None:
    with pytest.raises((ConnectionFailed, StreamTruncated)):
        drive(started(), [error])


# --- pauses ------------------------------------------------------------------------------------------------


def test_the_first_connection_waits_for_nothing_and_the_next_as_long_as_the_service_asks() -> None:
    told = drive(started(), [[opening(retry_ms=700)], WHOLE])
    assert told.pauses[0] == 0
    assert 0.7 <= told.pauses[1] <= 1.4


def test_pauses_grow_at_random_to_the_longest() -> None:
    told = drive(started(Retry(attempts=9, longest=4)), [*[BROKEN] * 8, WHOLE])
    bounds = [(0.5, most) for most in (1, 2, 4, 4, 4, 4, 4, 4)]
    assert all(least <= pause <= most for pause, (least, most) in zip(told.pauses[1:], bounds, strict=True))
    assert len(set(told.pauses[3:])) == 6


def test_a_refusal_is_waited_for_as_long_as_it_asks_but_not_longer_than_the_longest() -> None:
    told = drive(started(), [AWAY, WHOLE])
    assert 2 <= told.pauses[1] <= 4
    busy = Refusal(429, b'{"code": "rate_limited", "detail": "later"}', {"retry-after": "60"})
    with pytest.raises(RateLimited) as raised:
        drive(started(), [busy])
    assert raised.value.retry_after == 60


def test_a_drained_service_says_when_to_come_back() -> None:
    come_back = Frame("message", "", "", 3000)
    told = drive(started(), [WHOLE[:3], [come_back], [opening(2), *WHOLE[3:]]])
    assert 3 <= told.pauses[2] <= 12


# --- people ------------------------------------------------------------------------------------------------

ASKS = [opening(), frame(1, "run"), frame(2, "approval"), control("paused", 2, interrupt_ids=["i1"])]
REST = [opening(2), frame(3), frame(4, "done")]


def test_a_run_that_waits_ends_the_stream_until_it_is_answered() -> None:
    following = started()
    told = drive(following, [ASKS])
    assert told.names == ["run", "approval", "paused"]
    following.decided("another")
    assert not following.wants_more
    following.decided("i1")
    assert drive(following, [REST], told).seqs == [1, 2, 3, 4]
    assert told.pauses == [0, 0]


def test_what_was_decided_before_the_pause_goes_on_at_once() -> None:
    following = started()
    following.decided("i1")
    told = drive(following, [ASKS, REST])
    assert told.names == ["run", "approval", "token", "done"]
    assert told.pauses == [0, 0]


def test_a_stream_that_ends_at_an_answered_question_goes_on_at_once() -> None:
    following = started()
    following.decided("i1")
    assert drive(following, [ASKS[:3], REST]).pauses == [0, 0]


def test_a_pause_is_told_though_its_frame_was_cut_off() -> None:
    told = drive(started(), [ASKS[:3], Refusal(204)])
    assert told.events[-1] == Paused(interrupt_ids=["i1"])


def test_a_run_that_does_not_go_on_though_it_was_answered_is_no_endless_loop() -> None:
    following = started(Retry(attempts=3, longest=0))
    following.decided("i1")
    with pytest.raises(StreamTruncated):
        drive(following, [ASKS, Refusal(204), Refusal(204), Refusal(204)])


def test_all_that_is_asked_must_be_decided() -> None:
    following = started()
    asks: list[Any] = [*ASKS[:3], frame(3, "approval", interrupt_id="i2")]
    told = drive(following, [[*asks, control("paused", 3, interrupt_ids=["i1", "i2"])]])
    following.decided("i1")
    assert not following.wants_more
    following.decided("i2")
    assert drive(following, [[frame(4, "done")]], told).seqs == [1, 2, 3, 4]


def test_an_answer_of_another_type_is_no_stream() -> None:
    following = started()
    assert not following.accepts(200, STREAM | {"content-type": "text/plain"})


def test_neither_a_run_nor_a_request_is_nothing_to_follow() -> None:
    with pytest.raises(ValueError, match="neither"):
        Following(Retry())
