"""The forms of a cursor, and that nothing else gets through."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import InvalidRequest
from service.event_log.base import Cursor
from service.subscriptions import MAX_CURSOR_CHARS, parse_cursor

RUN = "01k7m2q4w6e8r0t2y4v6b8n0cd"
OTHER = "01k7m2q4w6e8r0t2y4v6b8n0ce"


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("0", Cursor(0)),
        ("7", Cursor(7)),
        ("007", Cursor(7)),
        ("999999999999", Cursor(999999999999)),
        ("0.0", Cursor(0, 0)),
        ("2.7", Cursor(7, 2)),
        (f"{RUN}.0.0", Cursor(0, 0)),
        (f"{RUN}.2.7", Cursor(7, 2)),
        (f"{RUN}.2.7.3", Cursor(7, 2, 3)),
        (f"{RUN}.2.7.0", Cursor(7, 2)),
    ],
)
def test_a_cursor_is_a_seq_or_an_attempt_and_a_seq_or_an_events_id(text: str, cursor: Cursor) -> None:
    named = RUN if text.startswith(RUN) else None
    assert parse_cursor(text) == (named, cursor)
    assert parse_cursor(text, RUN) == (named, cursor)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "..", "...", "1.", ".1", "1..2", "-1", "+1", "1e3", "1.5e3", "0x1", "1_000", "1,5", "٣",
        "²", "a", "1.a", "a.1", " 1", "1 ", "1\n", "1\0", "\r\n", "1\r\ndata: x", "null", "nan", "inf",
        "1234567890123", RUN, f"{RUN}.1", f"{RUN}.", f"{RUN}.1.", f"{RUN}.1.x", f"{RUN}.1.2.x",
        f"{RUN}.1.2.3.4", f"{RUN}.-1.2", f"{RUN}:1.2", f"{RUN}.1.2\n", f"{RUN}\n.1.2", f"{RUN}\0.1.2",
        "..1.2", ".1.2", "'; DROP TABLE runs; --.1.2", f"{RUN}.{'1' * 12}.{'1' * 12}.{'1' * 13}", "1" * 65,
        "x" * 1_000_000, "1." * 500_000,
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_would_be_right(text: str) -> None:
    for run_id in (None, RUN):
        with pytest.raises(InvalidRequest, match=r"<run_id>\.<attempt>\.<seq>") as refused:
            parse_cursor(text, run_id)
        assert refused.value.code == "bad_cursor"
        assert len(refused.value.message) < 500


def test_an_id_of_another_run_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="of the run"):
        parse_cursor(f"{OTHER}.1.2", RUN)
    assert parse_cursor(f"{OTHER}.1.2") == (OTHER, Cursor(2, 1))


@pytest.mark.parametrize("text", [f"{RUN}.0.0.1", f"{RUN}.1.0.1", f"{RUN}.1.0.999999"])
def test_there_is_no_part_of_the_event_before_the_first(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_cursor(text)


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"[0-9a-z.]{0,70}", fullmatch=True),
    st.lists(st.sampled_from(["0", "1", "12", RUN, "", "\n", "\0", "-1", "٣", "9" * 12]), max_size=6).map(
        ".".join
    ),
)


@given(text=HOSTILE, run_id=st.sampled_from([None, RUN]))
@example(text=f"{RUN}.1.0.1", run_id=RUN)
@example(text="\r\n.1.2", run_id=None)
def test_whatever_comes_is_a_cursor_that_any_store_can_be_given_or_refused(
    text: str, run_id: str | None
) -> None:
    try:
        named, cursor = parse_cursor(text, run_id)
    except InvalidRequest:
        return
    assert len(text) <= MAX_CURSOR_CHARS
    assert named is None or (named.isascii() and named.isalnum())
    assert run_id is None or named in (None, run_id)
    assert cursor.read_after >= 0
    assert 0 <= cursor.seq < 10**12
    assert 0 <= (cursor.attempt or 0) < 10**12


@given(attempt=st.integers(0, 10**10 - 1), seq=st.integers(1, 10**12 - 1), part=st.integers(1, 10**10 - 1))
@example(attempt=10**10 - 1, seq=10**12 - 1, part=10**10 - 1)
def test_every_id_that_a_frame_can_bear_is_read_back_as_its_place(attempt: int, seq: int, part: int) -> None:
    assert parse_cursor(f"{RUN}.{attempt}.{seq}", RUN) == (RUN, Cursor(seq, attempt))
    assert parse_cursor(f"{RUN}.{attempt}.{seq}.{part}", RUN) == (RUN, Cursor(seq, attempt, part))
    assert Cursor(seq, attempt, part).read_after == seq - 1
