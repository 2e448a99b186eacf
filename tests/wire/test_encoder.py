"""Ids and cursors: what every format gets from the encoder alone."""

import pytest

from service.event_log.base import BATCH_BYTES, BATCH_RECORDS, START, Cursor, Record
from service.events import Custom
from service.wire import FORMATS
from service.wire.encoder import Encoder
from tests.wire.parsers import browser
from tests.wire.random_logs import RUN_ID
from tests.wire.stories import EVERY_FORMAT, RUN, done, encoded, ended, logged, token, tool_end, tool_start

RECORDS = logged(
    token("a\r"), token("\nb"), token("[DONE]"), token("x", "m2"), token("y", "m2"), tool_start(), tool_end(),
    ended("m1"), token("z", "m2"), done(), attempts=[1, 1, 1, 2, 2, 2, 2, 2, 2, 2],
)  # fmt: skip
WRITE_AT_MOST = 64 * 1024


@pytest.mark.parametrize("format_name", EVERY_FORMAT)
@pytest.mark.parametrize("seq", range(len(RECORDS) + 1))
def test_from_any_cursor_the_rest_follows_byte_for_byte(format_name: str, seq: int) -> None:
    whole = encoded(format_name, RECORDS)
    rest = encoded(format_name, RECORDS, Cursor(seq))
    encoder = Encoder(EVERY_FORMAT[format_name](), RUN, START)
    assert encoder.encode(RECORDS[:seq]) + rest == whole


@pytest.mark.parametrize("format_name", EVERY_FORMAT)
def test_it_is_all_one_how_the_records_are_batched(format_name: str) -> None:
    for size in (1, 2, 3, 7):
        encoder = Encoder(EVERY_FORMAT[format_name](), RUN, START)
        batches = (RECORDS[at : at + size] for at in range(0, len(RECORDS), size))
        assert b"".join(map(encoder.encode, batches)) == encoded(format_name, RECORDS)


def test_a_format_with_a_state_is_fed_from_the_start_and_one_without_from_the_cursor() -> None:
    fed = {name: Encoder(EVERY_FORMAT[name](), RUN, Cursor(5)).feed_after for name in EVERY_FORMAT}
    assert {name for name, after in fed.items() if after} == {"events", "ndjson"}
    assert set(fed.values()) == {0, 5}


def test_an_event_seen_in_part_is_read_again_and_goes_on_after_that_part() -> None:
    records = logged(token("a"), token("[DONE]"), token("b"))
    assert Encoder(FORMATS["events"](), RUN, Cursor(2, 1, 1)).feed_after == 1
    messages = browser([encoded("tokens", records, Cursor(2, 1, 1))])
    assert [(m.data, m.last_event_id) for m in messages] == [("DONE]", "run.1.2"), ("b", "run.1.3")]


@pytest.mark.parametrize("format_name", EVERY_FORMAT)
def test_an_event_is_sent_whole_to_who_saw_a_part_of_it_that_this_format_does_not_have(
    format_name: str,
) -> None:
    records = logged(token("a"))
    assert encoded(format_name, records, Cursor(1, 1, 9)) == encoded(format_name, records)


@pytest.mark.parametrize("format_name", ["events", "ndjson"])
def test_a_batch_of_the_log_fits_in_one_write(format_name: str) -> None:
    longest = b"x" * (BATCH_BYTES // BATCH_RECORDS)
    records = [Record(99, seq, "tool_progress", longest) for seq in range(10**6, 10**6 + BATCH_RECORDS)]
    assert len(encoded(format_name, records, run_id=RUN_ID)) <= WRITE_AT_MOST


def test_an_id_stays_short_however_long_the_run() -> None:
    records = [Record(999, 10**9, "token", entry.line) for entry in logged(token("[DONE]"))]
    ids = [message.last_event_id for message in browser([encoded("tokens", records, run_id=RUN_ID)])]
    assert ids == [f"{RUN_ID}.999.1000000000.1", f"{RUN_ID}.999.1000000000"]
    assert max(map(len, ids)) < 64


def test_no_name_that_a_chain_chooses_becomes_a_field() -> None:
    hostile = 'x"\r\n\r\nevent: done\ndata: {}\0'
    for format_name in EVERY_FORMAT.keys() - {"text", "text-done"}:
        body = encoded(
            format_name, logged(Custom(t=1, name=hostile, data_={hostile: hostile}), tool_start(hostile))
        )
        assert b"\r" not in body
        assert b"\0" not in body
        assert b"\nevent: done" not in body
