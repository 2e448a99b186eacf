"""Whether a log holds the event that a cursor names: an attempt that never got there is none of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.event_log.base import Cursor, Extent

# The first attempt was cut at 3, the second wrote nothing that was kept, the third went on at 4.
EXTENT = Extent(((1, 3), (3, 7)), closed=False)


@pytest.mark.parametrize("cursor", [Cursor(1, 1), Cursor(3, 1), Cursor(4, 3), Cursor(7, 3), Cursor(5, 3, 2)])
def test_an_event_is_held_where_its_attempt_wrote_it(cursor: Cursor) -> None:
    assert EXTENT.holds(cursor)


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(4, 1),  # lost in the crash
        Cursor(3, 3),  # the first attempt's
        Cursor(8, 3),  # not yet there
        Cursor(4, 2),  # of an attempt of which nothing was kept
        Cursor(4, 4),
        Cursor(4, 0),
        Cursor(9),
    ],
)
def test_an_event_is_not_held_that_another_attempt_wrote_or_none(cursor: Cursor) -> None:
    assert not EXTENT.holds(cursor)


@pytest.mark.parametrize("attempt", [None, 0, 1, 9])
def test_the_start_is_held_whatever_its_attempt(attempt: int | None) -> None:
    assert EXTENT.holds(Cursor(0, attempt))
    assert Extent((), closed=False).holds(Cursor(0, attempt))


def test_a_bare_seq_is_held_up_to_the_end() -> None:
    assert [EXTENT.holds(Cursor(seq)) for seq in range(9)] == [True] * 8 + [False]


def test_the_last_event_and_its_attempt() -> None:
    assert (EXTENT.last, EXTENT.attempt) == (7, 3)
    assert (Extent((), closed=False).last, Extent((), closed=False).attempt) == (0, 0)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12))
def test_of_all_ids_exactly_those_are_held_that_the_log_wrote(attempts: list[int]) -> None:
    written = list(enumerate(sorted(attempts), 1))
    ends = tuple({attempt: seq for seq, attempt in written}.items())
    held = [
        (seq, attempt)
        for seq in range(1, len(written) + 3)
        for attempt in range(6)
        if Extent(ends, closed=True).holds(Cursor(seq, attempt))
    ]
    assert held == written
