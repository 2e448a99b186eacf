"""The memory log's own bounds: how long and how much it keeps of logs that are closed."""

import asyncio
from collections.abc import Sequence

import pytest

from service.event_log.base import Record, UnknownLog
from service.event_log.memory import MemoryEventLog
from tests.event_log.readers import all_of, entries, reading

KILOBYTE = b"x" * 1024
ROOM_FOR_THREE = 4 * 1024  # of a kilobyte each, with what a record takes besides


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Gone:
    """What expired, in order."""

    def __init__(self) -> None:
        self.logs: dict[str, Sequence[Record]] = {}

    def __call__(self, run_id: str, records: list[Record]) -> None:
        assert run_id not in self.logs
        self.logs[run_id] = list(records)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gone() -> Gone:
    return Gone()


@pytest.fixture
def log(clock: Clock, gone: Gone) -> MemoryEventLog:
    return MemoryEventLog(ttl=60, max_bytes=ROOM_FOR_THREE, on_expire=gone, clock=clock)


async def finished(log: MemoryEventLog, run_id: str, line: bytes = KILOBYTE) -> None:
    await log.open(run_id)
    await log.append(run_id, 1, entries(line))
    await log.close(run_id)


async def test_a_log_lives_for_its_time_after_its_close(
    log: MemoryEventLog, clock: Clock, gone: Gone
) -> None:
    await finished(log, "a")
    clock.now += 59.9
    assert len(await all_of(log, "a")) == 1
    clock.now += 0.1
    with pytest.raises(UnknownLog):
        await log.extent("a")
    assert [record.line for record in gone.logs["a"]] == [KILOBYTE]


async def test_reading_a_log_does_not_lengthen_its_life(log: MemoryEventLog, clock: Clock) -> None:
    await finished(log, "a")
    clock.now += 30
    await all_of(log, "a")
    clock.now += 30
    with pytest.raises(UnknownLog):
        await all_of(log, "a")


async def test_the_time_of_an_open_log_has_not_begun(log: MemoryEventLog, clock: Clock, gone: Gone) -> None:
    await log.open("a")
    await log.append("a", 1, entries(KILOBYTE))
    clock.now += 1_000_000
    assert (await log.extent("a")).last == 1
    await log.close("a")
    assert len(await all_of(log, "a")) == 1
    assert gone.logs == {}


async def test_logs_expire_each_at_its_own_time(log: MemoryEventLog, clock: Clock, gone: Gone) -> None:
    await finished(log, "a")
    clock.now += 30
    await finished(log, "b")
    clock.now += 30
    await log.open("c")
    assert list(gone.logs) == ["a"]
    clock.now += 30
    await log.open("d")
    assert list(gone.logs) == ["a", "b"]


async def test_of_too_many_the_least_recently_used_goes_first(log: MemoryEventLog, gone: Gone) -> None:
    for run_id in ("a", "b", "c"):
        await finished(log, run_id)
    await all_of(log, "a")
    await log.extent("b")
    await finished(log, "d")
    assert list(gone.logs) == ["c"]
    await finished(log, "e")
    assert list(gone.logs) == ["c", "a"]
    assert [len(await all_of(log, run_id)) for run_id in ("b", "d", "e")] == [1, 1, 1]


async def test_an_open_log_is_never_trimmed_and_counts_only_once_it_is_closed(
    log: MemoryEventLog, gone: Gone
) -> None:
    await finished(log, "a")
    await log.open("b")
    await log.append("b", 1, entries(*[KILOBYTE] * 10))
    assert gone.logs == {}
    assert (await log.extent("b")).last == 10
    await log.close("b")
    assert list(gone.logs) == ["a", "b"]


async def test_what_expires_makes_room(log: MemoryEventLog, clock: Clock, gone: Gone) -> None:
    for hour in range(5):
        runs = [f"{name}{hour}" for name in "abc"]
        for run_id in runs:
            await finished(log, run_id)
        assert gone.logs == {}
        clock.now += 60
        await log.open(f"x{hour}")
        assert list(gone.logs) == runs
        gone.logs.clear()


async def test_small_records_count_for_what_they_take_in_memory(log: MemoryEventLog, gone: Gone) -> None:
    await log.open("a")
    await log.append("a", 1, entries(*[b""] * 1000))
    await log.close("a")
    assert list(gone.logs) == ["a"]


async def test_a_reader_of_a_log_that_is_evicted_gets_its_rest(log: MemoryEventLog, gone: Gone) -> None:
    await log.open("a")
    await log.append("a", 1, entries(*[KILOBYTE] * 300))
    async with reading(log, "a", after=298) as reader:
        await reader.until(300)
        await log.append("a", 1, entries(b"last"))
        await log.close("a")
        assert list(gone.logs) == ["a"]
        assert [record.seq for record in await reader.end()] == [299, 300, 301]


async def test_many_readers_wake_at_once_and_none_is_left_behind(log: MemoryEventLog) -> None:
    await log.open("a")
    waiting = [asyncio.create_task(anext(log.read("a"))) for _ in range(100)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    await log.append("a", 1, entries(b"x"))
    got = await asyncio.gather(*waiting[1::2])
    assert [[record.seq for record in batch] for batch in got] == [[1]] * 50
