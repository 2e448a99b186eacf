"""What every backend of the event log does, whatever it is made of."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from service.event_log.base import BATCH_BYTES, BATCH_RECORDS, Entry, EventLog, Extent, Record, UnknownLog
from service.events import TERMINAL
from tests.event_log.backends import BACKENDS
from tests.event_log.readers import all_of, entries, reading

RUN = "01k7m2q4w6e8r0t2y4v6b8n0cd"
OTHER = "01k7m2q4w6e8r0t2y4v6b8n0ce"


@pytest.fixture(params=BACKENDS.values(), ids=list(BACKENDS))
async def log(request: pytest.FixtureRequest) -> AsyncIterator[EventLog]:
    """An empty log service with one open log."""
    async with request.param() as backend:
        await backend.open(RUN)
        yield backend


async def test_records_are_numbered_from_one_without_gaps(log: EventLog) -> None:
    assert await log.append(RUN, 1, entries(b"a", b"b")) == Record(1, 2, "token", b"b")
    assert await log.append(RUN, 1, entries(b"c")) == Record(1, 3, "token", b"c")
    await log.close(RUN)
    assert await all_of(log, RUN) == [
        Record(1, seq, "token", line) for seq, line in enumerate((b"a", b"b", b"c"), 1)
    ]


async def test_numbers_go_on_across_attempts(log: EventLog) -> None:
    await log.append(RUN, 1, entries(b"a"))
    await log.append(RUN, 3, entries(b"b", b"c"))
    await log.close(RUN)
    assert [(record.attempt, record.seq) for record in await all_of(log, RUN)] == [(1, 1), (3, 2), (3, 3)]


async def test_any_name_and_any_bytes_come_back_as_they_were(log: EventLog) -> None:
    lines = [b"{}", b'{"text":"\\u0000\xf0\x9f\x91\x8d"}', b" ", bytes(range(256)), b"x" * 1_000_000]
    kept = [Entry(name, line) for name, line in zip([*sorted(TERMINAL), "token", "run"], lines, strict=True)]
    await log.append(RUN, 1, kept)
    await log.close(RUN)
    assert [(record.name, record.line) for record in await all_of(log, RUN)] == [
        (e.name, e.line) for e in kept
    ]


async def test_logs_do_not_mix(log: EventLog) -> None:
    await log.open(OTHER)
    async with reading(log, RUN) as reader:
        await log.append(OTHER, 1, entries(b"other"))
        await log.append(RUN, 1, entries(b"mine"))
        await log.close(OTHER)
        await log.close(RUN)
        assert [record.line for record in await reader.end()] == [b"mine"]
    assert [record.line for record in await all_of(log, OTHER)] == [b"other"]


async def test_a_reader_gets_what_is_there_then_what_comes_then_the_end(log: EventLog) -> None:
    await log.append(RUN, 1, entries(b"a", b"b"))
    async with reading(log, RUN) as reader:
        await reader.until(2)
        await log.append(RUN, 1, entries(b"c"))
        await reader.until(3)
        assert not reader.task.done()
        await log.close(RUN)
        assert [record.line for record in await reader.end()] == [b"a", b"b", b"c"]


async def test_a_reader_that_came_before_the_first_record_misses_none(log: EventLog) -> None:
    async with reading(log, RUN) as reader:
        await asyncio.sleep(0)
        await log.append(RUN, 1, entries(b"a"))
        await log.close(RUN)
        assert [record.seq for record in await reader.end()] == [1]


async def test_one_append_of_several_is_seen_at_once(log: EventLog) -> None:
    async with reading(log, RUN) as reader:
        await asyncio.sleep(0)
        await log.append(RUN, 1, entries(b"a", b"b", b"c"))
        await reader.until(3)
        assert [len(batch) for batch in reader.batches] == [3]


@pytest.mark.parametrize("after", range(6))
async def test_a_reader_from_a_cursor_gets_the_records_past_it(log: EventLog, after: int) -> None:
    await log.append(RUN, 1, entries(*[b"x"] * 5))
    await log.close(RUN)
    assert [record.seq for record in await all_of(log, RUN, after)] == list(range(after + 1, 6))


async def test_a_reader_at_the_end_of_an_open_log_waits_for_the_next_record(log: EventLog) -> None:
    await log.append(RUN, 1, entries(b"a"))
    async with reading(log, RUN, after=1) as reader:
        await asyncio.sleep(0)
        assert reader.got == []
        await log.append(RUN, 1, entries(b"b"))
        await reader.until(2)
        assert reader.seqs == [2]


async def test_many_readers_from_anywhere_get_the_same(log: EventLog) -> None:
    async with reading(log, RUN) as first, reading(log, RUN) as second:
        for number in range(200):
            await log.append(RUN, 1, entries(b"%d" % number))
            if number == 100:
                async with reading(log, RUN, after=50) as passing:
                    await passing.until(101)
                    assert passing.seqs == list(range(51, 102))
        async with reading(log, RUN) as late:
            await log.close(RUN)
            assert await first.end() == await second.end() == await late.end() == await all_of(log, RUN)
            assert first.seqs == list(range(1, 201))


async def test_a_reader_that_is_cancelled_leaves_the_others(log: EventLog) -> None:
    async with reading(log, RUN) as staying:
        async with reading(log, RUN) as leaving:
            await log.append(RUN, 1, entries(b"a"))
            await leaving.until(1)
            await staying.until(1)
        assert leaving.task.cancelled()
        await log.append(RUN, 1, entries(b"b"))
        await log.close(RUN)
        assert [record.seq for record in await staying.end()] == [1, 2]


async def test_a_reader_that_never_takes_anything_holds_nobody_up(log: EventLog) -> None:
    stuck = log.read(RUN)
    await log.append(RUN, 1, entries(b"a"))
    assert [record.seq for record in await anext(stuck)] == [1]
    for _ in range(1000):
        await log.append(RUN, 1, entries(b"x" * 1000))
    await log.close(RUN)
    assert len(await all_of(log, RUN)) == 1001
    await stuck.aclose()


async def test_a_batch_holds_at_most_so_many_records(log: EventLog) -> None:
    await log.append(RUN, 1, entries(*[b""] * (2 * BATCH_RECORDS + 1)))
    await log.close(RUN)
    async with reading(log, RUN) as reader:
        await reader.end()
        assert max(map(len, reader.batches)) <= BATCH_RECORDS
        assert reader.seqs == list(range(1, 2 * BATCH_RECORDS + 2))


async def test_a_batch_holds_at_most_so_many_bytes(log: EventLog) -> None:
    await log.append(RUN, 1, entries(*[b"x" * 1000] * 200))
    await log.close(RUN)
    async with reading(log, RUN) as reader:
        await reader.end()
        sizes = [sum(len(record.line) for record in batch) for batch in reader.batches]
        assert max(sizes) <= BATCH_BYTES
        assert all(one + other > BATCH_BYTES for one, other in pairwise(sizes))
        assert reader.seqs == list(range(1, 201))


async def test_a_line_over_a_batchs_size_comes_alone_and_whole(log: EventLog) -> None:
    big = b"x" * (BATCH_BYTES + 1)
    await log.append(RUN, 1, entries(b"a", big, b"b"))
    await log.close(RUN)
    async with reading(log, RUN) as reader:
        await reader.end()
        assert [[record.line for record in batch] for batch in reader.batches] == [[b"a"], [big], [b"b"]]


async def test_a_batch_is_never_empty(log: EventLog) -> None:
    async with reading(log, RUN) as reader:
        for _ in range(5):
            await log.append(RUN, 1, entries(b"x"))
        await log.close(RUN)
        await reader.end()
        assert all(reader.batches)


async def test_the_extent_tells_how_far_each_attempt_came_and_whether_more_can_come(log: EventLog) -> None:
    assert await log.extent(RUN) == Extent((), closed=False)
    await log.append(RUN, 1, entries(b"a", b"b"))
    assert await log.extent(RUN) == Extent(((1, 2),), closed=False)
    await log.append(RUN, 2, entries(b"c"))
    await log.append(RUN, 2, entries(b"d"))
    assert await log.extent(RUN) == Extent(((1, 2), (2, 4)), closed=False)
    await log.close(RUN)
    assert await log.extent(RUN) == Extent(((1, 2), (2, 4)), closed=True)


async def test_an_id_is_opened_only_once(log: EventLog) -> None:
    with pytest.raises(ValueError, match="before"):
        await log.open(RUN)
    await log.close(RUN)
    with pytest.raises(ValueError, match="before"):
        await log.open(RUN)


async def test_nothing_is_appended_after_the_end(log: EventLog) -> None:
    await log.append(RUN, 1, entries(b"a"))
    await log.close(RUN)
    with pytest.raises(UnknownLog):
        await log.append(RUN, 1, entries(b"b"))
    with pytest.raises(UnknownLog):
        await log.close(RUN)
    assert [record.seq for record in await all_of(log, RUN)] == [1]


async def test_a_log_that_never_was_is_unknown_to_all_who_ask(log: EventLog) -> None:
    for asked in (
        log.append(OTHER, 1, entries(b"a")),
        log.extent(OTHER),
        log.close(OTHER),
        anext(log.read(OTHER)),
    ):
        with pytest.raises(UnknownLog):
            await asked
    await log.expire(OTHER)


async def test_an_expired_log_is_unknown(log: EventLog) -> None:
    await log.append(RUN, 1, entries(b"a"))
    await log.close(RUN)
    await log.expire(RUN)
    await log.expire(RUN)
    with pytest.raises(UnknownLog):
        await log.extent(RUN)
    with pytest.raises(UnknownLog):
        await all_of(log, RUN)


async def test_a_reader_in_mid_log_gets_the_rest_though_the_log_expires(log: EventLog) -> None:
    await log.append(RUN, 1, entries(*[b"x"] * (BATCH_RECORDS + 5)))
    slow = log.read(RUN)
    got = await anext(slow)
    await log.close(RUN)
    await log.expire(RUN)
    got += [record async for batch in slow for record in batch]
    assert [record.seq for record in got] == list(range(1, BATCH_RECORDS + 6))
